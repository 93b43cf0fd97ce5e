"""Writing files that only their owner reads and that are whole or not there."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

OWNER_ONLY: Final = 0o600


@contextmanager
def atomic_text(file: Path) -> Iterator[TextIO]:
    """A text file (UTF-8, line ends as written) that takes its name, mode 0600, only when the block ends well.

    Whatever ends the block early leaves the old file as it was and nothing beside it. A symbolic link keeps pointing
    where it does; its target is replaced.
    """
    target = file.resolve()
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_atomically(file: Path, content: str) -> None:
    """Put the content into a file in one step."""
    with atomic_text(file) as stream:
        stream.write(content)
