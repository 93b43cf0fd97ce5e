"""Opens a group from a user, and goes back to the same place."""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.arrangement import Arrangement, Pane, Tab
from walkme_tui.ui.browser.filters import TableFilters
from walkme_tui.ui.browser.panes import PaneArea


class ReturnPoint(NamedTuple):
    """Where a group was opened: the panes, the list of groups as it was, and the user."""

    arrangement: Arrangement
    pane: Pane
    groups_filter: str
    group_key: Hashable
    user: MirroredUser


class GroupVisit:
    """Remembers the user from whom a group was opened until ``back``, or until another tab is chosen."""

    def __init__(self, area: PaneArea, filtering: TableFilters, lay_out: Callable[[Arrangement], None]) -> None:
        self._area, self._filtering, self._lay_out = area, filtering, lay_out
        self._origin: ReturnPoint | None = None

    def open(self, group_id: str, user: MirroredUser | None) -> None:
        """Go to the Groups tab and move the cursor to this group; ``back`` returns to ``user``."""
        area, groups = self._area, self._area.groups_tab.groups
        origin = None
        if user is not None:
            key = groups.key(groups.current) if groups.current is not None else None
            text = self._filtering.text_of(Pane.GROUPS)
            origin = ReturnPoint(area.arrangement, area.focused, text, key, user)
        self._filtering.clear(Pane.GROUPS)
        area.groups_tab.want(group_id)
        self._lay_out(area.arrangement.on(Tab.GROUPS))
        area.focus_pane(Pane.GROUPS)
        self._origin = origin

    def forget(self) -> None:
        """Forget the user: another tab was chosen."""
        self._origin = None

    def back(self) -> bool:
        """Go back to the user; False if no group was opened from one."""
        origin, self._origin = self._origin, None
        if origin is None:
            return False
        area = self._area
        self._filtering.set_text(Pane.GROUPS, origin.groups_filter)
        if origin.arrangement.tab is Tab.GROUPS:
            area.groups_tab.groups.select(origin.group_key)
            area.groups_tab.follow()
        self._lay_out(origin.arrangement)
        if origin.pane in area.shown:
            area.focus_pane(origin.pane)
        table = area.table
        if table is not None and (table.cursor_user is None or table.cursor_user.user.id != origin.user.user.id):
            table.go_to(origin.user)
        return True
