"""The contract of the writes of the REST API, for the fake of the tests and for the REST client over the simulator."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from tests.support.fake_directory import FakeDirectory, people
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import (
    ChangedMeanwhile,
    MethodRefused,
    NotFound,
    PermissionRefused,
    RequestRejected,
    Unreachable,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UNKNOWN, Json, User
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

DirectoryApi: TypeAlias = FakeDirectory | RestDirectory

COUNT = 120
SCOPES = ("users:read", "users:write", "users:delete")
UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"
NEW = {"email": "new.user@example.com", "first_name": "New"}
IMPOSSIBLE = ["", ".", "..", "a/b", "../users", "a?b", "a#b", "ü", "x" * 300]


@dataclass(frozen=True, slots=True)
class AccountKind:
    """The implementation, whether it accepts PATCH, and whether the token may write."""

    rest: bool
    patch: bool = True
    may_write: bool = True


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[tuple[bool, bool], str]]:
    """Simulators by ``(patch, may_write)``."""
    scopes = {True: SCOPES, False: ("users:read",)}
    with (
        asgi_server(Simulator(SimulatorSettings(users=COUNT, scopes=scopes[True]))) as plain,
        asgi_server(Simulator(SimulatorSettings(users=COUNT, scopes=scopes[True], patch="405"))) as no_patch,
        asgi_server(Simulator(SimulatorSettings(users=COUNT, scopes=scopes[False]))) as read_only,
    ):
        yield {(True, True): plain, (False, True): no_patch, (True, False): read_only}


@asynccontextmanager
async def account(kind: AccountKind, urls: dict[tuple[bool, bool], str]) -> AsyncIterator[DirectoryApi]:
    async with AsyncExitStack() as stack:
        directory: DirectoryApi
        if kind.rest:
            settings = RestSettings(
                "acme", urls[kind.patch, kind.may_write], "demo", lambda: Secret("demo"), "the test"
            )
            directory = RestDirectory(settings._replace(max_in_flight=20), pacer=unpaced())
        else:
            fake = FakeDirectory(people(COUNT), groups=[Group(f"g{number}", f"Group {number}") for number in range(5)])
            fake.patch_refused = not kind.patch
            fake.granted = frozenset(SCOPES if kind.may_write else {"users:read"})
            directory = fake
        yield await stack.enter_async_context(aclosing(directory))


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def api(request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]) -> AsyncIterator[DirectoryApi]:
    async with account(AccountKind(request.param), urls) as directory:
        yield directory


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def api_without_patch(
    request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]
) -> AsyncIterator[DirectoryApi]:
    async with account(AccountKind(request.param, patch=False), urls) as directory:
        yield directory


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def read_only_api(
    request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]
) -> AsyncIterator[DirectoryApi]:
    async with account(AccountKind(request.param, may_write=False), urls) as directory:
        yield directory


async def find_member(api: DirectoryApi, **wanted: object) -> User:
    """A user with these attributes, who is in a group."""
    for row in (await api.list_users(1, COUNT)).rows:
        fits = all(getattr(row, name, None) == value for name, value in wanted.items())
        if isinstance(row, User) and row.groups and fits:
            return await api.get_user(row.id)
    raise AssertionError("no user has these attributes")


async def other_group(api: DirectoryApi, user: User) -> str:
    """The id of a group that the user is not in."""
    return next(group.id for group in await api.list_groups() if group.id not in groups_of(user))


def groups_of(user: User) -> tuple[str, ...]:
    """The user's groups, which must be known."""
    assert isinstance(user.groups, tuple)
    return user.groups


def without_update_time(user: User, **changed: Any) -> User:
    """The user without the time of the last change, with other attributes."""
    return user._replace(updated_at_ms=UNKNOWN, **changed)


# ---------------------------------------------------------------- a user


async def test_patch_sets_the_status_and_nothing_else(api: DirectoryApi) -> None:
    user = await find_member(api, status="active")
    await api.patch_user(user.id, {"status": "inactive"})
    after = await api.get_user(user.id)
    assert without_update_time(after) == without_update_time(user, status="inactive")
    assert isinstance(after.updated_at_ms, int)
    assert isinstance(user.updated_at_ms, int)
    assert after.updated_at_ms > user.updated_at_ms
    await api.patch_user(user.id, {"status": "active"})
    assert without_update_time(await api.get_user(user.id)) == without_update_time(user)


async def test_a_refused_patch_changes_nothing_and_put_works(api_without_patch: DirectoryApi) -> None:
    user = await find_member(api_without_patch, status="active")
    with pytest.raises(MethodRefused) as caught:
        await api_without_patch.patch_user(user.id, {"status": "inactive"})
    assert caught.value.status == 405
    assert await api_without_patch.get_user(user.id) == user
    await api_without_patch.put_user(user.id, {**encode_user(user), "status": "inactive"})
    assert without_update_time(await api_without_patch.get_user(user.id)) == without_update_time(
        user, status="inactive"
    )


@pytest.mark.parametrize("patch", [True, False], ids=["patch", "put"])
@pytest.mark.parametrize("rest", [False, True], ids=["fake", "rest"])
async def test_an_update_sets_and_clears_its_attributes_and_keeps_all_else(
    urls: dict[tuple[bool, bool], str], *, rest: bool, patch: bool
) -> None:
    async with account(AccountKind(rest, patch), urls) as api:
        user = await find_member(api, status="active")
        nested: dict[str, Json] = {"custom": {"level": [1, {"deep": None}]}}
        await api.put_user(user.id, {**encode_user(user), **nested})
        user = await api.get_user(user.id)
        await api.update_user(user.id, {"first_name": None, "role": "Reader"}, user)
        after = await api.get_user(user.id)
        assert without_update_time(after) == without_update_time(user, first_name=None, role="Reader")
        assert after.extra["custom"] == nested["custom"]
        assert await api.replaces_records() is not patch


async def test_no_put_is_sent_where_the_value_is_not_that_of_the_base(api_without_patch: DirectoryApi) -> None:
    user = await find_member(api_without_patch, status="active")
    base = user._replace(last_name="As it was when the form was opened")
    with pytest.raises(ChangedMeanwhile):
        await api_without_patch.update_user(user.id, {"last_name": "Mine"}, base)
    assert await api_without_patch.get_user(user.id) == user


async def test_put_clears_omitted_fields(api: DirectoryApi) -> None:
    user = await find_member(api, role="Admin")
    assert user.first_name
    await api.put_user(user.id, {"email": user.email if isinstance(user.email, str) else None, "lastName": "Left"})
    after = await api.get_user(user.id)
    assert (after.first_name, after.last_name, after.external_id, after.groups) == (None, "Left", None, ())
    assert (after.email, after.status, after.role) == (user.email, user.status, "Viewer")
    await api.put_user(user.id, encode_user(user))
    assert without_update_time(await api.get_user(user.id)) == without_update_time(user)


@pytest.mark.parametrize("status", ["pending", "asleep"])
async def test_a_status_that_cannot_be_set_is_refused(api: DirectoryApi, status: str) -> None:
    user = await find_member(api, status="active")
    with pytest.raises(RequestRejected) as caught:
        await api.patch_user(user.id, {"status": status})
    assert caught.value.status == 400
    assert await api.get_user(user.id) == user


async def test_patch_and_put_of_an_unknown_user_are_not_found(api: DirectoryApi) -> None:
    for user_id in (UNKNOWN_ID, *IMPOSSIBLE):
        for call in (
            api.patch_user(user_id, {"status": "inactive"}),
            api.put_user(user_id, {"status": "inactive"}),
        ):
            with pytest.raises(NotFound):
                await call


# ---------------------------------------------------------------- memberships


async def test_removing_a_member_twice_is_not_found(api: DirectoryApi) -> None:
    user = await find_member(api)
    group, *others = groups_of(user)
    await api.remove_member(group, user.id)
    after = await api.get_user(user.id)
    assert after.groups == tuple(others)
    with pytest.raises(NotFound):
        await api.remove_member(group, user.id)
    assert await api.get_user(user.id) == after


async def test_an_emptied_group_accepts_members_again(api: DirectoryApi) -> None:
    rows = (await api.list_users(1, COUNT)).rows
    users = [row for row in rows if isinstance(row, User)]
    group = groups_of(await find_member(api))[0]
    members = [user.id for user in users if group in groups_of(user)]
    await asyncio.gather(*(api.remove_member(group, user_id) for user_id in members))
    await api.add_member(group, members[0])
    after = [await api.get_user(user_id) for user_id in members]
    assert [group in groups_of(user) for user in after] == [
        True, *[False] * (len(members) - 1),
    ]  # fmt: skip


# ---------------------------------------------------------------- scopes and closing


async def test_the_scopes_are_those_of_the_token(api: DirectoryApi) -> None:
    await api.list_groups()
    assert api.scopes == frozenset(SCOPES)


async def test_every_write_without_the_scope_is_refused_with_the_scope(read_only_api: DirectoryApi) -> None:
    user = await find_member(read_only_api)
    assert read_only_api.scopes == frozenset({"users:read"})
    for call, scope in (
        (read_only_api.patch_user(user.id, {"status": "inactive"}), "users:write"),
        (read_only_api.put_user(user.id, encode_user(user)), "users:write"),
        (read_only_api.create_user(NEW), "users:write"),
        (read_only_api.delete_user(user.id), "users:delete"),
        (read_only_api.add_member(await other_group(read_only_api, user), user.id), "users:write"),
        (read_only_api.remove_member(groups_of(user)[0], user.id), "users:write"),
    ):
        with pytest.raises(PermissionRefused) as caught:
            await call
        assert caught.value.scope == scope
    assert await read_only_api.get_user(user.id) == user
    assert await read_only_api.find_user(NEW["email"]) is None


async def test_a_closed_account_refuses_patch_and_put(api: DirectoryApi) -> None:
    user = await find_member(api, status="active")
    await api.aclose()
    for call in (api.patch_user(user.id, {"status": "inactive"}), api.put_user(user.id, {"status": "inactive"})):
        with pytest.raises(Unreachable):
            await call
