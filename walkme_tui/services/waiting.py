"""Waiting for a time limit that a call from elsewhere can end early."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

Sleep: TypeAlias = Callable[[float], Coroutine[object, object, None]]
"""``asyncio.sleep``, or a replacement in tests; takes seconds."""


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
            waits = (asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._called.wait()))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
        self._called.clear()
