"""Leaving an account: the user decides whether running jobs finish first or are stopped."""

import asyncio
from typing import Any

from textual.app import App

from walkme_tui.ui import words
from walkme_tui.ui.change_words import job_in_progress
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.widgets.text_style import TextStyle

WAIT, STOP = "w", "s"


class LeaveDialog(QuestionDialog):
    """Wait, stop, or stay; only one is open at a time."""


async def quit_program(app: App[int], work: JobTasks) -> None:
    """End the program unless the user decides to stay."""
    if await may_leave(app, work, "the program ends"):
        app.exit(0)


async def may_leave(app: App[Any], work: JobTasks, then: str) -> bool:
    """Return True once no job runs, because all finished or were stopped; False if the user stays.

    ``then`` is what follows, for the status line. After True the results of jobs are held back until ``work.stay``.
    """
    if not work.running:
        return True
    if isinstance(app.screen, LeaveDialog):
        return False
    running = list(work.running.values())
    title = "A job is running" if len(running) == 1 else f"{words.number(len(running))} jobs are running"
    text = [(work.job_status(job), TextStyle.PLAIN) for job in running]
    if len(running) == 1:
        text = [(job_in_progress(running[0].job.plan), TextStyle.PLAIN)]
    text.append(("Stopping finishes what is in flight, in 5 s at most; the rest can be resumed later.", TextStyle.DIM))
    dialog = LeaveDialog(
        title, text, [AnswerKey(WAIT, "wait, then leave"), AnswerKey(STOP, "stop and leave")], monotonic=work.monotonic
    )
    chosen = await app.push_screen_wait(dialog)
    if chosen is None:
        work.stay()
        return False
    work.leave(then)
    if chosen == STOP:
        work.stop_all()
    while work.running:
        await asyncio.wait([job.task for job in work.running.values()])
    # The user may have been asked again meanwhile, and stays.
    return work.leaving
