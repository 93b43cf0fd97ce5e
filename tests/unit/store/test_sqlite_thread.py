"""If the loop of a database thread breaks, all calls end with its error."""

import asyncio
import threading
from typing import Any

import pytest

from walkme_tui.store.sqlite_thread import SqliteThread, Steps, Urgency


class Fault(BaseException):
    """An error that is no ``Exception``."""


class Closed(Exception):
    """The error of calls on a closed thread."""


async def test_a_fault_of_the_loop_ends_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = SqliteThread("test", closed_error=Closed)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(30)

    def steps() -> Steps[None]:
        yield
        work()

    running = asyncio.create_task(thread.run(work, Urgency.READ))
    await asyncio.to_thread(begun.wait, 30)
    waiting = [
        asyncio.create_task(thread.run(lambda: None, Urgency.WRITE)),
        asyncio.create_task(thread.scan(steps())),
        asyncio.create_task(thread.write(steps())),
    ]
    await asyncio.sleep(0)

    def broken(*_: Any) -> None:
        raise Fault

    monkeypatch.setattr(SqliteThread, "_next", broken)
    go_on.set()
    await running
    for task in waiting:
        with pytest.raises(Fault):
            await task
    for call in (thread.run(lambda: None, Urgency.READ), thread.aclose(lambda: None)):
        with pytest.raises(Fault):
            await call
    with pytest.raises(Fault):
        thread.post(steps())


async def test_a_fault_ends_a_pending_close(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = SqliteThread("test", closed_error=Closed)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(30)

    running = asyncio.create_task(thread.run(work, Urgency.READ))
    await asyncio.to_thread(begun.wait, 30)
    closing = asyncio.create_task(thread.aclose(lambda: None))
    await asyncio.sleep(0)

    def broken(*_: Any) -> None:
        raise Fault

    monkeypatch.setattr(SqliteThread, "_next", broken)
    go_on.set()
    await running
    with pytest.raises(Fault):
        await closing
