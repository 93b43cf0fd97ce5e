"""Executing plans: order, states, texts, and what is refused before anything is sent."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.executor_bench import (
    ACTIVE,
    BOTH,
    USER,
    ExecutorBench,
    account,
    group,
    open_executor,
    outcomes_of,
    states_of,
)
from tests.support.fake_directory import FakeDirectory, person
from tests.support.journals import ACTOR
from tests.support.sessions import BrokenMirror, until
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import (
    AccountBusy,
    ApiError,
    ConfigurationError,
    Conflict,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    PermissionRefused,
    PlanTooLarge,
    RateLimited,
    ReadOnlyRefused,
    RequestRejected,
    SignInRefused,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job, JobState, OutcomeReason
from walkme_tui.domain.plans import MAX_STEPS_PER_USER, Plan
from walkme_tui.domain.users import User
from walkme_tui.services.changes.executor import USERS_A_PLACE, Executor
from walkme_tui.services.changes.outage_gate import MAX_SKIPPED
from walkme_tui.services.changes.step_runner import MAX_REFUSALS
from walkme_tui.services.events import UserForgotten, UserStored

DEACTIVATE = SetStatus(BOTH.id, "active", "inactive")
LEAVE = RemoveMember(BOTH.id, group("g1"))
JOIN = AddMember(BOTH.id, group("g3"))


async def run_changes(api: FakeDirectory, folder: Path, *changes: Change, strict: bool = False) -> Job:
    """The job that executed these changes."""
    async with open_executor(api, folder) as desk:
        return await desk.run(desk.plan(changes, strict=strict))


# ------------------------------------------------------------ requests


async def test_a_user_is_read_once_and_read_back_after_each_write(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.offboarding(7))
    assert job.state is JobState.DONE
    assert outcomes_of(job) == [
        ("done", "was active, is inactive"),
        ("done", "left Sales"),
        ("done", "left Support"),
    ]
    assert [call.name for call in api.calls] == [
        "get_user",
        "patch_user",
        "get_user",
        "remove_member",
        "get_user",
        "remove_member",
        "get_user",
    ]
    assert (api.now(BOTH.id).status, api.now(BOTH.id).groups) == ("inactive", ())


async def test_a_step_keeps_the_user_before_and_after(tmp_path: Path) -> None:
    api = account()
    (step,) = (await run_changes(api, tmp_path, DEACTIVATE)).steps
    assert isinstance(step.before, User)
    assert isinstance(step.after, User)
    assert (step.before.status, step.after.status, step.changed, step.attempts) == ("active", "inactive", True, 1)
    assert step.before == BOTH


async def test_the_steps_of_each_of_many_users_are_executed_in_order(tmp_path: Path) -> None:
    api = account(60)
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(*range(60))
        job = await desk.run(plan)
    assert job.clean
    for subject in plan.subjects:
        mine = [write.name for write in api.writes if subject.user.id in write.arguments]
        steps = plan.steps_of(subject.user.id)
        assert mine == ["patch_user" if isinstance(step.change, SetStatus) else "remove_member" for step in steps]
    assert len(api.asked("get_user")) == len(plan.subjects) + len(plan.steps)


async def test_users_are_changed_concurrently_after_a_first_step_succeeded(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        gate = api.hold("remove_member")
        running = asyncio.create_task(desk.run(desk.offboarding(5, 1, 2, 6, 7)))
        await until(lambda: len(api.asked("remove_member")) == 3)
        first = [call.arguments[0] for call in api.calls][:3]
        assert first == [person(5).id] * 3
        gate.set()
        assert (await running).clean


async def test_a_change_that_already_holds_succeeds_without_a_request(tmp_path: Path) -> None:
    api = account()
    job = await run_changes(
        api,
        tmp_path,
        SetStatus(USER.id, "active", "inactive"),
        RemoveMember(USER.id, group("g3")),
        AddMember(USER.id, group("g1")),
    )
    assert outcomes_of(job) == [
        ("done", "already inactive: nothing was sent"),
        ("done", "already out of Beta: nothing was sent"),
        ("done", "already in Sales: nothing was sent"),
    ]
    assert not any(record.changed or record.attempts for record in job.steps)
    assert job.clean
    assert [call.name for call in api.calls] == ["get_user"]


async def test_a_plan_whose_user_changed_since_is_executed_with_a_note(tmp_path: Path) -> None:
    api = account()
    api.edit(BOTH.id, status="pending")
    job = await run_changes(api, tmp_path, DEACTIVATE)
    assert outcomes_of(job) == [("done", "was pending (the plan found active), is inactive")]
    assert job.steps[0].changed


async def test_a_strict_step_keeps_the_changes_of_others(tmp_path: Path) -> None:
    api = account()
    api.edit(ACTIVE.id, status="pending")
    job = await run_changes(
        api,
        tmp_path,
        SetStatus(ACTIVE.id, "inactive", "active"),
        AddMember(BOTH.id, group("g1")),
        SetStatus(BOTH.id, "inactive", "active"),
        RemoveMember(BOTH.id, group("g3")),
        strict=True,
    )
    assert outcomes_of(job) == [
        ("skipped", "the status is pending now, not inactive: changed since, left unchanged"),
        ("done", "the person was put into Sales since, left unchanged"),
        ("done", "the status was set to active since, left unchanged"),
        ("done", "the person was taken out of Beta since, left unchanged"),
    ]
    assert not api.writes
    assert not any(record.changed for record in job.steps)


async def test_a_strict_step_finds_a_missing_status_by_email(tmp_path: Path) -> None:
    api = account()
    api.unread = {"status"}
    job = await run_changes(api, tmp_path, SetStatus(BOTH.id, "active", "inactive"), strict=True)
    assert outcomes_of(job) == [("done", "was active, is inactive")]


async def test_a_strict_step_overwrites_no_unknown_status(tmp_path: Path) -> None:
    api = account()
    api.unread = {"status"}
    api.fail_next(RequestRejected("No look-ups.", status=400), name="find_user")
    job = await run_changes(api, tmp_path, SetStatus(BOTH.id, "inactive", "active"), strict=True)
    assert states_of(job) == ["needs review"]
    assert not api.writes


# ------------------------------------------------------------ reading back


async def test_an_answer_of_200_that_changed_nothing_is_a_failure(tmp_path: Path) -> None:
    api = account()
    api.inert = True
    job = await run_changes(api, tmp_path, DEACTIVATE, LEAVE)
    assert outcomes_of(job) == [("failed", "the server accepted it and changed nothing")] * 2
    assert job.state is JobState.DONE
    assert not job.clean


async def test_scim_that_changes_nothing_names_sso(tmp_path: Path) -> None:
    api = account()
    api.inert = True
    async with open_executor(api, tmp_path) as desk:
        desk.session = desk.session._replace(account=desk.session.account._replace(surface=Surface.SCIM))
        desk.executor = Executor(
            desk.session, desk.journal, ACTOR, sleep=desk.time.sleep, monotonic=desk.time.monotonic
        )
        job = await desk.run(replace(desk.plan([DEACTIVATE, LEAVE]), surface=Surface.SCIM))
    sso = "SCIM changes nothing while SSO is off: check SSO in the WalkMe Console"
    accepted = f"the server accepted it and changed nothing; {sso}"
    assert outcomes_of(job) == [("failed", accepted)] * 2
    assert [record.reason for record in job.steps] == [OutcomeReason.IGNORED] * 2


async def test_a_change_that_becomes_visible_later_is_verified(tmp_path: Path) -> None:
    api = account()
    api.stale_reads = 1
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE, LEAVE]))
        assert desk.time.pauses == [1.0, 1.0]
    assert states_of(job) == ["done", "done"]


async def test_groups_that_the_record_lacks_are_read_from_the_group(tmp_path: Path) -> None:
    api = account()
    api.unread = {"groups", "status"}
    job = await run_changes(api, tmp_path, DEACTIVATE, LEAVE)
    assert outcomes_of(job) == [("done", "is inactive"), ("done", "left Sales")]


async def test_a_result_that_cannot_be_read_needs_review(tmp_path: Path) -> None:
    api = account()
    api.unread, api.lean = {"groups"}, True
    job = await run_changes(api, tmp_path, LEAVE)
    assert outcomes_of(job) == [("needs review", "accepted, could not be verified")]
    api = account()
    api.unread, api.lean = {"groups"}, True
    api.lose_answer()
    job = await run_changes(api, tmp_path / "other", LEAVE)
    assert outcomes_of(job) == [
        ("needs review", "sent, no answer came, and the record does not show whether it happened")
    ]


async def test_a_read_back_publishes_events(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        heard: list[object] = []
        desk.session.events.subscribe(heard.append)
        await desk.run(desk.plan([DEACTIVATE, LEAVE]))
        assert heard == [UserStored(BOTH.id)] * 2
        kept = await desk.session.mirror.user(BOTH.id)
    assert kept is not None
    assert kept.user == api.now(BOTH.id)


async def test_a_mirror_without_space_does_not_stop_the_job(tmp_path: Path) -> None:
    mirror = BrokenMirror()
    mirror.full = True
    async with open_executor(account(), tmp_path, mirror=mirror) as desk:
        job = await desk.run(desk.offboarding(7))
    assert job.clean


# ------------------------------------------------------------ failed and lost writes


async def test_a_lost_answer_is_read_back(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(times=2)
    job = await run_changes(api, tmp_path, DEACTIVATE, LEAVE)
    assert outcomes_of(job) == [("done", "no usable answer came; the change was there when read again")] * 2
    assert [record.changed for record in job.steps] == [True, True]
    assert len(api.writes) == 2


async def test_a_request_that_was_not_sent_is_sent_again(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(executed=False, times=2)
    job = await run_changes(api, tmp_path, LEAVE)
    assert outcomes_of(job) == [("done", "left Sales")]
    assert job.steps[0].attempts == 3
    assert len(api.writes) == 1


async def test_a_step_is_sent_three_times_in_one_run_and_can_be_resumed(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(executed=False, times=3)
    async with open_executor(api, tmp_path) as desk:
        plan = desk.plan([LEAVE, JOIN, SetStatus(ACTIVE.id, "active", "inactive")])
        with pytest.raises(OutcomeUnknown):
            await desk.run(plan)
        job = await desk.only()
        assert job.state is JobState.INTERRUPTED
        assert states_of(job) == ["todo", "todo", "done"]
        assert len(api.asked("remove_member")) == job.steps[0].attempts == 3
        job = await desk.resume(job)
    assert states_of(job) == ["done"] * 3
    assert len(api.asked("remove_member")) == 4


async def test_a_service_that_answers_no_write_properly_stops_the_job(tmp_path: Path) -> None:
    api = account(40)
    api.lose_answer(executed=False, times=1000)
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(OutcomeUnknown):
            await desk.run(desk.plan([AddMember(person(number).id, group("g3")) for number in range(0, 40, 4)]))
        job = await desk.only()
    assert job.state is JobState.INTERRUPTED
    assert set(states_of(job)) == {"todo"}
    assert len(api.asked("add_member")) == 3 * (MAX_SKIPPED + 1)


async def test_a_write_that_is_refused_while_reads_work_is_retried_a_few_times(tmp_path: Path) -> None:
    api = account()
    api.fail_next(RateLimited("Too many."), times=1000, name="remove_member")
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(RateLimited):
            await desk.run(desk.plan([LEAVE]))
        job = await desk.only()
    assert (job.state, states_of(job)) == (JobState.INTERRUPTED, ["todo"])
    assert len(api.asked("remove_member")) == MAX_REFUSALS


async def test_a_change_that_arrives_late_counts_as_done_by_the_job(tmp_path: Path) -> None:
    """The read-back preceded the effect of the lost request; an undo must know that the change was ours."""
    api = account()
    api.lose_answer(executed=False)
    api.meanwhile("remove_member", lambda: None)
    api.meanwhile("remove_member", lambda: api.edit(BOTH.id, groups=("g2",)))
    job = await run_changes(api, tmp_path, LEAVE)
    assert outcomes_of(job) == [("done", "an earlier attempt took effect; the change was there when read again")]
    assert job.steps[0].changed


@pytest.mark.parametrize(
    "refusal",
    [
        RateLimited("Too many."),
        SignInRefused("The secret was refused.", status=401),
        PermissionRefused("Not now.", scope="users:write"),
    ],
)
async def test_an_attempt_without_an_answer_counts_after_a_later_one_that_was_not_sent(
    tmp_path: Path, refusal: ApiError
) -> None:
    api = account()
    api.lose_answer(executed=False, name="patch_user")
    api.meanwhile("patch_user", lambda: None)

    def refuse_and_let_the_first_arrive() -> None:
        api.fail_next(refusal, name="patch_user")
        api.edit(BOTH.id, status="inactive")

    api.meanwhile("patch_user", refuse_and_let_the_first_arrive)
    async with open_executor(api, tmp_path) as desk:
        try:
            job = await desk.run(desk.plan([DEACTIVATE]))
        except type(refusal):
            job = await desk.resume(await desk.only())
    assert outcomes_of(job) == [("done", "an earlier attempt took effect; the change was there when read again")]
    assert job.steps[0].changed


async def test_an_attempt_without_an_answer_is_read_back_when_a_later_one_is_refused(tmp_path: Path) -> None:
    api = account()
    api.lose_answer(executed=False, name="patch_user")
    api.meanwhile("patch_user", lambda: None)

    def refuse_and_let_the_first_arrive() -> None:
        api.fail_next(RequestRejected("Not twice.", status=400), name="patch_user")
        api.edit(BOTH.id, status="inactive")

    api.meanwhile("patch_user", refuse_and_let_the_first_arrive)
    job = await run_changes(api, tmp_path, DEACTIVATE)
    assert states_of(job) == ["done"]
    assert job.steps[0].changed


async def test_a_bug_in_one_step_stops_the_job_for_all_users(tmp_path: Path) -> None:
    api = account(120)
    people = [person(number) for number in range(0, 120, 4)]

    def strike() -> None:
        raise ValueError("a fault of the program")

    api.meanwhile("add_member", lambda: None)
    api.meanwhile("add_member", strike)
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(ValueError, match="a fault of the program"):
            await desk.run(desk.plan([AddMember(user.id, group("g3")) for user in people]))
        job = await desk.only()
        assert job.state is JobState.INTERRUPTED
        assert "sent" in states_of(job)
        # The first user, and at most those whose steps ran concurrently.
        assert len(api.writes) <= 1 + desk.session.max_in_flight * USERS_A_PLACE
        assert (await desk.resume(job)).clean


@pytest.mark.parametrize("error", [NotFound("No such member.", status=404), Conflict("Is one.", status=409)])
async def test_a_membership_that_already_holds_succeeds(tmp_path: Path, error: ApiError) -> None:
    api = account()
    api.meanwhile("remove_member", lambda: api.edit(BOTH.id, groups=("g2",)))
    api.fail_next(error, name="remove_member")
    job = await run_changes(api, tmp_path, LEAVE)
    assert outcomes_of(job) == [("done", "was already out of Sales when it was sent")]
    assert not job.steps[0].changed


async def test_a_missing_group_is_a_failure(tmp_path: Path) -> None:
    api = account()
    job = await run_changes(api, tmp_path, AddMember(BOTH.id, Group("g99", "Sales")))
    assert outcomes_of(job) == [("failed", "There is no such group.")]


async def test_a_deleted_user_fails_once_and_the_other_steps_are_skipped(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        heard: list[object] = []
        await desk.session.mirror.save_user(BOTH, 0)
        desk.session.events.subscribe(heard.append)
        plan = desk.offboarding(6, 7)
        api.remove(BOTH.id)
        job = await desk.run(plan)
        assert UserForgotten(BOTH.id, BOTH) in heard
        assert await desk.session.mirror.user(BOTH.id) is None
    gone = "there is no such user any more"
    assert outcomes_of(job)[-3:] == [("failed", gone), ("skipped", gone), ("skipped", gone)]
    assert states_of(job)[:2] == ["done", "done"]


async def test_a_user_who_is_deleted_during_the_job_is_reported(tmp_path: Path) -> None:
    api = account()
    api.meanwhile("remove_member", lambda: api.remove(BOTH.id))
    job = await run_changes(api, tmp_path, DEACTIVATE, LEAVE, JOIN)
    assert states_of(job) == ["done", "failed", "skipped"]
    assert job.steps[1].attempts == 1


@pytest.mark.parametrize(
    ("change", "state"),
    [(SetStatus(BOTH.id, "inactive", "pending"), "needs review"), (DEACTIVATE, "failed"), (LEAVE, "failed")],
)
async def test_a_refused_step_is_reported_and_the_next_one_is_executed(
    tmp_path: Path, change: Change, state: str
) -> None:
    api = account()
    api.fail_next(RequestRejected("Not on a Sunday.", status=400), name="patch_user")
    api.fail_next(RequestRejected("Not on a Sunday.", status=400), name="remove_member")
    job = await run_changes(api, tmp_path, change, JOIN)
    assert states_of(job) == [state, "done"]
    assert "Not on a Sunday." in job.steps[0].detail


async def test_a_missing_permission_stops_the_job(tmp_path: Path) -> None:
    api = account()
    api.forbidden = True
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(PermissionRefused):
            await desk.run(desk.offboarding(6, 7))
        job = await desk.only()
        assert job.state is JobState.INTERRUPTED
        assert sorted(states_of(job)) == ["refused", "todo", "todo", "todo", "todo"]
        api.forbidden = False
        job = await desk.resume(job)
    assert job.state is JobState.DONE
    assert sorted(states_of(job)) == ["done"] * 4 + ["refused"]


async def test_a_refused_sign_in_stops_the_job_and_fails_no_step(tmp_path: Path) -> None:
    api = account()
    api.fail_next(SignInRefused("The secret was refused.", status=401), name="remove_member")
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(SignInRefused):
            await desk.run(desk.offboarding(7))
        job = await desk.only()
        assert (job.state, states_of(job)) == (JobState.INTERRUPTED, ["done", "todo", "todo"])
        assert (await desk.resume(job)).clean


async def test_a_refused_sign_in_during_a_read_back_leaves_the_step_sent(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:

        def refuse() -> None:
            api.fail_next(SignInRefused("The secret was refused.", status=401), name="get_user")

        api.meanwhile("patch_user", refuse)
        with pytest.raises(SignInRefused):
            await desk.run(desk.plan([DEACTIVATE, LEAVE]))
        job = await desk.only()
        assert states_of(job) == ["sent", "todo"]
        job = await desk.resume(job)
    assert outcomes_of(job)[0] == ("done", "interrupted after it was sent; the change was there when read again")
    assert len(api.asked("patch_user")) == 1


async def test_a_call_that_the_server_lacks_is_a_failure(tmp_path: Path) -> None:
    api = account()
    api.fail_next(MethodRefused("No such call (405).", status=405), name="remove_member")
    job = await run_changes(api, tmp_path, LEAVE, JOIN)
    assert outcomes_of(job) == [("failed", "No such call (405)."), ("done", "joined Beta")]


async def test_a_user_that_cannot_be_read_is_not_changed(tmp_path: Path) -> None:
    api = account()
    api.fail_next(RequestRejected("No.", status=400), name="get_user")
    job = await run_changes(api, tmp_path, DEACTIVATE)
    assert outcomes_of(job) == [("failed", "could not be read, so nothing was sent: No.")]
    assert not api.asked("patch_user")


# ------------------------------------------------------------ refused before anything is sent


async def refused(desk: ExecutorBench, plan: Plan) -> type[Exception]:
    """The errors of submitting the plan, and of running it as a job that was stored anyway."""
    raised = []
    slipped = await desk.journal.create(plan, ACTOR)
    for attempt in (desk.executor.submit(plan), desk.resume(slipped)):
        try:
            await attempt
        except Exception as error:  # noqa: BLE001 - the test compares it
            raised.append(type(error))
    assert len(raised) == 2
    assert raised[0] is raised[1]
    assert not desk.api.calls
    assert (await desk.journal.job(slipped.id)).state is JobState.READY
    return raised[0]


async def test_a_read_only_session_sends_nothing(tmp_path: Path) -> None:
    async with open_executor(account(), tmp_path) as desk:
        locked = desk.session._replace(account=desk.session.account._replace(read_only=True))
        desk.executor = Executor(locked, desk.journal, ACTOR)
        assert await refused(desk, desk.offboarding(7)) is ReadOnlyRefused


@pytest.mark.parametrize("other", [{"profile": "other"}, {"base_url": "https://other.test"}, {"surface": Surface.SCIM}])
async def test_a_plan_of_another_account_or_surface_is_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    async with open_executor(account(), tmp_path) as desk:
        changed = replace(desk.offboarding(7), **other)
        assert await refused(desk, changed) is ConfigurationError


async def test_a_plan_with_too_many_steps_for_one_user_sends_nothing(tmp_path: Path) -> None:
    async with open_executor(account(), tmp_path) as desk:
        changes = [AddMember(BOTH.id, Group(f"many-{number}", None)) for number in range(MAX_STEPS_PER_USER + 1)]
        assert await refused(desk, desk.plan(changes)) is PlanTooLarge


async def test_a_token_that_may_only_read_sends_nothing(tmp_path: Path) -> None:
    api = account()
    api.granted = frozenset({"users:read"})
    async with open_executor(api, tmp_path) as desk:
        assert await refused(desk, desk.offboarding(7)) is PermissionRefused


async def test_the_scopes_of_a_token_from_the_first_read_are_checked_too(tmp_path: Path) -> None:
    api = account()
    api.granted = None
    api.meanwhile("get_user", lambda: setattr(api, "granted", frozenset({"users:read"})))
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(PermissionRefused) as caught:
            await desk.run(desk.offboarding(7))
        assert caught.value.scope == "users:write"
        assert states_of(await desk.only()) == ["todo"] * 3
    assert [call.name for call in api.calls] == ["get_user"]


async def test_a_finished_job_is_not_executed_again(tmp_path: Path) -> None:
    async with open_executor(account(), tmp_path) as desk:
        job = await desk.run(desk.offboarding(7))
        with pytest.raises(NotFound):
            await desk.resume(job)


async def test_two_jobs_never_change_one_user_at_once(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        first, second = await desk.executor.submit(desk.offboarding(7)), await desk.executor.submit(desk.offboarding(7))
        await desk.journal.claim(first.id)
        with pytest.raises(AccountBusy):
            await desk.resume(second)
        assert not api.calls
        await desk.journal.release(first.id, JobState.INTERRUPTED)
        assert (await desk.resume(second)).clean
        assert outcomes_of(await desk.resume(first))[0] == ("done", "already inactive: nothing was sent")
