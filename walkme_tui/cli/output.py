"""Where answers go: standard output, or a file that is whole or not there."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

if TYPE_CHECKING:
    from _csv import Writer


def refuse_two_forms(options: argparse.Namespace) -> None:
    """ConfigurationError if more than one form of the answer is asked for."""
    forms = [name for name in ("json", "csv", "markdown") if getattr(options, name, False)]
    if len(forms) > 1:
        named = " and ".join(f"--{form}" for form in forms)
        raise ConfigurationError(f"{named} exclude each other.", hint="Keep one.")


@contextmanager
def data_output(file: Path | None) -> Iterator[TextIO]:
    """A stream for data, UTF-8 with line ends as written: standard output, or a new file for its owner only.

    The file takes its name when the block ends well; whatever ends it early leaves nothing behind. ``-`` and None are
    standard output, and so to say is what is no regular file: it is written as it comes.
    """
    if file is None or str(file) == "-":
        reconfigure: Any = getattr(sys.stdout, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
        yield sys.stdout
        sys.stdout.flush()
        return
    from walkme_tui.config.writing import atomic_text

    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                yield stream
            return
        with atomic_text(file) as stream:
            yield stream
    except OSError as error:
        raise ConfigurationError(
            f"{clean(str(file))} cannot be written: {error.strerror}.", hint="Nothing was left there."
        ) from error


def csv_writer(stream: TextIO) -> "Writer":
    """A writer of CSV rows; one that writes to a terminal shows control characters instead of sending them."""
    import csv

    return csv.writer(_Rows(stream))


def forget_standard_output() -> None:
    """Nobody reads any more; what is still buffered must not fail again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def print_lines(lines: Iterable[str]) -> None:
    """Lines for people on standard output; what its encoding lacks is shown by number."""
    reconfigure: Any = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
    sys.stdout.write("".join(f"{line}\n" for line in lines))


class _Rows:
    """Takes whole rows from the csv module and ends each with a newline.

    The module itself gets to believe in CR LF: only then does it quote a cell that holds a CR (Python before 3.13).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cleans = stream.isatty()

    def write(self, row: str) -> int:
        """One row with its line end."""
        row = row.removesuffix("\r\n")
        return self._stream.write((clean(row) if self._cleans else row) + "\n")
