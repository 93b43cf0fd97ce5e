"""Reads the file that an import is made of; it blocks, so the browser calls it on a thread."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from walkme_tui.domain.errors import CsvProblem
from walkme_tui.domain.imports.csv_file import MAX_BYTES, too_large
from walkme_tui.domain.text import clean


class FileContents(NamedTuple):
    """A file that was read, by its absolute path."""

    path: Path
    data: bytes


def file_contents(typed: str) -> FileContents:
    """The contents of the file at a path, in which ``~`` stands for the home directory.

    Raises ``CsvProblem``, which names the file, where it does not exist, is no regular file (reading a device or a pipe
    may never end), is too large or cannot be read.
    """
    path = Path(typed)
    with suppress(RuntimeError):  # there is no such home directory: the message shows the path as typed
        path = path.expanduser()
    path = path.absolute()
    try:
        # A pipe without a writer would block otherwise.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                _refuse(path, "It is no regular file, but a pipe or a device.", hint="Save its contents to a file.")
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        _refuse(path, "There is no such file.")
    except IsADirectoryError:
        _refuse(path, "It is a directory.", hint="Name a file in it.")
    except (OSError, ValueError) as error:
        _refuse(path, f"It cannot be read: {getattr(error, 'strerror', None) or error}.")
    if len(data) > MAX_BYTES:
        problem = too_large()
        _refuse(path, problem.message, hint=problem.hint)
    return FileContents(path, data)


def _refuse(path: Path, reason: str, *, hint: str = "") -> NoReturn:
    raise CsvProblem(f"{clean(str(path), 300)}: {reason}", hint=hint)
