"""The main screen: the panes of one open session, and how input and session events reach them."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from walkme_tui.domain.commands import Command, offered
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import (
    Event,
    LoadFailed,
    LoadRecovered,
)
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.reading.view import EVERYONE
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.browser.change_commands import ChangeCommands
from walkme_tui.ui.browser.chrome import Chrome
from walkme_tui.ui.browser.details import Details
from walkme_tui.ui.browser.filter_control import FilterControl
from walkme_tui.ui.browser.filters import TableFilters
from walkme_tui.ui.browser.group_loading import GroupLoading
from walkme_tui.ui.browser.navigation import Navigation
from walkme_tui.ui.browser.panes import PaneArea
from walkme_tui.ui.browser.shown_commands import PAIR_COMMANDS, hinted, shown_command
from walkme_tui.ui.browser.view_state import ViewState
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.preload import Preload
from walkme_tui.ui.widgets.account_line import AccountLine
from walkme_tui.ui.widgets.immediate_paint import paint_below_dialogs
from walkme_tui.ui.widgets.key_hints import KeyHints
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.status_line import StatusLine
from walkme_tui.ui.widgets.tab_bar import TabBar, TabTitles
from walkme_tui.ui.widgets.too_small import is_too_small, show_too_small
from walkme_tui.ui.widgets.user_table.table import UserTable
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.config.state import StateFile
    from walkme_tui.domain.jobs import Job
    from walkme_tui.ui.browser.sorting import TableSorting
    from walkme_tui.ui.plan_preload import PlanPreload


class BrowserScreen(Screen[None], inherit_bindings=False):
    """Shows one open session and runs its services for as long as it is mounted."""

    AUTO_FOCUS = ""
    BLANK = True  # only background: otherwise Textual draws its lines in every frame, below the panes
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "screen.copy_text", show=False)]

    def __init__(
        self,
        session: Session,
        commands: Sequence[Command],
        job_tasks: JobTasks,
        *,
        query: UserQuery = EVERYONE,
        wide: bool = False,
        state_file: "StateFile | None" = None,
        preload: Preload | None = None,
        plan: "PlanPreload | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.session = session
        self.pages = preload.pages if preload is not None else PageLoader(session, monotonic=monotonic)
        self._serving = preload.serving if preload is not None else None
        self.directory = Directory(session)
        self.job_tasks = job_tasks
        users = preload.listing if preload is not None else Listing(session, self.pages, query)
        self.area: PaneArea = PaneArea(session, self.pages, self.directory, job_tasks, users)
        self.filtering = TableFilters(self.area, query)
        self.tab_bar = TabBar(self.area.tabs)
        self.filter: FilterControl = FilterControl(self, self.area, self.filtering, self.tab_bar)
        self.group_loading = GroupLoading(self, self.area)
        self.change_commands: ChangeCommands = ChangeCommands(
            self, self.area, self.filter, commands, plan, update_soon=self._update_soon
        )
        self.chrome: Chrome = Chrome(
            self, self.area, self.filtering, self.filter, self.change_commands, self.group_loading.count, monotonic
        )
        self.view_state = ViewState(self, self.area, self.filter, self.pages, commands)
        self.details = Details(self, self.area)
        self.navigation: Navigation = Navigation(self)
        self.state_file = state_file
        self._wide = wide
        self._commands = commands
        self._unsubscribe: Callable[[], None] | None = None
        self._waits_for_dialog = False
        self._monotonic = monotonic

    @cached_property
    def ordering(self) -> "TableSorting":
        """The order and the column widths of the tables; the first frame does not need them."""
        from walkme_tui.ui.browser.sorting import TableSorting

        return TableSorting(self, self.area, self.filtering, self.filter, self.state_file)

    # ------------------------------------------------------------ mounting

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield AccountLine(self.session.account)
        yield self.tab_bar
        yield self.area
        yield StatusLine()
        yield KeyHints(offered(hinted(self._commands), self.session.capabilities))

    def on_mount(self) -> None:
        """Paint the first frame, then start the services."""
        self._unsubscribe = self.session.events.subscribe(self._on_session_event)
        self.area.users.not_loaded = self._not_loaded
        self.area.users.show_wide(self._wide)
        self.navigation.lay_out(self.area.arrangement)
        self.chrome.update()
        self.change_commands.begin()
        self.call_after_refresh(self._begin_after_dialog)

    def _begin_after_dialog(self) -> None:
        """Start the services; a dialog that is open already, such as a plan's, is painted first."""
        dialog = self.app.screen
        self._waits_for_dialog = dialog is not self
        if self._waits_for_dialog:
            dialog.call_after_refresh(self.call_later, self._begin_if_waiting)
        else:
            self._begin()

    @on(events.ScreenResume)
    def _begin_if_waiting(self) -> None:
        """Start the services if they wait for a dialog, which may have been closed before it was painted."""
        if self._waits_for_dialog:
            self._waits_for_dialog = False
            self._begin()

    def _begin(self) -> None:
        from walkme_tui.ui.browser.crawl_status import CrawlStatus

        start_worker(self, WorkerGroup.PAGES, self._serve_pages, name="Loading the list")
        self.chrome.crawl = CrawlStatus(self, self._monotonic)
        self.chrome.crawl.begin()
        if self.area.arrangement.tab is Tab.RECONCILE:
            self.chrome.crawl.read_fully()
        self._begin_news()
        self.ordering.begin()
        self.area.groups_tab.named = self.area.detail.name_groups
        self.group_loading.count()
        self.chrome.begin()
        self.set_interval(1.0, self.chrome.tick)
        if self.session.sync.refresh_ms:
            self.set_interval(self.session.sync.refresh_ms / 1000, self._refresh_view)
        self.filter.look_up_text()
        for notice in self.session.mirror.notices:
            self.app.notify(notice, markup=False, timeout=12)

    def _begin_news(self) -> None:
        from walkme_tui.ui.browser.news_marks import NewsMarks

        tables = (self.area.users, self.area.groups_tab.members.table)
        news = self.chrome.news = NewsMarks(self, tables, self.chrome.update_soon)
        self.details.rested_on = news.rested_on

    def _refresh_view(self) -> None:
        table = self.area.table
        if table is not None and self.pages.failure is None:
            table.listing.refresh()

    async def _serve_pages(self) -> None:
        if self._serving is None:
            await self.pages.run()
        else:
            self.pages.want(self.session, ())
            await self._serving

    def on_unmount(self) -> None:
        """End what the screen began."""
        self.ordering.end()
        if self.area.has_reconcile_tab:
            self.area.reconcile_tab.end()
        self.change_commands.end()
        if self.chrome.news is not None:
            self.chrome.news.end()
        if self._unsubscribe is not None:
            self._unsubscribe()

    # ------------------------------------------------------------ what flows and commands use

    @property
    def group_names(self) -> Mapping[str, str]:
        """Names of the groups by id, as far as they are known."""
        return self.area.groups_tab.names

    @property
    def user(self) -> MirroredUser | None:
        """The user under the cursor of the current table, or of the Reconcile tab."""
        if self.area.arrangement.tab is Tab.RECONCILE:
            return self.area.reconcile_tab.user
        table = self.area.table
        return table.cursor_user if table is not None else None

    @property
    def marked(self) -> list[str]:
        """Ids of the marked users of that table or tab, in the order in which they were marked."""
        if self.area.arrangement.tab is Tab.RECONCILE:
            return self.area.reconcile_tab.marked_users
        table = self.area.table
        return list(table.marked_emails) if table is not None else []

    @property
    def listing(self) -> Listing | None:
        """The users of that table, None on a tab without one."""
        table = self.area.table
        return table.listing if table is not None else None

    @property
    def changes_groups(self) -> bool:
        """True while the list of groups has the focus, on a surface that can change them."""
        return self.area.focused is Pane.GROUPS and not self.session.capabilities.group_changes

    def unmark(self, job: "Job") -> str:
        """Unmark the users that a job handled; a message about it, empty if none was marked."""
        return self.area.unmark(job)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key in the filter box if that has the focus."""
        return self.filter.process_key(event)

    def run_command(self, command_id: str) -> None:
        """Run a command of a key or the palette, unless it is disabled."""
        command_id = shown_command(command_id, self.area.arrangement.tab, changes_groups=self.changes_groups)
        if not self.has_command(command_id) or (self.has_class("tiny") and self.view_state.needs_view(command_id)):
            return  # it has no user to act on
        self.change_commands.last_command = command_id
        if not self.change_commands.refuses(command_id):
            from walkme_tui.ui.browser.actions import ACTIONS

            ACTIONS[command_id](self)

    def has_command(self, command_id: str) -> bool:
        """False for a command about a list of users, or of pairs, while a tab without one is shown."""
        if command_id in PAIR_COMMANDS.values():
            return self.area.arrangement.tab is Tab.RECONCILE
        of_users = any(each.id == command_id and each.of_users for each in self._commands)
        return self.area.table is not None or not of_users

    def types(self, event: events.Key) -> bool:
        """True if a key types into the filter box."""
        return self.filter.types(event)

    def pending(self, command_id: str) -> str:
        """What a command waits for, empty if nothing."""
        return self.view_state.pending(command_id)

    def show_waiting(self, text: str) -> None:
        """Show in the status line which keys wait for what."""
        self.chrome.waiting = text
        self.chrome.update()

    # ------------------------------------------------------------ panes

    def on_resize(self, event: events.Resize) -> None:
        """Lay out the panes for the new size."""
        show_too_small(self, is_too_small(event.size))
        self.navigation.resize(event.size)

    @on(TabTitles.Chosen)
    def go_to_tab(self, event: TabTitles.Chosen) -> None:
        """Show the tab that was clicked."""
        self.navigation.show_tab(event.tab)

    @on(events.DescendantFocus)
    def focus_changed(self) -> None:
        """Update the filter box and the key hints."""
        self.filter.show()
        self.chrome.update_hints()

    @on(UserTable.CursorMoved)
    def details_follow(self, event: UserTable.CursorMoved) -> None:
        """Update the position, the news and the details."""
        self.cursor_moved()
        if event.table is self.area.table:
            if self.chrome.news is not None:
                self.chrome.news.moved(event.user.user.id if event.user is not None else None)
            self.details.follow()
            self.filter.open_the_only_one()

    @on(UserTable.MarksChanged)
    def cursor_moved(self) -> None:
        """Update the position, which counts the marks."""
        self.chrome.cursor_moved()
        self.keep_toasts_off_the_cursor()

    def keep_toasts_off_the_cursor(self) -> None:
        """Put toasts at the other end of the screen than the cursor's row."""
        position = self.area.position
        below = position is not None and 2 * (position.row - position.first) > self.area.size.height
        self.set_class(below, "cursor-below")

    @on(UserTable.ViewChanged)
    def show_view(self, event: UserTable.ViewChanged) -> None:
        """Update all that depends on the rows and their phase."""
        if event.table is self.area.table:
            self.details.follow()
        self.chrome.update()
        self.filter.open_the_only_one()

    @on(UserTable.Opened)
    def open_user(self) -> None:
        """Open the details after Enter or a double click."""
        self.navigation.open_details()

    @on(UserTable.HeadingClicked)
    def sort_by_the_heading(self, event: UserTable.HeadingClicked) -> None:
        """Sort by the column whose heading was clicked."""
        if event.table is self.area.table:
            self.ordering.sort_by(event.key)

    @on(UserTable.MarksReported)
    def report_marks(self, event: UserTable.MarksReported) -> None:
        """A range or all were marked."""
        self.app.notify(event.text, markup=False, timeout=4)

    @on(UserTable.Failed)
    def report_failure(self, event: UserTable.Failed) -> None:
        """Report a failure of the table."""
        from walkme_tui.ui.errors import report

        report(self.app, event.error, doing="Marking")

    @on(RowList.Moved)
    def panes_follow(self, event: RowList.Moved) -> None:
        """Update the position, and what shows the row under the cursor of a list."""
        from walkme_tui.ui.browser.row_actions import FOLLOWING

        follow = FOLLOWING.get(event.source.id)
        if follow is not None:
            self.cursor_moved()
            follow(self)

    @on(RowList.Opened)
    def open_row(self, event: RowList.Opened) -> None:
        """Open the row under the cursor of a list after Enter or a click."""
        from walkme_tui.ui.browser.row_actions import OPENING

        opening = OPENING.get(event.source.id)
        if opening is not None:
            opening(self)

    def _compositor_refresh(self) -> None:
        if not paint_below_dialogs(self):
            super()._compositor_refresh()

    # ------------------------------------------------------------ session events

    def update_status(self) -> None:
        """Update the bars and the texts of empty tables."""
        self.chrome.update()

    def _update_soon(self) -> None:
        self.chrome.update_soon()

    def _not_loaded(self) -> int | None:
        coverage = self.pages.coverage
        return None if coverage is None or coverage.total is None else max(0, coverage.total - coverage.loaded)

    def _on_session_event(self, event: Event) -> None:
        if isinstance(event, (LoadFailed, LoadRecovered)):
            self.chrome.update()
        else:
            self.chrome.update_soon()
        self.details.refresh(event)
        if self.chrome.crawl is not None:
            self.chrome.crawl.on_session_event(event)
        self.group_loading.on_session_event(event)
