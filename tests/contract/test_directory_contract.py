"""The contract of reads, for the fake of the tests and for the REST client over TCP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from tests.support.fake_directory import FakeDirectory, people
from tests.support.tcp import asgi_server
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import NotFound, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.ports import DirectoryApi
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

COUNT = 230
UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    with asgi_server(Simulator(SimulatorSettings(users=COUNT))) as url:
        yield url


@pytest.fixture(params=["fake", "rest"])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[DirectoryApi]:
    directory: DirectoryApi
    if request.param == "fake":
        directory = FakeDirectory(people(COUNT), groups=[Group(f"g{number}", f"Group {number}") for number in range(5)])
    else:
        url = request.getfixturevalue("simulator_url")
        directory = RestDirectory(
            RestSettings(
                "acme", url, "demo", lambda: Secret("demo"), "the test", max_requests_per_second=500, max_in_flight=20
            )
        )
    async with aclosing(directory):
        yield directory


def users_of(page: UserPage) -> list[User]:
    """The rows of a page, all of which must be users."""
    users = [row for row in page.rows if isinstance(row, User)]
    assert len(users) == len(page.rows)
    return users


async def test_pages_cover_the_list_without_gap_or_overlap(api: DirectoryApi) -> None:
    pages = [await api.list_users(number, 100) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [100, 100, 30]
    assert [page.first_position for page in pages] == [0, 100, 200]
    assert {page.total for page in pages} == {COUNT}
    assert all(page.warnings == () for page in pages)
    assert len({user.id for page in pages for user in users_of(page)}) == COUNT


async def test_the_page_size_is_respected_and_the_order_is_stable(api: DirectoryApi) -> None:
    whole, part = await api.list_users(1, 1000), await api.list_users(3, 7)
    assert len(whole.rows) == COUNT
    assert part.rows == whole.rows[14:21]


async def test_a_page_past_the_end_is_empty_and_has_the_total(api: DirectoryApi) -> None:
    page = await api.list_users(99, 100, Priority.BACKGROUND)
    assert (page.rows, page.total, page.warnings) == ((), COUNT, ())


@pytest.mark.parametrize(("page", "page_size"), [(0, 100), (-1, 100), (1, 0), (1, 1001)])
async def test_an_invalid_page_number_or_size_raises_value_error(api: DirectoryApi, page: int, page_size: int) -> None:
    with pytest.raises(ValueError, match="page_size"):
        await api.list_users(page, page_size)


async def test_a_user_is_found_by_id_with_every_field(api: DirectoryApi) -> None:
    listed = users_of(await api.list_users(2, 5))[3]
    user = await api.get_user(listed.id, Priority.PREFETCH)
    assert user.id == listed.id
    assert user.email == listed.email
    assert user.groups is not UNKNOWN
    assert user.created_at_ms is not UNKNOWN


@pytest.mark.parametrize(
    "user_id", [UNKNOWN_ID, "nobody", "", ".", "..", "a/b", "../users", "a?b", "a#b", "ü", "x" * 300]
)
async def test_an_unknown_id_is_not_found(api: DirectoryApi, user_id: str) -> None:
    with pytest.raises(NotFound):
        await api.get_user(user_id)


async def test_a_user_is_found_by_exact_email_in_any_case(api: DirectoryApi) -> None:
    listed = users_of(await api.list_users(1, 40))[37]
    assert isinstance(listed.email, str)
    for email in (listed.email, listed.email.upper()):
        found = await api.find_user(email)
        assert found is not None
        assert found.id == listed.id
    assert await api.find_user(listed.email[1:]) is None
    assert await api.find_user("nobody+at+all@example.com") is None


async def test_groups_have_ids_and_names_and_include_those_that_users_are_in(api: DirectoryApi) -> None:
    groups = await api.list_groups(Priority.BACKGROUND)
    assert groups
    assert len({group.id for group in groups}) == len(groups)
    assert all(group.name for group in groups)
    user = next(user for user in users_of(await api.list_users(1, 100)) if user.groups)
    assert isinstance(user.groups, tuple)
    assert set(user.groups) <= {group.id for group in groups}


async def test_calls_may_run_concurrently(api: DirectoryApi) -> None:
    pages = await asyncio.gather(*(api.list_users(number, 10) for number in range(1, 21)))
    assert [page.page for page in pages] == list(range(1, 21))
    assert api.traffic().in_flight == 0


async def test_after_forgetting_the_sign_in_calls_sign_in_again(api: DirectoryApi) -> None:
    before = await api.list_users(1, 10)
    api.forget_sign_in()
    assert await api.list_users(1, 10) == before


async def test_a_closed_account_refuses_calls(api: DirectoryApi) -> None:
    await api.list_users(1, 1)
    await api.aclose()
    for call in (api.list_users(1, 1), api.get_user(UNKNOWN_ID), api.find_user("a@b.example"), api.list_groups()):
        with pytest.raises(Unreachable):
            await call
    await api.aclose()
