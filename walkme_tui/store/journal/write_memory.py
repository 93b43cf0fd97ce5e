"""What was learned about how servers take writes: in the journal's file, by profile and base URL."""

import sqlite3
from collections.abc import Callable
from typing import Final

from walkme_tui.domain.text import storable
from walkme_tui.store.journal.thread import JournalThread

# Servers change: PATCH, which needs no whole record and so clears nothing, is tried again after this time.
BELIEVED_MS: Final = 30 * 86_400_000


class SqliteWriteMemory:
    """``services.ports.WriteMemory`` of one profile; calls raise ``JournalUnavailable`` and nothing else expected."""

    def __init__(self, thread: JournalThread, clock: Callable[[], int], profile: str, base_url: str) -> None:
        self._thread = thread
        self._clock = clock
        self._key = (storable(profile), storable(base_url))

    async def patch_refused(self) -> bool:
        """True if PATCH was refused within the last 30 days."""

        def refused(connection: sqlite3.Connection) -> bool:
            row = connection.execute(
                "SELECT patch_refused_at_ms FROM write_memory WHERE profile = ? AND base_url = ?", self._key
            ).fetchone()
            return row is not None and self._clock() - row[0] < BELIEVED_MS

        return await self._thread.read(refused, False)

    async def remember_patch_refused(self) -> None:
        """PATCH is refused by this server."""
        await self._thread.write(
            lambda connection: connection.execute(
                "INSERT INTO write_memory (profile, base_url, patch_refused_at_ms) VALUES (?, ?, ?) "
                "ON CONFLICT (profile, base_url) DO UPDATE SET patch_refused_at_ms = excluded.patch_refused_at_ms",
                (*self._key, self._clock()),
            )
        )
