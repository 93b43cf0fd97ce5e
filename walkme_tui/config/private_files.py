"""Writes files atomically, readable by their owner only."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

OWNER_ONLY: Final = 0o600


@contextmanager
def atomic_text(file: Path, *, new: bool = False) -> Iterator[TextIO]:
    """A text file (UTF-8, line ends as written, mode 0600) that gets its name when the block ends without an error.

    Otherwise the old file is unchanged, and no other file is left. If ``file`` is a symbolic link, its target is
    replaced. A ``new`` file replaces none: raises ``FileExistsError``, also where it appears during the block.
    """
    target = file.resolve()
    if new and target.exists():
        raise _exists(target)
    draft = target.with_name(f".{target.name[:100]}.{os.urandom(4).hex()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if new:
            _name_new(draft, target)
        else:
            draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _name_new(draft: Path, target: Path) -> None:
    """Give a file its name, unless another file has it."""
    try:
        os.link(draft, target)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise _exists(target) from None
        draft.replace(target)
    else:
        draft.unlink()


def _exists(file: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))


def write_atomically(file: Path, content: str) -> None:
    """Write a file atomically."""
    with atomic_text(file) as stream:
        stream.write(content)
