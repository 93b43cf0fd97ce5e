"""The second line: the tabs, the filter input, and the number of matches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledSpan, TextStyle

if TYPE_CHECKING:
    from textual.timer import Timer

COUNT_DELAY_SECONDS: Final = 0.15
"""How long the previous count stays while matches are counted: otherwise it flickers with every letter."""

TITLES: Final = {
    Tab.USERS: "1 Users",
    Tab.GROUPS: "2 Groups",
    Tab.RECONCILE: "3 Reconcile",
    Tab.JOBS: "4 Jobs",
    Tab.REQUESTS: "5 Requests",
}


def _width(titles: Iterable[str]) -> int:
    return sum(cell_len(title) + 2 for title in titles) + 1


class TabTitles(TextBar):
    """The names of the tabs; a click opens the tab."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[Tab]) -> None:
        super().__init__(id="tabs")
        self._all = {tab: TITLES[tab] for tab in tabs}
        self._tab = Tab.USERS
        self._current_only = False
        self.full_width = _width(self._all.values())
        """Width of the names of all tabs."""
        self.styles.width = self.full_width
        self.select(Tab.USERS)

    def select(self, tab: Tab) -> None:
        """Mark this tab as the one shown."""
        self._tab = tab
        self._write()

    def show_current_only(self, current_only: bool) -> None:
        """Name only the current tab, which leaves room for a long filter, or all of them."""
        if current_only != self._current_only:
            self._current_only = current_only
            self._write()

    @property
    def _titles(self) -> Mapping[Tab, str]:
        return {self._tab: TITLES[self._tab]} if self._current_only else self._all

    def _write(self) -> None:
        width = _width(self._titles.values())
        if self.styles.width is None or self.styles.width.value != width:
            self.styles.width = width
        pieces: list[StyledSpan] = [(" ", TextStyle.PLAIN)]
        for each, title in self._titles.items():
            key, _, name = title.partition(" ")
            chosen = each is self._tab
            pieces += [
                (key, TextStyle.ACCENT if chosen else TextStyle.DIM),
                (f" {name}", TextStyle.STRONG if chosen else TextStyle.DIM),
            ]
            pieces.append(("  ", TextStyle.PLAIN))
        self.write(pieces)

    def on_click(self, event: events.Click) -> None:
        """Open the tab under the mouse."""
        right = 1
        for tab, title in self._titles.items():
            right += cell_len(title) + 2
            if event.x < right:
                self.post_message(self.Chosen(tab))
                return


class FilterCount(TextBar):
    """The number of matches of the filter; ``on_room`` is called when it takes more or fewer cells."""

    def __init__(self, on_room: Callable[[], None]) -> None:
        super().__init__(id="count")
        self._on_room = on_room
        self._text = ""
        self._room = 0
        self._later: Timer | None = None

    @property
    def room(self) -> int:
        """Cells that it takes."""
        return self._room

    def show(self, text: str, widest: str = "") -> None:
        """Show the text with room for ``widest``, which may follow: another width changes the layout of the screen."""
        if self._later is not None:
            self._later.stop()
            self._later = None
        self._show(text, widest)

    def show_later(self, text: str, widest: str = "") -> None:
        """Show the text after a delay unless another one is shown before."""
        if self._later is None and text != self._text:
            self._later = self.set_timer(COUNT_DELAY_SECONDS, lambda: self.show(text, widest))

    def _show(self, text: str, widest: str) -> None:
        room = max(cell_len(text), cell_len(widest)) + 2 if text else 0
        if room != self._room:
            self._room = room
            self.styles.width = room
            self._on_room()
        self._text = text
        self.write((), [(f"{text} ", TextStyle.PLAIN)] if text else ())


class TabBar(Horizontal):
    """Tabs at the left, the filter input in the middle, the number of matches at the right."""

    DEFAULT_CSS = "TabBar { height: 1; width: 1fr; }"

    def __init__(self, tabs: Sequence[Tab]) -> None:
        super().__init__()
        self.box = TextInput(mark="/ ", id="filter")
        self._titles = TabTitles(tabs)
        self._count = FilterCount(self.share_room)

    def compose(self) -> ComposeResult:
        """The parts from the left."""
        yield self._titles
        yield self.box
        yield self._count

    def show_filter(self, text: str, prompt: str) -> None:
        """Show the text of the filter, or the prompt; without a prompt the input is hidden."""
        self.box.visible = bool(prompt)
        self.box.set_text(text, prompt)

    def share_room(self) -> None:
        """Give the input and the count the room of the other tabs while they need it."""
        left = self.size.width - self._titles.full_width - self._count.room
        needed = self.box.full_width if self.box.text else 0
        self._titles.show_current_only(self.size.width > 0 and needed > left)
