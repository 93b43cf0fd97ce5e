"""Which of several processes with one mirror walks over the whole list: the one that holds a lock beside the file."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.store.locks import Locks

if TYPE_CHECKING:
    from walkme_tui.store.mirror.tables import Tables

LOCK: Final = "crawl"


class Leadership:
    """The lock of one mirror; the operating system gives it back when the process ends, however it ends."""

    def __init__(self) -> None:
        self._locks: Locks | None = None
        self._name = ""

    def take(self, tables: "Tables") -> bool:
        """Lead from now on; False while another process, or another mirror in this one, does.

        In memory nobody else could, and where no lock can be made, two that walk are better than none.
        """
        if self._locks is not None:
            return True
        path = _path(tables)
        if path is None:
            return True
        locks, name = Locks(path.parent), f"{path.name}.{LOCK}"
        try:
            if not locks.take(name, patience_seconds=0):
                return False
        except OSError:
            return True
        self._locks, self._name = locks, name
        return True

    def give_back(self) -> None:
        """Lead no more."""
        locks, self._locks = self._locks, None
        if locks is not None:
            with suppress(OSError):
                locks.give_back(self._name)


def _path(tables: "Tables") -> Path | None:
    """The file behind an open mirror, None for one in memory."""
    for _, name, file in tables.connection.execute("PRAGMA database_list").fetchall():
        if name == "main" and file:
            return Path(file)
    return None
