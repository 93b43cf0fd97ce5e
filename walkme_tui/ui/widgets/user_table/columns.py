"""Which columns a table of a given width shows, how wide each is, and what can be sorted by them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.queries import Sort, SortKey

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
    CREATED = "CREATED"
    EXTERNAL_ID = "EXTERNAL ID"
    ID = "ID"

    # Looked up for every cell of every row: the one that Enum has is Python.
    __hash__ = str.__hash__


RIGHT_ALIGNED: Final = frozenset({Field.GROUPS, Field.UPDATED, Field.CREATED})

SORTED_BY: Final[Mapping[Field, SortKey]] = MappingProxyType(
    {
        Field.EMAIL: SortKey.EMAIL,
        Field.NAME: SortKey.NAME,
        Field.FIRST: SortKey.FIRST,
        Field.LAST: SortKey.LAST,
        Field.ROLE: SortKey.ROLE,
        Field.STATUS: SortKey.STATUS,
        Field.GROUPS: SortKey.GROUPS,
        Field.UPDATED: SortKey.UPDATED,
        Field.CREATED: SortKey.CREATED,
        Field.EXTERNAL_ID: SortKey.EXTERNAL_ID,
    }
)
"""What users are put in order by in a column; by ids nobody wants to sort."""

LARGEST_FIRST: Final = frozenset({SortKey.GROUPS, SortKey.UPDATED, SortKey.CREATED})
"""Sorted by these, the most and the newest are what is looked for."""


class Column(NamedTuple):
    """One column as it stands on the screen: ``width`` cells from the table's cell ``start`` on."""

    field: Field
    start: int
    width: int


class ColumnLayout(NamedTuple):
    """The columns from the left; where they do not fit side by side, this is ``page`` of ``pages``, from 0."""

    columns: tuple[Column, ...]
    page: int = 0
    pages: int = 1

    @property
    def cells(self) -> int:
        """How many the columns take, with what is left of them."""
        return self.columns[-1].start + self.columns[-1].width

    def field_at(self, x: int) -> Field | None:
        """Whose heading is at the table's cell ``x``, the gap behind a column taken with it."""
        for column in self.columns:
            if column.start <= x < column.start + column.width + GAP:
                return column.field
        return None

    @property
    def sort_keys(self) -> tuple[SortKey, ...]:
        """What can be sorted by in the columns that are shown."""
        return tuple(SORTED_BY[column.field] for column in self.columns if column.field in SORTED_BY)


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
_NARROW: Final = (_Wish(Field.EMAIL, 22, 3, 44), _Wish(Field.NAME, 12, 2, 32), _STATUS, _GROUPS)
_SLIM: Final = (_Wish(Field.EMAIL, 14, 1, 44), _STATUS)
_LAST_RESORT: Final = (_Wish(Field.EMAIL, 1, 1, 44),)

# Wide enough for nearly everybody's; the email stays, beside it stand as many of the others as there is room for.
_WIDE_EMAIL: Final = 44
_LEAST_WIDE_EMAIL: Final = 16
_LONGEST_ID: Final = 36
_BESIDE_THE_EMAIL: Final = (
    _Wish(Field.FIRST, 16, 2, 28),
    _Wish(Field.LAST, 18, 2, 30),
    _Wish(Field.ROLE, 12, 1, 24),
    *_FIXED,
    _Wish(Field.CREATED, 11),
    _Wish(Field.EXTERNAL_ID, _LONGEST_ID, 2, 60),
    _Wish(Field.ID, _LONGEST_ID),
)


MEASURED: Final = (Field.EMAIL, Field.NAME, Field.FIRST, Field.LAST, Field.ROLE)
"""Fields whose columns follow the width of what they show."""

TextWidths: TypeAlias = Mapping[Field, int]
"""Cells that the widest visible text of a field takes."""

NO_TEXT_WIDTHS: Final[TextWidths] = MappingProxyType({})


def lay_out(
    width: int, screen_width: int, *, text_widths: TextWidths = NO_TEXT_WIDTHS, wide: bool = False, page: int = 0
) -> ColumnLayout:
    """The columns of a table that is ``width`` cells wide on a screen of ``screen_width``.

    A column is left out before an email of ``text_widths`` is cut. ``wide``: all columns at readable widths; those that
    do not fit beside the email are on further pages.
    """
    if wide:
        return _wide(width, page)
    richest = (
        (_NARROW, _SLIM)
        if screen_width < NARROW_SCREEN
        else (_FULL, _BESIDE_A_PANE, _BESIDE_A_PANE[:-1], _NARROW, _SLIM)
    )
    for wishes in richest:
        if _least((_needed(wishes[0], text_widths), *wishes[1:])) <= width:
            return ColumnLayout(_place(wishes, width, text_widths))
    return ColumnLayout(_place(_SLIM if _least(_SLIM) <= width else _LAST_RESORT, width, text_widths))


def wanted_width(text_widths: TextWidths) -> int:
    """Cells that a table beside a pane takes if nothing in it is to be cut."""
    return _least([_needed(wish, text_widths) for wish in _BESIDE_A_PANE])


def _needed(wish: _Wish, text_widths: TextWidths) -> _Wish:
    """The wish with room for the widest text, up to its most."""
    return wish._replace(least=max(wish.least, min(text_widths.get(wish.field, 0), wish.most)))


def next_sort(sort: Sort | None, keys: Sequence[SortKey]) -> Sort | None:
    """The order by the column right of the one that is sorted by now; None, the server's, comes before the first."""
    at = keys.index(sort.key) + 1 if sort is not None and sort.key in keys else 0
    return natural(keys[at]) if at < len(keys) else None


def natural(key: SortKey) -> Sort:
    """An order as it is wanted first: the newest and the most on top, texts from A."""
    return Sort(key, reverse=key in LARGEST_FIRST)


def _wide(width: int, page: int) -> ColumnLayout:
    beside = width - GUTTER - GAP - EDGE
    email = max(_LEAST_WIDE_EMAIL, min(_WIDE_EMAIL, beside - _LONGEST_ID))
    room = max(1, beside - email)
    starts = _page_starts(room)
    page = max(0, min(page, len(starts) - 1))
    first = starts[page]
    shown = _BESIDE_THE_EMAIL[first : first + _fitting(first, room)]
    if len(shown) == 1:
        shown = (shown[0]._replace(least=min(shown[0].least, room)),)
    # From page to page the email keeps its width: only what is beside it changes.
    grows = _Wish(Field.EMAIL, email, 3, 64) if len(starts) == 1 else _Wish(Field.EMAIL, email)
    return ColumnLayout(_place((grows, *shown), width), page, len(starts))


def _page_starts(room: int) -> list[int]:
    """Which of the columns beside the email is the first on each page; the last page is as full as the others."""
    starts = [0]
    while starts[-1] + _fitting(starts[-1], room) < len(_BESIDE_THE_EMAIL):
        starts.append(starts[-1] + _fitting(starts[-1], room))
    fuller = (first for first in range(starts[-1]) if first + _fitting(first, room) >= len(_BESIDE_THE_EMAIL))
    return [*starts[:-1], next(fuller, starts[-1])]


def _fitting(first: int, room: int) -> int:
    """How many of the columns from ``first`` on fit into ``room`` cells, at least one."""
    count, used = 0, 0
    for wish in _BESIDE_THE_EMAIL[first:]:
        used += wish.least + (GAP if count else 0)
        if used > room and count:
            break
        count += 1
    return count


def _least(wishes: Sequence[_Wish]) -> int:
    return GUTTER + sum(wish.least for wish in wishes) + GAP * (len(wishes) - 1) + EDGE


def _place(wishes: Sequence[_Wish], width: int, text_widths: TextWidths = NO_TEXT_WIDTHS) -> tuple[Column, ...]:
    widths = _widths(wishes, max(0, width - _least(wishes)), text_widths)
    columns = []
    start = GUTTER
    for wish, cells in zip(wishes, widths, strict=True):
        columns.append(Column(wish.field, start, cells))
        start += cells + GAP
    return tuple(columns)


def _widths(wishes: Sequence[_Wish], spare: int, text_widths: TextWidths) -> list[int]:
    """The least width of every column and its share of what is left; where that cuts a text, first what texts need."""
    widths = _shared([wish.least for wish in wishes], wishes, spare)
    needed = [_needed(wish, text_widths).least for wish in wishes]
    if all(width >= need for width, need in zip(widths, needed, strict=True)):
        return widths
    widths = [wish.least for wish in wishes]
    for at, need in enumerate(needed):
        grown = min(need - widths[at], spare)
        widths[at] += grown
        spare -= grown
    return _shared(widths, wishes, spare)


def _shared(widths: list[int], wishes: Sequence[_Wish], spare: int) -> list[int]:
    """The widths with what is to spare added in proportion, until each column that grows has its most."""
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
