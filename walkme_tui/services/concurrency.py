"""Concurrent calls in bounded numbers."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

S = TypeVar("S")
T = TypeVar("T")

MAX_CONCURRENT: Final = 16
"""Twice the default ``max_in_flight`` of a profile, so that a request is always ready to be sent."""

ProgressListener: TypeAlias = Callable[[int], None]
"""Receives the number of finished calls."""


async def gather_bounded(
    calls: Iterable[Coroutine[Any, Any, T]], on_progress: ProgressListener | None = None
) -> list[T]:
    """The results of calls in their order, with at most ``MAX_CONCURRENT`` under way.

    A generator of ``calls`` makes each coroutine only when it starts. The first failure cancels the other calls and is
    raised once they have ended.
    """
    results: dict[int, T] = {}
    remaining = enumerate(calls)

    async def work() -> None:
        for index, call in remaining:
            results[index] = await call
            if on_progress is not None:
                on_progress(len(results))

    await _wait_for_all([asyncio.ensure_future(work()) for _ in range(MAX_CONCURRENT)])
    return [results[index] for index in range(len(results))]


async def gather_pair(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, S]) -> tuple[T, S]:
    """The results of two calls of different types; a failure as in ``gather_bounded``."""
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    await _wait_for_all((first, second))
    return first.result(), second.result()


async def _wait_for_all(tasks: Sequence[asyncio.Future[Any]]) -> None:
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
