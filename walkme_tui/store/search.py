"""Which of the loaded users a view shows, in the order of the server's list.

Searches are generators: between two steps the thread may serve somebody else, or find that nobody waits any more.
"""

import sqlite3
from array import array
from itertools import chain
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.records import storable
from walkme_tui.domain.text import search_words
from walkme_tui.store.rows import UNLISTED, uuid_range
from walkme_tui.store.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from walkme_tui.store.sqlite_thread import Steps

# Rows looked at in one step: about 5 ms, so that a window read waits no longer behind a search.
STEP: Final = 20_000
# Up to so many ids that begin with a word are written into the statement; more are looked up row by row.
MAX_LISTED_IDS: Final = 1_000


def matching(tables: Tables, query: UserQuery) -> "Steps[array[int]]":
    """Row ids of the users that ``query`` keeps: by position, then those without one by row id."""
    condition, values = _condition(tables.connection, query)
    if query.group_id is None:
        return (yield from _scan(tables.connection, condition, values))
    gid = tables.groups.find(query.group_id)
    if gid is None:
        return array("q")
    return (yield from _members(tables.connection, gid, condition, values))


def _condition(connection: sqlite3.Connection, query: UserQuery) -> tuple[str, list[object]]:
    """What a row of ``search_rows`` has to satisfy, as SQL without the group, and the values in it."""
    parts: list[str] = ["inactive = 0"] if query.hide_inactive else []
    values: list[object] = []
    # The longest word is the rarest: the others are then hardly looked for.
    for word in sorted(search_words(storable(query.text)), key=len, reverse=True):
        by_id, id_values = _id_condition(connection, word)
        parts.append(f"(instr(search_key, ?) > 0{by_id})")
        values += [word, *id_values]
    return " AND ".join(parts) or "1", values


def _id_condition(connection: sqlite3.Connection, word: str) -> tuple[str, list[object]]:
    """The alternative that the id is a UUID which begins with ``word``; empty where none does."""
    ends = uuid_range(word)
    if ends is None:
        return "", []
    found = connection.execute(
        "SELECT row_id FROM users WHERE id BETWEEN ? AND ? LIMIT ?", (*ends, MAX_LISTED_IDS + 1)
    ).fetchall()
    if not found:
        return "", []
    if len(found) <= MAX_LISTED_IDS:
        return f" OR row_id IN ({','.join(str(row_id) for (row_id,) in found)})", []
    in_range = "users.row_id = search_rows.row_id AND users.id BETWEEN ? AND ?"
    return f" OR EXISTS (SELECT 1 FROM users WHERE {in_range})", list(ends)  # noqa: S608 - a constant


def parts(connection: sqlite3.Connection, condition: str, values: "Sequence[object]") -> "Iterator[array[int]]":
    """Row ids of the users whose row of ``search_rows`` satisfies a condition in SQL, in the order of that table.

    They come in parts, each of one step.
    """
    last = connection.execute("SELECT max(position) FROM positions").fetchone()[0]
    select = "SELECT row_id FROM search_rows WHERE"
    listed = f"{select} position BETWEEN ? AND ? AND {condition} ORDER BY position, row_id"
    for first in range(0, -1 if last is None else last + 1, STEP):
        yield _row_ids(connection.execute(listed, (first, first + STEP - 1, *values)))
    after = 0
    unlisted = f"{select} position = ? AND row_id > ? AND row_id <= ? AND {condition} ORDER BY row_id"
    step = f"SELECT max(row_id) FROM ({select} position = ? AND row_id > ? ORDER BY row_id LIMIT ?)"  # noqa: S608 - constants
    while (until := connection.execute(step, (UNLISTED, after, STEP)).fetchone()[0]) is not None:
        yield _row_ids(connection.execute(unlisted, (UNLISTED, after, until, *values)))
        after = until


def _scan(connection: sqlite3.Connection, condition: str, values: list[object]) -> "Steps[array[int]]":
    found = array("q")
    for part in parts(connection, condition, values):
        found.extend(part)
        yield
    return found


def _members(connection: sqlite3.Connection, gid: int, condition: str, values: list[object]) -> "Steps[array[int]]":
    """Members in steps by row id, each with their position, then sorted."""
    places: list[tuple[int, int]] = []
    statement = (
        "SELECT coalesce((SELECT min(position) FROM positions WHERE positions.row_id = memberships.row_id), ?) "
        "AS place, row_id FROM memberships WHERE gid = ? AND row_id > ? AND row_id <= ?"
    )
    if condition != "1":
        same = "search_rows.position = place AND search_rows.row_id = memberships.row_id"
        statement += f" AND EXISTS (SELECT 1 FROM search_rows WHERE {same} AND {condition})"  # noqa: S608 - see _condition
    select = "SELECT row_id FROM memberships WHERE gid = ? AND row_id > ? ORDER BY row_id LIMIT ?"
    step = f"SELECT max(row_id) FROM ({select})"  # noqa: S608 - a constant
    after = 0
    while (until := connection.execute(step, (gid, after, STEP)).fetchone()[0]) is not None:
        places += connection.execute(statement, (UNLISTED, gid, after, until, *values)).fetchall()
        after = until
        yield
    places.sort()
    return array("q", [row_id for _, row_id in places])


def _row_ids(rows: sqlite3.Cursor) -> "array[int]":
    return array("q", chain.from_iterable(rows.fetchall()))
