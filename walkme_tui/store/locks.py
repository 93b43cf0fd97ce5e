"""Locks on jobs that the operating system gives back when their process ends, however it ends.

``flock`` on a file holds between the processes of one machine on every file system, and between machines on NFS. Some
network file systems (SMB, sshfs) keep it to the machine; ``store.claims`` adds a lease there.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from walkme_tui.store.file_system import make_private_folder

# Whoever only looks whether a lock is free shares it for some microseconds; the patience outlasts that.
GLANCE_SECONDS: Final = 0.1
PAUSE_SECONDS: Final = 0.005


class Locks:
    """The locks in one folder, by name, and which of them this object holds; calls raise ``OSError``.

    Two objects exclude each other also within one process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def take(self, name: str, patience_seconds: float = GLANCE_SECONDS) -> bool:
        """Hold a lock from now on; False if somebody else keeps it longer than the patience lasts."""
        if name in self._held:
            return False
        make_private_folder(self._folder)
        until = time.monotonic() + patience_seconds
        while (handle := self._try(name, fcntl.LOCK_EX, os.O_CREAT)) is None:
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE_SECONDS)
        self._held[name] = handle
        return True

    def give_back(self, name: str) -> None:
        """Hold a lock no more; nothing happens if it is not held."""
        handle = self._held.pop(name, None)
        if handle is not None:
            # Deleted while it is held: whoever opened the file before finds that out, see _try. A file left over
            # does no harm.
            with suppress(OSError):
                self._path(name).unlink()
            os.close(handle)

    def give_all_back(self) -> None:
        """Hold nothing any more."""
        for name in self.held:
            self.give_back(name)

    @property
    def held(self) -> tuple[str, ...]:
        """The names of the locks that this object holds."""
        return tuple(self._held)

    def holds(self, name: str) -> bool:
        """True if this object holds the lock."""
        return name in self._held

    def is_free(self, name: str) -> bool:
        """True if nobody holds the lock, neither here nor elsewhere."""
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
    def waiting_for(self, name: str, patience_seconds: float) -> Iterator[None]:
        """Hold a lock for the length of a block; TimeoutError if it does not come."""
        if not self.take(name, patience_seconds):
            raise TimeoutError(f"another process keeps {self._path(name)}")
        try:
            yield
        finally:
            self.give_back(name)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _try(self, name: str, kind: int, create: int) -> int | None:
        """The open, locked file; None if somebody else has it."""
        path = self._path(name)
        while True:
            # Opened for writing: NFS gives exclusive locks to nothing less. Never inherited by another program.
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | create, 0o600)
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                if _is_still(path, handle):
                    return handle
            except BlockingIOError:
                os.close(handle)
                return None
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    """True unless the file was deleted between opening and locking it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
