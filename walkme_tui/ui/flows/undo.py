"""Take a job back, or what was last changed of a user: the way back is a plan that is shown first."""

from functools import partial

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.domain.receipts import receipt
from walkme_tui.services.concurrency import Ended
from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.change_words import changed_something, done_of, email_of
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.offboard import NOBODY, Question, may_read, planned
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import review


async def undo_of_user(view: FlowContext, origin: Origin, user: MirroredUser | None) -> None:
    """Take back the last change of this user that can be taken back; others of the same job stay as they are."""
    if user is None:
        view.app.notify(NOBODY, markup=False)
        return
    change_services = await view.work.change_services()
    try:
        jobs = await change_services.journal.jobs(view.session.account.profile)
    except WalkmeError as error:
        report(view.app, error, doing="Reading the journal")
        return
    job = latest_undoable(jobs, user.user.id, view.session.account.base_url)
    if job is None:
        who = email_of(user.user)
        view.app.notify(f"Nothing that was changed of {who} from here can be taken back.", markup=False)
    elif len(job.plan.subjects) == 1:
        await undo_job(view, origin, job)
    else:
        await _review(view, origin, f"Undo for {email_of(user.user)}", lambda _: _for_one(view, job, user.user.id), 1)


async def undo_job(view: FlowContext, origin: Origin, job: Job) -> None:
    """Show the way back from a whole job."""
    title = f"Undo the {done_of(job)[:1].lower()}{done_of(job)[1:]}"
    people = len(job.changed_people)
    if await may_read(view, origin, title, people):
        await _review(view, origin, title, partial(_for_all, view, job), people)


def latest_undoable(jobs: tuple[Job, ...], user_id: str, base_url: str) -> Job | None:
    """The newest job that changed this user and was not taken back since; ``jobs`` are newest first."""
    undone: set[str] = set()
    for job in jobs:
        if job.purged_at_ms is not None or job.plan.base_url != base_url:
            continue
        changed = any(map(changed_something, job.records_of(user_id)))
        if job.plan.kind is PlanKind.UNDO:
            if changed and job.plan.undoes is not None:
                undone.add(job.plan.undoes)
        elif changed and job.id not in undone:
            return job
    return None


async def _review(view: FlowContext, origin: Origin, title: str, question: Question, people: int) -> None:
    plan = await planned(view, title, question, people)
    if plan is None:
        return
    if plan.steps or plan.left_out:
        await review(view, origin, plan)
    else:
        view.app.notify(f"{title}: there is nothing to take back.", markup=False)


async def _for_all(view: FlowContext, job: Job, ended: Ended) -> Plan:
    change_services = await view.work.change_services()
    return await change_services.planner.undo(await change_services.journal.job(job.id), ended)


async def _for_one(view: FlowContext, job: Job, user_id: str) -> Plan:
    change_services = await view.work.change_services()
    subject = next(subject for subject in job.plan.subjects if subject.user.id == user_id)
    now_ms = view.session.clock()
    return await change_services.planner.undo_receipt(receipt(job, subject, view.session.account, now_ms, None))
