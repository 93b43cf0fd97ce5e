"""Reads one table of a TOML file: missing values get their default, invalid ones are reported as problems."""

import math
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, Final, TypeVar

from walkme_tui.config.toml_files import TomlFile
from walkme_tui.domain.text import clean

E = TypeVar("E", bound=StrEnum)

MAX_SHOWN: Final = 60


def nearest(word: str, candidates: Iterable[str]) -> str:
    """A suggestion of the most similar candidate (``Did you mean "theme"?``), or the list of all."""
    known = list(candidates)
    return similar(word, known) or (f"Possible: {', '.join(known)}." if known else "")


def similar(word: str, candidates: Iterable[str]) -> str:
    """A suggestion of the candidate that is most similar or begins with the word; empty if there is none."""
    import difflib

    lowered = {name.lower(): name for name in candidates}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    close += [name for name in lowered if len(word) > 2 and name.startswith(word.lower())]
    return f'Did you mean "{lowered[close[0]]}"?' if close else ""


class Section:
    """One table, at ``keys`` in its file; an invalid value is reported and read as the default."""

    def __init__(self, file: TomlFile, keys: tuple[str, ...], values: dict[str, Any]) -> None:
        self.file = file
        self.keys = keys
        self.values = values

    @property
    def title(self) -> str:
        """The heading of the table in the file: ``[profiles.acme.rest]``."""
        return f"[{clean('.'.join(self.keys), MAX_SHOWN)}]" if self.keys else "the top of the file"

    @property
    def place(self) -> str:
        """The place of its keys, for messages: ``in [profiles.acme.rest]``."""
        return f"in {self.title}" if self.keys else "at the top of the file"

    def add_problem(self, key: str, message: str, hint: str = "") -> None:
        """Report a problem with one key of this table."""
        self.file.add_problem((*self.keys, key) if key else self.keys, message, hint)

    def check_keys(self, known: Collection[str]) -> None:
        """Report every unknown key."""
        for key in self.values:
            if key not in known:
                message = f'"{clean(key, MAX_SHOWN)}" is not a valid key {self.place}.'
                self.add_problem(key, message, nearest(key, known))

    def section(self, key: str) -> "Section | None":
        """A table inside this one, None if absent."""
        value = self._typed(key, dict, "a table")
        return None if value is None else Section(self.file, (*self.keys, key), value)

    def text(self, key: str) -> str | None:
        """A non-empty text, None if absent."""
        value: str | None = self._typed(key, str, "text in quotes")
        if value is not None and not value.strip():
            self.add_problem(key, f'"{key}" {self.place} is empty.')
            return None
        return value

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._typed(key, bool, "true or false")
        return default if value is None else value

    def choice(self, key: str, options: type[E], default: E) -> E:
        """One of the values of an enum."""
        value = self._typed(key, str, f"one of {_quoted(options)}")
        if value is None:
            return default
        try:
            return options(value)
        except ValueError:
            self.add_problem(
                key,
                f'"{key}" {self.place} is "{clean(value, MAX_SHOWN)}"; it must be one of {_quoted(options)}.',
                similar(value, options),
            )
            return default

    def number(self, key: str, default: float, lowest: float, highest: float) -> float:
        """A number within limits."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong_type(key, value, "a number")
            return default
        if math.isnan(value) or not lowest <= value <= highest:
            self.add_problem(key, f'"{key}" {self.place} must be from {lowest:g} to {highest:g}.')
            return default
        return float(value)

    def whole_number(self, key: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within limits."""
        value: int | None = self._typed(key, int, "a whole number")
        if value is None:
            return default
        if not lowest <= value <= highest:
            self.add_problem(key, f'"{key}" {self.place} must be from {lowest} to {highest}.')
            return default
        return value

    def text_list(self, key: str) -> tuple[str, ...] | None:
        """A list of texts, None if absent."""
        value = self._typed(key, list, 'a list of texts, as in ["a", "b"]')
        if value is None:
            return None
        if not all(isinstance(item, str) for item in value):
            self._wrong_type(key, value, 'a list of texts, as in ["a", "b"]')
            return None
        return tuple(value)

    def _typed(self, key: str, kind: type[Any], wanted: str) -> Any:
        value = self.values.get(key)
        if value is None:
            return None
        # In Python True is an int; in a file it is not a number.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._wrong_type(key, value, wanted)
            return None
        return value

    def _wrong_type(self, key: str, value: object, wanted: str) -> None:
        self.add_problem(key, f'"{clean(key, MAX_SHOWN)}" {self.place} must be {wanted}, not {_kind(value)}.')


def _quoted(options: type[StrEnum]) -> str:
    return ", ".join(f'"{option}"' for option in options)


def _kind(value: object) -> str:
    names = {dict: "a table", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "a date or time")
