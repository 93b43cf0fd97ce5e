"""One view of the users in the mirror: the server's list by position, or row ids in an order."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import BROUGHT_FORWARD, Sort, SortKey, UserQuery

if TYPE_CHECKING:
    from array import array

    from walkme_tui.services.ports.mirror import Mirror

EVERYONE: Final = UserQuery()
IN_THE_LISTS_ORDER: Final = UserQuery(sort=Sort(SortKey.LISTED))
CHUNK_ROWS: Final = 1000
SCAN_ROWS: Final = 100_000


class ViewRows(NamedTuple):
    """The rows of a view: the server's list where ``order`` is None, else the users with these row ids, in this order.

    ``whole`` is False while ``order`` holds only the first rows.
    """

    query: UserQuery
    order: "array[int] | None"
    whole: bool = True

    @property
    def highest(self) -> int:
        """The highest row id in an order without a sort: the last, or one that matches by whole words at the start."""
        return max(*self.order[:BROUGHT_FORWARD], self.order[-1], 0) if self.order else 0

    async def read(self, mirror: "Mirror", first: int, last: int) -> dict[int, ListedRow]:
        """The stored rows ``first`` to ``last`` by index; raises ``MirrorUnavailable``."""
        if self.order is None:
            return await mirror.positions(first, last)
        row_ids = self.order[first : last + 1]
        users = await mirror.rows(row_ids)
        return {first + at: users[row_id] for at, row_id in enumerate(row_ids) if row_id in users}

    async def locate(self, mirror: "Mirror", user_id: str) -> int | None:
        """Index of a user, None where the user is not in this view or not loaded; raises ``MirrorUnavailable``."""
        user = await mirror.user(user_id)
        if user is None:
            return None
        if self.order is None:
            return user.position
        # In parts: a million numbers take 20 ms to look through, and this is the event loop.
        for start in range(0, len(self.order), SCAN_ROWS):
            with suppress(ValueError):
                return self.order.index(user.row_id, start, start + SCAN_ROWS)
            await asyncio.sleep(0)
        return None

    async def user_ids(self, mirror: "Mirror") -> list[str]:
        """Ids of all loaded users, in this order; raises ``MirrorUnavailable``."""
        order: Sequence[int]
        if self.order is None:
            order = await mirror.matching(IN_THE_LISTS_ORDER)
        else:
            order = self.order if self.whole else await mirror.matching(self.query)
        ids: list[str] = []
        async for users in users_in_parts(mirror, order):
            ids += [user.user.id for user in users if self.order is not None or user.position is not None]
        return ids


async def users_in_parts(mirror: "Mirror", row_ids: Sequence[int]) -> AsyncGenerator[list[MirroredUser], None]:
    """The stored users with these row ids, in this order; raises ``MirrorUnavailable``."""
    for first, last in chunks(0, len(row_ids) - 1):
        part = row_ids[first : last + 1]
        rows = await mirror.rows(part)
        yield [rows[row_id] for row_id in part if row_id in rows]


def chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """``first`` to ``last`` (inclusive) in parts that are read at once."""
    for start in range(first, last + 1, CHUNK_ROWS):
        yield start, min(last, start + CHUNK_ROWS - 1)
