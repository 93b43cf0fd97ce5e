"""The second line: the tabs, the filter box, and how many the filter keeps."""

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.widgets.ink import Ink, Piece
from walkme_tui.ui.widgets.one_line import OneLine
from walkme_tui.ui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from textual.timer import Timer

PATIENCE_SECONDS: Final = 0.15
"""So long the count of before stays while another is counted: numbers that come and go with every letter flicker."""

TITLES = {Tab.USERS: "1 Users", Tab.GROUPS: "2 Groups", Tab.JOBS: "4 Jobs", Tab.REQUESTS: "5 Requests"}


class TabTitles(OneLine):
    """The names of the tabs; a click goes there."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.styles.width = sum(cell_len(title) + 2 for title in TITLES.values()) + 1
        self.select(Tab.USERS)

    def select(self, tab: Tab) -> None:
        """Mark this tab as the one shown."""
        pieces: list[Piece] = [(" ", Ink.PLAIN)]
        for each, title in TITLES.items():
            key, _, name = title.partition(" ")
            chosen = each is tab
            pieces += [(key, Ink.ACCENT if chosen else Ink.DIM), (f" {name}", Ink.STRONG if chosen else Ink.DIM)]
            pieces.append(("  ", Ink.PLAIN))
        self.write(pieces)

    def on_click(self, event: events.Click) -> None:
        """Go to the tab under the mouse."""
        right = 1
        for tab, title in TITLES.items():
            right += cell_len(title) + 2
            if event.x < right:
                self.post_message(self.Chosen(tab))
                return


class FilterCount(OneLine):
    """How many the filter keeps, of how many."""

    def __init__(self) -> None:
        super().__init__(id="count")
        self._said = ""
        self._room = 0
        self._later: Timer | None = None

    def say(self, text: str, widest: str = "") -> None:
        """Say it, with room for the widest that may come next: another width lays the whole screen out anew."""
        if self._later is not None:
            self._later.stop()
            self._later = None
        self._say(text, widest)

    def say_later(self, text: str, widest: str = "") -> None:
        """Say it if nothing else is to be said within a moment; until then what was said before stays."""
        if self._later is None and text != self._said:
            self._later = self.set_timer(PATIENCE_SECONDS, lambda: self.say(text, widest))

    def _say(self, text: str, widest: str) -> None:
        room = max(cell_len(text), cell_len(widest)) + 2 if text else 0
        if room != self._room:
            self._room = room
            self.styles.width = room
        self._said = text
        self.write((), [(f"{text} ", Ink.PLAIN)] if text else ())


class TabLine(Horizontal):
    """Tabs at the left, the filter in the middle, its count at the right."""

    DEFAULT_CSS = "TabLine { height: 1; width: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.box = TextLine(mark="/ ", id="filter")

    def compose(self) -> ComposeResult:
        """The parts from the left."""
        yield TabTitles()
        yield self.box
        yield FilterCount()

    def show_filter(self, text: str, prompt: str) -> None:
        """Show a filter's text, or what it would filter; an empty prompt: nothing can be filtered here."""
        self.box.visible = bool(prompt)
        self.box.put(text, prompt)
