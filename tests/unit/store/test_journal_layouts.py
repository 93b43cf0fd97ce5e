"""Journals of earlier layouts are brought to the newest one when they are opened."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.fake_directory import person
from tests.support.journals import START_MS, journal_in, plan_for
from walkme_tui.domain.changes.creation import new_user_key
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.jobs import Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.plan_files import plan_to_json, step_to_json
from walkme_tui.domain.plans import Plan, PlanKind, StepState, numbered
from walkme_tui.domain.user_json import encode_user
from walkme_tui.store.journal.file import JournalFile
from walkme_tui.store.journal.migrations import JOURNAL, journal_0001, journal_0002
from walkme_tui.store.locks import Locks


@pytest.mark.parametrize(
    ("state", "detail", "changed", "reason"),
    [
        ("todo", "no usable answer came; the change was not there when read again", 0, OutcomeReason.MAY_ARRIVE),
        ("todo", "the answer was lost; the change was not there when read again", 0, OutcomeReason.MAY_ARRIVE),
        ("sent", "no usable answer came; the change was not there when read again", 0, OutcomeReason.MAY_ARRIVE),
        ("todo", "the service could not be used; nothing was sent", 0, OutcomeReason.OTHER),
        ("done", "was active, is inactive", 1, OutcomeReason.VERIFIED),
        ("done", "left Sales", 1, OutcomeReason.VERIFIED),
        ("done", "already inactive: nothing was sent", 0, OutcomeReason.OTHER),
        ("done", "no usable answer came; the change was there when read again", 1, OutcomeReason.OTHER),
        ("done", "", 1, OutcomeReason.OTHER),
        ("failed", "the server answered 200 and changed nothing", 0, OutcomeReason.OTHER),
    ],
)
def test_a_detail_of_the_first_layout_gives_its_reason(
    state: str, detail: str, changed: int, reason: OutcomeReason
) -> None:
    connection = sqlite3.connect(":memory:")
    for statement in journal_0001.STATEMENTS:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO steps (job, number, user_id, step, state, detail, changed) VALUES ('j', 1, 'u', '{}', ?, ?, ?)",
        (state, detail, changed),
    )
    for statement in journal_0002.STATEMENTS:
        connection.execute(statement)
    (found,) = connection.execute("SELECT reason FROM steps").fetchone()
    connection.close()
    assert OutcomeReason(found) is reason


def earlier_journal(folder: Path, layout: int, plan: Plan) -> None:
    """A journal of an earlier layout with one job, ``20261123-bcdf``, that is ready."""
    subject = "subject" if layout >= 4 else "user_id"
    content = plan_to_json(replace(plan, steps=()))
    if layout < 4:
        del content["surface"]
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection, connection:
        for name in JOURNAL[:layout]:
            for statement in import_module(name).STATEMENTS:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {layout}")
        connection.execute(
            "INSERT INTO jobs (id, state, profile, plan, os_user, host, client_id, created_at_ms) "
            "VALUES ('20261123-bcdf', 'ready', ?, ?, 'ada', 'jump-host', 'client-7', ?)",
            (plan.profile, dumps(content), START_MS),
        )
        connection.executemany(
            f"INSERT INTO steps (job, number, {subject}, step, state) VALUES ('20261123-bcdf', ?, ?, ?, 'todo')",
            [(step.number, step.subject_id, dumps(step_to_json(step))) for step in plan.steps],
        )


async def test_a_journal_of_the_second_layout_is_read(tmp_path: Path) -> None:
    plan = plan_for(1)
    earlier_journal(tmp_path, 2, plan)
    journal = journal_in(tmp_path)
    await journal.claim("20261123-bcdf")
    refused = Outcome(StepState.FAILED, "Refused.", refusals={"role": "unknown"})
    await journal.settle("20261123-bcdf", 1, refused, 1)
    read = await journal.job("20261123-bcdf")
    first, *others = read.steps
    await journal.aclose()
    assert read.plan == plan
    assert first.refusals == {"role": "unknown"}
    assert tuple(others) == tuple(StepRecord(step, StepState.TODO) for step in plan.steps[1:])


async def test_jobs_of_the_fifth_layout_are_listed_and_found_by_their_subjects(tmp_path: Path) -> None:
    user = person(1)
    deletion = replace(plan_for(1), kind=PlanKind.DELETE, steps=numbered([DeleteUser(user.id)]))
    earlier_journal(tmp_path, 5, deletion)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO events (at_ms, job, step, actor, what, detail, record) "
            "VALUES (1, '20261123-bcdf', 1, 'ada', 'sent', '', ?)",
            (dumps(encode_user(user)),),
        )
        connection.execute("UPDATE steps SET state = 'done', changed = 1, before = 1")
        connection.execute("UPDATE jobs SET state = 'done', settled_at_ms = 2")
    journal = journal_in(tmp_path)
    (listed,) = await journal.summaries("acme")
    whole = await journal.job("20261123-bcdf")
    assert whole.plan == deletion
    assert listed == whole.summary
    assert (listed.ticket, listed.subjects, listed.changed) == ("HR-17", 1, 1)
    assert listed.names == ((user.email, user.full_name),)
    (by_id,), (by_key,) = [await journal.jobs_about(each, "acme") for each in (user.id, new_user_key(str(user.email)))]
    assert by_id == by_key == whole
    await journal.aclose()


async def test_two_hosts_whose_locks_do_not_exclude_each_other_may_open_an_earlier_journal_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(1)
    earlier_journal(tmp_path, 5, plan)
    files = [JournalFile(tmp_path, Locks(tmp_path / f"locks of {host}")) for host in "ab"]
    make_durable = JournalFile._make_durable

    def overtaken(file: JournalFile, connection: sqlite3.Connection) -> None:
        make_durable(file, connection)
        if file is files[0]:
            files[1].read(lambda tables: None, None)

    monkeypatch.setattr(JournalFile, "_make_durable", overtaken)
    found = files[0].read(lambda tables: tables.connection.execute("SELECT count(*) FROM steps").fetchone(), None)
    assert found == (len(plan.steps),)
    for file in files:
        file.close()
