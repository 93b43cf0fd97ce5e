"""The columns of the table: which ones fit into a width, how wide they are, and the order that each sorts by."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.queries import Sort, SortKey

GUTTER: Final = 3
"""Cells before the first column: the cursor's bar, the mark, a blank."""

GAP: Final = 2
"""Blank cells between two columns."""

EDGE: Final = 1
"""Blank cells after the last column."""

NARROW_SCREEN: Final = 100
"""On a narrower screen the email takes the room of role and age: no detail pane shows it in full."""


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

    # Used for every cell of every row: Enum's own hash is a Python function and slower.
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
"""The order of each sortable column."""

LARGEST_FIRST: Final = frozenset({SortKey.GROUPS, SortKey.UPDATED, SortKey.CREATED})
"""Orders that begin with the largest or newest value."""


class Column(NamedTuple):
    """A column of ``width`` cells from the table's cell ``start`` on."""

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
        """The width of the gutter and all columns."""
        return self.columns[-1].start + self.columns[-1].width

    def field_at(self, x: int) -> Field | None:
        """The field whose heading is at the table's cell ``x``; the gap after a column belongs to it."""
        for column in self.columns:
            if column.start <= x < column.start + column.width + GAP:
                return column.field
        return None

    @property
    def sort_keys(self) -> tuple[SortKey, ...]:
        """The orders of the columns that are shown."""
        return tuple(SORTED_BY[column.field] for column in self.columns if column.field in SORTED_BY)


class _ColumnSpec(NamedTuple):
    """The width of a column: at least ``least`` cells, more in proportion to ``share``, up to ``most``."""

    field: Field
    least: int
    share: int = 0
    most: int = 0


_FIXED: Final = (_ColumnSpec(Field.STATUS, 10), _ColumnSpec(Field.GROUPS, 3), _ColumnSpec(Field.UPDATED, 6))
_STATUS, _GROUPS, _UPDATED = _FIXED

_FULL: Final = (
    _ColumnSpec(Field.EMAIL, 28, 6, 48),
    _ColumnSpec(Field.FIRST, 11, 3, 26),
    _ColumnSpec(Field.LAST, 12, 3, 28),
    _ColumnSpec(Field.ROLE, 7, 1, 14),
    *_FIXED,
    _ColumnSpec(Field.EXTERNAL_ID, 12, 3, 44),
)
_BESIDE_A_PANE: Final = (
    _ColumnSpec(Field.EMAIL, 21, 3, 44),
    _ColumnSpec(Field.NAME, 14, 2, 32),
    _ColumnSpec(Field.ROLE, 6, 1, 12),
    *_FIXED,
)
_NARROW: Final = (_ColumnSpec(Field.EMAIL, 22, 3, 44), _ColumnSpec(Field.NAME, 12, 2, 32), _STATUS, _GROUPS)
_SLIM: Final = (_ColumnSpec(Field.EMAIL, 14, 1, 44), _STATUS)
_EMAIL_ONLY: Final = (_ColumnSpec(Field.EMAIL, 1, 1, 44),)

# Wide enough for nearly all emails; the email stays on every page, with as many other columns as fit.
_WIDE_EMAIL: Final = 44
_LEAST_WIDE_EMAIL: Final = 16
_LONGEST_ID: Final = 36
_BESIDE_THE_EMAIL: Final = (
    _ColumnSpec(Field.FIRST, 16, 2, 28),
    _ColumnSpec(Field.LAST, 18, 2, 30),
    _ColumnSpec(Field.ROLE, 12, 1, 24),
    *_FIXED,
    _ColumnSpec(Field.CREATED, 11),
    _ColumnSpec(Field.EXTERNAL_ID, _LONGEST_ID, 2, 60),
    _ColumnSpec(Field.ID, _LONGEST_ID),
)


MEASURED: Final = (Field.EMAIL, Field.NAME, Field.FIRST, Field.LAST, Field.ROLE)
"""Fields whose columns are sized to their visible texts."""

TextWidths: TypeAlias = Mapping[Field, int]
"""The width in cells of the widest visible text of a field."""

NO_TEXT_WIDTHS: Final[TextWidths] = MappingProxyType({})


def absent_fields(surface: Capabilities) -> frozenset[Field]:
    """The fields that users have on another surface only."""
    return frozenset({Field.ROLE} if "role" in surface.absent else ())


def layout_columns(
    width: int,
    screen_width: int,
    *,
    text_widths: TextWidths = NO_TEXT_WIDTHS,
    wide: bool = False,
    page: int = 0,
    without: Collection[Field] = (),
) -> ColumnLayout:
    """The columns of a table that is ``width`` cells wide on a screen of ``screen_width``, ``without`` some.

    A column is left out before an email of ``text_widths`` is cut. ``wide``: all columns at readable widths; those that
    do not fit beside the email are on further pages.
    """
    if wide:
        return _wide(_only(_BESIDE_THE_EMAIL, without), width, page)
    richest = (
        (_NARROW, _SLIM)
        if screen_width < NARROW_SCREEN
        else (_FULL, _BESIDE_A_PANE, _BESIDE_A_PANE[:-1], _NARROW, _SLIM)
    )
    for each in richest:
        specs = _only(each, without)
        if _least((_widened(specs[0], text_widths), *specs[1:])) <= width:
            return ColumnLayout(_place(specs, width, text_widths))
    return ColumnLayout(_place(_SLIM if _least(_SLIM) <= width else _EMAIL_ONLY, width, text_widths))


def full_width(text_widths: TextWidths, without: Collection[Field] = ()) -> int:
    """The width of a table beside a pane in which no text is cut."""
    return _least([_widened(spec, text_widths) for spec in _only(_BESIDE_A_PANE, without)])


def _only(specs: tuple[_ColumnSpec, ...], without: Collection[Field]) -> tuple[_ColumnSpec, ...]:
    return tuple(spec for spec in specs if spec.field not in without) if without else specs


def _widened(spec: _ColumnSpec, text_widths: TextWidths) -> _ColumnSpec:
    """The column widened to its widest text, up to its most."""
    return spec._replace(least=max(spec.least, min(text_widths.get(spec.field, 0), spec.most)))


def next_sort(sort: Sort | None, keys: Sequence[SortKey]) -> Sort | None:
    """The order by the next column to the right; None, the server's order, comes before the first column."""
    at = keys.index(sort.key) + 1 if sort is not None and sort.key in keys else 0
    return default_sort(keys[at]) if at < len(keys) else None


def default_sort(key: SortKey) -> Sort:
    """The initial direction of an order: the newest and largest first, texts from A."""
    return Sort(key, reverse=key in LARGEST_FIRST)


def _wide(specs: Sequence[_ColumnSpec], width: int, page: int) -> ColumnLayout:
    beside = width - GUTTER - GAP - EDGE
    email = max(_LEAST_WIDE_EMAIL, min(_WIDE_EMAIL, beside - _LONGEST_ID))
    room = max(1, beside - email)
    starts = _page_starts(specs, room)
    page = max(0, min(page, len(starts) - 1))
    first = starts[page]
    shown = specs[first : first + _fitting(specs[first:], room)]
    if len(shown) == 1:
        shown = (shown[0]._replace(least=min(shown[0].least, room)),)
    # The email keeps its width on every page: only the columns beside it change.
    grows = _ColumnSpec(Field.EMAIL, email, 3, 64) if len(starts) == 1 else _ColumnSpec(Field.EMAIL, email)
    return ColumnLayout(_place((grows, *shown), width), page, len(starts))


def _page_starts(specs: Sequence[_ColumnSpec], room: int) -> list[int]:
    """The first column beside the email of each page; the last page is as full as the others."""
    starts = [0]
    while (end := starts[-1] + _fitting(specs[starts[-1] :], room)) < len(specs):
        starts.append(end)
    fuller = (first for first in range(starts[-1]) if first + _fitting(specs[first:], room) >= len(specs))
    return [*starts[:-1], next(fuller, starts[-1])]


def _fitting(specs: Sequence[_ColumnSpec], room: int) -> int:
    """The number of these columns that fit into ``room`` cells, at least one."""
    count, used = 0, 0
    for spec in specs:
        used += spec.least + (GAP if count else 0)
        if used > room and count:
            break
        count += 1
    return count


def _least(specs: Sequence[_ColumnSpec]) -> int:
    return GUTTER + sum(spec.least for spec in specs) + GAP * (len(specs) - 1) + EDGE


def _place(specs: Sequence[_ColumnSpec], width: int, text_widths: TextWidths = NO_TEXT_WIDTHS) -> tuple[Column, ...]:
    widths = _widths(specs, max(0, width - _least(specs)), text_widths)
    columns = []
    start = GUTTER
    for spec, cells in zip(specs, widths, strict=True):
        columns.append(Column(spec.field, start, cells))
        start += cells + GAP
    return tuple(columns)


def _widths(specs: Sequence[_ColumnSpec], spare: int, text_widths: TextWidths) -> list[int]:
    """The least width of every column and its share of the rest; texts that this cuts get their width first."""
    widths = _shared([spec.least for spec in specs], specs, spare)
    wanted = [_widened(spec, text_widths).least for spec in specs]
    if all(width >= need for width, need in zip(widths, wanted, strict=True)):
        return widths
    widths = [spec.least for spec in specs]
    for at, need in enumerate(wanted):
        grown = min(need - widths[at], spare)
        widths[at] += grown
        spare -= grown
    return _shared(widths, specs, spare)


def _shared(widths: list[int], specs: Sequence[_ColumnSpec], spare: int) -> list[int]:
    """The widths with ``spare`` cells added in proportion, until each column has its most."""
    while spare > 0:
        growing = [at for at, spec in enumerate(specs) if widths[at] < spec.most]
        shares = sum(specs[at].share for at in growing)
        if not shares:
            break
        before = spare
        for at in growing:
            cells = min(before * specs[at].share // shares, specs[at].most - widths[at], spare)
            widths[at] += cells
            spare -= cells
        if spare == before:
            widths[growing[0]] += 1
            spare -= 1
    return widths
