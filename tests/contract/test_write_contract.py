"""What every account does with writes, be it the fake of the tests or the REST client over the simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest

from tests.support.fake_directory import FakeDirectory, people
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import Conflict, MethodRefused, NotFound, PermissionRefused, RequestRejected, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.times import now_ms
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.simulator.app import build_app
from walkme_tui.simulator.settings import SimulatorSettings

DirectoryApi: TypeAlias = FakeDirectory | RestDirectory

COUNT = 120
SCOPES = ("users:read", "users:write", "users:delete")
NOBODY = "00000000-1111-4222-8333-444444444444"
NEW = {"email": "new.user@example.com", "first_name": "New"}
IMPOSSIBLE = ["", ".", "..", "a/b", "../users", "a?b", "a#b", "ü", "x" * 300]


@dataclass(frozen=True, slots=True)
class Kind:
    """Which account, and how it is: ``patch`` allowed, ``may_write`` by the token."""

    rest: bool
    patch: bool = True
    may_write: bool = True


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[tuple[bool, bool], str]]:
    """Simulators by ``(patch, may_write)``."""
    scopes = {True: SCOPES, False: ("users:read",)}
    with (
        asgi_server(build_app(SimulatorSettings(users=COUNT, scopes=scopes[True]))) as plain,
        asgi_server(build_app(SimulatorSettings(users=COUNT, scopes=scopes[True], patch="405"))) as no_patch,
        asgi_server(build_app(SimulatorSettings(users=COUNT, scopes=scopes[False]))) as reader,
    ):
        yield {(True, True): plain, (False, True): no_patch, (True, False): reader}


@asynccontextmanager
async def account(kind: Kind, urls: dict[tuple[bool, bool], str]) -> AsyncIterator[DirectoryApi]:
    async with AsyncExitStack() as stack:
        directory: DirectoryApi
        if kind.rest:
            settings = RestSettings(
                "acme", urls[kind.patch, kind.may_write], "demo", lambda: Secret("demo"), "the test"
            )
            directory = RestDirectory(replace(settings, max_in_flight=20), pacer=unpaced())
        else:
            fake = FakeDirectory(people(COUNT), groups=[Group(f"g{number}", f"Group {number}") for number in range(5)])
            fake.patch_refused = not kind.patch
            fake.granted = frozenset(SCOPES if kind.may_write else {"users:read"})
            directory = fake
        yield await stack.enter_async_context(aclosing(directory))


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def api(request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]) -> AsyncIterator[DirectoryApi]:
    async with account(Kind(request.param), urls) as directory:
        yield directory


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def unpatchable(
    request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]
) -> AsyncIterator[DirectoryApi]:
    async with account(Kind(request.param, patch=False), urls) as directory:
        yield directory


@pytest.fixture(params=[False, True], ids=["fake", "rest"])
async def reader(request: pytest.FixtureRequest, urls: dict[tuple[bool, bool], str]) -> AsyncIterator[DirectoryApi]:
    async with account(Kind(request.param, may_write=False), urls) as directory:
        yield directory


async def somebody(api: DirectoryApi, **wanted: object) -> User:
    """A user with these attributes, who is in a group."""
    for row in (await api.list_users(1, COUNT)).rows:
        fits = all(getattr(row, name, None) == value for name, value in wanted.items())
        if isinstance(row, User) and row.groups and fits:
            return await api.get_user(row.id)
    raise AssertionError("there is nobody like this")


async def other_group(api: DirectoryApi, user: User) -> str:
    """The id of a group that the user is not in."""
    return next(group.id for group in await api.list_groups() if group.id not in groups_of(user))


def groups_of(user: User) -> tuple[str, ...]:
    """The user's groups, which must be known."""
    assert isinstance(user.groups, tuple)
    return user.groups


def apart_from_time(user: User, **changed: Any) -> User:
    """The user without the time of the last change, with other attributes."""
    return user._replace(updated_at_ms=UNKNOWN, **changed)


# ---------------------------------------------------------------- a user


async def test_patch_sets_the_status_and_nothing_else(api: DirectoryApi) -> None:
    user = await somebody(api, status="active")
    await api.patch_user(user.id, {"status": "inactive"})
    after = await api.get_user(user.id)
    assert apart_from_time(after) == apart_from_time(user, status="inactive")
    assert isinstance(after.updated_at_ms, int)
    assert isinstance(user.updated_at_ms, int)
    assert after.updated_at_ms > user.updated_at_ms
    await api.patch_user(user.id, {"status": "active"})
    assert apart_from_time(await api.get_user(user.id)) == apart_from_time(user)


async def test_patch_sets_what_it_sets_already(api: DirectoryApi) -> None:
    user = await somebody(api, status="inactive")
    await api.patch_user(user.id, {"status": "inactive"})
    assert apart_from_time(await api.get_user(user.id)) == apart_from_time(user)


async def test_where_patch_is_refused_nothing_happens_and_put_does_it(unpatchable: DirectoryApi) -> None:
    user = await somebody(unpatchable, status="active")
    with pytest.raises(MethodRefused) as caught:
        await unpatchable.patch_user(user.id, {"status": "inactive"})
    assert caught.value.status == 405
    assert await unpatchable.get_user(user.id) == user
    await unpatchable.put_user(user.id, {**encode_user(user), "status": "inactive"})
    assert apart_from_time(await unpatchable.get_user(user.id)) == apart_from_time(user, status="inactive")


async def test_put_clears_what_is_left_out(api: DirectoryApi) -> None:
    user = await somebody(api, role="Admin")
    assert user.first_name
    await api.put_user(user.id, {"email": user.email if isinstance(user.email, str) else None, "lastName": "Left"})
    after = await api.get_user(user.id)
    assert (after.first_name, after.last_name, after.external_id, after.groups) == (None, "Left", None, ())
    assert (after.email, after.status, after.role) == (user.email, user.status, "Viewer")
    await api.put_user(user.id, encode_user(user))
    assert apart_from_time(await api.get_user(user.id)) == apart_from_time(user)


async def test_an_email_that_somebody_has_is_a_conflict(api: DirectoryApi) -> None:
    user, other = await somebody(api, status="active"), await somebody(api, status="inactive")
    assert isinstance(other.email, str)
    with pytest.raises(Conflict) as caught:
        await api.patch_user(user.id, {"email": other.email})
    assert caught.value.status == 409
    assert await api.get_user(user.id) == user


@pytest.mark.parametrize("status", ["pending", "asleep"])
async def test_a_status_that_cannot_be_set_is_refused(api: DirectoryApi, status: str) -> None:
    user = await somebody(api, status="active")
    with pytest.raises(RequestRejected) as caught:
        await api.patch_user(user.id, {"status": status})
    assert caught.value.status == 400
    assert await api.get_user(user.id) == user


@pytest.mark.parametrize("user_id", [NOBODY, *IMPOSSIBLE])
async def test_writing_nobody_is_not_found(api: DirectoryApi, user_id: str) -> None:
    group = (await api.list_groups())[0].id
    for call in (
        api.patch_user(user_id, {"status": "inactive"}),
        api.put_user(user_id, {"status": "inactive"}),
        api.delete_user(user_id),
        api.add_member(group, user_id),
        api.remove_member(group, user_id),
    ):
        with pytest.raises(NotFound):
            await call


# ---------------------------------------------------------------- new and deleted users


async def test_a_new_user_is_pending_and_has_what_was_given_and_nothing_else(api: DirectoryApi) -> None:
    began = now_ms() - 5000
    new_id = await api.create_user({**NEW, "role": "Editor"})
    assert new_id is not None
    user = await api.get_user(new_id)
    assert (user.email, user.first_name, user.role) == (NEW["email"], NEW["first_name"], "Editor")
    assert (user.last_name, user.external_id, user.status, user.groups) == (None, None, "pending", ())
    assert isinstance(user.created_at_ms, int)
    assert user.created_at_ms >= began
    assert await api.find_user(NEW["email"].upper()) == user
    assert (await api.list_users(1, COUNT + 9)).rows[-1] == user


@pytest.mark.parametrize("fold", [str, str.upper])
async def test_a_new_user_with_the_email_of_another_is_a_conflict(
    api: DirectoryApi, fold: Callable[[str], str]
) -> None:
    user = await somebody(api)
    total = (await api.list_users(1, 1)).total
    assert isinstance(user.email, str)
    with pytest.raises(Conflict) as caught:
        await api.create_user({"email": fold(user.email), "first_name": "Other"})
    assert caught.value.status == 409
    assert await api.get_user(user.id) == user
    assert (await api.list_users(1, 1)).total == total


async def test_a_new_user_without_a_valid_email_is_refused(api: DirectoryApi) -> None:
    with pytest.raises(RequestRejected) as caught:
        await api.create_user({"email": "nobody", "first_name": "No"})
    assert caught.value.status == 400


async def test_a_deleted_user_is_gone_and_a_new_one_may_have_the_email(api: DirectoryApi) -> None:
    user = await somebody(api)
    assert isinstance(user.email, str)
    await api.delete_user(user.id)
    assert await api.find_user(user.email) is None
    for call in (api.get_user(user.id), api.delete_user(user.id), api.patch_user(user.id, {"status": "active"})):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.status == 404
    new_id = await api.create_user({"email": user.email})
    found = await api.find_user(user.email)
    assert found is not None
    assert found.id == new_id != user.id


# ---------------------------------------------------------------- memberships


async def test_a_member_is_added_once_however_often(api: DirectoryApi) -> None:
    user = await somebody(api)
    group = await other_group(api, user)
    for _ in range(2):
        await api.add_member(group, user.id)
        after = await api.get_user(user.id)
        assert apart_from_time(after) == apart_from_time(user, groups=(*groups_of(user), group))


async def test_a_member_is_removed_once_and_then_not_found(api: DirectoryApi) -> None:
    user = await somebody(api)
    group, *others = groups_of(user)
    await api.remove_member(group, user.id)
    after = await api.get_user(user.id)
    assert after.groups == tuple(others)
    with pytest.raises(NotFound):
        await api.remove_member(group, user.id)
    assert await api.get_user(user.id) == after


async def test_a_group_that_its_last_member_left_takes_members_again(api: DirectoryApi) -> None:
    rows = (await api.list_users(1, COUNT)).rows
    users = [row for row in rows if isinstance(row, User)]
    group = groups_of(await somebody(api))[0]
    members = [user.id for user in users if group in groups_of(user)]
    await asyncio.gather(*(api.remove_member(group, user_id) for user_id in members))
    await api.add_member(group, members[0])
    after = [await api.get_user(user_id) for user_id in members]
    assert [group in groups_of(user) for user in after] == [
        True, *[False] * (len(members) - 1),
    ]  # fmt: skip


@pytest.mark.parametrize("group_id", ["no-such-group", *IMPOSSIBLE])
async def test_a_group_that_is_none_is_not_found(api: DirectoryApi, group_id: str) -> None:
    user = await somebody(api)
    for call in (api.add_member(group_id, user.id), api.remove_member(group_id, user.id)):
        with pytest.raises(NotFound):
            await call
    assert await api.get_user(user.id) == user


# ---------------------------------------------------------------- who may, and when


async def test_the_scopes_are_those_of_the_token(api: DirectoryApi) -> None:
    await api.list_groups()
    assert api.scopes == frozenset(SCOPES)


async def test_without_the_scope_every_write_is_refused_and_the_scope_named(reader: DirectoryApi) -> None:
    user = await somebody(reader)
    assert reader.scopes == frozenset({"users:read"})
    for call, scope in (
        (reader.patch_user(user.id, {"status": "inactive"}), "users:write"),
        (reader.put_user(user.id, encode_user(user)), "users:write"),
        (reader.create_user(NEW), "users:write"),
        (reader.delete_user(user.id), "users:delete"),
        (reader.add_member(await other_group(reader, user), user.id), "users:write"),
        (reader.remove_member(groups_of(user)[0], user.id), "users:write"),
    ):
        with pytest.raises(PermissionRefused) as caught:
            await call
        assert caught.value.scope == scope
    assert await reader.get_user(user.id) == user
    assert await reader.find_user(NEW["email"]) is None


async def test_writes_may_run_side_by_side(api: DirectoryApi) -> None:
    rows = [row for row in (await api.list_users(1, 40)).rows if isinstance(row, User)]
    await asyncio.gather(*(api.patch_user(user.id, {"lastName": f"Side{at}"}) for at, user in enumerate(rows)))
    after = [await api.get_user(user.id) for user in rows]
    assert [user.last_name for user in after] == [f"Side{at}" for at in range(len(rows))]
    assert api.traffic().in_flight == 0


async def test_a_closed_account_writes_nothing(api: DirectoryApi) -> None:
    user = await somebody(api, status="active")
    await api.aclose()
    for call in (
        api.patch_user(user.id, {"status": "inactive"}),
        api.put_user(user.id, {"status": "inactive"}),
        api.create_user(NEW),
        api.delete_user(user.id),
        api.add_member("g1", user.id),
        api.remove_member("g1", user.id),
    ):
        with pytest.raises(Unreachable):
            await call
