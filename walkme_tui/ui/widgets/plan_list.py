"""The list that shows a plan for review."""

import sys
from collections.abc import Hashable
from typing import Final

from textual import events
from textual.geometry import Size

from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.plan_rows import PlanRow, PlanRows
from walkme_tui.ui.widgets.row_list import ScrolledList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText

MOST_AT_ONCE: Final = 100
"""The lines of a plan about more people, or of more rows, are counted bit by bit, the first ones at once."""
LINES_AHEAD: Final = 200
MEASURE_SECONDS: Final = 0.04
MINUTE_MS: Final = 60_000


class PlanList(ScrolledList[PlanRow]):
    """Scrolls; the cursor, if there is one, moves between the steps that may be left out."""

    def __init__(self) -> None:
        super().__init__(id="plan")
        self.cursor = -1
        self.cursor_always_active = True
        self._shown: tuple[object, ...] = ()
        self._shown_at_ms = 0

    def fill(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        """Show a draft in lines of ``width`` cells; the ages in a long plan may be a minute old."""
        source = draft.planned.source
        long = max(len(draft.planned.all_subjects), len(source.rows) if source is not None else 0) > MOST_AT_ONCE
        shown = (draft.planned, draft.kept, width)
        if long and self._shown == shown and now_ms - self._shown_at_ms < MINUTE_MS:
            return
        self._shown, self._shown_at_ms = shown, now_ms
        old, rows = self.rows, PlanRows(draft, now_ms, width)
        rows.measure(self.scroll_offset.y + LINES_AHEAD if long else sys.maxsize)
        self.rows = rows
        self.virtual_size = Size(0, len(rows))  # another size lays out the screen again
        if len(old) == len(rows):
            for index in range(self.scroll_offset.y, min(len(rows), self.scroll_offset.y + self.size.height)):
                if old[index] != rows[index]:
                    self.refresh_line(index)
        if not rows.measured:
            self.set_timer(MEASURE_SECONDS, self._measure)
        if self.current is None or self.current.step is None:
            stop = self._stop_from(0, 1) if any(map(draft.can_keep, draft.planned.steps)) else None
            self.cursor = -1 if stop is None else stop

    def _measure(self) -> None:
        """Continue counting a long plan, a little at a time, so that keys are handled in between."""
        rows = self.rows
        if isinstance(rows, PlanRows) and not rows.measured:
            rows.measure(0, MEASURE_SECONDS / 2)
            self.virtual_size = Size(0, len(rows))
            self.set_timer(MEASURE_SECONDS, self._measure)

    @property
    def text(self) -> str:
        """Everything, as plain text."""
        return "\n".join("".join(text for text, _ in row.line) for row in self.rows)

    def key(self, row: PlanRow) -> Hashable:
        """The index identifies a row."""
        return row.index

    def line(self, row: PlanRow, width: int) -> StyledText:  # noqa: ARG002 - rows are made for the width they have
        """The line of the row, made for this width."""
        return row.line

    def _stop_from(self, index: int, by: int) -> int | None:
        """The first row from ``index`` on, downwards or upwards, that the cursor can be on."""
        while 0 <= index < len(self.rows):
            if self.rows[index].step is not None:
                return index
            index += by
        return None

    def _go(self, by: int) -> bool:
        stop = self._stop_from(self.cursor + by, by) if self.cursor >= 0 else None
        if stop is not None:
            self.move_to(stop)
        return stop is not None

    def action_cursor_down(self) -> None:
        """The next step; below the last one, scroll."""
        if not self._go(1):
            ScrollingText.action_page_down(self) if self.cursor >= 0 else ScrollingText.action_cursor_down(self)

    def action_cursor_up(self) -> None:
        """The previous step; above the first one, scroll."""
        if not self._go(-1):
            ScrollingText.action_page_up(self) if self.cursor >= 0 else ScrollingText.action_cursor_up(self)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a step."""
        index = self.scroll_offset.y + event.y
        if 0 <= index < len(self.rows) and self.rows[index].step is not None:
            self.move_to(index)
