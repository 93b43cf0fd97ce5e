"""Whom a sweep (one walk over all pages of the server's list) has seen."""

from typing import Final

from walkme_tui.domain.sweeps import SeenCount
from walkme_tui.store.mirror.rows import id_from_stored
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps

# Rows looked at between two looks at who else waits: a few milliseconds.
ROWS_AT_ONCE: Final = 10_000


def tally(tables: Tables, since_ms: int, before_row_id: int, created_before_ms: int) -> Steps[SeenCount]:
    """How many listed users were described since, and how many of them surely stood in the list before."""
    listed = "FROM users WHERE position IS NOT NULL AND fetched_at_ms >= ?"
    (seen,) = tables.connection.execute(f"SELECT count(*) {listed}", (since_ms,)).fetchone()
    yield
    sure = 0
    if seen and (before_row_id or created_before_ms):
        # By row id, and not by the index, whose order is another: each row is read once, and never the same twice.
        select = (
            "SELECT coalesce(sum(row_id < ? OR coalesce(created_at_ms < ?, 0)), 0) FROM users "
            "WHERE row_id > ? AND row_id <= ? AND +position IS NOT NULL AND +fetched_at_ms >= ?"
        )
        last = tables.connection.execute("SELECT max(row_id) FROM users").fetchone()[0] or 0
        for after in range(0, last, ROWS_AT_ONCE):
            values = (before_row_id, created_before_ms, after, after + ROWS_AT_ONCE, since_ms)
            sure += tables.connection.execute(select, values).fetchone()[0]
            yield
    return SeenCount(seen, sure)


def not_seen(tables: Tables, since_ms: int, limit: int) -> Steps[list[str]]:
    """Ids of at most ``limit`` users whom no answer has described since, in order of row id."""
    yield
    older = "SELECT row_id FROM users WHERE position IS {} AND fetched_at_ms < ?1"  # each has an index by age
    select = (
        f"SELECT id FROM users WHERE row_id IN (SELECT row_id FROM ({older.format('NULL')} "  # noqa: S608 - constants
        f"UNION ALL {older.format('NOT NULL')}) ORDER BY row_id LIMIT ?2) ORDER BY row_id"
    )
    return [id_from_stored(found) for (found,) in tables.connection.execute(select, (since_ms, limit)).fetchall()]
