"""From the review of a plan to the receipt of its job, and on to undo or resume."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job, JobState, JobSummary
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.ui.change_words import (
    changed_something,
    job_in_progress,
    job_title,
    name_of,
    outcome_sentence,
    plan_title,
)
from walkme_tui.ui.dialogs.plan import PlanChoice, PlanDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_saving import save_plan
from walkme_tui.ui.plan_draft import PlanDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from walkme_tui.domain.imports.results import RowResult
    from walkme_tui.services.changes.job_runs import JobResult
    from walkme_tui.ui.flows.plan_request import MakePlan


class Reviewed(NamedTuple):
    """How a review ended: ``job`` is None where none was run, ``saved`` is true where the plan was saved to a file.

    ``ticket`` is what was typed for the ticket.
    """

    job: Job | None
    saved: bool
    ticket: str

    @property
    def done(self) -> bool:
        """True if the plan was run or saved: what it was made from is no longer needed."""
        return self.job is not None or self.saved


async def review(view: FlowContext, origin: Origin, plan: Plan, extent: str = "") -> Reviewed:
    """Show a plan until the user runs or closes it; saving it to a file keeps it on the screen.

    ``extent`` is a phrase if its users are a whole set (``the whole account``), else empty.
    """
    draft, saved = PlanDraft.of(plan), False
    while True:
        dialog = PlanDialog(
            draft,
            view.session.account,
            extent=extent,
            require=(await view.job_tasks.change_services()).planner.require,
            refusal=view.job_tasks.why_not_run(plan),
            clock=view.session.clock,
            monotonic=view.job_tasks.monotonic,
        )
        answer = await origin.show(dialog, f"{plan_title(plan)}: the plan is ready")
        if answer is None:
            return Reviewed(None, saved, dialog.ticket)
        draft = answer.draft
        if answer.choice is PlanChoice.RUN:
            return Reviewed(await run_plan(view, origin, draft.plan), saved, draft.ticket)
        saved |= await save_plan(view, origin, draft.plan)


async def run_plan(view: FlowContext, origin: Origin, plan: Plan) -> Job | None:
    """Submit a plan and run its job; returns the job, None where it could not be run.

    A plan that may not be sent is shown, to be saved.
    """
    if view.job_tasks.why_not_run(plan):
        return (await review(view, origin, plan)).job
    try:
        job = await (await view.job_tasks.change_services()).job_runs.submit(plan)
    except WalkmeError as error:
        view.job_tasks.note_refusal(error)
        report(view.app, error, doing=plan_title(plan))
        return None
    return await run_job(view, origin, job.summary)


def refuses_other_surface(view: FlowContext, job: JobSummary) -> bool:
    """True, after a message, for a job of the other surface of the profile: it cannot be continued or undone here."""
    surface = job.surface
    if surface is view.session.account.surface:
        return False
    text = f"The job was made through {surface.upper()}. C switches to it: jobs are continued and undone there."
    view.app.notify(text, markup=False, timeout=8)
    return True


async def resume(view: FlowContext, origin: Origin, job: JobSummary) -> None:
    """Run the remaining steps of a job; steps that were sent without an answer are read back first."""
    if refuses_other_surface(view, job):
        return
    if job.state is JobState.RUNNING:
        view.app.notify(f"Job {job.id} is already running in another process.", markup=False)
    elif not job.state.resumable:
        view.app.notify(f"The job is {job.state.value}: no steps are left.", markup=False)
    else:
        await run_job(view, origin, job)


async def run_job(view: FlowContext, origin: Origin, job: JobSummary) -> Job | None:
    """Run the remaining steps of a job and show the result: in a dialog if the user is still here, else in a toast.

    Returns the job afterwards, None where it could not be run.
    """
    try:
        running = await view.job_tasks.start(job)
        with origin.moved_by_program():
            view.change_commands.read_jobs(job.id)
        # Not awaited directly: the job belongs to the session and continues if this screen is removed.
        await asyncio.wait([running.task])
        await view.job_tasks.wait_staying()
        result = running.task.result()
    except WalkmeError as error:
        view.change_commands.read_jobs()
        report(view.app, error, doing=job_in_progress(job))
        return None
    view.change_commands.read_jobs()
    note = view.unmark(result.job)
    if await origin.user_moved_on({record.step.subject_id for record in result.job.steps if record.changed}):
        await _toast(view, result, note)
    else:
        await show_receipt(view, origin, result, note)
    return result.job


async def _failed_rows(job: Job) -> int:
    from walkme_tui.domain.imports.results import not_imported

    return len(not_imported(await results_of_rows(job)))


async def results_of_rows(job: Job) -> "Sequence[RowResult]":
    """The results of the rows of an import, none for another job; of very many that takes a second, on a thread."""
    from walkme_tui.domain.imports.results import row_results

    return await asyncio.to_thread(row_results, job) if job.plan.source is not None else ()


async def show_receipt(view: FlowContext, origin: Origin, result: "JobResult", note: str = "") -> None:
    """Show the receipt of a job, and undo or resume it if the user wants to; what writes a file keeps it shown."""
    from walkme_tui.ui.dialogs.receipt import ReceiptChoice, ReceiptDialog

    job = result.job
    services = await view.job_tasks.change_services()
    known: list[Job] = [job] if job.is_complete else []

    async def read_whole() -> Job:
        if not known:
            known.append(await services.journal.job(job.id))
        return known[0]

    rows = await results_of_rows(job)
    chosen: ReceiptChoice | None = ReceiptChoice.ONE
    while chosen in {ReceiptChoice.FAILED_ROWS, ReceiptChoice.ONE}:
        dialog = ReceiptDialog(
            job,
            view.session.account,
            read_whole,
            services.job_runs.receipt_text,
            [each for each in (result.problem, result.receipt_problem) if each is not None],
            rows=rows,
            note=note,
            now_ms=view.session.clock(),
            monotonic=view.job_tasks.monotonic,
        )
        chosen = await origin.show(dialog, f"{job_title(job.summary)}: the receipt is ready")
        if chosen is ReceiptChoice.FAILED_ROWS:
            from walkme_tui.ui.flows.failed_rows import write_failed_rows

            await write_failed_rows(view, origin, await read_whole())
        elif chosen is ReceiptChoice.ONE:
            from walkme_tui.ui.flows.receipt_of_one import write_receipt_of_one

            written = await write_receipt_of_one(view, origin, job.summary)
            if written is not None:
                job = replace(job, receipts=written.receipts)
    if chosen is ReceiptChoice.UNDO:
        await undo_job(view, origin, job.summary)
    elif chosen is ReceiptChoice.RESUME:
        await resume(view, origin, job.summary)


async def undo_job(view: FlowContext, origin: Origin, job: JobSummary) -> None:
    """Plan and review the undo of a whole job."""
    if refuses_other_surface(view, job):
        return

    async def make(change_services: ChangeServices, on_progress: ProgressListener) -> Plan:
        return await change_services.undo_planner.of_job(await change_services.journal.job(job.id), on_progress)

    title = f"Undo the {job_title(job)[:1].lower()}{job_title(job)[1:]}"
    await review_undo(view, origin, title, make, job.changed)


async def review_undo(view: FlowContext, origin: Origin, title: str, make: "MakePlan", users: int) -> None:
    """Make the plan of an undo and review it, unless it has nothing to undo."""
    from walkme_tui.ui.flows.plan_request import request_plan

    plan = await request_plan(view, origin, title, make, users)
    if plan is None:
        return
    if plan.steps or plan.left_out:
        await review(view, origin, plan)
    else:
        view.app.notify(f"{title}: there is nothing to undo.", markup=False)


async def _toast(view: FlowContext, result: "JobResult", note: str) -> None:
    job = result.job
    for problem in (result.problem, result.receipt_problem):
        if problem is not None:
            report(view.app, problem, doing=job_title(job.summary))
    if result.problem is not None:
        if note:
            view.app.notify(note, markup=False)
        return
    text = _success_text(job) if job.clean else f"{outcome_sentence(job, await _failed_rows(job))} 4 shows the job."
    view.app.notify(
        f"{text}  {note}".rstrip(),
        title="" if job.clean else job_title(job.summary),
        severity="information" if job.clean else "error",
        markup=False,
        timeout=6 if job.clean else 12,
    )


def _success_text(job: Job) -> str:
    where = " in the Jobs tab" if any(record.step.change.deletes for record in job.steps) else ""
    undo = f"  z{where} undoes it." if any(map(changed_something, job.steps)) else ""
    if len(job.plan.subjects) == 1 and job.plan.kind in {PlanKind.DEACTIVATE, PlanKind.REACTIVATE}:
        state = "inactive" if job.plan.kind is PlanKind.DEACTIVATE else "active"
        return f"{name_of(job.plan.subjects[0].user)} is {state} now.{undo}"
    return f"{job_title(job.summary)}: {outcome_sentence(job)}{undo}"
