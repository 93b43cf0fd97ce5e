"""The window on a view: the rows that are visible, and those in memory around them."""

from collections.abc import Iterator, Mapping
from typing import Final

from walkme_tui.domain.mirrored import ListedRow, MirroredUser

MAX_CACHED_ROWS: Final = 2000
MAX_VISIBLE_ROWS: Final = 1000
FIRST_GUESS_ROWS: Final = 50
MIN_MARGIN_ROWS: Final = 120
MARGIN_SCREENS: Final = 3


class RowWindow:
    """The visible rows, first to last (inclusive), and the rows that are held, by index.

    ``downwards`` is True if the last movement was towards the end.
    """

    def __init__(self) -> None:
        self.visible = (0, FIRST_GUESS_ROWS - 1)
        self.downwards = True
        self.rows: Mapping[int, ListedRow] = {}
        self._held = (0, -1)

    @property
    def height(self) -> int:
        """The number of visible rows."""
        return self.visible[1] - self.visible[0] + 1

    def move(self, first: int, last: int) -> bool:
        """Make ``first`` to ``last`` the visible rows; False if they are already."""
        first = max(0, first)
        last = min(last, first + MAX_VISIBLE_ROWS - 1)
        if last < first or (first, last) == self.visible:
            return False
        if first != self.visible[0]:
            self.downwards = first > self.visible[0]
        self.visible = (first, last)
        return True

    def span(self, first: int | None = None) -> tuple[int, int]:
        """The rows to hold: the visible ones, or as many from ``first`` on, with a few screens on both sides."""
        first = self.visible[0] if first is None else first
        margin = min(max(MIN_MARGIN_ROWS, MARGIN_SCREENS * self.height), (MAX_CACHED_ROWS - self.height) // 2)
        return max(0, first - margin), first + self.height - 1 + margin

    def holds_near(self, count: int | None) -> bool:
        """True if the rows of one screen around the visible ones are held, of ``count`` rows that there are."""
        first, last = self.visible
        end = count - 1 if count is not None else last + self.height
        return self._held[0] <= max(0, first - self.height) and min(last + self.height, end) <= self._held[1]

    def visible_rows(self) -> Iterator[ListedRow]:
        """Those of the visible rows that are held."""
        first, last = self.visible
        return (row for index, row in self.rows.items() if first <= index <= last)

    def holds_other_values(self, rows: Mapping[int, ListedRow]) -> bool:
        """True if a user among these rows is held with other values: a search may find the user elsewhere, or not."""
        return any(_differ(row, self.rows.get(index)) for index, row in rows.items())

    def overlaps(self, first: int, last: int) -> bool:
        """True if one of these rows is among those held."""
        return first <= self._held[1] and last >= self._held[0]

    def index_of(self, user_id: str) -> int | None:
        """Where a user is among the rows held."""
        for index, row in self.rows.items():
            if isinstance(row, MirroredUser) and row.user.id == user_id:
                return index
        return None

    def differences(self, rows: Mapping[int, ListedRow], span: tuple[int, int]) -> list[int]:
        """The indexes of a span at which these rows are not those held."""
        return [index for index in range(span[0], span[1] + 1) if rows.get(index) != self.rows.get(index)]

    def hold(self, rows: Mapping[int, ListedRow], span: tuple[int, int]) -> None:
        """Hold the rows of a span, in place of those before."""
        self.rows, self._held = rows, span

    def limit(self, count: int) -> None:
        """Hold only rows below ``count``."""
        self.rows = {index: row for index, row in self.rows.items() if index < count}


def _differ(row: ListedRow | None, before: ListedRow | None) -> bool:
    if not isinstance(row, MirroredUser) or not isinstance(before, MirroredUser):
        return False
    return row.row_id == before.row_id and row.user != before.user
