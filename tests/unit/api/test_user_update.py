"""Updates on servers that accept PATCH, and on those that only replace whole records: nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.executor_bench import BOTH, Memory, account
from tests.support.fake_directory import FakeDirectory
from tests.support.plan_strategies import users
from walkme_tui.api.rest.user_update import UserUpdater
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, OutcomeUnknown, RequestRejected, Unreachable
from walkme_tui.domain.user_json import altered_names, encode_user
from walkme_tui.domain.users import User

UPDATE = {"status": "inactive"}


def refusing(*extra: User) -> FakeDirectory:
    """An account whose server refuses PATCH."""
    api = account()
    api.users += extra
    api.patch_refused = True
    return api


async def update(api: FakeDirectory, user_id: str, base: User | None = None, memory: Memory | None = None) -> None:
    """One update of the status."""
    updater = UserUpdater(api)
    updater.use_memory(memory or Memory())
    await updater.update(user_id, UPDATE, base or User(user_id))


# ------------------------------------------------------------ PATCH, or the whole


async def test_where_patch_is_taken_only_the_field_is_sent() -> None:
    api = account()
    await update(api, BOTH.id)
    assert api.asked("patch_user") == [(BOTH.id, UPDATE)]
    assert [call.name for call in api.calls] == ["patch_user"]


async def test_where_patch_is_refused_the_whole_record_is_put_back_and_that_is_remembered() -> None:
    api, memory = refusing(), Memory()
    await update(api, BOTH.id, memory=memory)
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]
    assert memory.refused
    again = account()
    await update(again, BOTH.id, memory=memory)
    assert [call.name for call in again.calls] == ["get_user", "put_user"]


async def test_a_404_for_somebody_who_is_there_means_no_patch() -> None:
    api, memory = account(), Memory()
    api.fail_next(NotFound("No such call.", status=404), name="patch_user")
    await update(api, BOTH.id, memory=memory)
    assert [call.name for call in api.calls] == ["patch_user", "get_user", "put_user"]
    assert memory.refused


async def test_a_404_for_somebody_who_is_gone_is_told_and_teaches_nothing() -> None:
    api, memory = account(), Memory()
    with pytest.raises(NotFound):
        await update(api, "nobody", memory=memory)
    assert not memory.refused
    assert not api.asked("put_user")


@pytest.mark.parametrize("error", [OutcomeUnknown("Lost."), Unreachable("Down."), RequestRejected("No.", status=400)])
async def test_an_edit_that_failed_is_not_tried_in_another_way(error: ApiError) -> None:
    api, memory = account(), Memory()
    api.fail_next(error, name="patch_user")
    with pytest.raises(type(error)):
        await update(api, BOTH.id, memory=memory)
    assert [call.name for call in api.calls] == ["patch_user"]
    assert not memory.refused


async def test_a_put_whose_answer_is_lost_is_not_sent_again() -> None:
    api = refusing()
    api.fail_next(OutcomeUnknown("Lost."), name="put_user")
    with pytest.raises(OutcomeUnknown):
        await update(api, BOTH.id)
    assert len(api.asked("put_user")) == 1


async def test_a_server_that_takes_neither_says_so() -> None:
    api, memory = refusing(), Memory()
    api.fail_next(MethodRefused("No such call (405).", status=405), name="put_user")
    with pytest.raises(MethodRefused):
        await update(api, BOTH.id, memory=memory)
    assert not memory.refused


async def test_what_others_did_a_moment_ago_is_in_the_body() -> None:
    api = refusing()
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, role="Admin", groups=("g3",)))
    await update(api, BOTH.id)
    assert (api.now(BOTH.id).role, api.now(BOTH.id).groups, api.now(BOTH.id).status) == ("Admin", ("g3",), "inactive")


# ------------------------------------------------------------ records that tell only parts


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"groups", "role", "first_name", "last_name", "external_id"}])
async def test_what_a_record_lacks_is_taken_from_another_answer(unread: set[str]) -> None:
    api = refusing()
    api.unread = unread
    await update(api, BOTH.id)
    assert api.now(BOTH.id).groups == BOTH.groups
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"email"}])
async def test_a_record_that_nobody_tells_whole_is_not_put_back(unread: set[str]) -> None:
    api = refusing()
    api.unread, api.lean = unread, True
    with pytest.raises(RequestRejected) as caught:
        await update(api, BOTH.id)
    assert unread.pop() in caught.value.message
    assert not api.writes


async def test_a_name_in_the_base_is_not_cleared() -> None:
    api = refusing()
    api.unread, api.lean = {"first_name"}, True
    with pytest.raises(RequestRejected):
        await update(api, BOTH.id, BOTH)
    assert not api.writes


async def test_a_server_that_leaves_out_what_is_empty_can_be_edited() -> None:
    bare = User("bare", email="bare@example.com", role="Viewer", status="active", groups=())
    api = refusing(bare)
    await update(api, "bare")
    assert api.now("bare").status == "inactive"


async def test_groups_are_no_attribute_to_update() -> None:
    with pytest.raises(KeyError):
        await UserUpdater(refusing()).update(BOTH.id, {"groups": None}, BOTH)


# ------------------------------------------------------------ whatever the record, whatever the server


@given(
    users(),
    st.sampled_from(["active", "inactive"]),
    st.sets(st.sampled_from(["groups", "role", "first_name", "last_name", "external_id"])),
    st.booleans(),
)
async def test_an_edit_clears_nothing_that_anybody_could_know(
    user: User, status: str, unread: set[str], lean: bool
) -> None:
    """Known and unknown fields survive, however lean the answers are; or nothing is sent, and that is said."""
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
