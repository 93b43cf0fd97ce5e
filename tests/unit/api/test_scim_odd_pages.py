"""Pages of SCIM servers with a limit of their own, wrong totals and faults."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.api_sessions import QUICK, Answers
from tests.support.odd_scim import Dialect, OddScim
from tests.support.unpaced import unpaced
from walkme_tui.api.in_process import InProcessTransport
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.page_counts import NO_COUNT
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.errors import ServerFault
from walkme_tui.domain.secrets import Secret


def server_of(dialect: Dialect, *, users: int = 0, groups: int = 0) -> OddScim:
    """A server with so many users and groups."""
    server = OddScim(dialect)
    for number in range(users):
        server.add_user(f"user{number}@example.com")
    for number in range(groups):
        server.add_group(f"Group {number}")
    return server


class FailingServer:
    """Answers 500 where ``fails(count, number)``; ``counts`` are those of all requests, ``number`` counts from 1."""

    def __init__(self, server: OddScim, fails: Callable[[int, int], bool]) -> None:
        self.counts: list[int] = []
        self._server = server
        self._fails = fails

    async def handle(self, method: str, target: str, headers: list[tuple[bytes, bytes]], content: bytes) -> Answers:
        """Answer one request."""
        self.counts.append(int(target.partition("count=")[2] or NO_COUNT))
        if self._fails(self.counts[-1], len(self.counts)):
            return 500, [], b""
        return await self._server.handle(method, target, headers, content)


@asynccontextmanager
async def directory(server: OddScim | FailingServer) -> AsyncIterator[ScimDirectory]:
    settings = ScimSettings("acme", "https://scim.example", lambda: Secret("token"), "the test")
    api = ScimDirectory(settings, transport=InProcessTransport(server.handle), policy=QUICK, pacer=unpaced())
    try:
        yield api
    finally:
        await api.aclose()


@pytest.mark.parametrize(
    "dialect", [Dialect(count=10, totals="page"), Dialect(count=10, totals="none"), Dialect(count=10, totals="text")]
)
async def test_all_groups_are_read_whatever_the_server_counts(dialect: Dialect) -> None:
    server = server_of(dialect, groups=25)
    async with directory(server) as api:
        assert len(await api.list_groups()) == 25
    assert all("users" not in warning for warning in api.group_warnings)


async def test_behind_a_claimed_end_is_looked_once() -> None:
    server = server_of(Dialect(), groups=25)
    async with directory(server) as api:
        for requests in (2, 3, 4):
            await api.list_groups()
            assert len(server.requests) == requests


async def test_a_count_that_always_fails_is_given_up_soon_and_once() -> None:
    server = FailingServer(server_of(Dialect(), users=30), lambda count, _: count > 10)
    async with directory(server) as api:
        page = await api.list_users(1, 1000)
        assert len(page.rows) == 10
        assert server.counts == [1000, 1000, 200, 200, 50, 50, 10, 1000, 1000]
        await api.list_users(2, 10)
        assert server.counts[9:] == [10]


async def test_a_server_that_fails_with_any_count_is_read_without_one() -> None:
    server = FailingServer(server_of(Dialect(count=10), users=25), lambda count, _: count > 0)
    async with directory(server) as api:
        pages = [await api.list_users(number, 10) for number in (1, 2, 3)]
        assert [len(page.rows) for page in pages] == [10, 10, 5]
        assert server.counts[-3:] == [NO_COUNT, NO_COUNT, NO_COUNT]


async def test_a_fault_that_ends_does_not_make_the_pages_smaller() -> None:
    server = FailingServer(server_of(Dialect(), users=9), lambda _, number: number <= 3)
    async with directory(server) as api:
        assert len((await api.list_users(1, 1000)).rows) == 9
        await api.list_users(1, 1000)
        assert server.counts == [1000, 1000, 200, 200, 1000, 1000]


async def test_an_accepted_count_is_requested_patiently() -> None:
    server = FailingServer(server_of(Dialect(), users=9), lambda _, number: 1 < number < 5)
    async with directory(server) as api:
        for _ in range(2):
            assert len((await api.list_users(1, 1000)).rows) == 9
        assert set(server.counts) == {1000}


async def test_a_server_that_always_fails_is_reported() -> None:
    server = FailingServer(server_of(Dialect()), lambda *_: True)
    async with directory(server) as api:
        with pytest.raises(ServerFault):
            await api.list_users(1, 1000)


async def test_a_total_that_counts_the_page_only_is_not_taken() -> None:
    server = server_of(Dialect(count=10, totals="page"), users=25)
    async with directory(server) as api:
        pages = [await api.list_users(number, 10) for number in (1, 2, 3)]
        assert [len(page.rows) for page in pages] == [10, 10, 5]
        # A full page: whoever reads the list looks behind it.
        assert {page.total for page in pages[:2]} == {10}
    async with directory(server) as api:
        assert [(await api.list_users(1, 1000)).total for _ in range(2)] == [None, None]
        assert len([each for each in server.requests if each.endswith("count=1")]) == 1


async def test_that_a_first_page_is_the_whole_list_is_checked_once() -> None:
    server = server_of(Dialect(), users=12)
    async with directory(server) as api:
        assert [(await api.list_users(1, 1000)).total for _ in range(2)] == [12, 12]
        assert server.requests[1] == "GET /Users?startIndex=13&count=1"
        assert len(server.requests) == 3
