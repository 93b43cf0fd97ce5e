"""Outcomes of steps are written without a commit of their own, and never later than a call that rests on them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, journal_in, plan_for
from walkme_tui.domain.errors import AccountBusy, JournalUnavailable
from walkme_tui.domain.jobs import Job, JobState, Outcome, OutcomeReason
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal import journal as journal_module
from walkme_tui.store.journal.journal import SqliteJournal

ZOE = person(1)
DONE = Outcome(StepState.DONE, "verified", changed=True, after=ZOE)


@pytest.fixture(autouse=True)
def no_short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No outcome is written only because a slow machine took its time."""
    monkeypatch.setattr(journal_module, "SETTLED_SECONDS", 3600)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = journal_in(tmp_path)
    yield journal
    await journal.aclose()


@pytest.fixture
async def onlooker(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    """The journal as another process sees it: what has reached the disk."""
    journal = journal_in(tmp_path)
    yield journal
    await journal.aclose()


async def job_with_an_outcome(journal: SqliteJournal, outcome: Outcome = DONE) -> Job:
    """A claimed job whose first step was sent and settled."""
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.intend(job.id, 1, ZOE, 1)
    await journal.settle(job.id, 1, outcome, 2)
    return job


async def states(journal: SqliteJournal, job: Job) -> list[str]:
    return [record.state.value for record in (await journal.job(job.id)).steps]


async def test_the_next_intent_writes_the_outcome_in_the_same_commit(
    journal: SqliteJournal, onlooker: SqliteJournal
) -> None:
    job = await job_with_an_outcome(journal)
    assert await states(onlooker, job) == ["sent", "todo", "todo"]
    await journal.intend(job.id, 2, ZOE, 3)
    assert await states(onlooker, job) == ["done", "sent", "todo"]


@pytest.mark.parametrize(
    "call",
    [
        lambda journal, job: journal.job(job.id),
        lambda journal, job: journal.summaries(),
        lambda journal, job: journal.release(job.id, JobState.INTERRUPTED),
        lambda journal, job: journal.create(plan_for(2), ACTOR),
        lambda journal, job: journal.aclose(),
    ],
    ids=["read", "list", "release", "another job", "end"],
)
async def test_no_call_overtakes_an_outcome(
    journal: SqliteJournal, onlooker: SqliteJournal, call: Callable[[SqliteJournal, Job], Awaitable[object]]
) -> None:
    job = await job_with_an_outcome(journal)
    await call(journal, job)
    assert await states(onlooker, job) == ["done", "todo", "todo"]


async def test_that_an_email_is_in_use_is_written_at_once(journal: SqliteJournal, onlooker: SqliteJournal) -> None:
    exists = Outcome(StepState.FAILED, "a user with the email exists already", reason=OutcomeReason.EXISTS)
    job = await job_with_an_outcome(journal, exists)
    assert await states(onlooker, job) == ["failed", "todo", "todo"]


async def test_that_others_made_the_change_is_written_at_once(journal: SqliteJournal, onlooker: SqliteJournal) -> None:
    """Read back, it would be taken for the step's own, and an undo would take it away."""
    job = await job_with_an_outcome(journal, Outcome(StepState.DONE, "was already a member when it was sent"))
    assert await states(onlooker, job) == ["done", "todo", "todo"]


async def test_an_outcome_is_written_after_a_short_time(
    journal: SqliteJournal, onlooker: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SETTLED_SECONDS", 0)
    job = await job_with_an_outcome(journal)
    task = journal._settled_task
    assert task is not None
    await task
    assert await states(onlooker, job) == ["done", "todo", "todo"]


async def test_a_write_that_is_refused_keeps_the_outcomes(journal: SqliteJournal, onlooker: SqliteJournal) -> None:
    job = await job_with_an_outcome(journal)
    with pytest.raises(ValueError, match="must not be sent"):
        await journal.intend(job.id, 1, ZOE, 3)
    assert await states(onlooker, job) == ["sent", "todo", "todo"]
    await journal.intend(job.id, 2, ZOE, 3)
    assert await states(onlooker, job) == ["done", "sent", "todo"]


async def test_an_outcome_that_cannot_be_written_fails_the_next_intent(
    journal: SqliteJournal, onlooker: SqliteJournal, tmp_path: Path
) -> None:
    job = await job_with_an_outcome(journal)
    (tmp_path / "journal.sqlite3").rename(tmp_path / "moved.sqlite3")
    with pytest.raises(JournalUnavailable):
        await journal.intend(job.id, 2, ZOE, 3)
    (tmp_path / "moved.sqlite3").rename(tmp_path / "journal.sqlite3")
    assert await states(onlooker, job) == ["sent", "todo", "todo"]
    await journal.intend(job.id, 2, ZOE, 3)
    assert await states(onlooker, job) == ["done", "sent", "todo"]


async def test_the_outcome_of_a_job_that_another_process_took_over_is_dropped(
    journal: SqliteJournal, onlooker: SqliteJournal
) -> None:
    job = await job_with_an_outcome(journal)
    await onlooker.write(lambda tables: tables.connection.execute("UPDATE holders SET token = 'other'"))
    await journal.create(plan_for(2), ACTOR)
    assert await states(onlooker, job) == ["sent", "todo", "todo"]
    with pytest.raises(AccountBusy):
        await journal.settle(job.id, 2, DONE, 3)


async def test_many_outcomes_do_not_wait_for_an_intent(journal: SqliteJournal, onlooker: SqliteJournal) -> None:
    job = await journal.create(plan_for(*range(journal_module.MOST_UNWRITTEN + 1), groups=0), ACTOR)
    await journal.claim(job.id)
    await asyncio.gather(*(journal.settle(job.id, step.number, DONE, 2) for step in job.plan.steps))
    counts = (await onlooker.summary(job.id)).counts
    assert counts == {"done": journal_module.MOST_UNWRITTEN, "todo": 1}
