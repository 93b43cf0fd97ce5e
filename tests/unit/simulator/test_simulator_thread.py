"""The simulator on its own thread."""

import asyncio
import subprocess
import sys
import threading
from typing import Final

import pytest

from tests.unit.simulator.caller import small
from walkme_tui.simulator.faults import AnswerFault, Fault
from walkme_tui.simulator.thread import SimulatorThread

GROUPS: Final[tuple[str, str, list[tuple[bytes, bytes]], bytes]] = ("GET", "/groups", [], b"")


async def test_calls_wait_for_the_start_and_run_concurrently() -> None:
    with SimulatorThread(small(latency_ms=50)) as thread:
        statuses = [status for status, _, _ in await asyncio.gather(*(thread.handle(*GROUPS) for _ in range(20)))]
        assert statuses == [401] * 20


async def test_requests_are_executed_on_another_thread() -> None:
    with SimulatorThread(small()) as thread:
        threads: list[str] = []
        thread.simulator().on_answer = lambda *_: threads.append(threading.current_thread().name)
        await thread.handle(*GROUPS)
        assert threads == ["walkme-simulator"]


async def test_a_target_is_parsed_as_a_server_parses_it() -> None:
    with SimulatorThread(small()) as thread:
        seen: list[str] = []
        thread.simulator().on_answer = lambda method, target, *_: seen.append(f"{method} {target}")
        await thread.handle("GET", "/us%65rs?email=a%40b.c&x=1?2", [(b"X-Thing", b"1")], b"")
        assert seen == ["GET /users?email=a%40b.c&x=1?2"]


async def test_a_cancelled_call_is_cancelled_in_the_simulator() -> None:
    with SimulatorThread(small()) as thread:
        ended = threading.Event()
        simulator = thread.simulator()
        simulator.on_answer = lambda *_: ended.set()
        simulator.faults.hang_next()
        call = asyncio.create_task(thread.handle(*GROUPS))
        await asyncio.sleep(0.05)
        assert not ended.is_set()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(ended.wait, 5)


async def test_a_call_cancelled_during_the_start_does_not_affect_others() -> None:
    with SimulatorThread(small()) as thread:
        hasty, patient = (asyncio.create_task(thread.handle(*GROUPS)) for _ in range(2))
        await asyncio.sleep(0)
        hasty.cancel()
        assert (await patient)[0] == 401
        assert hasty.cancelled()


async def test_stopping_ends_pending_calls_and_refuses_others() -> None:
    thread = SimulatorThread(small())
    thread.start()
    thread.simulator().faults.add(Fault(AnswerFault.HANG, times=None))
    calls = [asyncio.create_task(thread.handle(*GROUPS)) for _ in range(3)]
    await asyncio.sleep(0.05)
    await asyncio.to_thread(thread.stop)
    for call in calls:
        with pytest.raises(ConnectionResetError, match="stopped"):
            await call
    with pytest.raises(ConnectionResetError, match="stopped"):
        await thread.handle(*GROUPS)
    thread.stop()
    assert "walkme-simulator" not in {running.name for running in threading.enumerate()}


async def test_stopping_at_once_ends_all_calls() -> None:
    thread = SimulatorThread(small())
    thread.start()
    call = asyncio.create_task(thread.handle(*GROUPS))
    await asyncio.sleep(0)
    thread.stop()
    try:
        status, _, _ = await asyncio.wait_for(call, 5)
    except ConnectionResetError as error:
        assert "stopped" in str(error)  # noqa: PT017 - either outcome of the race is correct
    else:
        assert status == 401


async def test_a_simulator_stopped_before_its_start_stays_stopped() -> None:
    thread = SimulatorThread(small())
    waiting = asyncio.create_task(thread.handle(*GROUPS))
    await asyncio.sleep(0)
    thread.stop()
    thread.start()
    for call in (waiting, thread.handle(*GROUPS)):
        with pytest.raises(ConnectionResetError, match="stopped"):
            await call


async def test_a_failed_start_raises_in_every_call() -> None:
    with SimulatorThread(small(faults=("no such fault",))) as thread:
        for _ in range(2):
            with pytest.raises(KeyError, match="no such fault"):
                await thread.handle(*GROUPS)


def test_importing_the_thread_module_loads_no_framework() -> None:
    code = (
        "import sys, walkme_tui.simulator.thread as t, walkme_tui.simulator.settings;"
        "t.SimulatorThread(walkme_tui.simulator.settings.SimulatorSettings());"
        "print([m for m in ('starlette', 'anyio', 'uvicorn', 'walkme_tui.simulator.names') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
