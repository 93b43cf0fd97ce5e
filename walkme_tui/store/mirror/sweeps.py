"""Which users a sweep (one pass over all pages of the server's list) has seen."""

from walkme_tui.domain.sweeps import SeenCount
from walkme_tui.store.mirror.rows import id_from_stored
from walkme_tui.store.mirror.tables import RANGE_ROWS, Tables
from walkme_tui.store.sqlite_thread import Steps


def count_seen(tables: Tables, since_ms: int, before_row_id: int, created_before_ms: int) -> Steps[SeenCount]:
    """The number of listed users that were fetched since ``since_ms``, and of those that were in the list before.

    A user was surely in the list before if the row id is below ``before_row_id`` or the creation time below
    ``created_before_ms``.
    """
    listed = "FROM users WHERE position IS NOT NULL AND fetched_at_ms >= ?"
    (seen,) = tables.connection.execute(f"SELECT count(*) {listed}", (since_ms,)).fetchone()
    yield
    sure = 0
    if seen and (before_row_id or created_before_ms):
        # The unary + keeps SQLite from using the index by age: in the order of row ids each row is read once.
        select = (
            "SELECT coalesce(sum(row_id < ? OR coalesce(created_at_ms < ?, 0)), 0) FROM users "
            "WHERE row_id > ? AND row_id <= ? AND +position IS NOT NULL AND +fetched_at_ms >= ?"
        )
        for after, last in tables.row_id_ranges(RANGE_ROWS):
            values = (before_row_id, created_before_ms, after, last, since_ms)
            sure += tables.connection.execute(select, values).fetchone()[0]
            yield
    return SeenCount(seen, sure)


def not_seen(tables: Tables, since_ms: int, limit: int) -> Steps[list[str]]:
    """Ids of at most ``limit`` users that were not fetched since ``since_ms``, in the order of row ids."""
    yield
    older = "SELECT row_id FROM users WHERE position IS {} AND fetched_at_ms < ?1"  # each has an index by age
    select = (
        f"SELECT id FROM users WHERE row_id IN (SELECT row_id FROM ({older.format('NULL')} "  # noqa: S608 - constants
        f"UNION ALL {older.format('NOT NULL')}) ORDER BY row_id LIMIT ?2) ORDER BY row_id"
    )
    return [id_from_stored(found) for (found,) in tables.connection.execute(select, (since_ms, limit)).fetchall()]
