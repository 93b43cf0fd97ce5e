"""The panes of the browser: which are shown, and which one has the focus."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.ui import words
from walkme_tui.ui.arrangement import LISTS, Arrangement, Pane, Tab
from walkme_tui.ui.browser.status_messages import Position
from walkme_tui.ui.widgets.detail.pane import DetailPane
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.user_table.columns import absent_fields, full_width
from walkme_tui.ui.widgets.user_table.table import UserTable

if TYPE_CHECKING:
    from textual.widget import Widget

    from walkme_tui.domain.jobs import Job
    from walkme_tui.ui.browser.groups_tab import GroupsTab
    from walkme_tui.ui.browser.jobs_tab import JobsTab
    from walkme_tui.ui.browser.reconcile_tab import ReconcileTab
    from walkme_tui.ui.flows.job_tasks import JobTasks
    from walkme_tui.ui.widgets.request_list import RequestList

GROUPS_WIDTH: Final = 36
LEAST_DETAIL_WIDTH: Final = 32
MOST_DETAIL_WIDTH: Final = 70

ORDER = (
    Pane.GROUPS,
    Pane.USERS,
    Pane.MEMBERS,
    Pane.DETAIL,
    Pane.CLASSES,
    Pane.PAIRS,
    Pane.JOBS,
    Pane.STEPS,
    Pane.REQUESTS,
)


class Movable(Protocol):
    """What every pane does with the movement keys."""

    def action_cursor_down(self) -> None: ...
    def action_cursor_up(self) -> None: ...
    def action_page_down(self) -> None: ...
    def action_page_up(self) -> None: ...
    def action_first(self) -> None: ...
    def action_last(self) -> None: ...
    def action_open(self) -> None: ...


class PaneArea(Horizontal):
    """All panes; those of the Groups and the Requests tab are made when they are first shown."""

    BLANK = True  # only background: otherwise Textual draws its lines in every frame, below the panes

    def __init__(
        self, session: Session, pages: PageLoader, directory: Directory, job_tasks: "JobTasks", users: Listing
    ) -> None:
        super().__init__(id="body")
        self.users = UserTable(
            users,
            started_at_ms=session.started_at_ms,
            clock=session.clock,
            absent_fields=absent_fields(session.capabilities),
            id=Pane.USERS,
        )
        self.detail = DetailPane(session.account.surface, session.clock, id=Pane.DETAIL)
        self.detail.display = False
        self.arrangement = Arrangement()
        self._session, self._pages, self._directory, self._job_tasks = session, pages, directory, job_tasks
        self._shown: tuple[Pane, ...] = (Pane.USERS,)
        self._focused: dict[Tab, Pane] = {}
        self.users.text_widths_changed = self._needs_changed

    @cached_property
    def groups_tab(self) -> "GroupsTab":
        """The two panes of the Groups tab."""
        from walkme_tui.ui.browser.groups_tab import GroupsTab

        tab = GroupsTab(self._session, self._pages, self._directory)
        tab.members.table.text_widths_changed = self._needs_changed
        return tab

    @property
    def has_groups_tab(self) -> bool:
        """True once the groups were counted or shown."""
        return "groups_tab" in self.__dict__

    @cached_property
    def jobs_tab(self) -> "JobsTab":
        """The two panes of the Jobs tab."""
        from walkme_tui.ui.browser.jobs_tab import JobsTab

        return JobsTab(self._session, self._job_tasks)

    @property
    def has_jobs_tab(self) -> bool:
        """True once the jobs were shown."""
        return "jobs_tab" in self.__dict__

    @cached_property
    def reconcile_tab(self) -> "ReconcileTab":
        """The two panes of the Reconcile tab."""
        from walkme_tui.ui.browser.reconcile_tab import ReconcileTab

        return ReconcileTab(self._session, self._job_tasks)

    @property
    def has_reconcile_tab(self) -> bool:
        """True once the tab was shown."""
        return "reconcile_tab" in self.__dict__

    @cached_property
    def requests(self) -> "RequestList":
        """The request log."""
        from walkme_tui.ui.widgets.request_list import RequestList

        requests = RequestList(id=Pane.REQUESTS)
        requests.set_empty_text("Nothing was sent yet.")
        return requests

    def compose(self) -> ComposeResult:
        """The panes of the first frame."""
        yield self.users
        yield self.detail

    # ------------------------------------------------------------ which panes

    @property
    def tabs(self) -> Sequence[Tab]:
        """The tabs that the account has."""
        return [tab for tab in Tab if tab is not Tab.RECONCILE or self._session.other_api is not None]

    def lay_out(self, arrangement: Arrangement, width: int) -> None:
        """Show the panes of an arrangement; the focus stays on its pane if that is still shown."""
        tab_changed = arrangement.tab is not self.arrangement.tab
        self.arrangement = arrangement
        self._shown = arrangement.visible(width)
        for pane in Pane:
            self._place(pane, pane in self._shown)
        self.set_class(arrangement.tab is Tab.JOBS, "stacked")
        self.detail.set_class(len(self._shown) > 1, "beside")
        self._share_width(width)
        if tab_changed or self.focused not in self._shown or self.screen.focused is None:
            self.focus_pane(self.focused if self.focused in self._shown else self._shown[0])

    def _share_width(self, width: int) -> None:
        """Give the details what the table beside them leaves of ``width`` cells, within their least and most."""
        if self.table is None or len(self._shown) == 1 or Pane.DETAIL not in self._shown:
            self.detail.styles.clear_rule("width")
            return
        lists = sum(GROUPS_WIDTH for pane in self._shown if pane is Pane.GROUPS)
        left = width - lists - full_width(self.table.text_widths, self.table.absent_fields)
        cells = max(LEAST_DETAIL_WIDTH, min(left, MOST_DETAIL_WIDTH))
        if self.detail.styles.width is None or self.detail.styles.width.value != cells:
            self.detail.styles.width = cells

    def _needs_changed(self) -> None:
        # Not at once: the table reports it while it is drawn.
        self.call_later(lambda: self._share_width(self.size.width))

    def _place(self, pane: Pane, shown: bool) -> None:
        mounted = {child.id: child for child in self.children}
        widget = mounted.get(pane)
        if widget is None:
            if not shown:
                return
            widget = self._widget(pane)
            before = next((mounted[each] for each in ORDER[ORDER.index(pane) + 1 :] if each in mounted), None)
            self.mount(widget, before=before)
        if widget.display is not shown:
            widget.display = shown

    def _widget(self, pane: Pane) -> "Widget":
        if pane is Pane.MEMBERS:
            return self.groups_tab.members
        if pane in LISTS[Tab.RECONCILE]:
            return self.reconcile_tab.classes if pane is Pane.CLASSES else self.reconcile_tab.pairs
        return self.jobs_tab.steps if pane is Pane.STEPS else self._target(pane)

    @property
    def shown(self) -> tuple[Pane, ...]:
        """The panes on the screen, from the left."""
        return self._shown

    # ------------------------------------------------------------ focus

    @property
    def focused(self) -> Pane:
        """The focused pane of this tab; while the filter box has the focus, the one that had it last."""
        pane = self._focused.get(self.arrangement.tab)
        return pane if pane is not None and pane in self._shown else self._shown[0]

    @property
    def focused_list(self) -> Pane:
        """The focused list, or the list that the focused details belong to."""
        lists = LISTS[self.arrangement.tab]
        return self.focused if self.focused in lists else lists[-1]

    @property
    def movable(self) -> Movable:
        """What the movement keys move."""
        return self._target(self.focused)

    @property
    def table(self) -> UserTable | None:
        """The table of users that commands act on."""
        tab = self.arrangement.tab
        if tab is Tab.USERS:
            return self.users
        return self.groups_tab.members.table if tab is Tab.GROUPS else None

    @property
    def position(self) -> Position | None:
        """Where the cursor of the focused list is; on the details, that of the table beside them. None: no list."""
        pane = self.focused if self.focused is not Pane.DETAIL else self.focused_list
        target = self._target(pane)
        if isinstance(target, UserTable):
            total = target.listing.total
            exact = total is None or total.exact
            first = target.scroll_offset.y
            return Position(target.cursor_index, target.row_count, exact, first, target.page_rows, len(target.marks))
        if isinstance(target, RowList):
            first, marked = target.scroll_offset.y, len(self._marked_rows(pane))
            return Position(target.cursor, len(target.rows), True, first, target.page_lines, marked)
        return None

    def _marked_rows(self, pane: Pane) -> Sequence[object]:
        """The marks of a list that is no table of users."""
        if pane is Pane.GROUPS:
            return self.groups_tab.groups.marked
        return self.reconcile_tab.pairs.pairs.marked if pane is Pane.PAIRS else ()

    def unmark(self, job: "Job") -> str:
        """Unmark the users that a job handled, in all lists; returns a message about it, empty if none was marked."""
        handled, surface = job.finished_users, job.plan.surface
        tables = [self.users]
        if self.has_groups_tab:
            tables.append(self.groups_tab.members.table)
        of_own = surface is self._session.account.surface
        removed = sum(table.unmark(handled) for table in tables) if of_own else 0
        left = sum(len(table.marks) for table in tables)
        if self.has_reconcile_tab:
            pairs = self.reconcile_tab.pairs.pairs
            removed += pairs.unmark(handled, surface)
            left += len(pairs.marked)
        if not removed:
            return ""
        kept = f"; {words.count(left, 'mark stays', 'marks stay')}" if left else ""
        return f"{words.count(removed, 'mark was', 'marks were')} cleared{kept}."

    def focus_pane(self, pane: Pane) -> None:
        """Focus a pane."""
        self._focused[self.arrangement.tab] = pane
        # At once, not with the next message: keys that were typed meanwhile belong to this pane.
        self.screen.set_focus(self._target(pane))

    def focus_next(self, by: int) -> None:
        """Focus the next pane on the screen, or the one before."""
        at = self._shown.index(self.focused)
        self.focus_pane(self._shown[(at + by) % len(self._shown)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the focused pane: a click focuses one too."""
        for pane in self._shown:
            if event.widget is self._target(pane):
                self._focused[self.arrangement.tab] = pane

    def _target(self, pane: Pane) -> UserTable | ScrollingText:
        """The widget of a pane that takes the focus."""
        match pane:
            case Pane.USERS:
                return self.users
            case Pane.DETAIL:
                return self.detail
            case Pane.GROUPS:
                return self.groups_tab.groups
            case Pane.MEMBERS:
                return self.groups_tab.members.table
            case Pane.CLASSES | Pane.PAIRS:
                return self.reconcile_tab.list_of(pane)
            case Pane.JOBS:
                return self.jobs_tab.jobs
            case Pane.STEPS:
                return self.jobs_tab.steps.steps
            case Pane.REQUESTS:
                return self.requests
