"""Running jobs: which are discarded or kept, which errors are raised, and how jobs are stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.change_services import Bench
from tests.support.executor_bench import account
from tests.support.fake_directory import FakeDirectory, person
from tests.support.journals import ACTOR, journal_in
from tests.support.sessions import open_session, until
from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, NotFound, ServerFault
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import Plan
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.job_runs import JobRuns, RunningJob


@asynccontextmanager
async def opened(api: FakeDirectory, folder: Path) -> AsyncIterator[ChangeServices]:
    """The change services of an account, closed at the end."""
    async with open_session(api) as session:
        services = Bench(folder=folder)(session)
        try:
            yield services
        finally:
            await services.aclose()


async def plan_of(services: ChangeServices, *numbers: int) -> Plan:
    return await services.planner.offboard([person(number).id for number in numbers])


def start(runs: JobRuns, job: Job) -> RunningJob:
    return runs.start(job.summary, JobControl(), lambda _: None)


async def test_a_job_runs_and_its_receipts_are_written(tmp_path: Path) -> None:
    async with opened(account(), tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        running = start(services.job_runs, job)
        assert services.job_runs.running == {job.id: running}
        result = await running.task
        assert (result.job.state, result.problem, result.receipt_problem) == (JobState.DONE, None, None)
        assert len(result.job.receipts) == 2
        assert services.job_runs.running == {}


async def test_a_problem_stops_the_job_and_is_in_the_result(tmp_path: Path) -> None:
    api = account()
    async with opened(api, tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        api.fail_next(ServerFault("Out of order.", status=500), times=1000)
        control = JobControl(patience_seconds=0)
        result = await services.job_runs.start(job.summary, control, lambda _: None).task
        assert isinstance(result.problem, ServerFault)
        assert result.job.state is JobState.INTERRUPTED
        assert result.job.receipts


@pytest.mark.parametrize("resumed", [False, True])
async def test_while_others_change_the_user_a_new_job_is_discarded_and_a_resumed_one_is_kept(
    tmp_path: Path, resumed: bool
) -> None:
    async with opened(account(), tmp_path) as services:
        other = journal_in(tmp_path)
        try:
            await other.claim((await other.create(await plan_of(services, 7), ACTOR)).id)
            plan = await plan_of(services, 7)
            job = await (services.journal.create(plan, ACTOR) if resumed else services.job_runs.submit(plan))
            with pytest.raises(AccountBusy):
                await start(services.job_runs, job).task
            state = (await services.journal.job(job.id)).state
            assert state is (JobState.READY if resumed else JobState.DISCARDED)
        finally:
            await other.aclose()


@pytest.mark.parametrize("resumed", [False, True])
async def test_a_job_that_another_process_claimed_is_left_alone(tmp_path: Path, resumed: bool) -> None:
    async with opened(account(), tmp_path) as services:
        other = journal_in(tmp_path)
        try:
            plan = await plan_of(services, 7)
            job = await (services.journal.create(plan, ACTOR) if resumed else services.job_runs.submit(plan))
            await other.claim(job.id)
            with pytest.raises(AccountBusy):
                await start(services.job_runs, job).task
            assert (await services.journal.job(job.id)).state is JobState.RUNNING
        finally:
            await other.aclose()


async def test_a_job_that_runs_here_is_not_started_twice(tmp_path: Path) -> None:
    api = account()
    gate = api.hold("patch_user")
    async with opened(api, tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        running = start(services.job_runs, job)
        with pytest.raises(AccountBusy):
            start(services.job_runs, job)
        gate.set()
        assert (await running.task).job.clean


async def test_a_finished_job_has_nothing_to_resume(tmp_path: Path) -> None:
    async with opened(account(), tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        await start(services.job_runs, job).task
        result = await start(services.job_runs, job).task
        assert isinstance(result.problem, NotFound)


async def test_a_journal_that_cannot_be_read_after_the_run_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(account(), tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        await start(services.job_runs, job).task

        async def unreadable(_job_id: str) -> Job:
            raise JournalUnavailable("The disk is gone.")

        monkeypatch.setattr(services.journal, "job", unreadable)
        with pytest.raises(JournalUnavailable):
            await start(services.job_runs, job).task
        assert services.job_runs.running == {}


async def test_a_running_job_is_up_to_date_without_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = account()
    gate = api.hold("remove_member")
    async with opened(api, tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        running = start(services.job_runs, job)
        await until(lambda: api.asked("remove_member"))
        stored = await services.journal.job(job.id)
        monkeypatch.delattr(type(services.journal), "job")
        assert running.job == stored
        assert running.job.counts == {"done": 1, "sent": 1, "todo": 1}
        monkeypatch.undo()
        gate.set()
        assert (await running.task).job.clean


async def test_discarding_writes_the_receipts_again(tmp_path: Path) -> None:
    bench = Bench(folder=tmp_path)
    async with open_session(account()) as session:
        services = bench(session)
        job = await services.journal.create(await plan_of(services, 7), ACTOR)
        discarded = await services.job_runs.discard(job.id)
        assert discarded.state is JobState.DISCARDED
        assert any('"state": "discarded"' in text for text in bench.receipts.values())
        await services.aclose()


async def test_closing_settles_requests_in_flight_and_keeps_the_remaining_steps(tmp_path: Path) -> None:
    api = account()
    gate = api.hold("patch_user")
    async with opened(api, tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        running = start(services.job_runs, job)
        await until(lambda: api.asked("patch_user"))
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert running.task.done()
    assert running.task.result().job.counts == {"done": 1, "todo": 2}
    journal = journal_in(tmp_path)
    assert (await journal.job(job.id)).state is JobState.INTERRUPTED
    await journal.aclose()


async def test_closing_does_not_wait_for_a_write_that_is_never_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.services.changes.job_runs.SETTLE_SECONDS", 0.05)
    api = account()
    api.hold("patch_user")
    async with opened(api, tmp_path) as services:
        job = await services.job_runs.submit(await plan_of(services, 7))
        running = start(services.job_runs, job)
        await until(lambda: api.asked("patch_user"))
    assert running.task.cancelled()
    journal = journal_in(tmp_path)
    assert (await journal.job(job.id)).counts == {"sent": 1, "todo": 2}
    await journal.aclose()
