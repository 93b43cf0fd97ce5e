"""The list of the rows of a file to import, each with what it would change."""

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from enum import StrEnum
from typing import Final

from textual.geometry import Size

from walkme_tui.domain.imports.source import RowOutcome
from walkme_tui.domain.plans import Subject
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.import_reading import ImportReading
from walkme_tui.ui.widgets.import_outcomes import PLANNED
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

LINE_CELLS: Final = 7
RESULT_CELLS: Final = 11
EMAIL_SHARE: Final = 0.4
MAX_CELL: Final = 200
NOT_LOOKED_UP: Final = ("?", TextStyle.DIM)
EXCEPTION: Final = "*"
"""Marks a row for which something else was chosen than for all rows."""
UNKNOWN_DETAIL: Final = "not loaded: whether a user has this email is not known yet"


class RowFilter(StrEnum):
    """Which rows are shown."""

    ALL = "all rows"
    PROBLEMS = "failing rows"
    EXISTING = "existing users"

    def has(self, reading: ImportReading, index: int) -> bool:
        """True if the row with this index is shown."""
        outcome = reading.outcomes[index]
        match self:
            case RowFilter.ALL:
                return True
            case RowFilter.PROBLEMS:
                return outcome is RowOutcome.FAILED
            case RowFilter.EXISTING:
                return outcome is RowOutcome.UNCHANGED or reading.has_conflict(index)

    @property
    def following(self) -> "RowFilter":
        """The filter after this one."""
        filters = list(RowFilter)
        return filters[(filters.index(self) + 1) % len(filters)]


class ImportList(RowList[int]):
    """Shows the rows of a reading by their indexes; their lines are made when they are painted."""

    HEADING_LINES = 1

    def __init__(self, reading: ImportReading) -> None:
        super().__init__(id="import-rows")
        self._reading = reading
        self.row_filter = RowFilter.ALL

    def fill(self, row_filter: RowFilter) -> None:
        """Show the rows that the filter lets through; the cursor stays on its row where that is one of them."""
        reading, table = self._reading, self._reading.table
        count = len(table.rows) if table is not None else 0
        rows: Sequence[int] = range(count)
        if row_filter is not RowFilter.ALL:
            rows = array("l", (index for index in range(len(reading.outcomes)) if row_filter.has(reading, index)))
        before = self.current
        self.row_filter, self.rows = row_filter, rows
        self.cursor = _place(rows, before if before is not None else 0)
        self.virtual_size = Size(0, self.line_count + self.HEADING_LINES)
        self.keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self))

    def key(self, row: int) -> Hashable:
        """The index of the row in the file."""
        return row

    def heading(self, width: int) -> StyledText:
        """The headings of the columns, and which rows are shown."""
        email = _email_cells(width)
        text = f"{words.fit_right('LINE', LINE_CELLS - 2)}  {words.fit('EMAIL', email)}RESULT"
        if self.row_filter is RowFilter.ALL:
            return [(text, TextStyle.DIM)]
        note = f"only {self.row_filter.value}"
        room = max(0, width - LINE_CELLS - email - len("RESULT"))
        return [(text, TextStyle.DIM), (words.fit_right(words.cut(note, room), room), TextStyle.ACCENT)]

    def line(self, row: int, width: int) -> StyledText:
        """Line number, email, result, and its details."""
        reading = self._reading
        if reading.table is None or row >= len(reading.table.rows):
            return ()
        email, cells = clean(reading.email(row), MAX_CELL), _email_cells(width)
        number = reading.table.rows[row].line
        mark = EXCEPTION if number in reading.draft.row_conflicts else " "
        word, style = self.result(row)
        room = max(0, width - LINE_CELLS - cells - RESULT_CELLS)
        return [
            (f"{words.fit_right(str(number), LINE_CELLS - 2)}", TextStyle.DIM),
            (f"{mark} ", TextStyle.ACCENT),
            (words.fit(words.cut_email(email, cells - 1) or "–", cells), TextStyle.PLAIN),
            (words.fit(word, RESULT_CELLS), style),
            (words.fit(self.detail(row), room), TextStyle.PLAIN if style is not TextStyle.DIM else TextStyle.DIM),
        ]

    def result(self, row: int) -> tuple[str, TextStyle]:
        """What becomes of a row, as a word; empty before that is known."""
        if row >= len(self._reading.outcomes):
            return ("", TextStyle.DIM)
        outcome = self._reading.outcomes[row]
        return NOT_LOOKED_UP if outcome is None else PLANNED[outcome]

    def detail(self, row: int) -> str:
        """The changes for a row, or why it changes nothing."""
        planned = self._reading.row(row)
        if planned is None:
            return ""
        if self._reading.outcomes[row] is None:
            return UNKNOWN_DETAIL
        if planned.outcome is not None:
            return clean(planned.detail, change_words.MAX_SENTENCE)
        parts: list[str] = []
        for step in self._reading.steps(row):
            if step.change.creates:
                parts += self._new_user(step.subject_id)
            else:
                parts.append(f"{step.change.verb} {change_words.target_of(step.change)}")
        return "; ".join(parts)

    def _new_user(self, subject_id: str) -> list[str]:
        """What a new user is given besides the email."""
        plan = self._reading.plan
        subject = plan.subject_of(subject_id) if plan is not None else None
        if not isinstance(subject, Subject):
            return []
        user = subject.user
        given = [("", user.full_name), ("role ", user.role), ("external id ", user.external_id)]
        return [f"{label}{clean(value, MAX_CELL)}" for label, value in given if isinstance(value, str) and value]


def _email_cells(width: int) -> int:
    return max(12, int(width * EMAIL_SHARE) - LINE_CELLS)


def _place(rows: Sequence[int], wanted: int) -> int:
    """The place of a row among ascending ones, else of the next one, else of the last one."""
    return max(0, min(bisect_left(rows, wanted), len(rows) - 1))
