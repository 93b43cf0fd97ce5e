"""What all dialogs share: a title, something in the middle, a line of keys, and Esc."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.lines import Lines
from walkme_tui.ui.widgets.one_line import OneLine

Result = TypeVar("Result")


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A small screen over the browser; Esc answers None."""

    CSS_PATH = "../styles/dialogs.tcss"
    LARGE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def __init__(self, title: Line, foot: Line, right: Line = ()) -> None:
        super().__init__()
        self._title = title
        self._right = right
        self._foot = foot

    def compose(self) -> ComposeResult:
        """Title, middle, foot."""
        with Vertical(id="frame", classes="large" if self.LARGE else ""):
            yield OneLine(id="title")
            yield from self.middle()
            yield from self.bottom()

    def middle(self) -> Sequence[Widget]:
        """What stands between title and foot."""
        raise NotImplementedError

    def bottom(self) -> Sequence[Widget]:
        """What stands below the middle: the line of keys."""
        return [OneLine(id="foot")]

    def on_mount(self) -> None:
        """Write the lines that stay, then what is in the middle."""
        self.query_one("#title", OneLine).write(self._title, self._right)
        self.query_one("#foot", OneLine).write(self._foot)
        self.fill()

    def fill(self) -> None:
        """Fill the middle and give something the keys."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """All that it says, as plain text."""
        return "\n".join(widget.text for widget in self.query(Widget).results() if isinstance(widget, (OneLine, Lines)))

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


MOVES = {
    "down": "cursor_down",
    "up": "cursor_up",
    "pagedown": "page_down",
    "pageup": "page_up",
    "home": "first",
    "end": "last",
}
LETTER_MOVES = {"j": "cursor_down", "k": "cursor_up", "g": "first", "G": "last"}


def moves(*, letters: bool) -> list[BindingType]:
    """The movement keys, which move the dialog's list; letters only where nothing is typed."""
    keys = MOVES | LETTER_MOVES if letters else MOVES
    return [Binding(key, f"move('{action}')", show=False) for key, action in keys.items()]


def key_foot(*pairs: tuple[str, str]) -> Line:
    """The line of keys at the foot of a dialog."""
    pieces: list[tuple[str, Ink]] = []
    for key, word in pairs:
        pieces += [(key, Ink.ACCENT), (f" {word}   ", Ink.DIM)]
    return pieces
