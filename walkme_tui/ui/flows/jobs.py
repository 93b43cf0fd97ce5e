"""Commands on a job: pause, resume, discard, receipt; and the offer to resume unfinished jobs at the start."""

from collections.abc import Sequence

from walkme_tui.domain.commands import command
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import JobState, JobSummary
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.job_runs import JobResult
from walkme_tui.ui import words
from walkme_tui.ui.change_words import job_title, step_counts
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.dialogs.unfinished import UnfinishedChoice, UnfinishedDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import refuses_other_surface, resume, show_receipt
from walkme_tui.ui.terminal.clipboard import send_to_clipboard, sent_message
from walkme_tui.ui.widgets.job_report import MOST_PEOPLE
from walkme_tui.ui.widgets.text_style import TextStyle

NO_JOB = "There is no job under the cursor. 4 shows the jobs."
RESUME = command("job.pause")


async def pause_or_resume(view: FlowContext, origin: Origin, job: JobSummary | None) -> None:
    """Pause or resume a job that runs here, or run the rest of one that does not."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
        return
    running = view.job_tasks.running.get(job.id)
    if refuses_other_surface(view, job):
        return
    if running is None:
        if not job.state.resumable or job.state is JobState.RUNNING or await _resume_confirmed(view, origin, job):
            await resume(view, origin, job)
    elif running.control.paused:
        running.control.resume()
    else:
        running.control.pause()
        view.app.notify("The job pauses after the requests in flight. P resumes it.", markup=False, timeout=4)
    view.update_status()


async def _resume_confirmed(view: FlowContext, origin: Origin, job: JobSummary) -> bool:
    """Ask before a stopped job is resumed: one key on the list must not change the account."""
    dialog = QuestionDialog(
        f"Resume the {_lower(job_title(job))}?",
        [
            (
                f"{words.count(job.unsettled, 'step is', 'steps are')} left. What was done stays done.",
                TextStyle.PLAIN,
            ),
            (f"So far: {step_counts(job)}.", TextStyle.DIM),
        ],
        [AnswerKey("r", "resume")],
        account=view.session.account,
        monotonic=view.job_tasks.monotonic,
    )
    return await origin.show(dialog, "The question whether to resume the job is ready") is not None


async def discard(view: FlowContext, origin: Origin, job: JobSummary | None) -> None:
    """Discard a job once the user has confirmed it."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
        return
    if job.id in view.job_tasks.running:
        view.app.notify("The job is running. P pauses it, q stops it.", markup=False)
        return
    if not job.state.resumable:
        view.app.notify(f"The job is {job.state.value}: there is nothing to discard.", markup=False)
        return
    remaining = words.count(job.unsettled, "step", "steps")
    text = [
        (f"{remaining} will never be executed. What was done stays done, and z can undo it.", TextStyle.PLAIN),
        (f"So far: {step_counts(job)}.", TextStyle.DIM),
    ]
    if job.counts.get(StepState.SENT.value):
        text.append(("One step was sent and got no answer: it will need review.", TextStyle.WARN))
    dialog = QuestionDialog(
        f"Discard the {_lower(job_title(job))}?",
        text,
        [AnswerKey("d", "discard it")],
        account=view.session.account,
        monotonic=view.job_tasks.monotonic,
    )
    if await origin.show(dialog, "The question whether to discard the job is ready") is None:
        return
    try:
        await (await view.job_tasks.change_services()).job_runs.discard(job.id)
    except WalkmeError as error:
        report(view.app, error, doing="Discarding the job")
    view.change_commands.read_jobs()


async def receipt(view: FlowContext, origin: Origin, job: JobSummary | None) -> None:
    """Show the receipt of a job."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
    elif job.purged_at_ms is not None:
        view.app.notify("The job was purged: its users are no longer known.", markup=False)
    else:
        try:
            journal = (await view.job_tasks.change_services()).journal
            shown = await journal.excerpt(job.id, MOST_PEOPLE)
        except WalkmeError as error:
            report(view.app, error, doing="Reading the job")
            return
        await show_receipt(view, origin, JobResult(shown))


async def copy_receipt_path(view: FlowContext, job: JobSummary | None) -> None:
    """Copy the paths of a job's receipts to the terminal's clipboard."""
    if job is None:
        view.app.notify(NO_JOB, markup=False)
        return
    try:
        receipts = (await (await view.job_tasks.change_services()).journal.excerpt(job.id, 1)).receipts
    except WalkmeError as error:
        report(view.app, error, doing="Reading the job")
        return
    if not receipts:
        view.app.notify("This job has no receipt yet.", markup=False)
    elif send_to_clipboard(view.app, "\n".join(map(clean, receipts))):
        view.app.notify(sent_message(clean(receipts[0], 200)), markup=False, timeout=3)
    else:
        view.app.notify(
            "The paths are too long for the terminal's clipboard. o shows them.", severity="warning", markup=False
        )


async def offer_unfinished(view: FlowContext, origin: Origin) -> None:
    """Offer once, at the start, to resume, inspect or discard a job that an earlier run left unfinished."""
    if not view.job_tasks.can_change or view.job_tasks.why_not(RESUME):
        return
    try:
        journal = (await view.job_tasks.change_services()).journal
        jobs = await journal.summaries(view.session.account.profile)
    except WalkmeError as error:
        report(view.app, error, doing="Reading the journal")
        return
    unfinished = _unfinished(jobs, view)
    if not unfinished:
        _note_other_surface(jobs, view)
        return
    dialog = UnfinishedDialog(
        unfinished, view.session.account, now_ms=view.session.clock(), monotonic=view.job_tasks.monotonic
    )
    ready = "A job was not finished" if len(unfinished) == 1 else f"{len(unfinished)} jobs were not finished"
    answer = await origin.show(dialog, ready)
    if answer is None:
        return
    if answer.choice is UnfinishedChoice.RESUME:
        await resume(view, origin, answer.job)
    elif answer.choice is UnfinishedChoice.DISCARD:
        await discard(view, origin, answer.job)
    else:
        view.navigation.show_job(answer.job.id)


def _unfinished(jobs: Sequence[JobSummary], view: FlowContext) -> list[JobSummary]:
    """The jobs of this account and surface that can be resumed and do not run."""
    account = view.session.account
    return [
        job
        for job in jobs
        if job.state.resumable
        and job.state is not JobState.RUNNING
        and job.id not in view.job_tasks.running
        and (job.base_url, job.surface) == (account.base_url, account.surface)
    ]


def _note_other_surface(jobs: Sequence[JobSummary], view: FlowContext) -> None:
    """Show that a job of the other surface was not finished: it is offered there."""
    here = view.session.account.surface
    stopped = (job for job in jobs if job.state.resumable and job.state is not JobState.RUNNING)
    other = next((job.surface for job in stopped if job.surface is not here), None)
    if other is not None:
        text = f"A job was not finished on {other.upper()}: C switches there, 4 shows it."
        view.app.notify(text, markup=False, timeout=8)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
