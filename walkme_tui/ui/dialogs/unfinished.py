"""Jobs that an earlier run left unfinished, offered once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import StepState
from walkme_tui.ui import change_words, words
from walkme_tui.ui.dialogs.deciding import DecidingDialog, account_mark, inner_width
from walkme_tui.ui.dialogs.dialog import key_foot, moves
from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.job_list import JobList
from walkme_tui.ui.widgets.lines import Lines

FRAME_LINES = 12


class UnfinishedChoice(StrEnum):
    """What becomes of the job under the cursor."""

    RESUME = "resume"
    INSPECT = "inspect"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class UnfinishedAnswer:
    """The choice, and for which job."""

    choice: UnfinishedChoice
    job: Job


class UnfinishedDialog(DecidingDialog[UnfinishedAnswer]):
    """Lists the jobs; later is always possible."""

    BUTTON: ClassVar[str] = "Later"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "decide('resume')", show=False),
        Binding("i", "decide('inspect')", show=False),
        Binding("d", "decide('discard')", show=False),
        *moves(letters=True),
    ]

    def __init__(self, jobs: Sequence[Job], account: Account, *, now_ms: int, monotonic: Callable[[], float]) -> None:
        title = "A job was not finished" if len(jobs) == 1 else f"{len(jobs)} jobs were not finished"
        foot: Line = [("  ", Ink.PLAIN), *key_foot(("r", "go on"), ("i", "inspect"), ("d", "abandon"))]
        super().__init__([(title, Ink.STRONG)], foot, account_mark(account), monotonic)
        self._jobs = jobs
        self._now_ms = now_ms

    def middle(self) -> Sequence[Widget]:
        """The jobs, and what going on means."""
        return [JobList(lambda: self._now_ms, id="unfinished"), Lines(id="question")]

    def fill(self) -> None:
        """Fill the list; the keys go to it while the button has the focus."""
        self.query_one("#frame").add_class("wide")
        jobs = self.query_one(JobList)
        jobs.keys_elsewhere = True
        jobs.show(self._jobs)
        super().fill()

    def on_resize(self, event: events.Resize) -> None:
        """The list takes the room that is left."""
        self.query_one(JobList).styles.max_height = max(2, event.size.height - FRAME_LINES)
        self._explain()

    def _explain(self) -> None:
        job = self.query_one(JobList).current
        text = self.query_one("#question", Lines)
        if job is None:
            return
        width = inner_width(self.app.size.width)
        left = words.count(len(job.unsettled), "step is", "steps are")
        said = f"{left} left. What was done stays done."
        if any(record.state is StepState.SENT for record in job.steps):
            said += " Of what was sent without an answer, the outcome is read first: nothing is sent blindly again."
        lines: list[Line] = [()]
        lines += [[(line, Ink.PLAIN)] for line in words.wrap(change_words.done_of(job), width)]
        lines += [[(line, Ink.DIM)] for line in words.wrap(said, width)]
        text.set_lines(lines)
        text.refresh(layout=True)

    # ------------------------------------------------------------ keys

    def action_move(self, action: str) -> None:
        """Another job."""
        getattr(self.query_one(JobList), f"action_{action}")()
        self._explain()

    def decide_resume(self) -> None:
        """Go on with it."""
        self._answer(UnfinishedChoice.RESUME)

    def decide_inspect(self) -> None:
        """Look at it."""
        self._answer(UnfinishedChoice.INSPECT)

    def decide_discard(self) -> None:
        """Abandon it; that is asked once more."""
        self._answer(UnfinishedChoice.DISCARD)

    def _answer(self, choice: UnfinishedChoice) -> None:
        job = self.query_one(JobList).current
        if job is not None:
            self.dismiss(UnfinishedAnswer(choice, job))
