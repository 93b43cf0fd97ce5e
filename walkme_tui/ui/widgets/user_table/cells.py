"""The texts of the table's cells: clean, without styles or padding."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, Known, User
from walkme_tui.ui import words
from walkme_tui.ui.widgets.user_table.columns import Field

UNKNOWN_CELL: Final = "?"
PLACEHOLDER: Final = "·"

STATUS_WORD_CELLS: Final = 8

# A cell shows a few dozen characters; some may be combining marks.
MAX_CHARACTERS: Final = 400
# Letters that ``clean`` does not change: Latin, basic Cyrillic, and with them kana and Han, without combining marks.
_LETTERS: Final = " -~\u00a1-\u00ac\u00ae-\u024f\u0400-\u0482\u048a-\u052f"
_PLAIN: Final = re.compile(f"[{_LETTERS}]{{0,{MAX_CHARACTERS}}}")
# Compiled when the first text has such letters: that takes most of a millisecond.
_EAST_ASIAN: Final = f"[{_LETTERS}\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]{{0,{MAX_CHARACTERS}}}"
# While a filter is typed the same users are drawn repeatedly with different highlights.
CACHED_TEXTS: Final = 1024


def cell(user: User, field: Field, now_ms: int) -> str:
    """The text of one column for one user; ``?`` where it is unknown, empty where the value is empty."""
    if field is Field.UPDATED:
        return _age(user.updated_at_ms, now_ms)
    if field is Field.CREATED:
        return _day(user.created_at_ms)
    return _CELLS[field](user)


def widest_cells(users: Iterable[User], fields: Iterable[Field], now_ms: int) -> dict[Field, int]:
    """The width in cells of the widest text of each field."""
    widths = dict.fromkeys(fields, 0)
    for user in users:
        for field, widest in widths.items():
            text = cell(user, field, now_ms)
            width = len(text) if text.isascii() else cell_len(text)
            if width > widest:
                widths[field] = width
    return widths


def _shown(text: str) -> str:
    """The clean copy of a text; nearly every name is clean already."""
    if _PLAIN.fullmatch(text) or re.fullmatch(_EAST_ASIAN, text):
        return text
    return _cleaned(text[: MAX_CHARACTERS + 1])


@lru_cache(maxsize=CACHED_TEXTS)
def _cleaned(text: str) -> str:
    return clean(text, MAX_CHARACTERS)


def _text(value: Known[str | None]) -> str:
    if value is UNKNOWN:
        return UNKNOWN_CELL
    return _shown(value) if value else ""


def _name(user: User) -> str:
    if user.first_name is UNKNOWN and user.last_name is UNKNOWN:
        return UNKNOWN_CELL
    return _shown(user.full_name)


def _status(value: Known[str | None]) -> str:
    """A sign and the word; an undocumented status has no sign and is indented where it fits."""
    if value is UNKNOWN:
        return UNKNOWN_CELL
    if not value:
        return ""
    word = _shown(value)
    if value in words.STATUS_SIGNS:
        return f"{words.STATUS_SIGNS[value]} {word}"
    return f"  {word}" if len(word) <= STATUS_WORD_CELLS else word


def _count(groups: Known[tuple[str, ...] | None]) -> str:
    if groups is UNKNOWN:
        return UNKNOWN_CELL
    return "–" if groups is None else str(len(groups))


def _age(updated_at_ms: Known[int | None], now_ms: int) -> str:
    if updated_at_ms is UNKNOWN:
        return UNKNOWN_CELL
    return "" if updated_at_ms is None else words.age(now_ms, updated_at_ms)


def _day(created_at_ms: Known[int | None]) -> str:
    if created_at_ms is UNKNOWN:
        return UNKNOWN_CELL
    return "" if created_at_ms is None else words.day(created_at_ms)


_CELLS: Final[dict[Field, Callable[[User], str]]] = {
    Field.EMAIL: lambda user: _text(user.email),
    Field.NAME: _name,
    Field.FIRST: lambda user: _text(user.first_name),
    Field.LAST: lambda user: _text(user.last_name),
    Field.ROLE: lambda user: _text(user.role),
    Field.STATUS: lambda user: _status(user.status),
    Field.GROUPS: lambda user: _count(user.groups),
    Field.EXTERNAL_ID: lambda user: _text(user.external_id),
    Field.ID: lambda user: _text(user.id),
}
