"""The journal's database file: opened, checked, and refused when it is damaged. It is never rebuilt."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from walkme_tui.domain.errors import ConfigurationError, JournalUnavailable
from walkme_tui.store.file_system import lies_on_network, make_private_file
from walkme_tui.store.journal.migrations import JOURNAL, migrate
from walkme_tui.store.journal.rows import DamagedContents
from walkme_tui.store.journal.tables import JournalTables
from walkme_tui.store.locks import Locks
from walkme_tui.store.sqlite_errors import FileFailure, file_failure

R = TypeVar("R")

FILE_NAME: Final = "journal.sqlite3"
OPENING_LOCK: Final = "journal"
BUSY_MS: Final = 30_000
"""For so long a call waits for other programs: to purge a job of 100 000 people takes some seconds."""
TABLES: Final = frozenset({"jobs", "steps", "events", "receipts", "holders", "claims", "purging", "write_memory"})

SETTINGS: Final = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # VACUUM must not leave people's data in a temporary folder
    "PRAGMA fullfsync = ON",  # macOS: fsync alone stops at the drive's cache
    "PRAGMA journal_size_limit = 4194304",
)

UNSENT: Final = "Nothing is sent without it."
NO_SPACE_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class JournalFile:
    """The database file, opened by the first call; every call comes from the thread that owns it.

    ``folder`` is the data folder; the first write makes the file. Calls raise ``JournalUnavailable`` besides what the
    given work raises.
    """

    def __init__(self, folder: Path, locks: Locks) -> None:
        self.path: Final = folder / FILE_NAME
        self.on_network = False
        self._locks = locks
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._checked = False

    def read(self, work: Callable[[JournalTables], R], otherwise: R) -> R:
        """The result of ``work`` in one read transaction; ``otherwise`` where there is no journal yet."""
        try:
            if self._connection is None and not self.path.exists():
                return otherwise
            return self._transaction("BEGIN", work)
        except (sqlite3.Error, OSError, DamagedContents, ConfigurationError) as error:
            raise self.failure(error) from error

    def write(self, work: Callable[[JournalTables], R]) -> R:
        """Do ``work`` in one transaction, which has reached the disk when this returns; rolled back if it raises."""
        try:
            connection = self._opened()
            self._check_path()
            if not self._checked:
                self._check(connection)
            return self._transaction("BEGIN IMMEDIATE", work)
        except (sqlite3.Error, OSError, DamagedContents, ConfigurationError) as error:
            raise self.failure(error) from error

    def compact(self) -> None:
        """Rewrite the file without deleted data, and empty the write-ahead log."""
        try:
            connection = self._opened()
            connection.execute("VACUUM")
            blocked = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if blocked:
                raise TimeoutError("another process is reading it")
        except (sqlite3.Error, OSError) as error:
            raise self.failure(error) from error

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        self._checked = False
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------ opening

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            with self._locks.holding(OPENING_LOCK, BUSY_MS / 1000):
                make_private_file(self.path)
                self.on_network = lies_on_network(self.path.parent)
                connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_MS / 1000)
                try:
                    self._prepare(connection)
                except BaseException:
                    connection.close()
                    raise
            self._connection, self._inode = connection, self.path.stat().st_ino
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Bring an open database to the newest layout."""
        for setting in SETTINGS:
            connection.execute(setting).fetchall()
        layout = self._layout(connection)
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if layout == 0 and found:
            raise DamagedContents("it is the database of another program")
        if layout > 0 and not found >= TABLES:
            raise DamagedContents("it lacks tables")
        self._make_durable(connection)
        if layout < len(JOURNAL):
            connection.execute("BEGIN IMMEDIATE")
            migrate(connection, self._layout(connection))  # another host may have done it, see Locks
            connection.execute("COMMIT")
            _sync_folder(self.path.parent)

    def _layout(self, connection: sqlite3.Connection) -> int:
        """The layout of the database; raises for one that only a newer version of this program knows."""
        layout: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout > len(JOURNAL):
            raise JournalUnavailable(
                f"The journal {self.path} was made by a newer version of this program.",
                hint=f"{UNSENT} Use that version.",
            )
        return layout

    def _make_durable(self, connection: sqlite3.Connection) -> None:
        # The write-ahead log needs memory that its users share, which a network drive does not offer. Without the log,
        # a commit is the deletion of the rollback journal, which FULL does not sync to the disk; EXTRA does.
        wanted = "delete" if self.on_network else "wal"
        mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
        if self.on_network and mode == "wal":
            raise TimeoutError("another process uses a mode that is unsafe on a network drive")
        connection.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")

    def _check_path(self) -> None:
        """Raise if the file was moved or deleted: SQLite goes on writing to it, but the record would be lost."""
        try:
            if self.path.stat().st_ino == self._inode:
                return
        except FileNotFoundError:
            pass
        self.close()
        raise self._moved()

    def _check(self, connection: sqlite3.Connection) -> None:
        """Check the whole file before the first write."""
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedContents(found)
        self._checked = True

    def _transaction(self, begin: str, work: Callable[[JournalTables], R]) -> R:
        connection = self._opened()
        connection.execute(begin)
        try:
            self._layout(connection)  # another process may have changed it since the file was opened
            result = work(JournalTables(connection))
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return result

    # ------------------------------------------------------------ failing

    def _moved(self) -> JournalUnavailable:
        return JournalUnavailable(
            f"The journal {self.path} was moved or deleted while it was in use.",
            hint=f"{UNSENT} Put it back, and start the program again.",
        )

    def failure(self, error: Exception) -> JournalUnavailable:
        """The error for the user; an SQLite error that only a mistake of this program can cause is raised as it is."""
        kind = file_failure(error) if isinstance(error, sqlite3.Error) else FileFailure.DAMAGED
        if isinstance(error, TimeoutError):
            kind = FileFailure.BUSY
        elif isinstance(error, OSError):
            kind = FileFailure.NO_SPACE if error.errno in NO_SPACE_ERRORS else None
        match kind:
            case FileFailure.NO_SPACE:
                what, hint = f"There is no space left for the journal {self.path}.", "Free some space, and try again."
            case FileFailure.BUSY:
                what, hint = (
                    f"Another program is using the journal {self.path}.",
                    "Wait until it has ended, or close it, and try again.",
                )
            case FileFailure.NOT_WRITABLE:
                what, hint = f"The journal {self.path} cannot be written.", "Check the permissions of its folder."
            case FileFailure.DISK:
                what = f"Reading or writing the journal {self.path} failed."
                hint = "Check the disk and the space on it."
            case FileFailure.MOVED:
                return self._moved()
            case FileFailure.DAMAGED:
                what = f"The journal {self.path} is damaged."
                hint = (
                    "Restore it from a backup. Without one, move the file away: "
                    "the record of changes that were being sent is then lost."
                )
            case _ if isinstance(error, OSError):
                why = f": {error.strerror.lower()}" if error.strerror else ""
                what, hint = f"The journal {self.path} cannot be used{why}.", "Check its folder."
            case _:
                raise error
        return JournalUnavailable(what, hint=f"{UNSENT} {hint}")


def _sync_folder(folder: Path) -> None:
    """Sync the folder to the disk, so that a new file keeps its name after a power failure."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
