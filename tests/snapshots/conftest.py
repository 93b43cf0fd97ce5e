"""Fixtures for snapshots of the browser: a frozen clock, a fixed time zone, and a closed session."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from tests.support.browser import Browser, Setting, close
from tests.support.idle import wait_for_idle

Drive: TypeAlias = Callable[[Browser], Awaitable[None]]
SnapshotCheck: TypeAlias = Callable[[Setting, Drive, tuple[int, int]], bool]

# What the cursor rests on is shown after 0.15 s.
REST_SECONDS = 0.2


@pytest.fixture(autouse=True)
def one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show times of day in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def matches_snapshot(snap_compare: Callable[..., bool]) -> SnapshotCheck:
    """Compare the screen of a browser, after ``drive``, with its snapshot."""

    def compare(setting: Setting, drive: Drive, size: tuple[int, int]) -> bool:
        app = setting.app()

        async def run_before(pilot: Pilot[Any]) -> None:
            browser = Browser(pilot, app, setting)
            await browser.pause()
            await drive(browser)
            await wait_for_idle(soon=REST_SECONDS)
            if setting.problem is None:
                await browser.tick(0)  # the timer that does it each second may not have yet
            assert browser.screen_text  # draws what is below dialogs, which a screenshot would leave out

        same = snap_compare(app, terminal_size=size, run_before=run_before)
        asyncio.run(close(app))
        return same

    return compare
