"""The journal's file on a thread of its own."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.store.journal.file import JournalFile
from walkme_tui.store.sqlite_thread import Closed, SqliteThread, Urgency

R = TypeVar("R")


class JournalThread:
    """Runs work with the journal's file; calls raise ``JournalUnavailable`` besides what the work raises."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        # Nothing is ever interrupted: what is read is little, and what is written is to be whole.
        self._thread = SqliteThread("journal", lambda: None)

    async def read(self, work: Callable[[sqlite3.Connection], R], otherwise: R) -> R:
        """What ``work`` finds, all of one moment; ``otherwise`` where there is no journal yet."""
        return await self.run(lambda: self._file.read(work, otherwise), Urgency.READ)

    async def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Do ``work`` in one transaction that has reached the disk when this returns."""
        return await self.run(lambda: self._file.write(work))

    async def run(self, work: Callable[[], R], urgency: Urgency = Urgency.WRITE) -> R:
        """Do anything on the thread."""
        try:
            return await self._thread.run(work, urgency)
        except Closed:
            raise JournalUnavailable("The journal is closed.") from None

    async def aclose(self, last: Callable[[], None]) -> None:
        """Finish what is queued, do ``last``, close the file; may be called again."""

        def end() -> None:
            try:
                last()
            finally:
                self._file.close()

        await self._thread.aclose(end)
