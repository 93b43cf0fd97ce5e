"""When the groups are read from the server, and counted in the mirror."""

from typing import TYPE_CHECKING, Any

from walkme_tui.services.events import Event, GroupsStored, MembersStored, PageLoaded, UserForgotten, UserStored
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.screen import Screen

    from walkme_tui.ui.browser.panes import PaneArea


class GroupLoading:
    """Reads the groups after the first page and on request, and counts them after what was stored."""

    def __init__(self, screen: "Screen[Any]", area: "PaneArea") -> None:
        self._screen = screen
        self._area = area

    def read(self) -> None:
        """Read the groups from the server."""
        self._area.groups_tab.requested = True
        start_worker(self._screen, WorkerGroup.GROUPS, self._read, exclusive=True, name="Reading the groups")

    async def _read(self) -> None:
        error = await self._area.groups_tab.load()
        if error is not None and self._area.arrangement.tab is Tab.GROUPS:
            from walkme_tui.ui.errors import report

            report(self._screen.app, error, doing="Reading the groups")

    def count(self) -> None:
        """Read groups and counts from the mirror."""
        reload = self._area.groups_tab.reload
        start_worker(self._screen, WorkerGroup.STATUS, reload, exclusive=True, name="Counting the groups")

    def on_session_event(self, event: Event) -> None:
        """Read or count the groups, or note that their counts are old."""
        if isinstance(event, PageLoaded) and not self._area.groups_tab.requested:
            self.read()
        if not self._area.has_groups_tab:
            return  # nothing is counted yet: a plan to begin with reads users before that
        tab = self._area.groups_tab
        if isinstance(event, (PageLoaded, UserStored, UserForgotten)):
            tab.age()
        elif isinstance(event, GroupsStored):
            self.count()
        elif isinstance(event, MembersStored):
            tab.on_members_stored(event)
