"""Undo what was last changed of a user or a group."""

from collections.abc import Sequence

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.domain.receipts import receipt
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.ui.change_words import changed_something, email_of, group_words
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import review_undo, undo_job
from walkme_tui.ui.words import NO_USER


async def undo_of_user(view: FlowContext, origin: Origin, user: MirroredUser | None) -> None:
    """Undo the last change of this user that can be undone; other users of the same job stay as they are."""
    if user is None:
        view.app.notify(NO_USER, markup=False)
        return
    jobs = await _jobs_about(view, user.user.id)
    if jobs is None:
        return
    email = email_of(user.user)
    account = view.session.account
    job = latest_undoable(jobs, user.user.id, account)
    if job is None:
        text = f"There is no change of {email} in the journal that can be undone."
        there = (account._replace(surface=each.plan.surface, base_url=each.plan.base_url) for each in jobs)
        if any(latest_undoable(jobs, user.user.id, other) for other in {*there} - {account}):
            text = f"What was changed of {email} was changed on the other surface: C switches to it."
        view.app.notify(text, markup=False, timeout=8)
        return
    whole = await (await view.job_tasks.change_services()).journal.summary(job.id)
    if whole.subjects == 1:
        await undo_job(view, origin, whole)
        return
    (subject,) = job.plan.subjects

    async def make(change_services: ChangeServices, _: ProgressListener) -> Plan:
        content = receipt(job, subject, view.session.account, view.session.clock(), None)
        return await change_services.undo_planner.of_receipt(content)

    await review_undo(view, origin, f"Undo for {email}", make, 1)


async def undo_of_group(view: FlowContext, origin: Origin, group: Group) -> None:
    """Plan and review the undo of the latest change of a group that was not undone."""
    jobs = await _jobs_about(view, group.id, about_groups=True)
    if jobs is None:
        return
    job = latest_undoable(jobs, group.id, view.session.account)
    if job is not None:
        await undo_job(view, origin, job.summary)
        return
    text = f"There is no change of the group {group_words(group.label)} in the journal that can be undone."
    view.app.notify(text, markup=False, timeout=8)


async def _jobs_about(view: FlowContext, subject_id: str, *, about_groups: bool = False) -> tuple[Job, ...] | None:
    """The jobs about a user or a group; None, after a message, where the journal cannot be read."""
    try:
        journal = (await view.job_tasks.change_services()).journal
        return await journal.jobs_about(subject_id, view.session.account.profile, about_groups=about_groups)
    except WalkmeError as error:
        report(view.app, error, doing="Reading the journal")
        return None


def latest_undoable(jobs: Sequence[Job], subject_id: str, account: Account) -> Job | None:
    """The newest job of the account that changed this user or group and was not undone since.

    ``jobs`` are those about it, newest first.
    """
    undone: set[str] = set()
    for job in jobs:
        of_account = (job.plan.base_url, job.plan.surface) == (account.base_url, account.surface)
        if job.purged_at_ms is not None or not of_account:
            continue
        if job.plan.kind is PlanKind.UNDO:
            is_standing = job.id not in undone and job.subject_id(subject_id) in job.changed_subjects
            if is_standing and job.plan.undoes is not None:
                undone.add(job.plan.undoes)
        elif any(map(changed_something, job.records_of(subject_id))) and job.id not in undone:
            return job
    return None
