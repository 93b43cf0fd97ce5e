"""Many rows in one step of a statement.

Python releases its global lock at each step of a statement, and gets it back when another thread releases it: after a
millisecond where that thread computes, as it does while a page is decoded. With one step a row, eighty rows would then
take a tenth of a second, and a page of a thousand rows a whole second.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

ROWS_AT_ONCE: Final = 250
# Characters of a list of numbers that are parsed at once, which takes a millisecond.
CHARACTERS_AT_ONCE: Final = 1 << 16


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of equal length; ``into`` is the table, followed by the columns where the rows lack some.

    A row that cannot be inserted raises and leaves the rows before it inserted: the caller rolls back.
    """
    if not rows:
        return
    width = len(rows[0])
    at_once = min(ROWS_AT_ONCE, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width)
    one = f"({','.join('?' * width)})"
    # Without OR FAIL each statement starts a savepoint, at which the full-text index writes its pending entries.
    many = f"INSERT OR FAIL INTO {into} VALUES {','.join([one] * at_once)}"  # noqa: S608 - names and question marks
    whole = len(rows) - len(rows) % at_once
    for start in range(0, whole, at_once):
        connection.execute(many, [*chain.from_iterable(rows[start : start + at_once])])
    connection.executemany(f"INSERT INTO {into} VALUES {one}", rows[whole:])  # noqa: S608 - the same


def rows(connection: sqlite3.Connection, columns: str, source: str, values: Sequence[Any]) -> list[list[Any]]:
    """The rows of ``SELECT columns source``, which must not contain a BLOB."""
    select = f"SELECT json_group_array(json_array({columns})) {source}"
    found: list[list[Any]] = json.loads(connection.execute(select, values).fetchone()[0])
    return found


def numbers(connection: sqlite3.Connection, select: str, values: Sequence[Any]) -> Iterator[list[int]]:
    """The row ids that a SELECT of ``row_id`` finds, in its order and in parts: a million at once would take 40 MB."""
    # The LIMIT of the inner statement keeps SQLite from dropping its ORDER BY.
    together = f"SELECT group_concat(row_id) FROM ({select})"  # noqa: S608 - statements of ours
    text = connection.execute(together, values).fetchone()[0] or ""
    start = 0
    while start < len(text):
        end = text.find(",", start + CHARACTERS_AT_ONCE)
        end = len(text) if end < 0 else end
        yield [*map(int, text[start:end].split(","))]
        start = end + 1
