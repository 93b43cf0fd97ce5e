"""The lock that lets one of several processes with the same mirror crawl: a file beside the mirror's."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from walkme_tui.store.locks import Locks

SUFFIX: Final = "crawl"


class CrawlLock:
    """The crawl lock of one mirror; the operating system releases it when the process ends, however it ends."""

    def __init__(self) -> None:
        self._locks: Locks | None = None
        self._name = ""

    def acquire(self, path: Path | None) -> bool:
        """Hold the lock of the mirror at ``path``; False while another process, or another mirror here, holds it.

        True without a lock for a mirror in memory (``path`` None), which no other process has, and where the lock file
        cannot be made: two crawls are better than none.
        """
        if self._locks is not None or path is None:
            return True
        locks, name = Locks(path.parent), f"{path.name}.{SUFFIX}"
        try:
            if not locks.acquire(name, timeout_seconds=0):
                return False
        except OSError:
            return True
        self._locks, self._name = locks, name
        return True

    def release(self) -> None:
        """Release the lock; nothing happens if it is not held."""
        locks, self._locks = self._locks, None
        if locks is not None:
            with suppress(OSError):
                locks.release(self._name)
