"""Which panes are on the screen: a plain value, so that resizing the screen loses nothing."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

WIDE: Final = 120
"""From this many columns on the details stand beside the list."""


class Tab(StrEnum):
    """The tabs, in their order."""

    USERS = "users"
    GROUPS = "groups"
    RECONCILE = "reconcile"
    JOBS = "jobs"
    REQUESTS = "requests"


class Pane(StrEnum):
    """The panes, in their order from the left; the values are the widgets' ids."""

    GROUPS = "groups"
    USERS = "users"
    MEMBERS = "members"
    DETAIL = "detail"
    CLASSES = "classes"
    PAIRS = "pairs"
    JOBS = "jobs"
    STEPS = "steps"
    REQUESTS = "requests"


LISTS: Final = {
    Tab.USERS: (Pane.USERS,),
    Tab.GROUPS: (Pane.GROUPS, Pane.MEMBERS),
    Tab.RECONCILE: (Pane.CLASSES, Pane.PAIRS),
    Tab.JOBS: (Pane.JOBS, Pane.STEPS),
    Tab.REQUESTS: (Pane.REQUESTS,),
}

WITHOUT_DETAIL: Final = frozenset({Tab.RECONCILE, Tab.JOBS, Tab.REQUESTS})
"""The tabs on which there is no user to open."""


class Arrangement(NamedTuple):
    """The panes that the user chose to see.

    ``beside`` are the tabs on which the details stand beside the list where there is room. ``opened`` means that one
    user was opened: where there is no room beside, the details take the whole screen. ``zoomed`` is the pane that was
    given the whole screen.
    """

    tab: Tab = Tab.USERS
    beside: frozenset[Tab] = frozenset({Tab.USERS})
    opened: bool = False
    zoomed: Pane | None = None

    def visible(self, width: int) -> tuple[Pane, ...]:
        """The panes that are shown on a screen of this width, from the left; never empty."""
        lists = LISTS[self.tab]
        if self.tab in WITHOUT_DETAIL:
            return (self.zoomed,) if self.zoomed in lists else lists
        if self.opened and (width < WIDE or self.zoomed is not None):
            return (Pane.DETAIL,)
        if self.zoomed is not None:
            return (self.zoomed,)
        if width >= WIDE and (self.tab in self.beside or self.opened):
            return (*lists, Pane.DETAIL)
        return lists

    def covers(self, width: int) -> bool:
        """True if one pane covers the screen until Esc is pressed."""
        return self.zoomed is not None or (self.opened and width < WIDE and self.tab not in WITHOUT_DETAIL)

    def on(self, tab: Tab) -> "Arrangement":
        """The arrangement on another tab, with nothing opened or zoomed."""
        return self if tab is self.tab else self._replace(tab=tab, opened=False, zoomed=None)

    def step(self, by: int, tabs: Sequence[Tab]) -> "Arrangement":
        """The arrangement on the next or previous of the tabs; the last is followed by the first."""
        return self.on(tabs[(tabs.index(self.tab) + by) % len(tabs)])

    def with_detail(self, shown: bool) -> "Arrangement":
        """The details of this tab beside the list, or not."""
        beside = self.beside | {self.tab} if shown else self.beside - {self.tab}
        return self._replace(beside=beside, opened=self.opened and shown)

    def toggle_detail(self, width: int) -> "Arrangement":
        """Show or hide the details: beside the list where there is room, else as the whole screen."""
        if self.tab in WITHOUT_DETAIL:
            return self
        shown = Pane.DETAIL in self.visible(width)
        if width >= WIDE:
            return self.with_detail(not shown)._replace(zoomed=None)
        return self._replace(opened=not shown, zoomed=None)

    def open(self) -> "Arrangement":
        """One user was opened."""
        return self if self.tab in WITHOUT_DETAIL else self._replace(opened=True)

    def zoom(self, pane: Pane) -> "Arrangement":
        """One pane alone on the screen."""
        return self._replace(zoomed=pane)

    def unzoom(self) -> "Arrangement":
        """The panes share the screen again."""
        return self._replace(zoomed=None)

    def uncover(self) -> "Arrangement":
        """Close what covers the other panes: the opened user first, then the zoomed pane."""
        return self._replace(opened=False) if self.opened else self._replace(zoomed=None)
