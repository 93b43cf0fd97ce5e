"""A large job is stored in parts: other programs are not held up, and it is there once it is whole."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, START_MS, all_jobs, journal_in, plan_for
from walkme_tui.domain.errors import JournalUnavailable, NotFound
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.store.journal import creation
from walkme_tui.store.journal.creation import JobCreation
from walkme_tui.store.journal.tables import JournalTables, Transaction


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "PART", 2)


class HeldCreation:
    """Holds creations after their second part, until ``go_on`` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on, self.waits, self.parts = threading.Event(), threading.Event(), 0
        store_part = JobCreation.store_part

        def held(own: JobCreation, write: Transaction) -> bool:
            self.parts += 1
            if self.parts == 3:
                self.waits.set()
                assert self.go_on.wait(30)
            return store_part(own, write)

        monkeypatch.setattr(JobCreation, "store_part", held)


async def test_other_programs_write_while_a_job_is_stored_and_do_not_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldCreation(monkeypatch)
    journal, other = journal_in(tmp_path), journal_in(tmp_path)
    creating = asyncio.create_task(journal.create(plan_for(*range(9)), ACTOR))
    assert await asyncio.to_thread(held.waits.wait, 30)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        ((job_id, stored),) = connection.execute("SELECT job, count(*) FROM steps GROUP BY job").fetchall()
    assert stored == 4
    assert await other.summaries() == ()
    assert await other.jobs_about(person(0).id, "acme") == ()
    for call in (other.job, other.summary, other.claim, other.discard):
        with pytest.raises(NotFound):
            await call(job_id)
    small = await other.create(plan_for(1, groups=0), ACTOR)
    assert await other.purge(START_MS + 1_000_000) == 0
    assert await all_jobs(other) == (await other.job(small.id),)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        (kept,) = connection.execute("SELECT detail FROM events WHERE what = 'purged'").fetchone()
    assert kept.endswith(": 1")
    held.go_on.set()
    job = await creating
    assert job == await other.job(job_id)
    await other.claim(job_id)
    for each in (journal, other):
        await each.aclose()


async def test_whoever_creates_a_job_has_it_before_it_is_listed_in_the_same_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = JobCreation.job

    def slowly_made(own: JobCreation) -> Job:
        time.sleep(0.2)  # as on a busy machine
        return made(own)

    monkeypatch.setattr(JobCreation, "job", slowly_made)
    journal = journal_in(tmp_path)
    creating = asyncio.create_task(journal.create(plan_for(*range(9)), ACTOR))
    while not creating.done() and not await journal.summaries():
        pass
    assert creating.done()
    await creating
    await journal.aclose()


async def test_a_creation_for_which_the_disk_is_full_leaves_nothing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    small = await journal.create(plan_for(1, groups=0), ACTOR)
    await journal.read(lambda tables: limit_pages(tables, 20), None)
    with pytest.raises(JournalUnavailable, match="no space left"):
        await journal.create(plan_for(*range(500), groups=0), ACTOR)
    assert await all_jobs(journal) == (small,)
    await journal.aclose()
    later = journal_in(tmp_path)
    await later.claim(small.id)
    assert (await later.job(small.id)).state is JobState.RUNNING
    await later.aclose()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM steps)").fetchone() == (
            1,
            1,
        )


def limit_pages(tables: JournalTables, more: int) -> None:
    pages = tables.connection.execute("PRAGMA page_count").fetchone()[0]
    tables.connection.execute(f"PRAGMA max_page_count = {pages + more}")


async def test_a_cancelled_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldCreation(monkeypatch)
    journal = journal_in(tmp_path)
    creating = asyncio.create_task(journal.create(plan_for(*range(9)), ACTOR))
    assert await asyncio.to_thread(held.waits.wait, 30)
    creating.cancel()
    held.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await creating
    small = await journal.create(plan_for(1, groups=0), ACTOR)
    assert await all_jobs(journal) == (small,)
    await journal.aclose()
    assert not [*(tmp_path / "locks").iterdir()]
    later = journal_in(tmp_path)
    assert await later.purge(START_MS) == 0
    assert await later.read(unfinished, 1) == 0
    await later.aclose()


def unfinished(tables: JournalTables) -> int:
    (number,) = tables.connection.execute("SELECT count(*) FROM jobs WHERE state = 'creating'").fetchone()
    return int(number)
