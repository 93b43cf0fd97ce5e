"""The inks that text is written with; ``styles/`` gives each its colour."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias


class Ink(StrEnum):
    """What a piece of text means to the eye; the value is the name of a component class."""

    PLAIN = "ink--plain"
    DIM = "ink--dim"
    STRONG = "ink--strong"
    ACCENT = "ink--accent"
    GOOD = "ink--good"
    WARN = "ink--warn"
    BAD = "ink--bad"
    PRODUCTION = "ink--production"
    SANDBOX = "ink--sandbox"
    CURSOR = "ink--cursor"
    CURSOR_BLURRED = "ink--cursor-blurred"


INK_CLASSES = frozenset(ink.value for ink in Ink)

Piece: TypeAlias = tuple[str, Ink]
"""Clean text and its ink."""

Line: TypeAlias = Sequence[Piece]
"""One line on the screen, from the left."""
