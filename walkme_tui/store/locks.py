"""Locks that the operating system releases when their process ends, however it ends.

``flock`` on a file works between the processes of one machine on every file system, and between machines on NFS. Some
network file systems (SMB, sshfs) restrict it to one machine; ``store.journal.claims`` adds a lease there.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from walkme_tui.store.file_system import make_private_folder

# ``is_free`` holds a shared lock for some microseconds; this time-out is longer.
DEFAULT_TIMEOUT_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 0.005


class Locks:
    """The locks in one folder, by name, and those that this object holds; calls raise ``OSError``.

    Two objects exclude each other also within one process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def acquire(self, name: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> bool:
        """Acquire a lock; False if it is still held elsewhere after the time-out, or held by this object already."""
        if name in self._held:
            return False
        make_private_folder(self._folder)
        deadline = time.monotonic() + timeout_seconds
        while (handle := self._try(name, fcntl.LOCK_EX, os.O_CREAT)) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(RETRY_SECONDS)
        self._held[name] = handle
        return True

    def release(self, name: str) -> None:
        """Release a lock; nothing happens if it is not held."""
        handle = self._held.pop(name, None)
        if handle is not None:
            # Deleted while it is locked: a process that has opened the file notices, see _try. A file that is left
            # over does no harm.
            with suppress(OSError):
                self._path(name).unlink()
            os.close(handle)

    def release_all(self) -> None:
        """Release all locks that this object holds."""
        for name in self.held:
            self.release(name)

    @property
    def held(self) -> tuple[str, ...]:
        """The names of the locks that this object holds."""
        return tuple(self._held)

    def holds(self, name: str) -> bool:
        """True if this object holds the lock."""
        return name in self._held

    def is_free(self, name: str) -> bool:
        """True if neither this object nor anything else holds the lock."""
        if name in self._held:
            return False
        try:
            handle = self._try(name, fcntl.LOCK_SH, 0)
        except FileNotFoundError:
            return True
        if handle is None:
            return False
        os.close(handle)
        return True

    @contextmanager
    def holding(self, name: str, timeout_seconds: float) -> Iterator[None]:
        """Hold a lock for the length of a block; TimeoutError if it cannot be acquired in time."""
        if not self.acquire(name, timeout_seconds):
            raise TimeoutError(f"another process holds {self._path(name)}")
        try:
            yield
        finally:
            self.release(name)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _try(self, name: str, kind: int, create: int) -> int | None:
        """The open, locked file; None if the lock is held elsewhere."""
        path = self._path(name)
        while True:
            # Opened for writing, without which NFS grants no exclusive lock; never inherited by another program.
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | create, 0o600)
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                if _is_current(path, handle):
                    return handle
            except BlockingIOError:
                os.close(handle)
                return None
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)


def _is_current(path: Path, handle: int) -> bool:
    """True unless the file was deleted between opening and locking it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
