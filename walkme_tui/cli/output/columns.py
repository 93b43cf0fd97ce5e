"""Fields as text, and text in aligned columns, also with wide and combining characters."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Unknown

MAX_CELL: Final = 60
GAP: Final = "  "


def plain(value: str | Unknown | None) -> str:
    """A field of a user as text: empty for null, ``?`` if unknown."""
    if value is None:
        return ""
    return "?" if isinstance(value, Unknown) else value


def width(text: str) -> int:
    """The number of terminal columns of a cleaned text."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def cut(text: str, columns: int) -> str:
    """The text, cleaned, shortened to ``columns`` with ``…``."""
    shown = clean(text, 4 * columns)
    if width(shown) <= columns:
        return shown
    kept: list[str] = []
    used = 1
    for character in shown:
        used += _width(character)
        if used > columns:
            break
        kept.append(character)
    return "".join(kept) + "…"


def aligned(rows: Iterable[Sequence[str]], columns: int = MAX_CELL) -> list[str]:
    """The rows as lines, each column as wide as its widest cell, at most ``columns``; no blanks at line ends."""
    cells = [[cut(cell, columns) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    return [
        GAP.join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
