"""Statements for the row ids of users, made of conditions and sources."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from walkme_tui.store import bulk
from walkme_tui.store.mirror.conditions import Source, Sql
from walkme_tui.store.mirror.tables import Tables


class QueryPlan(NamedTuple):
    """How the users of a query are found.

    Each of them is in one of ``sources``; None means that all users are read. ``conditions`` are those that users of
    the sources still have to satisfy, ``everything`` those for any user.
    """

    sources: tuple[Source, ...] | None
    conditions: tuple[Sql, ...]
    everything: tuple[Sql, ...]


def unsorted(found: QueryPlan, after: int, limit: int) -> Sql:
    """Users in ascending order of row ids, which needs no sorting: SQLite stops after ``limit``."""
    conditions = list(found.conditions)
    if found.sources is None:
        source, order = Sql("users"), " ORDER BY users.row_id"
        conditions += above(after)
    else:
        # A union of several sources is in order, which SQLite does not know.
        source, order = joined(found.sources, after), " ORDER BY found.row_id" if len(found.sources) == 1 else ""
    where, values = where_of(conditions)
    select = f"SELECT users.row_id FROM {source.text}{texts_of(conditions)}{where}{order} LIMIT ?"  # noqa: S608 - names and question marks
    return Sql(select, (*source.values, *values, limit))


def joined(sources: tuple[Source, ...], after: int) -> Sql:
    """The sources joined with ``users``, in ascending order of row ids."""
    parts = [source.row_ids(after) for source in sources]
    text = " UNION ".join(part.text for part in parts)
    # With a LIMIT SQLite keeps the order of each part, and merges them instead of reading all of each.
    ordered = f"{text} ORDER BY row_id LIMIT -1" if len(parts) > 1 else text
    values = tuple(value for part in parts for value in part.values)
    return Sql(f"({ordered}) AS found CROSS JOIN users ON users.row_id = found.row_id", values)


def above(after: int) -> list[Sql]:
    """The condition of row ids above ``after``."""
    return [Sql("users.row_id > ?", (after,))] if after else []


def texts_of(conditions: Sequence[Sql]) -> str:
    """The join with ``texts``, where a condition needs it."""
    needed = any("texts.text" in condition.text for condition in conditions)
    return " CROSS JOIN texts ON texts.row_id = users.row_id" if needed else ""


def where_of(conditions: Sequence[Sql]) -> Sql:
    """The WHERE clause of all conditions."""
    text = " WHERE " + " AND ".join(f"({condition.text})" for condition in conditions) if conditions else ""
    return Sql(text, tuple(value for condition in conditions for value in condition.values))


def fetched(tables: Tables, statement: Sql) -> list[int]:
    """The row ids that a statement finds."""
    return [*chain.from_iterable(bulk.numbers(tables.connection, *statement))]
