"""Updates the bars around the panes and the texts of empty tables, once a second and after every event."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual.content import Content

from walkme_tui.domain.coverage import Total
from walkme_tui.domain.mirrored import Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import TrafficStatus
from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.browser import status_messages
from walkme_tui.ui.browser.status_messages import LoadTrouble
from walkme_tui.ui.browser.undecided import UndecidedUsers
from walkme_tui.ui.widgets.account_line import AccountLine
from walkme_tui.ui.widgets.key_hints import KeyHints
from walkme_tui.ui.widgets.status_line import StatusLine, StatusMessage
from walkme_tui.ui.widgets.tab_bar import FilterCount
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.widgets.user_table.table import UserTable

if TYPE_CHECKING:
    from textual.timer import Timer

    from walkme_tui.ui.browser.change_commands import ChangeCommands
    from walkme_tui.ui.browser.crawl_status import CrawlStatus, Reading
    from walkme_tui.ui.browser.filter_control import FilterControl
    from walkme_tui.ui.browser.filters import TableFilters
    from walkme_tui.ui.browser.news_marks import NewsMarks
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.flows.context import FlowContext

QUIET: Final = TrafficStatus(
    in_flight=0, permitted_per_second=0, recent_per_second=0, waiting_seconds=0, latency_ms=None, throttled=0
)
SOON_SECONDS: Final = 0.5
POSITION_SECONDS: Final = 0.15
LIST_HINTS: Final = ("row.open", "view.filter", "mark.toggle", "user.offboard", "app.help", "user.edit", "app.quit")
MARKED_HINTS: Final = ("user.bulk", "user.offboard", "app.help", "user.edit_groups", "copy.menu", "mark.toggle")
GROUP_HINTS: Final = ("row.open", "view.filter", "mark.toggle", "groups.compare", "app.help", "app.quit")
DETAIL_HINTS: Final = ("view.back", "user.raw", "user.groups", "copy.menu", "user.offboard", "app.help")
FILTER_HINTS: Final = ("row.open", "view.back")
REQUEST_HINTS: Final = ("row.open", "copy.menu", "app.palette", "app.help", "app.quit")
JOB_HINTS: Final = ("job.receipt", "job.pause", "job.undo", "job.discard", "app.help", "app.quit")
PAIR_HINTS: Final = (
    "row.open",
    "view.filter",
    "mark.toggle",
    "pairs.adopt",
    "view.sort",
    "view.refresh",
    "app.help",
    "app.quit",
)
HINTS: Final = {
    Pane.CLASSES: PAIR_HINTS,
    Pane.PAIRS: PAIR_HINTS,
    Pane.GROUPS: GROUP_HINTS,
    Pane.DETAIL: DETAIL_HINTS,
    Pane.JOBS: JOB_HINTS,
    Pane.STEPS: JOB_HINTS,
    Pane.REQUESTS: REQUEST_HINTS,
}


class Chrome:
    """Writes the account line, the status line, the filter's count, the key hints and the texts of empty tables.

    ``crawl`` and ``news`` are set once they have begun.
    """

    def __init__(
        self,
        view: "FlowContext",
        area: "PaneArea",
        filtering: "TableFilters",
        box: "FilterControl",
        changes: "ChangeCommands",
        count_groups: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._view, self._area, self._filtering, self._box, self._changes = view, area, filtering, box, changes
        self._session, self._pages, self._monotonic = view.session, view.pages, monotonic
        self._count_groups = count_groups
        self.crawl: CrawlStatus | None = None
        self.news: NewsMarks | None = None
        self._updated_at = float("-inf")
        self._started = False
        self._note: StatusMessage | None = None
        self._position_timer: Timer | None = None
        self._undecided_users = UndecidedUsers(view.screen, view.session, view.update_status)
        self.waiting = ""
        """Which keys wait for what, in a sentence; empty if none waits."""

    def begin(self) -> None:
        """Include the traffic from now on: the first frame was painted without it."""
        self._started = True
        self.update()

    def tick(self) -> None:
        """Update everything that changes with time; call it once a second."""
        self.update()
        area = self._area
        if area.detail.display:
            area.detail.write()
        if area.arrangement.tab is Tab.REQUESTS:
            area.requests.fill(self._session.api.request_log())
        elif area.arrangement.tab is Tab.JOBS:
            self._changes.tick()
        elif area.arrangement.tab is Tab.RECONCILE:
            area.reconcile_tab.tick()
        elif area.arrangement.tab is Tab.GROUPS and area.groups_tab.stale:
            self._count_groups()

    def note(self, text: str, style: TextStyle, seconds: float) -> bool:
        """Show a message in the status line for ``seconds``; False if it does not fit or another one is shown."""
        if self._note is not None or "\n" in text or not self._status.has_room_for(text):
            return False
        self._note = StatusMessage(text, style)
        self._view.screen.set_timer(seconds, self._end_note)
        self.update()
        return True

    def _end_note(self) -> None:
        self._note = None
        self.update()

    def cursor_moved(self) -> None:
        """Show the new position once the cursor rests: a write with every key is too much for a slow connection."""
        if self._position_timer is None:
            self._position_timer = self._view.screen.set_timer(POSITION_SECONDS, self.update_hints)
        else:
            self._position_timer.reset()
            self._position_timer.resume()

    def update_soon(self) -> None:
        """Update now if the last update is ``SOON_SECONDS`` ago, else with the next tick."""
        if self._monotonic() - self._updated_at >= SOON_SECONDS:
            self.update()

    def update(self) -> None:
        """Write everything again; the widgets paint only what is different."""
        self._updated_at = self._monotonic()
        traffic = self._session.api.traffic() if self._started else QUIET
        left = self.crawl.left if self.crawl is not None else ""
        self._account.report(self._pages.coverage, traffic, left)
        self._status.report(self._message(), traffic)
        self._update_tables()
        self._update_count()
        self.update_hints()

    def update_hints(self) -> None:
        """Show the keys of the focused pane, and the position."""
        table = self._area.table
        list_hints = MARKED_HINTS if table is not None and table.marks else LIST_HINTS
        ids = FILTER_HINTS if self._box.has_focus else HINTS.get(self._area.focused, list_hints)
        if ids is GROUP_HINTS and not self._session.capabilities.group_changes:
            ids = (*GROUP_HINTS[:-2], "user.edit", *GROUP_HINTS[-2:])
        self._hints.offer(ids, self._changes.disabled)
        if self._position_timer is not None:
            self._position_timer.stop()  # it ended if it called this: a new one is needed then
            self._position_timer = None
        position = self._area.position
        self._hints.show_position(status_messages.position_in_words(position) if position is not None else "")

    # Used with every key: Textual would search the whole screen for each of them.

    @cached_property
    def _account(self) -> AccountLine:
        return self._view.screen.query_one(AccountLine)

    @cached_property
    def _status(self) -> StatusLine:
        return self._view.screen.query_one(StatusLine)

    @cached_property
    def _hints(self) -> KeyHints:
        return self._view.screen.query_one(KeyHints)

    @cached_property
    def _count(self) -> FilterCount:
        return self._view.screen.query_one(FilterCount)

    @property
    def trouble(self) -> LoadTrouble | None:
        """Why no page can be loaded now, None if pages can be."""
        failure = self._pages.failure
        if failure is None:
            return None
        again_in = None if failure.retry_at is None else max(0.0, failure.retry_at - self._monotonic())
        return LoadTrouble(failure.error, again_in)

    @property
    def reading(self) -> "Reading":
        """How the users of the account are being read."""
        from walkme_tui.ui.browser.crawl_status import AGAIN_FAILS, Reading

        if self.trouble is not None:
            return Reading(self._trouble_message(self.trouble).text, AGAIN_FAILS)
        return self.crawl.reading if self.crawl is not None else Reading()

    def _trouble_message(self, trouble: LoadTrouble) -> StatusMessage:
        session, coverage = self._session, self._pages.coverage
        return status_messages.trouble_message(
            trouble, coverage, session.clock(), session.secret_source, session.account
        )

    def _message(self) -> StatusMessage | None:
        box = self._box
        if self.waiting or self._note is not None:
            return StatusMessage(self.waiting) if self.waiting else self._note
        if self._view.job_tasks.status is not None:
            return self._view.job_tasks.status
        if self.trouble is not None and not self._table_shows_trouble():
            return self._trouble_message(self.trouble)
        if problem := self._list_problem() or box.problem:
            return StatusMessage(problem, TextStyle.WARN)
        if box.look_up is not None or box.offer_message:
            return box.look_up.message if box.look_up is not None else StatusMessage(box.offer_message)
        if undecided := self._undecided:
            return StatusMessage(status_messages.may_match(undecided), TextStyle.WARN)
        crawl = self.crawl.message if self.crawl is not None else None
        news = self.news.message if self.news is not None else None
        reading = self._area.groups_tab.reading_message if self._started else None
        background = crawl or reading or news
        if background is not None:
            return background
        warnings = self._pages.warnings
        return StatusMessage(warnings[-1], TextStyle.DIM) if warnings else None

    def _list_problem(self) -> str:
        table = self._area.table
        failure = None if table is None else table.listing.failure
        return "" if failure is None else f"The list is not up to date. {failure.message}"

    def _table_shows_trouble(self) -> bool:
        """Where there are no rows yet, the table shows the trouble."""
        area = self._area
        return area.table is area.users and area.users.listing.phase is Phase.LOADING

    def _update_tables(self) -> None:
        session, box = self._session, self._box
        look_up = box.look_up.message if box.look_up is not None else None
        for table in self._tables():
            if table.listing.phase is Phase.LOADING:
                loading = status_messages.no_rows_yet(session.account, self.trouble, session.secret_source)
                if table.loading_text != loading:
                    table.loading_text = loading
                    table.refresh()
            elif table.listing.phase is Phase.EMPTY:
                box.look_for_nearest()
                empty = self._no_rows(table.listing.query, look_up)
                if table.empty_text != empty:
                    table.set_empty_text(empty)
        if self._started:
            self._area.groups_tab.head()

    def _tables(self) -> Iterator[UserTable]:
        area = self._area
        yield area.users
        if self._started and area.groups_tab.members.table.is_attached:
            yield area.groups_tab.members.table

    def _no_rows(self, query: UserQuery, look_up: StatusMessage | None) -> Content:
        coverage = self._pages.coverage
        if query.text.strip() or (query.group_id, query.belonging) == (None, None):
            offer = self._box.offer_message
            return status_messages.no_rows(query, coverage, look_up, offer, self._undecided)
        from walkme_tui.ui.browser.group_messages import no_members

        groups = self._area.groups_tab
        return no_members(query, coverage, groups.state_of(query), read=groups.members_are_known(query))

    @property
    def _undecided(self) -> Undecided | None:
        """The loaded users for which the filter of the table is undecided, None where there are none."""
        if self._area.arrangement.tab is not Tab.USERS or not self._started:
            return None
        found = self._undecided_users.of(self._area.users.listing.query, self._pages.coverage)
        return found if found.users else None

    def _update_count(self) -> None:
        area, filtering, line = self._area, self._filtering, self._count
        if area.arrangement.tab is Tab.USERS:
            self._update_count_of_users(line)
            return
        text = ""
        if filtering.target is Pane.GROUPS and filtering.text:
            groups = area.groups_tab.groups
            text = f"{groups.kept} of {groups.total} groups"
        elif filtering.target is Pane.PAIRS:
            text = area.reconcile_tab.kept
        elif filtering.target is Pane.MEMBERS:
            text = area.groups_tab.kept
        elif filtering.hide_inactive:
            text = "inactive hidden"
        line.show(text)

    def _update_count_of_users(self, line: FilterCount) -> None:
        users, coverage = self._area.users, self._pages.coverage
        query, total = users.listing.query, users.listing.total
        order = status_messages.order_in_words(query.sort, users.sort_keys)
        least = self._undecided is not None
        parts = [order, status_messages.filter_count(query, total, coverage, least)]
        widest = [order]
        if coverage is not None and query.narrows:
            widest.append(status_messages.filter_count(query, Total(coverage.loaded, exact=True), coverage, least))
        say = line.show if total is None or total.exact or query.is_list else line.show_later
        say(" · ".join(filter(None, parts)), " · ".join(filter(None, widest)))
