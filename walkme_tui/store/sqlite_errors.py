"""What an error of SQLite means for a database file."""

import sqlite3
from enum import Enum, auto


class FileFailure(Enum):
    """Why a database file cannot be used."""

    NO_SPACE = auto()
    BUSY = auto()
    NOT_WRITABLE = auto()
    DISK = auto()
    INTERRUPTED = auto()
    DAMAGED = auto()
    MOVED = auto()  # or deleted, while it was open


_FAILURES = {
    sqlite3.SQLITE_FULL: FileFailure.NO_SPACE,
    sqlite3.SQLITE_BUSY: FileFailure.BUSY,
    sqlite3.SQLITE_LOCKED: FileFailure.BUSY,
    sqlite3.SQLITE_READONLY: FileFailure.NOT_WRITABLE,
    sqlite3.SQLITE_PERM: FileFailure.NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: FileFailure.NOT_WRITABLE,
    sqlite3.SQLITE_AUTH: FileFailure.NOT_WRITABLE,
    sqlite3.SQLITE_IOERR: FileFailure.DISK,
    sqlite3.SQLITE_NOLFS: FileFailure.DISK,
    sqlite3.SQLITE_PROTOCOL: FileFailure.DISK,
    sqlite3.SQLITE_INTERRUPT: FileFailure.INTERRUPTED,
    sqlite3.SQLITE_CORRUPT: FileFailure.DAMAGED,
    sqlite3.SQLITE_NOTADB: FileFailure.DAMAGED,
}


def file_failure(error: sqlite3.Error) -> FileFailure | None:
    """Why the file cannot be used; None for an error that only a mistake of this program can cause."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Raised by Python itself, for text in the file that is not UTF-8; its other errors are subclasses.
        return FileFailure.DAMAGED if type(error) in {sqlite3.DatabaseError, sqlite3.OperationalError} else None
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return FileFailure.MOVED
    return _FAILURES.get(code & 0xFF)
