"""What becomes of running jobs when the person leaves the account."""

from typing import Any

from textual.app import App

from walkme_tui.ui import words
from walkme_tui.ui.change_words import doing
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.widgets.text_style import TextStyle

WAIT, STOP = "w", "s"


class LeaveDialog(QuestionDialog):
    """Wait, stop, or stay; asked once at a time."""


async def leave(app: App[int], work: JobTasks) -> None:
    """End the program, once no job runs any more or the person lets it go on without them."""
    if await may_leave(app, work):
        app.exit(0)


async def may_leave(app: App[Any], work: JobTasks) -> bool:
    """True once no job runs any more: at once, after the jobs, or after what is in flight; False to stay."""
    if not work.running:
        return True
    if isinstance(app.screen, LeaveDialog):
        return False
    running = list(work.running.values())
    title = "A job is running" if len(running) == 1 else f"{words.number(len(running))} jobs are running"
    text = [(job.told, TextStyle.PLAIN) for job in running]
    if len(running) == 1:
        text = [(doing(running[0].job.plan), TextStyle.PLAIN)]
    text.append(("Stopping finishes what is in flight, in 5 s at most; the rest can be resumed later.", TextStyle.DIM))
    dialog = LeaveDialog(
        title, text, [AnswerKey(WAIT, "wait, then leave"), AnswerKey(STOP, "stop and leave")], monotonic=work.monotonic
    )
    chosen = await app.push_screen_wait(dialog)
    if chosen is None:
        work.leaving = False
        return False
    work.leaving = True
    if chosen == STOP:
        work.stop()
    work.listener(True)
    await work.idle()
    # Meanwhile the person may have been asked again, and stays.
    return work.leaving
