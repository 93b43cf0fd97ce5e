"""The rows of the table as strips: cells in their styles, drawn once and kept until what they show changes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment

from walkme_tui.domain.mirrored import ListedRow, UnreadableRow
from walkme_tui.domain.queries import Sort
from walkme_tui.domain.text import Span, clean, match_spans
from walkme_tui.domain.users import Status, User
from walkme_tui.ui import words
from walkme_tui.ui.safe import has_sure_width
from walkme_tui.ui.terminal.compact_strip import CompactStrip, joins
from walkme_tui.ui.widgets.user_table.cells import PLACEHOLDER, cell
from walkme_tui.ui.widgets.user_table.columns import (
    EDGE,
    GAP,
    GUTTER,
    RIGHT_ALIGNED,
    SORTED_BY,
    Column,
    ColumnLayout,
    Field,
)
from walkme_tui.ui.widgets.user_table.row_styles import CellStyle, RowBackground, RowStyles

CURSOR_BAR: Final = "▌"
BLURRED_BAR: Final = "▏"
MARK: Final = "✓"
NEW: Final = "+"
MORE_LEFT: Final = "‹"
MORE_RIGHT: Final = "›"
_BARS: Final = {RowBackground.CURSOR: CURSOR_BAR, RowBackground.CURSOR_BLURRED: BLURRED_BAR}
_GAP: Final = " " * GAP
MAX_CACHED_ROWS: Final = 512

Piece: TypeAlias = tuple[str, CellStyle]

_STATUS_STYLES: Final[dict[object, CellStyle]] = {
    Status.ACTIVE: CellStyle.ACTIVE,
    Status.INACTIVE: CellStyle.INACTIVE,
    Status.PENDING: CellStyle.PENDING,
}
_ATTRIBUTES: Final = {
    Field.EMAIL: ("email",),
    Field.NAME: ("first_name", "last_name"),
    Field.FIRST: ("first_name",),
    Field.LAST: ("last_name",),
    Field.ROLE: ("role",),
    Field.STATUS: ("status",),
    Field.GROUPS: ("groups",),
    Field.UPDATED: ("updated_at_ms",),
    Field.CREATED: ("created_at_ms",),
    Field.EXTERNAL_ID: ("external_id",),
    Field.ID: (),
}
_SECONDARY: Final = frozenset({Field.GROUPS, Field.UPDATED, Field.CREATED, Field.EXTERNAL_ID, Field.ID})
# The fields that the words of a filter are searched in.
_SEARCHABLE: Final = frozenset(Field) - {Field.GROUPS, Field.UPDATED, Field.CREATED}


class RowState(NamedTuple):
    """How a row is drawn, apart from its texts.

    ``changed`` are the attributes of ``User`` that changed and were not looked at since; ``new`` is a user who was
    added and not looked at since.
    """

    background: RowBackground
    marked: bool
    dim: bool
    changed: frozenset[str] = frozenset()
    new: bool = False


class RowFormat(NamedTuple):
    """What all rows have in common: the width in cells, the columns, the styles.

    ``sort`` is the order shown in the header; ``words`` are the highlighted words, as ``search_key`` folds them.
    """

    width: int
    layout: ColumnLayout
    styles: RowStyles
    sort: Sort | None = None
    words: Sequence[str] = ()


def header_line(row_format: RowFormat) -> CompactStrip:
    """The headings, the sorted one with an arrow, and signs for columns further left or right."""
    layout, sort = row_format.layout, row_format.sort
    pieces: list[Piece] = [(f" {MORE_LEFT} " if layout.page else " " * GUTTER, CellStyle.HEADER)]
    at = GUTTER
    for column in layout.columns:
        heading, cell_style = column.field.value, CellStyle.HEADER
        if sort is not None and SORTED_BY.get(column.field) is sort.key:
            heading, cell_style = (
                _with_arrow(heading, column, words.DOWNWARDS if sort.reverse else words.UPWARDS),
                CellStyle.SORTED,
            )
        text = _fit(heading, column)
        # An arrow before a short heading is drawn in the gap.
        text = heading if len(heading) > column.width and column.field in RIGHT_ALIGNED else text
        end = column.start + column.width
        pieces += [(" " * (end - len(text) - at), CellStyle.HEADER), (text, cell_style)]
        at = end
    if layout.page < layout.pages - 1 and at <= row_format.width - EDGE:
        pieces += [(" " * (row_format.width - EDGE - at), CellStyle.HEADER), (MORE_RIGHT, CellStyle.HEADER)]
    return _strip(pieces, RowBackground.PLAIN, row_format)


def _with_arrow(heading: str, column: Column, arrow: str) -> str:
    """The heading with an arrow on the side of its blanks, so that it stays above its numbers."""
    return f"{arrow} {heading}" if column.field in RIGHT_ALIGNED else f"{heading} {arrow}"


def row_line(row: ListedRow | None, state: RowState, now_ms: int, row_format: RowFormat) -> CompactStrip:
    """One row; None is a row that is not loaded yet."""
    pieces = [*_gutter(state)]
    if row is None:
        pieces.append((PLACEHOLDER, CellStyle.PLACEHOLDER))
    elif isinstance(row, UnreadableRow):
        reason = clean(f"record {words.number(row.position + 1)} cannot be read: {row.reason}", row_format.width * 4)
        pieces.append((words.fit(reason, max(0, row_format.width - GUTTER)), CellStyle.UNREADABLE))
    else:
        pieces += _user_pieces(row.user, state, now_ms, row_format)
        return _strip(pieces, state.background, row_format, row_format.layout.cells)
    return _strip(pieces, state.background, row_format)


def _gutter(state: RowState) -> Sequence[Piece]:
    bar = _BARS.get(state.background, " ")
    if state.marked:
        return ((bar, CellStyle.GUTTER), (f"{MARK} ", CellStyle.MARK))
    if state.new:
        return ((bar, CellStyle.GUTTER), (f"{NEW} ", CellStyle.CHANGED))
    return ((f"{bar}  ", CellStyle.GUTTER if bar != " " else CellStyle.PLAIN),)


def _user_pieces(user: User, state: RowState, now_ms: int, row_format: RowFormat) -> list[Piece]:
    pieces: list[Piece] = []
    for column in row_format.layout.columns:
        field = column.field
        cell_style = CellStyle.DIM if state.dim else _style_of(user, field)
        if state.changed and not state.changed.isdisjoint(_ATTRIBUTES[field]):
            cell_style = CellStyle.CHANGED
        text = cell(user, field, now_ms)
        shown = _fit(text, column)
        spans = match_spans(text, row_format.words) if row_format.words and field in _SEARCHABLE else None
        if spans:
            pieces += _highlighted(text, shown, spans, cell_style)
        else:
            pieces.append((shown, cell_style))
        pieces.append((_GAP, pieces[-1][1]))
    return pieces[:-1]


def _highlighted(text: str, shown: str, spans: Sequence[Span], cell_style: CellStyle) -> list[Piece]:
    """A cell with its matches highlighted; for a match that was cut off, the ellipsis is highlighted."""
    body = shown.rstrip()
    if body == text.rstrip():
        head = tail = len(text)
    else:
        head = next((at for at, pair in enumerate(zip(text, body, strict=False)) if pair[0] != pair[1]), len(body) - 1)
        tail = len(text) - (len(body) - head - len(words.ELLIPSIS))
    moved = len(body) - len(text) if tail < len(text) else 0
    pieces: list[Piece] = []
    at = 0
    for first, last in spans:
        start = first if first < head else first + moved if first >= tail else head
        end = last if last <= head else last + moved if last > tail else head + len(words.ELLIPSIS)
        start = max(start, at)
        if start > at:
            pieces.append((shown[at:start], cell_style))
        if end > start:
            pieces.append((shown[start:end], CellStyle.FOUND))
            at = end
    if at < len(shown):
        pieces.append((shown[at:], cell_style))
    return pieces


def _style_of(user: User, field: Field) -> CellStyle:
    if field is Field.STATUS:
        return _STATUS_STYLES.get(user.status, CellStyle.OTHER)
    return CellStyle.SECONDARY if field in _SECONDARY else CellStyle.PLAIN


def _fit(text: str, column: Column) -> str:
    """Clean text in exactly the column's width."""
    width = column.width
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if column.field in RIGHT_ALIGNED else text.ljust(width)
    if column.field is Field.EMAIL:
        text = words.cut_email(text, width)
    return words.fit_right(text, width) if column.field in RIGHT_ALIGNED else words.fit(text, width)


def _strip(
    pieces: Iterable[Piece], background: RowBackground, row_format: RowFormat, cells: int | None = None
) -> CompactStrip:
    """Pieces as a strip as wide as the table; neighbours of one style are joined, except those of uncertain width.

    ``cells`` is how many the pieces take, where that is known.
    """
    if cells is None or cells > row_format.width:
        pieces, cells = _cut(pieces, row_format.width)
    styles = row_format.styles.on(background)
    plain = styles[CellStyle.PLAIN]
    segments: list[Segment] = []
    written, style, sure = "", plain, True
    for text, cell_style in pieces:
        its_style = styles[cell_style]
        is_sure = text.isascii() or has_sure_width(text)
        if sure and is_sure and (its_style is style or joins(text, its_style, style)):
            written += text
            continue
        if written:
            segments.append(Segment(written, style))
        written, style, sure = text, its_style, is_sure
    rest = " " * (row_format.width - cells)
    if sure and joins(" ", plain, style):
        written, rest = written + rest, ""
    segments += [Segment(text, its_style) for text, its_style in ((written, style), (rest, plain)) if text]
    return CompactStrip(row_format.styles.filtered(segments), row_format.width)


def _cut(pieces: Iterable[Piece], room: int) -> tuple[list[Piece], int]:
    """The pieces that fit, the last one cut, and how many cells they take."""
    kept: list[Piece] = []
    cells = 0
    for text, cell_style in pieces:
        needed = len(text) if text.isascii() else cell_len(text)
        if needed > room - cells:
            return [*kept, (words.fit(text, room - cells), cell_style)], room
        kept.append((text, cell_style))
        cells += needed
    return kept, cells


class _CachedRow:
    """The strips of a row by state; ``shown`` is the latest."""

    __slots__ = ("row", "shown", "strips")

    def __init__(self, row: ListedRow | None, strips: dict[RowState, CompactStrip], shown: CompactStrip) -> None:
        self.row = row
        self.strips = strips
        self.shown = shown


class RowRenderer:
    """Draws rows in one format and caches the last few hundred.

    Rows are immutable and are often read again without a change: a row is drawn again only if it is not equal.
    """

    def __init__(self, row_format: RowFormat, now_ms: Callable[[], int]) -> None:
        self.header = header_line(row_format)
        self.blank = _strip([], RowBackground.PLAIN, row_format)
        self._format = row_format
        self._now_ms = now_ms
        self._cache: dict[int, _CachedRow] = {}

    def line(self, index: int, row: ListedRow | None, state: RowState) -> CompactStrip:
        """The row at ``index`` as a strip."""
        cached = self._cache.get(index)
        if cached is None or (cached.row is not row and cached.row != row):
            return self._draw(index, row, state)
        cached.row = row
        strip = cached.strips.get(state)
        if strip is None:
            strip = cached.strips[state] = row_line(row, state, self._now_ms(), self._format)
        cached.shown = strip
        return strip

    def differs(self, index: int, row: ListedRow | None, state: RowState) -> bool:
        """True if the row, drawn now with its current age, differs from what was drawn last for ``index``."""
        before = self._cache.get(index)
        return list(self._draw(index, row, state)) != (list(before.shown) if before is not None else None)

    def _draw(self, index: int, row: ListedRow | None, state: RowState) -> CompactStrip:
        strip = row_line(row, state, self._now_ms(), self._format)
        if len(self._cache) >= MAX_CACHED_ROWS:
            self._cache.clear()
        self._cache[index] = _CachedRow(row, {state: strip}, strip)
        return strip
