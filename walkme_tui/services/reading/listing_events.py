"""What a listing tells whoever shows it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Phase(StrEnum):
    """How much is known of a view."""

    LOADING = "loading"
    READY = "ready"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """Rows ``first`` to ``last`` (inclusive) may answer ``row()`` differently now."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ListingChanged:
    """The query, total, order or phase changed: every index may stand for another user now."""


ListingChange: TypeAlias = RowsChanged | ListingChanged
