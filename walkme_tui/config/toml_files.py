"""Reads TOML files, and finds the line of each key for messages."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

_KEY_PART: Final = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*""")
_TRIPLE: Final = re.compile(r'"""|\'\'\'')
_SYNTAX: Final = re.compile(
    r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)
MAX_BYTES: Final = 1024 * 1024

KeyPath = tuple[str, ...]


class ConfigProblem(NamedTuple):
    """A problem in a file; ``line`` counts from 1, None if unknown."""

    file: Path
    line: int | None
    message: str
    hint: str = ""

    def error(self) -> ConfigurationError:
        """The problem as an error with the file and the line."""
        where = clean(str(self.file)) + ("" if self.line is None else f", line {self.line}")
        return ConfigurationError(f"{where}: {self.message}", hint=self.hint)


class TomlFile:
    """A parsed file and the problems found in it so far."""

    def __init__(self, path: Path, text: str, values: Mapping[str, Any]) -> None:
        self.path = path
        self.text = text
        self.values = values
        self.problems: list[ConfigProblem] = []

    def line_of(self, keys: KeyPath) -> int | None:
        """The line of a key, or of the nearest table around it, or None."""
        wanted = _steps(keys)
        nearest: int | None = None
        depth = 0
        for line, found in _keys_by_line(self.text):
            steps = _steps(found)
            shared = min(len(wanted), len(steps))
            if shared > depth and wanted[:shared] == steps[:shared]:
                nearest, depth = line, shared
        return nearest

    def add_problem(self, keys: KeyPath, message: str, hint: str = "") -> None:
        """Report a problem with the key at this path."""
        self.problems.append(ConfigProblem(self.path, self.line_of(keys), message, hint))


def read_toml(path: Path) -> TomlFile:
    """Read and parse a file; if that fails, the result is empty but for one problem.

    Raises ``FileNotFoundError``.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        return _unreadable(path, None, f"the file cannot be read: {error.strerror}.")
    if len(content) > MAX_BYTES:
        return _unreadable(path, None, "the file is larger than 1 MB, so it is not read.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(path, line, "the file is not UTF-8 text.", "Save it as UTF-8.")
    return parse_toml(path, text)


def parse_toml(path: Path, text: str) -> TomlFile:
    """Parse the text of a file; after a syntax error, the result is empty but for one problem."""
    import tomllib

    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX.fullmatch(str(error))
        what, line, column = (match["what"], match["line"], match["column"]) if match else (str(error), None, None)
        at = f"column {column}: " if column else ""
        last = text.count("\n") + (not text.endswith("\n"))
        return _unreadable(path, int(line) if line else last, f"{at}invalid TOML: {clean(_lower(what), 200)}.")
    except RecursionError:
        return _unreadable(path, None, "the file is nested too deeply.")


def _unreadable(path: Path, line: int | None, message: str, hint: str = "") -> TomlFile:
    file = TomlFile(path, "", {})
    file.problems.append(ConfigProblem(path, line, message, hint))
    return file


def _keys_by_line(text: str) -> Iterator[tuple[int, KeyPath]]:
    """The tables and keys at the beginning of a line of a TOML text, with their lines.

    The standard parser keeps no positions. This follows tables and dotted keys and skips multi-line strings; keys
    inside an inline table are not found, only the table.
    """
    table: KeyPath = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        was_inside = inside
        for quotes in _TRIPLE.findall(line):
            inside = "" if inside == quotes else inside or quotes
        if was_inside:
            continue
        stripped = line.lstrip()
        if stripped.startswith("["):
            keys, rest = _dotted(stripped.lstrip("["))
            if keys and rest.startswith("]"):
                table = keys
                yield number, table
            continue
        keys, rest = _dotted(stripped)
        if keys and rest.startswith("="):
            yield number, table + keys


def _dotted(text: str) -> tuple[KeyPath, str]:
    """The dotted key at the beginning of a text, and the rest of the text."""
    keys: list[str] = []
    while match := _KEY_PART.match(text):
        keys.append(next(part for part in match.groups() if part is not None))
        text = text[match.end() :]
        if not text.startswith("."):
            break
        text = text[1:]
    return tuple(keys), text


def _steps(keys: KeyPath) -> KeyPath:
    """The path split at every dot, so that ``"user.edit"`` with quotes equals ``user.edit`` without."""
    return tuple(".".join(keys).split("."))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
