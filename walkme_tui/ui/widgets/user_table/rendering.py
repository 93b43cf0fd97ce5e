"""A row of the table as one line: pieces of text with their inks, then a strip."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from walkme_tui.domain.mirrored import ListedRow, UnreadableRow
from walkme_tui.domain.queries import Sort
from walkme_tui.domain.text import Span, clean, match_spans
from walkme_tui.domain.users import Status, User
from walkme_tui.ui import words
from walkme_tui.ui.safe import has_sure_width
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
from walkme_tui.ui.widgets.user_table.compact_strip import CompactStrip
from walkme_tui.ui.widgets.user_table.row_styles import CellStyle, RowBackground, RowStyles

CURSOR_BAR: Final = "▌"
BLURRED_BAR: Final = "▏"
MARK: Final = "✓"
NEW: Final = "+"
MORE_LEFT: Final = "‹"
MORE_RIGHT: Final = "›"
_BARS: Final = {RowBackground.CURSOR: CURSOR_BAR, RowBackground.CURSOR_BLURRED: BLURRED_BAR}
_GAP: Final = " " * GAP

Piece: TypeAlias = tuple[str, CellStyle]

_STATUS_INKS: Final[dict[object, CellStyle]] = {
    Status.ACTIVE: CellStyle.ACTIVE,
    Status.INACTIVE: CellStyle.INACTIVE,
    Status.PENDING: CellStyle.PENDING,
}
_TOLD_BY: Final = {
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
# What the words of a filter are looked for in.
_SEARCHED: Final = frozenset(Field) - {Field.GROUPS, Field.UPDATED, Field.CREATED}


class RowState(NamedTuple):
    """How a row is to be drawn, apart from what it says.

    ``changed`` are the attributes of ``User`` that the person has not seen since they changed; ``new`` is somebody whom
    the person has not seen at all.
    """

    ground: RowBackground
    marked: bool
    dim: bool
    changed: frozenset[str] = frozenset()
    new: bool = False


class RowFormat(NamedTuple):
    """What all rows have in common: ``width`` cells from column ``left`` of the screen, the columns, the colours.

    ``sort`` is the order that the header tells, ``words`` are those whose letters are highlighted, folded.
    """

    width: int
    left: int
    layout: ColumnLayout
    palette: RowStyles
    sort: Sort | None = None
    words: Sequence[str] = ()


def header_line(canvas: RowFormat) -> CompactStrip:
    """The names of the columns, the sorted one with an arrow, and signs for columns that are further left or right."""
    layout, sort = canvas.layout, canvas.sort
    pieces: list[Piece] = [(f" {MORE_LEFT} " if layout.page else " " * GUTTER, CellStyle.HEADER)]
    at = GUTTER
    for column in layout.columns:
        heading, ink = column.field.value, CellStyle.HEADER
        if sort is not None and SORTED_BY.get(column.field) is sort.key:
            heading, ink = (
                _with_arrow(heading, column, words.DOWNWARDS if sort.reverse else words.UPWARDS),
                CellStyle.SORTED,
            )
        text = _fit(heading, column)
        # An arrow before a short heading stands in the gap.
        text = heading if len(heading) > column.width and column.field in RIGHT_ALIGNED else text
        end = column.start + column.width
        pieces += [(" " * (end - len(text) - at), CellStyle.HEADER), (text, ink)]
        at = end
    if layout.page < layout.pages - 1 and at <= canvas.width - EDGE:
        pieces += [(" " * (canvas.width - EDGE - at), CellStyle.HEADER), (MORE_RIGHT, CellStyle.HEADER)]
    return _strip(pieces, RowBackground.PLAIN, canvas)


def _with_arrow(heading: str, column: Column, arrow: str) -> str:
    """An arrow on the side where a heading has room; it leaves its numbers where they are."""
    return f"{arrow} {heading}" if column.field in RIGHT_ALIGNED else f"{heading} {arrow}"


def row_line(row: ListedRow | None, look: RowState, now_ms: int, canvas: RowFormat) -> CompactStrip:
    """One row; None is a row that is not here yet."""
    pieces = [*_gutter(look)]
    if row is None:
        pieces.append((PLACEHOLDER, CellStyle.PLACEHOLDER))
    elif isinstance(row, UnreadableRow):
        reason = clean(f"record {words.number(row.position + 1)} cannot be read: {row.reason}", canvas.width * 4)
        pieces.append((words.fit(reason, max(0, canvas.width - GUTTER)), CellStyle.UNREADABLE))
    else:
        pieces += _user_pieces(row.user, look, now_ms, canvas)
        return _strip(pieces, look.ground, canvas, canvas.layout.cells)
    return _strip(pieces, look.ground, canvas)


def blank_line(canvas: RowFormat) -> CompactStrip:
    """A line below the last row."""
    return _strip([], RowBackground.PLAIN, canvas)


def _gutter(look: RowState) -> Sequence[Piece]:
    bar = _BARS.get(look.ground, " ")
    if look.marked:
        return ((bar, CellStyle.GUTTER), (f"{MARK} ", CellStyle.MARK))
    if look.new:
        return ((bar, CellStyle.GUTTER), (f"{NEW} ", CellStyle.CHANGED))
    return ((f"{bar}  ", CellStyle.GUTTER if bar != " " else CellStyle.PLAIN),)


def _user_pieces(user: User, look: RowState, now_ms: int, canvas: RowFormat) -> list[Piece]:
    pieces: list[Piece] = []
    for column in canvas.layout.columns:
        field = column.field
        ink = CellStyle.DIM if look.dim else _ink(user, field)
        if look.changed and not look.changed.isdisjoint(_TOLD_BY[field]):
            ink = CellStyle.CHANGED
        text = cell(user, field, now_ms)
        shown = _fit(text, column)
        spans = match_spans(text, canvas.words) if canvas.words and field in _SEARCHED else None
        if spans:
            pieces += _highlighted(text, shown, spans, ink)
        else:
            pieces.append((shown, ink))
        pieces.append((_GAP, pieces[-1][1]))
    return pieces[:-1]


def _highlighted(text: str, shown: str, spans: Sequence[Span], ink: CellStyle) -> list[Piece]:
    """A cell with the letters that were found in its text; for those that were cut, the ellipsis is highlighted."""
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
            pieces.append((shown[at:start], ink))
        if end > start:
            pieces.append((shown[start:end], CellStyle.FOUND))
            at = end
    if at < len(shown):
        pieces.append((shown[at:], ink))
    return pieces


def _ink(user: User, field: Field) -> CellStyle:
    if field is Field.STATUS:
        return _STATUS_INKS.get(user.status, CellStyle.OTHER)
    return CellStyle.SECONDARY if field in _SECONDARY else CellStyle.PLAIN


def _fit(text: str, column: Column) -> str:
    """Clean text in exactly the column's width."""
    width = column.width
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if column.field in RIGHT_ALIGNED else text.ljust(width)
    if column.field is Field.EMAIL:
        text = words.cut_email(text, width)
    return words.fit_right(text, width) if column.field in RIGHT_ALIGNED else words.fit(text, width)


def _strip(pieces: Iterable[Piece], ground: RowBackground, canvas: RowFormat, cells: int | None = None) -> CompactStrip:
    """Pieces as a strip of the canvas's width: neighbours of one style joined, those of unsure width left alone.

    ``cells`` is how many the pieces take, where that is known.
    """
    if cells is None or cells > canvas.width:
        pieces, cells = _cut(pieces, canvas.width)
    inks = canvas.palette.on(ground)
    plain = inks[CellStyle.PLAIN]
    segments: list[Segment] = []
    loose: set[int] = set()
    written, style, sure = "", plain, True
    for text, ink in pieces:
        its_style = inks[ink]
        is_sure = text.isascii() or has_sure_width(text)
        if sure and is_sure and (its_style is style or _joins(text, its_style, style)):
            written += text
            continue
        if written:
            segments.append(Segment(written, style))
        if not is_sure:
            loose.add(len(segments))
        written, style, sure = text, its_style, is_sure
    rest = " " * (canvas.width - cells)
    if sure and _joins(" ", plain, style):
        written, rest = written + rest, ""
    segments += [Segment(text, its_style) for text, its_style in ((written, style), (rest, plain)) if text]
    return CompactStrip(canvas.palette.filtered(segments), canvas.width, canvas.left, frozenset(loose))


def _cut(pieces: Iterable[Piece], room: int) -> tuple[list[Piece], int]:
    """What of the pieces fits, and how many cells that takes."""
    kept: list[Piece] = []
    cells = 0
    for text, ink in pieces:
        needed = len(text) if text.isascii() else cell_len(text)
        if needed > room - cells:
            return [*kept, (words.fit(text, room - cells), ink)], room
        kept.append((text, ink))
        cells += needed
    return kept, cells


def _joins(text: str, style: Style, before: Style) -> bool:
    """True if ``text`` looks the same in the style before it: blanks show no colour but the ground's."""
    if style is before:
        return True
    return (
        text.isspace() and style.bgcolor == before.bgcolor and not (before.underline or before.strike or before.reverse)
    )
