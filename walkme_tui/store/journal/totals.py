"""What lists show of the steps of a job is stored with it, because to count 100 000 steps takes long."""

import sqlite3
from typing import NamedTuple

from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.rows import member


class Totals(NamedTuple):
    """Steps by state, and how many users or groups a job names and has changed."""

    counts: dict[str, int]
    subjects: int
    changed: int


def count_totals(connection: sqlite3.Connection, job: str) -> Totals:
    """The totals of a job, counted by indexes."""
    counts = connection.execute("SELECT state, count(*) FROM steps WHERE job = ? GROUP BY state", (job,))
    (subjects,) = connection.execute("SELECT count(place) FROM subjects WHERE job = ?", (job,)).fetchone()
    (changed,) = connection.execute(
        "SELECT count(DISTINCT subject) FROM steps WHERE job = ? AND state = ? AND changed = 1", (job, StepState.DONE)
    ).fetchone()
    return Totals({member(StepState, state).value: number for state, number in counts}, subjects, changed)


def mark_undone(connection: sqlite3.Connection, job: str, number: int) -> None:
    """Note in the job that a step undid, if any, that the changes of its user or group are undone.

    They are as long as a step of any later job that undid them is not undone itself: so a job that undid an earlier one
    is noted in that one too, and so on.
    """
    (subject,) = connection.execute("SELECT subject FROM steps WHERE job = ? AND number = ?", (job, number)).fetchone()
    while (undone := _undone_by(connection, job)) is not None:
        # The cross join keeps SQLite from reading all jobs for each step.
        standing = connection.execute(
            "SELECT 1 FROM steps CROSS JOIN jobs ON jobs.id = steps.job WHERE jobs.undoes = ? AND steps.subject = ? "
            "AND steps.state = ? AND changed = 1 AND steps.undone = 0",
            (undone, subject, StepState.DONE),
        )
        is_undone = standing.fetchone() is not None
        # Later jobs know what the job created or deleted by another id.
        known = connection.execute("SELECT subject FROM steps WHERE job = ? AND subject_after = ?", (undone, subject))
        (subject,) = known.fetchone() or (subject,)
        changed = ("job = ? AND subject = ? AND state = ? AND changed = 1", (undone, subject, StepState.DONE))
        (was_undone,) = connection.execute(f"SELECT max(undone) FROM steps WHERE {changed[0]}", changed[1]).fetchone()  # noqa: S608 - constants
        if was_undone is not None:
            connection.execute(f"UPDATE steps SET undone = ? WHERE {changed[0]}", (is_undone, *changed[1]))  # noqa: S608 - constants
            connection.execute("UPDATE jobs SET undone = undone + ? WHERE id = ?", (is_undone - was_undone, undone))
        job = undone


def _undone_by(connection: sqlite3.Connection, job: str) -> str | None:
    row = connection.execute("SELECT undoes FROM jobs WHERE id = ?", (job,)).fetchone()
    return None if row is None else row[0]
