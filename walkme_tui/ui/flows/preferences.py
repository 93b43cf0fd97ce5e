"""Table layouts and saved views, stored for the next start; written on a thread, because disks may be slow."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from walkme_tui.domain.views import BUILT_IN, SavedView, TableLayout, TableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.config.state import StateFile


class Preferences:
    """The stored preferences of one profile; without a ``state_file`` nothing is stored.

    ``report`` is called with a sentence for each problem, once per sentence.
    """

    def __init__(self, state_file: "StateFile | None", profile: str, report: "Callable[[str], object]") -> None:
        self.state_file = state_file
        self._profile = profile
        self._report = report
        self._reported = {""}
        self._unsaved: dict[TableName, TableLayout] = {}
        self._saving: asyncio.Future[str] | None = None
        self.views: Sequence[SavedView] = BUILT_IN
        """The views as read last; the built-in ones before that."""

    async def read_layout(self, table: TableName) -> TableLayout:
        """The stored layout of a table."""
        if self.state_file is None:
            return TableLayout()
        layout = await asyncio.to_thread(self.state_file.table_layout, self._profile, table)
        self._report_once(self.state_file.notice)
        return layout

    async def read_views(self) -> Sequence[SavedView]:
        """Read the views: another process may have saved one."""
        if self.state_file is not None:
            self.views = await asyncio.to_thread(self.state_file.views)
            self._report_once(self.state_file.notice)
        return self.views

    def save_layout(self, table: TableName, layout: TableLayout) -> None:
        """Store the layout of a table; of several in a row only the last."""
        if self.state_file is not None:
            self._unsaved[table] = layout
            if self._saving is None:
                self._save_next()

    def end(self) -> None:
        """Write what is pending before the screen closes."""
        while self._unsaved:
            self._save_next()

    def _save_next(self) -> None:
        assert self.state_file is not None  # noqa: S101 - see ``save_layout``
        table, layout = self._unsaved.popitem()
        loop = asyncio.get_running_loop()
        self._saving = loop.run_in_executor(None, self.state_file.save_table_layout, self._profile, table, layout)
        self._saving.add_done_callback(self._saved)

    def _saved(self, saving: "asyncio.Future[str]") -> None:
        self._saving = None
        if not saving.cancelled():
            self._report_once(saving.result())
        if self._unsaved:
            self._save_next()

    def _report_once(self, sentence: str) -> None:
        if sentence not in self._reported:
            self._reported.add(sentence)
            self._report(sentence)
