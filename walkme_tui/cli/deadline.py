"""The total time that a command may wait for the server, over all attempts of all requests, and its progress line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from walkme_tui.cli.output.progress import ProgressLine
from walkme_tui.domain.errors import Unreachable
from walkme_tui.services.ports import Session

TOTAL_SECONDS: Final = 60.0
TICK_SECONDS: Final = 0.25
# Most commands get their answer before this, and show no progress line.
QUIET_SECONDS: Final = 2.0


class CommandDeadline:
    """Limits the total time inside ``running`` blocks to ``TOTAL_SECONDS``.

    With ``after_each_answer``, the time starts again with each complete answer: for commands that send one request
    for each of many users.
    """

    def __init__(self, session: Session, *, after_each_answer: bool = False) -> None:
        self._api = session.api
        self._host = urlsplit(session.account.base_url).netloc.rpartition("@")[2]
        self._seconds = TOTAL_SECONDS
        self._after_each_answer = after_each_answer
        self._last_answer: object = None
        self._used_seconds = 0.0
        self._line = ProgressLine()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count the time inside the block; raises ``Unreachable`` when it is used up."""
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(self._seconds - self._used_seconds)
        ticking = asyncio.create_task(self._tick(timeout), name="command deadline")
        try:
            async with timeout:
                yield
        except TimeoutError:
            if not timeout.expired():
                raise
            raise Unreachable(
                f"{self._host} sent no usable answer within {self._seconds:g} s, over all attempts.",
                hint="Check the network, the VPN and base_url, or try again later.",
            ) from None
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            self._line.close()
            self._used_seconds = self._seconds - max(0.0, (timeout.when() or 0.0) - loop.time())

    async def _tick(self, ending: asyncio.Timeout) -> None:
        """Update the progress line, and restart the time after an answer if ``after_each_answer``."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self._after_each_answer:
                answers = [record for record in self._api.request_log() if record.outcome == "ok"]
                if answers and answers[-1] != self._last_answer:
                    self._last_answer = answers[-1]
                    ending.reschedule(loop.time() + self._seconds)
            waited = self._seconds - ((ending.when() or 0.0) - loop.time())
            traffic = self._api.traffic()
            if waited >= QUIET_SECONDS and (traffic.in_flight or traffic.waiting_seconds > 0):
                text = f"waiting for {self._host}…, {waited:.0f} s of {self._seconds:g} s"
                self._line.show(partial(str, text))
