"""Updates by PATCH, or by PUT of the whole record if the server refuses PATCH: no other field changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.executor_bench import BOTH, KnownWriteSupport, account
from tests.support.fake_directory import FakeDirectory
from tests.support.plan_strategies import users
from walkme_tui.api.rest.user_update import UserUpdater
from walkme_tui.domain.errors import (
    ApiError,
    ChangedMeanwhile,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    RequestRejected,
    Unreachable,
)
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.user_json import altered_names, encode_user
from walkme_tui.domain.users import User

UPDATE = {"status": "inactive"}


def without_patch(*extra: User) -> FakeDirectory:
    """An account whose server refuses PATCH."""
    api = account()
    api.users += extra
    api.patch_refused = True
    return api


async def update(
    api: FakeDirectory, user_id: str, base: User | None = None, write_support: KnownWriteSupport | None = None
) -> None:
    """One update of the status."""
    updater = UserUpdater(api)
    updater.patch_refusal.store = write_support or KnownWriteSupport()
    await updater.update(user_id, UPDATE, base or User(user_id))


# ------------------------------------------------------------ PATCH or PUT


async def test_patch_sends_only_the_changed_field() -> None:
    api = account()
    await update(api, BOTH.id)
    assert api.asked("patch_user") == [(BOTH.id, UPDATE)]
    assert [call.name for call in api.calls] == ["patch_user"]


async def test_a_refused_patch_is_replaced_by_put_and_stored() -> None:
    api, write_support = without_patch(), KnownWriteSupport()
    await update(api, BOTH.id, write_support=write_support)
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]
    assert write_support.refused
    again = account()
    await update(again, BOTH.id, write_support=write_support)
    assert [call.name for call in again.calls] == ["get_user", "put_user"]


async def test_a_404_of_patch_for_an_existing_user_means_that_patch_is_refused() -> None:
    api, write_support = account(), KnownWriteSupport()
    api.fail_next(NotFound("No such call.", status=404), name="patch_user")
    await update(api, BOTH.id, write_support=write_support)
    assert [call.name for call in api.calls] == ["patch_user", "get_user", "put_user"]
    assert write_support.refused


async def test_a_404_of_patch_for_a_deleted_user_is_raised_and_not_stored() -> None:
    api, write_support = account(), KnownWriteSupport()
    with pytest.raises(NotFound):
        await update(api, "nobody", write_support=write_support)
    assert not write_support.refused
    assert not api.asked("put_user")


@pytest.mark.parametrize("error", [OutcomeUnknown("Lost."), Unreachable("Down."), RequestRejected("No.", status=400)])
async def test_other_failures_of_patch_are_not_followed_by_put(error: ApiError) -> None:
    api, write_support = account(), KnownWriteSupport()
    api.fail_next(error, name="patch_user")
    with pytest.raises(type(error)):
        await update(api, BOTH.id, write_support=write_support)
    assert [call.name for call in api.calls] == ["patch_user"]
    assert not write_support.refused


async def test_a_put_with_a_lost_answer_is_not_resent() -> None:
    api = without_patch()
    api.fail_next(OutcomeUnknown("Lost."), name="put_user")
    with pytest.raises(OutcomeUnknown):
        await update(api, BOTH.id)
    assert len(api.asked("put_user")) == 1


async def test_a_server_that_refuses_patch_and_put_is_reported() -> None:
    api, write_support = without_patch(), KnownWriteSupport()
    api.fail_next(MethodRefused("No such call (405).", status=405), name="put_user")
    with pytest.raises(MethodRefused):
        await update(api, BOTH.id, write_support=write_support)
    assert not write_support.refused


async def test_put_contains_the_latest_changes_of_others() -> None:
    api = without_patch()
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, role="Admin", groups=("g3",)))
    await update(api, BOTH.id)
    assert (api.now(BOTH.id).role, api.now(BOTH.id).groups, api.now(BOTH.id).status) == ("Admin", ("g3",), "inactive")


async def test_put_is_not_sent_where_others_changed_the_same_field_in_between() -> None:
    api = without_patch()
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, last_name="Theirs"))
    with pytest.raises(ChangedMeanwhile) as caught:
        await UserUpdater(api).update(BOTH.id, {"last_name": "Mine", "role": "Admin"}, BOTH)
    assert not api.writes
    assert "lastName of this user changed" in caught.value.message


@pytest.mark.parametrize(("base", "value"), [(BOTH, "Theirs"), (User(BOTH.id), "Mine")])
async def test_put_is_sent_where_others_made_the_same_change_or_the_old_value_is_unknown(
    base: User, value: str
) -> None:
    api = without_patch()
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, last_name="Theirs"))
    await UserUpdater(api).update(BOTH.id, {"last_name": value}, base)
    assert api.now(BOTH.id).last_name == value


# ------------------------------------------------------------ incomplete records


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"groups", "role", "first_name", "last_name", "external_id"}])
async def test_fields_missing_in_a_record_are_taken_from_another_answer(unread: set[str]) -> None:
    api = without_patch()
    api.unread = unread
    await update(api, BOTH.id)
    assert api.now(BOTH.id).groups == BOTH.groups
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"email"}])
async def test_a_record_with_unknown_fields_is_not_put(unread: set[str]) -> None:
    api = without_patch()
    api.unread, api.lean = unread, True
    with pytest.raises(RequestRejected) as caught:
        await update(api, BOTH.id)
    assert unread.pop() in caught.value.message
    assert not api.writes


async def test_a_name_that_only_the_base_has_is_not_cleared() -> None:
    api = without_patch()
    api.unread, api.lean = {"first_name"}, True
    with pytest.raises(RequestRejected):
        await update(api, BOTH.id, BOTH)
    assert not api.writes


async def test_a_field_that_is_given_a_value_need_not_be_known() -> None:
    api = without_patch()
    api.unread, api.lean = {"role", "first_name"}, True
    await UserUpdater(api).update(BOTH.id, {"role": "Admin", "first_name": "New"}, BOTH)
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "role": "Admin", "firstName": "New"})]


async def test_an_unknown_field_that_only_the_list_has_is_kept_and_one_that_is_nowhere_is_not_required() -> None:
    class LeanDetails(FakeDirectory):
        async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
            return (await super().get_user(user_id, priority))._replace(extra={})

    user = BOTH._replace(extra={"department": {"name": "Sales"}})
    api = LeanDetails([user])
    api.patch_refused = True
    await UserUpdater(api).update(user.id, {"status": "inactive"}, user._replace(extra={**user.extra, "gone": 1}))
    assert api.now(user.id).extra == user.extra
    assert api.now(user.id).status == "inactive"


async def test_a_server_that_omits_empty_fields_can_be_updated() -> None:
    bare = User("bare", email="bare@example.com", role="Viewer", status="active", groups=())
    api = without_patch(bare)
    await update(api, "bare")
    assert api.now("bare").status == "inactive"


async def test_groups_cannot_be_updated_as_an_attribute() -> None:
    with pytest.raises(KeyError):
        await UserUpdater(without_patch()).update(BOTH.id, {"groups": None}, BOTH)


# ------------------------------------------------------------ any record, any server


@given(
    users(),
    st.sampled_from(["active", "inactive"]),
    st.sets(st.sampled_from(["groups", "role", "first_name", "last_name", "external_id"])),
    st.booleans(),
)
async def test_an_update_never_clears_a_field_of_the_user(
    user: User, status: str, unread: set[str], lean: bool
) -> None:
    """Whatever fields the answers lack, all fields are kept, or nothing is sent and an error is raised."""
    api = FakeDirectory([user])
    api.patch_refused, api.unread, api.lean = True, unread, lean
    before = encode_user(user)
    try:
        await UserUpdater(api).update(user.id, {"status": status}, user)
    except ApiError:
        assert encode_user(api.now(user.id)) == before
        return
    after = encode_user(api.now(user.id))
    assert altered_names(user, api.now(user.id), UPDATE) == ()
    assert after["status"] == status
    assert {name: value for name, value in before.items() if name not in {"status", "updatedAt"} and value} == {
        name: after.get(name) for name, value in before.items() if name not in {"status", "updatedAt"} and value
    }
