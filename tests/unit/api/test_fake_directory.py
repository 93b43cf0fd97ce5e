"""The fake directory of the tests: every setting has its documented effect."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import (
    Conflict,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    PermissionRefused,
    RateLimited,
    Unreachable,
)
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.ports.directory_api import DirectoryApi


def as_port(fake: DirectoryApi) -> DirectoryApi:
    """Makes the type checker verify that the fake satisfies the port."""
    return fake


async def test_a_held_call_waits_and_then_answers() -> None:
    fake = FakeDirectory(people(3))
    api = as_port(fake)
    gate = fake.hold("list_users")
    call = asyncio.create_task(api.list_users(1, 2))
    await asyncio.sleep(0.001)
    assert not call.done()
    assert api.traffic().in_flight == 1
    assert await api.get_user(person(2).id) == person(2)
    gate.set()
    assert (await call).rows == (person(0), person(1))
    assert api.traffic().in_flight == 0


async def test_failures_are_raised_the_given_number_of_times_by_the_given_method() -> None:
    fake = FakeDirectory(people(1))
    fake.fail_next(RateLimited("slow down"), name="get_user")
    assert (await fake.list_users(1, 10)).total == 1
    with pytest.raises(RateLimited):
        await fake.get_user(person(0).id)
    assert await fake.get_user(person(0).id, Priority.BACKGROUND) == person(0)
    assert fake.asked("get_user") == [(person(0).id,)] * 2
    assert fake.calls[-1].priority is Priority.BACKGROUND


async def test_closing_ends_a_held_call() -> None:
    fake = FakeDirectory(people(1))
    fake.hold()
    call = asyncio.create_task(fake.list_groups())
    await asyncio.sleep(0.001)
    await fake.aclose()
    with pytest.raises(Unreachable):
        await call


async def test_lean_rows_lack_fields_and_the_total_can_be_wrong() -> None:
    fake = FakeDirectory(people(2))
    fake.lean, fake.total = True, None
    page = await fake.list_users(1, 10)
    assert page.total is None
    row = page.rows[0]
    assert isinstance(row, User)
    assert row.groups is UNKNOWN
    assert row.email == person(0).email


# ---------------------------------------------------------------- failing writes


async def test_a_write_with_a_lost_answer_is_executed_or_not_as_set() -> None:
    fake = FakeDirectory(people(3))
    active = person(0).id
    fake.lose_answer(name="patch_user")
    await fake.add_member("g1", active)
    with pytest.raises(OutcomeUnknown):
        await fake.patch_user(active, {"status": "inactive"})
    assert fake.now(active).status == "inactive"
    fake.lose_answer(executed=False, times=2)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await fake.patch_user(active, {"status": "active"})
    assert fake.now(active).status == "inactive"
    await fake.patch_user(active, {"status": "active"})
    assert fake.now(active).status == "active"
    assert [write.name for write in fake.writes] == ["add_member", "patch_user", "patch_user"]


async def test_put_works_while_patch_is_refused() -> None:
    fake = FakeDirectory(people(1))
    fake.patch_refused = True
    with pytest.raises(MethodRefused):
        await fake.patch_user(person(0).id, {"status": "inactive"})
    await fake.put_user(person(0).id, {"status": "inactive"})
    after = fake.now(person(0).id)
    assert (after.status, after.email, after.first_name, after.groups) == ("inactive", person(0).email, None, ())
    assert [write.name for write in fake.writes] == ["put_user"]


async def test_an_inert_account_accepts_writes_without_effect() -> None:
    fake = FakeDirectory(people(3))
    fake.inert = True
    await fake.patch_user(person(2).id, {"status": "inactive"})
    await fake.remove_member("g1", person(2).id)
    assert fake.now(person(2).id) == person(2)
    assert len(fake.writes) == 2


async def test_stale_reads_hide_a_write_for_some_reads() -> None:
    fake = FakeDirectory(people(1))
    fake.stale_reads = 2
    await fake.patch_user(person(0).id, {"status": "inactive"})
    assert [(await fake.get_user(person(0).id)).status for _ in range(3)] == ["active", "active", "inactive"]


async def test_a_meanwhile_action_runs_just_before_the_call() -> None:
    fake = FakeDirectory(people(3))
    user_id = person(2).id
    fake.meanwhile("get_user", lambda: fake.edit(user_id, status="inactive"))
    fake.meanwhile("get_user", lambda: fake.edit(user_id, groups=()))
    await fake.list_users(1, 10)
    assert fake.now(user_id) == person(2)
    assert (await fake.get_user(user_id)).status == "inactive"
    assert (await fake.get_user(user_id)).groups == ()
    fake.remove(user_id)
    assert len(fake.users) == 2


async def test_reads_can_lack_fields_and_writes_keep_them() -> None:
    fake = FakeDirectory(people(3))
    fake.unread = {"groups", "status"}
    user = await fake.get_user(person(2).id)
    assert (user.groups, user.status, user.email) == (UNKNOWN, UNKNOWN, person(2).email)
    await fake.patch_user(person(2).id, {"lastName": "New"})
    assert fake.now(person(2).id).groups == person(2).groups


@pytest.mark.parametrize("known", [True, False])
async def test_writes_without_the_scope_are_refused_even_if_the_scopes_are_unknown(known: bool) -> None:
    fake = FakeDirectory(people(1))
    if known:
        fake.granted = frozenset({"users:read"})
    else:
        fake.granted, fake.forbidden = None, True
    assert as_port(fake).scopes == (frozenset({"users:read"}) if known else None)
    with pytest.raises(PermissionRefused):
        await fake.add_member("g1", person(0).id)
    assert fake.writes == []


async def test_a_new_user_is_seen_after_some_reads_and_a_deleted_one_is_gone_after_some() -> None:
    fake = FakeDirectory(people(3))
    fake.stale_reads = 2
    new_id = await fake.create_user({"email": "new@example.com"})
    assert new_id is not None
    assert await fake.find_user("new@example.com") is None
    with pytest.raises(NotFound):
        await fake.get_user(new_id)
    assert (await fake.get_user(new_id)).email == "new@example.com"
    await fake.delete_user(person(1).id)
    assert [await fake.get_user(person(1).id) for _ in range(2)] == [person(1)] * 2
    with pytest.raises(NotFound):
        await fake.get_user(person(1).id)


async def test_the_answers_to_a_create_and_a_deletion_can_be_lost_or_say_too_little() -> None:
    fake = FakeDirectory(people(1))
    fake.created_without_id = True
    fake.lose_answer(times=2)
    for call in (fake.create_user({"email": "new@example.com"}), fake.delete_user(person(0).id)):
        with pytest.raises(OutcomeUnknown):
            await call
    assert [user.email for user in fake.users if isinstance(user, User)] == ["new@example.com"]
    with pytest.raises(Conflict):
        await fake.create_user({"email": "NEW@example.com"})
    assert await fake.create_user({"email": "other@example.com"}) is None
    assert [write.name for write in fake.writes] == ["create_user", "delete_user", "create_user"]


async def test_a_deletion_may_only_deactivate_or_do_nothing_and_an_inert_create_makes_nobody() -> None:
    fake = FakeDirectory(people(2))
    fake.deletion_deactivates = True
    await fake.delete_user(person(0).id)
    assert fake.now(person(0).id).status == "inactive"
    fake.deletion_deactivates, fake.inert = False, True
    await fake.delete_user(person(1).id)
    assert await fake.create_user({"email": "new@example.com"}) is not None
    assert [user.id for user in fake.users if isinstance(user, User)] == [person(0).id, person(1).id]
