"""The contract of a surface whose groups have members and can be changed."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import count

import pytest

from tests.support.contract_accounts import ContractAccounts, Kind
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.domain.errors import Conflict, NotFound, Unreachable
from walkme_tui.domain.groups import Group

UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"
IMPOSSIBLE = ["", ".", "..", "a/b", "../groups", "a?b", "a#b", "ü", "x" * 300]
NUMBERS = count(1)


@pytest.fixture(params=[kind for kind in Kind if not kind.capabilities.group_members])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


@pytest.fixture
async def api(kind: Kind, accounts: ContractAccounts) -> AsyncIterator[ScimDirectory]:
    directory = accounts.directory(kind, "groups")
    assert isinstance(directory, ScimDirectory)
    async with aclosing(directory):
        yield directory


async def new_group(api: ScimDirectory) -> Group:
    """A group that no other test uses."""
    name = f"Contract {next(NUMBERS)}"
    group_id = await api.create_group(name)
    assert group_id is not None
    return Group(group_id, name)


async def test_a_new_group_is_listed_and_has_no_members(api: ScimDirectory) -> None:
    group = await new_group(api)
    assert await api.get_group(group.id) == group
    assert group in await api.list_groups()
    members = await api.group_members(group.id)
    assert (members.group, members.members, members.unreadable) == (group, (), 0)


async def test_a_group_lists_exactly_its_members(api: ScimDirectory) -> None:
    group, other = await new_group(api), await new_group(api)
    users = [str(await api.create_user({"email": f"member{next(NUMBERS)}@example.com"})) for _ in range(3)]
    for user_id in users:
        await api.add_member(group.id, user_id)
    await api.add_member(other.id, users[0])
    assert {user.id for user in (await api.group_members(group.id)).members} == set(users)
    await api.remove_member(group.id, users[1])
    assert {user.id for user in (await api.group_members(group.id)).members} == {users[0], users[2]}
    assert [user.id for user in (await api.group_members(other.id)).members] == [users[0]]


async def test_a_renamed_group_keeps_its_members(api: ScimDirectory) -> None:
    group = await new_group(api)
    user_id = str(await api.create_user({"email": f"member{next(NUMBERS)}@example.com"}))
    await api.add_member(group.id, user_id)
    renamed = group._replace(name=f"{group.name} “ü”")
    await api.rename_group(group.id, renamed.label)
    assert await api.get_group(group.id) == renamed
    assert [user.id for user in (await api.group_members(group.id)).members] == [user_id]
    assert (await api.get_user(user_id)).groups == (group.id,)


async def test_a_deleted_group_is_gone_and_its_members_stay(api: ScimDirectory) -> None:
    group = await new_group(api)
    user_id = str(await api.create_user({"email": f"member{next(NUMBERS)}@example.com"}))
    await api.add_member(group.id, user_id)
    assert (await api.get_user(user_id)).groups == (group.id,)
    await api.delete_group(group.id)
    assert group.id not in {each.id for each in await api.list_groups()}
    assert (await api.get_user(user_id)).groups == ()
    for call in (api.get_group(group.id), api.group_members(group.id), api.delete_group(group.id)):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        await api.rename_group(group.id, "Again")


async def test_the_name_of_another_group_is_a_conflict(kind: Kind, api: ScimDirectory) -> None:
    group, other = await new_group(api), await new_group(api)
    if not kind.traits.unique_group_names:
        assert await api.create_group(group.label) not in {None, group.id}
        return
    with pytest.raises(Conflict):
        await api.create_group(group.label)
    with pytest.raises(Conflict):
        await api.rename_group(other.id, group.label)
    assert await api.get_group(other.id) == other


async def test_an_unknown_group_is_not_found(api: ScimDirectory) -> None:
    for group_id in (UNKNOWN_ID, *IMPOSSIBLE):
        for call in (
            api.get_group(group_id),
            api.group_members(group_id),
            api.rename_group(group_id, "New name"),
            api.delete_group(group_id),
        ):
            with pytest.raises(NotFound):
                await call


async def test_a_closed_account_refuses_calls_about_groups(api: ScimDirectory) -> None:
    group = (await api.list_groups())[0].id
    await api.aclose()
    for call in (api.get_group(group), api.group_members(group), api.create_group("New"), api.delete_group(group)):
        with pytest.raises(Unreachable):
            await call
