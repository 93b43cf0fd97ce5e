"""A row of the table as one line: pieces of text with their inks, then a strip."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from walkme_tui.domain.mirrored import ListedRow, UnreadableRow
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Status, User
from walkme_tui.ui import words
from walkme_tui.ui.safe import has_sure_width
from walkme_tui.ui.widgets.user_table.cells import PLACEHOLDER, cell
from walkme_tui.ui.widgets.user_table.columns import GAP, GUTTER, RIGHT_ALIGNED, Column, Field
from walkme_tui.ui.widgets.user_table.palette import Ground, Ink, Palette
from walkme_tui.ui.widgets.user_table.strips import LeanStrip

CURSOR_BAR: Final = "▌"
BLURRED_BAR: Final = "▏"
MARK: Final = "✓"
_GAP: Final = " " * GAP
_FILLER: Final = "to the end of the line"

Piece: TypeAlias = tuple[str, Ink]

_STATUS_INKS: Final[dict[object, Ink]] = {
    Status.ACTIVE: Ink.ACTIVE,
    Status.INACTIVE: Ink.INACTIVE,
    Status.PENDING: Ink.PENDING,
}
_SECONDARY: Final = frozenset({Field.GROUPS, Field.UPDATED, Field.EXTERNAL_ID})


class Look(NamedTuple):
    """How a row is to be drawn, apart from what it says."""

    ground: Ground
    marked: bool
    dim: bool


class Canvas(NamedTuple):
    """What all rows have in common: ``width`` cells from column ``left`` of the screen, the columns, the colours."""

    width: int
    left: int
    columns: Sequence[Column]
    palette: Palette

    def is_at(self, width: int, left: int, palette: Palette) -> bool:
        """True if nothing moved and nothing changed its colour."""
        return self.width == width and self.left == left and self.palette is palette


def header_line(canvas: Canvas) -> LeanStrip:
    """The names of the columns."""
    names = [_fit(column.field.value, column) for column in canvas.columns]
    return _strip([(" " * GUTTER + _GAP.join(names), Ink.HEADER)], Ground.PLAIN, canvas)


def row_line(row: ListedRow | None, look: Look, now_ms: int, canvas: Canvas) -> LeanStrip:
    """One row; None is a row that is not here yet."""
    pieces = [*_gutter(look)]
    if row is None:
        pieces.append((PLACEHOLDER, Ink.PLACEHOLDER))
    elif isinstance(row, UnreadableRow):
        reason = clean(f"record {words.number(row.position + 1)} cannot be read: {row.reason}", canvas.width * 4)
        pieces.append((words.fit(reason, max(0, canvas.width - GUTTER)), Ink.UNREADABLE))
    else:
        pieces += _user_pieces(row.user, look, now_ms, canvas.columns)
    return _strip(pieces, look.ground, canvas)


def blank_line(canvas: Canvas) -> LeanStrip:
    """A line below the last row."""
    return _strip([], Ground.PLAIN, canvas)


def _gutter(look: Look) -> Sequence[Piece]:
    bar = {Ground.CURSOR: CURSOR_BAR, Ground.CURSOR_BLURRED: BLURRED_BAR}.get(look.ground, " ")
    if look.marked:
        return ((bar, Ink.GUTTER), (f"{MARK} ", Ink.MARK))
    return ((f"{bar}  ", Ink.GUTTER if bar != " " else Ink.PLAIN),)


def _user_pieces(user: User, look: Look, now_ms: int, columns: Sequence[Column]) -> list[Piece]:
    pieces: list[Piece] = []
    for column in columns:
        ink = Ink.DIM if look.dim else _ink(user, column.field)
        if pieces:
            pieces.append((_GAP, pieces[-1][1]))
        pieces.append((_fit(cell(user, column.field, now_ms), column), ink))
    return pieces


def _ink(user: User, field: Field) -> Ink:
    if field is Field.STATUS:
        return _STATUS_INKS.get(user.status, Ink.OTHER)
    return Ink.SECONDARY if field in _SECONDARY else Ink.PLAIN


def _fit(text: str, column: Column) -> str:
    """Clean text in exactly the column's width."""
    width = column.width
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if column.field in RIGHT_ALIGNED else text.ljust(width)
    return words.fit_right(text, width) if column.field in RIGHT_ALIGNED else words.fit(text, width)


def _strip(pieces: Iterable[Piece], ground: Ground, canvas: Canvas) -> LeanStrip:
    """Pieces as a strip of the canvas's width: neighbours of one style joined, those of unsure width left alone."""
    texts: list[str] = []
    styles: list[Style] = []
    loose: set[int] = set()
    room = canvas.width
    for text, ink in chain(pieces, ((_FILLER, Ink.PLAIN),)):
        style = canvas.palette.style(ground, ink)
        shown, cells = _cut(text, room)
        sure = has_sure_width(shown)
        if texts and sure and len(texts) - 1 not in loose and _joins(shown, style, styles[-1]):
            texts[-1] += shown
        elif shown:
            if not sure:
                loose.add(len(texts))
            texts.append(shown)
            styles.append(style)
        room -= cells
    segments = [Segment(text, style) for text, style in zip(texts, styles, strict=True)]
    return LeanStrip(canvas.palette.filtered(segments), canvas.width, canvas.left, frozenset(loose))


def _cut(text: str, room: int) -> tuple[str, int]:
    """What of a piece fits, and how many cells that takes; blanks are cut without a sign."""
    if text is _FILLER:
        return " " * room, room
    cells = len(text) if text.isascii() else cell_len(text)
    return (text, cells) if cells <= room else (words.fit(text, room), room)


def _joins(text: str, style: Style, before: Style) -> bool:
    """True if ``text`` looks the same in the style before it: blanks show no colour but the ground's."""
    if style is before:
        return True
    return (
        text.isspace() and style.bgcolor == before.bgcolor and not (before.underline or before.strike or before.reverse)
    )
