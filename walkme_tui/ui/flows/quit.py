"""Leaving an account: the user decides whether running jobs finish first or are stopped."""

import asyncio
from functools import partial
from typing import Any

from textual.app import App

from walkme_tui.ui import words
from walkme_tui.ui.change_words import job_in_progress
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

WAIT, STOP = "w", "s"


class LeaveDialog(QuestionDialog):
    """Wait, stop, or stay; only one is open at a time. It answers "wait" itself once no job runs."""

    def __init__(self, job_tasks: JobTasks) -> None:
        running = list(job_tasks.running.values())
        title = "A job is running" if len(running) == 1 else f"{words.number(len(running))} jobs are running"
        text = [(job_tasks.job_status(job), TextStyle.PLAIN) for job in running]
        if len(running) == 1:
            text = [(job_in_progress(running[0].summary), TextStyle.PLAIN)]
        text.append(
            ("Stopping finishes what is in flight, in 5 s at most; the rest can be resumed later.", TextStyle.DIM)
        )
        answers = [AnswerKey(WAIT, "wait, then leave"), AnswerKey(STOP, "stop and leave")]
        super().__init__(title, text, answers, monotonic=job_tasks.monotonic)
        self._job_tasks = job_tasks

    def fill(self) -> None:
        """Follow the jobs while the question is open."""
        super().fill()
        start_worker(self, WorkerGroup.LEAVE, self._answer_at_the_end, name="Waiting for the jobs")

    async def _answer_at_the_end(self) -> None:
        await _no_job_runs(self._job_tasks)
        if self.is_current:
            self.dismiss(WAIT)


def ask_to_quit(app: App[int], job_tasks: JobTasks) -> None:
    """Open the dialog at once, before the next key is handled; end the program unless the user decides to stay."""

    async def follow(chosen: str | None) -> None:
        if await _all_ended(job_tasks, chosen, "the program ends"):
            app.exit(0)

    def answered(chosen: str | None) -> None:
        start_worker(app, WorkerGroup.LEAVE, partial(follow, chosen), name="Quitting")

    if not isinstance(app.screen, LeaveDialog):
        app.push_screen(LeaveDialog(job_tasks), answered)


async def may_leave(app: App[Any], job_tasks: JobTasks, then: str) -> bool:
    """Return True once no job runs, because all finished or were stopped; False if the user stays.

    ``then`` is what follows, for the status line. After True the results of jobs are held back until ``JobTasks.stay``.
    """
    if not job_tasks.running:
        return True
    if isinstance(app.screen, LeaveDialog):
        return False
    return await _all_ended(job_tasks, await app.push_screen_wait(LeaveDialog(job_tasks)), then)


async def _all_ended(job_tasks: JobTasks, chosen: str | None, then: str) -> bool:
    if chosen is None:
        job_tasks.stay()
        return False
    job_tasks.leave(then)
    if chosen == STOP:
        job_tasks.stop_all()
    await _no_job_runs(job_tasks)
    # The user may have been asked again meanwhile, and stays.
    return job_tasks.leaving


async def _no_job_runs(job_tasks: JobTasks) -> None:
    while job_tasks.running:
        await asyncio.wait([job.task for job in job_tasks.running.values()])
