"""The browser: one account, its users, its groups and what goes over the wire."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from walkme_tui.domain.commands import Command
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import Event, LoadFailed, LoadRecovered, PageLoaded, UserForgotten, UserStored
from walkme_tui.services.ports import MirroredUser, Session
from walkme_tui.services.reading.listing import Listing, Phase
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.reading.view import EVERYONE
from walkme_tui.ui.arrangement import Arrangement, Pane, Tab
from walkme_tui.ui.browser.actions import run_verb
from walkme_tui.ui.browser.change_commands import ChangeCommands
from walkme_tui.ui.browser.chrome import Chrome
from walkme_tui.ui.browser.details import Details
from walkme_tui.ui.browser.filter_control import FilterControl
from walkme_tui.ui.browser.filters import TableFilters
from walkme_tui.ui.browser.group_visit import GroupVisit
from walkme_tui.ui.browser.panes import PaneArea
from walkme_tui.ui.browser.sorting import TableSorting
from walkme_tui.ui.browser.view_state import Settling
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.preload import Preload
from walkme_tui.ui.widgets.account_line import AccountLine
from walkme_tui.ui.widgets.detail.pane import Subject
from walkme_tui.ui.widgets.key_hints import KeyHints
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.status_line import StatusLine
from walkme_tui.ui.widgets.tab_bar import TabBar, TabTitles
from walkme_tui.ui.widgets.too_small import is_too_small, show_too_small
from walkme_tui.ui.widgets.user_table import UserTable
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.geometry import Size

    from walkme_tui.services.browser_start import SavedPreferences
    from walkme_tui.ui.browser.crawl_status import CrawlStatus
    from walkme_tui.ui.browser.news_marks import NewsMarks
    from walkme_tui.ui.plan_preload import PlanPreload


class BrowserScreen(Screen[None], inherit_bindings=False):
    """One open session on the screen; it starts the session's services when it comes and ends them when it goes."""

    AUTO_FOCUS = ""
    BLANK = True  # nothing but background: else Textual draws its lines in every frame, below the panes
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "screen.copy_text", show=False)]

    def __init__(
        self,
        session: Session,
        commands: Sequence[Command],
        work: JobTasks,
        *,
        query: UserQuery = EVERYONE,
        wide: bool = False,
        memory: "SavedPreferences | None" = None,
        early: Preload | None = None,
        plan: "PlanPreload | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.session = session
        self.pages = early.pages if early is not None else PageLoader(session, monotonic=monotonic)
        self._serving = early.serving if early is not None else None
        self.directory = Directory(session)
        self.work = work
        self.changing: ChangeCommands = ChangeCommands(self, work, commands, plan)
        users = early.listing if early is not None else Listing(session, self.pages, query)
        self.area: PaneArea = PaneArea(session, self.pages, self.directory, work, users)
        self.filtering = TableFilters(self.area, query)
        self.group_visit = GroupVisit(self)
        self.ordering: TableSorting = TableSorting(self, memory)
        self._wide = wide
        self.details = Details(self, self.area.detail)
        self.situation = Chrome(self, monotonic)
        self.arrangement: Arrangement = Arrangement()
        self.tab_line = TabBar()
        self.filter: FilterControl = FilterControl(self)
        self.settling: Settling = Settling(self, commands)
        self._commands = commands
        self._laid_out_for: Size | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._monotonic = monotonic
        self.crawling: CrawlStatus | None = None
        self.news: NewsMarks | None = None

    # ------------------------------------------------------------ life

    def compose(self) -> ComposeResult:
        """Account, tabs and filter, panes, status, hints."""
        yield AccountLine(self.session.account)
        yield self.tab_line
        yield self.area
        yield StatusLine()
        yield KeyHints(self._commands)

    def on_mount(self) -> None:
        """Paint first, ask the server then."""
        self._unsubscribe = self.session.events.subscribe(self._changed)
        self.area.users.not_loaded = self._not_loaded
        self.area.users.show_wide(self._wide)
        self.lay_out(self.arrangement)
        self.situation.tell()
        self.changing.begin()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        from walkme_tui.ui.browser.crawl_status import CrawlStatus

        start_worker(self, WorkerGroup.PAGES, self._serve_pages, name="Loading the list")
        self.crawling = CrawlStatus(self, self._monotonic)
        self.crawling.begin(self.pages)
        self._begin_news()
        self.ordering.begin()
        self.area.groups_tab.named = self.area.detail.name_groups
        self.count_groups()
        self.situation.begin()
        self.set_interval(1.0, self.situation.tick)
        if self.session.syncing.refresh_ms:
            self.set_interval(self.session.syncing.refresh_ms / 1000, self._refresh_by_itself)
        self.filter.consider_a_look_up()
        for notice in self.session.mirror.notices:
            self.app.notify(notice, markup=False, timeout=12)

    def _begin_news(self) -> None:
        from walkme_tui.ui.browser.news_marks import NewsMarks

        self.news = NewsMarks(self)
        self.news.begin()
        self.details.looked_at = self.news.rested_on
        for table in (self.area.users, self.area.groups_tab.members.table):
            self.news.attach(table)

    def _refresh_by_itself(self) -> None:
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
        """Hear no more of the session."""
        self.ordering.end()
        self.changing.end()
        if self.news is not None:
            self.news.end()
        if self._unsubscribe is not None:
            self._unsubscribe()

    # ------------------------------------------------------------ what flows and verbs ask

    @property
    def group_names(self) -> Mapping[str, str]:
        """Names of the groups by id, as far as they are known."""
        return self.area.groups_tab.names

    @property
    def user(self) -> MirroredUser | None:
        """The user under the cursor of the table that is looked at."""
        table = self.area.table
        return table.cursor_user if table is not None else None

    @property
    def marked(self) -> list[str]:
        """Ids of the marked users of that table, in the order of marking."""
        table = self.area.table
        return list(table.marked_emails) if table is not None else []

    def unmark(self, user_ids: Collection[str]) -> str:
        """Take the marks of these users away; a sentence on that, empty if none was marked."""
        return self.area.unmark(user_ids)

    def take_key(self, event: events.Key) -> bool:
        """Type into the filter box by this key, if it has the keys."""
        return self.filter.take_key(event)

    def run_command(self, command_id: str) -> None:
        """Do what a key or the palette asks for, if it may be done."""
        if command_id == "job.pause" and self.arrangement.tab is not Tab.JOBS:
            command_id = "crawl.pause"  # one key for what goes on where the person is
        if self.has_class("tiny") and self.settling.needs_view(command_id):
            return  # nobody is shown on whom it could act
        self.changing.last_command = command_id
        if not self.changing.refuses(command_id):
            run_verb(self, command_id)

    def types(self, event: events.Key) -> bool:
        """True if a key types into the filter box."""
        return self.settling.types(event)

    def pending(self, command_id: str) -> str:
        """What has to be on the screen before a command can run."""
        return self.settling.pending(command_id)

    def show_waiting(self, text: str) -> None:
        """Show in the status line what keys wait for."""
        self.situation.waiting = text
        self.situation.tell()

    def show_group(self, group_id: str, opened_from: MirroredUser | None = None) -> None:
        """Go to the Groups tab, with the cursor on this group; Esc leads back to the user it was opened from."""
        self.group_visit.open(group_id, opened_from)

    def show_user(self, user_id: str) -> None:
        """Go to the Users tab, with the cursor on this user, whatever was filtered there."""
        self.show_tab(Tab.USERS)
        self.filtering.clear(Pane.USERS)
        self.area.focus_pane(Pane.USERS)
        start_worker(self, WorkerGroup.CURSOR, partial(self._go_to, user_id), exclusive=True, name="Finding the user")

    async def _go_to(self, user_id: str) -> None:
        user = await self.directory.cached(user_id)
        if user is not None:
            self.area.users.go_to(user)

    def read_groups(self) -> None:
        """Ask the server for the groups."""
        self.area.groups_tab.asked = True
        start_worker(self, WorkerGroup.GROUPS, self._read_groups, exclusive=True, name="Reading the groups")

    async def _read_groups(self) -> None:
        error = await self.area.groups_tab.ask()
        if error is not None and self.arrangement.tab is Tab.GROUPS:
            from walkme_tui.ui.errors import report

            report(self.app, error, doing="Reading the groups")

    def count_groups(self) -> None:
        """Read groups and counts as the local copy knows them now."""
        start_worker(self, WorkerGroup.STATUS, self.area.groups_tab.reload, exclusive=True, name="Counting the groups")

    # ------------------------------------------------------------ panes

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab."""
        self.lay_out(self.arrangement.on(tab))

    def lay_out(self, arrangement: Arrangement) -> None:
        """Show these panes."""
        new_tab = arrangement.tab is not self.arrangement.tab
        self.arrangement = arrangement
        self._laid_out_for = self.size
        self.settling.lay_out()
        self.area.lay_out(arrangement, self.size.width)
        self.query_one(TabTitles).select(arrangement.tab)
        if self.area.detail.display:
            self.details.show(self._subject())
        if new_tab:
            self.group_visit.forget()
            if arrangement.tab is Tab.GROUPS and not self.area.groups_tab.answered:
                self.read_groups()
            if arrangement.tab is Tab.JOBS:
                self.changing.read_jobs()
            self.situation.tick()
        self.keys_went_elsewhere()

    def open_details(self) -> None:
        """Show the user under the cursor whole, and give the details the keys."""
        self.lay_out(self.arrangement.open())
        if Pane.DETAIL in self.area.shown:
            self.area.focus_pane(Pane.DETAIL)

    def on_resize(self, event: events.Resize) -> None:
        """Other panes may fit now."""
        show_too_small(self, is_too_small(event.size))
        if self._laid_out_for not in (None, event.size):
            self.lay_out(self.arrangement)
            self.situation.tell()

    @on(TabTitles.Chosen)
    def go_to_tab(self, event: TabTitles.Chosen) -> None:
        """A tab was clicked."""
        self.show_tab(event.tab)

    @on(events.DescendantFocus)
    def keys_went_elsewhere(self) -> None:
        """Another pane or the box has the keys."""
        self.filter.show()
        self.situation.tell_hints()

    def back(self) -> None:
        """Take back one thing: the box, the raw record, what covers the screen, filter, marks, group, details."""
        table = self.area.table
        if self.filter.has_keys:
            self.filter.leave()
        elif self.work.pending.cancel_latest():
            self.situation.tell()
        elif self.area.detail.display and self.area.detail.raw:
            self.area.detail.set_raw(False)
        elif self.arrangement.covers(self.size.width):
            self.lay_out(self.arrangement.uncover())
        elif self.area.focused is Pane.DETAIL:
            self.arrangement = self.arrangement.uncover()
            self.area.focus_pane(self.area.shown[-2])
        elif self.filtering.text:
            self.filter.clear()
        elif self.area.focused is Pane.GROUPS and self.area.groups_tab.groups.marked:
            self.area.groups_tab.mark("clear_marks")
        elif table is not None and table.marks:
            table.action_clear_marks()
        elif not self.group_visit.back() and Pane.DETAIL in self.area.shown:
            self.lay_out(self.arrangement.with_detail(False))

    # ------------------------------------------------------------ tables

    def _subject(self) -> Subject:
        """Whose details are shown."""
        table = self.area.table
        if table is None or table.listing.phase is not Phase.READY:
            return None
        row = table.listing.row(table.cursor_index)
        return row if row is not None else table.cursor_user

    @on(UserTable.CursorMoved)
    def details_follow(self, event: UserTable.CursorMoved) -> None:
        """The details show who is under the cursor now."""
        self._cursor_moved()
        if event.table is self.area.table:
            if self.news is not None:
                self.news.moved(event.user.user.id if event.user is not None else None)
            self.details.follow(self._subject())
            self.filter.open_the_only_one()

    def _cursor_moved(self) -> None:
        self.situation.cursor_moved()
        self.keep_toasts_off_the_cursor()

    def keep_toasts_off_the_cursor(self) -> None:
        """Put toasts at the other end of the screen than the cursor's row."""
        position = self.area.position
        below = position is not None and 2 * (position.row - position.first) > self.area.size.height
        self.set_class(below, "cursor-below")

    @on(UserTable.MarksChanged)
    def tell_how_many_are_marked(self) -> None:
        """Marks were set or cleared."""
        self.situation.cursor_moved()

    @on(UserTable.ViewChanged)
    def tell_of_the_view(self, event: UserTable.ViewChanged) -> None:
        """Another number of rows, or another phase."""
        if event.table is self.area.table:
            self.details.follow(self._subject())
        self.situation.tell()
        self.filter.open_the_only_one()

    @on(UserTable.Opened)
    def open_user(self) -> None:
        """Enter or a double click."""
        self.open_details()

    @on(UserTable.HeadingClicked)
    def sort_by_the_heading(self, event: UserTable.HeadingClicked) -> None:
        """A click on the heading of a column."""
        if event.table is self.area.table:
            self.ordering.sort_by(event.key)

    @on(UserTable.MarksReported)
    def say_what_was_marked(self, event: UserTable.MarksReported) -> None:
        """A range or all were marked."""
        self.app.notify(event.text, markup=False, timeout=4)

    @on(UserTable.Failed)
    def say_what_failed(self, event: UserTable.Failed) -> None:
        """The table could not do what was asked for."""
        from walkme_tui.ui.errors import report

        report(self.app, event.error, doing="This")

    @on(RowList.Moved, "#groups")
    def members_follow(self) -> None:
        """The members of the group under the cursor."""
        self._cursor_moved()
        self.area.groups_tab.follow()

    @on(RowList.Moved, "#jobs")
    def steps_follow(self) -> None:
        """The steps of the job under the cursor."""
        self._cursor_moved()
        self.area.jobs_tab.follow()

    @on(RowList.Opened, "#jobs")
    def show_what_became_of_the_job(self) -> None:
        """Enter on a job."""
        run_verb(self, "job.receipt")

    @on(RowList.Opened, "#requests")
    def show_the_request(self) -> None:
        """Enter on a request."""
        from walkme_tui.ui.dialogs.request import RequestDialog
        from walkme_tui.ui.flows.copy import copy_request

        record = self.area.requests.current
        if record is not None:
            self.app.push_screen(RequestDialog(record, partial(copy_request, self, record)))

    @on(RowList.Moved, "#requests")
    def requests_moved(self) -> None:
        """Another request is under the cursor."""
        self._cursor_moved()

    @on(RowList.Opened, "#groups")
    def go_to_the_members(self) -> None:
        """Enter on a group."""
        run_verb(self, "user.groups")

    # ------------------------------------------------------------ the session's side

    def refresh_situation(self) -> None:
        """Something that the chrome or an empty table tells has changed."""
        self.situation.tell()

    def _not_loaded(self) -> int | None:
        coverage = self.pages.coverage
        return None if coverage is None or coverage.total is None else max(0, coverage.total - coverage.loaded)

    def _changed(self, change: Event) -> None:
        """PageLoader came or did not; groups were read."""
        if isinstance(change, (LoadFailed, LoadRecovered)):
            self.situation.tell()
        else:
            self.situation.tell_soon()
        self.details.refresh(change)
        if self.crawling is not None:
            self.crawling.hear(change)
        if isinstance(change, PageLoaded) and not self.area.groups_tab.asked:
            self.read_groups()
        if isinstance(change, (PageLoaded, UserStored, UserForgotten)):
            self.area.groups_tab.age()
