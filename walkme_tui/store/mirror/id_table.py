"""Row ids by user id: a large table, and a small one for new ids that is merged into it."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Final, TypeAlias

from walkme_tui.store import bulk

StoredId: TypeAlias = bytes | str

# New ids that are collected before a merge: a merge reads all of the large table, and the small one should fit into the
# writer's cache.
MERGE_AT: Final = 150_000
BATCH: Final = 500
# With a million known ids one new id in seventeen has its bit set and is looked up in vain.
SEEN_BITS: Final = 1 << 24


class IdTable:
    """Reads and writes ``ids`` and ``recent_ids`` over one connection; ids as ``rows.stored_id`` returns them.

    While an empty mirror is filled, a bit for every id saves looking up new ones, a tenth of the time of a crawl.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen: _Seen | None = None

    def begin(self) -> None:
        """Start a time, until ``clear_cache``, in which only this connection changes the tables."""
        empty = "SELECT NOT EXISTS (SELECT 1 FROM ids) AND NOT EXISTS (SELECT 1 FROM recent_ids)"
        self._seen = _Seen() if self._connection.execute(empty).fetchone()[0] else None

    def clear_cache(self) -> None:
        """Do not rely on the bits any more."""
        self._seen = None

    def find(self, ids: Collection[StoredId]) -> dict[StoredId, int]:
        """Row ids of those ids that are stored."""
        wanted = list(ids) if self._seen is None else self._seen.candidates(ids)
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
        """Insert ids that are not stored yet."""
        bulk.insert(self._connection, "recent_ids", rows)
        if self._seen is not None:
            self._seen.add([user_id for user_id, _ in rows])
        if self._connection.execute("SELECT count(*) FROM recent_ids").fetchone()[0] >= MERGE_AT:
            self._connection.execute("INSERT INTO ids SELECT id, row_id FROM recent_ids ORDER BY id")
            self._connection.execute("DELETE FROM recent_ids")

    def remove(self, ids: Collection[StoredId]) -> None:
        """Delete ids."""
        for table in ("recent_ids", "ids"):
            self._connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(user_id,) for user_id in ids])  # noqa: S608


class _Seen:
    """A bitmap of hashed ids: an id whose bit is not set was never added."""

    def __init__(self) -> None:
        self._bits = bytearray(SEEN_BITS // 8)

    def add(self, ids: Iterable[StoredId]) -> None:
        bits = self._bits
        for number in map(hash, ids):
            bits[number % SEEN_BITS >> 3] |= 1 << (number & 7)

    def candidates(self, ids: Iterable[StoredId]) -> list[StoredId]:
        """The ids that may have been added."""
        bits = self._bits
        return [each for each in ids if bits[(number := hash(each)) % SEEN_BITS >> 3] >> (number & 7) & 1]
