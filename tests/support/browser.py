"""Drives the browser in the terms of its user interface.

async with open_browser(FakeDirectory(people(250))) as browser:
    await browser.filter("zoe")
    assert browser.cursor_email == …
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from textual._context import visible_screen_stack
from textual.events import Key
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import NOON_MS, PATIENCE_SECONDS, ManualTime
from walkme_tui.config.state import StateFile
from walkme_tui.config.themes import read_theme, shipped_folder
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort
from walkme_tui.domain.users import User
from walkme_tui.domain.views import SavedView
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.services.ports.directory_api import DirectoryApi, GroupApi
from walkme_tui.services.ports.mirror import Mirror
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.app import WalkmeApp
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser_start import BrowserStart, ProfileChoice, StartPlan
from walkme_tui.ui.dialogs.confirmation import QUIET_SECONDS, ConfirmationDialog
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.user_table.table import UserTable

KEY_NAMES = {"/": "slash", "?": "question_mark", ":": "colon"}
SOURCE = "the variable WALKME_CLIENT_SECRET"
ADDRESSES = {Surface.REST: "https://api.walkme.com", Surface.SCIM: "https://papi.walkme.com/deepui/api/scim/v2"}


@dataclass
class Setting:
    """The surroundings of a browser; every part can be set before it is opened.

    The account is crawled in the background only if ``sync`` says so.
    """

    api: DirectoryApi = field(default_factory=FakeDirectory)
    other_api: DirectoryApi | None = None
    mirror: Mirror | None = None
    profile: str = "acme"
    environment: Environment = Environment.SANDBOX
    query: str = ""
    keymap: dict[str, tuple[str, ...]] = field(default_factory=dict)
    theme: str = "dusk"
    profiles: Sequence[ProfileChoice] = ()
    open_session: Callable[[str, Surface], Session] | None = None
    open_demo: Callable[[Surface], Session] | None = None
    problem: str | None = None
    state_folder: Path | None = None
    time: ManualTime = field(default_factory=ManualTime)
    source: str = SOURCE
    read_only: bool = False
    surface: Surface = Surface.REST
    bench: Bench = field(default_factory=Bench)
    task: StartPlan | None = None
    state_file: StateFile | None = None
    view: SavedView | None = None
    sync: SyncSettings = field(default_factory=lambda: SyncSettings(fully=False))

    def session(self) -> Session:
        """A session over the api, and a real mirror in memory."""
        account = Account(
            self.profile, self.environment, self.surface, ADDRESSES[self.surface], read_only=self.read_only
        )
        mirror = self.mirror if self.mirror is not None else open_mirror(None, account_key=self.profile)
        group_api = cast("GroupApi", self.api) if self.surface is Surface.SCIM else None
        session = Session(account, self.api, mirror, self.time, self.time(), self.source, Events(), sync=self.sync)
        return session._replace(other_api=self.other_api, group_api=group_api)

    def session_over(self, api: DirectoryApi) -> Session:
        """A session of an earlier run: the same account as another client saw it."""
        return replace(self, api=api, mirror=None).session()

    def app(self) -> WalkmeApp:
        """The app before it runs; without a session if there is a ``problem``."""
        theme, problems = read_theme(shipped_folder() / f"{self.theme}.toml")
        assert theme is not None, problems
        start = BrowserStart(
            profiles=self.profiles,
            profile=self.profile if self.problem is None else None,
            open_session=self.open_session or _nothing_to_open,
            open_demo=self.open_demo or partial(_nothing_to_open, "demo"),
            demo=False,
            query=self.query,
            keymap=self.keymap,
            theme=self.theme,
            no_color=False,
            problem=self.problem or "",
            state_folder=self.state_folder,
            open_change_services=self.bench,
            task=self.task,
            state_file=self.state_file,
            view=self.view,
        )
        session = self.session() if self.problem is None else None
        return WalkmeApp(start, session, theme, monotonic=self.time.monotonic)


def _nothing_to_open(name: str, surface: Surface) -> Session:
    raise AssertionError(f"nothing should open {name} on {surface}")


@asynccontextmanager
async def open_browser(
    setting: Setting, size: tuple[int, int] = (120, 40), *, draws_toasts: bool = False
) -> AsyncIterator["Browser"]:
    """The program on a screen of this size, ready for keys; its session is closed at the end."""
    app = setting.app()
    async with app.run_test(size=size, notifications=draws_toasts) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.pause()
        yield browser
    await close(app)


async def close(app: WalkmeApp) -> None:
    """Close the change services and the session of an ended program."""
    if app.job_tasks is not None:
        await app.job_tasks.aclose()
    if app.session is not None:
        await app.session.aclose()


class Browser:
    """The browser: pressing keys, and reading the screen."""

    def __init__(self, pilot: Pilot[int], app: WalkmeApp, setting: Setting) -> None:
        self.pilot = pilot
        self.app = app
        self.setting = setting

    # ------------------------------------------------------------ input

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)
        await self.pause()

    async def type(self, text: str) -> None:
        """Type text, a key a character."""
        await self.press(*text)

    async def run_in_palette(self, text: str) -> None:
        """Run the first command of the palette that contains this text."""
        await self.press("colon")
        await self.type(text)
        await self.press("enter")

    async def wait_for_sort(self, sort: Sort | None) -> None:
        """Wait until the table is sorted like this."""
        await self.settled(lambda: self.table.listing.query.sort == sort)
        await self.pause()

    async def filter(self, text: str) -> None:
        """Open the filter box and type."""
        await self.press("slash")
        await self.type(text)

    async def type_ahead(self, *keys: str) -> None:
        """Queue keys faster than the program handles them: all before the first one is handled."""
        for key in keys:
            self.app.post_message(Key(KEY_NAMES.get(key, key), key if len(key) == 1 else None))
        await self.pause()

    async def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        await self.pilot.resize_terminal(width, height)
        await self.pause()

    async def pause(self) -> None:
        """Let all pending messages be handled."""
        await self.pilot.pause()

    async def settled(self, condition: Callable[[], object]) -> None:
        """Wait until this holds; AssertionError with the screen's text if it does not in time."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"the condition did not become true; the screen:\n{self.screen_text}")
            await self.pilot.pause(0.01)

    async def loaded(self, index: int = 0) -> None:
        """Wait until the row at an index of the table is loaded."""
        await self.settled(lambda: self.table.listing.row(index) is not None)
        await self.settled(lambda: self.table.cursor_user is not None)
        await self.pause()

    async def tick(self, seconds: float = 1.0) -> None:
        """Advance the clock and run the periodic update of the screen."""
        self.setting.time.advance(seconds)
        self.browser.chrome.tick()
        await self.pause()

    # ------------------------------------------------------------ output

    @property
    def browser(self) -> BrowserScreen:
        """The screen of the open account."""
        screen = next(screen for screen in self.app.screen_stack if isinstance(screen, BrowserScreen))
        assert isinstance(screen, BrowserScreen)
        return screen

    @property
    def table(self) -> UserTable:
        """The table of users on the current tab."""
        table = self.browser.area.table
        assert table is not None
        return table

    @property
    def strips(self) -> list[Strip]:
        """The lines of the screen."""
        visible_screen_stack.set(self.app._background_screens)  # what dialogs that are not painted yet show below
        return self.app.screen._compositor.render_strips()

    @property
    def screen_text(self) -> str:
        """The screen as plain text, line by line."""
        width, height = self.app.size
        lines = ["".join(segment.text for segment in strip) for strip in self.strips]
        return "\n".join(line[:width].rstrip() for line in lines[:height])

    def says(self, text: str) -> bool:
        """True if the screen shows this text, line breaks and runs of blanks not counted."""
        return " ".join(text.split()) in " ".join(self.screen_text.split())

    @property
    def cursor_user(self) -> User | None:
        """The user under the cursor."""
        mirrored = self.table.cursor_user
        return mirrored.user if mirrored is not None else None

    @property
    def cursor_email(self) -> str | None:
        """The email of the user under the cursor."""
        user = self.cursor_user
        return user.email if user is not None and isinstance(user.email, str) else None

    @property
    def row_count(self) -> int:
        """How many rows the table has."""
        return self.table.row_count

    @property
    def emails(self) -> list[str]:
        """The emails of all loaded rows."""
        rows = (self.table.listing.row(index) for index in range(self.row_count))
        return [str(row.user.email) for row in rows if isinstance(row, MirroredUser)]

    @property
    def marked(self) -> frozenset[str]:
        """Ids of the marked users."""
        return self.table.marks

    @property
    def account_line(self) -> str:
        """The first line."""
        return self._bar("#account")

    @property
    def status_line(self) -> str:
        """The status line."""
        return self._bar("#status")

    @property
    def hints(self) -> str:
        """The last line."""
        return self._bar("#hints")

    @property
    def filter_text(self) -> str:
        """The text of the filter box."""
        return self.browser.tab_bar.box.text

    @property
    def filter_count(self) -> str:
        """The count beside the filter box."""
        return self._bar("#count")

    @property
    def detail_shown(self) -> bool:
        """True if the detail pane is on the screen."""
        return bool(self.browser.area.detail.display)

    @property
    def detail(self) -> str:
        """The text of the detail pane, line breaks and runs of blanks as one blank."""
        return " ".join(self.browser.area.detail.text.split())

    @property
    def panes(self) -> list[str]:
        """Names of the panes on the screen, from the left."""
        return [pane.value for pane in self.browser.area.shown]

    @property
    def focus(self) -> str:
        """Id of the focused widget."""
        focused: Widget | None = self.app.screen.focused
        return focused.id or "" if focused is not None else ""

    @property
    def groups(self) -> list[str]:
        """The lines of the groups, as plain text."""
        return self._list_lines(self.browser.area.groups_tab.groups)

    @property
    def requests(self) -> list[str]:
        """The lines of the request log, as plain text."""
        return self._list_lines(self.browser.area.requests)

    @property
    def members_heading(self) -> str:
        """The heading of the members pane."""
        return self._bar("#members-heading")

    @property
    def dialog(self) -> str:
        """The text of the dialog on top, empty if there is none."""
        if self.app.screen is self.browser:
            return ""
        parts = []
        for widget in self.app.screen.query(Widget):
            if isinstance(widget, RowList):
                parts += self._list_lines(widget)
            elif isinstance(widget, (ScrollingText, TextBar)):
                parts.append(widget.text)
        return "\n".join(parts)

    async def listening(self, title: str = "") -> None:
        """Wait for a confirmation dialog with this text, until it is armed."""
        await self.settled(lambda: isinstance(self.app.screen, ConfirmationDialog) and title in self.dialog)
        await self.armed()

    async def deactivate_user(self) -> None:
        """Deactivate the user under the cursor: confirm the plan, wait for the receipt and close it."""
        await self.press("x")
        await self.listening("Deactivate")
        await self.press("y")
        await self.settled(lambda: "Done and verified." in self.dialog)
        await self.press("enter")

    async def armed(self) -> None:
        """Wait until the dialog on top accepts a confirmation key."""
        dialog = self.app.screen
        assert isinstance(dialog, ConfirmationDialog)
        await self.settled(lambda: dialog.shown)
        await self.settled(lambda: self.quiet(dialog))

    def quiet(self, dialog: ConfirmationDialog[Any]) -> bool:
        """Let no key be pressed for a while; True if the dialog then accepts a confirmation key."""
        self.setting.time.advance(QUIET_SECONDS)
        dialog._arm_if_quiet()
        return dialog.armed

    @property
    def jobs(self) -> list[str]:
        """The lines of the jobs, as plain text."""
        return self._list_lines(self.browser.area.jobs_tab.jobs)

    @property
    def steps(self) -> str:
        """The text about the job under the cursor, line breaks and runs of blanks as one blank."""
        pane = self.browser.area.jobs_tab.steps
        return " ".join(f"{pane.query_one(TextBar).text} {pane.steps.text}".split())

    @property
    def toasts(self) -> list[str]:
        """The visible messages, as toasts and in the status line."""
        toasts = [f"{note.title} {note.message}".strip() for note in self.app._notifications]
        screens = (screen for screen in self.app.screen_stack if isinstance(screen, BrowserScreen))
        return [*toasts, *(note.text for screen in screens if (note := screen.chrome._note) is not None)]

    @property
    def running(self) -> bool:
        """False once the program is ending."""
        return not self.app._exit

    def _bar(self, selector: str) -> str:
        """The text of a line, empty where the screen was just opened and does not have it yet."""
        return "".join(bar.text for bar in self.browser.query(selector).results(TextBar))

    def _list_lines(self, rows: RowList[Any]) -> list[str]:
        width = max(20, rows.size.width - 2)
        return [" ".join("".join(text for text, _ in rows.line(row, width)).split()) for row in rows.rows]


async def counted(browser: Browser, *lines: str) -> None:
    """Advance the clock until these are among the lines of the group list."""
    await browser.settled(lambda: browser.groups)
    for _ in range(400):
        if set(lines) <= set(browser.groups):
            return
        await browser.tick()
        await browser.pilot.pause(0.02)
    assert set(lines) <= set(browser.groups)


__all__ = ["NOON_MS", "Browser", "Setting", "close", "counted", "open_browser"]
