"""Edits on servers that take PATCH, and on those that only take whole records: nothing else may change."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.executing import BOTH, Memory, account, executing, group, said
from tests.support.fake_directory import FakeDirectory, person
from tests.support.plan_strategies import TEXTS, users
from tests.support.sessions import BrokenMirror, open_session
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, OutcomeUnknown, RequestRejected, Unreachable
from walkme_tui.domain.record_merge import altered, lacking, merged_record
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import Json, User
from walkme_tui.services.changes.user_update import UserUpdater

DEACTIVATE = SetStatus(BOTH.id, "active", "inactive")
FIELDS: dict[str, Json] = {"status": "inactive"}


def refusing(*extra: User) -> FakeDirectory:
    """An account whose server knows no PATCH."""
    api = account()
    api.users += extra
    api.patch_refused = True
    return api


async def edit(api: FakeDirectory, user_id: str, fields: Mapping[str, Json], memory: Memory | None = None) -> None:
    """One edit."""
    async with open_session(api) as session:
        await UserUpdater(session, memory or Memory()).edit(user_id, fields)


# ------------------------------------------------------------ the merge


@given(users(), st.dictionaries(st.sampled_from(["status", "firstName", "role", "new"]), TEXTS, max_size=3))
def test_a_merged_record_has_every_field_and_the_edited_ones_anew(user: User, fields: dict[str, Json]) -> None:
    raw = encode_user(user)
    before = deepcopy(raw)
    whole = merged_record(raw, fields)
    assert whole == {**raw, **fields}
    whole.clear()
    assert raw == before


def test_a_merged_record_shares_nothing_with_what_it_came_from() -> None:
    raw: dict[str, Json] = {"id": "u", "groups": ["g1"], "profile": {"city": "Oslo"}}
    whole: Any = merged_record(raw, {})
    whole["groups"].append("g2")
    whole["profile"]["city"] = "Bergen"
    assert raw == {"id": "u", "groups": ["g1"], "profile": {"city": "Oslo"}}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("groups", ["a", "b"], ["b", "a"]),
        ("groups", [], None),
        ("updatedAt", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
        ("status", "active", "inactive"),
    ],
)
def test_what_does_not_count_as_altered(name: str, before: Json, after: Json) -> None:
    assert altered({name: before}, {name: after}, FIELDS) == ()


@pytest.mark.parametrize(
    ("before", "after"), [("Viewer", "UserUpdater"), (["a"], []), (["a"], None), (None, "x"), (False, None), (0, False)]
)
def test_what_counts_as_altered(before: Json, after: Json) -> None:
    assert altered({"thing": before}, {"thing": after}, FIELDS) == ("thing",)
    assert altered({"thing": before}, {}, FIELDS) == ()


def test_a_record_that_once_had_more_is_not_whole() -> None:
    whole = encode_user(person(7))
    assert lacking(whole, whole) == ()
    without = {name: value for name, value in whole.items() if name not in {"groups", "externalId", "lastName"}}
    assert lacking(without, {"externalId": "okta|1", "lastName": None}) == ("groups", "externalId")


# ------------------------------------------------------------ PATCH, or the whole


async def test_where_patch_is_taken_only_the_field_is_sent() -> None:
    api = account()
    await edit(api, BOTH.id, FIELDS)
    assert api.asked("patch_user") == [(BOTH.id, FIELDS)]
    assert [call.name for call in api.calls] == ["patch_user"]


async def test_where_patch_is_refused_the_whole_record_is_put_back_and_that_is_remembered() -> None:
    api, memory = refusing(), Memory()
    await edit(api, BOTH.id, FIELDS, memory)
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]
    assert memory.refused
    again = account()
    await edit(again, BOTH.id, FIELDS, memory)
    assert [call.name for call in again.calls] == ["get_user", "put_user"]


async def test_a_404_for_somebody_who_is_there_means_no_patch() -> None:
    api, memory = account(), Memory()
    api.fail_next(NotFound("No such call.", status=404), name="patch_user")
    await edit(api, BOTH.id, FIELDS, memory)
    assert [call.name for call in api.calls] == ["patch_user", "get_user", "put_user"]
    assert memory.refused


async def test_a_404_for_somebody_who_is_gone_is_told_and_teaches_nothing() -> None:
    api, memory = account(), Memory()
    with pytest.raises(NotFound):
        await edit(api, "nobody", FIELDS, memory)
    assert not memory.refused
    assert not api.asked("put_user")


@pytest.mark.parametrize("error", [OutcomeUnknown("Lost."), Unreachable("Down."), RequestRejected("No.", status=400)])
async def test_an_edit_that_failed_is_not_tried_in_another_way(error: ApiError) -> None:
    api, memory = account(), Memory()
    api.fail_next(error, name="patch_user")
    with pytest.raises(type(error)):
        await edit(api, BOTH.id, FIELDS, memory)
    assert [call.name for call in api.calls] == ["patch_user"]
    assert not memory.refused


async def test_a_put_whose_answer_is_lost_is_not_sent_again() -> None:
    api = refusing()
    api.fail_next(OutcomeUnknown("Lost."), name="put_user")
    with pytest.raises(OutcomeUnknown):
        await edit(api, BOTH.id, FIELDS)
    assert len(api.asked("put_user")) == 1


async def test_a_server_that_takes_neither_says_so() -> None:
    api, memory = refusing(), Memory()
    api.fail_next(MethodRefused("No such call (405).", status=405), name="put_user")
    with pytest.raises(MethodRefused):
        await edit(api, BOTH.id, FIELDS, memory)
    assert not memory.refused


async def test_what_others_did_a_moment_ago_is_in_the_body() -> None:
    api = refusing()
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, role="Admin", groups=("g3",)))
    await edit(api, BOTH.id, FIELDS)
    assert (api.now(BOTH.id).role, api.now(BOTH.id).groups, api.now(BOTH.id).status) == ("Admin", ("g3",), "inactive")


# ------------------------------------------------------------ records that tell only parts


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"groups", "role", "first_name", "last_name", "external_id"}])
async def test_what_a_record_lacks_is_taken_from_another_answer(unread: set[str]) -> None:
    api = refusing()
    api.unread = unread
    await edit(api, BOTH.id, FIELDS)
    assert api.now(BOTH.id).groups == BOTH.groups
    assert api.asked("put_user") == [(BOTH.id, {**encode_user(BOTH), "status": "inactive"})]


@pytest.mark.parametrize("unread", [{"groups"}, {"role"}, {"email"}])
async def test_a_record_that_nobody_tells_whole_is_not_put_back(unread: set[str]) -> None:
    api = refusing()
    api.unread, api.lean = unread, True
    with pytest.raises(RequestRejected) as caught:
        await edit(api, BOTH.id, FIELDS)
    assert unread.pop() in caught.value.message
    assert not api.writes


async def test_a_name_that_was_known_is_not_cleared(tmp_path: Path) -> None:
    api = refusing()
    api.unread, api.lean = {"first_name"}, True
    async with open_session(api) as session:
        await session.mirror.save_user(BOTH, 0)
        with pytest.raises(RequestRejected):
            await UserUpdater(session, Memory()).edit(BOTH.id, FIELDS)
    assert not api.writes


async def test_a_server_that_leaves_out_what_is_empty_can_be_edited() -> None:
    bare = User("bare", email="bare@example.com", role="Viewer", status="active", groups=())
    api = refusing(bare)
    await edit(api, "bare", FIELDS)
    assert api.now("bare").status == "inactive"


async def test_without_a_local_copy_edits_go_on() -> None:
    api, mirror = refusing(), BrokenMirror()
    mirror.broken = True
    async with open_session(api, mirror=mirror) as session:
        await UserUpdater(session, Memory()).edit(BOTH.id, FIELDS)
    assert api.now(BOTH.id).status == "inactive"


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
    async with open_session(api) as session:
        await session.mirror.save_user(user, 0)
        try:
            await UserUpdater(session, Memory()).edit(user.id, {"status": status})
        except ApiError:
            assert encode_user(api.now(user.id)) == before
            return
    after = encode_user(api.now(user.id))
    assert altered(before, after, FIELDS) == ()
    assert after["status"] == status
    assert {name: value for name, value in before.items() if name not in {"status", "updatedAt"} and value} == {
        name: after.get(name) for name, value in before.items() if name not in {"status", "updatedAt"} and value
    }


# ------------------------------------------------------------ within a job


async def test_a_job_on_such_a_server_costs_one_refusal_only(tmp_path: Path) -> None:
    api, memory = refusing(), Memory()
    async with executing(api, tmp_path, memory=memory) as desk:
        job = await desk.run(desk.offboarding(0, 1, 2, 5, 6, 7))
        assert job.clean
    assert len(api.asked("patch_user")) == 1
    assert memory.refused


async def test_a_put_that_changed_more_than_was_asked_needs_review(tmp_path: Path) -> None:
    api = refusing()
    api.meanwhile("put_user", lambda: api.meanwhile("get_user", lambda: api.edit(BOTH.id, role="Viewer")))
    async with executing(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert said(job) == [("needs review", "was active, is inactive; but these fields changed with it: role")]
    assert job.steps[0].changed


async def test_a_put_whose_answer_is_lost_is_looked_up(tmp_path: Path) -> None:
    api = refusing()
    api.lose_answer(name="put_user")
    async with executing(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE, RemoveMember(BOTH.id, group("g1"))]))
    assert said(job)[0] == ("done", "no usable answer came; the change was there when read again")
    assert len(api.asked("put_user")) == 1
    assert api.now(BOTH.id).groups == ("g2",)


async def test_a_status_that_cannot_be_set_safely_fails_and_says_why(tmp_path: Path) -> None:
    api = refusing()
    api.unread, api.lean = {"role"}, True
    async with executing(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert job.steps[0].state.value == "failed"
    assert "lacks role" in job.steps[0].detail
    assert not api.writes


async def test_cut_off_between_the_refusal_and_the_replacement_nothing_is_in_doubt(tmp_path: Path) -> None:
    api = refusing()
    api.meanwhile("patch_user", lambda: api.fail_next(Unreachable("Down."), name="get_user"))
    async with executing(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert said(job) == [("done", "was active, is inactive")]
    assert len(api.writes) == 1
