"""The reins of a running job: pause, go on, stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

# With the time-outs of a write, of the look after it and of what is in flight this stays below a minute.
PATIENCE_SECONDS: Final = 8.0


class JobStopped(Exception):
    """No further step is taken; not an error of anybody."""


class JobControl:
    """Steers one run of a job, from the event loop on which it runs; signal handlers of that loop may call it too.

    ``patience_seconds`` is how long a run waits for a service that cannot be used before it gives up; None, for whoever
    has a screen on which that is seen, is for ever.
    """

    def __init__(self, *, patience_seconds: float | None = PATIENCE_SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._going = asyncio.Event()
        self._going.set()
        self._cancelled = asyncio.Event()
        self._impatient = asyncio.Event()

    @property
    def paused(self) -> bool:
        """No new step is taken until ``resume``."""
        return not self._going.is_set()

    @property
    def cancelled(self) -> bool:
        """No new step is taken in this run."""
        return self._cancelled.is_set()

    def pause(self) -> None:
        """Take no new step until ``resume``; what is in flight is finished."""
        if not self.cancelled:
            self._going.clear()

    def resume(self) -> None:
        """Go on; a run that waits for the service looks at once whether it is back."""
        self._going.set()
        self._impatient.set()

    def cancel(self) -> None:
        """Take no new step; what is in flight is settled within 5 s, or left as sent."""
        self._cancelled.set()
        self._going.set()

    async def wait_cancelled(self) -> None:
        """Return once ``cancel`` was called."""
        await self._cancelled.wait()

    async def wait_going(self) -> None:
        """Return once the job is not paused; ``JobStopped`` if it was cancelled."""
        await self._going.wait()
        if self.cancelled:
            raise JobStopped

    async def until_resumed(self, wait: Coroutine[Any, Any, None]) -> None:
        """Wait as long as ``wait`` takes, or until ``resume``; ``JobStopped`` as soon as the job is cancelled."""
        self._impatient.clear()
        await self.unless_cancelled(_first(wait, self._impatient.wait()))

    async def unless_cancelled(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``; ``JobStopped``, and ``work`` is cancelled, as soon as the job is cancelled."""
        working = asyncio.ensure_future(work)
        watching = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise JobStopped
        finally:
            await _end(working, watching)


async def _first(one: Coroutine[Any, Any, object], other: Coroutine[Any, Any, object]) -> None:
    """Return when one of the two has ended, and end the other."""
    tasks = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(*tasks)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
