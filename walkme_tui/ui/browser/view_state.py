"""Whether the view that the keys asked for is on the screen yet, so that a command acts on who is painted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual import events

from walkme_tui.domain.commands import Command
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.keys import MOUSE
from walkme_tui.ui.workers import WorkerGroup

if TYPE_CHECKING:
    from walkme_tui.ui.browser.screen import BrowserScreen
    from walkme_tui.ui.widgets.user_table import UserTable

LAYOUT: Final = "the new layout"
LIST: Final = "the list"
ROW: Final = "the row under the cursor"
MARKS: Final = "the marks"
MEMBERS: Final = "the group's members"
JOBS: Final = "the jobs"
DETAILS: Final = "the details"

JOB_COMMANDS: Final = frozenset({"job.pause", "job.discard", "job.receipt"})
"""They act on a job only: on the other tabs there is nothing to wait for."""


class Settling:
    """Says what a command of the browser has to wait for, empty for nothing."""

    def __init__(self, browser: "BrowserScreen", commands: Sequence[Command]) -> None:
        self._browser = browser
        self._acting = frozenset(command.id for command in commands if command.needs_view)
        self._laid_out = False

    def needs_view(self, command_id: str) -> bool:
        """True for a command that acts on what the view shows."""
        return command_id in self._acting

    def types(self, event: events.Key) -> bool:
        """True if a key types into the filter box: it waits for nothing."""
        return self._browser.filter.has_keys and self._browser.tab_line.box.takes(event)

    def lay_out(self) -> None:
        """Other panes were asked for; they are there after the next refresh."""
        self._laid_out = False
        self._browser.call_after_refresh(self._done)

    def _done(self) -> None:
        self._laid_out = True

    def pending(self, command_id: str) -> str:
        """What a command has to wait for."""
        acts = self.needs_view(command_id)
        if self._browser.has_class("tiny") or (
            not acts and command_id != MOUSE and not command_id.startswith("cursor.")
        ):
            return ""
        if command_id == "row.open" and self._browser.filter.has_keys:
            return ""  # it keeps the filter
        return self._pending_layout() or (self._pending_action(command_id) if acts else self._pending_move(command_id))

    def _pending_layout(self) -> str:
        if not self._laid_out:
            return LAYOUT
        shown = self._browser.area.table
        if shown is not None and self._is_visible(shown) and not shown.size.height:
            return LAYOUT
        return ""

    def _is_visible(self, table: "UserTable") -> bool:
        pane = Pane.USERS if table is self._browser.area.users else Pane.MEMBERS
        return pane in self._browser.area.shown

    def _pending_move(self, command_id: str) -> str:
        """A move waits for the view that was asked for, not for its rows."""
        table = self._browser.area.table
        if table is None or (command_id != MOUSE and self._browser.area.movable is not table):
            return ""
        return self._pending_view(table)

    def _pending_view(self, table: "UserTable") -> str:
        if table is not self._browser.area.users and not self._browser.area.groups_tab.shows_members:
            return MEMBERS
        return "" if table.is_settled else LIST

    def _pending_action(self, command_id: str) -> str:
        browser, table = self._browser, self._browser.area.table
        if browser.arrangement.tab is Tab.JOBS:
            return "" if browser.area.jobs_tab.was_read else JOBS
        if table is None or command_id in JOB_COMMANDS:
            return ""
        if table.listing.phase is Phase.LOADING and browser.pages.failure is not None:
            return ""  # no row is on its way: the command finds no user, and the keys behind it need not wait
        groups = {worker.group for worker in browser.app.workers if not worker.is_finished}
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
        subject, user = self._browser.area.detail.subject, table.cursor_user
        if user is not None and not (isinstance(subject, MirroredUser) and subject.user.id == user.user.id):
            return DETAILS
        return ""
