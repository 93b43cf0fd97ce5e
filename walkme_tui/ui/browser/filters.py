"""The filter and the order of each list."""

from walkme_tui.domain.queries import Sort, UserQuery
from walkme_tui.domain.views import SavedView
from walkme_tui.ui.arrangement import Pane
from walkme_tui.ui.browser.panes import PaneArea
from walkme_tui.ui.widgets.tab_bar import TabBar

NAMES = {Pane.USERS: "filter", Pane.GROUPS: "filter groups", Pane.MEMBERS: "filter members", Pane.PAIRS: "filter"}


class TableFilters:
    """Keeps a text for each list that can be filtered, and an order for each table of users.

    The box shows the text of the focused list.
    """

    def __init__(self, area: PaneArea, query: UserQuery) -> None:
        self._area = area
        self._texts = {Pane.USERS: query.text, Pane.GROUPS: "", Pane.MEMBERS: "", Pane.PAIRS: ""}
        self._sorts: dict[Pane, Sort | None] = {Pane.USERS: query.sort, Pane.MEMBERS: None}
        self.hide_inactive = query.hide_inactive

    @property
    def target(self) -> Pane | None:
        """The list that the filter box filters; None on tabs without one."""
        pane = self._area.focused_list
        if pane is Pane.CLASSES:
            return Pane.PAIRS
        return pane if pane in self._texts else None

    @property
    def text(self) -> str:
        """The text of that list's filter."""
        return self._texts[self.target] if self.target is not None else ""

    def query(self, pane: Pane = Pane.USERS) -> UserQuery:
        """The query of a table of users, without its group."""
        return UserQuery(self._texts[pane], hide_inactive=self.hide_inactive, sort=self._sorts[pane])

    def put(self, text: str) -> None:
        """Filter the target by this."""
        target = self.target
        if target is None:
            return
        self._texts[target] = text
        self._apply(target)

    def sort_of(self, pane: Pane) -> Sort | None:
        """The order of a table of users; None: as the server has them."""
        return self._sorts[pane]

    def sort(self, pane: Pane, sort: Sort | None) -> None:
        """Show a table of users in this order."""
        if sort != self._sorts[pane]:
            self._sorts[pane] = sort
            self._apply(pane)

    def show(self, view: SavedView) -> None:
        """Show the users as a saved view has them."""
        self._texts[Pane.USERS], self._sorts[Pane.USERS] = view.text, view.sort
        self.hide_inactive = view.hide_inactive
        self._apply(Pane.USERS)

    def toggle_inactive(self) -> bool:
        """Hide inactive users, or show them again; True if they are hidden now."""
        self.hide_inactive = not self.hide_inactive
        self._apply(Pane.USERS)
        self._apply(Pane.MEMBERS)
        return self.hide_inactive

    def text_of(self, pane: Pane) -> str:
        """The text of a list's filter."""
        return self._texts[pane]

    def clear(self, pane: Pane) -> None:
        """Filter a list by nothing."""
        self.set_text(pane, "")

    def set_text(self, pane: Pane, text: str) -> None:
        """Filter a list by this."""
        if self._texts[pane] != text:
            self._texts[pane] = text
            self._apply(pane)

    def show_in(self, tab_bar: TabBar) -> None:
        """Show the target's text in the tab bar."""
        target = self.target
        tab_bar.show_filter(self.text, NAMES[target] if target is not None else "")

    def _apply(self, pane: Pane) -> None:
        if pane is Pane.USERS:
            self._area.users.show(self.query())
        elif pane is Pane.GROUPS:
            self._area.groups_tab.groups.filter(self._texts[pane])
        elif pane is Pane.PAIRS:
            self._area.reconcile_tab.filter(self._texts[pane])
        else:
            self._area.groups_tab.narrow(self.query(Pane.MEMBERS))
