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
