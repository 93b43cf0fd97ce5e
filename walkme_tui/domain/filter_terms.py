"""Splits the text of a filter into terms and values; ``domain.filters`` describes the grammar."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from walkme_tui.domain.text import search_key, storable

# Means "in no group" after ``group:``; in quotes it is a name.
NO_GROUP: Final = "none"
# A term with more values is taken for a pasted document.
MAX_VALUES: Final = 100


class Value(NamedTuple):
    """A value as typed, at ``[start:end]``; ``text`` is its text without quotes.

    ``open`` means that its quote is not closed, so that it extends to the end.
    """

    start: int
    end: int
    text: str
    quoted: bool
    open: bool

    @property
    def key(self) -> str:
        """The folded text to compare, without lone surrogates, which no database contains."""
        return search_key(storable(self.text))


class Term(NamedTuple):
    """One term as typed, at ``[start:end]``; ``field`` is the text before the colon, None for a word.

    There is at least one value, which may be empty, and at most one more than ``MAX_VALUES``.
    """

    start: int
    end: int
    negated: bool
    field: str | None
    values: tuple[Value, ...]


# The possessive *+ never backtracks, so that the time for a pasted document grows linearly.
_QUOTED: Final = r'"(?P<inner>[^"]*(?:""[^"]*)*+)(?P<close>"|\Z)'
_ANY_QUOTED: Final = re.sub(r"\?P<\w+>", "?:", _QUOTED)
_LISTED: Final = rf"(?:{_ANY_QUOTED})?[^\s,]*"
_TERM: Final = re.compile(
    rf"(?=\S)(?P<minus>-?)"
    rf"(?:(?P<field>[^\W\d_]+):(?!//)(?P<values>{_LISTED}(?:,{_LISTED})*+)|(?P<word>(?:{_ANY_QUOTED})?\S*))"
)
_VALUE: Final = re.compile(rf"(?:\A|,)(?P<value>(?:{_QUOTED})?(?P<rest>[^\s,]*))")
_WORD: Final = re.compile(rf"\A(?P<value>(?:{_QUOTED})?(?P<rest>\S*))")
# Text that needs no quotes anywhere.
_BARE: Final = re.compile(r'[^\s,":-][^\s,":]*')


def terms(text: str) -> Iterator[Term]:
    """The terms of a text, in order."""
    for found in _TERM.finditer(text):
        field = found["field"]
        part, pattern = ("word", _WORD) if field is None else ("values", _VALUE)
        offset = found.start(part)
        values = tuple(_value(each, offset) for each in islice(pattern.finditer(found[part]), MAX_VALUES + 1))
        yield Term(*found.span(), found["minus"] == "-", field, values)


def written(value: str) -> str:
    """A value, or a word, as it must be typed: in quotes if it needs them."""
    if _BARE.fullmatch(value) and search_key(value) != NO_GROUP:
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A value, or a word, in quotes."""
    return '"' + value.replace('"', '""') + '"'


def _value(found: re.Match[str], offset: int) -> Value:
    inner = found["inner"]
    text = found["rest"] if inner is None else inner.replace('""', '"') + found["rest"]
    return Value(
        offset + found.start("value"), offset + found.end("value"), text, inner is not None, found["close"] == ""
    )
