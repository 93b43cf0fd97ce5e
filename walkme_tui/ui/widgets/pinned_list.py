"""A list whose last rows stay in view while the others scroll."""

from collections.abc import Sequence
from typing import Final, TypeVar

from textual.geometry import Region, Size

from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

Row = TypeVar("Row")

LEAST_SCROLLED_LINES: Final = 3
"""Where fewer lines remain for the other rows, the last rows scroll with them."""


class PinnedList(RowList[Row]):
    """Rows that scroll, a separator, and the last ``pinned`` rows, which do not scroll unless all rows fit.

    The cursor moves through all of them as through one list.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.pinned = 0

    def note(self, width: int) -> str:
        """The text of the separator in at most ``width`` cells; empty: a plain line."""
        raise NotImplementedError

    def show_parts(self, rows: Sequence[Row], pinned: Sequence[Row]) -> None:
        """Show these rows, and the pinned ones below them."""
        before, self.pinned = self.pinned, len(pinned)
        self.show([*rows, *pinned])
        if before != self.pinned:
            self.virtual_size = Size(0, self.line_count + self.HEADING_LINES)
            self.refresh()
            self.keep_in_view()

    # ------------------------------------------------------------ positions

    @property
    def scrolled(self) -> int:
        """The number of rows that are not pinned."""
        return len(self.rows) - self.pinned

    @property
    def line_count(self) -> int:
        """All rows and the separator, if there are rows on both sides of it."""
        return len(self.rows) + self._separator_lines

    @property
    def _separator_lines(self) -> int:
        return 1 if self.pinned and self.scrolled else 0

    @property
    def _fixed_lines(self) -> int:
        """The number of lines at the lower edge that do not scroll."""
        lines = self.pinned + self._separator_lines
        overflows = self.line_count > self.rows_height
        return lines if overflows and self.rows_height - lines >= LEAST_SCROLLED_LINES else 0

    @property
    def page_lines(self) -> int:
        """The lines above the fixed ones."""
        return max(1, self.rows_height - self._fixed_lines)

    def line_of(self, index: int) -> int:
        """Pinned rows are below the separator."""
        return index if index < self.scrolled else index + self._separator_lines

    def row_at(self, y: int) -> int | None:
        """The row on a line of the screen, None on the separator and below all rows."""
        line = self._line_at(y)
        if line < self.scrolled:
            return line if line >= 0 and y >= self.HEADING_LINES else None
        index = line - self._separator_lines
        return index if self.scrolled <= index < len(self.rows) else None

    def _line_at(self, y: int) -> int:
        if y >= self.size.height - self._fixed_lines:
            return self.line_count - (self.size.height - y)
        return self.scroll_offset.y + y - self.HEADING_LINES

    def screen_line(self, index: int) -> int | None:
        """The line of the screen of a row, None if it is not visible."""
        line, fixed = self.line_of(index), self._fixed_lines
        if fixed and index >= self.scrolled:
            return self.size.height - (self.line_count - line)
        y = line - self.scroll_offset.y + self.HEADING_LINES
        return y if self.HEADING_LINES <= y < self.size.height - fixed else None

    def refresh_line(self, y: int) -> None:
        """Repaint a row if it is visible."""
        line = self.screen_line(y)
        if line is not None:
            self.refresh(Region(0, line, self.size.width, 1))

    def refresh_note(self) -> None:
        """Repaint the separator."""
        if self._separator_lines:
            below = self.screen_line(self.scrolled)
            if below is not None and below > self.HEADING_LINES:
                self.refresh(Region(0, below - 1, self.size.width, 1))

    def keep_in_view(self) -> None:
        """Scroll to the cursor unless it is on a fixed row."""
        if not (self._fixed_lines and self.cursor >= self.scrolled):
            super().keep_in_view()

    # ------------------------------------------------------------ painting

    def bare_line(self, y: int) -> StyledText:
        """The separator."""
        if not self._separator_lines or self._line_at(y) != self.scrolled:
            return ()
        width = self.size.width
        note = self.note(width - 4)
        return [(f"─ {note} ".ljust(width, "─") if note else "─" * width, TextStyle.DIM)]
