"""Jobs in a total outage, over TCP: few requests, the job stops soon, and every outcome is known afterwards."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.fault_proxy import TOKEN_PATH, Fault, FaultProxy
from tests.support.killed_program import ACTOR, QUICK, yield_to_tasks
from tests.support.sessions import open_session, until
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import OutcomeUnknown, ServiceUnavailable
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plans import Plan, PlanKind, Subject, numbered
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.users import User
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.outage_gate import MAX_SKIPPED
from walkme_tui.services.changes.step_runner import MAX_SENDS
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

# Several times as many as are changed at once: those under way when an outage begins each find it.
PEOPLE = 80
MOST_PER_OPERATION = 1.2

OUTAGES: dict[str, Callable[[FaultProxy], None]] = {
    "refused": FaultProxy.refuse,
    "reset": lambda proxy: setattr(proxy, "always", Fault.RESET),
    "500": lambda proxy: setattr(proxy, "always", Fault.ERROR_500_BEFORE),
    "503": lambda proxy: setattr(proxy, "always", Fault.BUSY),
    "cut": lambda proxy: setattr(proxy, "always", Fault.CUT),
    "web pages": lambda proxy: setattr(proxy, "always", Fault.PAGE_BEFORE),
    "web pages after": lambda proxy: setattr(proxy, "always", Fault.PAGE_AFTER),
    "other JSON": lambda proxy: setattr(proxy, "always", Fault.SHAPE_BEFORE),
}


@asynccontextmanager
async def executor(url: str, folder: Path) -> AsyncIterator[Executor]:
    """An executor over TCP."""
    settings = RestSettings("test", url, "demo", lambda: Secret("demo"), "the test", max_in_flight=8)
    journal = open_journal(folder, actor=ACTOR)
    try:
        async with open_session(RestDirectory(settings, policy=QUICK, pacer=unpaced(8))) as session:
            yield Executor(session, journal, ACTOR, sleep=yield_to_tasks)
    finally:
        await journal.aclose()


def plan(simulator: Simulator) -> Plan:
    """A plan that changes the status of all users."""
    records = simulator.account.users(0, PEOPLE)
    changes = [
        SetStatus(str(record["id"]), str(record["status"]), "active" if record["status"] == "inactive" else "inactive")
        for record in records
    ]
    subjects = tuple(Subject(User(change.subject_id), 0) for change in changes)
    return Plan(PlanKind.OFFBOARD, "test", "https://walkme.test", 0, subjects, numbered(changes))


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("after", [0, 30])
async def test_in_an_outage_each_step_takes_about_one_request(tmp_path: Path, outage: str, after: int) -> None:
    simulator = Simulator(SimulatorSettings(users=PEOPLE))
    with asgi_server(simulator) as server, FaultProxy(server) as proxy:
        async with executor(proxy.url, tmp_path) as desk:
            job = await desk.submit(plan(simulator))
            asked = 0

            async def start_outage() -> None:
                nonlocal asked
                await until(lambda: len(proxy.log) >= after)
                await asyncio.to_thread(OUTAGES[outage], proxy)
                asked = len(proxy.log)

            outage_task = asyncio.create_task(start_outage())
            if after == 0:
                await outage_task
            with pytest.raises(ServiceUnavailable):
                await desk.run(job, JobControl(), lambda progress: None)
            await outage_task
            assert len(proxy.log) - asked <= MOST_PER_OPERATION * (PEOPLE - after / 3)
            proxy.always = None
            if outage == "refused":
                await asyncio.to_thread(proxy.accept)
            job = await desk.run(job, JobControl(), lambda progress: None)
    assert job.state is JobState.DONE
    assert job.clean
    assert len(proxy.writes) == sum(record.changed for record in job.steps) == PEOPLE


@pytest.mark.parametrize("fault", [Fault.PAGE_BEFORE, Fault.PAGE_AFTER, Fault.SHAPE_BEFORE, Fault.SHAPE_AFTER])
async def test_a_write_answered_by_another_server_is_read_back_and_resent(tmp_path: Path, fault: Fault) -> None:
    """Another server answers the first write of each user, and the first read after it."""
    met: Counter[tuple[str, str]] = Counter()

    def first_write_and_read(number: int, method: str, path: str) -> Fault | None:
        met[method, path] += 1
        return fault if path != TOKEN_PATH and met[method, path] == (2 if method == "GET" else 1) else None

    simulator = Simulator(SimulatorSettings(users=PEOPLE))
    with asgi_server(simulator) as server, FaultProxy(server, first_write_and_read) as proxy:
        async with executor(proxy.url, tmp_path) as desk:
            job = await desk.submit(plan(simulator))
            job = await desk.run(job, JobControl(), lambda progress: None)
    assert job.state is JobState.DONE
    assert job.clean
    assert len(proxy.writes) == sum(record.changed for record in job.steps) == PEOPLE
    assert proxy.faults[fault] == 2 * PEOPLE


async def test_a_step_always_answered_by_another_server_is_executed_by_a_later_run(tmp_path: Path) -> None:
    simulator = Simulator(SimulatorSettings(users=PEOPLE))
    portal = True

    def to_writes(number: int, method: str, path: str) -> Fault | None:
        return Fault.PAGE_BEFORE if portal and method in {"PATCH", "PUT"} else None

    with asgi_server(simulator) as server, FaultProxy(server, to_writes) as proxy:
        async with executor(proxy.url, tmp_path) as desk:
            job = await desk.submit(plan(simulator))
            with pytest.raises(OutcomeUnknown, match="“Sign in to the network”"):
                await desk.run(job, JobControl(), lambda progress: None)
            assert not proxy.writes
            assert proxy.faults[Fault.PAGE_BEFORE] == MAX_SENDS * (MAX_SKIPPED + 1)
            portal = False
            job = await desk.run(job, JobControl(), lambda progress: None)
    assert job.state is JobState.DONE
    assert job.clean
    assert len(proxy.writes) == PEOPLE
