"""Waits until a Textual app has handled everything that is pending, in place of ``textual._wait.wait_for_idle``.

Textual's own waits for 20 ms during which the process used no processor time, several times a key. That is most of the
time of a test, and says little on a busy machine: a process that does not get the processor looks idle. Here the event
loop is asked: it is idle when no callback is ready, no thread owes it a result, and no timer is due soon.
"""

import asyncio
import functools
import time
from asyncio import futures
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

import textual.screen
from textual import _wait

PATIENCE_SECONDS = 10.0
WAIT_SECONDS = 0.25
SOON_SECONDS = 0.02
FRAME_SECONDS = 0.001
_owed: WeakSet["asyncio.Future[Any]"] = WeakSet()


async def wait_for_idle(min_sleep: float = 0, max_sleep: float = WAIT_SECONDS, soon: float = SOON_SECONDS) -> None:
    """Return when the event loop has nothing to do, and no timer is due within ``soon`` seconds.

    A thread that does not end, or timers without an end, are waited for ``max_sleep`` seconds.
    """
    loop: Any = asyncio.get_running_loop()
    started = time.monotonic()
    rounds = 0  # with nothing ready; after the second one the loop has also looked for input
    while time.monotonic() - started < PATIENCE_SECONDS:
        await asyncio.sleep(0)
        rounds = 0 if loop._ready else rounds + 1
        if rounds < 2:
            continue
        if len(loop._selector.get_map()) > 1:  # connections: what works at their other end is not known here
            await _wait.wait_for_idle(min_sleep, max_sleep)
            return
        due = min((timer._when for timer in loop._scheduled if not timer._cancelled), default=inf) - loop.time()
        owed = any(future.get_loop() is loop for future in _owed)
        if (not owed and due > soon) or time.monotonic() - started > max_sleep:
            return
        await asyncio.sleep(0.001 if owed else max(0, due))


@contextmanager
def idle_by_event_loop() -> Iterator[None]:
    """Let pilots wait like this; frames are short, so that they wait for the next one only briefly."""
    wrap_future = futures.wrap_future

    @functools.wraps(wrap_future)
    def noted(*arguments: Any, **named: Any) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = wrap_future(*arguments, **named)
        _owed.add(future)
        future.add_done_callback(_owed.discard)
        return future

    with (
        patch.object(futures, "wrap_future", noted),
        patch.object(asyncio, "wrap_future", noted),
        patch("textual.app.wait_for_idle", wait_for_idle),
        patch("textual.pilot.wait_for_idle", wait_for_idle),
        patch.object(textual.screen, "UPDATE_PERIOD", FRAME_SECONDS),
    ):
        yield
