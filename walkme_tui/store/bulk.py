"""Many rows in few steps, in and out.

Python gives its lock away at each step of a statement, and gets it back when others let go of it: a millisecond later
where one of them computes, as while a page is decoded. With a step for each row, eighty rows would take a tenth of a
second then, and a page of a thousand a whole one.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

ROWS_AT_ONCE: Final = 250
# Of numbers in a text, about so many characters are read at once: a millisecond.
CHARACTERS_AT_ONCE: Final = 1 << 16


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of equal length; ``into`` is the table, with the columns where not all are meant.

    A row that cannot be inserted raises and leaves those before it: it is for transactions that are rolled back then.
    """
    if not rows:
        return
    width = len(rows[0])
    at_once = min(ROWS_AT_ONCE, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width)
    one = f"({','.join('?' * width)})"
    # Without OR FAIL each statement begins a savepoint, at which the index of texts writes all that it has collected.
    many = f"INSERT OR FAIL INTO {into} VALUES {','.join([one] * at_once)}"  # noqa: S608 - names and question marks
    whole = len(rows) - len(rows) % at_once
    for start in range(0, whole, at_once):
        connection.execute(many, [*chain.from_iterable(rows[start : start + at_once])])
    connection.executemany(f"INSERT INTO {into} VALUES {one}", rows[whole:])  # noqa: S608 - the same


def rows(connection: sqlite3.Connection, columns: str, source: str, values: Sequence[Any]) -> list[list[Any]]:
    """``SELECT columns source``, a list for each row; there must be no BLOB in it."""
    select = f"SELECT json_group_array(json_array({columns})) {source}"
    found: list[list[Any]] = json.loads(connection.execute(select, values).fetchone()[0])
    return found


def numbers(connection: sqlite3.Connection, select: str, values: Sequence[Any]) -> Iterator[list[int]]:
    """What a SELECT of ``row_id`` finds, in its order and in parts: a million as objects would be 40 MB."""
    # LIMIT keeps SQLite from thinking that the order does not matter.
    together = f"SELECT group_concat(row_id) FROM ({select})"  # noqa: S608 - statements of ours
    text = connection.execute(together, values).fetchone()[0] or ""
    start = 0
    while start < len(text):
        end = text.find(",", start + CHARACTERS_AT_ONCE)
        end = len(text) if end < 0 else end
        yield [*map(int, text[start:end].split(","))]
        start = end + 1
