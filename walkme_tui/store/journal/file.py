"""The journal's database file: opened, checked, and refused when it cannot be relied upon. It is never rebuilt."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from walkme_tui.domain.errors import ConfigurationError, JournalUnavailable
from walkme_tui.store.file_system import lies_on_network, make_private_file
from walkme_tui.store.journal.migrations import JOURNAL, statements
from walkme_tui.store.journal.rows import DamagedContents
from walkme_tui.store.locks import Locks
from walkme_tui.store.mirror.file import is_damage

R = TypeVar("R")

FILE_NAME: Final = "journal.sqlite3"
OPENING: Final = "journal"
OPENING_PATIENCE_SECONDS: Final = 10.0
BUSY_MS: Final = 10_000
TABLES: Final = frozenset({"jobs", "steps", "events", "receipts", "holders", "claims", "purging", "write_memory"})

SETTINGS: Final = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # compacting must not leave people's data in a temporary folder
    "PRAGMA fullfsync = ON",  # macOS: fsync alone stops at the drive's cache
    "PRAGMA journal_size_limit = 4194304",
)

UNSENT: Final = "Nothing is sent without it."


class JournalFile:
    """The open database. Everything here belongs to the one thread that works with it.

    ``folder`` is the data folder; the file is opened when it is first read, and made when it is first written.
    Calls raise ``JournalUnavailable`` besides what the given work raises.
    """

    def __init__(self, folder: Path, locks: Locks) -> None:
        self.path: Final = folder / FILE_NAME
        self.on_network = False
        self._locks = locks
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._checked = False

    def read(self, work: Callable[[sqlite3.Connection], R], otherwise: R) -> R:
        """What ``work`` finds, all of one moment; ``otherwise`` where there is no journal yet."""
        try:
            if self._connection is None and not self.path.exists():
                return otherwise
            return self._transaction("BEGIN", work)
        except (sqlite3.Error, OSError, DamagedContents, ConfigurationError) as error:
            raise self.failure(error) from error

    def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Do ``work`` in one transaction that has reached the disk when this returns; nothing is kept if it raises."""
        try:
            connection = self._opened()
            self._check_place()
            if not self._checked:
                self._check(connection)
            return self._transaction("BEGIN IMMEDIATE", work)
        except (sqlite3.Error, OSError, DamagedContents, ConfigurationError) as error:
            raise self.failure(error) from error

    def compact(self) -> None:
        """Write the file anew without what was dropped, and empty the log beside it."""
        try:
            connection = self._opened()
            connection.execute("VACUUM")
            blocked = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if blocked:
                raise TimeoutError("another process is reading it")
        except (sqlite3.Error, OSError) as error:
            raise self.failure(error) from error

    def close(self) -> None:
        """Close the file; it is opened again when it is used again."""
        connection, self._connection = self._connection, None
        self._checked = False
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------ opening

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            with self._locks.waiting_for(OPENING, OPENING_PATIENCE_SECONDS):
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
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout > len(JOURNAL):
            raise JournalUnavailable(
                f"The journal {self.path} was made by a newer version of this program.",
                hint=f"{UNSENT} Use that version.",
            )
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if layout == 0 and found:
            raise DamagedContents("it is a database of something else")
        if layout > 0 and not found >= TABLES:
            raise DamagedContents("it lacks tables")
        self._make_durable(connection)
        if layout < len(JOURNAL):
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements(JOURNAL, layout):
                connection.execute(statement)
            connection.execute("COMMIT")
            _sync_folder(self.path.parent)

    def _make_durable(self, connection: sqlite3.Connection) -> None:
        # The write-ahead log needs memory shared by all its users, which a network drive cannot give. Without it
        # FULL does not see to it that the rollback journal's deletion lasts, which is what commits; EXTRA does.
        wanted = "delete" if self.on_network else "wal"
        mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
        if self.on_network and mode == "wal":
            raise TimeoutError("another process keeps it in a mode that is unsafe on a network drive")
        connection.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")

    def _check_place(self) -> None:
        """SQLite goes on writing into a file whose name is gone, where nobody would find the record again."""
        try:
            if self.path.stat().st_ino == self._inode:
                return
        except FileNotFoundError:
            pass
        self.close()
        raise JournalUnavailable(
            f"The journal {self.path} was moved or deleted while it was in use.",
            hint=f"{UNSENT} Put it back, and start again.",
        )

    def _check(self, connection: sqlite3.Connection) -> None:
        """Look the whole file over before the first writing relies on it."""
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedContents(found)
        self._checked = True

    def _transaction(self, begin: str, work: Callable[[sqlite3.Connection], R]) -> R:
        connection = self._opened()
        connection.execute(begin)
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return result

    # ------------------------------------------------------------ failing

    def failure(self, error: Exception) -> JournalUnavailable:
        """Say in words what failed; what only a mistake of ours can cause is raised as it is."""
        code = getattr(error, "sqlite_errorcode", None)
        match None if code is None else code & 0xFF:
            case _ if _is_no_space(error):
                what, hint = f"There is no space left for the journal {self.path}.", "Make space, and try again."
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                what, hint = f"Another program keeps the journal {self.path} busy.", "Try again."
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_AUTH:
                what, hint = f"The journal {self.path} cannot be written.", "Look at the permissions of its folder."
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOLFS | sqlite3.SQLITE_PROTOCOL:
                what, hint = f"The disk failed under the journal {self.path}.", "Check the disk and the space on it."
            case _ if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise error
            case _ if isinstance(error, TimeoutError):
                what, hint = f"Another program keeps the journal {self.path} busy.", "End it, and try again."
            case _ if isinstance(error, OSError):
                why = (error.strerror or str(error)).lower()
                what, hint = f"The journal {self.path} cannot be used: {why}.", "Look at its folder."
            case _:
                what = f"The journal {self.path} is damaged."
                hint = (
                    "Put a copy of it back from a backup. If there is none, move the file away: "
                    "then nobody knows any more which changes were under way."
                )
        return JournalUnavailable(what, hint=f"{UNSENT} {hint}")


def _is_no_space(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_FULL


def _sync_folder(folder: Path) -> None:
    """Make a new file's name last as long as its contents."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
