"""Journals of earlier layouts: reasons are derived from the details of that time, and steps have no refusals."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.journals import ACTOR, journal_in, plan_for
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.jobs import Outcome, OutcomeReason
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.migrations import journal_0001, journal_0002


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


async def test_a_journal_of_the_second_layout_is_read(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    job = await journal.create(plan_for(1), ACTOR)
    await journal.aclose()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection, connection:
        connection.execute("UPDATE jobs SET plan = json_remove(plan, '$.surface')")
        connection.execute("ALTER TABLE claims RENAME COLUMN subject TO user_id")
        connection.execute("ALTER TABLE steps RENAME COLUMN subject TO user_id")
        connection.execute("ALTER TABLE steps DROP COLUMN refusals")
        connection.execute("ALTER TABLE jobs DROP COLUMN checks")
        connection.execute("PRAGMA user_version = 2")
    journal = journal_in(tmp_path)
    await journal.claim(job.id)
    refused = Outcome(StepState.FAILED, "Refused.", refusals={"role": "unknown"})
    await journal.settle(job.id, 1, refused, 1)
    read = await journal.job(job.id)
    first, *others = read.steps
    await journal.aclose()
    assert read.plan.surface is Surface.REST
    assert first.refusals == {"role": "unknown"}
    assert tuple(others) == job.steps[1:]
