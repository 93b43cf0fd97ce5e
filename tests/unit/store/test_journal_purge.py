"""Purging deletes people's data from the disk, and keeps who did what kind of change when."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, START_MS, TickingClock, all_jobs, journal_in, plan_for
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.imports.source import ImportRow, ImportSource
from walkme_tui.domain.jobs import Job, JobState, Outcome, SurfaceCheck
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.store.journal.journal import SqliteJournal
from walkme_tui.store.journal.tables import JournalTables

FOREVER = 1 << 60
ZOE = person(1)
# People's data as it appears in the bytes of the files.
TELLTALES = (b"person00001", b"@example.com", ZOE.id.encode(), b"Amina", b"Gruppe", b"verified for", b"amina.json")


async def finished(journal: SqliteJournal, folder: Path) -> Job:
    """A settled job with every kind of people's data."""
    plan = plan_for(1, groups=2)
    named = tuple(replace(step, email="person00001@example.com") for step in plan.steps)
    own = Consequence(Gravity.WARNING, "person00001@example.com: this is your own user.")
    plan = replace(plan, steps=named, left_out=("Amina stays in Gruppe 9.",) * 500, consequences=(own,))
    job = await journal.create(plan, ACTOR)
    await journal.claim(job.id)
    for number in (1, 2):
        await journal.intend(job.id, number, ZOE, 10 * number)
        done = Outcome(StepState.DONE, "verified for person00001", changed=True, after=ZOE)
        await journal.settle(job.id, number, done, 10 * number + 1)
    await journal.settle(job.id, 3, Outcome(StepState.SKIPPED, "Amina left Gruppe"), 31)
    receipt = folder / "receipts" / "20261123-offboard-amina.json"
    receipt.parent.mkdir(exist_ok=True)
    receipt.write_text("Amina")
    await journal.add_receipt(job.id, str(receipt))
    await journal.release(job.id, JobState.DONE)
    return await journal.job(job.id)


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def undeletable(folder: Path, wanted: bool) -> None:
    """Replace the receipt with a folder, which root cannot delete as a file either, or remove the folder."""
    (receipt,) = (folder / "receipts").iterdir()
    if wanted:
        receipt.unlink()
        receipt.mkdir()
    else:
        receipt.rmdir()


async def test_peoples_data_is_deleted_from_the_disk(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    await finished(journal, tmp_path)
    assert [part for part in TELLTALES if part not in bytes_in(tmp_path)] == []
    assert await journal.purge(FOREVER) == 1
    assert [part for part in TELLTALES if part in bytes_in(tmp_path)] == []
    unused = await journal.read(
        lambda tables: int(tables.connection.execute("PRAGMA freelist_count").fetchone()[0]), -1
    )
    assert unused == 0, "the file was not compacted"
    await journal.aclose()
    assert [part for part in TELLTALES if part in bytes_in(tmp_path)] == []


async def test_values_of_edits_and_refusals_are_deleted_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    create = CreateUser.of("amina@example.com", {"first_name": "Amina", "role": "Editor"})
    edit = UpdateUser(
        ZOE.id, (FieldChange("last_name", "Amina", "person00001"), FieldChange("role", "Viewer", "Admin"))
    )
    subjects = (Subject(create.new_user(), 0), Subject(ZOE, 0))
    steps = numbered([create, AddMember(create.subject_id, Group("Gruppe", "Gruppe")), edit, DeleteUser(ZOE.id)])
    row = ImportRow(2, ("amina@example.com", "Amina"), subject_id=create.subject_id)
    source = ImportSource("Gruppe.csv", ("email", "firstName"), (row,))
    plan = Plan(PlanKind.IMPORT, "acme", "https://x", 0, subjects, steps, source=source)
    job = await journal.create(plan, ACTOR)
    await journal.claim(job.id)
    for step in steps:
        outcome = Outcome(StepState.FAILED, "Amina", after=ZOE, refusals={"email": "amina@example.com is no email"})
        await journal.intend(job.id, step.number, ZOE, 1)
        await journal.settle(job.id, step.number, outcome, 2)
    await journal.release(job.id, JobState.DONE)
    assert (await journal.job(job.id)).steps[0].refusals == {"email": "amina@example.com is no email"}
    assert await journal.purge(FOREVER) == 1
    purged = await journal.job(job.id)
    await journal.aclose()
    assert [part for part in TELLTALES if part in bytes_in(tmp_path)] == []
    assert [record.step.change for record in purged.steps] == [
        CreateUser("person-1", "person-1", (("role", "Editor"),)),
        AddMember("person-1", Group("group-1", None)),
        UpdateUser("person-2", (FieldChange("last_name", UNKNOWN, None), FieldChange("role", "Viewer", "Admin"))),
        DeleteUser("person-2"),
    ]
    assert not any(record.refusals for record in purged.steps)


async def test_names_and_members_of_groups_are_deleted_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    group, create = Group("g1-amina.json", "Gruppe"), CreateGroup.of("verified for")
    subjects = (GroupSubject(group, 1, 0), GroupSubject(Group(create.subject_id, create.name), 0, 0))
    steps = numbered([create, RenameGroup(group.id, "Gruppe", "Amina"), DeleteGroup(group.id, "Amina")])
    plan = Plan(PlanKind.DELETE_GROUP, "acme", "https://x", 0, (), steps, groups=subjects)
    job = await journal.create(plan, ACTOR)
    await journal.claim(job.id)
    before = GroupRecord(group, (ZOE.id,))
    for step in steps:
        await journal.intend(job.id, step.number, before, 1)
        await journal.settle(job.id, step.number, Outcome(StepState.DONE, "Gruppe", changed=True, after=before), 2)
    await journal.release(job.id, JobState.DONE)
    assert (await journal.job(job.id)).steps[2].before == before
    assert await journal.purge(FOREVER) == 1
    purged = await journal.job(job.id)
    await journal.aclose()
    assert [part for part in TELLTALES if part in bytes_in(tmp_path)] == []
    assert [record.step.change for record in purged.steps] == [
        CreateGroup("group-1", "group-1"),
        RenameGroup("group-2", None, "group-2"),
        DeleteGroup("group-2", None),
    ]
    assert purged.plan.about_groups


async def test_who_when_and_what_kind_stay(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    before = await finished(journal, tmp_path)
    await journal.purge(FOREVER)
    after = await journal.job(before.id)
    assert after.purged_at_ms is not None
    assert (after.actor, after.state, after.created_at_ms, after.settled_at_ms, after.counts) == (
        before.actor,
        before.state,
        before.created_at_ms,
        before.settled_at_ms,
        before.counts,
    )
    kept = ("kind", "ticket", "profile", "base_url", "created_at_ms", "undoes")
    assert [getattr(after.plan, name) for name in kept] == [getattr(before.plan, name) for name in kept]
    assert after.plan.subjects == ()
    assert after.receipts == ()
    assert [type(step.change) for step in after.plan.steps] == [SetStatus, RemoveMember, RemoveMember]
    assert {step.subject_id for step in after.plan.steps} == {"person-1"}
    groups = [step.change.group.id for step in after.plan.steps if isinstance(step.change, (AddMember, RemoveMember))]
    assert groups == ["group-1", "group-2"]
    for old, new in zip(before.steps, after.steps, strict=True):
        times = (old.state, old.changed, old.attempts, old.sent_at_ms, old.settled_at_ms)
        assert (new.state, new.changed, new.attempts, new.sent_at_ms, new.settled_at_ms) == times
        assert (new.detail, new.before, new.after) == ("", None, None)
    await journal.aclose()


async def test_the_audit_trail_keeps_its_entries(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    job = await finished(journal, tmp_path)
    columns = "SELECT seq, at_ms, job, step, actor, what FROM events ORDER BY seq"

    def contents(tables: JournalTables) -> list[object]:
        return tables.connection.execute(columns).fetchall()

    before = await journal.read(contents, list[object]())
    await journal.purge(FOREVER)
    after = await journal.read(contents, list[object]())
    assert after[: len(before)] == before

    def rest(tables: JournalTables) -> list[object]:
        return tables.connection.execute("SELECT job, what, detail FROM events ORDER BY seq DESC").fetchmany(2)

    assert await journal.read(rest, list[object]()) == [
        (None, "purged", "jobs: 1; kept, because not settled: 0"),
        (job.id, "purged", ""),
    ]
    await journal.aclose()


async def test_only_old_settled_jobs_are_purged_and_each_once(tmp_path: Path) -> None:
    clock = TickingClock()
    journal = journal_in(tmp_path, clock)
    ready = await journal.create(plan_for(2), ACTOR)
    interrupted = await journal.create(plan_for(3), ACTOR)
    await journal.claim(interrupted.id)
    await journal.release(interrupted.id, JobState.INTERRUPTED)
    discarded = await journal.create(plan_for(4), ACTOR)
    await journal.discard(discarded.id)
    old = await finished(journal, tmp_path)
    clock.now_ms += 86_400_000
    moment = clock.now_ms
    young = await finished(journal, tmp_path)
    whole = {job.id: job for job in await all_jobs(journal)}
    assert await journal.purge(START_MS) == 0
    assert await journal.purge(moment) == 2
    assert await journal.purge(moment) == 0
    found = {job.id: job for job in await all_jobs(journal)}
    assert {job.id for job in found.values() if job.purged_at_ms is not None} == {discarded.id, old.id}
    for job in (ready, interrupted, young):
        assert found[job.id] == whole[job.id]
    await journal.aclose()


async def test_an_interrupted_job_that_looks_running_is_kept(tmp_path: Path) -> None:
    dead = journal_in(tmp_path)
    job = await dead.create(plan_for(1), ACTOR)
    await dead.claim(job.id)
    await dead.aclose()
    journal = journal_in(tmp_path)
    assert await journal.purge(FOREVER) == 0
    assert (await journal.job(job.id)).plan == job.plan
    await journal.aclose()


async def test_receipts_are_deleted_in_the_data_folder_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    journal = journal_in(data)
    job = await finished(journal, data)
    own = tmp_path / "mine.json"
    own.write_text("kept")
    (data / "receipts" / "link.json").symlink_to(own)
    for path in (str(own), str(data / "receipts" / ".." / ".." / "mine.json"), str(data / "receipts" / "link.json")):
        await journal.add_receipt(job.id, path)
    assert await journal.purge(FOREVER) == 1
    assert own.read_text() == "kept"
    assert not (data / "receipts" / "20261123-offboard-amina.json").exists()
    assert (data / "journal.sqlite3").exists()
    await journal.aclose()


async def test_receipts_whose_paths_were_not_recorded_are_deleted_too(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    job, other = await finished(journal, tmp_path), await journal.create(plan_for(2), ACTOR)
    receipts = tmp_path / "receipts"
    names = ("-3-people-{}.json", "-3-people-{}-failed-rows.csv", ".2026-11-23-import-x-{}.json.0badcafe.tmp")
    for each in (job, other):
        for name in names:
            (receipts / name.format(each.id)).write_text("Amina")
    assert await journal.purge(FOREVER) == 1
    assert {file.name for file in receipts.iterdir()} == {name.format(other.id) for name in names}
    await journal.aclose()


async def test_a_job_whose_receipt_cannot_be_deleted_is_kept(tmp_path: Path) -> None:
    """The job of a receipt that could not be deleted is unchanged, and the next purge deletes both."""
    journal = journal_in(tmp_path)
    job = await finished(journal, tmp_path)
    undeletable(tmp_path, True)
    with pytest.raises(JournalUnavailable):
        await journal.purge(FOREVER)
    assert await journal.job(job.id) == job
    undeletable(tmp_path, False)
    assert await journal.purge(FOREVER) == 1
    await journal.aclose()


async def test_what_was_added_to_a_purged_job_is_deleted_by_the_next_purge(tmp_path: Path) -> None:
    """A program may write receipts and checks while another one purges the job that it has just done."""
    journal = journal_in(tmp_path)
    job = await finished(journal, tmp_path)
    assert await journal.purge(FOREVER) == 1
    purged = await journal.job(job.id)
    late = tmp_path / "receipts" / "20261123-offboard-amina.json"
    late.write_text("Amina")
    await journal.add_receipt(job.id, str(late))
    await journal.add_checks(job.id, [SurfaceCheck(ZOE.id, "b@example.com", Surface.SCIM, True, "Active.", wrong=True)])
    assert await journal.purge(FOREVER) == 1
    assert [part for part in TELLTALES if part in bytes_in(tmp_path)] == []
    assert replace(await journal.job(job.id), purged_at_ms=purged.purged_at_ms) == purged
    assert await journal.purge(FOREVER) == 0
    await journal.aclose()


async def test_a_purge_of_nothing_makes_no_journal(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "data")
    assert await journal.purge(FOREVER) == 0
    assert not (tmp_path / "data").exists()
    await journal.aclose()
