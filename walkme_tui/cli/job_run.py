"""Carrying out a job without a screen: progress, signals, receipts, and what is said in the end."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode, exit_code
from walkme_tui.cli.output.jobs import counts_text, job_lines, job_object, nothing_object
from walkme_tui.cli.output.messages import PROGRAM, print_error, print_message
from walkme_tui.cli.output.plan_text import plan_lines
from walkme_tui.cli.output.progress import JobProgressLine
from walkme_tui.cli.output.streams import data_output, drop_lost_output, print_lines
from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, WalkmeError
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import printable_json
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.job_control import JobControl

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether a signal has asked for the end; see ``stopped_by_signals``."""

    def __init__(self) -> None:
        self.asked = False


async def carry_out(context: Context, change_services: ChangeServices, plan: Plan) -> int:
    """Make a job of a plan, carry it out and tell what became of it; the exit code."""
    if not plan.steps:
        if context.options.json:
            _print_json(nothing_object(plan))
        else:
            print_lines(plan_lines(plan))
        return ExitCode.DONE
    change_services.planner.require(plan)
    job = await change_services.executor.submit(plan)
    try:
        return await carry_on(context, change_services, job)
    except AccountBusy:
        # Others are changing these people, so that a plan that was not begun yet is out of date already.
        if (await change_services.journal.job(job.id)).state is JobState.READY:
            await change_services.journal.discard(job.id)
        raise


async def carry_on(context: Context, change_services: ChangeServices, job: Job) -> int:
    """Carry out what is left of a job and tell what became of it; the exit code.

    Raises ``AccountBusy`` where another process is changing one of the same people: nothing was done then.
    """
    control = JobControl()
    problem: WalkmeError | None = None
    progress = JobProgressLine()
    with stopped_by_signals(control, job, progress) as stop:
        try:
            await change_services.executor.run(job.id, control, progress)
        except AccountBusy:
            raise
        except WalkmeError as error:
            problem = error
        finally:
            progress.close()
        try:
            job = await _with_receipts(change_services, await change_services.journal.job(job.id))
        except JournalUnavailable as error:
            raise problem or error from None
    try:
        _print_job(context, job)
        sys.stdout.flush()
    except OSError:
        if not stop.asked:
            _ending(context, job, problem, interrupted=False)
            shown = "" if context.options.demo else f"See it with: {PROGRAM} jobs show {job.id}"
            print_message(f"Job {job.id} is {job.state.value}: {counts_text(job)}.", shown)
            raise
        # The terminal is gone, and the signal that says so has ended the job.
        drop_lost_output()
    return _ending(context, job, problem, interrupted=stop.asked)


@contextmanager
def stopped_by_signals(control: JobControl, job: Job, progress: JobProgressLine) -> Iterator[Stop]:
    """Let SIGINT, SIGTERM and SIGHUP stop a job in good order, and a second one end at once what is still in flight.

    Nothing is lost by the second: what was sent stands in the journal and is read again before the job goes on.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    stop = Stop()
    over = False

    def on_signal() -> None:
        if not stop.asked and not over:
            stop.asked = True
            control.cancel()
            progress.close()
            print_message(f"Stopping job {job.id}: no more steps, waiting at most 5 s for what is in flight.")
        elif task is not None:
            task.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    except asyncio.CancelledError:
        print_message(f"Job {job.id} was left as it is.", _how_to_resume(job))
        raise
    finally:
        # The handlers stay: from here on a signal ends whatever is left, which is tidying up.
        over = True


async def _with_receipts(change_services: ChangeServices, job: Job) -> Job:
    """The job with its receipts; where they cannot be written, it is as done as it was, and that is said."""
    try:
        await change_services.receipts.write(job)
    except JournalUnavailable as error:
        print_error(error)
    return await change_services.journal.job(job.id)


def _print_job(context: Context, job: Job) -> None:
    if context.options.json:
        _print_json(job_object(job))
    else:
        print_lines(job_lines(job))


def _ending(context: Context, job: Job, problem: WalkmeError | None, *, interrupted: bool) -> int:
    """Say why it ended where it did, and what to do; the exit code."""
    if problem is not None:
        print_error(problem)
    if context.options.demo:
        print_message("This was the demo: nothing real was changed, and its journal and receipts are gone now.")
    elif job.state.resumable:
        left = len(job.unsettled)
        steps = "1 step is" if left == 1 else f"{left} steps are"
        why = "interrupted" if interrupted else "paused"
        print_message(f"Job {job.id} is {why}; {steps} left. What was done stays done.", _how_to_resume(job))
    if interrupted and job.state.resumable:
        return ExitCode.INTERRUPTED
    if problem is not None:
        return exit_code(problem)
    return ExitCode.DONE if job.clean else ExitCode.NOT_FOUND_OR_INCOMPLETE


def _how_to_resume(job: Job) -> str:
    return f"Go on with: {PROGRAM} jobs resume {job.id} --yes"


def _print_json(value: object) -> None:
    with data_output(None) as stream:
        stream.write(printable_json(value, indent=2) + "\n")
