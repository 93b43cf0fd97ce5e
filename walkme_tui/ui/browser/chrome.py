"""What the chrome and the empty tables say, kept true once a second and whenever something happened."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from textual.content import Content

from walkme_tui.domain.coverage import Total
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import TrafficStatus
from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.browser import status_messages as sayings
from walkme_tui.ui.browser.status_messages import LoadTrouble
from walkme_tui.ui.widgets.account_line import AccountLine
from walkme_tui.ui.widgets.key_hints import KeyHints
from walkme_tui.ui.widgets.status_line import StatusLine, StatusMessage
from walkme_tui.ui.widgets.tab_bar import FilterCount
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.widgets.user_table import UserTable

if TYPE_CHECKING:
    from textual.timer import Timer

    from walkme_tui.ui.browser.screen import BrowserScreen

QUIET: Final = TrafficStatus(
    in_flight=0, permitted_per_second=0, recent_per_second=0, waiting_seconds=0, latency_ms=None, throttled=0
)
SOON_SECONDS: Final = 0.5
POSITION_SECONDS: Final = 0.15
LIST_HINTS: Final = ("row.open", "view.filter", "mark.toggle", "user.offboard", "app.help", "app.quit")
GROUP_HINTS: Final = ("row.open", "view.filter", "mark.toggle", "groups.compare", "app.help", "app.quit")
DETAIL_HINTS: Final = ("view.back", "user.raw", "user.groups", "copy.menu", "user.offboard", "app.help")
FILTER_HINTS: Final = ("row.open", "view.back")
REQUEST_HINTS: Final = ("row.open", "copy.menu", "app.palette", "app.help", "app.quit")
JOB_HINTS: Final = ("job.receipt", "job.pause", "job.undo", "job.discard", "app.help", "app.quit")
HINTS: Final = {
    Pane.GROUPS: GROUP_HINTS,
    Pane.DETAIL: DETAIL_HINTS,
    Pane.JOBS: JOB_HINTS,
    Pane.STEPS: JOB_HINTS,
    Pane.REQUESTS: REQUEST_HINTS,
}


class Chrome:
    """Reads the session and writes the account line, the status line, the filter's count and the empty tables."""

    def __init__(self, browser: "BrowserScreen", monotonic: Callable[[], float]) -> None:
        self._browser = browser
        self._monotonic = monotonic
        self._told_at = float("-inf")
        self._serving = False
        self._note: StatusMessage | None = None
        self._position_timer: Timer | None = None
        self.waiting = ""
        """What keys wait for, in a sentence; empty if nothing waits."""

    def begin(self) -> None:
        """From now on the line to the account may be asked how it does: the first picture is painted."""
        self._serving = True
        self.tell()

    def tick(self) -> None:
        """A second went by."""
        self.tell()
        browser = self._browser
        if browser.area.detail.display:
            browser.area.detail.write()
        if browser.arrangement.tab is Tab.REQUESTS:
            browser.area.requests.fill(browser.session.api.request_log())
        elif browser.arrangement.tab is Tab.JOBS:
            browser.changing.tick()
        elif browser.arrangement.tab is Tab.GROUPS and browser.area.groups_tab.stale:
            browser.count_groups()

    def note(self, text: str, style: TextStyle, seconds: float) -> bool:
        """Show a message in the status line for so long; False if it does not fit or another one is shown."""
        if self._note is not None or "\n" in text or not self._status.has_room_for(text):
            return False
        self._note = StatusMessage(text, style)
        self._browser.set_timer(seconds, self._end_note)
        self.tell()
        return True

    @property
    def noted(self) -> str:
        """The message that ``note`` shows now, empty if there is none."""
        return self._note.text if self._note is not None else ""

    def _end_note(self) -> None:
        self._note = None
        self.tell()

    def cursor_moved(self) -> None:
        """Show the cursor's new position once it rests: a write with every key costs a slow line too much."""
        if self._position_timer is None:
            self._position_timer = self._browser.set_timer(POSITION_SECONDS, self._show_position)
        else:
            self._position_timer.reset()
            self._position_timer.resume()

    def _show_position(self) -> None:
        if self._position_timer is not None:
            self._position_timer.pause()
        position = self._browser.area.position
        self._hints.show_position(sayings.position_in_words(position) if position is not None else "")

    def tell_soon(self) -> None:
        """Something small changed: tell it now if nothing was told just before, else with the next tick."""
        if self._monotonic() - self._told_at >= SOON_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Write everything again; what stands there already is not painted again."""
        browser = self._browser
        self._told_at = self._monotonic()
        traffic = browser.session.api.traffic() if self._serving else QUIET
        left = browser.crawling.left if browser.crawling is not None else ""
        self._account.report(browser.pages.coverage, traffic, left)
        self._status.report(self._saying(), traffic)
        self._tell_tables()
        self._tell_count()
        self.tell_hints()

    def tell_hints(self) -> None:
        """Offer the keys that help where the keys go now."""
        browser = self._browser
        ids = FILTER_HINTS if browser.filter.has_keys else HINTS.get(browser.area.focused, LIST_HINTS)
        self._hints.offer(ids, browser.changing.greyed)
        self._show_position()

    # Asked for at every key: Textual would look through the whole screen for each of them.

    @cached_property
    def _account(self) -> AccountLine:
        return self._browser.query_one(AccountLine)

    @cached_property
    def _status(self) -> StatusLine:
        return self._browser.query_one(StatusLine)

    @cached_property
    def _hints(self) -> KeyHints:
        return self._browser.query_one(KeyHints)

    @cached_property
    def _count(self) -> FilterCount:
        return self._browser.query_one(FilterCount)

    @property
    def trouble(self) -> LoadTrouble | None:
        """Why no page comes, as of now."""
        failure = self._browser.pages.failure
        if failure is None:
            return None
        again_in = None if failure.retry_at is None else max(0.0, failure.retry_at - self._monotonic())
        return LoadTrouble(failure.error, again_in)

    def _saying(self) -> StatusMessage | None:
        browser, session = self._browser, self._browser.session
        if self.waiting or self._note is not None:
            return StatusMessage(self.waiting) if self.waiting else self._note
        if browser.work.status is not None:
            return browser.work.status
        if self.trouble is not None and not self._table_tells_it():
            coverage, now = browser.pages.coverage, session.clock()
            return sayings.trouble_saying(self.trouble, coverage, now, session.secret_source, session.account)
        if problem := self._list_problem() or browser.filter.problem:
            return StatusMessage(problem, TextStyle.WARN)
        if browser.filter.look_up is not None:
            return browser.filter.look_up.saying
        if browser.filter.offer_saying:
            return StatusMessage(browser.filter.offer_saying)
        crawl = browser.crawling.saying if browser.crawling is not None else None
        news = browser.news.saying if browser.news is not None else None
        reading = browser.area.groups_tab.reading_saying
        if crawl is not None or reading is not None or news is not None:
            return crawl or reading or news
        oddities = browser.pages.oddities
        return StatusMessage(oddities[-1], TextStyle.DIM) if oddities else None

    def _list_problem(self) -> str:
        table = self._browser.area.table
        failure = None if table is None else table.listing.failure
        return "" if failure is None else f"The list is not up to date. {failure.message}"

    def _table_tells_it(self) -> bool:
        """Where there are no rows yet, the trouble stands in their place."""
        area = self._browser.area
        return area.table is area.users and area.users.listing.phase is Phase.LOADING

    def _tell_tables(self) -> None:
        browser, session = self._browser, self._browser.session
        look_up = browser.filter.look_up.saying if browser.filter.look_up is not None else None
        for table in self._tables():
            if table.listing.phase is Phase.LOADING:
                loading = sayings.no_rows_yet(session.account, self.trouble, session.secret_source)
                if table.loading_text != loading:
                    table.loading_text = loading
                    table.refresh()
            elif table.listing.phase is Phase.EMPTY:
                browser.filter.look_for_nearest()
                empty = self._no_rows(table.listing.query, look_up)
                if table.empty_text != empty:
                    table.set_empty_text(empty)
        if self._serving:
            browser.area.groups_tab.head()

    def _tables(self) -> Iterator[UserTable]:
        area = self._browser.area
        yield area.users
        if self._serving and area.groups_tab.members.table.is_attached:
            yield area.groups_tab.members.table

    def _no_rows(self, query: UserQuery, look_up: StatusMessage | None) -> Content:
        coverage = self._browser.pages.coverage
        if query.text.strip() or (query.group_id, query.belonging) == (None, None):
            offer = self._browser.filter.offer_saying
            return sayings.no_rows(query, coverage, look_up, offer)
        from walkme_tui.ui.browser.group_messages import nobody

        return nobody(query, coverage)

    def _tell_count(self) -> None:
        browser, line = self._browser, self._count
        if browser.arrangement.tab is Tab.USERS:
            self._tell_count_of_users(line)
            return
        text = ""
        if browser.filtering.target is Pane.GROUPS and browser.filtering.text:
            groups = browser.area.groups_tab.groups
            text = f"{groups.kept} of {groups.total} groups"
        elif browser.filtering.target is Pane.MEMBERS:
            text = browser.area.groups_tab.kept
        elif browser.filtering.hide_inactive:
            text = "inactive hidden"
        line.say(text)

    def _tell_count_of_users(self, line: FilterCount) -> None:
        users, coverage = self._browser.area.users, self._browser.pages.coverage
        query, total = users.listing.query, users.listing.total
        order = sayings.order_in_words(query.sort, users.sort_keys)
        parts = [order, sayings.filter_count(query, total, coverage)]
        widest = [order]
        if coverage is not None and query.narrows:
            widest.append(sayings.filter_count(query, Total(coverage.loaded, exact=True), coverage))
        say = line.say if total is None or total.exact or query.is_list else line.say_later
        say(" · ".join(filter(None, parts)), " · ".join(filter(None, widest)))
