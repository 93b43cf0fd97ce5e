"""From a plan that was agreed to, over the job in the background, to what is said of its end."""

import asyncio
from dataclasses import replace
from errno import EEXIST
from pathlib import Path

from walkme_tui.domain.errors import AccountBusy, WalkmeError
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE, changed_something, doing, done_of, name_of, outcome, wish
from walkme_tui.ui.dialogs.file_name import FileNameDialog
from walkme_tui.ui.dialogs.plan import PlanChoice, PlanDialog
from walkme_tui.ui.dialogs.receipt import ReceiptChoice, ReceiptDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.job_tasks import JobResult
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.plan_draft import PlanDraft


async def review(view: FlowContext, origin: Origin, plan: Plan, extent: str = "") -> None:
    """Show a plan until the person carries it out or leaves it; saving it in between keeps it on the screen.

    ``extent`` says whom it is about, where those are all of something.
    """
    change_services = await view.work.change_services()
    draft = PlanDraft.of(plan)
    while True:
        dialog = PlanDialog(
            draft,
            view.session.account,
            extent=extent,
            require=change_services.planner.require,
            clock=view.session.clock,
            monotonic=view.work.monotonic,
        )
        answer = await origin.show(dialog, f"{wish(plan)}: the plan is ready")
        if answer is None:
            return
        draft = answer.draft
        if answer.choice is PlanChoice.RUN:
            await carry_out(view, origin, draft.plan)
            return
        await _save(view, origin, draft.plan)


async def carry_out(view: FlowContext, origin: Origin, plan: Plan) -> None:
    """Make a job of a plan and follow it."""
    change_services = await view.work.change_services()
    try:
        job = await change_services.executor.submit(plan)
    except WalkmeError as error:
        view.work.note_refusal(error)
        report(view.app, error, doing=wish(plan))
        return
    await follow(view, origin, job)


async def follow(view: FlowContext, origin: Origin, job: Job) -> None:
    """Carry out what is left of a job and tell how it ended: here if the person stayed, else in a toast."""
    running = await view.work.start(job)
    with origin.kept():
        view.changing.read_jobs(job.id)
    # The job belongs to the session: if this screen goes, it settles what is in flight.
    ended = await asyncio.shield(running.task)
    if view.work.leaving:
        return
    view.changing.read_jobs()
    if isinstance(ended.problem, AccountBusy):
        await _give_up(view, ended)
        return
    ended = replace(ended, note=view.unmark(ended.job.finished_people))
    if origin.is_left:
        _toast(view, ended)
    else:
        await show_receipt(view, origin, ended.job, ended)


async def show_receipt(view: FlowContext, origin: Origin, job: Job, ended: JobResult | None = None) -> None:
    """Show what became of a job, and do what the person wants next."""
    change_services = await view.work.change_services()
    problems = [] if ended is None else [each for each in (ended.problem, ended.unwritten) if each is not None]
    text = "\n".join(change_services.receipts.text(job, subject.user.id) for subject in job.plan.subjects)
    dialog = ReceiptDialog(
        job,
        view.session.account,
        text,
        problems,
        note=ended.note if ended is not None else "",
        now_ms=view.session.clock(),
        monotonic=view.work.monotonic,
    )
    chosen = await origin.show(dialog, f"{done_of(job)}: the receipt is ready")
    if chosen is ReceiptChoice.UNDO:
        from walkme_tui.ui.flows.undo import undo_job

        await undo_job(view, origin, job)
    elif chosen is ReceiptChoice.RESUME:
        from walkme_tui.ui.flows.jobs import resume

        await resume(view, origin, job)


async def _give_up(view: FlowContext, ended: JobResult) -> None:
    """Others are changing these people: a plan that was not begun is out of date, one that was begun waits."""
    job = ended.job
    if all(record.attempts == 0 for record in job.steps):
        change_services = await view.work.change_services()
        await change_services.journal.discard(job.id)
        view.changing.read_jobs()
    if ended.problem is not None:
        report(view.app, ended.problem, doing=doing(job.plan))


def _toast(view: FlowContext, ended: JobResult) -> None:
    job = ended.job
    for problem in (ended.problem, ended.unwritten):
        if problem is not None:
            report(view.app, problem, doing=done_of(job))
    if ended.problem is not None:
        if ended.note:
            view.app.notify(ended.note, markup=False)
        return
    well = job.clean
    view.app.notify(
        f"{_small_words(job) if well else f'{outcome(job)} 4 shows the job.'}  {ended.note}".rstrip(),
        title="" if well else done_of(job),
        severity="information" if well else "error",
        markup=False,
        timeout=6 if well else 12,
    )


def _small_words(job: Job) -> str:
    back = "  z takes it back." if any(map(changed_something, job.steps)) else ""
    if len(job.plan.subjects) == 1 and job.plan.kind in {PlanKind.DEACTIVATE, PlanKind.REACTIVATE}:
        state = "inactive" if job.plan.kind is PlanKind.DEACTIVATE else "active"
        return f"{name_of(job.plan.subjects[0].user)} is {state} now.{back}"
    return f"{done_of(job)}: {outcome(job)}{back}"


async def _save(view: FlowContext, origin: Origin, plan: Plan) -> None:
    """Ask for a name and put the plan there; nothing that exists is overwritten."""
    from walkme_tui.domain.plan_files import plan_to_text

    note = "Nothing is sent. Later: walkme-tui plan apply FILE"
    dialog = FileNameDialog("Save the plan as", _suggested(plan), [note])
    name = await origin.show(dialog, "The name of the plan's file can be given")
    if name is None:
        return
    try:
        file = await asyncio.to_thread(_write_new, name, plan_to_text(plan))
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there can be no such file"
        shown = clean(name, MAX_SENTENCE)
        view.app.notify(f"{shown}: {reason}.", title="Not saved", severity="error", markup=False)
    else:
        shown = clean(str(file), MAX_SENTENCE)
        view.app.notify(f"The plan is in {shown}. Nothing was sent.", markup=False, timeout=6)


def _write_new(name: str, text: str) -> Path:
    """Where the text was put, absolute; an OSError where a file of this name is there already."""
    from walkme_tui.config.private_files import write_atomically

    file = Path(name).expanduser().absolute()
    if file.exists():
        raise FileExistsError(EEXIST, "the file exists already, take another name")
    write_atomically(file, text)
    return file


def _suggested(plan: Plan) -> str:
    people = [subject.user.email for subject in plan.subjects if isinstance(subject.user.email, str)]
    who = people[0] if len(people) == 1 else f"{len(plan.subjects)}-people"
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "@._-") else "_" for sign in who)
    return f"{plan.kind.value}-{safe.lstrip('.')[:80]}.plan.json"
