"""Keeps what the person chose for the next start, beside the screen: a disk may be slow, and nobody waits for it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from walkme_tui.domain.views import BUILT_IN, SavedView, TableLayout, TableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.services.browser_start import SavedPreferences


class Preferences:
    """What outlasts the screen of one profile; without a ``memory`` nothing does.

    ``say`` is given sentences on what could not be read or kept, each once.
    """

    def __init__(self, memory: "SavedPreferences | None", profile: str, say: "Callable[[str], object]") -> None:
        self.memory = memory
        self._profile = profile
        self._say = say
        self._said = {""}
        self._to_keep: dict[TableName, TableLayout] = {}
        self._keeping: asyncio.Future[str] | None = None
        self.views: Sequence[SavedView] = BUILT_IN
        """The views as they were read last; the built-in ones until then."""

    async def read_look(self, table: TableName) -> TableLayout:
        """How a table was left."""
        if self.memory is None:
            return TableLayout()
        look = await asyncio.to_thread(self.memory.table_layout, self._profile, table)
        self._tell(self.memory.notice)
        return look

    async def read_views(self) -> Sequence[SavedView]:
        """The views as they are now: another process may have saved one."""
        if self.memory is not None:
            self.views = await asyncio.to_thread(self.memory.views)
            self._tell(self.memory.notice)
        return self.views

    def keep(self, table: TableName, look: TableLayout) -> None:
        """Keep how a table is shown; of several looks in a row the last."""
        if self.memory is not None:
            self._to_keep[table] = look
            if self._keeping is None:
                self._keep_next()

    def end(self) -> None:
        """The screen goes: hand over what is left."""
        while self._to_keep:
            self._keep_next()

    def _keep_next(self) -> None:
        assert self.memory is not None  # noqa: S101 - see ``keep``
        table, look = self._to_keep.popitem()
        loop = asyncio.get_running_loop()
        self._keeping = loop.run_in_executor(None, self.memory.save_table_layout, self._profile, table, look)
        self._keeping.add_done_callback(self._kept)

    def _kept(self, keeping: "asyncio.Future[str]") -> None:
        self._keeping = None
        if not keeping.cancelled():
            self._tell(keeping.result())
        if self._to_keep:
            self._keep_next()

    def _tell(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)
