"""Where answers are written: standard output, or a file that is complete or absent."""

import argparse
import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from walkme_tui.domain.errors import ConfigurationError, WalkmeError
from walkme_tui.domain.text import clean, printable_json

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


# These mean that the disk cannot store the data; all others, that the file name cannot be used.
DISK_FAULTS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class OutputFailed(WalkmeError, OSError):
    """Standard output or the output file cannot be written: a full disk, a broken device."""


def refuse_two_formats(options: argparse.Namespace) -> None:
    """Raise ``ConfigurationError`` if more than one output format is requested, or an option of CSV without it."""
    forms = [name for name in ("json", "csv", "markdown") if getattr(options, name, False)]
    if len(forms) > 1:
        named = " and ".join(f"--{form}" for form in forms)
        raise ConfigurationError(f"{named} exclude each other.", hint="Keep one.")
    for name in ("raw", "bom"):
        if getattr(options, name, False) and forms != ["csv"]:
            raise ConfigurationError(f"--{name} is an option of CSV.", hint=f"Add --csv, or leave out --{name}.")


@contextmanager
def data_output(file: Path | None) -> Iterator[TextIO]:
    """A stream for data, UTF-8 with line ends as written: standard output, or a new file for its owner only.

    The file gets its name when the block ends without an error, and is deleted otherwise. ``-`` and None are standard
    output. What is not a regular file (a device, a pipe) is written directly.
    """
    if file is None or str(file) == "-":
        reconfigure: Any = getattr(sys.stdout, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
        yield sys.stdout
        sys.stdout.flush()
        return
    from walkme_tui.config.private_files import atomic_text

    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                yield stream
            return
        with atomic_text(file) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno in DISK_FAULTS:
            raise OutputFailed(
                f"{clean(str(file))} could not be written: {error.strerror}.", hint="No file was left there."
            ) from error
        raise ConfigurationError(
            f"{clean(str(file))} cannot be written: {error.strerror}.", hint="No file was left there."
        ) from error


def line_filter(stream: TextIO) -> Callable[[str], str]:
    """A function that prepares lines of text for a stream: on a terminal, it makes invisible characters visible."""
    return (lambda line: clean(line.removesuffix("\n")) + "\n") if stream.isatty() else str


def print_csv(rows: Iterable[Sequence[str]], options: argparse.Namespace) -> None:
    """Print rows as CSV on standard output, with the options ``--raw`` and ``--bom``."""
    from walkme_tui.domain.table_cells import BYTE_ORDER_MARK, csv_line

    with data_output(None) as stream:
        shown = line_filter(stream)
        stream.write(BYTE_ORDER_MARK if options.bom else "")
        for row in rows:
            stream.write(shown(csv_line(row, raw=options.raw)))


def guard_standard_streams() -> None:
    """Raise errors of standard output as ``OutputFailed``, and ignore those of standard error.

    A plain ``OSError`` does not say which file it is about, and looks like a bug. A closed pipe stays a
    ``BrokenPipeError``.
    """
    for name, kind in (("stdout", _StandardOutput), ("stderr", _StandardError)):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or stream is not getattr(sys, f"__{name}__"):
            continue
        unbuffered = stream.line_buffering or stream.write_through
        buffer = io.BufferedWriter(kind(stream.fileno(), "wb", closefd=False))
        guarded = io.TextIOWrapper(buffer, stream.encoding, stream.errors, line_buffering=unbuffered)
        setattr(sys, name, guarded)


def drop_lost_output() -> None:
    """Send a broken standard stream to /dev/null: flushing its buffer at exit would fail again, with exit code 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output; characters that its encoding lacks are printed as escapes."""
    reconfigure: Any = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
    sys.stdout.write("".join(f"{line}\n" for line in lines))


class _StandardOutput(io.FileIO):
    """Standard output; raises ``OutputFailed``."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of the data; waits until the reader is ready."""
        try:
            return _write_when_ready(super().write, data, self)
        except BrokenPipeError:
            raise
        except OSError as error:
            message = f"Standard output could not be written: {error.strerror}."
            raise OutputFailed(message, hint="The output is missing or incomplete.") from error


class _StandardError(io.FileIO):
    """Standard error; data that cannot be written is dropped."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of the data, or drop it."""
        try:
            return _write_when_ready(super().write, data, self)
        except OSError:
            return memoryview(data).nbytes


def _write_when_ready(
    write: "Callable[[ReadableBuffer], int | None]", data: "ReadableBuffer", stream: io.FileIO
) -> int:
    """Write to a stream, also if another process made it non-blocking."""
    while (written := write(data)) is None:
        select.select([], [stream], [])
    return written


def print_json(value: object) -> None:
    """Print a value as indented JSON on standard output."""
    with data_output(None) as stream:
        stream.write(printable_json(value, indent=2) + "\n")
