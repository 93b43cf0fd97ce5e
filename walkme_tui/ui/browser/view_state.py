"""What a command waits for, so that it acts on the user who is painted under the cursor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.commands import Command
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.keys import MOUSE
from walkme_tui.ui.workers import WorkerGroup

if TYPE_CHECKING:
    from textual.screen import Screen

    from walkme_tui.services.reading.pages import PageLoader
    from walkme_tui.ui.browser.filter_control import FilterControl
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.widgets.user_table.table import UserTable

LAYOUT: Final = "the new layout"
LIST: Final = "the list"
ROW: Final = "the row under the cursor"
MARKS: Final = "the marks"
MEMBERS: Final = "the group's members"
JOBS: Final = "the jobs"
DETAILS: Final = "the details"

OF_USER: Final = ("user.", "copy.", "job.undo")
"""The beginnings of commands that act on the user under the cursor, also of a list without users."""
JOB_COMMANDS: Final = frozenset({"job.pause", "job.discard", "job.receipt"})
"""They act on a job only: on the other tabs they wait for nothing."""
ACT_ON_MARKS: Final = frozenset({"user.offboard", "user.edit_groups", "copy.menu"})
"""Of those that act on a user, the ones that act on the marked users if there are any."""


class ViewState:
    """Finds which part of the view is still pending when a command is about to run."""

    def __init__(
        self,
        screen: "Screen[None]",
        area: "PaneArea",
        box: "FilterControl",
        pages: "PageLoader",
        commands: Sequence[Command],
    ) -> None:
        self._screen, self._area, self._box, self._pages = screen, area, box, pages
        self._acting = frozenset(command.id for command in commands if command.needs_view)
        self._laid_out = False

    def needs_view(self, command_id: str) -> bool:
        """True for a command that acts on what the view shows."""
        return command_id in self._acting

    def lay_out(self) -> None:
        """Note that the panes were laid out; they are painted after the next refresh."""
        self._laid_out = False
        self._screen.call_after_refresh(self._done)

    def _done(self) -> None:
        self._laid_out = True

    def pending(self, command_id: str) -> str:
        """What a command waits for, empty if nothing."""
        acts = self.needs_view(command_id)
        if self._screen.has_class("tiny") or (
            not acts and command_id != MOUSE and not command_id.startswith("cursor.")
        ):
            return ""
        if command_id == "row.open" and self._box.has_focus:
            return ""  # it keeps the filter
        return self._pending_layout() or (self._pending_action(command_id) if acts else self._pending_move(command_id))

    def _pending_layout(self) -> str:
        if not self._laid_out:
            return LAYOUT
        shown = self._area.table
        if shown is not None and self._is_visible(shown) and not shown.size.height:
            return LAYOUT
        return ""

    def _is_visible(self, table: "UserTable") -> bool:
        pane = Pane.USERS if table is self._area.users else Pane.MEMBERS
        return pane in self._area.shown

    def _pending_move(self, command_id: str) -> str:
        """A move waits for the view that was requested, not for its rows."""
        table = self._area.table
        if self._area.arrangement.tab is Tab.RECONCILE and self._area.focused is Pane.PAIRS:
            return LIST if self._area.reconcile_tab.is_listing else ""
        if table is None or (command_id != MOUSE and self._area.movable is not table):
            return ""
        return self._pending_view(table)

    def _pending_view(self, table: "UserTable") -> str:
        if table is not self._area.users and not self._area.groups_tab.shows_members:
            return MEMBERS
        return "" if table.is_settled else LIST

    def _pending_action(self, command_id: str) -> str:
        table = self._area.table
        if self._area.arrangement.tab is Tab.JOBS:
            return "" if self._area.jobs_tab.was_read else JOBS
        if self._area.arrangement.tab is Tab.RECONCILE and command_id not in JOB_COMMANDS:
            if self._area.reconcile_tab.is_listing:
                return LIST
            return ROW if command_id.startswith(OF_USER) and self._area.reconcile_tab.reads_user else ""
        if table is None or command_id in JOB_COMMANDS:
            return ""
        if table.listing.phase is Phase.LOADING and self._pages.failure is not None:
            return ""  # no row is being loaded: the command finds no user, and later keys need not wait
        groups = {worker.group for worker in self._screen.app.workers if not worker.is_finished}
        if WorkerGroup.MARKS in groups:
            return MARKS
        return self._pending_view(table) or self._pending_row(table, searching=WorkerGroup.CURSOR in groups)

    def _pending_row(self, table: "UserTable", *, searching: bool) -> str:
        if table.listing.phase is Phase.LOADING:
            return LIST
        visible = self._is_visible(table)
        if visible:
            table.keep_cursor_in_view()
        if searching or not table.has_cursor_row:
            return ROW
        if visible:
            return "" if table.paints_cursor_row else ROW
        subject, user = self._area.detail.subject, table.cursor_user
        if user is not None and not (isinstance(subject, MirroredUser) and subject.user.id == user.user.id):
            return DETAILS
        return ""
