"""A lock between processes and threads that write the same file."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from walkme_tui.config.private_files import OWNER_ONLY

PAUSE_SECONDS: Final = 0.005
_WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


@contextmanager
def file_lock(lock: Path, timeout_seconds: float) -> Iterator[None]:
    """Hold ``lock``, an empty file that is not deleted, during a block.

    Raises ``TimeoutError`` if another holder keeps it longer than ``timeout_seconds``, another ``OSError`` if it
    cannot be created. The system releases it when the process ends. On a file system without locks nothing is held.
    """
    # Opened for writing: NFS requires that for exclusive locks.
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWNER_ONLY)
    try:
        until = time.monotonic() + timeout_seconds
        while not _try(handle):
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "another process is writing it", str(lock))
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(handle)


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
    return True
