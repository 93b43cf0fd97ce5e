"""Folders and files of databases: network drives, permissions, locks, files moved aside."""

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
LOCK_TIMEOUT_SECONDS: Final = 3.0

NETWORK_FILE_SYSTEMS: Final = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "davfs2", "gfs", "gfs2", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "sshfs"),
        *("vboxsf", "virtiofs", "wekafs"),
    }
)
# The part behind the dot is the FUSE driver; these are local, all others are taken for network file systems.
LOCAL_FUSE: Final = frozenset(
    {"fuse", "fuseblk", "fuse.bindfs", "fuse.ext2", "fuse.fuse-overlayfs", "fuse.ntfs", "fuse.ntfs-3g"}
)

_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


def file_system(path: str, mounts: str) -> str | None:
    """The type of the file system that an absolute ``path`` lies on, from the text of ``/proc/self/mountinfo``.

    None where the text does not mention it. Of several mounts on one path the last one counts: it hides the others.
    """
    best, found = -1, None
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4]).rstrip("/")
        if (path == point or path.startswith(f"{point}/")) and len(point) >= best:
            best, found = len(point), after.split(" ")[0]
    return found


def is_network(kind: str | None) -> bool:
    """True for a file system on which the shared memory of SQLite's write-ahead log does not work reliably."""
    if kind is None:
        return False
    return kind in NETWORK_FILE_SYSTEMS or (kind.startswith("fuse") and kind not in LOCAL_FUSE)


def lies_on_network(folder: Path) -> bool:
    """True if a folder, which need not exist yet, lies on a network file system; False where that is unknown."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return is_network(file_system(os.path.realpath(folder), mounts))


def make_private_file(path: Path) -> None:
    """Make a file that only its owner may read, and its folder, where they are missing; raises ``OSError``.

    SQLite gives its companion files the same permissions. The permissions of an existing folder are not changed.
    """
    make_private_folder(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    except FileExistsError:
        # The file is not opened: closing it would drop the locks that this process holds on it through SQLite.
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from None


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, accessible to their owner only; raises ``OSError``."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep other processes from moving files in ``folder``; after the time-out the block runs without the lock."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def companions(path: Path) -> tuple[Path, Path]:
    """The write-ahead log and the shared memory of a database."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def remove_database(path: Path) -> None:
    """Delete a database and its companion files; raises ``OSError``."""
    for file in (path, *companions(path)):
        file.unlink(missing_ok=True)


def files_aside(path: Path) -> list[Path]:
    """Databases that ``move_aside`` renamed, oldest first."""
    return sorted(path.parent.glob(f"{path.name}.corrupt-*"))


def move_aside(path: Path) -> Path:
    """Rename a database to a name with the current time, and delete those renamed earlier."""
    for older in files_aside(path):
        older.unlink(missing_ok=True)
    target = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    path.replace(target)
    for file in companions(path):
        file.unlink(missing_ok=True)
    return target
