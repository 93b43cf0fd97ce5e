"""Pause, resume and cancel control for a running job."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from walkme_tui.services.waiting import wait_for_first

T = TypeVar("T")

# With the time-outs of a write, its read-back and what is in flight, a run ends within a minute.
PATIENCE_SECONDS: Final = 8.0


class JobStopped(Exception):
    """The job takes no further step; this is not an error."""


class JobControl:
    """Controls one run of a job; call it on the event loop of the run, or from that loop's signal handlers.

    ``patience_seconds`` is how long the run waits for an unavailable service before it stops. None means no limit, for
    a caller that shows the wait and can cancel it.
    """

    def __init__(self, *, patience_seconds: float | None = PATIENCE_SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._not_paused = asyncio.Event()
        self._not_paused.set()
        self._cancelled = asyncio.Event()
        self._retry_now = asyncio.Event()

    @property
    def paused(self) -> bool:
        """True while no new step begins, until ``resume``."""
        return not self._not_paused.is_set()

    @property
    def cancelled(self) -> bool:
        """True once no new step begins in this run."""
        return self._cancelled.is_set()

    def pause(self) -> None:
        """Begin no new step until ``resume``; what is in flight is finished."""
        if not self.cancelled:
            self._not_paused.clear()

    def resume(self) -> None:
        """Continue; a run that waits for the service retries at once."""
        self._not_paused.set()
        self._retry_now.set()

    def cancel(self) -> None:
        """Begin no new step; what is in flight is settled within 5 s, or stays sent."""
        self._cancelled.set()
        self._not_paused.set()

    async def wait_cancelled(self) -> None:
        """Return once ``cancel`` was called."""
        await self._cancelled.wait()

    async def wait_resumed(self) -> None:
        """Return once the job is not paused; raises ``JobStopped`` if it was cancelled."""
        await self._not_paused.wait()
        if self.cancelled:
            raise JobStopped

    async def until_resumed(self, wait: Coroutine[Any, Any, None]) -> None:
        """Await ``wait``, but return early on ``resume``; raises ``JobStopped`` as soon as the job is cancelled."""
        self._retry_now.clear()
        await self.unless_cancelled(wait_for_first(wait, self._retry_now.wait()))

    async def unless_cancelled(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of ``work``; cancels it and raises ``JobStopped`` as soon as the job is cancelled."""
        running = asyncio.ensure_future(work)
        try:
            await wait_for_first(asyncio.wait([running]), self._cancelled.wait())
            if running.done():
                return running.result()
            raise JobStopped
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
