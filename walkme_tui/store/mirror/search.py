"""Searches: the loaded users of a query, and their order.

They run in steps, so that the thread can execute other reads in between, or stop when the search is cancelled. Without
a sort, users with exactly the typed email or words come first, then all in the order of row ids: users that are loaded
later come below the others.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from walkme_tui.domain.filters import parse_filter
from walkme_tui.domain.mirrored import MirroredUser, Undecided
from walkme_tui.domain.queries import BROUGHT_FORWARD, Sort, SortKey, UserQuery
from walkme_tui.domain.text import storable
from walkme_tui.store import bulk
from walkme_tui.store.mirror.conditions import Sql, counted, has_whole_word, in_index
from walkme_tui.store.mirror.emails import with_email
from walkme_tui.store.mirror.filter_sql import plan
from walkme_tui.store.mirror.filter_sql import undecided as undecided_conditions
from walkme_tui.store.mirror.layout import SORT_EXPRESSIONS
from walkme_tui.store.mirror.rows import BITS
from walkme_tui.store.mirror.statements import QueryPlan, above, fetched, joined, texts_of, unsorted, where_of
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import expression, is_run
from walkme_tui.store.sqlite_thread import Steps

# Row ids that one step reads: about 30 ms.
STEP: Final = 1 << 16
# Up to so many users are sorted for the first screen. Of more, so many are read in the order of an index first: if one
# in a hundred matches, they fill a screen. Either takes 30 ms.
MANY: Final = 10_000
INDEX_ROWS: Final = 8_000
# If more than one in so many users match, finding them and reading an index in order is faster than sorting them.
SORTED_SHARE: Final = 8
# Users with the typed email that come first; an email should belong to one user only.
MOST_EXACT: Final = 10
# Index hits among which those with the typed words as whole words are searched: a few milliseconds for a million users.
MOST_CANDIDATES: Final = 250

ALL: Final = QueryPlan(None, (), ())


def first(tables: Tables, query: UserQuery, limit: int, now_ms: int) -> Steps[list[MirroredUser]]:
    """The first users of a query, at most ``limit``."""
    query = _storable(query)
    found = plan(tables, query, now_ms)
    if query.sort is None:
        row_ids = _exact(tables, query, found, min(limit, BROUGHT_FORWARD))
        if len(row_ids) < limit:
            several = fetched(tables, unsorted(found, 0, limit + len(row_ids)))
            row_ids += [row_id for row_id in several if row_id not in row_ids]
    else:
        row_ids = _first_sorted(tables, query.sort, found, limit)
    yield
    users = tables.rows(row_ids[:limit])
    return [users[row_id] for row_id in row_ids[:limit] if row_id in users]


def matching(tables: Tables, query: UserQuery, after: int, now_ms: int) -> "Steps[array[int]]":
    """Row ids above ``after`` of all users of a query; ascending if ``after`` is given and there is no sort."""
    query = _storable(query)
    found = plan(tables, query, now_ms)
    order = array("i")
    if query.sort is None:
        if not after:
            order.extend(_exact(tables, query, found, BROUGHT_FORWARD))
        exact = frozenset(order)
        for part in _row_ids(tables, found, after):
            order.extend([row_id for row_id in part if row_id not in exact])
            yield
    else:
        for part in _all_sorted(tables, query.sort, found, after):
            order.extend(part)
            yield
    return order


def undecided(
    tables: Tables, query: UserQuery, since_ms: int, now_ms: int, absent: Collection[str] = ()
) -> Steps[Undecided]:
    """How many users fetched since ``since_ms`` a query cannot be decided for, and the unknown fields.

    The ``absent`` fields are not unknown.
    """
    query = _storable(query)
    conditions = undecided_conditions(tables, query, now_ms, absent)
    needed = [field for field in query.required_fields if field not in absent]
    where, values = where_of([Sql("users.fetched_at_ms >= ? AND users.row_id > ? AND users.row_id <= ?"), *conditions])
    unknown = ", ".join(f"count(*) FILTER (WHERE NOT users.known & {BITS[field]})" for field in needed)
    select = f"SELECT count(*), {unknown or 0} FROM users{texts_of(conditions)}{where}"  # noqa: S608 - see plan
    counts = [0] * (1 + len(needed))
    for after, last in tables.row_id_ranges(STEP) if needed else ():
        found = tables.connection.execute(select, (since_ms, after, last, *values)).fetchone()
        counts = [sum(pair) for pair in zip(counts, found, strict=True)]
        yield
    fields = zip(needed, counts[1:], strict=True)
    return Undecided(counts[0], tuple(field for field, count in fields if count))


def unknown_fields(tables: Tables) -> Steps[frozenset[str]]:
    """The fields that are unknown of some user."""
    known: set[int] = set()
    for after, last in tables.row_id_ranges(STEP):
        select = "SELECT DISTINCT known FROM users WHERE row_id > ? AND row_id <= ?"
        known.update(bits for (bits,) in tables.connection.execute(select, (after, last)))
        yield
    return frozenset(field for field, bit in BITS.items() if not all(bits & bit for bits in known))


# ------------------------------------------------------------ statements


def _sorted(sort: Sort, found: QueryPlan, after: int, limit: int = -1) -> Sql:
    """Sorted users: all that match are read before the first is returned."""
    conditions = list(found.conditions)
    if found.sources is None:
        source = Sql("users NOT INDEXED")  # reading single rows in the order of an index takes ten times as long
        conditions += above(after)
    else:
        source = joined(found.sources, after)
    where, values = where_of(conditions)
    select = f"SELECT users.row_id FROM {source.text}{texts_of(conditions)}{where}{_order(sort)} LIMIT ?"  # noqa: S608
    return Sql(select, (*source.values, *values, limit))


def _first_of_index(sort: Sort, index: str, conditions: Sequence[Sql], limit: int) -> Sql:
    """Users that satisfy ``conditions``, of the first ones in the order of an index."""
    where, values = where_of(conditions)
    first = f"SELECT row_id FROM users INDEXED BY {index}{_order(sort)} LIMIT ?"  # noqa: S608 - constants
    source = f"({first}) AS found CROSS JOIN users ON users.row_id = found.row_id{texts_of(conditions)}"
    return Sql(f"SELECT users.row_id FROM {source}{where} LIMIT ?", (INDEX_ROWS, *values, limit))  # noqa: S608 - see plan


def _first_sorted(tables: Tables, sort: Sort, found: QueryPlan, limit: int) -> list[int]:
    """The first users of a sort: many are read in the order of an index, few are sorted."""
    index = _index(tables, sort)
    if index is not None and (found == ALL or _is_many(tables, found, MANY)):
        row_ids = fetched(tables, _first_of_index(sort, index, found.everything, limit))
        if len(row_ids) == limit:
            return row_ids
    return fetched(tables, _sorted(sort, found, 0, limit))


def _all_sorted(tables: Tables, sort: Sort, found: QueryPlan, after: int) -> Iterator[list[int]]:
    """All users of a sort: few are sorted, many are found and then read in the order of an index."""
    index, end = _index(tables, sort), tables.next_row_id()
    if index is None or not (found == ALL or _is_many(tables, found, end // SORTED_SHARE)):
        yield from bulk.numbers(tables.connection, *_sorted(sort, found, after))
        return
    rows = f"users INDEXED BY {index} WHERE row_id > ? AND row_id < ?{_order(sort)}"
    in_order = Sql(f"SELECT row_id FROM {rows} LIMIT -1", (after, end))  # noqa: S608 - constants
    if found == ALL:
        yield from bulk.numbers(tables.connection, *in_order)
        return
    kept = bytearray(end)
    for part in _row_ids(tables, found, after):
        for row_id in part:
            if row_id < end:  # else it was added just now
                kept[row_id] = 1
        yield []
    for part in bulk.numbers(tables.connection, *in_order):
        yield [row_id for row_id in part if kept[row_id]]


def _is_many(tables: Tables, found: QueryPlan, many: int) -> bool:
    if found.sources is None:
        return tables.next_row_id() > many
    return counted(tables, found.sources, many) == many


def _order(sort: Sort) -> str:
    key = SORT_EXPRESSIONS[sort.key]
    way = "DESC" if sort.reverse else "ASC"
    return f" ORDER BY {key} {way} NULLS LAST, users.row_id {way}"


_BUILT_IN: Final = {SortKey.ROLE: "users_by_role", SortKey.STATUS: "users_by_status"}


def _index(tables: Tables, sort: Sort) -> str | None:
    """The name of the index for a sort, None where there is none."""
    if sort.key is SortKey.LISTED:
        return None
    key = SortKey.NAME if sort.key is SortKey.FIRST else sort.key
    name = _BUILT_IN.get(key, f"sorted_by_{key.name.lower()}")
    return name if tables.has_index(name) else None


def _row_ids(tables: Tables, found: QueryPlan, after: int) -> Iterator[list[int]]:
    """The row ids of all users of a query in ascending order, in parts."""
    part = fetched(tables, unsorted(found, after, STEP))
    while part:
        yield part
        part = fetched(tables, unsorted(found, part[-1], STEP)) if len(part) == STEP else []


# ------------------------------------------------------------ exact matches


def _exact(tables: Tables, query: UserQuery, found: QueryPlan, limit: int) -> list[int]:
    """Users of the query with exactly the typed email, or with each typed word as a whole word."""
    words = parse_filter(query.text).words
    addresses = [word for word in words if "@" in word[1:-1] and " " not in word]
    if len(addresses) == 1:
        return fetched(tables, with_email(tables, addresses[0], found.everything, MOST_EXACT))
    runs = [word for word in words if is_run(word)]
    if addresses or not runs:
        return []
    index = expression(tables.texts.chosen_whole(runs))
    if index is None:
        return []
    candidates = in_index(index).row_ids()
    where, values = where_of([*map(has_whole_word, runs), *found.everything])
    # Joined before the users, so that only the text is read of users without the words.
    select = (
        f"SELECT users.row_id FROM ({candidates.text} ORDER BY row_id LIMIT ?) AS found "  # noqa: S608 - see plan
        "CROSS JOIN texts ON texts.row_id = found.row_id "
        f"CROSS JOIN users ON users.row_id = found.row_id{where} LIMIT ?"
    )
    return fetched(tables, Sql(select, (*candidates.values, MOST_CANDIDATES, *values, limit)))


def _storable(query: UserQuery) -> UserQuery:
    return query._replace(text=storable(query.text))
