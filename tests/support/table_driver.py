"""Drives a table of users by keys and clicks, and reads its screen.

async with table_of(people(100)) as table:
    await table.press("down", "space")
    assert table.row(1).email == "person00001@example.com"
    assert table.row(1).marked and table.cursor == 1
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from tests.support.fake_listing import STARTED_AT_MS, FakeListing
from walkme_tui.domain.users import UnreadableRecord, User
from walkme_tui.ui.terminal.control_characters import CONTROL_CHARACTER_FILTER
from walkme_tui.ui.widgets.user_table.table import UserTable

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from walkme_tui.services.reading.listing import Listing

KEYS = {
    "down": "cursor_down",
    "up": "cursor_up",
    "pagedown": "page_down",
    "pageup": "page_up",
    "g": "first",
    "G": "last",
    "enter": "open",
    "space": "toggle_mark",
    "v": "mark_range",
    "asterisk": "mark_all",
    "backslash": "clear_marks",
}


class TableApp(App[None]):
    """A table that fills the screen, with stripes and a style for each kind of cell."""

    CSS = """
    .user-table--zebra { background: $primary 20%; }
    .user-table--header { color: $text-muted; text-style: bold; }
    .user-table--gutter { color: $accent; }
    .user-table--mark { color: $accent; text-style: bold; }
    .user-table--found { color: $accent; text-style: bold; }
    .user-table--changed { color: $text-warning; text-style: underline; }
    .user-table--sorted { color: $accent; text-style: bold; }
    .user-table--secondary { color: $foreground 60%; }
    .user-table--dim { color: $foreground 50%; }
    .user-table--placeholder { color: $foreground 40%; }
    .user-table--unreadable { color: $text-error; }
    .user-table--status-active { color: $text-success; }
    .user-table--status-inactive { color: $foreground 60%; }
    .user-table--status-pending { color: $text-warning; }
    .user-table--cursor { background: $accent 30%; }
    .user-table--cursor-blurred { background: $foreground 10%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding(key, f"on_table('{action}')") for key, action in KEYS.items()]

    def __init__(self, listing: FakeListing) -> None:
        super().__init__()
        self._listing = listing
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield UserTable(cast("Listing", self._listing), started_at_ms=STARTED_AT_MS, clock=lambda: STARTED_AT_MS)

    async def action_on_table(self, action: str) -> None:
        getattr(self.query_one(UserTable), f"action_{action}")()

    def get_line_filters(self) -> list[Any]:
        return [CONTROL_CHARACTER_FILTER, *super().get_line_filters()]

    def on_user_table_cursor_moved(self, event: UserTable.CursorMoved) -> None:
        self.heard.append(event)

    def on_user_table_opened(self, event: UserTable.Opened) -> None:
        self.heard.append(event)

    def on_user_table_heading_clicked(self, event: UserTable.HeadingClicked) -> None:
        self.heard.append(event)

    def on_user_table_marks_changed(self, event: UserTable.MarksChanged) -> None:
        self.heard.append(event)

    def on_user_table_view_changed(self, event: UserTable.ViewChanged) -> None:
        self.heard.append(event)

    def on_user_table_marks_reported(self, event: UserTable.MarksReported) -> None:
        self.heard.append(event)

    def on_user_table_failed(self, event: UserTable.Failed) -> None:
        self.heard.append(event)


@dataclass(frozen=True)
class Line:
    """One line of the screen; cells are cut out by the headings above them."""

    text: str
    header: str

    @property
    def under_cursor(self) -> bool:
        return self.text[0] in "▌▏"

    @property
    def marked(self) -> bool:
        return self.text[1] == "✓"

    @property
    def is_placeholder(self) -> bool:
        return self.text.strip("▌▏✓ ") == "·"

    @property
    def email(self) -> str:
        return self.text[3:].split("  ")[0].strip()


class TableDriver:
    """The table as it is on the screen; rows are counted from 0 below the headings."""

    def __init__(self, app: TableApp, pilot: "Pilot[None]", listing: FakeListing) -> None:
        self.app = app
        self.pilot = pilot
        self.listing = listing
        self.table = app.query_one(UserTable)

    async def settle(self) -> None:
        """Wait until all pending updates are on the screen."""
        await self.pilot.pause()
        for _ in range(10):
            if self.table._deferred_repaint is not None:
                await self.pilot.pause(0.005)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.settle()

    async def click(self, x: int, row: int, times: int = 1) -> None:
        """Click on a cell of a row."""
        await self.pilot.click(UserTable, offset=(x, row + 1), times=times)
        await self.settle()

    def strips(self) -> list[Strip]:
        """The lines of the screen."""
        return self.app.screen._compositor.render_strips()

    @property
    def lines(self) -> list[str]:
        """The screen as text."""
        return [strip.text for strip in self.strips()]

    def row(self, number: int) -> Line:
        """One row."""
        lines = self.lines
        return Line(lines[number + 1], lines[0])

    @property
    def cursor(self) -> int | None:
        """The row on the screen that the cursor is on; None if it is not on the screen."""
        rows = [at for at, line in enumerate(self.lines[1:]) if line[:1] in ("▌", "▏")]
        assert len(rows) <= 1
        return rows[0] if rows else None

    @property
    def person(self) -> str | None:
        """The id of the user under the cursor."""
        user = self.table.cursor_user
        return user.user.id if user is not None else None

    def heard(self, kind: type[Message]) -> list[Any]:
        """The messages of one type that the screen received."""
        return [message for message in self.app.heard if isinstance(message, kind)]


@asynccontextmanager
async def table_of(
    users: Iterable[User | UnreadableRecord] | FakeListing, size: tuple[int, int] = (120, 12)
) -> AsyncIterator[TableDriver]:
    """A focused table over these users on a screen of this size."""
    listing = users if isinstance(users, FakeListing) else FakeListing(users)
    app = TableApp(listing)
    async with app.run_test(size=size) as pilot:
        driver = TableDriver(app, pilot, listing)
        driver.table.focus()
        await driver.settle()
        yield driver
