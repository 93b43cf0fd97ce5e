"""The browser with a measurement of its event loop: each delay is written to the file that ``LATENESS`` names.

A beat is due every 5 ms; how late it comes is how long the loop could not answer a key.
"""

import asyncio
import os
import sys
import time
from collections.abc import Coroutine  # noqa: TC003 - the program is not imported by others
from pathlib import Path
from typing import Any, Final

from walkme_tui.ui import start as beginning
from walkme_tui.ui.browser_start import BrowserStart

BEAT_SECONDS: Final = 0.005


async def _beat(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        late.append(time.perf_counter() - due)
        if len(late) >= 400:
            _write(late)


def _write(late: list[float]) -> None:
    with Path(os.environ["LATENESS"]).open("a", encoding="ascii") as file:
        file.writelines(f"{seconds:.5f}\n" for seconds in late)
    late.clear()


def main() -> int:
    """Run the browser with the measurement."""
    browse = beginning._browse

    async def watched(start: BrowserStart) -> int:
        late: list[float] = []
        beating = asyncio.create_task(_beat(late))
        browsing: Coroutine[Any, Any, int] = browse(start)
        try:
            return await browsing
        finally:
            beating.cancel()

    beginning._browse = watched
    from walkme_tui.__main__ import main as begin

    return begin()


if __name__ == "__main__":
    sys.exit(main())
