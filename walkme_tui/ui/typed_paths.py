"""Paths of files as a person types or pastes them, and as they are suggested; a call may wait for a disk."""

import os
import shlex
from collections.abc import Collection
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

MAX_ENTRIES: Final = 5_000
"""So many entries of a folder are looked at."""
QUOTES: Final = "'\""


class Completion(NamedTuple):
    """What a path can be completed with: ``rest`` is the text that all ``names`` have in common after what was typed.

    The names of folders end with a slash.
    """

    rest: str = ""
    names: tuple[str, ...] = ()


def typed_path(text: str) -> Path:
    """The path that a text means: in quotes or with backslashes as shells write it, or as a URL; ``~`` is expanded."""
    text = text.strip()
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    elif len(text) > 1 and text[0] in QUOTES and text[0] == text[-1]:
        text = text[1:-1]
    path = _expanded(text)
    if "\\" in text and not os.path.lexists(path):
        with suppress(ValueError):
            path = _expanded("".join(shlex.split(text)[:1]))
    return path


def _expanded(text: str) -> Path:
    path = Path(text)
    with suppress(RuntimeError):  # there is no such home folder
        path = path.expanduser()
    return path


def completion(text: str, suffixes: Collection[str]) -> Completion:
    """The folders, and the files with one of these suffixes, whose path begins with what was typed."""
    folder, _, beginning = text.rpartition("/")
    found = []
    try:
        with os.scandir(Path(f"{folder}/" if "/" in text else ".").expanduser()) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                if not entry.name.startswith(beginning) or (entry.name.startswith(".") and not beginning):
                    continue
                if entry.is_dir():
                    found.append(f"{entry.name}/")
                elif entry.is_file() and Path(entry.name).suffix.lower() in suffixes:
                    found.append(entry.name)
    except (OSError, RuntimeError, ValueError):
        return Completion()
    common = os.path.commonprefix(found)  # noqa: RUF071 - of single names, character by character
    return Completion(common[len(beginning) :], tuple(sorted(found)))


def shortened(path: Path) -> str:
    """An absolute path with ``~`` for the person's home folder."""
    with suppress(RuntimeError, ValueError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)


def file_name_part(text: str) -> str:
    """The text with signs that every file system accepts in a name."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "@._-") else "_" for sign in text)
