"""The jobs of a profile, the newest first."""

from collections.abc import Callable, Hashable
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.jobs import JobState, JobSummary
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

STATE_WIDTH: Final = 16
KIND_WIDTH: Final = 13
AGE_WIDTH: Final = 6
STEPS_WIDTH: Final = 8
_STYLES: Final = {
    JobState.READY: TextStyle.WARN,
    JobState.RUNNING: TextStyle.ACCENT,
    JobState.INTERRUPTED: TextStyle.WARN,
    JobState.DONE: TextStyle.GOOD,
    JobState.DISCARDED: TextStyle.DIM,
}


class JobList(RowList[JobSummary]):
    """One line per job: state, kind, subject, ticket, age, settled and all steps; jobs of another surface name it."""

    HEADING_LINES = 1

    def __init__(
        self,
        surface: Surface,
        clock: Callable[[], int],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._surface = surface
        self._clock = clock

    def key(self, row: JobSummary) -> Hashable:
        """The id identifies a job."""
        return row.id

    def heading(self, width: int) -> StyledText:
        """The headings of the columns."""
        subject, ticket = _widths(width)
        columns = (("STATE", STATE_WIDTH), ("KIND", KIND_WIDTH), ("SUBJECT", subject), ("TICKET", ticket))
        left = "".join(words.fit(title, cells) for title, cells in columns)
        return [(f"{left}{words.fit_right('AGE', AGE_WIDTH)}{words.fit_right('STEPS', STEPS_WIDTH)}", TextStyle.DIM)]

    def line(self, row: JobSummary, width: int) -> StyledText:
        """The columns of a job."""
        subject_width, ticket_width = _widths(width)
        bad = change_words.problem_count(row) and not row.state.resumable
        state, style = change_words.state_text(row), TextStyle.BAD if bad else _STYLES[row.state]
        if row.undone and row.state is JobState.DONE and not bad:
            state, style = ("– undone" if row.undone == row.changed else "– partly undone"), TextStyle.DIM
        subject = change_words.subject_names(row)
        if row.surface is not self._surface:
            subject = f"{row.surface.upper()}: {subject}"
        return [
            (words.fit(state, STATE_WIDTH), style),
            (words.fit(row.kind.value, KIND_WIDTH), TextStyle.PLAIN),
            (words.fit(subject, subject_width - 2) + "  ", TextStyle.PLAIN),
            (words.fit(clean(row.ticket, 60), ticket_width), TextStyle.DIM),
            (words.fit_right(words.age(self._clock(), row.created_at_ms), AGE_WIDTH), TextStyle.DIM),
            (words.fit_right(_settled_of(row), STEPS_WIDTH), TextStyle.PLAIN),
        ]


def _settled_of(job: JobSummary) -> str:
    """``3/5``; at most three digits of each fit, so that of more steps the share is shown."""
    settled = job.steps - job.unsettled
    text = f"{words.number(settled)}/{words.number(job.steps)}"
    return text if len(text) < STEPS_WIDTH else f"{settled * 100 // job.steps} %"


def _widths(width: int) -> tuple[int, int]:
    """The widths of the subject and of the ticket, which is left out where the subject would be too short."""
    ticket = 16 if width >= 100 else 8 if width >= 70 else 0
    return max(10, width - STATE_WIDTH - KIND_WIDTH - ticket - AGE_WIDTH - STEPS_WIDTH), ticket
