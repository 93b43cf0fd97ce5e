"""Scrolling literal text: no markup is parsed, so directory text is only shown."""

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, text_styles


class ScrollingText(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines of styled text that scroll with the movement keys."""

    DEFAULT_CSS = "ScrollingText { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }"

    def __init__(self, *, id: str | None = None, can_focus: bool = True) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.can_focus = can_focus
        self._lines: list[StyledText] = []

    @property
    def text(self) -> str:
        """The content as plain text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def set_lines(self, lines: list[StyledText]) -> None:
        """Show these lines; only those that changed are repainted."""
        old, self._lines = self._lines, lines
        if len(old) != len(lines):
            self.virtual_size = Size(0, len(lines))  # which lays out the screen again
            return
        for index, (before, after) in enumerate(zip(old, lines, strict=True)):
            if before != after:
                self.refresh_line(index)

    def refresh_line(self, y: int) -> None:
        """Repaint a line if it is visible."""
        row = y - self.scroll_offset.y
        if 0 <= row < self.size.height:
            self.refresh(Region(0, row, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        index = self.scroll_offset.y + y
        base = self.rich_style
        if index >= len(self._lines):
            return Strip.blank(self.size.width, base)
        return self.styled_strip(self._lines[index], base)

    def styled_strip(self, line: StyledText, base: Style) -> Strip:
        """One line of styled text over a base style, as wide as the widget."""
        segments = [
            Segment(text, base + self.rich_style_of(style) if style is not TextStyle.PLAIN else base)
            for text, style in line
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def rich_style_of(self, style: TextStyle) -> Style:
        """The Rich style to lay over that of the widget."""
        return text_styles(self.app.theme_variables)[style]

    def action_cursor_down(self) -> None:
        """Scroll down a line."""
        self.scroll_relative(y=1, animate=False)

    def action_cursor_up(self) -> None:
        """Scroll up a line."""
        self.scroll_relative(y=-1, animate=False)

    def action_page_down(self) -> None:
        """Scroll down a page."""
        self.scroll_relative(y=max(1, self.size.height - 1), animate=False)

    def action_page_up(self) -> None:
        """Scroll up a page."""
        self.scroll_relative(y=-max(1, self.size.height - 1), animate=False)

    def action_first(self) -> None:
        """Scroll to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        """Scroll to the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def action_open(self) -> None:
        """Do nothing: text has nothing to open."""
