"""What all dialogs share: a title, something in the middle, a line of keys, and Esc."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.widget import Widget

from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

Result = TypeVar("Result")

QUIT: Final = "ctrl+q"
_DIM: Final = Style(dim=True, bold=False)


class _Dimmed(BackgroundScreen):
    """The screen below a dialog, in the attribute dim: the terminal's own colours cannot be mixed."""

    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterable[Segment]:
        """The segments without links and with dim text."""
        for text, style, control in super().process_segments(segments, color):
            yield Segment(text, _DIM if style is None else style + _DIM, control)


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A small screen over the browser; Esc answers None, and ``keys`` say what other keys do.

    Keys that come before the dialog is filled wait for it.
    """

    CSS_PATH = "../styles/dialogs.tcss"
    LARGE: ClassVar[bool] = False

    def __init__(self, title: StyledText, foot: StyledText, right: StyledText = ()) -> None:
        super().__init__()
        self._title = title
        self._right = right
        self._foot = foot
        self.openers: Collection[str] = ()
        """The keys of the command that opens it: none of them decides anything here."""
        self._waiting: list[events.Key] | None = []

    def compose(self) -> ComposeResult:
        """Title, middle, foot."""
        with Vertical(id="frame", classes="large" if self.LARGE else ""):
            yield TextBar(id="title")
            yield from self.middle()
            yield from self.bottom()

    def render(self) -> RenderableType:
        """The screen below, dimmed: by the style sheet's tint, by the attribute where colours are the terminal's."""
        below = super().render()
        if isinstance(below, BackgroundScreen) and self.app.native_ansi_color:
            return _Dimmed(below.screen, below.color)
        return below

    def middle(self) -> Sequence[Widget]:
        """What stands between title and foot."""
        raise NotImplementedError

    def bottom(self) -> Sequence[Widget]:
        """What stands below the middle: the line of keys."""
        return [TextBar(id="foot")]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """What keys do, besides Esc."""
        raise NotImplementedError

    def fill(self) -> None:
        """Fill the middle and give something the keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Write the lines that stay, then what is in the middle, and take the keys that came meanwhile."""
        if not self.app.is_running:
            return  # the program ends, and widgets are removed already
        self.query_one("#title", TextBar).write(self._title, self._right)
        self.query_one("#foot", TextBar).write(self._foot)
        self.fill()
        waiting, self._waiting = self._waiting or [], None
        for event in waiting:
            if self.is_current:
                self.take_key(event)

    def take_key(self, event: events.Key) -> bool:
        """Act on a key; every key ends here but the one that quits."""
        if event.key == QUIT:
            return False
        if self._waiting is not None:
            self._waiting.append(event)
            return True
        if isinstance(self.focused, TextInput) and self.focused.take(event):
            return True
        if event.key == "escape":
            self.dismiss(None)
        elif (action := self.keys().get(event.key)) is not None:
            action()
        return True


def movement_keys(lines: ScrollingText) -> dict[str, Callable[[], object]]:
    """The movement keys, which move a list or scroll a text."""
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
    """The line of keys at the foot of a dialog."""
    pieces: list[tuple[str, TextStyle]] = []
    for key, word in pairs:
        pieces += [(key, TextStyle.ACCENT), (f" {word}   ", TextStyle.DIM)]
    return pieces
