"""The second line: the tabs, the filter box, and how many the filter keeps."""

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.widgets.ink import Ink, Piece
from walkme_tui.ui.widgets.one_line import OneLine
from walkme_tui.ui.widgets.text_line import TextLine

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

    def say(self, text: str) -> None:
        """Say it, in as much room as it needs."""
        self.styles.width = cell_len(text) + 2 if text else 0
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
