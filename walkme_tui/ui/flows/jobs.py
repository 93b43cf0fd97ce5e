"""What can be done with a job: go on, pause, abandon, look at its receipt; and jobs that an earlier run left."""

from collections.abc import Sequence

from walkme_tui.domain.commands import command
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.change_words import counts, done_of
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.dialogs.unfinished import UnfinishedChoice, UnfinishedDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import follow, show_receipt
from walkme_tui.ui.terminal import send_to_clipboard, sent_message
from walkme_tui.ui.widgets.text_style import TextStyle

NO_JOB = "There is no job under the cursor. 4 shows the jobs."
RESUME = command("job.pause")


async def pause_or_resume(view: FlowContext, origin: Origin, job: Job | None) -> None:
    """Pause a job that runs here, or go on with one that does not."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
        return
    running = view.work.running.get(job.id)
    if running is None:
        if not job.state.resumable or job.state is JobState.RUNNING or await _goes_on(view, origin, job):
            await resume(view, origin, job)
    elif running.control.paused:
        running.control.resume()
    else:
        running.control.pause()
        view.app.notify("Paused: what is in flight is finished. P goes on.", markup=False, timeout=4)
    view.refresh_situation()


async def _goes_on(view: FlowContext, origin: Origin, job: Job) -> bool:
    """Ask whether a job that stopped is gone on with: one key on the list must not change the account."""
    dialog = QuestionDialog(
        f"Go on with the {_lower(done_of(job))}?",
        [
            (
                f"{words.count(len(job.unsettled), 'step is', 'steps are')} left. What was done stays done.",
                TextStyle.PLAIN,
            ),
            (f"So far: {counts(job)}.", TextStyle.DIM),
        ],
        [AnswerKey("r", "go on")],
        account=view.session.account,
        monotonic=view.work.monotonic,
    )
    return await origin.show(dialog, "The question whether the job goes on is ready") is not None


async def resume(view: FlowContext, origin: Origin, job: Job) -> None:
    """Carry out what is left of a job; what was sent without an answer is looked up first."""
    if job.state is JobState.RUNNING:
        view.app.notify(f"Another process carries out job {job.id}.", markup=False)
    elif not job.state.resumable:
        view.app.notify(f"The job is {job.state.value}: nothing is left to do.", markup=False)
    else:
        await follow(view, origin, job)


async def discard(view: FlowContext, origin: Origin, job: Job | None) -> None:
    """Abandon a job once the person has confirmed it."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
        return
    if job.id in view.work.running:
        view.app.notify("The job is running. P pauses it, q stops it.", markup=False)
        return
    if not job.state.resumable:
        view.app.notify(f"The job is {job.state.value}: there is nothing to abandon.", markup=False)
        return
    left = words.count(len(job.unsettled), "step", "steps")
    text = [
        (f"{left} will never be carried out. What was done stays done, and z can take it back.", TextStyle.PLAIN),
        (f"So far: {counts(job)}.", TextStyle.DIM),
    ]
    if _unknown(job):
        text.append(("One step was sent and its answer never came: it will need a look.", TextStyle.WARN))
    dialog = QuestionDialog(
        f"Abandon the {_lower(done_of(job))}?",
        text,
        [AnswerKey("d", "abandon it")],
        account=view.session.account,
        monotonic=view.work.monotonic,
    )
    if await origin.show(dialog, "The question whether the job is abandoned is ready") is None:
        return
    change_services = await view.work.change_services()
    try:
        await change_services.journal.discard(job.id)
        await change_services.receipts.write(await change_services.journal.job(job.id))
    except WalkmeError as error:
        report(view.app, error, doing="Abandoning the job")
    view.changing.read_jobs()


async def receipt(view: FlowContext, origin: Origin, job: Job | None) -> None:
    """Show what became of a job."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
    elif job.purged_at_ms is not None:
        view.app.notify("The job was purged: whom it was about is not known any more.", markup=False)
    else:
        await show_receipt(view, origin, job)


def copy_receipt_path(view: FlowContext, job: Job | None) -> None:
    """Hand the paths of a job's receipts to the terminal's clipboard."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
    elif not job.receipts:
        view.app.notify("This job has no receipt yet.", markup=False)
    elif send_to_clipboard(view.app, "\n".join(clean(path) for path in job.receipts)):
        view.app.notify(sent_message(clean(job.receipts[0], 200)), markup=False, timeout=3)
    else:
        view.app.notify("There are more paths than a terminal takes. o shows them.", severity="warning", markup=False)


async def offer_unfinished(view: FlowContext, origin: Origin) -> None:
    """Once, at the start: go on with a job that an earlier run left, look at it, or abandon it."""
    if not view.work.opens or view.work.why_not(RESUME):
        return
    try:
        change_services = await view.work.change_services()
        jobs = await change_services.journal.jobs(view.session.account.profile)
    except WalkmeError as error:
        report(view.app, error, doing="Reading the journal")
        return
    left = unfinished(jobs, view)
    if not left:
        return
    dialog = UnfinishedDialog(left, view.session.account, now_ms=view.session.clock(), monotonic=view.work.monotonic)
    said = "A job was not finished" if len(left) == 1 else f"{len(left)} jobs were not finished"
    answer = await origin.show(dialog, said)
    if answer is None:
        return
    if answer.choice is UnfinishedChoice.RESUME:
        await resume(view, origin, answer.job)
    elif answer.choice is UnfinishedChoice.DISCARD:
        await discard(view, origin, answer.job)
    else:
        view.changing.show_job(answer.job.id)


def unfinished(jobs: Sequence[Job], view: FlowContext) -> list[Job]:
    """Those of this account that nobody carries out."""
    return [
        job
        for job in jobs
        if job.state.resumable
        and job.state is not JobState.RUNNING
        and job.id not in view.work.running
        and job.plan.base_url == view.session.account.base_url
    ]


def _unknown(job: Job) -> bool:
    return any(record.state is StepState.SENT for record in job.steps)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
