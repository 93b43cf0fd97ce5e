"""Which columns a table of a given width shows, and how wide each is."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

GUTTER: Final = 3
"""Cells before the first column: the cursor's bar, the mark, a blank."""

GAP: Final = 2
"""Blank cells between two columns."""

EDGE: Final = 1
"""Blank cells behind the last column, so that it touches neither the next pane nor the edge of the screen."""

NARROW_SCREEN: Final = 100
"""On a screen narrower than this the email gets the room of role and age: no pane beside it tells it in full."""


class Field(StrEnum):
    """What a column shows; the value is its heading."""

    EMAIL = "EMAIL"
    NAME = "NAME"
    FIRST = "FIRST"
    LAST = "LAST"
    ROLE = "ROLE"
    STATUS = "STATUS"
    GROUPS = "GRP"
    UPDATED = "UPD"
    EXTERNAL_ID = "EXTERNAL ID"


RIGHT_ALIGNED: Final = frozenset({Field.GROUPS, Field.UPDATED})


class Column(NamedTuple):
    """One column as it stands on the screen: ``width`` cells from the table's cell ``start`` on."""

    field: Field
    start: int
    width: int


class _Wish(NamedTuple):
    """How wide a column should be: at least ``least`` cells, more in proportion to ``share``, up to ``most``."""

    field: Field
    least: int
    share: int = 0
    most: int = 0


_FIXED: Final = (_Wish(Field.STATUS, 10), _Wish(Field.GROUPS, 3), _Wish(Field.UPDATED, 6))
_STATUS, _GROUPS, _UPDATED = _FIXED

_FULL: Final = (
    _Wish(Field.EMAIL, 28, 6, 48),
    _Wish(Field.FIRST, 11, 3, 26),
    _Wish(Field.LAST, 12, 3, 28),
    _Wish(Field.ROLE, 7, 1, 14),
    *_FIXED,
    _Wish(Field.EXTERNAL_ID, 12, 3, 44),
)
_BESIDE_A_PANE: Final = (
    _Wish(Field.EMAIL, 21, 3, 44),
    _Wish(Field.NAME, 14, 2, 32),
    _Wish(Field.ROLE, 6, 1, 12),
    *_FIXED,
)
_NARROW: Final = (_Wish(Field.EMAIL, 22, 3, 44), _Wish(Field.NAME, 14, 2, 32), _STATUS, _GROUPS)
_SLIM: Final = (_Wish(Field.EMAIL, 14, 1, 44), _STATUS)
_LAST_RESORT: Final = (_Wish(Field.EMAIL, 1, 1, 44),)


def lay_out(width: int, screen_width: int) -> tuple[Column, ...]:
    """The columns of a table that is ``width`` cells wide on a screen of ``screen_width``."""
    richest = (_NARROW, _SLIM) if screen_width < NARROW_SCREEN else (_FULL, _BESIDE_A_PANE, _NARROW, _SLIM)
    for wishes in richest:
        if _least(wishes) <= width:
            return _place(wishes, width)
    return _place(_LAST_RESORT, width)


def _least(wishes: Sequence[_Wish]) -> int:
    return GUTTER + sum(wish.least for wish in wishes) + GAP * (len(wishes) - 1) + EDGE


def _place(wishes: Sequence[_Wish], width: int) -> tuple[Column, ...]:
    widths = _widths(wishes, max(0, width - _least(wishes)))
    columns = []
    start = GUTTER
    for wish, cells in zip(wishes, widths, strict=True):
        columns.append(Column(wish.field, start, cells))
        start += cells + GAP
    return tuple(columns)


def _widths(wishes: Sequence[_Wish], spare: int) -> list[int]:
    """Every column's least width and its part of what is to spare, until each that grows has its most."""
    widths = [wish.least for wish in wishes]
    while spare > 0:
        growing = [at for at, wish in enumerate(wishes) if widths[at] < wish.most]
        shares = sum(wishes[at].share for at in growing)
        if not shares:
            break
        before = spare
        for at in growing:
            cells = min(before * wishes[at].share // shares, wishes[at].most - widths[at], spare)
            widths[at] += cells
            spare -= cells
        if spare == before:
            widths[growing[0]] += 1
            spare -= 1
    return widths
