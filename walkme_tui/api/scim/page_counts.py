"""How many resources a server sends at once."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from walkme_tui.api.answers import AnswerTooLarge
from walkme_tui.domain.errors import ApiError, MethodRefused, RequestRejected, ServerFault

T = TypeVar("T")

# Without a count the server decides; some fail with any.
NO_COUNT: Final = 0
SMALLER: Final = (200, 50, 10, 1, NO_COUNT)
# A server that fails with this number of resources is out of order.
SMALLEST_AFTER_FAULT: Final = 10
UNAVAILABLE: Final = 503
# A server's pages have at least so many resources.
FULL_PAGE: Final = 10
REFUSALS: Final = (RequestRejected, ServerFault, AnswerTooLarge)


class PageCount:
    """The largest ``count`` that the server accepts in a list, found by trying smaller ones, and at last none."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self._accepted = -1

    def is_accepted(self, count: int) -> bool:
        """The server has answered a request for so many."""
        return count <= self._accepted

    async def read(self, count: int, read: Callable[[int], Awaitable[T]]) -> T:
        """The result of ``read`` for ``count`` or, where the server refuses that, for a smaller one from then on."""
        count = min(count, self.largest)
        try:
            return await self._read(count, read)
        except REFUSALS as error:
            refusal: ApiError = error
        for smaller in SMALLER:
            if smaller >= count or not _depends_on_count(refusal, smaller):
                continue
            try:
                result = await self._read(smaller, read)
            except REFUSALS:
                continue
            if isinstance(refusal, ServerFault):
                with suppress(*REFUSALS):
                    return await self._read(count, read)  # the server was out of order, and is not any more
            self.largest = min(self.largest, smaller)
            return result
        raise refusal

    async def _read(self, count: int, read: Callable[[int], Awaitable[T]]) -> T:
        result = await read(count)
        self._accepted = max(self._accepted, count)
        return result


def _depends_on_count(error: ApiError, smaller: int) -> bool:
    """A smaller count may help."""
    if isinstance(error, ServerFault):
        return error.status != UNAVAILABLE and (smaller >= SMALLEST_AFTER_FAULT or smaller == NO_COUNT)
    return not isinstance(error, MethodRefused if smaller else (MethodRefused, AnswerTooLarge))


def paging(first: int, count: int) -> dict[str, str | int]:
    """The parameters for ``count`` resources from position ``first`` on."""
    return {"startIndex": first + 1, **({} if count == NO_COUNT else {"count": count})}
