"""How many resources a server sends at once."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from walkme_tui.api.answers import AnswerTooLarge
from walkme_tui.domain.errors import ApiError, MethodRefused, RequestRejected, ServerFault

T = TypeVar("T")

SMALLER: Final = (200, 50, 10, 1)
# A server that fails with this number of resources is out of order.
SMALLEST_AFTER_FAULT: Final = 10
UNAVAILABLE: Final = 503


class PageCount:
    """The largest ``count`` that the server accepted in a list, found by trying smaller ones."""

    def __init__(self, largest: int) -> None:
        self.largest = largest

    async def read(self, count: int, read: Callable[[int], Awaitable[T]]) -> T:
        """The result of ``read`` for ``count`` or, where the server refuses that, for a smaller one from then on."""
        count = min(count, self.largest)
        try:
            return await read(count)
        except (RequestRejected, ServerFault, AnswerTooLarge) as error:
            refusal: ApiError = error
        for smaller in SMALLER:
            if smaller >= count or not _depends_on_count(refusal, smaller):
                continue
            try:
                result = await read(smaller)
            except (RequestRejected, ServerFault, AnswerTooLarge):
                continue
            self.largest = min(self.largest, smaller)
            return result
        raise refusal


def _depends_on_count(error: ApiError, smaller: int) -> bool:
    """A smaller count may help."""
    if isinstance(error, ServerFault):
        return error.status != UNAVAILABLE and smaller >= SMALLEST_AFTER_FAULT
    return not isinstance(error, MethodRefused)
