"""The seventh layout of the journal: totals of the steps are stored with their job.

``jobs.totals`` is ``totals.Totals`` as JSON, NULL while steps may change. ``steps.undone`` is 1 where a later job undid
the change, and ``jobs.undone`` the number of users or groups with such steps.
"""

import sqlite3

from walkme_tui.domain.jobs import JobState
from walkme_tui.store.journal.rows import dumped
from walkme_tui.store.journal.totals import count_totals, mark_undone

STATEMENTS = (
    "ALTER TABLE jobs ADD COLUMN totals TEXT",
    "ALTER TABLE jobs ADD COLUMN undone INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE steps ADD COLUMN undone INTEGER NOT NULL DEFAULT 0",
)


def fill(connection: sqlite3.Connection) -> None:
    """Count the totals, and mark what was undone in the order in which it happened."""
    for (job,) in connection.execute("SELECT id FROM jobs WHERE state <> ?", (JobState.RUNNING,)).fetchall():
        totals = dumped(count_totals(connection, job))
        connection.execute("UPDATE jobs SET totals = ? WHERE id = ?", (totals, job))
    undoing = connection.execute(
        "SELECT steps.job, number FROM jobs JOIN steps ON steps.job = jobs.id "
        "WHERE undoes IS NOT NULL AND steps.state = 'done' AND changed ORDER BY created_at_ms, jobs.rowid, number"
    )
    for job, number in undoing.fetchall():
        mark_undone(connection, job, number)
