"""Runs a job from the command line: progress on standard error, signals, and the result."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode, exit_code
from walkme_tui.cli.output.jobs import counts_text, empty_job_object, job_lines, job_object
from walkme_tui.cli.output.messages import PROGRAM, print_error, print_message
from walkme_tui.cli.output.plan_text import plan_lines
from walkme_tui.cli.output.progress import JobProgressLine
from walkme_tui.cli.output.streams import drop_lost_output, print_json, print_lines
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.imports.results import FAILED_ROWS, not_imported, partly_imported, row_results
from walkme_tui.domain.jobs import Job, JobSummary
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, spaced
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.job_control import JobControl

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_plan(context: Context, change_services: ChangeServices, plan: Plan) -> int:
    """Submit a plan, run its job and print the result; returns the exit code."""
    # An import of which every row failed is a job all the same, which keeps the rows.
    if not plan.steps and not not_imported(row_results(plan)):
        if context.options.json:
            print_json(empty_job_object(plan))
        else:
            print_lines(plan_lines(plan))
        return ExitCode.DONE
    change_services.planner.require(plan)
    return await run_job(context, change_services, (await change_services.job_runs.submit(plan)).summary)


async def run_job(context: Context, change_services: ChangeServices, summary: JobSummary) -> int:
    """Run the remaining steps of a job and print the result; returns the exit code.

    Raises what the task of ``JobRuns.start`` raises.
    """
    control = JobControl()
    progress = JobProgressLine()
    with stopped_by_signals(control, summary.id, progress):
        try:
            result = await change_services.job_runs.start(summary, control, progress).task
        finally:
            progress.close()
    job, problem = result.job, result.problem
    if result.receipt_problem is not None:
        print_error(result.receipt_problem)
    try:
        _print_job(context, job)
        sys.stdout.flush()
    except OSError:
        if not control.cancelled:
            _print_end(context, job, problem, interrupted=False)
            shown = "" if context.options.demo else f"See it with: {PROGRAM} jobs show {job.id}"
            print_message(f"Job {job.id} is {job.state.value}: {counts_text(job)}.", shown)
            raise
        # The terminal is gone, and its signal has ended the job.
        drop_lost_output()
    return _print_end(context, job, problem, interrupted=control.cancelled)


@contextmanager
def stopped_by_signals(control: JobControl, job_id: str, progress: JobProgressLine) -> Iterator[None]:
    """Cancel a job on SIGINT, SIGTERM or SIGHUP; on a second one cancel its task at once.

    The second loses nothing: what was sent is in the journal and is read back when the job is resumed.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    done = False

    def on_signal() -> None:
        if not control.cancelled and not done:
            control.cancel()
            progress.close()
            print_message(f"Stopping job {job_id}: no more steps, waiting at most 5 s for what is in flight.")
        elif task is not None:
            task.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    except asyncio.CancelledError:
        print_message(f"Job {job_id} was stopped.", _how_to_resume(job_id))
        raise
    finally:
        # The handlers stay: a later signal cancels what is left, which is closing.
        done = True


def _print_job(context: Context, job: Job) -> None:
    if context.options.json:
        print_json(job_object(job))
    else:
        print_lines(job_lines(job))


def _print_end(context: Context, job: Job, problem: WalkmeError | None, *, interrupted: bool) -> int:
    """Print why the job ended and how to resume it; returns the exit code."""
    if problem is not None:
        print_error(problem)
    if context.options.demo:
        print_message("This was the demo: nothing real was changed, and its journal and receipts are gone now.")
    elif job.state.resumable:
        left = len(job.unsettled)
        steps = "1 step is" if left == 1 else f"{spaced(left)} steps are"
        why = "interrupted" if interrupted else "paused"
        print_message(f"Job {job.id} is {why}; {steps} left. What was done stays done.", _how_to_resume(job.id))
    else:
        _print_rows_left(context, job)
    if interrupted and job.state.resumable:
        return ExitCode.INTERRUPTED
    if problem is not None:
        return exit_code(problem)
    return ExitCode.DONE if job.clean else ExitCode.NOT_FOUND_OR_INCOMPLETE


def _print_rows_left(context: Context, job: Job) -> None:
    """Print how to import the rows of an import that were not imported."""
    results = row_results(job)
    left = not_imported(results)
    if not left:
        return
    rows = "1 row was" if len(left) == 1 else f"{spaced(len(left))} rows were"
    file = next((path for path in job.receipts if path.endswith(FAILED_ROWS)), None)
    if file is None:
        how = f"For a file to correct: {PROGRAM} jobs failed {job.id} --csv > rows.csv"
    else:
        surface = context.options.surface
        chosen = "" if surface is None else f" --surface {surface.value}"
        command = f"{context.program} import{chosen} {shlex.quote(clean(file))}"
        how = f"Correct this file, and import it with the same --group and --on-conflict: {command}"
    if partly_imported(left, job):
        how += "\nUse --on-conflict update then: some of these rows have created or changed their user already."
    print_message(f"{rows} not imported.", how)


def _how_to_resume(job_id: str) -> str:
    return f"Resume it with: {PROGRAM} jobs resume {job_id} --yes"
