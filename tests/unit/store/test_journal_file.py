"""The journal's file: private, synced to the disk, never made anew, and refused with a message if it is damaged."""

import asyncio
import os
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, all_jobs, journal_in, plan_for
from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal import file as journal_file
from walkme_tui.store.journal.file import JournalFile
from walkme_tui.store.journal.tables import JournalTables
from walkme_tui.store.locks import Locks

ZOE = person(1)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pragma(file: JournalFile, name: str) -> object:
    return file.read(lambda tables: tables.connection.execute(f"PRAGMA {name}").fetchone()[0], None)


async def made(folder: Path) -> Job:
    """A folder with a closed journal of one job."""
    journal = journal_in(folder)
    job = await journal.create(plan_for(1), ACTOR)
    await journal.aclose()
    return job


async def refusal(folder: Path) -> str:
    """The error of reading and of writing a journal; the file stays as it was."""
    file = folder / "journal.sqlite3"
    before = file.read_bytes() if file.is_file() else None
    journal = journal_in(folder)
    with pytest.raises(JournalUnavailable) as caught:
        await journal.create(plan_for(1), ACTOR)
    await journal.aclose()
    assert (file.read_bytes() if file.is_file() else None) == before
    return str(caught.value)


async def test_files_are_accessible_to_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "walkme-tui"
    journal = journal_in(folder)
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    assert [mode(place) for place in (folder, folder / "locks")] == [0o700, 0o700]
    assert {file.name: mode(file) for file in folder.rglob("*") if file.is_file()} == {
        "journal.sqlite3": 0o600,
        "journal.sqlite3-wal": 0o600,
        "journal.sqlite3-shm": 0o600,
        f"{job.id}.lock": 0o600,
    }
    await journal.aclose()
    assert list((folder / "locks").iterdir()) == []


async def test_permissions_of_a_readable_file_are_restricted(tmp_path: Path) -> None:
    await made(tmp_path)
    (tmp_path / "journal.sqlite3").chmod(0o644)
    journal = journal_in(tmp_path)
    assert len(await all_jobs(journal)) == 1
    await journal.aclose()
    assert mode(tmp_path / "journal.sqlite3") == 0o600


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    file = JournalFile(tmp_path, Locks(tmp_path / "locks"))
    file.write(lambda tables: None)
    assert pragma(file, "journal_mode") == "wal"
    assert pragma(file, "synchronous") == 2
    assert pragma(file, "secure_delete") == 1
    assert pragma(file, "foreign_keys") == 1
    file.close()


def test_on_a_network_drive_there_is_no_write_ahead_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = JournalFile(tmp_path, Locks(tmp_path / "locks"))
    local.write(lambda tables: None)
    monkeypatch.setattr(journal_file, "lies_on_network", lambda folder: True)
    monkeypatch.setattr(journal_file, "BUSY_MS", 50)
    monkeypatch.setattr(journal_file, "SETTINGS", ("PRAGMA busy_timeout = 50", *journal_file.SETTINGS[1:]))
    remote = JournalFile(tmp_path, Locks(tmp_path / "locks"))
    with pytest.raises(JournalUnavailable, match="is using the journal"):
        remote.write(lambda tables: None)
    local.close()
    remote.write(lambda tables: None)
    assert pragma(remote, "journal_mode") == "delete"
    assert pragma(remote, "synchronous") == 3
    assert remote.on_network
    remote.close()
    assert {file.name for file in tmp_path.iterdir()} == {"journal.sqlite3", "locks"}


async def test_a_damaged_journal_is_refused_and_not_moved(tmp_path: Path) -> None:
    await made(tmp_path)
    file = tmp_path / "journal.sqlite3"
    whole = file.read_bytes()
    for damaged in (b"not a database, just text" * 99, whole[:5000], whole[:4096] + b"\xff" * (len(whole) - 4096)):
        file.write_bytes(damaged)
        said = await refusal(tmp_path)
        assert f"The journal {file} is damaged." in said
        assert "Nothing is sent without it." in said
        assert "backup" in said


async def test_one_damaged_page_is_found_before_the_first_write(tmp_path: Path) -> None:
    """The damaged page is not one that the first write needs: the whole file is checked."""
    job = await made(tmp_path)
    file = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(file)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'receipts'").fetchone()
    connection.close()
    content = bytearray(file.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xaa" * 4096
    file.write_bytes(content)
    journal = journal_in(tmp_path)
    with pytest.raises(JournalUnavailable, match="damaged"):
        await journal.claim(job.id)
    await journal.aclose()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE jobs SET plan = '{'",
        "UPDATE jobs SET plan = '{\"format\":1}'",
        "UPDATE jobs SET state = 'lost'",
        "UPDATE steps SET step = '[]'",
        "UPDATE steps SET state = 'half'",
        "UPDATE jobs SET plan = CAST(x'ff' AS TEXT)",
    ],
)
async def test_unexpected_contents_are_damage(tmp_path: Path, spoil: str) -> None:
    job = await made(tmp_path)
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute(spoil)
    connection.commit()
    connection.close()
    journal = journal_in(tmp_path)
    for reading in (all_jobs(journal), journal.job(job.id)):
        with pytest.raises(JournalUnavailable, match="is damaged"):
            await reading
    await journal.aclose()


async def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    await made(tmp_path)
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    said = await refusal(tmp_path)
    assert "was made by a newer version of this program" in said
    assert "Use that version" in said


async def test_a_journal_that_a_newer_version_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    await journal.create(plan_for(1), ACTOR)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalUnavailable, match="was made by a newer version of this program"):
        await journal.create(plan_for(2), ACTOR)
    with pytest.raises(JournalUnavailable, match="was made by a newer version of this program"):
        await journal.summaries()
    await journal.aclose()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute("CREATE TABLE mine (a)")
    connection.close()
    assert "is damaged" in await refusal(tmp_path)


@pytest.mark.parametrize("place", ["data", "data/locks", "data/journal.sqlite3"])
async def test_an_obstacle_to_the_file_is_named(tmp_path: Path, place: str) -> None:
    """Root ignores permissions, so the obstacle here is a file in place of a folder, or a folder in place of a file."""
    blocked = tmp_path / place
    if blocked.suffix:
        blocked.mkdir(parents=True)
    else:
        blocked.parent.mkdir(exist_ok=True)
        blocked.write_text("in the way")
    said = await refusal(tmp_path / "data")
    assert str(tmp_path / "data" / "journal.sqlite3") in said
    assert "Nothing is sent without it." in said


async def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    """Made read-only through SQLite, which also applies to root."""
    file = JournalFile(tmp_path, Locks(tmp_path / "locks"))
    file.write(lambda tables: tables.connection.execute("SELECT 1"))
    file.read(lambda tables: tables.connection.execute("PRAGMA query_only = ON"), None)
    with pytest.raises(JournalUnavailable, match="cannot be written") as caught:
        file.write(lambda tables: tables.connection.execute("DELETE FROM purging"))
    assert "permissions" in caught.value.hint
    file.close()


async def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write every file."""
    folder = tmp_path / "Data"
    await made(folder)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    said = await refusal(folder)
    assert said.startswith(f"The journal {folder / 'journal.sqlite3'} cannot be used: permission denied.")


async def test_on_a_full_disk_the_intent_fails_and_stored_data_stays(tmp_path: Path) -> None:
    """Sending depends on the intent, so it has to fail."""
    journal = journal_in(tmp_path)
    job = await journal.create(plan_for(*range(30)), ACTOR)
    await journal.claim(job.id)
    await journal.intend(job.id, 1, ZOE, 1)
    await journal.read(_allow_no_more_pages, None)

    async def go_on() -> None:
        for number in range(2, len(job.steps) + 1):
            await journal.intend(job.id, number, ZOE, number)

    with pytest.raises(JournalUnavailable, match="no space left") as caught:
        await go_on()
    assert "Nothing is sent without it." in caught.value.hint
    found = await journal.job(job.id)
    sent = [record for record in found.steps if record.state is StepState.SENT]
    assert sent[0].before == ZOE
    assert all(record.attempts == (record.state is StepState.SENT) for record in found.steps)
    await journal.aclose()


def _allow_no_more_pages(tables: JournalTables) -> None:
    pages = tables.connection.execute("PRAGMA page_count").fetchone()[0]
    tables.connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("size", [400_000, 500_000])
async def test_at_the_limit_of_file_sizes_the_intent_fails(tmp_path: Path, size: int) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.limited_journal",
        str(tmp_path),
        str(size),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(program.communicate(), 60)
    acknowledged, said = out.decode().splitlines()
    assert str(tmp_path / "journal.sqlite3") in said
    assert "Nothing is sent without it." in said
    journal = journal_in(tmp_path)
    (job,) = await all_jobs(journal)
    assert job.counts["sent"] == int(acknowledged) > 0
    assert job.state is JobState.INTERRUPTED
    await journal.claim(job.id)
    await journal.aclose()


async def test_a_deleted_journal_refuses_writes(tmp_path: Path) -> None:
    """SQLite would go on writing to the deleted file."""
    journal = journal_in(tmp_path)
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    shutil.move(tmp_path / "journal.sqlite3", tmp_path / "kept.sqlite3")
    with pytest.raises(JournalUnavailable, match="moved or deleted"):
        await journal.intend(job.id, 1, ZOE, 1)
    await journal.aclose()


async def test_a_replaced_journal_refuses_writes(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "data")
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    await made(tmp_path / "other")
    (tmp_path / "other" / "journal.sqlite3").replace(tmp_path / "data" / "journal.sqlite3")
    with pytest.raises(JournalUnavailable, match="moved or deleted"):
        await journal.intend(job.id, 1, ZOE, 1)
    await journal.aclose()


async def test_two_programs_can_make_the_journal_at_once(tmp_path: Path) -> None:
    journals = [journal_in(tmp_path / "data") for _ in range(6)]
    jobs = await asyncio.gather(*(journal.create(plan_for(1), ACTOR) for journal in journals))
    assert len({job.id for job in jobs}) == 6
    for journal in journals:
        assert len(await all_jobs(journal)) == 6
        await journal.aclose()
