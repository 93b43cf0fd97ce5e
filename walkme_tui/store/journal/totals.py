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

    Where that job undid an earlier one, the changes of that one are not undone any more, and so on.
    """
    is_undone = True
    (subject,) = connection.execute("SELECT subject FROM steps WHERE job = ? AND number = ?", (job, number)).fetchone()
    undone = _undone_by(connection, job)
    while undone is not None:
        # Later jobs know what the job created or deleted by another id.
        known = connection.execute("SELECT subject FROM steps WHERE job = ? AND subject_after = ?", (undone, subject))
        (subject,) = known.fetchone() or (subject,)
        marked = connection.execute(
            "UPDATE steps SET undone = ?1 "
            "WHERE job = ?2 AND subject = ?3 AND state = ?4 AND changed = 1 AND undone <> ?1",
            (is_undone, undone, subject, StepState.DONE),
        )
        if marked.rowcount:
            connection.execute("UPDATE jobs SET undone = undone + ? WHERE id = ?", (1 if is_undone else -1, undone))
        undone, is_undone = _undone_by(connection, undone), not is_undone


def _undone_by(connection: sqlite3.Connection, job: str) -> str | None:
    row = connection.execute("SELECT undoes FROM jobs WHERE id = ?", (job,)).fetchone()
    return None if row is None else row[0]
