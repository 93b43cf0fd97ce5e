"""The order and the column widths of the tables: the commands that change them, and how they are kept."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.queries import SORT_NAMES, Sort, SortKey
from walkme_tui.domain.views import SavedView, TableLayout, TableName
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.preferences import Preferences
from walkme_tui.ui.widgets.user_table.columns import SORTED_BY, default_sort, next_sort
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.config.state import StateFile
    from walkme_tui.ui.browser.filter_control import FilterControl
    from walkme_tui.ui.browser.filters import TableFilters
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.widgets.user_table.table import UserTable

TABLES: Final = {Pane.USERS: TableName.USERS, Pane.MEMBERS: TableName.MEMBERS}


class TableSorting:
    """Sorts the current table and sizes its columns; ``state_file`` stores both, None: nothing is stored."""

    def __init__(
        self,
        view: "FlowContext",
        area: "PaneArea",
        filtering: "TableFilters",
        box: "FilterControl",
        state_file: "StateFile | None",
    ) -> None:
        self._view, self._area, self._filtering, self._box = view, area, filtering, box
        self._kept = Preferences(state_file, view.session.account.profile, self._warn)

    def begin(self) -> None:
        """Show the table of members in its saved layout; the table of users begins with its own."""
        start_worker(self._view.screen, WorkerGroup.VIEWS, self._restore, name="Reading the saved layouts")

    def end(self) -> None:
        """Write the layouts that are not saved yet."""
        self._kept.end()

    async def _restore(self) -> None:
        look = await self._kept.read_layout(TableName.MEMBERS)
        await self._kept.read_views()
        self._filtering.sort(Pane.MEMBERS, look.sort)
        self._area.groups_tab.members.table.show_wide(look.wide)

    def _warn(self, sentence: str) -> None:
        if self._view.screen.is_attached:
            self._view.app.notify(sentence, severity="warning", markup=False, timeout=12)

    def sort_next(self) -> None:
        """Sort by the next column that is shown; after the last one comes the server's order."""
        table, pane = self._area.table, self._pane
        if table is not None and pane is not None:
            self._put(pane, next_sort(self._filtering.sort_of(pane), table.sort_keys))

    def sort_by(self, key: SortKey) -> None:
        """Sort by ``key`` (``LISTED``: the server's order); reverse the order if it is sorted by that already."""
        pane = self._pane
        if pane is None:
            return
        now = self._filtering.sort_of(pane)
        if now is not None and now.key is key:
            self.reverse()
        else:
            self._put(pane, None if key is SortKey.LISTED else default_sort(key))

    def reverse(self) -> None:
        """Reverse the order; a table without one is sorted by its first column, descending."""
        table, pane = self._area.table, self._pane
        if table is None or pane is None:
            return
        now = self._filtering.sort_of(pane)
        if now is not None:
            self._put(pane, Sort(now.key, not now.reverse))
        elif table.sort_keys:
            self._put(pane, Sort(table.sort_keys[0], reverse=True))

    def toggle_wide(self) -> None:
        """Widen the columns, or fit as many as possible side by side."""
        table, pane = self._area.table, self._pane
        if table is not None and pane is not None:
            table.show_wide(not table.wide)
            self._remember(pane, table)

    def turn_columns(self, by: int) -> None:
        """Show the columns further right, or further left."""
        if self._area.table is not None:
            self._area.table.turn_columns(by)

    def apply(self, view: SavedView) -> None:
        """Show the users as a saved view has them; the order for the next start does not change."""
        self._view.navigation.show_tab(Tab.USERS)
        self._area.users.show_wide(view.wide)
        self._filtering.show(view)
        self._box.look_up_text()
        self._box.show()
        self._view.update_status()

    def save(self) -> None:
        """Save the current filter, order and widths of the users under a name."""
        from walkme_tui.ui.flows.saved_views import save_view

        query, wide = self._filtering.query(), self._area.users.wide
        now = SavedView("", query.text.strip(), query.sort, query.hide_inactive, wide)
        saving = partial(save_view, self._view, Origin(self._view), self._kept, now)
        start_worker(self._view.screen, WorkerGroup.VIEWS, saving, name="Saving the view")

    def forget(self) -> None:
        """Delete a saved view that the user chooses."""
        from walkme_tui.ui.flows.saved_views import delete_view

        deleting = partial(delete_view, self._view, Origin(self._view), self._kept)
        start_worker(self._view.screen, WorkerGroup.VIEWS, deleting, name="Deleting the view")

    @property
    def sort_keys(self) -> Sequence[SortKey]:
        """What users of the surface can be sorted by."""
        absent = {SORTED_BY[field] for field in self._area.users.absent_fields}
        return [key for key in SORT_NAMES if key not in absent]

    def views(self) -> Sequence[SavedView]:
        """The saved views as they were read last; they are read again for the next call."""
        start_worker(self._view.screen, WorkerGroup.VIEWS, self._kept.read_views, name="Reading the saved views")
        return self._kept.views

    # ------------------------------------------------------------ inside

    @property
    def _pane(self) -> Pane | None:
        """The pane of the current table."""
        area = self._area
        return None if area.table is None else Pane.USERS if area.table is area.users else Pane.MEMBERS

    def _put(self, pane: Pane, sort: Sort | None) -> None:
        self._filtering.sort(pane, sort)
        table = self._area.table
        if table is not None:
            self._remember(pane, table)
        self._view.update_status()

    def _remember(self, pane: Pane, table: "UserTable") -> None:
        self._kept.save_layout(TABLES[pane], TableLayout(self._filtering.sort_of(pane), table.wide))
