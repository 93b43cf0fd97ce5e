"""The dialog that offers jobs that an earlier run left unfinished."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import JobSummary
from walkme_tui.domain.plans import StepState
from walkme_tui.ui import change_words, words
from walkme_tui.ui.dialogs.confirmation import (
    SHORT_SCREEN,
    ConfirmationDialog,
    account_mark,
    available_lines,
    inner_width,
)
from walkme_tui.ui.dialogs.dialog import movement_keys
from walkme_tui.ui.widgets.job_list import JobList
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped

EXPLANATION_LINES = 5


class UnfinishedChoice(StrEnum):
    """What to do with the job under the cursor."""

    RESUME = "resume"
    INSPECT = "inspect"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class UnfinishedAnswer:
    """The choice and its job."""

    choice: UnfinishedChoice
    job: JobSummary


class UnfinishedDialog(ConfirmationDialog[UnfinishedAnswer]):
    """Lists the jobs, and returns one and what to do with it; None to decide later."""

    SIZE_CLASS: ClassVar[str] = "wide"

    BUTTON: ClassVar[str] = "Later"

    def __init__(
        self, jobs: Sequence[JobSummary], account: Account, *, now_ms: int, monotonic: Callable[[], float]
    ) -> None:
        title = "A job was not finished" if len(jobs) == 1 else f"{len(jobs)} jobs were not finished"
        super().__init__([(title, TextStyle.STRONG)], account_mark(account), monotonic)
        self._jobs = jobs
        self._list = JobList(account.surface, lambda: now_ms, id="unfinished")
        self._text = ScrollingText(id="question")

    def body(self) -> Sequence[Widget]:
        """The jobs, and what resuming means."""
        return [self._list, self._text]

    def fill(self) -> None:
        """Fill the list; movement keys go to it while the button has the focus."""
        self._list.cursor_always_active = True
        self._list.show(self._jobs)
        super().fill()

    def on_resize(self, event: events.Resize) -> None:
        """Give the list the remaining lines, and leave the blank ones out on a small screen."""
        self.query("#frame").set_class(event.size.height < SHORT_SCREEN, "short")
        self._list.styles.max_height = available_lines(event.size.height, EXPLANATION_LINES)
        self.explain()

    @on(RowList.Moved)
    def explain(self) -> None:
        """Explain the job under the cursor."""
        job = self._list.current
        if job is None:
            return
        width = inner_width(self.app.size.width)
        remaining = words.count(job.unsettled, "step is", "steps are")
        text = f"{remaining} left. What was done stays done."
        if job.counts.get(StepState.SENT.value):
            text += " Steps that were sent without an answer are read back first; nothing is sent twice."
        self._text.set_lines([(), *wrapped(change_words.job_title(job), width), *wrapped(text, width, TextStyle.DIM)])

    # ------------------------------------------------------------ keys

    def hints(self) -> Sequence[tuple[str, str]]:
        """The choices for the job under the cursor."""
        return [("r", "resume"), ("i", "inspect"), ("d", "discard")]

    def other_keys(self) -> Mapping[str, Callable[[], object]]:
        """Go to another job."""
        return movement_keys(self._list)

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """Resume the job under the cursor, inspect it, or discard it after another question."""
        return {
            "r": partial(self._answer, UnfinishedChoice.RESUME),
            "i": partial(self._answer, UnfinishedChoice.INSPECT),
            "d": partial(self._answer, UnfinishedChoice.DISCARD),
        }

    def _answer(self, choice: UnfinishedChoice) -> None:
        job = self._list.current
        if job is not None:
            self.dismiss(UnfinishedAnswer(choice, job))
