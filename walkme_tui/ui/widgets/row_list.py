"""A list of rows of one line each, with a cursor: the base of the lists of groups, jobs and requests."""

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle
from walkme_tui.ui.words import wrap

Row = TypeVar("Row")


class RowList(ScrollingText, Generic[Row]):
    """Rows with a cursor that stays on its row, by key, when the list changes.

    ``cursor_always_active`` draws the cursor as active although another widget has the focus. ``HEADING_LINES`` is 1
    for a list with a ``heading``, which stays above the rows. ``chosen`` is True once the cursor was put on a row.
    """

    HEADING_LINES: ClassVar[int] = 0

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, source: "RowList[Any]") -> None:
            super().__init__()
            self.source = source

        @property
        def control(self) -> "RowList[Any]":
            """The list."""
            return self.source

    class Opened(Moved):
        """Enter, or a click on the row under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.cursor = 0
        self._empty = ""
        self.cursor_always_active = False
        self.chosen = False

    # ------------------------------------------------------------ defined by each list

    def key(self, row: Row) -> Hashable:
        """The identity of a row when the list changes."""
        return row

    def line(self, row: Row, width: int) -> StyledText:
        """The row as a line of ``width`` cells."""
        raise NotImplementedError

    def heading(self, width: int) -> StyledText:  # noqa: ARG002 - for lists that have one
        """The line above the rows, in ``width`` cells."""
        return ()

    # ------------------------------------------------------------ positions

    @property
    def line_count(self) -> int:
        """The number of lines of all rows."""
        return len(self.rows)

    @property
    def page_lines(self) -> int:
        """The number of lines of the screen in which rows scroll."""
        return max(1, self.rows_height)

    @property
    def rows_height(self) -> int:
        """The lines of the screen below the heading."""
        return self.size.height - self.HEADING_LINES

    def line_of(self, index: int) -> int:
        """The line of a row, counted from the first of all."""
        return index

    def row_at(self, y: int) -> int | None:
        """The row on a line of the screen, None where none is."""
        index = self.scroll_offset.y + y - self.HEADING_LINES
        return index if y >= self.HEADING_LINES and 0 <= index < len(self.rows) else None

    def bare_line(self, y: int) -> StyledText:  # noqa: ARG002 - for lists that have such lines
        """The content of a line of the screen without a row."""
        return ()

    # ------------------------------------------------------------ rows and cursor

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; the cursor stays on its row, or at its index if that is gone."""
        old, before = self.rows, self.current
        self.rows = rows
        cursor = self._index_of(before)
        if cursor is None:
            cursor = max(0, min(self.cursor, len(rows) - 1))
        if len(old) != len(rows):
            self.virtual_size = Size(0, self.line_count + self.HEADING_LINES)
            self.refresh()
        else:
            # Comparing all rows of a large list would delay the next key.
            for index in {self.row_at(y) for y in range(self.size.height)}:
                if index is not None and old[index] != rows[index]:
                    self.refresh_line(index)
        after = rows[cursor] if rows else None
        moved = before is None or after is None or self.key(before) != self.key(after)
        if cursor != self.cursor:
            self._set_cursor(cursor)
        if moved:
            self.post_message(self.Moved(self))

    def set_empty_text(self, text: str) -> None:
        """Set the text that is shown while there are no rows; clean text."""
        if text != self._empty:
            self._empty = text
            if not self.rows:
                self.refresh()

    def _index_of(self, row: Row | None) -> int | None:
        if row is None:
            return None
        wanted = self.key(row)
        if 0 <= self.cursor < len(self.rows) and self.key(self.rows[self.cursor]) == wanted:
            return self.cursor
        return next((index for index, other in enumerate(self.rows) if self.key(other) == wanted), None)

    def select(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; False if there is none."""
        for index, row in enumerate(self.rows):
            if self.key(row) == key:
                self.move_to(index)
                return True
        return False

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest there is."""
        self.chosen = True
        index = max(0, min(index, len(self.rows) - 1))
        if index != self.cursor:
            self._set_cursor(index)
            self.post_message(self.Moved(self))

    def _set_cursor(self, index: int) -> None:
        self.refresh_line(self.cursor)
        self.cursor = index
        self.refresh_line(index)
        self.keep_in_view()

    def keep_in_view(self) -> None:
        """Scroll to the cursor, half a page if it left the screen by one row: one line would cost as many bytes."""
        line, top, height = self.line_of(self.cursor), self.scroll_offset.y, self.page_lines
        if line < top:
            self.scroll_to(y=max(0, line - height // 2 if top - line == 1 else line), animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1 + (height // 2 if line == top + height else 0), animate=False)

    # ------------------------------------------------------------ painting

    def refresh_line(self, y: int) -> None:
        """Repaint a row if it is visible."""
        line = y - self.scroll_offset.y + self.HEADING_LINES
        if self.HEADING_LINES <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        index, base = self.row_at(y), self.rich_style
        if not self.rows:
            return self._empty_strip(y, base)
        if y < self.HEADING_LINES:
            return self.styled_strip([(" ", TextStyle.DIM), *self.heading(self.size.width - 2)], base)
        if index is None:
            return self.styled_strip(self.bare_line(y), base)
        line = self.line(self.rows[index], self.size.width - 2)
        if index != self.cursor:
            return self.styled_strip(_joined([(" ", TextStyle.PLAIN), *line]), base)
        style = base + self.rich_style_of(TextStyle.CURSOR if self._active else TextStyle.CURSOR_BLURRED)
        return self._cursor_strip(line, style)

    @property
    def _active(self) -> bool:
        return self.has_focus or self.cursor_always_active

    def _empty_strip(self, y: int, base: Style) -> Strip:
        """One line of the text for an empty list."""
        lines = wrap(self._empty, self.size.width - 2) if self._empty else []
        row = y - 1
        return self.styled_strip([(f" {lines[row]}", TextStyle.DIM)] if 0 <= row < len(lines) else [], base)

    def _cursor_strip(self, line: StyledText, style: Style) -> Strip:
        """The row under the cursor in one style; a bar marks it on terminals without colour."""
        text = "".join(text for text, _ in line)
        return self.styled_strip([("▌" if self._active else "▏", TextStyle.PLAIN), (text, TextStyle.PLAIN)], style)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Repaint the cursor's row: it shows whether the list has the focus."""
        super().watch_has_focus(_has_focus)
        self.refresh_line(self.cursor)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.keep_in_view()

    # ------------------------------------------------------------ keys and mouse

    def action_cursor_down(self) -> None:
        """Next row."""
        self.move_to(self.cursor + 1)

    def action_cursor_up(self) -> None:
        """Previous row."""
        self.move_to(self.cursor - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self.move_to(self.cursor + max(1, self.page_lines - 1))

    def action_page_up(self) -> None:
        """A page up."""
        self.move_to(self.cursor - max(1, self.page_lines - 1))

    def action_first(self) -> None:
        """First row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Last row."""
        self.move_to(len(self.rows) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a second click opens it."""
        index = self.row_at(event.y)
        if index is None:
            return
        if event.chain > 1:
            self.action_open()
        self.move_to(index)


class ScrolledList(RowList[Row]):
    """A list whose page keys scroll it and leave the cursor where it is."""

    def action_page_down(self) -> None:
        """Scroll down a page."""
        ScrollingText.action_page_down(self)

    def action_page_up(self) -> None:
        """Scroll up a page."""
        ScrollingText.action_page_up(self)

    def action_first(self) -> None:
        """Scroll to the beginning."""
        ScrollingText.action_first(self)

    def action_last(self) -> None:
        """Scroll to the end."""
        ScrollingText.action_last(self)


def _joined(line: StyledText) -> StyledText:
    """The same with neighbouring spans of one style joined: each span costs about 20 bytes on the terminal."""
    joined: list[StyledSpan] = []
    for text, style in line:
        if joined and joined[-1][1] is style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
