"""The calls of the journal: what is written is read again, and calls out of order are refused."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, START_MS, TickingClock, all_jobs, journal_in, plan_for
from tests.support.plan_strategies import plans
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, JobState, Outcome, OutcomeReason, StepRecord, SurfaceCheck
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.outcomes import LOST_NOT_APPLIED
from walkme_tui.domain.plans import Plan, StepState, Subject, numbered
from walkme_tui.domain.users import User
from walkme_tui.store.journal import job_reads
from walkme_tui.store.journal.journal import SqliteJournal, open_journal
from walkme_tui.store.journal.rows import step_record
from walkme_tui.store.journal.tables import JournalTables

if TYPE_CHECKING:
    from walkme_tui.domain.write_support import WriteSupport
    from walkme_tui.services.ports.journal import Journal

ZOE = person(1)
DONE = Outcome(StepState.DONE, "verified", changed=True, after=ZOE)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    opened = journal_in(tmp_path / "data")
    yield opened
    await opened.aclose()


def events(folder: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "journal.sqlite3")
    try:
        return connection.execute("SELECT job, step, actor, what, detail FROM events ORDER BY seq").fetchall()
    finally:
        connection.close()


async def test_the_journal_satisfies_the_port(journal: SqliteJournal) -> None:
    port: Journal = journal
    memory: WriteSupport = journal.write_support("acme", "https://x")
    assert await all_jobs(port) == ()
    assert await memory.patch_refused() is False


async def test_reading_makes_no_journal(journal: SqliteJournal, tmp_path: Path) -> None:
    assert await all_jobs(journal) == ()
    with pytest.raises(NotFound):
        await journal.job("20261123-7f3k")
    assert not (tmp_path / "data").exists()


async def test_a_new_job_has_the_steps_of_its_plan_in_state_todo(journal: SqliteJournal, tmp_path: Path) -> None:
    plan = plan_for(1, 2)
    job = await journal.create(plan, ACTOR)
    assert job.id.startswith("20261123-")
    assert job.state is JobState.READY
    assert (job.plan, job.actor) == (plan, ACTOR)
    assert job.steps == tuple(StepRecord(step, StepState.TODO) for step in plan.steps)
    other = journal_in(tmp_path / "data")
    assert await other.job(job.id) == job
    assert await all_jobs(other) == (job,)
    await other.aclose()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_every_plan_is_loaded_as_it_was_stored(tmp_path: Path, plan: Plan) -> None:
    async def there_and_back() -> None:
        journal = journal_in(tmp_path / "data")
        try:
            job = await journal.create(plan, Actor("\ud800", "höst", ""))
            assert (await journal.job(job.id)).plan == plan
            assert job in await all_jobs(journal, plan.profile)
        finally:
            await journal.aclose()

    asyncio.run(there_and_back())


async def test_the_states_of_a_step_are_recorded(journal: SqliteJournal, tmp_path: Path) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.intend(job.id, 1, ZOE, 100)
    sent = (await journal.job(job.id)).steps[0]
    assert sent == StepRecord(job.plan.steps[0], StepState.SENT, attempts=1, sent_at_ms=100, before=ZOE)
    await journal.settle(job.id, 1, Outcome(StepState.TODO, "it surely did not happen"), 110)
    again = (await journal.job(job.id)).steps[0]
    assert (again.state, again.attempts, again.settled_at_ms) == (StepState.TODO, 1, None)
    await journal.intend(job.id, 1, None, 120)
    await journal.settle(job.id, 1, DONE, 130)
    done = (await journal.job(job.id)).steps[0]
    assert done == StepRecord(job.plan.steps[0], StepState.DONE, "verified", True, 2, 120, 130, before=ZOE, after=ZOE)
    assert [event[1:] for event in events(tmp_path / "data") if event[1]] == [
        (1, str(ACTOR), "sent", ""),
        (1, str(ACTOR), "todo", "it surely did not happen"),
        (1, str(ACTOR), "sent", ""),
        (1, str(ACTOR), "done", "verified"),
    ]


async def test_a_step_may_be_settled_without_having_been_sent(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.settle(job.id, 2, Outcome(StepState.DONE, "already so", after=ZOE), 50)
    record = (await journal.job(job.id)).steps[1]
    assert (record.attempts, record.changed, record.before, record.after) == (0, False, None, ZOE)


async def test_a_sent_step_cannot_be_sent_again_before_it_is_settled(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.intend(job.id, 1, ZOE, 1)
    with pytest.raises(ValueError, match="must not be sent"):
        await journal.intend(job.id, 1, ZOE, 2)
    await journal.settle(job.id, 1, DONE, 3)
    with pytest.raises(ValueError, match="must not be sent"):
        await journal.intend(job.id, 1, ZOE, 4)
    with pytest.raises(ValueError, match="done already"):
        await journal.settle(job.id, 1, DONE, 5)
    assert (await journal.job(job.id)).steps[0].attempts == 1


async def test_only_the_process_that_claimed_a_job_writes_its_steps(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    with pytest.raises(ValueError, match="not claimed"):
        await journal.intend(job.id, 1, ZOE, 1)
    with pytest.raises(ValueError, match="not claimed"):
        await journal.settle(job.id, 1, DONE, 1)
    with pytest.raises(ValueError, match="not claimed"):
        await journal.release(job.id, JobState.DONE)
    await journal.claim(job.id)
    with pytest.raises(ValueError, match="no step 99"):
        await journal.intend(job.id, 99, ZOE, 1)
    with pytest.raises(ValueError, match="by intend"):
        await journal.settle(job.id, 1, Outcome(StepState.SENT, ""), 1)
    assert (await journal.job(job.id)).steps == job.steps


async def test_a_job_is_done_only_when_every_step_is_settled(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1, groups=0), ACTOR)
    await journal.claim(job.id)
    with pytest.raises(ValueError, match="still has steps"):
        await journal.release(job.id, JobState.DONE)
    await journal.claim(job.id)
    with pytest.raises(ValueError, match="is not running"):
        await journal.release(job.id, JobState.RUNNING)
    await journal.settle(job.id, 1, DONE, 9)
    await journal.release(job.id, JobState.DONE)
    done = await journal.job(job.id)
    assert done.state is JobState.DONE
    assert done.settled_at_ms is not None
    with pytest.raises(NotFound, match="No steps of job"):
        await journal.claim(job.id)


async def test_jobs_are_listed_by_profile_newest_first(journal: SqliteJournal) -> None:
    made = [await journal.create(plan_for(1, profile=profile), ACTOR) for profile in ("a", "b", "a")]
    assert [job.id for job in await all_jobs(journal)] == [job.id for job in reversed(made)]
    assert await all_jobs(journal, "a") == (made[2], made[0])
    assert await all_jobs(journal, "c") == ()


async def test_a_job_about_a_user_has_only_the_parts_that_concern_them(journal: SqliteJournal) -> None:
    both, other = [await journal.create(plan_for(*numbers), ACTOR) for numbers in ((1, 2), (2,))]
    check = SurfaceCheck(person(2).id, "b@x", Surface.SCIM, True, "Still active.", wrong=True)
    await journal.add_checks(both.id, [check._replace(user_id=ZOE.id), check])
    (found,) = await journal.jobs_about(ZOE.id, "acme")
    assert (found.id, found.plan.subjects) == (both.id, both.plan.subjects[:1])
    assert found.steps == both.records_of(ZOE.id)
    assert [each.user_id for each in found.checks] == [ZOE.id]
    assert [job.id for job in await journal.jobs_about(person(2).id, "acme")] == [other.id, both.id]
    assert await journal.jobs_about(ZOE.id, "globex") == ()
    assert await journal.jobs_about(ZOE.id, "acme", about_groups=True) == ()


async def test_an_excerpt_has_those_that_need_attention_first(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(*range(6), groups=1), ACTOR)
    await journal.claim(job.id)
    await journal.settle(job.id, 8, Outcome(StepState.FAILED, "Refused."), 5)
    whole = await journal.job(job.id)
    excerpt = await journal.excerpt(job.id, 3)
    ids = [person(number).id for number in (0, 1, 3)]
    assert [subject.id for subject in excerpt.plan.subjects] == ids
    assert excerpt.steps == tuple(each for each in whole.steps if each.step.subject_id in ids)
    assert excerpt.summary == whole.summary
    everyone = await journal.excerpt(job.id, 6)
    assert (everyone.plan, everyone.steps) == (whole.plan, whole.steps)
    check = SurfaceCheck(person(5).id, "b@x", Surface.SCIM, True, "Still active.", wrong=True)
    await journal.add_checks(job.id, [check])
    assert {each.id for each in (await journal.excerpt(job.id, 3)).plan.subjects} == {ids[0], ids[2], check.user_id}


async def test_the_part_about_one_user_is_read_without_the_others(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_reads, "NAMES_AT_ONCE", 2)
    plan = plan_for(1, 2, 3)
    one, *others = plan.subjects
    twin = replace(others[0], user=others[0].user._replace(email=str(one.user.email).upper()))
    job = await journal.create(replace(plan, subjects=(one, twin, *others[1:])), ACTOR)
    last = others[1]

    def spoil(tables: JournalTables) -> None:
        tables.connection.execute("UPDATE subjects SET content = 'no JSON' WHERE subject <> ?", (last.id,))
        tables.connection.execute("UPDATE steps SET step = 'no JSON' WHERE subject <> ?", (last.id,))

    await journal.write(spoil)
    for wanted in (last.id, str(last.user.email), f"{last.user.email}".upper()):
        part = await journal.excerpt_about(job.id[-4:], wanted)
        assert part.plan.subjects == (last,)
        assert part.steps == job.records_of(last.id)
        assert part.summary == job.summary
    with pytest.raises(NotFound, match=r"has 2 called .*\. Give the id"):
        await journal.excerpt_about(job.id, str(one.user.email))
    with pytest.raises(NotFound, match=r"no user or group nobody@x\."):
        await journal.excerpt_about(job.id, "nobody@x")


async def test_the_part_about_a_user_whom_the_job_created_is_found_by_the_new_id(journal: SqliteJournal) -> None:
    key = new_user_key("ida@example.com")
    changes = [CreateUser(key, "ida@example.com"), AddMember(key, Group("g1", "Gruppe"))]
    subjects = (Subject(User(key, email="ida@example.com"), START_MS), *plan_for(2).subjects)
    job = await journal.create(replace(plan_for(2), subjects=subjects, steps=numbered(changes)), ACTOR)
    await journal.claim(job.id)
    await journal.settle(job.id, 1, DONE, START_MS)
    for wanted in (ZOE.id, key, "Ida@example.com"):
        part = await journal.excerpt_about(job.id, wanted)
        assert (part.plan.subjects, len(part.records_of(ZOE.id))) == (subjects[:1], 2)
    await journal.release(job.id, JobState.INTERRUPTED)
    await journal.discard(job.id)
    await journal.purge(START_MS + 1_000_000)
    with pytest.raises(NotFound, match="was purged, so its users are unknown"):
        await journal.excerpt_about(job.id, key)


async def test_the_list_of_jobs_reads_no_plans_and_no_steps(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1, 2, 3), ACTOR)
    await journal.write(lambda tables: tables.connection.execute("UPDATE jobs SET plan = 'no JSON'"))
    await journal.write(lambda tables: tables.connection.execute("UPDATE steps SET step = 'no JSON'"))
    assert await journal.summaries() == (job.summary,)
    with pytest.raises(JournalUnavailable):
        await journal.job(job.id)


async def test_a_job_is_found_by_the_beginning_of_its_id_or_of_the_part_behind_the_date(tmp_path: Path) -> None:
    clock = TickingClock()
    journal = journal_in(tmp_path / "data", clock)
    first = await journal.create(plan_for(1), ACTOR)
    clock.now_ms += 86_400_000
    second = await journal.create(plan_for(1), ACTOR)
    assert await journal.job("20261124") == second
    for wanted in (first.id, first.id.upper(), f" {first.id}\n", first.id[:-1], first.id[9:], first.id[9:12]):
        assert await journal.job(wanted) == first
    with pytest.raises(NotFound, match=r"2 jobs begin with 202611: \S+, \S+\. "):
        await journal.job("202611")
    for wanted in ("", "20270101", "%", "_", "\ud800", "20261123-"[:-1] + "x"):
        with pytest.raises(NotFound, match="There is no job"):
            await journal.job(wanted)
    await journal.aclose()


async def test_receipts_are_stored_once_and_in_order(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    for path in ("/d/b.json", "/d/a\udcff.md", "/d/b.json"):
        await journal.add_receipt(job.id, path)
    assert (await journal.job(job.id)).receipts == ("/d/b.json", "/d/a\udcff.md")
    with pytest.raises(NotFound):
        await journal.add_receipt("20261123-none", "/d/c.json")


async def test_a_discarded_step_that_may_still_be_executed_needs_review(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.intend(job.id, 1, ZOE, 1)
    await journal.settle(job.id, 1, Outcome(StepState.TODO, LOST_NOT_APPLIED, reason=OutcomeReason.MAY_ARRIVE), 2)
    await journal.release(job.id, JobState.INTERRUPTED)
    await journal.discard(job.id)
    states = [step.state for step in (await journal.job(job.id)).steps]
    assert states == [StepState.NEEDS_REVIEW, StepState.SKIPPED, StepState.SKIPPED]


async def test_discarding_settles_every_step(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.settle(job.id, 1, DONE, 1)
    await journal.intend(job.id, 2, ZOE, 2)
    with pytest.raises(AccountBusy, match="in this program"):
        await journal.discard(job.id)
    await journal.release(job.id, JobState.INTERRUPTED)
    await journal.discard(job.id)
    discarded = await journal.job(job.id)
    assert discarded.state is JobState.DISCARDED
    assert [step.state for step in discarded.steps] == [StepState.DONE, StepState.NEEDS_REVIEW, StepState.SKIPPED]
    assert all(step.detail for step in discarded.steps)
    await journal.discard(job.id)
    assert await journal.job(job.id) == discarded
    with pytest.raises(NotFound, match="it is discarded"):
        await journal.claim(job.id)
    with pytest.raises(NotFound):
        await journal.discard("20261123-none")


async def test_refreshing_a_running_job_reads_only_its_changed_steps(
    journal: SqliteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await journal.create(plan_for(*range(1, 40)), ACTOR)
    await journal.claim(job.id)
    other = journal_in(tmp_path / "data")
    seen = await other.job(job.id)
    await journal.write(lambda _: None)
    read: list[int] = []

    def counted(row: Sequence[Any]) -> StepRecord:
        record = step_record(row)
        read.append(record.step.number)
        return record

    changes: tuple[Callable[[], Coroutine[None, None, None]], ...] = (
        lambda: journal.intend(job.id, 1, ZOE, START_MS + 10),
        lambda: journal.settle(job.id, 1, Outcome(StepState.TODO, "Try again."), START_MS + 20),
        lambda: journal.intend(job.id, 1, ZOE, START_MS + 30),
        lambda: journal.settle(job.id, 1, DONE, START_MS + 40),
        lambda: journal.settle(job.id, 5, DONE, START_MS + 50),
    )
    for change in changes:
        await change()
        await journal.write(lambda _: None)
        monkeypatch.setattr(job_reads, "step_record", counted)
        refreshed = await other.refresh(seen)
        monkeypatch.undo()
        assert {1} <= set(read) <= {1, 5}
        assert refreshed == await other.job(job.id)
        seen = refreshed
    await journal.release(job.id, JobState.INTERRUPTED)
    assert await other.refresh(seen) == await other.job(job.id)
    await other.aclose()


async def test_the_audit_trail_cannot_be_changed(journal: SqliteJournal, tmp_path: Path) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    before = events(tmp_path / "data")
    connection = sqlite3.connect(tmp_path / "data" / "journal.sqlite3")
    for statement in (
        "DELETE FROM events",
        "UPDATE events SET detail = ''",
        "UPDATE events SET actor = 'somebody else'",
        "DELETE FROM steps",
        "DELETE FROM jobs",
        f"INSERT INTO purging VALUES ('{job.id}'); UPDATE events SET actor = 'somebody else'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.executescript(f"BEGIN; {statement}; COMMIT")
        connection.rollback()
    connection.close()
    assert events(tmp_path / "data") == before
    assert [event[3] for event in before] == ["created", "claimed"]
    assert before[0][4] == "offboard, steps: 3, ticket HR-17"


async def test_the_default_actor_is_the_operating_systems_user(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "data")
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await journal.aclose()
    created, claimed = events(tmp_path / "data")
    assert created[2] == str(ACTOR)
    assert claimed[2]


async def test_a_cancelled_claim_is_released(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    claiming = asyncio.create_task(journal.claim(job.id))
    await asyncio.sleep(0)
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    assert (await journal.job(job.id)).state is JobState.INTERRUPTED
    await journal.claim(job.id)


async def test_concurrent_calls_all_reach_the_file(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(*range(10), groups=0), ACTOR)
    await journal.claim(job.id)

    async def step(number: int) -> None:
        await journal.intend(job.id, number, None, number)
        await journal.settle(job.id, number, DONE, number)

    await asyncio.gather(*(step(number) for number in range(1, 11)))
    assert (await journal.job(job.id)).counts == {"done": 10}


async def test_calls_on_a_closed_journal_raise(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1), ACTOR)
    await journal.aclose()
    await journal.aclose()
    with pytest.raises(JournalUnavailable, match="closed"):
        await journal.intend(job.id, 1, ZOE, 1)


async def test_a_refused_patch_is_stored_by_profile_and_account(tmp_path: Path) -> None:
    clock = TickingClock(START_MS)
    journal = journal_in(tmp_path / "data", clock)
    await journal.write_support("acme", "https://x").remember_patch_refused()
    await journal.write_support("acme", "https://x").remember_patch_refused()
    await journal.aclose()
    again = journal_in(tmp_path / "data", clock)
    assert await again.write_support("acme", "https://x").patch_refused() is True
    assert await again.write_support("acme", "https://y").patch_refused() is False
    assert await again.write_support("other", "https://x").patch_refused() is False
    clock.now_ms += 31 * 86_400_000
    assert await again.write_support("acme", "https://x").patch_refused() is False
    await again.aclose()


async def test_a_write_does_not_wait_for_the_read_of_a_whole_job_which_shows_it(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_reads, "PART", 2)
    job = await journal.create(plan_for(*range(9), groups=0), ACTOR)
    await journal.claim(job.id)
    queued = threading.Event()
    held = asyncio.create_task(journal.write(lambda _: queued.wait(30)))
    await asyncio.sleep(0)
    reading = asyncio.create_task(journal.job(job.id))
    refreshing = asyncio.create_task(journal.refresh(job))
    await asyncio.sleep(0)
    writing = [asyncio.create_task(journal.intend(job.id, number, ZOE, START_MS)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    queued.set()
    await asyncio.gather(held, *writing)
    whole = await reading
    assert [record.state for record in whole.steps] == [StepState.SENT] * 3 + [StepState.TODO] * 6
    assert whole == await journal.job(job.id) == await journal.refresh(await refreshing)


async def test_new_checks_are_read_and_those_of_the_seventh_layout_are_kept(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    job = await journal.create(plan_for(1, 2), ACTOR)
    checks = [SurfaceCheck(ZOE.id, "b@x", Surface.SCIM, active, "Text.", wrong=bool(active)) for active in (True, None)]
    await journal.add_checks(job.id, checks[1:])
    seen = await journal.refresh(job)
    await journal.add_checks(job.id, checks)
    assert seen.checks == tuple(checks[1:])
    assert (await journal.refresh(seen)).checks == (await journal.job(job.id)).checks == tuple(checks)
    with closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite3")) as connection, connection:
        connection.execute("DROP TABLE checks")
        connection.execute("UPDATE jobs SET checks = ?", (dumps([*map(list, checks)]),))
        connection.execute("PRAGMA user_version = 7")
    earlier = journal_in(tmp_path / "data")
    assert (await earlier.job(job.id)).checks == tuple(checks)
    await earlier.aclose()


async def test_the_list_counts_what_is_undone_and_not_undone_again(journal: SqliteJournal, tmp_path: Path) -> None:
    async def done(people: Sequence[int], undoes: str | None = None) -> str:
        job = await journal.create(replace(plan_for(*people), undoes=undoes), ACTOR)
        await journal.claim(job.id)
        for step in job.steps:
            await journal.settle(job.id, step.step.number, DONE, START_MS)
        await journal.release(job.id, JobState.DONE)
        return job.id

    async def undone(of: SqliteJournal) -> dict[str, int]:
        return {job.id: job.undone for job in await of.summaries()}

    job = await done([1, 2, 3])
    undo = await done([1, 2], undoes=job)
    assert await undone(journal) == {job: 2, undo: 0}
    last = await done([2], undoes=undo)
    assert await undone(journal) == {job: 1, undo: 1, last: 0}
    again = await done([1, 2], undoes=job)
    assert await undone(journal) == {job: 2, undo: 1, last: 0, again: 0}
    other = await done([1, 2], undoes=undo)
    assert await undone(journal) == {job: 2, undo: 2, last: 0, again: 0, other: 0}
    await done([1], undoes=again)
    assert (await undone(journal))[job] == 1
    counts = await undone(journal)
    listed = await journal.summaries()
    with closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite3")) as connection, connection:
        connection.execute("DROP TABLE checks")
        for column in ("jobs DROP COLUMN totals", "jobs DROP COLUMN undone", "steps DROP COLUMN undone"):
            connection.execute(f"ALTER TABLE {column}")
        connection.execute("PRAGMA user_version = 6")
    earlier = journal_in(tmp_path / "data")
    assert await earlier.summaries() == listed
    await earlier.purge(START_MS + 1_000_000)
    assert await undone(earlier) == counts
    await earlier.aclose()
    with closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET undone = undone + 1 WHERE undone > 0")
        connection.execute("PRAGMA user_version = 8")
    earlier = journal_in(tmp_path / "data")
    assert await undone(earlier) == counts
    await earlier.aclose()


async def test_a_user_whose_steps_were_undone_by_two_jobs_is_counted_once(journal: SqliteJournal) -> None:
    job = await journal.create(plan_for(1, groups=1), ACTOR)
    undos = [await journal.create(replace(plan_for(1, groups=0), undoes=job.id), ACTOR) for _ in range(2)]
    for number, undo in enumerate(undos, 1):
        await journal.claim(job.id)
        await journal.settle(job.id, number, DONE, START_MS)
        await journal.release(job.id, JobState.INTERRUPTED)
        await journal.claim(undo.id)
        await journal.settle(undo.id, 1, DONE, START_MS)
        await journal.release(undo.id, JobState.DONE)
    assert [each.undone for each in await journal.summaries() if each.id == job.id] == [1]
