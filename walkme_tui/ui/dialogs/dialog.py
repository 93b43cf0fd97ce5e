"""The base of all dialogs: a title, a body, a line of keys, and Esc."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.geometry import Region
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from walkme_tui.ui.widgets.immediate_paint import paint_below_dialogs
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_field import TextField
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

Result = TypeVar("Result")

QUIT: Final = "ctrl+q"
NEW_SECONDS: Final = 1.0
"""A message this old was shown before the key that opened the dialog was pressed."""
_DIM: Final = Style(dim=True, bold=False)


class _Dimmed(BackgroundScreen):
    """The screen below a dialog with the attribute dim: the terminal's own colours cannot be blended."""

    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterable[Segment]:
        """The segments without links and with dim text."""
        for text, style, control in super().process_segments(segments, color):
            yield Segment(text, _DIM if style is None else style + _DIM, control)


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A small screen over the browser; Esc returns None, ``keys`` maps the other keys to actions.

    Keys that are pressed before the dialog is mounted are handled afterwards.
    """

    CSS_PATH = "../styles/dialogs.tcss"
    SIZE_CLASS: ClassVar[str] = ""
    """The style-sheet class of the frame: empty, ``wide`` or ``large``."""

    def __init__(self, title: StyledText, footer_text: StyledText, right: StyledText = ()) -> None:
        super().__init__()
        self._title = title
        self._right = right
        self._footer_text = footer_text
        self.opening_keys: Collection[str] = ()
        """The keys of the command that opened the dialog: none of them decides anything here."""
        self._pending_keys: list[events.Key] | None = []

    def compose(self) -> ComposeResult:
        """Title, body, footer."""
        with Vertical(id="frame", classes=self.SIZE_CLASS):
            yield TextBar(id="title")
            yield from self.body()
            yield from self.footer()

    def render(self) -> RenderableType:
        """The screen below, dimmed by the style sheet, or by an attribute where the colours are the terminal's own."""
        below = super().render()
        if isinstance(below, BackgroundScreen) and self.app.native_ansi_color:
            return _Dimmed(below.screen, below.color)
        return below

    def _render_content(self) -> None:
        """Render the screen below, only its changed lines where not all changed: all of them take 6 ms."""
        dirty, size, lines = self._dirty_regions, self.size, self._render_cache.lines
        if size.region in dirty or self._render_cache.size != size:
            super()._render_content()
            return
        below = self.render()
        changed = {y for region in dirty for y in region.line_range if 0 <= y < size.height}
        if changed and isinstance(below, BackgroundScreen):
            rows = Region.from_corners(0, min(changed), size.width, max(changed) + 1)
            chops = below.screen._compositor._render_chops(rows, changed.__contains__)  # noqa: SLF001
            for y in changed:
                segments = below.process_segments(Strip.join(chops[y].values()), below.color)
                lines[y] = Strip(Segment.apply_style(segments, self.visual_style.rich_style))
        dirty.clear()

    def _compositor_refresh(self) -> None:
        if not paint_below_dialogs(self):
            super()._compositor_refresh()

    def body(self) -> Sequence[Widget]:
        """The widgets between title and footer."""
        raise NotImplementedError

    def footer(self) -> Sequence[Widget]:
        """The widgets below the body: the line of keys."""
        return [TextBar(id="footer")]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """The actions of keys other than Esc."""
        raise NotImplementedError

    def fill(self) -> None:
        """Fill the body and set the focus."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Write title and footer, fill the body, and handle the keys that were pressed meanwhile."""
        self.query_one("#title", TextBar).write(self._title, self._right)
        self.fill_footer(self._footer_text)
        self._remove_older_messages()
        self.fill()
        self._release_keys()

    def _remove_older_messages(self) -> None:
        """Remove the messages that were there before: they cover the keys. Those about this dialog stay."""
        shown = self.app._notifications  # noqa: SLF001 - Textual removes all or those whose time is over
        for message in tuple(shown):
            if time.time() - message.raised_at > NEW_SECONDS:
                del shown[message]

    def _release_keys(self) -> None:
        """Handle the keys that were held back, in their order; one of them may hold the others back again."""
        pending, self._pending_keys = self._pending_keys or [], None
        for event in pending:
            if self.is_current:
                self.process_key(event)

    def fill_footer(self, left: StyledText, right: StyledText = ()) -> None:
        """Write the line of keys, if it is there: the focus may change while the widgets are mounted or removed."""
        for footer in self.query("#footer").results(TextBar):
            footer.write(left, right)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key; only the one that quits is handled by the app."""
        if event.key == QUIT:
            return False
        if self._pending_keys is not None:
            self._pending_keys.append(event)
            return True
        if isinstance(self.focused, TextField) and self.focused.process_key(event):
            return True
        if event.key == "escape":
            self.leave()
        elif (action := self.keys().get(event.key)) is not None:
            action()
        return True

    def leave(self) -> None:
        """Close the dialog without a result."""
        if self.is_current:
            self.dismiss(None)


def movement_keys(lines: ScrollingText) -> dict[str, Callable[[], object]]:
    """The keys that move the cursor of a list or scroll a text."""
    return {
        "down": lines.action_cursor_down,
        "j": lines.action_cursor_down,
        "up": lines.action_cursor_up,
        "k": lines.action_cursor_up,
        "pagedown": lines.action_page_down,
        "pageup": lines.action_page_up,
        "home": lines.action_first,
        "g": lines.action_first,
        "end": lines.action_last,
        "G": lines.action_last,
    }


def footer_keys(*pairs: tuple[str, str]) -> StyledText:
    """The keys of a dialog's footer, each with a word."""
    pieces: list[tuple[str, TextStyle]] = []
    for key, word in pairs:
        pieces += [(key, TextStyle.ACCENT), (f" {word}   ", TextStyle.DIM)]
    return pieces
