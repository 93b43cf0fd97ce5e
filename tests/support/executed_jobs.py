"""Executed jobs without the executor: a plan applied step by step to a fake account."""

from collections.abc import Iterable
from dataclasses import replace

from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus as Status
from walkme_tui.domain.errors import ApiError, NotFound
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, Step, StepState
from walkme_tui.domain.users import User

ACTOR = Actor("ada", "jump-host", "client-7")
JOB_ID = "20270115-bcdf"
SETTLED_MS = 1_800_000_060_000


def job_of(plan: Plan, records: Iterable[StepRecord] | None = None, state: JobState = JobState.DONE) -> Job:
    """A job with these records; without any, one whose steps are all to do."""
    steps = tuple(StepRecord(step, StepState.TODO) for step in plan.steps) if records is None else tuple(records)
    settled = None if state.resumable else SETTLED_MS
    return Job(JOB_ID, state, plan, ACTOR, plan.created_at_ms, steps, settled)


async def executed_job(api: FakeDirectory, plan: Plan, *, upto: int | None = None) -> Job:
    """Apply the plan to the account, all of it or up to a step's number; then the job is interrupted."""
    records = []
    for step in plan.steps:
        if upto is not None and step.number > upto:
            records.append(StepRecord(step, StepState.TODO))
        else:
            records.append(await _done(api, step))
    state = JobState.DONE if all(record.state.settled for record in records) else JobState.INTERRUPTED
    return job_of(plan, records, state)


async def _done(api: FakeDirectory, step: Step) -> StepRecord:
    at_ms = SETTLED_MS + step.number * 1000
    try:
        before = await api.get_user(step.subject_id)
    except NotFound:
        return StepRecord(step, StepState.FAILED, "there is no such user any more", settled_at_ms=at_ms)
    if step.change.holds(before):
        return StepRecord(step, StepState.DONE, "already so", settled_at_ms=at_ms, before=before)
    if step.strict and step.change.as_planned(before) is False:
        return StepRecord(step, StepState.SKIPPED, "others changed it", settled_at_ms=at_ms, before=before)
    try:
        await _send(api, step.change)
    except ApiError as error:
        return StepRecord(step, StepState.NEEDS_REVIEW, error.message, False, 1, at_ms - 500, at_ms, before, before)
    after = await api.get_user(step.subject_id)
    return StepRecord(step, StepState.DONE, "verified", True, 1, at_ms - 500, at_ms, before, after)


async def _send(api: FakeDirectory, change: Change) -> None:
    if isinstance(change, Status):
        await api.patch_user(change.subject_id, {"status": change.after})
    elif isinstance(change, AddMember):
        await api.add_member(change.group.id, change.subject_id)
    elif isinstance(change, RemoveMember):
        await api.remove_member(change.group.id, change.subject_id)


def without_reads(job: Job) -> Job:
    """The same job without the users read before and after each step."""
    return replace(job, steps=tuple(replace(record, before=None, after=None) for record in job.steps))


def condition(user: User) -> tuple[object, set[str]]:
    """Status and groups of a user, the groups without order."""
    return user.status, set(user.groups) if isinstance(user.groups, tuple) else set()
