"""The contract of writes through the port, for every kind of account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from itertools import count
from typing import Any

import pytest

from tests.support.contract_accounts import ContractAccounts, Kind
from walkme_tui.domain.errors import Conflict, NotFound, RequestRejected, Unreachable
from walkme_tui.domain.times import now_ms
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.ports.directory_api import DirectoryApi

UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"
IMPOSSIBLE = ["", ".", "..", "a/b", "../users", "a?b", "a#b", "ü", "x" * 300]
NUMBERS = count(1)


@pytest.fixture(params=Kind)
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


@pytest.fixture
async def api(kind: Kind, accounts: ContractAccounts) -> AsyncIterator[DirectoryApi]:
    async with aclosing(accounts.directory(kind, "writes")) as directory:
        yield directory


async def new_user(api: DirectoryApi, **values: str) -> User:
    """A user whom no other test uses."""
    email = f"contract{next(NUMBERS)}@example.com"
    user_id = await api.create_user({"email": email, "first_name": "Con", "last_name": "Tract"} | values)
    assert user_id is not None
    return await api.get_user(user_id)


def without_time(user: User, **changed: Any) -> User:
    """The user without what every change changes, with other attributes."""
    extra = {name: value for name, value in user.extra.items() if name != "meta"}
    return user._replace(updated_at_ms=UNKNOWN, extra=extra, **changed)


# ---------------------------------------------------------------- a user


async def test_a_new_user_has_only_the_given_fields(kind: Kind, api: DirectoryApi) -> None:
    began = now_ms() - 5000
    user = await new_user(api)
    assert (user.first_name, user.last_name) == ("Con", "Tract")
    assert user.external_id in {None, UNKNOWN}
    assert user.status == ("active" if kind.capabilities.pending else "pending")
    assert not user.groups
    assert isinstance(user.created_at_ms, int)
    assert user.created_at_ms >= began
    found = await api.find_user(str(user.email))
    assert found is not None
    assert without_time(found) == without_time(user)
    rows = (await api.list_users(1, 1000)).rows
    listed = rows[-1:] if kind.traits.lists_new_last else rows
    assert user.id in {row.id for row in listed if isinstance(row, User)}


async def test_the_status_is_set_and_nothing_else(api: DirectoryApi) -> None:
    user = await new_user(api, external_id="hr-1")
    await api.update_user(user.id, {"status": "inactive"}, user)
    inactive = await api.get_user(user.id)
    assert without_time(inactive) == without_time(user, status="inactive")
    await api.update_user(user.id, {"status": "inactive"}, inactive)
    assert without_time(await api.get_user(user.id)) == without_time(inactive)
    await api.update_user(user.id, {"status": "active"}, inactive)
    assert without_time(await api.get_user(user.id)) == without_time(user, status="active")


async def test_an_update_sets_and_clears_its_attributes_and_keeps_all_else(kind: Kind, api: DirectoryApi) -> None:
    user = await new_user(api, external_id="hr-2")
    email = f"contract{next(NUMBERS)}.renamed@example.com"
    await api.update_user(user.id, {"email": email, "first_name": None, "external_id": "hr-3"}, user)
    after = await api.get_user(user.id)
    assert (after.email, after.last_name, after.external_id) == (email, "Tract", "hr-3")
    assert after.first_name in {None, UNKNOWN}
    assert after.status == user.status
    await api.update_user(user.id, {"last_name": None, "external_id": None}, after)
    after = await api.get_user(user.id)
    assert {after.last_name, after.external_id} <= {None, UNKNOWN}
    assert after.email == email


async def test_the_role_is_set_where_users_have_one(kind: Kind, api: DirectoryApi) -> None:
    if kind.capabilities.roles:
        assert (await new_user(api)).role is UNKNOWN
        return
    user = await new_user(api, role="Editor")
    assert user.role == "Editor"
    await api.update_user(user.id, {"role": "Reader"}, user)
    assert without_time(await api.get_user(user.id)) == without_time(user, role="Reader")


async def test_an_email_of_another_user_is_a_conflict(api: DirectoryApi) -> None:
    user, other = await new_user(api), await new_user(api)
    with pytest.raises(Conflict) as caught:
        await api.update_user(user.id, {"email": str(other.email)}, user)
    assert caught.value.status == 409
    assert await api.get_user(user.id) == user


@pytest.mark.parametrize("fold", [str, str.upper])
async def test_a_new_user_with_the_email_of_another_is_a_conflict(kind: Kind, api: DirectoryApi, fold: Any) -> None:
    user = await new_user(api)
    total = (await api.list_users(1, 1)).total
    with pytest.raises(Conflict) as caught:
        await api.create_user({"email": fold(str(user.email)), "first_name": "Other"})
    assert caught.value.status == 409
    assert caught.value.fields.keys() == ({"email"} if kind.traits.names_fields else set())
    assert await api.get_user(user.id) == user
    assert (await api.list_users(1, 1)).total == total


async def test_a_new_user_without_a_valid_email_is_refused(kind: Kind, api: DirectoryApi) -> None:
    if not kind.traits.checks_emails:
        assert (await new_user(api, email="nobody")).email == "nobody"
        return
    with pytest.raises(RequestRejected) as caught:
        await api.create_user({"email": "nobody", "first_name": "No"})
    assert caught.value.status == 400
    assert caught.value.fields.keys() == {"email"}


async def test_the_email_of_a_deleted_user_can_be_used_again(api: DirectoryApi) -> None:
    user = await new_user(api)
    await api.delete_user(user.id)
    for call in (
        api.get_user(user.id),
        api.delete_user(user.id),
        api.update_user(user.id, {"status": "active"}, user),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.status == 404
    new_id = await api.create_user({"email": str(user.email)})
    found = await api.find_user(str(user.email))
    assert found is not None
    assert found.id == new_id != user.id


async def test_writes_to_an_unknown_user_are_not_found(api: DirectoryApi) -> None:
    for user_id in (UNKNOWN_ID, *IMPOSSIBLE):
        for call in (api.update_user(user_id, {"status": "inactive"}, User(user_id)), api.delete_user(user_id)):
            with pytest.raises(NotFound):
                await call


# ---------------------------------------------------------------- memberships


async def test_members_are_added_and_removed_and_others_stay(api: DirectoryApi) -> None:
    group, other = [group.id for group in (await api.list_groups())[:2]]
    user, neighbour = await new_user(api), await new_user(api)
    await api.add_member(group, neighbour.id)
    await api.add_member(other, user.id)
    await api.add_member(group, user.id)
    joined = await api.get_user(user.id)
    assert isinstance(joined.groups, tuple)
    assert set(joined.groups) == {group, other}
    await api.remove_member(group, user.id)
    assert (await api.get_user(user.id)).groups == (other,)
    assert (await api.get_user(neighbour.id)).groups == (group,)


async def test_a_member_that_is_added_twice_is_in_the_group_once_and_is_removed_at_once(api: DirectoryApi) -> None:
    group = (await api.list_groups())[0].id
    user = await new_user(api)
    for _ in range(2):
        await api.add_member(group, user.id)
        assert (await api.get_user(user.id)).groups == (group,)
    await api.remove_member(group, user.id)
    assert (await api.get_user(user.id)).groups == ()
    with suppress(NotFound):  # or accepted, as there is nothing to do
        await api.remove_member(group, user.id)
    assert (await api.get_user(user.id)).groups == ()


async def test_a_membership_of_an_unknown_user_is_not_found(kind: Kind, api: DirectoryApi) -> None:
    group = (await api.list_groups())[0].id
    if kind.traits.unknown_members:
        await api.add_member(group, UNKNOWN_ID)
        await api.remove_member(group, UNKNOWN_ID)
    # The ids of SCIM may be any text that fits into a path.
    never = [user_id for user_id in IMPOSSIBLE if user_id.isascii()]
    for user_id in never if kind.traits.unknown_members else (UNKNOWN_ID, *IMPOSSIBLE):
        for call in (api.add_member(group, user_id), api.remove_member(group, user_id)):
            with pytest.raises(NotFound):
                await call


async def test_an_unknown_group_is_not_found(api: DirectoryApi) -> None:
    user = await new_user(api)
    for group_id in ("no-such-group", *IMPOSSIBLE):
        for call in (api.add_member(group_id, user.id), api.remove_member(group_id, user.id)):
            with pytest.raises(NotFound):
                await call
    assert await api.get_user(user.id) == user


# ---------------------------------------------------------------- concurrency and closing


async def test_writes_may_run_concurrently(api: DirectoryApi) -> None:
    rows = [row for row in (await api.list_users(1, 20)).rows if isinstance(row, User)]
    await asyncio.gather(*(api.update_user(row.id, {"last_name": f"Side{at}"}, row) for at, row in enumerate(rows)))
    after = [await api.get_user(row.id) for row in rows]
    assert [user.last_name for user in after] == [f"Side{at}" for at in range(len(rows))]
    assert api.traffic().in_flight == 0


async def test_memberships_of_one_group_may_be_changed_concurrently(api: DirectoryApi) -> None:
    group = (await api.list_groups())[1].id
    users = await asyncio.gather(*(new_user(api) for _ in range(8)))
    await asyncio.gather(*(api.add_member(group, user.id) for user in users))
    assert [(await api.get_user(user.id)).groups for user in users] == [(group,)] * 8


async def test_a_closed_account_refuses_writes(api: DirectoryApi) -> None:
    user = (await api.list_users(1, 1)).rows[0]
    assert isinstance(user, User)
    await api.aclose()
    for call in (
        api.update_user(user.id, {"status": "inactive"}, user),
        api.create_user({"email": "new.user@example.com"}),
        api.delete_user(user.id),
        api.add_member("g1", user.id),
        api.remove_member("g1", user.id),
    ):
        with pytest.raises(Unreachable):
            await call
