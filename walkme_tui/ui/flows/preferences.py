"""Table layouts and saved views that are kept for the next start; written on a thread, because disks may be slow."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from walkme_tui.domain.views import BUILT_IN, SavedView, TableLayout, TableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.services.browser_start import SavedPreferences


class Preferences:
    """The stored preferences of one profile; without a ``memory`` nothing is stored.

    ``report`` is called with a sentence for each problem, once per sentence.
    """

    def __init__(self, memory: "SavedPreferences | None", profile: str, report: "Callable[[str], object]") -> None:
        self.memory = memory
        self._profile = profile
        self._report = report
        self._reported = {""}
        self._to_keep: dict[TableName, TableLayout] = {}
        self._keeping: asyncio.Future[str] | None = None
        self.views: Sequence[SavedView] = BUILT_IN
        """The views as read last; the built-in ones before that."""

    async def read_layout(self, table: TableName) -> TableLayout:
        """The stored layout of a table."""
        if self.memory is None:
            return TableLayout()
        layout = await asyncio.to_thread(self.memory.table_layout, self._profile, table)
        self._report_once(self.memory.notice)
        return layout

    async def read_views(self) -> Sequence[SavedView]:
        """Read the views: another process may have saved one."""
        if self.memory is not None:
            self.views = await asyncio.to_thread(self.memory.views)
            self._report_once(self.memory.notice)
        return self.views

    def keep(self, table: TableName, layout: TableLayout) -> None:
        """Store the layout of a table; of several in a row only the last."""
        if self.memory is not None:
            self._to_keep[table] = layout
            if self._keeping is None:
                self._keep_next()

    def end(self) -> None:
        """Write what is pending before the screen closes."""
        while self._to_keep:
            self._keep_next()

    def _keep_next(self) -> None:
        assert self.memory is not None  # noqa: S101 - see ``keep``
        table, layout = self._to_keep.popitem()
        loop = asyncio.get_running_loop()
        self._keeping = loop.run_in_executor(None, self.memory.save_table_layout, self._profile, table, layout)
        self._keeping.add_done_callback(self._kept)

    def _kept(self, keeping: "asyncio.Future[str]") -> None:
        self._keeping = None
        if not keeping.cancelled():
            self._report_once(keeping.result())
        if self._to_keep:
            self._keep_next()

    def _report_once(self, sentence: str) -> None:
        if sentence not in self._reported:
            self._reported.add(sentence)
            self._report(sentence)
