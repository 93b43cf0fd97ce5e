"""Waits that something else can end early."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

Sleep: TypeAlias = Callable[[float], Coroutine[object, object, None]]
"""``asyncio.sleep``, or a replacement in tests; takes seconds."""


async def wait_for_first(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of ``waits`` has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Wakeup:
    """A wake-up call for the tasks that wait; a call while none does ends the next wait at once."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep
        self._called = asyncio.Event()

    def call(self) -> None:
        """End the wait under way, or else the next one."""
        self._called.set()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait for a call, for at most so many seconds (None: without a limit)."""
        if seconds is None:
            await self._called.wait()
        elif not self._called.is_set() and seconds > 0:
            await wait_for_first(self._sleep(seconds), self._called.wait())
        self._called.clear()


class DelayedCall:
    """A call after a pause; requests during the pause change nothing."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._timer: asyncio.TimerHandle | None = None

    def request(self, seconds: float) -> None:
        """Call after ``seconds``, unless a pause is under way."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._run)

    def cancel(self) -> None:
        """End the pause without a call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        self._call()
