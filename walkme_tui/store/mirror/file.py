"""The mirror's database file: opened, checked, and made anew when it cannot be used, since it is only a copy."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, TypeVar
from zlib import crc32

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.store.file_system import (
    files_aside,
    folder_lock,
    lies_on_network,
    make_private_file,
    make_private_folder,
    move_aside,
    remove_database,
)
from walkme_tui.store.mirror.layout import FIND, LAYOUT, STATEMENTS, TABLES
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import has_trigrams
from walkme_tui.store.sqlite_errors import FileFailure, file_failure
from walkme_tui.store.sqlite_thread import Steps

R = TypeVar("R")

WRITER_CACHE: Final = "PRAGMA cache_size = -8000"
READER_CACHE: Final = "PRAGMA cache_size = -4000"
BUSY_MS: Final = 3_000
# How long a write waits for other processes in one step, since reads of this thread wait behind it, and in all: SQLite
# has no queue, so that of several processes that write at once one may lose many times in a row.
WRITE_STEP_MS: Final = 200
WRITE_TIMEOUT_SECONDS: Final = 60.0
DAY_SECONDS: Final = 86_400

SETTINGS: Final = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = FAST",
    "PRAGMA wal_autocheckpoint = 8000",
    "PRAGMA journal_size_limit = 33554432",
)

# Where SQLite sorts what does not fit into its cache, 60 MB for a million users: in the folder of the file, which is
# private and holds the same data, and never in the shared temporary folder.
SORTS_BESIDE_FILE: Final = "PRAGMA temp_store = FILE"
SORTS_IN_MEMORY: Final = "PRAGMA temp_store = MEMORY"


class UnusableFile(Exception):
    """The file is not a mirror that this program can use; the message completes the sentence ``The local copy …``."""


class MirrorLocation(NamedTuple):
    """Where the file lies and which account it belongs to; ``path`` None keeps the mirror in memory."""

    path: Path | None
    runtime_folder: Path | None
    account_key: str
    max_age_days: float | None


class MirrorFile:
    """The database file, opened by the first call.

    ``interrupt``, ``is_on_disk``, ``path`` and ``follow`` may be called from any thread, all else from the thread that
    owns this connection. ``writer`` is this process's writing connection to the same file, None if this one is that:
    when one of them makes the file anew, the other opens the new one.
    """

    def __init__(self, location: MirrorLocation, writer: "MirrorFile | None" = None) -> None:
        self._location = location
        self._writer = writer
        self._path: Path | None = None
        self._inode: int | None = None
        self._tables: Tables | None = None
        self._data_version: int | None = None
        self._outdated = False
        self.generation = 0
        self.notices: list[str] = [] if writer is None else writer.notices

    @property
    def is_on_disk(self) -> bool:
        """True while the file is open and on a disk, where other connections can open it too."""
        return self._tables is not None and self._path is not None

    @property
    def path(self) -> Path | None:
        """Where the file lies, None before it was opened and in memory."""
        return self._path

    def follow(self, inode: int | None) -> None:
        """Open the file again if the one that a reading connection opened has another inode."""
        self._outdated = self._outdated or inode != self._inode

    # ------------------------------------------------------------ work

    def read(self, work: Callable[[Tables], R]) -> R:
        """The result of ``work``; if the file is damaged, it is made anew and ``work`` executed once more."""
        try:
            return work(self._opened())
        except sqlite3.Error as error:
            self._recover(error)
        try:
            return work(self._opened())
        except sqlite3.Error as error:
            self._give_up(error)

    def write(self, work: Callable[[Tables], R]) -> R:
        """Like ``read``, in one transaction."""
        return self.read(lambda tables: self._in_transaction(tables, work))

    def write_in_turn(self, work: Callable[[Tables], R]) -> Steps[R]:
        """Like ``write``, with a step for each wait while other processes write."""
        deadline = time.monotonic() + WRITE_TIMEOUT_SECONDS
        while not self.read(_begin_write) and time.monotonic() < deadline:
            yield
        return self.write(work)

    def scan(self, steps: Callable[[Tables], Steps[R]]) -> Steps[R]:
        """Like ``read``, in steps; it starts again if the file is made anew between two steps."""
        while True:
            try:
                tables = self._opened()
                scan = steps(tables)
                while tables is self._tables:
                    try:
                        next(scan)
                    except StopIteration as end:
                        return end.value  # type: ignore[no-any-return]  # StopIteration is not generic
                    yield
            except sqlite3.Error as error:
                self._recover(error)

    def interrupt(self) -> None:
        """Stop the statement that is running; may be called from any thread."""
        tables = self._tables
        if tables is not None:
            with suppress(sqlite3.ProgrammingError):  # it was closed just now
                tables.connection.interrupt()

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        tables, self._tables = self._tables, None
        if tables is not None:
            if self._writer is None:
                self.generation += 1
            tables.connection.close()

    def _in_transaction(self, tables: Tables, work: Callable[[Tables], R]) -> R:
        connection = tables.connection
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._data_version:
                self._data_version = version
                tables.begin()
            result = work(tables)
            tables.texts.update_index()
            connection.execute("COMMIT")
        except BaseException:
            tables.clear_caches()
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return result

    # ------------------------------------------------------------ opening

    def _opened(self) -> Tables:
        if self._writer is not None and self.generation != self._writer.generation:
            self.close()
            self.generation = self._writer.generation
        if self._outdated:
            self._outdated = False
            self.close()
        if self._tables is None:
            self._tables = Tables(self._open() if self._writer is None else self._open_reader(self._writer))
        return self._tables

    def _open_reader(self, writer: "MirrorFile") -> sqlite3.Connection:
        """Open the writer's file, never a mirror in memory: the writer would not write to it."""
        path = writer.path
        if path is None:
            raise MirrorUnavailable("The local copy is kept in memory from now on.", hint="Try again.")
        try:
            connection = self._open_file(path)
        except (OSError, sqlite3.Error) as error:
            raise MirrorUnavailable(f"The local copy cannot be read: {_reason(error)}.", hint="Try again.") from error
        writer.follow(self._inode)
        return connection

    def _open(self) -> sqlite3.Connection:
        path = self._choose_path()
        try:
            if path is not None:
                return self._open_file(path)
        except (OSError, sqlite3.Error) as error:
            self.notices.append(
                f"The local copy cannot be kept at {path} ({_reason(error)}): it is kept in memory until the end."
            )
        self._path = None
        connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        connection.execute(SORTS_IN_MEMORY)
        self._prepare(connection)
        return connection

    def _choose_path(self) -> Path | None:
        path = self._location.path
        if path is None or not lies_on_network(path.parent):
            return path
        runtime = self._location.runtime_folder
        if runtime is None or lies_on_network(runtime):
            self.notices.append("The cache folder lies on a network drive: the local copy is kept in memory.")
            return None
        self.notices.append(f"The cache folder lies on a network drive: the local copy is kept in {runtime}.")
        return runtime / f"{path.stem}-{crc32(str(path).encode(errors='surrogateescape')):08x}{path.suffix}"

    def _open_file(self, path: Path) -> sqlite3.Connection:
        make_private_folder(path.parent)
        with folder_lock(path.parent):
            self._delete_old_files_aside(path)
            for _ in range(2):
                make_private_file(path)
                connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=256)
                os.environ["SQLITE_TMPDIR"] = str(path.parent)  # PRAGMA temp_store_directory is deprecated
                connection.execute(SORTS_BESIDE_FILE)
                try:
                    outdated = self._prepare(connection)
                except (UnusableFile, sqlite3.Error) as error:
                    connection.close()
                    if not isinstance(error, UnusableFile) and not _is_damaged(error):
                        raise
                    self._add_moved_notice(error, move_aside(path))
                    continue
                except BaseException:
                    connection.close()
                    raise
                if not outdated:
                    self._path, self._inode = path, path.stat().st_ino
                    return connection
                connection.close()
                # The file is replaced, not emptied: a process that still shows the other account keeps its open file.
                remove_database(path)
                self.notices.append(f"The local copy was {outdated}: it was deleted, and a new one is made.")
            raise OSError("it was unusable twice in a row")

    def _prepare(self, connection: sqlite3.Connection) -> str:
        """Set up an open database and make its tables if it is empty.

        Returns why the file has to be deleted and made anew, or an empty text; ``UnusableFile`` moves it aside.
        """
        for setting in (*SETTINGS, WRITER_CACHE if self._writer is None else READER_CACHE):
            connection.execute(setting).fetchall()
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout > LAYOUT:
            raise UnusableFile("was made by a newer version")
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if layout == 0 and found:
            raise UnusableFile("was the database of another program")
        if 0 < layout < LAYOUT:
            return "made by an older version"
        if layout == 0:
            self._make_tables(connection)
        elif not found >= TABLES:
            raise UnusableFile("lacked some of its tables")
        owner = connection.execute("SELECT account_key, has_find FROM state").fetchone()
        if owner is None:
            raise UnusableFile("named no account")
        self._data_version = None
        if owner[0] != self._location.account_key:
            return "of another account"
        # A full-text index that this SQLite cannot update would be wrong from the next page on.
        return "" if bool(owner[1]) == has_trigrams(connection) else "made with another SQLite"

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # else another process has just made them
            has_find = has_trigrams(connection)
            for statement in (*STATEMENTS, *(FIND if has_find else ())):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO state (only_row, account_key, has_find) VALUES (1, ?, ?)",
                (self._location.account_key, has_find),
            )
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
        connection.execute("COMMIT")

    def _delete_old_files_aside(self, path: Path) -> None:
        """Delete files moved aside that are older than users in the mirror may be."""
        if self._location.max_age_days is None:
            return
        for file in files_aside(path):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > self._location.max_age_days * DAY_SECONDS:
                    file.unlink()

    def _add_moved_notice(self, error: Exception, target: Path) -> None:
        what = str(error) if isinstance(error, UnusableFile) else "was damaged"
        self.notices.append(f"The local copy {what}: it was renamed to {target.name}, and a new one is being filled.")

    # ------------------------------------------------------------ failing

    def _recover(self, error: sqlite3.Error) -> None:
        """Move a damaged file aside, so that the next call makes a new one; raise for any other failure."""
        if not _is_damaged(error):
            self._give_up(error)
        path, inode = self._path, self._inode
        self.close()
        if path is None:
            self.notices.append("The local copy in memory was damaged: a new one is being filled.")
            return
        with suppress(OSError), folder_lock(path.parent):
            # If another process has moved it already, the file is a new one.
            if path.stat().st_ino == inode:
                self._add_moved_notice(error, move_aside(path))

    def _give_up(self, error: sqlite3.Error) -> NoReturn:
        """Raise the error for the user; what only a mistake of this program can cause is raised as it is."""
        where = "in memory" if self._path is None else f"at {self._path}"
        match file_failure(error):
            case FileFailure.NO_SPACE:
                message = f"There is no space left for the local copy {where}."
                hint = "Loaded users can still be read. Free some space, or set WALKME_TUI_CACHE_DIR to another folder."
            case FileFailure.BUSY:
                message, hint = f"Another program is using the local copy {where}.", "Try again."
            case FileFailure.NOT_WRITABLE:
                message, hint = f"The local copy {where} cannot be written.", "Check the permissions of its folder."
            case FileFailure.DISK:
                message = f"Reading or writing the local copy {where} failed."
                hint = "Check the disk. Loaded users may still be readable."
            case FileFailure.INTERRUPTED:
                message, hint = "Reading the local copy was interrupted.", ""
            case FileFailure.DAMAGED | FileFailure.MOVED:
                message, hint = f"The local copy {where} was damaged twice in a row.", "Check the disk."
            case _:
                raise error
        raise MirrorUnavailable(message, hint=hint) from error


def _begin_write(tables: Tables) -> bool:
    """Begin a transaction that writes; False while another process writes."""
    connection = tables.connection
    connection.execute(f"PRAGMA busy_timeout = {WRITE_STEP_MS}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if file_failure(error) is not FileFailure.BUSY:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return True


def _is_damaged(error: sqlite3.Error) -> bool:
    return file_failure(error) in {FileFailure.DAMAGED, FileFailure.MOVED}


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).lower()
