"""Jobs that are paused, cancelled, or stopped by an outage or a full disk, and resumed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.executor_bench import (
    BOTH,
    GROUPS,
    ExecutorBench,
    SkippingTime,
    account,
    group,
    open_executor,
    outcomes_of,
    states_of,
)
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.journals import ACTOR
from tests.support.sessions import ManualTime, until
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import (
    JournalUnavailable,
    NotFound,
    RateLimited,
    ServerFault,
    Unreachable,
)
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.store.journal.journal import SqliteJournal

DEACTIVATE = SetStatus(BOTH.id, "active", "inactive")
LEAVE = RemoveMember(BOTH.id, group("g1"))
DOWN = Unreachable("api.walkme.test refused the connection.")


async def advance_until_done(time: ManualTime, running: "asyncio.Task[Job]", seconds: float = 1.0) -> Job:
    """Advance the time until the job has ended."""
    while not running.done():
        for _ in range(200):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        time.advance(seconds)
    return running.result()


# ------------------------------------------------------------ pause


async def test_a_paused_job_takes_no_step_until_it_is_resumed(tmp_path: Path) -> None:
    api, control = account(), JobControl()
    async with open_executor(api, tmp_path) as desk:
        gate = api.hold("patch_user")
        running = asyncio.create_task(desk.run(desk.offboarding(7), control))
        await until(lambda: api.asked("patch_user"))
        control.pause()
        gate.set()
        await until(lambda: desk.progress[-1].paused)
        assert desk.progress[-1].counts == {"done": 1, "todo": 2}
        await asyncio.sleep(0.02)
        assert len(api.writes) == 1
        control.resume()
        assert (await running).clean
        assert not desk.progress[-1].paused


async def test_after_a_pause_the_user_is_read_again(tmp_path: Path) -> None:
    api, control = account(), JobControl()
    async with open_executor(api, tmp_path) as desk:
        gate = api.hold("patch_user")
        running = asyncio.create_task(desk.run(desk.plan([DEACTIVATE, LEAVE]), control))
        await until(lambda: api.asked("patch_user"))
        control.pause()
        gate.set()
        await until(lambda: desk.progress[-1].paused)
        api.edit(BOTH.id, groups=("g2",))
        control.resume()
        job = await running
    assert outcomes_of(job)[1] == ("done", "already out of Sales: nothing was sent")


async def test_a_paused_job_can_be_cancelled(tmp_path: Path) -> None:
    api, control = account(), JobControl()
    control.pause()
    async with open_executor(api, tmp_path) as desk:
        running = asyncio.create_task(desk.run(desk.offboarding(7), control))
        await until(lambda: desk.progress and desk.progress[-1].paused)
        control.cancel()
        assert (await running).state is JobState.INTERRUPTED
    assert not api.calls


# ------------------------------------------------------------ cancel


async def test_a_cancelled_job_settles_what_is_in_flight_and_begins_no_other_step(tmp_path: Path) -> None:
    api, control, time = account(), JobControl(), ManualTime()
    async with open_executor(api, tmp_path, time=time) as desk:
        gate = api.hold("patch_user")
        running = asyncio.create_task(desk.run(desk.offboarding(7, 6), control))
        await until(lambda: api.asked("patch_user"))
        control.cancel()
        time.advance(4.9)
        gate.set()
        job = await running
    assert (job.state, states_of(job)) == (JobState.INTERRUPTED, ["done", "todo", "todo", "todo", "todo"])
    assert len(api.writes) == 1


async def test_a_step_not_settled_within_five_seconds_stays_sent_and_is_read_back_on_resume(
    tmp_path: Path,
) -> None:
    api, control, time = account(), JobControl(), ManualTime()
    async with open_executor(api, tmp_path, time=time) as desk:
        gate = api.hold("patch_user")
        running = asyncio.create_task(desk.run(desk.offboarding(7), control))
        await until(lambda: api.asked("patch_user"))
        control.cancel()
        await until(lambda: 5.0 in time.pauses)
        assert not running.done()
        time.advance(5.0)
        job = await running
        assert (job.state, states_of(job)) == (JobState.INTERRUPTED, ["sent", "todo", "todo"])
        gate.set()
        before = len(api.calls)
        job = await advance_until_done(time, asyncio.create_task(desk.resume(job)))
    assert job.clean
    assert job.steps[0].attempts == 2
    assert [call.name for call in api.calls[before:]][:3] == ["get_user", "get_user", "get_user"]


async def test_a_job_whose_last_step_settles_while_it_is_cancelled_is_done(tmp_path: Path) -> None:
    api, control = account(), JobControl()
    api.meanwhile("patch_user", control.cancel)
    async with open_executor(api, tmp_path, time=ManualTime()) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]), control)
    assert (job.state, states_of(job)) == (JobState.DONE, ["done"])


async def test_a_cancelled_task_leaves_a_job_that_can_be_resumed(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        gate = api.hold("patch_user")
        running = asyncio.create_task(desk.run(desk.offboarding(7)))
        await until(lambda: api.asked("patch_user"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        job = await desk.only()
        assert (job.state, states_of(job)) == (JobState.INTERRUPTED, ["sent", "todo", "todo"])
        gate.set()
        assert (await desk.resume(job)).clean


# ------------------------------------------------------------ outages


async def test_in_an_outage_the_job_stops_after_few_requests(tmp_path: Path) -> None:
    api = account(40)
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(*range(40))
        api.offline = DOWN
        begun = desk.time.seconds
        with pytest.raises(Unreachable):
            await desk.run(plan)
        assert desk.time.seconds - begun < 60
        job = await desk.only()
        assert job.state is JobState.INTERRUPTED
        assert set(states_of(job)) == {"todo"}
        assert len(api.calls) <= 6
        api.offline = None
        assert (await desk.resume(job)).clean


async def test_an_outage_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    api, time = account(40), ManualTime()
    async with open_executor(api, tmp_path, time=time) as desk:
        plan = desk.offboarding(*range(40))

        def go_down() -> None:
            api.offline = DOWN

        for _ in range(5):
            api.meanwhile("remove_member", lambda: None)
        api.meanwhile("remove_member", go_down)
        with pytest.raises(Unreachable):
            await advance_until_done(time, asyncio.create_task(desk.run(plan)), 0.2)
        asked = len(api.calls)
        job = await desk.only()
        assert len(api.writes) == sum(record.changed for record in job.steps) + states_of(job).count("sent")
        assert "todo" in states_of(job)
        api.offline = None
        job = await advance_until_done(time, asyncio.create_task(desk.resume(job)))
    assert job.clean
    assert asked < 2 * len(plan.steps)
    assert len(api.writes) == len(plan.steps)


@pytest.mark.parametrize("error", [DOWN, ServerFault("A fault.", status=500), RateLimited("Slow down.")])
async def test_a_job_waits_until_a_short_outage_ends(tmp_path: Path, error: Unreachable) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(7)
        api.fail_next(error, times=3)
        job = await desk.run(plan)
        assert job.clean
        assert error.message in {each.paused for each in desk.progress}
        assert not desk.progress[-1].paused
        assert desk.time.pauses == [1.0, 2.0]


async def test_a_write_that_was_not_sent_is_sent_when_the_service_is_back(tmp_path: Path) -> None:
    api = account()
    api.fail_next(DOWN, name="patch_user")
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert outcomes_of(job) == [("done", "was active, is inactive")]
    assert (job.steps[0].attempts, len(api.writes)) == (2, 1)


async def test_a_change_by_others_during_an_outage_does_not_count_as_ours(tmp_path: Path) -> None:
    api = account()
    api.fail_next(DOWN, name="patch_user")
    api.meanwhile("get_user", lambda: None)
    api.meanwhile("get_user", lambda: api.edit(BOTH.id, status="inactive"))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert outcomes_of(job) == [("done", "already inactive: nothing was sent")]
    assert not job.steps[0].changed


async def test_an_unanswered_step_stays_sent_in_an_outage(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:

        def go_down() -> None:
            api.offline = DOWN
            api.lose_answer()

        api.meanwhile("patch_user", lambda: api.meanwhile("get_user", go_down))
        api.lose_answer()
        with pytest.raises(Unreachable):
            await desk.run(desk.offboarding(7))
        job = await desk.only()
        assert states_of(job) == ["sent", "todo", "todo"]
        api.offline = None
        api.calls.clear()
        job = await desk.resume(job)
    assert job.clean
    assert outcomes_of(job)[0] == ("done", "interrupted after it was sent; the change was there when read again")
    assert api.calls[0].name == "get_user"
    assert not api.asked("patch_user")


async def test_without_a_patience_limit_the_job_waits_as_long_as_the_outage(tmp_path: Path) -> None:
    api, time = account(), SkippingTime()
    async with open_executor(api, tmp_path, time=time) as desk:
        plan = desk.offboarding(7)
        api.fail_next(DOWN, times=30)
        job = await desk.run(plan, JobControl(patience_seconds=None))
    assert job.clean
    assert time.pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_resume_retries_at_once(tmp_path: Path) -> None:
    api, time, control = account(), ManualTime(), JobControl(patience_seconds=None)
    async with open_executor(api, tmp_path, time=time) as desk:
        plan = desk.offboarding(7)
        api.offline = DOWN
        running = asyncio.create_task(desk.run(plan, control))
        await until(lambda: time.pauses)
        assert desk.progress[-1].paused == DOWN.message
        api.offline = None
        control.resume()
        assert (await running).clean


async def test_waiting_for_the_service_ends_when_the_job_is_cancelled(tmp_path: Path) -> None:
    api, time, control = account(), ManualTime(), JobControl(patience_seconds=None)
    async with open_executor(api, tmp_path, time=time) as desk:
        plan = desk.offboarding(7)
        api.offline = DOWN
        running = asyncio.create_task(desk.run(plan, control))
        await until(lambda: time.pauses)
        control.cancel()
        assert (await running).state is JobState.INTERRUPTED
        assert len(api.calls) == 1


async def test_any_answer_ends_the_wait_for_the_service(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(7)
        api.fail_next(DOWN)
        api.fail_next(NotFound("Gone.", status=404))
        api.remove(BOTH.id)
        job = await desk.run(plan)
    assert states_of(job) == ["failed", "skipped", "skipped"]


class FailingRecords(FakeDirectory):
    """An account whose server fails for the records of some users."""

    def __init__(self, *numbers: int) -> None:
        super().__init__(people(12), groups=GROUPS)
        self.poisonous = {person(number).id for number in numbers}

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user, unless the record fails."""
        found = await super().get_user(user_id, priority)
        if user_id in self.poisonous:
            raise ServerFault("The server had a fault (500).", status=500)
        return found


async def test_one_user_who_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    api = FailingRecords(6)
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(6, 7, 1, 2)
        with pytest.raises(ServerFault):
            await desk.run(plan)
        job = await desk.only()
        assert job.state is JobState.INTERRUPTED
        assert {record.step.subject_id for record in job.unsettled} == {person(6).id}
        api.poisonous.clear()
        assert (await desk.resume(job)).clean


async def test_a_step_whose_user_cannot_be_read_back_stays_sent(tmp_path: Path) -> None:
    api = FailingRecords()
    api.meanwhile("patch_user", lambda: api.poisonous.add(BOTH.id))
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(ServerFault):
            await desk.run(desk.offboarding(7, 6))
        job = await desk.only()
        assert states_of(job) == ["sent", "todo", "todo", "done", "done"]
        with pytest.raises(ServerFault):
            await desk.resume(job)
        assert states_of(await desk.only()) == states_of(job)
        api.poisonous.clear()
        assert (await desk.resume(job)).clean
    assert len(api.asked("patch_user")) == 2


async def test_a_job_stops_when_most_users_cannot_be_read(tmp_path: Path) -> None:
    api = FailingRecords(*range(12))
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(ServerFault):
            await desk.run(desk.offboarding(*range(12)))
        assert not api.writes
        assert len(api.calls) < 60


async def test_a_read_that_hangs_ends_with_the_patience(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = desk.offboarding(7)

        def hang() -> None:
            api.hold("get_user")

        api.fail_next(DOWN)
        api.meanwhile("get_user", hang)
        with pytest.raises(Unreachable):
            await desk.run(plan, JobControl(patience_seconds=1.05))
        assert (await desk.only()).state is JobState.INTERRUPTED


# ------------------------------------------------------------ resuming


async def interrupted(desk: ExecutorBench, *, sent: tuple[int, ...]) -> Job:
    """A job whose process ended after it had stored these intents."""
    plan = desk.plan([DEACTIVATE, SetStatus(person(6).id, "active", "inactive"), LEAVE])
    job = await desk.executor.submit(plan)
    await desk.journal.claim(job.id)
    for number in sent:
        await desk.journal.intend(job.id, number, BOTH, 0)
    await desk.journal.release(job.id, JobState.INTERRUPTED)
    return job


async def test_all_sent_steps_are_read_back_before_anything_is_sent(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await interrupted(desk, sent=(1, 2))
        api.edit(person(6).id, status="inactive")
        job = await desk.resume(job)
    first_write = next(index for index, call in enumerate(api.calls) if call.name == "patch_user")
    assert {call.arguments[0] for call in api.calls[:first_write]} == {BOTH.id, person(6).id}
    assert outcomes_of(job) == [
        ("done", "was active, is inactive"),
        ("done", "interrupted after it was sent; the change was there when read again"),
        ("done", "left Sales"),
    ]
    assert [record.changed for record in job.steps] == [True, True, True]


async def test_a_sent_step_of_a_deleted_user_is_settled(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await interrupted(desk, sent=(1,))
        api.remove(BOTH.id)
        job = await desk.resume(job)
    assert states_of(job) == ["failed", "done", "failed"]


# ------------------------------------------------------------ the journal


class FailingJournal:
    """A journal that fails at one call, and from then on if it is ``full``."""

    def __init__(self, real: SqliteJournal, name: str, number: int, *, full: bool) -> None:
        self._real = real
        self._name = name
        self._left = number
        self._full = full

    def __getattr__(self, name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(self._real, name)
        if name not in {"create", "claim", "release", "intend", "settle"}:
            return real

        def call(*arguments: object) -> object:
            now = False
            if name == self._name:
                self._left -= 1
                now = self._left == 0
            if now or (self._left <= 0 and self._full):
                if name == "release":
                    self._real._locks.release_all()  # the real journal also releases its lock on a full disk
                raise JournalUnavailable("There is no space left for the journal.")
            return real(*arguments)

        return call


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    ("name", "number", "sent"),
    [("create", 1, 0), ("claim", 1, 0), ("intend", 1, 0), ("settle", 1, 1), ("intend", 2, 1), ("release", 1, 3)],
)
async def test_nothing_is_sent_without_a_journal_record(
    tmp_path: Path, name: str, number: int, sent: int, full: bool
) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        assert isinstance(desk.journal, SqliteJournal)
        failing = FailingJournal(desk.journal, name, number, full=full)
        plan = desk.offboarding(7)
        executor = Executor(desk.session, failing, ACTOR, sleep=desk.time.sleep)  # type: ignore[arg-type]

        async def all_of_it() -> None:
            job = await executor.submit(plan)
            await executor.run(job, JobControl(), desk.progress.append)

        with pytest.raises(JournalUnavailable):
            await all_of_it()
        assert len(api.writes) == sent
        if name != "create":
            job = await desk.only()
            if job.state.resumable:
                job = await desk.resume(job)
            assert job.clean
            assert len(api.writes) == len(plan.steps)


async def test_a_full_disk_sends_nothing(tmp_path: Path) -> None:
    api = account()
    folder = tmp_path / "file"
    folder.write_text("in the way")
    async with open_executor(api, folder) as desk:
        with pytest.raises(JournalUnavailable):
            await desk.run(desk.offboarding(7))
    assert not api.calls
