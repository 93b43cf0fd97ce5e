"""Two programs use one journal in any order, end and are killed; it always agrees with a plain model."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, IN_MEMORY, TickingClock, all_jobs, journal_in, plan_for
from walkme_tui.domain.errors import AccountBusy, NotFound
from walkme_tui.domain.jobs import Job, JobState, Outcome, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User

if TYPE_CHECKING:
    from walkme_tui.store.journal.journal import SqliteJournal

PROGRAMS = ("first", "second")
MEMORY = "/dev/shm"  # thousands of commits, none of which needs a disk
USERS = st.none() | st.integers(0, 4).map(person)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from([state for state in StepState if state is not StepState.SENT]),
    st.sampled_from(["", "verified", "Ø"]),
    st.booleans(),
    USERS,
)


@dataclass
class Expected:
    """A job in the model; ``holder`` is the program that executes it, ``claimed`` are its unsettled users."""

    job: Job
    holder: str | None = None
    claimed: set[str] = field(default_factory=set)

    def unsettled_people(self) -> set[str]:
        return {record.step.subject_id for record in self.job.unsettled}

    def set_step(self, index: int, record: StepRecord) -> None:
        steps = list(self.job.steps)
        steps[index] = record
        self.job = replace(self.job, steps=tuple(steps))


class TwoPrograms(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY))
        self.runner = asyncio.Runner()
        self.clock = TickingClock()
        self.programs: dict[str, SqliteJournal] = {}
        self.expected: dict[str, Expected] = {}

    @initialize()
    def start(self) -> None:
        self.programs = {name: journal_in(self.folder / "data", self.clock) for name in PROGRAMS}

    def teardown(self) -> None:
        for program in self.programs.values():
            self.runner.run(program.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    @rule(target=jobs, by=st.sampled_from(PROGRAMS), people=st.lists(st.integers(0, 4), max_size=2, unique=True))
    def create(self, by: str, people: list[int]) -> str:
        job = self.runner.run(self.programs[by].create(plan_for(*people, groups=1), ACTOR))
        assert job.state is JobState.READY
        self.expected[job.id] = Expected(job)
        return job.id

    @rule(by=st.sampled_from(PROGRAMS), job_id=jobs)
    def claim(self, by: str, job_id: str) -> None:
        wanted = self.expected[job_id]
        claiming = self.programs[by].claim(job_id)
        people = wanted.unsettled_people()
        if not wanted.job.state.resumable:
            with pytest.raises(NotFound):
                self.runner.run(claiming)
        elif wanted.holder is not None:
            with pytest.raises(AccountBusy, match=job_id):
                self.runner.run(claiming)
        elif any(other.holder and other.claimed & people for other in self.expected.values()):
            with pytest.raises(AccountBusy, match="one of the same users"):
                self.runner.run(claiming)
        else:
            self.runner.run(claiming)
            wanted.holder, wanted.claimed = by, people
            wanted.job = replace(wanted.job, state=JobState.RUNNING)

    @rule(job_id=jobs, state=st.sampled_from([JobState.INTERRUPTED, JobState.DONE, JobState.READY]))
    def release(self, job_id: str, state: JobState) -> None:
        wanted = self.expected[job_id]
        if wanted.holder is None or (wanted.job.unsettled and state is JobState.DONE):
            return
        self.runner.run(self.programs[wanted.holder].release(job_id, state))
        settled_at_ms = self.clock.now_ms if state is JobState.DONE else None
        wanted.holder = None
        wanted.job = replace(wanted.job, state=state, settled_at_ms=settled_at_ms)

    @rule(job_id=jobs, data=st.data(), before=USERS, at_ms=st.integers(0, 99))
    def intend(self, job_id: str, data: st.DataObject, before: User | None, at_ms: int) -> None:
        wanted = self.expected[job_id]
        if wanted.holder is None or not wanted.job.steps:
            return
        index = data.draw(st.integers(0, len(wanted.job.steps) - 1))
        record = wanted.job.steps[index]
        intending = self.programs[wanted.holder].intend(job_id, index + 1, before, at_ms)
        if record.state is not StepState.TODO:
            with pytest.raises(ValueError, match="must not be sent"):
                self.runner.run(intending)
            return
        self.runner.run(intending)
        sent = replace(record, state=StepState.SENT, attempts=record.attempts + 1, sent_at_ms=at_ms)
        wanted.set_step(index, replace(sent, settled_at_ms=None, before=before or record.before))

    @rule(job_id=jobs, data=st.data(), outcome=OUTCOMES, at_ms=st.integers(0, 99))
    def settle(self, job_id: str, data: st.DataObject, outcome: Outcome, at_ms: int) -> None:
        wanted = self.expected[job_id]
        if wanted.holder is None or not wanted.job.steps:
            return
        index = data.draw(st.integers(0, len(wanted.job.steps) - 1))
        record = wanted.job.steps[index]
        settling = self.programs[wanted.holder].settle(job_id, index + 1, outcome, at_ms)
        if record.state.settled:
            with pytest.raises(ValueError, match="already"):
                self.runner.run(settling)
            return
        self.runner.run(settling)
        settled = replace(record, state=outcome.state, detail=outcome.detail, changed=outcome.changed)
        moment = at_ms if outcome.state.settled else None
        wanted.set_step(index, replace(settled, settled_at_ms=moment, after=outcome.after))

    @rule(by=st.sampled_from(PROGRAMS), job_id=jobs, path=st.sampled_from(["/r/a", "/r/b"]))
    def add_receipt(self, by: str, job_id: str, path: str) -> None:
        self.runner.run(self.programs[by].add_receipt(job_id, path))
        job = self.expected[job_id].job
        if path not in job.receipts:
            self.expected[job_id].job = replace(job, receipts=(*job.receipts, path))

    @rule(by=st.sampled_from(PROGRAMS), job_id=jobs)
    def discard(self, by: str, job_id: str) -> None:
        wanted = self.expected[job_id]
        discarding = self.programs[by].discard(job_id)
        if wanted.holder is not None:
            with pytest.raises(AccountBusy, match=job_id):
                self.runner.run(discarding)
            return
        self.runner.run(discarding)
        if wanted.job.state.resumable:
            now = self.clock.now_ms
            found = self.runner.run(self.programs[by].job(job_id))
            for index, record in enumerate(wanted.job.steps):
                if not record.state.settled:
                    state = StepState.SKIPPED if record.state is StepState.TODO else StepState.NEEDS_REVIEW
                    said = found.steps[index].detail
                    assert "discarded" in said
                    settled = replace(record, state=state, detail=said, changed=False, after=None)
                    wanted.set_step(index, replace(settled, settled_at_ms=now))
            wanted.job = replace(wanted.job, state=JobState.DISCARDED, settled_at_ms=now)

    @rule(target=jobs, by=st.sampled_from(PROGRAMS))
    def die(self, by: str) -> object:
        """The program ends without releasing its jobs, and another one starts."""
        self.runner.run(self.programs[by].aclose())
        self.programs[by] = journal_in(self.folder / "data", self.clock)
        for wanted in self.expected.values():
            if wanted.holder == by:
                wanted.holder = None
                wanted.job = replace(wanted.job, state=JobState.INTERRUPTED)
        return multiple()

    @invariant()
    def both_programs_say_what_is_expected(self) -> None:
        newest_first = tuple(reversed([wanted.job for wanted in self.expected.values()]))
        for program in self.programs.values():
            self.runner.run(program.summaries())  # writes the outcomes that it still holds
        for program in self.programs.values():
            assert self.runner.run(all_jobs(program)) == newest_first
            assert self.runner.run(program.summaries()) == tuple(job.summary for job in newest_first)
        for job in newest_first[:1]:
            assert self.runner.run(self.programs["first"].job(job.id)) == job


TestTwoPrograms = TwoPrograms.TestCase
TestTwoPrograms.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
