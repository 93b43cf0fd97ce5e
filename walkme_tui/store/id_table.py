"""Row ids by user id: a large table in order, and a small one before it that takes what is new."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

from walkme_tui.store import bulk

StoredId: TypeAlias = bytes | str

# So many new ids are collected before they are merged: a merge passes over all of the large table, and what is
# collected should stay in the writer's cache (4 MB).
MERGE_AT: Final = 150_000
BATCH: Final = 500


class IdTable:
    """Reads and writes ``ids`` and ``recent_ids`` over one connection; ids as ``rows.stored_id`` writes them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, ids: Collection[StoredId]) -> dict[StoredId, int]:
        """Row ids of those that are known."""
        wanted = list(ids)
        found: dict[StoredId, int] = {}
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            marks = ",".join("?" * len(batch))
            for table in ("recent_ids", "ids"):
                select = f"SELECT id, row_id FROM {table} WHERE id IN ({marks})"  # noqa: S608 - constants, question marks
                found.update(self._connection.execute(select, batch).fetchall())
        return found

    def between(self, first: bytes, last: bytes, limit: int) -> list[int]:
        """Row ids of at most ``limit`` users whose id is a UUID from ``first`` to ``last``, in order of row id."""
        found: list[int] = []
        for table in ("recent_ids", "ids"):
            select = f"SELECT row_id FROM {table} WHERE id BETWEEN ? AND ? LIMIT ?"  # noqa: S608 - constants
            found += [row_id for (row_id,) in self._connection.execute(select, (first, last, limit)).fetchall()]
        return sorted(found)[:limit]

    def add(self, rows: Sequence[tuple[StoredId, int]]) -> None:
        """Add ids that are not there yet."""
        bulk.insert(self._connection, "recent_ids", rows)
        if self._connection.execute("SELECT count(*) FROM recent_ids").fetchone()[0] >= MERGE_AT:
            self._connection.execute("INSERT INTO ids SELECT id, row_id FROM recent_ids ORDER BY id")
            self._connection.execute("DELETE FROM recent_ids")

    def remove(self, ids: Collection[StoredId]) -> None:
        """Drop ids."""
        for table in ("recent_ids", "ids"):
            self._connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(user_id,) for user_id in ids])  # noqa: S608
