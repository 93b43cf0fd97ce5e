"""Where the user is in the browser, and how they go elsewhere and back."""

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.ui.arrangement import Arrangement, Pane, Tab
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.widgets.tab_bar import TabTitles
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.geometry import Size

    from walkme_tui.config.state import StateFile
    from walkme_tui.ui.browser.change_commands import ChangeCommands
    from walkme_tui.ui.browser.chrome import Chrome
    from walkme_tui.ui.browser.details import Details
    from walkme_tui.ui.browser.filter_control import FilterControl
    from walkme_tui.ui.browser.filters import TableFilters
    from walkme_tui.ui.browser.group_loading import GroupLoading
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.browser.sorting import TableSorting
    from walkme_tui.ui.browser.view_state import ViewState


class Browser(FlowContext, Protocol):
    """The parts of the browser screen that its navigation and its commands act on."""

    area: "PaneArea"
    filtering: "TableFilters"
    filter: "FilterControl"
    details: "Details"
    group_loading: "GroupLoading"
    chrome: "Chrome"
    view_state: "ViewState"
    navigation: "Navigation"
    state_file: "StateFile | None"

    @property
    def ordering(self) -> "TableSorting":
        """The order and the column widths of the tables."""
        ...

    @property
    def change_commands(self) -> "ChangeCommands":
        """The commands that change the account."""
        ...

    @property
    def changes_groups(self) -> bool:
        """True while the list of groups has the focus, on a surface that can change them."""
        ...


class _ReturnPoint(NamedTuple):
    """Where a group was opened from a user: the panes, the list of groups as it was, and the user."""

    arrangement: Arrangement
    pane: Pane
    groups_filter: str
    group_key: Hashable
    user: MirroredUser


class Navigation:
    """Shows tabs and panes, goes to users, groups and jobs, and back."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._laid_out_for: Size | None = None
        self._origin: _ReturnPoint | None = None

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab."""
        self.lay_out(self._browser.area.arrangement.on(tab))

    def lay_out(self, arrangement: Arrangement) -> None:
        """Show these panes."""
        browser, area, size = self._browser, self._browser.area, self._browser.screen.size
        new_tab = arrangement.tab is not area.arrangement.tab
        self._laid_out_for = size
        browser.view_state.lay_out()
        area.lay_out(arrangement, size.width)
        browser.screen.query_one(TabTitles).select(arrangement.tab)
        if area.detail.display:
            browser.details.show()
        if new_tab:
            self._origin = None
            if arrangement.tab is Tab.GROUPS:
                area.groups_tab.show()
                if not area.groups_tab.loaded:
                    browser.group_loading.read()
            if arrangement.tab is Tab.RECONCILE:
                if browser.chrome.crawl is not None:
                    browser.chrome.crawl.read_fully()
                area.reconcile_tab.listed = browser.update_status
                area.reconcile_tab.own_reading = lambda: browser.chrome.reading
                area.reconcile_tab.show()
            if arrangement.tab is Tab.JOBS:
                browser.change_commands.read_jobs()
            browser.chrome.tick()
        browser.filter.show()
        browser.chrome.update_hints()

    def resize(self, size: "Size") -> None:
        """Lay out the panes for a new size of the screen."""
        if self._laid_out_for not in (None, size):
            self.lay_out(self._browser.area.arrangement)
            self._browser.chrome.update()

    def open_details(self) -> None:
        """Open the details of the user under the cursor and give them the focus."""
        area = self._browser.area
        self.lay_out(area.arrangement.open())
        if Pane.DETAIL in area.shown:
            area.focus_pane(Pane.DETAIL)

    # ------------------------------------------------------------ to a job, a user, a group

    def show_job(self, job_id: str) -> None:
        """Go to the Jobs tab, with the cursor on this job."""
        self.show_tab(Tab.JOBS)
        self._browser.area.jobs_tab.want(job_id)

    def show_user(self, user_id: str) -> None:
        """Go to the Users tab, remove its filter and move the cursor to this user; filter for one who is not listed."""
        browser = self._browser
        self.show_tab(Tab.USERS)
        browser.filtering.clear(Pane.USERS)
        browser.area.focus_pane(Pane.USERS)
        going = partial(self._go_to, user_id)
        start_worker(browser.screen, WorkerGroup.CURSOR, going, exclusive=True, name="Finding the user")

    async def _go_to(self, user_id: str) -> None:
        browser = self._browser
        user = await browser.directory.cached(user_id)
        if user is None:
            return
        if user.position is None:
            # Not in the server's list as far as it was read, for example a new user.
            email = user.user.email
            from walkme_tui.domain.filter_terms import written

            browser.filtering.set_text(Pane.USERS, written(email if isinstance(email, str) and email else user_id))
            browser.filter.show()
        browser.area.users.go_to(user)

    def show_group(self, group_id: str, opened_from: MirroredUser | None = None) -> None:
        """Go to the Groups tab and move the cursor to this group; ``back`` returns to the user it was opened from."""
        area, filtering, groups = self._browser.area, self._browser.filtering, self._browser.area.groups_tab.groups
        origin = None
        if opened_from is not None:
            key = groups.key(groups.current) if groups.current is not None else None
            text = filtering.text_of(Pane.GROUPS)
            origin = _ReturnPoint(area.arrangement, area.focused, text, key, opened_from)
        filtering.clear(Pane.GROUPS)
        area.groups_tab.want(group_id)
        self.show_tab(Tab.GROUPS)
        area.focus_pane(Pane.GROUPS)
        self._origin = origin

    # ------------------------------------------------------------ back

    def back(self) -> None:
        """Close or clear one thing: box, request, raw record, zoomed pane, filter, marks, group, details."""
        browser, area = self._browser, self._browser.area
        if browser.filter.has_focus:
            browser.filter.leave()
        elif browser.job_tasks.pending.cancel_latest():
            browser.chrome.update()
        elif area.detail.display and area.detail.raw:
            area.detail.set_raw(False)
        elif area.arrangement.covers(browser.screen.size.width):
            self.lay_out(area.arrangement.uncover())
        elif area.focused is Pane.DETAIL:
            area.arrangement = area.arrangement.uncover()
            area.focus_pane(area.shown[-2])
        elif browser.filtering.text:
            browser.filter.clear()
        elif not self._clear_marks() and not self._return() and Pane.DETAIL in area.shown:
            self.lay_out(area.arrangement.with_detail(False))

    def _clear_marks(self) -> bool:
        """Remove the marks of the list with the focus; False if there are none."""
        area = self._browser.area
        if area.focused is Pane.GROUPS and area.groups_tab.groups.marked:
            area.groups_tab.mark("clear_marks")
        elif area.arrangement.tab is Tab.RECONCILE and area.reconcile_tab.pairs.pairs.marked:
            area.reconcile_tab.pairs.pairs.clear_marks()
            self._browser.chrome.cursor_moved()
        elif area.table is not None and area.table.marks:
            area.table.action_clear_marks()
        else:
            return False
        return True

    def _return(self) -> bool:
        """Go back to the user from which a group was opened; False if none was."""
        area, origin, self._origin = self._browser.area, self._origin, None
        if origin is None:
            return False
        self._browser.filtering.set_text(Pane.GROUPS, origin.groups_filter)
        if origin.arrangement.tab is Tab.GROUPS:
            area.groups_tab.groups.select(origin.group_key)
            area.groups_tab.follow()
        self.lay_out(origin.arrangement)
        if origin.pane in area.shown:
            area.focus_pane(origin.pane)
        table = area.table
        if table is not None and (table.cursor_user is None or table.cursor_user.user.id != origin.user.user.id):
            table.go_to(origin.user)
        return True
