"""In which order and how wide the tables are shown: what the keys change, and what is remembered of it."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.views import SavedView, TableLayout, TableName
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.preferences import Preferences
from walkme_tui.ui.widgets.user_table.columns import natural, next_sort
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.services.browser_start import SavedPreferences
    from walkme_tui.ui.browser.screen import BrowserScreen
    from walkme_tui.ui.widgets.user_table import UserTable

TABLES: Final = {Pane.USERS: TableName.USERS, Pane.MEMBERS: TableName.MEMBERS}


class TableSorting:
    """Sorts the table that is looked at and gives its columns room; ``memory`` keeps both, None: nothing is kept."""

    def __init__(self, browser: "BrowserScreen", memory: "SavedPreferences | None") -> None:
        self._browser = browser
        self._kept = Preferences(memory, browser.session.account.profile, self._say)

    def begin(self) -> None:
        """Show the table of members as it was left; that of the users begins so by itself."""
        start_worker(self._browser, WorkerGroup.VIEWS, self._recall, name="Reading how the tables were left")

    def end(self) -> None:
        """The screen goes."""
        self._kept.end()

    async def _recall(self) -> None:
        look = await self._kept.read_look(TableName.MEMBERS)
        await self._kept.read_views()
        self._browser.filtering.sort(Pane.MEMBERS, look.sort)
        self._browser.area.groups_tab.members.table.show_wide(look.wide)

    def _say(self, sentence: str) -> None:
        if self._browser.is_attached:
            self._browser.app.notify(sentence, severity="warning", markup=False, timeout=12)

    def sort_next(self) -> None:
        """Sort by the next column that is shown; after the last one there is the server's own order again."""
        table, pane = self._browser.area.table, self._pane
        if table is None or pane is None:
            return
        self._put(pane, next_sort(self._browser.filtering.sort_of(pane), table.sort_keys))

    def sort_by(self, key: SortKey) -> None:
        """Sort by this, ``LISTED`` as the server has them; by the same again the other way round."""
        pane = self._pane
        if pane is None:
            return
        now = self._browser.filtering.sort_of(pane)
        if now is not None and now.key is key:
            self.reverse()
        else:
            self._put(pane, None if key is SortKey.LISTED else natural(key))

    def reverse(self) -> None:
        """The other way round; a table that is not sorted is sorted by its first column, from the end."""
        table, pane = self._browser.area.table, self._pane
        if table is None or pane is None:
            return
        now = self._browser.filtering.sort_of(pane)
        if now is not None:
            self._put(pane, Sort(now.key, not now.reverse))
        elif table.sort_keys:
            self._put(pane, Sort(table.sort_keys[0], reverse=True))

    def toggle_wide(self) -> None:
        """Give the columns more room, or put them side by side again."""
        table, pane = self._browser.area.table, self._pane
        if table is not None and pane is not None:
            table.show_wide(not table.wide)
            self._remember(pane, table)

    def turn_columns(self, by: int) -> None:
        """Show the columns further right, or further left."""
        if self._browser.area.table is not None:
            self._browser.area.table.turn_columns(by)

    def apply(self, view: SavedView) -> None:
        """Show the users as a saved view has them; what the person had chosen stays what the next start begins with."""
        self._browser.show_tab(Tab.USERS)
        self._browser.area.users.show_wide(view.wide)
        self._browser.filtering.show(view)
        self._browser.filter.consider_a_look_up()
        self._browser.filter.show()
        self._browser.situation.tell()

    def save(self) -> None:
        """Keep what the users are shown by under a name."""
        from walkme_tui.ui.flows.saved_views import save_view

        query, wide = self._browser.filtering.query(), self._browser.area.users.wide
        now = SavedView("", query.text.strip(), query.sort, query.hide_inactive, wide)
        saving = partial(save_view, self._browser, Origin(self._browser), self._kept, now)
        start_worker(self._browser, WorkerGroup.VIEWS, saving, name="Saving the view")

    def forget(self) -> None:
        """Let the person choose a saved view, and forget it."""
        from walkme_tui.ui.flows.saved_views import delete_view

        forgetting = partial(delete_view, self._browser, Origin(self._browser), self._kept)
        start_worker(self._browser, WorkerGroup.VIEWS, forgetting, name="Deleting the view")

    def views(self) -> Sequence[SavedView]:
        """The views that can be applied, as they were read last; they are read anew for the next time."""
        start_worker(self._browser, WorkerGroup.VIEWS, self._kept.read_views, name="Reading the saved views")
        return self._kept.views

    # ------------------------------------------------------------ inside

    @property
    def _pane(self) -> Pane | None:
        """Whose order is meant: that of the table which is looked at."""
        area = self._browser.area
        return None if area.table is None else Pane.USERS if area.table is area.users else Pane.MEMBERS

    def _put(self, pane: Pane, sort: Sort | None) -> None:
        self._browser.filtering.sort(pane, sort)
        table = self._browser.area.table
        if table is not None:
            self._remember(pane, table)
        self._browser.situation.tell()

    def _remember(self, pane: Pane, table: "UserTable") -> None:
        self._kept.keep(TABLES[pane], TableLayout(self._browser.filtering.sort_of(pane), table.wide))
