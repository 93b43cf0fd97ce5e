"""Waits that a call can end early."""

import asyncio

from tests.support.sessions import ManualTime, until
from walkme_tui.services.waiting import Wakeup


async def test_a_call_ends_the_wait_of_every_task() -> None:
    wakeup = Wakeup(ManualTime().sleep)
    waits = [asyncio.create_task(wakeup.wait(seconds)) for seconds in (None, 60, 60)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    wakeup.call()
    await asyncio.gather(*waits)


async def test_a_call_while_nothing_waits_ends_the_next_wait_and_no_other() -> None:
    time = ManualTime()
    wakeup = Wakeup(time.sleep)
    for seconds in (None, 60):
        wakeup.call()
        await wakeup.wait(seconds)
    assert time.pauses == []
    later = asyncio.create_task(wakeup.wait(60))
    await until(lambda: time.pauses == [60])
    assert not later.done()
    time.advance(60)
    await later


async def test_a_wait_of_zero_returns_at_once_and_cancelling_leaves_no_task() -> None:
    time = ManualTime()
    wakeup = Wakeup(time.sleep)
    await wakeup.wait(0)
    await wakeup.wait(-1)
    before = asyncio.all_tasks()
    wait = asyncio.create_task(wakeup.wait(60))
    await until(lambda: time.pauses == [60])
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    assert asyncio.all_tasks() == before
