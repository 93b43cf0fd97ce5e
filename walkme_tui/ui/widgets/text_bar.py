"""A line with text at its left and right ends, repainted only when it changed."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, text_styles
from walkme_tui.ui.words import fit


class TextBar(Widget):
    """Two styled texts on one line; the left one is cut where both do not fit."""

    DEFAULT_CSS = "TextBar { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._left: StyledText = ()
        self._right: StyledText = ()

    @property
    def text(self) -> str:
        """The content as plain text."""
        return "".join(text for text, _ in (*self._left, (" ", TextStyle.PLAIN), *self._right)).strip()

    def write(self, left: StyledText, right: StyledText = ()) -> None:
        """Show these texts; nothing is repainted if they did not change."""
        before = self._left, self._right
        self._left, self._right = tuple(left), tuple(right)
        if (self._left, self._right) != before:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line; any other line is blank."""
        base, styles = self.rich_style, text_styles(self.app.theme_variables)
        width = self.size.width
        if y > 0:
            return Strip.blank(width, base)
        right = _cut(self._right, width - 1)
        room = max(0, width - _cells(right) - (1 if right else 0))
        left = _cut(self._left, room)
        gap = " " * max(0, width - _cells(left) - _cells(right))
        return Strip(
            [Segment(text, base + styles[style]) for text, style in (*left, (gap, TextStyle.PLAIN), *right)],
            width,
        )


def _cells(line: StyledText) -> int:
    return sum(cell_len(text) for text, _ in line)


def _cut(line: StyledText, width: int) -> StyledText:
    """The text in at most ``width`` cells, with an ellipsis if it was cut."""
    if _cells(line) <= width:
        return line
    kept: list[tuple[str, TextStyle]] = []
    for text, style in line:
        cells = cell_len(text)
        if cells > width:
            return [*kept, (fit(text, width), style)]
        kept.append((text, style))
        width -= cells
    return kept
