"""Lines of the table, drawn once and kept until what they show changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from walkme_tui.domain.mirrored import ListedRow
from walkme_tui.ui.widgets.user_table.compact_strip import CompactStrip
from walkme_tui.ui.widgets.user_table.rendering import RowFormat, RowState, blank_line, header_line, row_line

MAX_ROWS: Final = 512


@dataclass(slots=True)
class _Drawn:
    """A row in every look that it had: under the cursor and not, marked and not. ``shown`` is the latest."""

    row: ListedRow | None
    strips: dict[RowState, CompactStrip]
    shown: CompactStrip


class RowRenderer:
    """Draws rows on one canvas and remembers the last few hundred.

    A row is drawn anew when it is another one: rows are immutable, and are often read again as they were.
    """

    def __init__(self, canvas: RowFormat, now_ms: Callable[[], int]) -> None:
        self.canvas = canvas
        self.header = header_line(canvas)
        self.blank = blank_line(canvas)
        self._now_ms = now_ms
        self._drawn: dict[int, _Drawn] = {}

    def line(self, index: int, row: ListedRow | None, look: RowState) -> CompactStrip:
        """The row at ``index`` as a line."""
        drawn = self._drawn.get(index)
        if drawn is None or (drawn.row is not row and drawn.row != row):
            return self._draw_anew(index, row, look)
        drawn.row = row
        strip = drawn.strips.get(look)
        if strip is None:
            strip = drawn.strips[look] = row_line(row, look, self._now_ms(), self.canvas)
        drawn.shown = strip
        return strip

    def differs(self, index: int, row: ListedRow | None, look: RowState) -> bool:
        """True if the row, drawn again now, is not what was drawn for ``index`` last: its age counts, too."""
        before = self._drawn.get(index)
        return list(self._draw_anew(index, row, look)) != (list(before.shown) if before is not None else None)

    def _draw_anew(self, index: int, row: ListedRow | None, look: RowState) -> CompactStrip:
        strip = row_line(row, look, self._now_ms(), self.canvas)
        if len(self._drawn) >= MAX_ROWS:
            self._drawn.clear()
        self._drawn[index] = _Drawn(row, {look: strip}, strip)
        return strip
