"""Acknowledged writes are on disk whenever the process is killed, between commits or within one."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.journals import ACTOR, START_MS, all_jobs, journal_in, plan_for
from walkme_tui.domain.jobs import Job, JobState, StepRecord
from walkme_tui.domain.plans import StepState

KILLS = 16
# About the duration of a commit, so that the kill happens at any point of one, or just after it.
COMMIT_SECONDS = 0.006


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program that works with a journal; it is killed at the end if it still runs."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.support.journal_program", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate(timeout=30)


def killed_after(folder: Path, lines: int, delay_seconds: float, what: str = "work") -> list[str]:
    """The output of a program until it ended, or was killed ``delay_seconds`` after so many lines."""
    with program(what, str(folder)) as started:
        assert started.stdout is not None
        said = []
        for line in started.stdout:
            said.append(line.strip())
            if len(said) == lines:
                break
        time.sleep(delay_seconds)
        started.kill()
        rest = started.stdout.read().splitlines(keepends=True)
    return said + [line.strip() for line in rest if line.endswith("\n")]


class Ledger:
    """The calls that were acknowledged, and the one call that was pending at the kill.

    Outcomes may be lost until the next call that reaches the disk.
    """

    def __init__(self) -> None:
        self.created = False
        self.released = False
        self.states: dict[int, StepState] = {}
        self.attempts: dict[int, int] = {}
        self.before_settling: dict[int, StepState] = {}
        self.under_way = ""

    def note(self, said: list[str]) -> None:
        """Record the output of a program that was killed."""
        self.under_way = ""
        for line in said:
            moment, name, *step = line.split()
            self.under_way = " ".join([name, *step]) if moment == "begin" else ""
            if moment == "done":
                self._done(name, int(step[0]) if step else 0)

    def _done(self, name: str, step: int) -> None:
        self.created = self.created or name == "create"
        self.released = self.released or name == "release"
        if name == "intend":
            self.attempts[step] = self.attempts.get(step, 0) + 1
        after = {"intend": StepState.SENT, "settle": StepState.DONE, "retry": StepState.TODO}
        if name in {"settle", "retry"}:
            self.before_settling[step] = self.states.get(step, StepState.TODO)
        else:
            self.before_settling.clear()
        if name in after:
            self.states[step] = after[name]

    def check(self, jobs: tuple[Job, ...]) -> None:
        """Every acknowledged call is in the journal, and nothing else but the pending one."""
        assert len(jobs) <= 1
        if not jobs:
            assert not self.created
            return
        assert self.created or self.under_way == "create"
        self.created = True
        (job,) = jobs
        if job.state is JobState.DONE:
            assert self.released or self.under_way == "release"
        else:
            assert not self.released
            assert job.state in {JobState.INTERRUPTED, JobState.READY}
        for record in job.steps:
            self._check_step(record)

    def _check_step(self, record: StepRecord) -> None:
        number = record.step.number
        found = (record.state, record.attempts)
        known = (self.states.get(number, StepState.TODO), self.attempts.get(number, 0))
        possible = {known, (self.before_settling.pop(number, known[0]), known[1])}
        if self.under_way == f"intend {number}":
            possible.add((StepState.SENT, known[1] + 1))
        if self.under_way == f"settle {number}":
            possible.add((StepState.DONE, known[1]))
        if self.under_way == f"retry {number}":
            possible.add((StepState.TODO, known[1]))
        assert found in possible
        self.states[number], self.attempts[number] = found
        if record.state is StepState.SENT:
            assert record.before is not None
        if record.state is StepState.DONE:
            assert record.after is not None


async def jobs_in(folder: Path) -> tuple[Job, ...]:
    journal = journal_in(folder)
    try:
        return await all_jobs(journal)
    finally:
        await journal.aclose()


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    ledger = Ledger()
    under_way = 0
    for kill in range(KILLS // 2):
        # The first kills happen while the journal is made.
        lines = 1 if kill < 2 else chance.randint(3, 14)
        ledger.note(killed_after(tmp_path / "data", lines, chance.random() * COMMIT_SECONDS))
        under_way += bool(ledger.under_way)
        ledger.check(await jobs_in(tmp_path / "data"))
    assert under_way, "no kill met a call"
    ledger.note(killed_after(tmp_path / "data", 10_000, 0))
    (job,) = await jobs_in(tmp_path / "data")
    ledger.check((job,))
    assert job.state is JobState.DONE
    assert job.clean
    assert all(record.attempts for record in job.steps)
    # The outcome of one step is lost by a kill at most: the next intent writes it.
    assert sum(record.attempts - 1 for record in job.steps) <= KILLS // 2


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
async def test_a_job_whose_creation_was_killed_is_not_there_and_is_deleted(tmp_path: Path, parts: int) -> None:
    said = killed_after(tmp_path, parts, 0, "create")
    expected = plan_for(*range(4), groups=0).steps if len(said) == 4 else ()
    journal = journal_in(tmp_path)
    jobs = await all_jobs(journal)
    assert [record.step for job in jobs for record in job.steps] == [*expected]
    assert all(job.state is JobState.READY for job in jobs)
    assert stored_people(tmp_path) == len(said)
    # The first write deletes what is left.
    await journal.discard((await journal.create(plan_for(9), ACTOR)).id)
    assert stored_people(tmp_path) == len(expected) + 1
    assert await journal.purge(START_MS + 1_000_000) == 1
    await journal.aclose()
    assert not [*(tmp_path / "locks").iterdir()]


def stored_people(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        (people,) = connection.execute("SELECT count(DISTINCT subject) FROM steps").fetchone()
    return int(people)
