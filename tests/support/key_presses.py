"""Typing in a Textual app."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot

IDLE_SECONDS = 0.004
PATIENCE_SECONDS = 1.0


async def press_keys(pilot: Pilot[Any], keys: Sequence[str]) -> None:
    """Press keys, each once the program was idle for a few milliseconds after the one before it.

    The pilot waits for 20 ms, twice a key, which is most of the time of typing; here only after the last key.
    """
    with patch("textual.app.wait_for_idle", _idle_for_a_moment):
        for key in keys[:-1]:
            await pilot.press(key)
    await pilot.press(*keys[-1:])


async def _idle_for_a_moment(min_sleep: float) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    used = IDLE_SECONDS
    while used > IDLE_SECONDS / 10 and time.monotonic() < deadline:
        before = time.process_time()
        await asyncio.sleep(IDLE_SECONDS)
        await asyncio.sleep(0)  # what became due meanwhile counts as well
        used = time.process_time() - before
