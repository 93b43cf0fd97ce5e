"""The main screen: the panes of one open session, and how input and session events reach them."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, Final

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
    GroupsStored,
    LoadFailed,
    LoadRecovered,
    MembersStored,
    PageLoaded,
    UserForgotten,
    UserStored,
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
from walkme_tui.ui.browser.navigation import Navigation
from walkme_tui.ui.browser.panes import PaneArea
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
    from walkme_tui.ui.browser.sorting import TableSorting
    from walkme_tui.ui.plan_preload import PlanPreload


PAIR_COMMANDS: Final = {"user.compare": "pair.show", "users.export": "pairs.export", "user.bulk": "pairs.adopt"}
"""What the keys of these commands do on the Reconcile tab."""
GROUP_COMMANDS: Final = {"user.new": "group.new", "user.edit": "group.edit", "user.delete": "group.delete"}
"""What the keys of these commands do on the list of groups."""


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
        self.change_commands: ChangeCommands = ChangeCommands(
            self, self.area, self.filter, commands, plan, update_soon=self._update_soon
        )
        self.chrome: Chrome = Chrome(
            self, self.area, self.filtering, self.filter, self.change_commands, self.count_groups, monotonic
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
        keys = {each.id: each.keys for each in self._commands}
        shared = {own: keys[other] for other, own in PAIR_COMMANDS.items()}
        hinted = [each._replace(keys=shared.get(each.id, each.keys)) for each in self._commands]
        yield KeyHints(offered(hinted, self.session.capabilities))

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
        self.count_groups()
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

    def unmark(self, user_ids: Collection[str]) -> str:
        """Unmark these users; a message about it, empty if none was marked."""
        return self.area.unmark(user_ids)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key in the filter box if that has the focus."""
        return self.filter.process_key(event)

    def run_command(self, command_id: str) -> None:
        """Run a command of a key or the palette, unless it is disabled."""
        if command_id == "job.pause" and self.area.arrangement.tab is not Tab.JOBS:
            command_id = "crawl.pause"  # one key pauses the job on the Jobs tab and the crawl elsewhere
        if self.changes_groups:
            command_id = GROUP_COMMANDS.get(command_id, command_id)
        if self.area.arrangement.tab is Tab.RECONCILE:
            command_id = PAIR_COMMANDS.get(command_id, command_id)
        if not self.has_command(command_id) or (self.has_class("tiny") and self.view_state.needs_view(command_id)):
            return  # it has no user to act on
        self.change_commands.last_command = command_id
        if not self.change_commands.refuses(command_id):
            self._run(command_id)

    def has_command(self, command_id: str) -> bool:
        """False for a command about a list of users, or of pairs, while a tab without one is shown."""
        if command_id in PAIR_COMMANDS.values():
            return self.area.arrangement.tab is Tab.RECONCILE
        of_users = any(each.id == command_id and each.of_users for each in self._commands)
        return self.area.table is not None or not of_users

    def _run(self, command_id: str) -> None:
        from walkme_tui.ui.browser.actions import ACTIONS

        ACTIONS[command_id](self)

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

    def read_groups(self) -> None:
        """Read the groups from the server."""
        self.area.groups_tab.requested = True
        start_worker(self, WorkerGroup.GROUPS, self._read_groups, exclusive=True, name="Reading the groups")

    async def _read_groups(self) -> None:
        error = await self.area.groups_tab.load()
        if error is not None and self.area.arrangement.tab is Tab.GROUPS:
            from walkme_tui.ui.errors import report

            report(self.app, error, doing="Reading the groups")

    def count_groups(self) -> None:
        """Read groups and counts from the mirror."""
        start_worker(self, WorkerGroup.STATUS, self.area.groups_tab.reload, exclusive=True, name="Counting the groups")

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

    @on(RowList.Moved, "#requests")
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

    @on(RowList.Moved, "#groups")
    def members_follow(self) -> None:
        """Show the members of the group under the cursor."""
        self.cursor_moved()
        self.area.groups_tab.follow()

    @on(RowList.Moved, "#classes-list")
    def pairs_follow(self) -> None:
        """List the pairs of the set under the cursor."""
        self.cursor_moved()
        self.area.reconcile_tab.follow_class()

    @on(RowList.Moved, "#pairs-list")
    def records_follow(self) -> None:
        """Show both records of the pair under the cursor."""
        self.cursor_moved()
        self.area.reconcile_tab.follow_pair()

    @on(RowList.Opened, "#classes-list")
    def go_to_the_pairs(self) -> None:
        """Move the focus to the pairs of the set under the cursor."""
        if Pane.PAIRS in self.area.shown:
            self.area.focus_pane(Pane.PAIRS)

    @on(RowList.Opened, "#pairs-list")
    def show_pair(self) -> None:
        """Show both records of the pair under the cursor."""
        self._run("pair.show")

    @on(RowList.Moved, "#jobs")
    def steps_follow(self) -> None:
        """Show the steps of the job under the cursor."""
        self.cursor_moved()
        self.area.jobs_tab.follow()

    @on(RowList.Opened, "#jobs")
    def show_receipt(self) -> None:
        """Show the receipt of the job under the cursor."""
        self._run("job.receipt")

    @on(RowList.Opened, "#requests")
    def show_the_request(self) -> None:
        """Show the request under the cursor."""
        from walkme_tui.ui.dialogs.request import RequestDialog
        from walkme_tui.ui.flows.copy import copy_request

        record = self.area.requests.current
        if record is not None:
            self.app.push_screen(RequestDialog(record, partial(copy_request, self, record)))

    @on(RowList.Opened, "#groups")
    def go_to_the_members(self) -> None:
        """Move the focus to the members of the group under the cursor."""
        self._run("user.groups")

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
        if isinstance(event, PageLoaded) and not self.area.groups_tab.requested:
            self.read_groups()
        if not self.area.has_groups_tab:
            return  # nothing is counted yet: a plan to begin with reads users before that
        if isinstance(event, (PageLoaded, UserStored, UserForgotten)):
            self.area.groups_tab.age()
        elif isinstance(event, GroupsStored):
            self.count_groups()
        elif isinstance(event, MembersStored):
            self.area.groups_tab.on_members_stored(event)
