"""A filter as it is typed, cut into terms and values; the grammar stands in ``domain.filters``."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from walkme_tui.domain.text import search_key, storable

# What stands for "in no group" after ``group:``; in quotes it is a name like any other.
NO_GROUP: Final = "none"
# With more of them a term is no choice but a pasted document.
MAX_VALUES: Final = 100


class Value(NamedTuple):
    """A value as typed, at ``[start:end]``; ``text`` is what it says without its quotes.

    ``open`` means that its quote is not closed, so that it goes on to the end.
    """

    start: int
    end: int
    text: str
    quoted: bool
    open: bool

    @property
    def key(self) -> str:
        """What it is compared by, folded; half a character stands in no database, nor can be looked up there."""
        return search_key(storable(self.text))


class Term(NamedTuple):
    """One term as typed, at ``[start:end]``; ``field`` is None for a word, else what stands before the colon.

    There is one value at least, which may be empty, and one more than ``MAX_VALUES`` at most.
    """

    start: int
    end: int
    negated: bool
    field: str | None
    values: tuple[Value, ...]


# The possessive *+ never goes back, so that a pasted document costs no more than its length.
_QUOTED: Final = r'"(?P<inner>[^"]*(?:""[^"]*)*+)(?P<close>"|\Z)'
_ANY_QUOTED: Final = re.sub(r"\?P<\w+>", "?:", _QUOTED)
_LISTED: Final = rf"(?:{_ANY_QUOTED})?[^\s,]*"
_TERM: Final = re.compile(
    rf"(?=\S)(?P<minus>-?)"
    rf"(?:(?P<field>[^\W\d_]+):(?!//)(?P<values>{_LISTED}(?:,{_LISTED})*+)|(?P<word>(?:{_ANY_QUOTED})?\S*))"
)
_VALUE: Final = re.compile(rf"(?:\A|,)(?P<value>(?:{_QUOTED})?(?P<rest>[^\s,]*))")
_WORD: Final = re.compile(rf"\A(?P<value>(?:{_QUOTED})?(?P<rest>\S*))")
# What means itself without quotes, wherever it stands.
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
    """How to type a value, or a word, so that it means itself: in quotes where it needs them."""
    if _BARE.fullmatch(value) and search_key(value) != NO_GROUP:
        return value
    return quoted(value)


def quoted(value: str) -> str:
    """A value, or a word, in quotes."""
    return '"' + value.replace('"', '""') + '"'


def _value(found: re.Match[str], offset: int) -> Value:
    inner = found["inner"]
    said = found["rest"] if inner is None else inner.replace('""', '"') + found["rest"]
    return Value(
        offset + found.start("value"), offset + found.end("value"), said, inner is not None, found["close"] == ""
    )
