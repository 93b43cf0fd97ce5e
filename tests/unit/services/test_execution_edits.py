"""Executing edits and deletions of users."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.executor_bench import BOTH, GROUPS, account, open_executor, outcomes_of, states_of
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, PermissionRefused, RequestRejected, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job, JobState, OutcomeReason
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.bulk_planner import BulkPlanner
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.events import UserForgotten

FIRST = BOTH.first_name if isinstance(BOTH.first_name, str) else ""
EDIT = UpdateUser(BOTH.id, (FieldChange("first_name", FIRST, "Ann"), FieldChange("role", BOTH.role, "Admin")))
DELETE = DeleteUser(BOTH.id)
GONE_ALREADY = "already gone: nothing was sent"


async def run(api: FakeDirectory, folder: Path, *changes: Change, strict: bool = False) -> Job:
    """The job that these changes come to."""
    async with open_executor(api, folder) as desk:
        return await desk.run(desk.plan(changes, strict=strict))


def exists(api: FakeDirectory) -> bool:
    """True if the server still has the user."""
    return any(isinstance(user, User) and user.id == BOTH.id for user in api.users)


# ------------------------------------------------------------ edits


@pytest.mark.parametrize("patch_refused", [False, True])
async def test_an_edit_is_one_call_and_leaves_all_else(tmp_path: Path, *, patch_refused: bool) -> None:
    api = account()
    api.edit(BOTH.id, extra={"lastLogin": "yesterday", "nested": {"a": [1]}})
    before = api.now(BOTH.id)
    api.patch_refused = patch_refused
    job = await run(api, tmp_path, EDIT, strict=True)
    assert outcomes_of(job) == [("done", f"first name was {FIRST}, is Ann; role was {BOTH.role}, is Admin")]
    assert job.steps[0].as_planned
    after = api.now(BOTH.id)
    assert after._replace(updated_at_ms=before.updated_at_ms) == before._replace(first_name="Ann", role="Admin")
    assert len(api.writes) == 1


async def test_an_edit_that_others_made_already_sends_nothing(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, first_name="Ann", role="Admin")
    job = await run(api, tmp_path, EDIT, strict=True)
    assert (states_of(job), job.steps[0].changed, api.writes) == (["done"], False, [])


async def test_a_field_with_a_third_value_is_a_conflict_and_nothing_is_sent(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, first_name="Theirs")
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([EDIT], strict=True))
        assert outcomes_of(job) == [
            ("skipped", f"the first name is Theirs now, not {FIRST}: changed since, left unchanged")
        ]
        assert (await desk.journal.job(job.id)).steps[0].reason is OutcomeReason.CONFLICT
    assert not api.writes


async def test_a_conflict_after_a_lost_answer_reports_what_the_attempt_changed(tmp_path: Path) -> None:
    api = account()
    api.lose_answer()
    api.meanwhile("patch_user", lambda: api.meanwhile("get_user", lambda: api.edit(BOTH.id, first_name="Theirs")))
    job = await run(api, tmp_path, EDIT, strict=True)
    detail = f"the first name is Theirs now, not {FIRST}: changed since, left unchanged"
    more = "an earlier attempt took effect, and its other values are there"
    assert outcomes_of(job) == [("needs review", f"{detail}; {more}")]
    assert (job.steps[0].reason, job.steps[0].changed) == (OutcomeReason.CONFLICT, True)
    assert (api.now(BOTH.id).first_name, api.now(BOTH.id).role) == ("Theirs", "Admin")


async def test_a_field_that_already_has_the_new_value_is_no_conflict(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, first_name="Ann", last_name="Theirs")
    job = await run(api, tmp_path, EDIT, strict=True)
    assert states_of(job) == ["done"]
    assert (api.now(BOTH.id).role, api.now(BOTH.id).last_name) == ("Admin", "Theirs")


async def test_an_unknown_old_value_that_is_still_unknown_may_be_set(tmp_path: Path) -> None:
    api = account()
    api.unread, api.lean = {"first_name"}, True
    edit = UpdateUser(BOTH.id, (FieldChange("first_name", UNKNOWN, "Ann"),))
    job = await run(api, tmp_path, edit, strict=True)
    # It cannot be verified either.
    assert outcomes_of(job) == [("needs review", "accepted, could not be verified")]
    assert api.now(BOTH.id).first_name == "Ann"


async def test_an_old_value_that_cannot_be_read_any_more_is_not_overwritten(tmp_path: Path) -> None:
    api = account()
    api.unread, api.lean = {"first_name"}, True
    assert states_of(await run(api, tmp_path, EDIT, strict=True)) == ["needs review"]
    assert not api.writes


async def test_a_refusal_keeps_the_reasons_by_field(tmp_path: Path) -> None:
    api = account()
    api.fail_next(RequestRejected("Bad values.", status=422, fields={"role": "unknown role"}), name="patch_user")
    job = await run(api, tmp_path, EDIT)
    assert outcomes_of(job) == [("failed", "Bad values.")]
    assert job.steps[0].refusals == {"role": "unknown role"}


async def test_an_edit_that_did_nothing_is_said_with_both_values(tmp_path: Path) -> None:
    api = account()
    api.inert = True
    job = await run(api, tmp_path, EDIT)
    both = f"the first name is {FIRST}, not Ann; the role is {BOTH.role}, not Admin"
    assert outcomes_of(job) == [("failed", f"the server accepted the change, but {both}")]
    assert not job.steps[0].changed


async def test_an_edit_of_which_a_part_was_applied_needs_review(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        real = api.patch_user

        async def ignoring_roles(user_id: str, fields: dict[str, str]) -> None:
            await real(user_id, {name: value for name, value in fields.items() if name != "role"})

        api.patch_user = ignoring_roles  # type: ignore[method-assign, assignment]
        job = await desk.run(desk.plan([EDIT]))
    assert outcomes_of(job) == [
        ("needs review", f"the server accepted the change, but the role is {BOTH.role}, not Admin")
    ]
    assert job.steps[0].changed


@pytest.mark.parametrize("executed", [True, False])
async def test_a_lost_answer_of_an_edit_is_read_back(tmp_path: Path, *, executed: bool) -> None:
    api = account()
    api.lose_answer(executed=executed, name="patch_user")
    job = await run(api, tmp_path, EDIT, strict=True)
    assert states_of(job) == ["done"]
    assert job.steps[0].attempts == (1 if executed else 2)
    assert len(api.writes) == 1


async def test_an_email_that_the_server_lowers_is_the_same_email(tmp_path: Path) -> None:
    api = account()
    edit = UpdateUser(BOTH.id, (FieldChange("email", BOTH.email, "Ann@Example.com"),))
    api.meanwhile("get_user", lambda: None)
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, email="ann@example.com"))
    assert states_of(await run(api, tmp_path, edit)) == ["done"]


async def test_an_email_of_which_only_the_case_should_change_is_compared_exactly(tmp_path: Path) -> None:
    api = account()
    api.inert = True
    upper = BOTH.email.upper() if isinstance(BOTH.email, str) else ""
    job = await run(api, tmp_path, UpdateUser(BOTH.id, (FieldChange("email", BOTH.email, upper),)))
    assert states_of(job) == ["failed"]


# ------------------------------------------------------------ deletions


async def test_a_deletion_journals_the_whole_record_first_and_verifies_with_a_404(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, extra={"lastLogin": "yesterday"})
    whole = api.now(BOTH.id)
    async with open_executor(api, tmp_path) as desk:
        await desk.session.mirror.save_user(whole, desk.time())
        events: list[object] = []
        desk.session.events.subscribe(events.append)
        job = await desk.run(desk.plan([DELETE]))
        assert outcomes_of(job) == [("done", "deleted")]
        assert job.steps[0].as_planned
        assert (await desk.journal.job(job.id)).steps[0].before == whole
        assert await desk.session.mirror.user(BOTH.id) is None
        assert any(isinstance(event, UserForgotten) for event in events)
    assert not exists(api)
    assert [call.name for call in api.calls] == ["get_user", "delete_user", "get_user"]


async def test_a_deletion_keeps_what_only_earlier_answers_contained(tmp_path: Path) -> None:
    api = account()
    api.unread = {"groups"}
    async with open_executor(api, tmp_path) as desk:
        await desk.session.mirror.save_user(BOTH, desk.time())
        job = await desk.run(desk.plan([DELETE]))
    assert job.steps[0].before == BOTH


async def test_a_user_who_is_already_gone_is_not_deleted_again(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = desk.plan([DELETE])
        api.remove(BOTH.id)
        job = await desk.run(plan)
    assert outcomes_of(job) == [("done", GONE_ALREADY)]
    assert not job.steps[0].changed
    assert not api.asked("delete_user")


async def test_a_404_of_the_deletion_is_no_change_and_is_not_sent_again(tmp_path: Path) -> None:
    api = account()
    api.meanwhile("delete_user", lambda: api.remove(BOTH.id))
    job = await run(api, tmp_path, DELETE)
    assert outcomes_of(job) == [("done", "was already gone when it was sent")]
    assert not job.steps[0].changed
    assert len(api.asked("delete_user")) == 1


@pytest.mark.parametrize("error", [NotFound("No such call.", status=404), MethodRefused("No such call.", status=405)])
async def test_a_server_without_the_call_fails_the_deletion(tmp_path: Path, error: ApiError) -> None:
    api = account()
    api.fail_next(error, name="delete_user")
    assert outcomes_of(await run(api, tmp_path, DELETE)) == [("failed", "No such call.")]
    assert exists(api)


async def test_a_deletion_that_did_nothing_failed(tmp_path: Path) -> None:
    api = account()
    api.inert = True
    job = await run(api, tmp_path, DELETE)
    assert outcomes_of(job) == [("failed", "the server accepted the deletion, and the user is still there")]


async def test_a_deletion_that_only_deactivated_is_said(tmp_path: Path) -> None:
    api = account()
    api.deletion_deactivates = True
    job = await run(api, tmp_path, DELETE)
    assert outcomes_of(job) == [
        (
            "needs review",
            "the server accepted the deletion and only set the status to inactive: the user still exists",
        )
    ]
    assert job.steps[0].changed


async def test_a_deletion_that_can_be_read_late_is_verified(tmp_path: Path) -> None:
    api = account()
    api.stale_reads = 1
    assert outcomes_of(await run(api, tmp_path, DELETE)) == [("done", "deleted")]


async def test_a_lost_answer_of_a_deletion_is_read_back(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(name="delete_user")
    job = await run(api, tmp_path, DELETE)
    assert outcomes_of(job) == [("done", "no usable answer came; the change was there when read again")]
    assert job.steps[0].changed


async def test_a_deletion_that_did_not_happen_is_sent_again_after_a_look(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(executed=False, name="delete_user")
    job = await run(api, tmp_path, DELETE)
    assert (states_of(job), job.steps[0].attempts) == (["done"], 2)


async def test_a_deletion_that_took_effect_late_is_a_change(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(executed=False, name="delete_user")
    api.meanwhile("delete_user", lambda: None)
    api.meanwhile("delete_user", lambda: api.remove(BOTH.id))
    job = await run(api, tmp_path, DELETE)
    assert outcomes_of(job) == [("done", "an earlier attempt took effect; the change was there when read again")]
    assert job.steps[0].changed


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_interrupted_deletion_is_read_back(tmp_path: Path, *, arrived: bool) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.executor.submit(desk.plan([DELETE]))
        await desk.journal.claim(job.id)
        await desk.journal.intend(job.id, 1, BOTH, desk.time())
        await desk.journal.release(job.id, JobState.INTERRUPTED)
        if arrived:
            api.remove(BOTH.id)
        job = await desk.resume(job)
    assert (states_of(job), job.steps[0].changed) == (["done"], True)
    assert len(api.asked("delete_user")) == (0 if arrived else 1)


@pytest.mark.parametrize("bulk", [True, False])
async def test_a_user_whom_others_changed_after_the_plan_was_made_is_not_deleted(tmp_path: Path, *, bulk: bool) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        if bulk:
            plan = await BulkPlanner(desk.session).delete([BOTH.id])
        else:
            plan = await EditPlanner(desk.session).delete(BOTH.id)
        api.edit(BOTH.id, status="pending")
        job = await desk.run(plan)
    assert [record.reason for record in job.steps] == [OutcomeReason.CONFLICT]
    assert states_of(job) == ["skipped"]
    assert not api.writes


async def test_steps_after_a_deletion_find_nobody(tmp_path: Path) -> None:
    api = account()
    job = await run(api, tmp_path, DELETE, RemoveMember(BOTH.id, Group("g1", None)))
    assert outcomes_of(job) == [("done", "deleted"), ("failed", "there is no such user any more")]


@pytest.mark.parametrize(
    ("granted", "wished", "missing"), [("users:write", DELETE, "users:delete"), ("users:delete", EDIT, "users:write")]
)
async def test_a_deletion_needs_a_scope_of_its_own(tmp_path: Path, granted: str, wished: Change, missing: str) -> None:
    api = account()
    api.granted = frozenset({"users:read", granted})
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(PermissionRefused) as caught:
            await desk.run(desk.plan([wished]))
        assert caught.value.scope == missing
        assert not api.calls
        other = EDIT if wished is DELETE else DELETE
        assert states_of(await desk.run(desk.plan([other]))) == ["done"]


async def test_an_outage_before_a_deletion_is_waited_out(tmp_path: Path) -> None:
    api = account()
    api.fail_next(Unreachable("No route."), name="delete_user")
    assert states_of(await run(api, tmp_path, DELETE)) == ["done"]


# ------------------------------------------------------------ steps that name their user by email


JOIN = AddMember(BOTH.id, GROUPS[2])


async def run_named(api: FakeDirectory, folder: Path, *changes: Change, email: str | None) -> Job:
    """The job of steps that are sent only if the user has this email."""
    async with open_executor(api, folder) as desk:
        plan = desk.plan(changes)
        return await desk.run(replace(plan, steps=tuple(replace(step, email=email) for step in plan.steps)))


async def test_a_step_for_an_email_that_the_user_has_no_more_is_not_sent(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, email="other@example.com")
    job = await run_named(api, tmp_path, EDIT, JOIN, email=str(BOTH.email))
    detail = f"the user has another email now, other@example.com, not {BOTH.email}: nothing was sent"
    assert outcomes_of(job) == [("skipped", detail)] * 2
    assert {record.reason for record in job.steps} == {OutcomeReason.CONFLICT}
    assert not job.clean
    assert not api.writes


async def test_a_step_for_an_email_that_was_removed_is_not_sent(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, email=None)
    job = await run_named(api, tmp_path, JOIN, email=str(BOTH.email))
    assert outcomes_of(job) == [("skipped", f"the user has no email now, not {BOTH.email}: nothing was sent")]
    assert not api.writes


async def test_a_step_for_an_email_that_differs_in_case_is_sent(tmp_path: Path) -> None:
    api = account()
    job = await run_named(api, tmp_path, EDIT, JOIN, email=str(BOTH.email).upper())
    assert states_of(job) == ["done", "done"]


@pytest.mark.parametrize(("stale_reads", "state"), [(1, "done"), (2, "needs review")])
async def test_a_change_without_an_answer_is_not_sent_again_to_another_email(
    tmp_path: Path, stale_reads: int, state: str
) -> None:
    api = account()
    api.lose_answer()
    api.stale_reads = stale_reads
    api.meanwhile("add_member", lambda: api.edit(BOTH.id, email="other@example.com"))
    job = await run_named(api, tmp_path, JOIN, email=str(BOTH.email))
    assert states_of(job) == [state]
    assert len(api.writes) == 1
