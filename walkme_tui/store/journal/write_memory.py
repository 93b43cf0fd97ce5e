"""What the journal's file keeps of how servers take writes."""

from collections.abc import Awaitable, Callable
from typing import Final

from walkme_tui.domain.text import storable
from walkme_tui.store.journal.tables import JournalTables

# Servers change: PATCH, which needs no whole record and so clears nothing, is tried again after this time.
PATCH_REFUSED_MS: Final = 30 * 86_400_000

Read = Callable[[Callable[[JournalTables], int | None], None], Awaitable[int | None]]
Write = Callable[[Callable[[JournalTables], None]], Awaitable[None]]


class SqliteWriteSupport:
    """``domain.write_support.WriteSupport`` of one profile, by its name and base URL; over a journal's read and write.

    Calls raise ``JournalUnavailable`` and nothing else expected.
    """

    def __init__(self, read: Read, write: Write, clock: Callable[[], int], profile: str, base_url: str) -> None:
        self._read = read
        self._write = write
        self._clock = clock
        self._key = (storable(profile), storable(base_url))

    async def patch_refused(self) -> bool:
        """True if PATCH was refused within the last 30 days."""
        refused_at_ms = await self._read(lambda tables: tables.patch_refused_at_ms(*self._key), None)
        return refused_at_ms is not None and self._clock() - refused_at_ms < PATCH_REFUSED_MS

    async def remember_patch_refused(self) -> None:
        """Store that this server refuses PATCH."""
        await self._write(lambda tables: tables.store_patch_refused(*self._key, self._clock()))
