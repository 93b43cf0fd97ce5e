"""Several calls at the same time, never more than a few under way."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

S = TypeVar("S")
T = TypeVar("T")

MAX_CONCURRENT: Final = 16
"""Calls under way: twice as many as a profile has requests in flight unless it says otherwise."""

ProgressListener: TypeAlias = Callable[[int], None]
"""Is given how many calls have ended so far."""


async def gather_bounded(calls: Iterable[Coroutine[Any, Any, T]], ended: ProgressListener | None = None) -> list[T]:
    """The results of calls in their order, ``MAX_CONCURRENT`` of them under way at most.

    ``calls`` is read as they are begun, so that a generator makes no more coroutines than are under way. The first
    failure is raised once the others that are under way have ended.
    """
    results: dict[int, T] = {}
    left = enumerate(calls)

    async def serve() -> None:
        for place, call in left:
            results[place] = await call
            if ended is not None:
                ended(len(results))

    await _ended([asyncio.ensure_future(serve()) for _ in range(MAX_CONCURRENT)])
    return [results[place] for place in range(len(results))]


async def gather_pair(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, S]) -> tuple[T, S]:
    """The results of two calls of different types; a failure as in ``gather_bounded``."""
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    await _ended((first, second))
    return first.result(), second.result()


async def _ended(tasks: Sequence[asyncio.Future[Any]]) -> None:
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
