"""A listing that answers from memory, for the table's tests and measurements.

listing = FakeListing(people(1000))          # all rows are loaded
listing = FakeListing(people(50), here=())   # 50 rows, none of them loaded
listing.deliver(0, 20)                       # these rows are loaded
listing.replace(rows)                        # the list changes
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from walkme_tui.domain.coverage import Total
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, UnreadableRow
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UnreadableRecord, User
from walkme_tui.services.reading.listing import ListingChange, ListingChanged, Phase, RowsChanged

if TYPE_CHECKING:
    from walkme_tui.domain.errors import WalkmeError

STARTED_AT_MS = 1_750_000_000_000


def mirrored(position: int, user: User | UnreadableRecord, fetched_at_ms: int = STARTED_AT_MS) -> ListedRow:
    """The user as the mirror would return it."""
    if isinstance(user, UnreadableRecord):
        return UnreadableRow(position, user.reason, fetched_at_ms)
    return MirroredUser(position + 1, user, position, fetched_at_ms, None)


class FakeListing:
    """The part of ``Listing`` that a table uses, over a list of users; ``wanted`` and ``shown`` record the calls."""

    def __init__(
        self,
        users: Iterable[User | UnreadableRecord] = (),
        *,
        here: Iterable[int] | None = None,
        phase: Phase | None = None,
        fetched_at_ms: int = STARTED_AT_MS,
    ) -> None:
        self._rows: Sequence[ListedRow] = [mirrored(at, user, fetched_at_ms) for at, user in enumerate(users)]
        self._here: set[int] | None = None if here is None else set(here)
        self._phase = phase or (Phase.READY if self._rows else Phase.EMPTY)
        self._query = UserQuery()
        self._exact = True
        self.listener: Callable[[ListingChange], None] | None = None
        self.wanted: list[tuple[int, int]] = []
        self.shown: list[UserQuery] = []
        self.located: list[str] = []
        self.failure: WalkmeError | None = None
        self._running = False

    @property
    def is_served(self) -> bool:
        """True while ``run`` runs."""
        return self._running

    @property
    def query(self) -> UserQuery:
        return self._query

    @property
    def total(self) -> Total | None:
        return None if self._phase is Phase.LOADING else Total(len(self._rows), self._exact)

    @property
    def phase(self) -> Phase:
        return self._phase

    def row(self, index: int) -> ListedRow | None:
        if self._here is not None and index not in self._here:
            return None
        return self._rows[index] if index < len(self._rows) else None

    def want(self, first: int, last: int) -> None:
        self.wanted.append((first, last))

    def show(self, query: UserQuery) -> None:
        self.shown.append(query)

    def refresh(self) -> None:
        raise AssertionError("the table never refreshes a listing")

    async def locate(self, user_id: str) -> int | None:
        self.located.append(user_id)
        self._fail()
        for index, row in enumerate(self._rows):
            if isinstance(row, MirroredUser) and row.user.id == user_id:
                return index
        return None

    async def users(self, first: int, last: int) -> list[MirroredUser]:
        await asyncio.sleep(0)
        self._fail()
        if self._here is not None:
            self._here.update(range(first, last + 1))
        return [row for row in self._rows[first : last + 1] if isinstance(row, MirroredUser)]

    async def all_user_ids(self) -> list[str]:
        self._fail()
        rows = (row for index, row in enumerate(self._rows) if self._here is None or index in self._here)
        return [row.user.id for row in rows if isinstance(row, MirroredUser)]

    async def run(self) -> None:
        self._running = True
        try:
            await asyncio.Event().wait()
        finally:
            self._running = False

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    # ------------------------------------------------------------ control by tests

    def tell(self, change: ListingChange) -> None:
        """Notify the listener."""
        assert self.listener is not None
        self.listener(change)

    def deliver(self, first: int, last: int) -> None:
        """Rows ``first`` to ``last`` arrive."""
        assert self._here is not None
        self._here.update(range(first, last + 1))
        self.tell(RowsChanged(first, last))

    def replace(
        self, rows: Sequence[ListedRow], query: UserQuery | None = None, *, quietly: bool = False, exact: bool = True
    ) -> None:
        """Replace the rows, and the query if one is given; ``quietly``: as after a page was refreshed.

        Not ``exact``: there may be more rows.
        """
        before = len(self._rows)
        self._rows = rows
        self._phase = Phase.READY if rows else Phase.EMPTY
        self._query = query or self._query
        self._exact = exact
        self.tell(RowsChanged(0, before - 1) if quietly else ListingChanged())

    def replace_total(self, *, exact: bool) -> None:
        """Set whether the number of rows is exact."""
        self._exact = exact

    @property
    def rows(self) -> Sequence[ListedRow]:
        """All rows."""
        return self._rows
