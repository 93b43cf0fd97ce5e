"""The jobs of a profile, the newest first."""

from collections.abc import Callable, Hashable
from typing import Final

from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.line_list import LineList

STATE_WIDTH: Final = 16
KIND_WIDTH: Final = 12
AGE_WIDTH: Final = 6
STEPS_WIDTH: Final = 8
_INKS: Final = {
    JobState.READY: Ink.WARN,
    JobState.RUNNING: Ink.ACCENT,
    JobState.INTERRUPTED: Ink.WARN,
    JobState.DONE: Ink.GOOD,
    JobState.DISCARDED: Ink.DIM,
}


class JobList(LineList[Job]):
    """One line a job: state, kind, whom, ticket, age, steps settled of all."""

    def __init__(self, clock: Callable[[], int], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._clock = clock

    def key(self, row: Job) -> Hashable:
        """Jobs are told apart by id."""
        return row.id

    def line(self, row: Job, width: int) -> Line:
        """The state, then what it was about."""
        settled = len(row.steps) - len(row.unsettled)
        ticket_width = 16 if width >= 100 else 8
        room = width - STATE_WIDTH - KIND_WIDTH - ticket_width - AGE_WIDTH - STEPS_WIDTH
        bad = change_words.trouble_count(row) and not row.state.resumable
        return [
            (words.fit(change_words.state_words(row), STATE_WIDTH), Ink.BAD if bad else _INKS[row.state]),
            (words.fit(row.plan.kind.value, KIND_WIDTH), Ink.PLAIN),
            (words.fit(change_words.whom_of(row), max(8, room - 2)) + "  ", Ink.PLAIN),
            (words.fit(clean(row.plan.ticket, 60), ticket_width), Ink.DIM),
            (words.fit_right(words.age(self._clock(), row.created_at_ms), AGE_WIDTH), Ink.DIM),
            (words.fit_right(f"{settled}/{len(row.steps)}", STEPS_WIDTH), Ink.PLAIN),
        ]
