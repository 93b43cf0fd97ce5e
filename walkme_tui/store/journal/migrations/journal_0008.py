"""The eighth layout of the journal: ``checks`` holds the checks of jobs, one a row, and ``jobs.checks`` none.

``subject`` is the user on the surface of the job, ``content`` the list of the fields of ``domain.jobs.SurfaceCheck`` as
JSON.
"""

import sqlite3

from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import dumped, loaded

STATEMENTS = (
    """
    CREATE TABLE checks (
        job TEXT NOT NULL REFERENCES jobs (id),
        number INTEGER NOT NULL,
        subject TEXT NOT NULL,
        wrong INTEGER NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX checks_by_subject ON checks (job, subject)",
    "CREATE INDEX checks_wrong ON checks (job, number, subject) WHERE wrong",
)


def fill(connection: sqlite3.Connection) -> None:
    """Move the checks into their table."""
    for job, text in connection.execute("SELECT id, checks FROM jobs WHERE checks <> '[]'").fetchall():
        connection.executemany(
            "INSERT INTO checks (job, number, subject, wrong, content) VALUES (?, ?, ?, ?, ?)",
            [
                (job, number, storable(fields[0]), fields[-1], dumped(fields))
                for number, fields in enumerate(loaded(text), 1)
            ],
        )
    connection.execute("UPDATE jobs SET checks = '[]'")
