"""From a user to one of the user's groups, and back to the same place."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.arrangement import Arrangement, Pane, Tab

if TYPE_CHECKING:
    from walkme_tui.ui.browser.screen import BrowserScreen


class ReturnPoint(NamedTuple):
    """Where a group was opened from: the panes, the list of groups as it was, and the user."""

    arrangement: Arrangement
    pane: Pane
    groups_filter: str
    group_key: Hashable
    user: MirroredUser


class GroupVisit:
    """Remembers the user from whom a group was opened until Esc leads back or another tab is chosen."""

    def __init__(self, browser: "BrowserScreen") -> None:
        self._browser = browser
        self._origin: ReturnPoint | None = None

    def open(self, group_id: str, user: MirroredUser | None) -> None:
        """Go to the Groups tab, with the cursor on this group; ``user`` is where ``back`` leads."""
        browser, groups = self._browser, self._browser.area.groups_tab.groups
        origin = None
        if user is not None:
            key = groups.key(groups.current) if groups.current is not None else None
            text = browser.filtering.text_of(Pane.GROUPS)
            origin = ReturnPoint(browser.arrangement, browser.area.focused, text, key, user)
        browser.filtering.clear(Pane.GROUPS)
        browser.area.groups_tab.want(group_id)
        browser.show_tab(Tab.GROUPS)
        browser.area.focus_pane(Pane.GROUPS)
        self._origin = origin

    def forget(self) -> None:
        """The person went elsewhere."""
        self._origin = None

    def back(self) -> bool:
        """Go back to the user; False if no group was opened from one."""
        origin, self._origin = self._origin, None
        if origin is None:
            return False
        browser = self._browser
        browser.filtering.set_text(Pane.GROUPS, origin.groups_filter)
        if origin.arrangement.tab is Tab.GROUPS:
            browser.area.groups_tab.groups.select(origin.group_key)
            browser.area.groups_tab.follow()
        browser.lay_out(origin.arrangement)
        if origin.pane in browser.area.shown:
            browser.area.focus_pane(origin.pane)
        table = browser.area.table
        if table is not None and (table.cursor_user is None or table.cursor_user.user.id != origin.user.user.id):
            table.go_to(origin.user)
        return True
