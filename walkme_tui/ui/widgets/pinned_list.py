"""A list whose last rows stay in view below the others."""

from collections.abc import Sequence
from typing import Final, TypeVar

from textual.geometry import Region, Size

from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

Row = TypeVar("Row")

LEAST_SCROLLED_LINES: Final = 3
"""With less room for the others, the last rows scroll with them."""


class PinnedList(RowList[Row]):
    """Rows that scroll, a line, and the ``pinned`` last rows, which stay where they are while the others scroll.

    The cursor goes through all of them as through one list. Where everything fits, nothing has to stay.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.pinned = 0

    def note(self, width: int) -> str:
        """What the line between says, in at most ``width`` cells; nothing is a plain line."""
        raise NotImplementedError

    def show_parts(self, rows: Sequence[Row], pinned: Sequence[Row]) -> None:
        """Show these rows, and those that are pinned below them."""
        before, self.pinned = self.pinned, len(pinned)
        self.show([*rows, *pinned])
        if before != self.pinned:
            self.virtual_size = Size(0, self.line_count + self.HEADING_LINES)
            self.refresh()
            self.keep_in_view()

    # ------------------------------------------------------------ where rows stand

    @property
    def scrolled(self) -> int:
        """How many rows are not pinned."""
        return len(self.rows) - self.pinned

    @property
    def line_count(self) -> int:
        """All rows and the line between, if there are rows on both sides of it."""
        return len(self.rows) + self._rule

    @property
    def _rule(self) -> int:
        return 1 if self.pinned and self.scrolled else 0

    @property
    def _staying(self) -> int:
        """How many lines at the lower edge do not scroll."""
        lines = self.pinned + self._rule
        overflows = self.line_count > self.rows_height
        return lines if overflows and self.rows_height - lines >= LEAST_SCROLLED_LINES else 0

    @property
    def page_lines(self) -> int:
        """The lines above those that stay."""
        return max(1, self.rows_height - self._staying)

    def line_of(self, index: int) -> int:
        """Pinned rows stand below the line between."""
        return index if index < self.scrolled else index + self._rule

    def row_at(self, y: int) -> int | None:
        """The row on a line of the screen, None on the line between and below all."""
        line = self._line_at(y)
        if line < self.scrolled:
            return line if line >= 0 and y >= self.HEADING_LINES else None
        index = line - self._rule
        return index if self.scrolled <= index < len(self.rows) else None

    def _line_at(self, y: int) -> int:
        if y >= self.size.height - self._staying:
            return self.line_count - (self.size.height - y)
        return self.scroll_offset.y + y - self.HEADING_LINES

    def screen_line(self, index: int) -> int | None:
        """The line of the screen on which a row stands, None where it cannot be seen."""
        line, staying = self.line_of(index), self._staying
        if staying and index >= self.scrolled:
            return self.size.height - (self.line_count - line)
        y = line - self.scroll_offset.y + self.HEADING_LINES
        return y if self.HEADING_LINES <= y < self.size.height - staying else None

    def refresh_line(self, y: int) -> None:
        """Paint one row again, if it can be seen."""
        self.refresh_cells(y, 0)

    def refresh_cells(self, index: int, first: int) -> None:
        """Paint a row again from a cell on, if it can be seen."""
        line = self.screen_line(index)
        if line is not None:
            self.refresh(Region(first, line, max(0, self.size.width - first), 1))

    def refresh_note(self) -> None:
        """Paint the line between again."""
        if self._rule:
            below = self.screen_line(self.scrolled)
            if below is not None and below > self.HEADING_LINES:
                self.refresh(Region(0, below - 1, self.size.width, 1))

    def keep_in_view(self) -> None:
        """What stays is in view."""
        if not (self._staying and self.cursor >= self.scrolled):
            super().keep_in_view()

    # ------------------------------------------------------------ painting

    def bare_line(self, y: int) -> StyledText:
        """The line between the parts."""
        if not self._rule or self._line_at(y) != self.scrolled:
            return ()
        width = self.size.width
        note = self.note(width - 4)
        return [(f"─ {note} ".ljust(width, "─") if note else "─" * width, TextStyle.DIM)]
