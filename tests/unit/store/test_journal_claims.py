"""Claims: one process executes a job, one job at a time changes a user, and dead processes hold nothing."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, TickingClock, journal_in, plan_for
from walkme_tui.domain.changes.group import RenameGroup
from walkme_tui.domain.errors import AccountBusy
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import JobState, Outcome
from walkme_tui.domain.plans import GroupSubject, Plan, PlanKind, StepState, numbered
from walkme_tui.store.journal import claims, journal
from walkme_tui.store.journal import file as journal_file
from walkme_tui.store.journal.claims import LEASE_MS, Process
from walkme_tui.store.locks import Locks

ZOE = person(1)


@contextmanager
def claimer(folder: Path, job_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that tries to claim a job, and holds it until it is killed."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.support.journal_program", "claim", str(folder), job_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate(timeout=30)


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_the_holder_of_a_job_is_named_and_its_death_releases_the_job(tmp_path: Path) -> None:
    here = journal_in(tmp_path)
    job = await here.create(plan_for(1), ACTOR)
    with claimer(tmp_path, job.id) as other:
        assert answer(other) == "claimed"
        assert (await here.job(job.id)).state is JobState.RUNNING
        with pytest.raises(AccountBusy) as caught:
            await here.claim(job.id)
        for part in (job.id, "offboard", f"process {other.pid} on {os.uname().nodename}"):
            assert part in caught.value.message
        assert caught.value.hint
        with pytest.raises(AccountBusy, match=str(other.pid)):
            await here.discard(job.id)
    assert (await here.job(job.id)).state is JobState.INTERRUPTED
    await here.claim(job.id)
    assert (await here.job(job.id)).state is JobState.RUNNING
    await here.aclose()


async def test_one_of_several_processes_claims_the_job(tmp_path: Path) -> None:
    here = journal_in(tmp_path)
    job = await here.create(plan_for(1), ACTOR)
    await here.aclose()
    with ExitStack() as stack:
        others = [stack.enter_context(claimer(tmp_path, job.id)) for _ in range(5)]
        answers = [answer(other) for other in others]
    assert answers.count("claimed") == 1
    assert sum(said.startswith("AccountBusy") for said in answers) == 4


async def test_two_jobs_with_a_common_user_do_not_run_at_once(tmp_path: Path) -> None:
    here, there = journal_in(tmp_path), journal_in(tmp_path)
    first = await here.create(plan_for(1, 2), ACTOR)
    second = await here.create(plan_for(2, 3), ACTOR)
    third = await here.create(plan_for(4), ACTOR)
    await here.claim(first.id)
    for program in (here, there):
        with pytest.raises(AccountBusy, match=f"{first.id} .offboard. is changing one of the same users"):
            await program.claim(second.id)
    await there.claim(third.id)
    assert (await there.job(second.id)).state is JobState.READY
    await here.release(first.id, JobState.INTERRUPTED)
    await there.claim(second.id)
    with pytest.raises(AccountBusy, match=second.id):
        await here.claim(first.id)
    await here.aclose()
    await there.aclose()


async def test_a_group_and_a_user_with_the_same_id_are_claimed_apart(tmp_path: Path) -> None:
    here = journal_in(tmp_path)
    group = Group(ZOE.id, "Sales")
    steps = numbered([RenameGroup(group.id, "Sales", "EMEA")])
    renaming = Plan(PlanKind.RENAME_GROUP, "acme", "https://x", 0, (), steps, groups=(GroupSubject(group, 1, 0),))
    jobs = [await here.create(plan, ACTOR) for plan in (plan_for(1), renaming, renaming)]
    await here.claim(jobs[0].id)
    await here.claim(jobs[1].id)
    with pytest.raises(AccountBusy, match=f"{jobs[1].id} .rename group. is changing one of the same groups"):
        await here.claim(jobs[2].id)
    await here.aclose()


async def test_users_whose_steps_are_settled_can_be_claimed(tmp_path: Path) -> None:
    here = journal_in(tmp_path)
    first = await here.create(plan_for(1, 2, groups=0), ACTOR)
    second = await here.create(plan_for(2, groups=0), ACTOR)
    await here.claim(first.id)
    await here.settle(first.id, 2, Outcome(StepState.DONE, ""), 1)
    await here.release(first.id, JobState.INTERRUPTED)
    await here.claim(second.id)
    await here.claim(first.id)
    await here.release(second.id, JobState.INTERRUPTED)
    await here.claim(second.id)
    await here.aclose()


@pytest.mark.parametrize("sent_by_the_holder", [True, False])
async def test_a_sent_step_without_an_answer_claims_its_user(tmp_path: Path, *, sent_by_the_holder: bool) -> None:
    here = journal_in(tmp_path)
    open_job = await here.create(plan_for(1, groups=0), ACTOR)
    other = await here.create(plan_for(1, groups=0), ACTOR)
    await here.claim(open_job.id)
    await here.intend(open_job.id, 1, ZOE, 1)
    await here.release(open_job.id, JobState.INTERRUPTED)
    holder, rival = (open_job, other) if sent_by_the_holder else (other, open_job)
    await here.claim(holder.id)
    with pytest.raises(AccountBusy, match=f"{holder.id} .offboard. is changing one of the same users"):
        await here.claim(rival.id)
    await here.aclose()


async def test_the_claims_of_a_dead_process_are_void(tmp_path: Path) -> None:
    here = journal_in(tmp_path)
    first = await here.create(plan_for(1, 2), ACTOR)
    second = await here.create(plan_for(2, 3), ACTOR)
    with claimer(tmp_path, first.id) as other:
        assert answer(other) == "claimed"
        with pytest.raises(AccountBusy, match="one of the same users"):
            await here.claim(second.id)
    await here.claim(second.id)
    assert (await here.job(first.id)).state is JobState.INTERRUPTED
    await here.aclose()


async def test_a_refused_claim_releases_the_lock(tmp_path: Path) -> None:
    here, there = journal_in(tmp_path), journal_in(tmp_path)
    first = await here.create(plan_for(1), ACTOR)
    second = await here.create(plan_for(1), ACTOR)
    await here.claim(first.id)
    with pytest.raises(AccountBusy):
        await there.claim(second.id)
    assert Locks(tmp_path / "locks").is_free(second.id)
    assert not Locks(tmp_path / "locks").is_free(first.id)
    await here.release(first.id, JobState.INTERRUPTED)
    await here.claim(second.id)
    await here.aclose()
    await there.aclose()


class TestOnANetworkDrive:
    """A free lock proves nothing about other hosts there; a lease does."""

    @pytest.fixture(autouse=True)
    def _network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal_file, "lies_on_network", lambda folder: True)

    def _there(self, folder: Path, clock: TickingClock, monkeypatch: pytest.MonkeyPatch) -> journal.SqliteJournal:
        """A journal whose process seems to run on another host."""
        with monkeypatch.context() as patch:
            patch.setattr(claims, "Process", lambda: Process(host="other-host"))
            return journal_in(folder, clock)

    async def test_a_job_of_another_host_is_busy_until_its_lease_ends(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = TickingClock()
        here, there = journal_in(tmp_path, clock), self._there(tmp_path, clock, monkeypatch)
        job = await here.create(plan_for(1), ACTOR)
        await there.claim(job.id)
        there._locks.release_all()  # as if this host did not see the locks of the other
        assert (await here.job(job.id)).state is JobState.RUNNING
        with pytest.raises(AccountBusy, match="other-host"):
            await here.claim(job.id)
        clock.now_ms += LEASE_MS
        assert (await here.job(job.id)).state is JobState.INTERRUPTED
        await here.claim(job.id)
        await here.aclose()
        await there.aclose()

    async def test_a_process_that_lost_its_job_to_another_host_cannot_write(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = TickingClock()
        here, there = journal_in(tmp_path / "a", clock), self._there(tmp_path / "a", clock, monkeypatch)
        job = await here.create(plan_for(1), ACTOR)
        await there.claim(job.id)
        (tmp_path / "a" / "locks" / f"{job.id}.lock").unlink()  # as if this host did not see the lock of the other
        clock.now_ms += LEASE_MS
        await here.claim(job.id)
        with pytest.raises(AccountBusy, match="taken over"):
            await there.intend(job.id, 1, ZOE, 1)
        with pytest.raises(AccountBusy, match="taken over"):
            await there.release(job.id, JobState.DONE)
        assert (await here.job(job.id)).state is JobState.RUNNING
        await here.intend(job.id, 1, ZOE, 1)
        await here.aclose()
        await there.aclose()

    async def test_a_holder_renews_its_lease(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal, "RENEWAL_SECONDS", 0.01)
        clock = TickingClock()
        here, there = journal_in(tmp_path, clock), self._there(tmp_path, clock, monkeypatch)
        job = await here.create(plan_for(1), ACTOR)
        await there.claim(job.id)
        clock.now_ms += LEASE_MS
        looked = clock.now_ms

        async def last_renewal() -> int:
            return await here.read(
                lambda tables: int(tables.connection.execute("SELECT beat_ms FROM holders").fetchone()[0]), 0
            )

        looks = 0
        while await last_renewal() <= looked and looks < 1000:
            looks += 1
        assert await last_renewal() > looked
        await there.release(job.id, JobState.INTERRUPTED)
        await here.aclose()
        await there.aclose()


class TestLocks:
    def test_a_lock_is_held_once_until_it_is_released(self, tmp_path: Path) -> None:
        one, other = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
        assert one.is_free("a")
        assert one.acquire("a")
        assert not one.acquire("a", 0)
        assert not other.acquire("a", 0)
        assert (one.holds("a"), other.holds("a")) == (True, False)
        assert (one.is_free("a"), other.is_free("a")) == (False, False)
        assert other.acquire("b")
        one.release("a")
        one.release("a")
        assert other.is_free("a")
        assert other.acquire("a")
        other.release_all()
        assert other.held == ()
        assert list((tmp_path / "locks").iterdir()) == []

    def test_a_lock_released_between_opening_and_locking_is_opened_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The opened file is deleted by then, and a lock on it would exclude no other process."""
        one, other, third = Locks(tmp_path), Locks(tmp_path), Locks(tmp_path)
        assert one.acquire("a")
        lock = fcntl.flock

        def late(handle: int, operation: int) -> None:
            one.release("a")
            lock(handle, operation)

        with monkeypatch.context() as patch:
            patch.setattr(fcntl, "flock", late)
            assert other.acquire("a")
        assert not third.acquire("a", 0)

    def test_waiting_for_a_lock_times_out(self, tmp_path: Path) -> None:
        one, other = Locks(tmp_path), Locks(tmp_path)
        with one.holding("a", 0), pytest.raises(TimeoutError, match=r"a\.lock"), other.holding("a", 0.02):
            pass
        with other.holding("a", 0):
            assert not one.is_free("a")
        assert one.is_free("a")
