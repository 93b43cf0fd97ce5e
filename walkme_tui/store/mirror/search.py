"""Which of the loaded users a view shows, and in which order.

Searches are generators: between two steps the thread may serve somebody else, or find that nobody waits any more.
Without a sort users come in the order of their row ids, which is that in which they came to be known, so that whoever
comes later stands below; those who have what was typed as a whole come first.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.filters import parse_filter
from walkme_tui.domain.mirrored import MirroredUser, Undecided
from walkme_tui.domain.queries import BROUGHT_FORWARD, Sort, SortKey, UserQuery
from walkme_tui.domain.text import email_key, search_key, storable
from walkme_tui.store import bulk
from walkme_tui.store.mirror.conditions import Source, Sql, counted, has_whole_word, in_index
from walkme_tui.store.mirror.filter_sql import QueryPlan, plan
from walkme_tui.store.mirror.filter_sql import undecided as undecided_conditions
from walkme_tui.store.mirror.layout import SORT_EXPRESSIONS
from walkme_tui.store.mirror.rows import BITS
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import comparable, expression, is_run

if TYPE_CHECKING:
    from walkme_tui.store.sqlite_thread import Steps

# Row ids taken from SQLite at once where they come in order: some 30 ms.
STEP: Final = 1 << 16
# Fewer users than this are put in order. Of more, so many of those who come first in an order that is there are looked
# at before: if one in a hundred is kept, they fill a screen. Either takes 30 ms.
MANY: Final = 10_000
WALK: Final = 8_000
# Where all are wanted in order: of more than this share of everybody it is quicker to find them and walk the order.
SORTED_SHARE: Final = 8
# So many who have the email that was typed come first; an email should have but one owner.
MOST_EXACT: Final = 10
MOST_NAMESAKES: Final = 1_000
# Of so many who may have what was typed as whole words, those come first who do: a few milliseconds for a million.
MOST_CANDIDATES: Final = 250


ALL: Final = QueryPlan(None, (), ())


def first(tables: Tables, query: UserQuery, limit: int, now_ms: int) -> "Steps[list[MirroredUser]]":
    """The first users that ``query`` keeps, at most ``limit``."""
    query = _storable(query)
    found = plan(tables, query, now_ms)
    if query.sort is None:
        row_ids = _exact(tables, query, found, min(limit, BROUGHT_FORWARD))
        if len(row_ids) < limit:
            several = _taken(tables, _unsorted(found, 0, limit + len(row_ids)))
            row_ids += [row_id for row_id in several if row_id not in row_ids]
    else:
        row_ids = _first_sorted(tables, query.sort, found, limit)
    yield
    users = tables.rows(row_ids[:limit])
    return [users[row_id] for row_id in row_ids[:limit] if row_id in users]


def matching(tables: Tables, query: UserQuery, after: int, now_ms: int) -> "Steps[array[int]]":
    """Row ids of all users that ``query`` keeps, above ``after``; there without a sort always in ascending order."""
    query = _storable(query)
    found = plan(tables, query, now_ms)
    order = array("i")
    if query.sort is None:
        if not after:
            order.extend(_exact(tables, query, found, BROUGHT_FORWARD))
        exact = frozenset(order)
        for part in _in_steps(tables, found, after):
            order.extend([row_id for row_id in part if row_id not in exact])
            yield
    else:
        for part in _all_sorted(tables, query.sort, found, after):
            order.extend(part)
            yield
    return order


def undecided(tables: Tables, query: UserQuery, since_ms: int, now_ms: int) -> "Steps[Undecided]":
    """How many users described since ``since_ms`` a query can neither keep nor drop for sure, and for which fields."""
    query = _storable(query)
    conditions = undecided_conditions(tables, query, now_ms)
    where, values = _where([Sql("users.fetched_at_ms >= ? AND users.row_id > ? AND users.row_id <= ?"), *conditions])
    unknown = ", ".join(f"count(*) FILTER (WHERE NOT users.known & {BITS[field]})" for field in query.asked_fields)
    select = f"SELECT count(*), {unknown or 0} FROM users{_texts(conditions)}{where}"  # noqa: S608 - see plan
    counts = [0] * (1 + len(query.asked_fields))
    for after in range(0, tables.next_row_id(), STEP) if query.asked_fields else ():
        found = tables.connection.execute(select, (since_ms, after, after + STEP, *values)).fetchone()
        counts = [sum(pair) for pair in zip(counts, found, strict=True)]
        yield
    fields = zip(query.asked_fields, counts[1:], strict=True)
    return Undecided(counts[0], tuple(field for field, count in fields if count))


def by_email(tables: Tables, email: str) -> MirroredUser | None:
    """One user by email without regard to case and Unicode form; of several the one described last."""
    wanted = email_key(storable(email))
    folded = search_key(wanted)
    users = tables.rows(_taken(tables, _with_email(tables, folded, (), MOST_NAMESAKES))) if folded else {}
    found = [
        user for user in users.values() if isinstance(user.user.email, str) and email_key(user.user.email) == wanted
    ]
    return max(found, key=lambda user: (user.fetched_at_ms, user.row_id), default=None)


# ------------------------------------------------------------ statements

Statement = tuple[str, tuple[object, ...]]


def _unsorted(found: QueryPlan, after: int, limit: int) -> Statement:
    """Users in ascending order of row ids, without putting them in order: as many are looked at as are asked for."""
    conditions = list(found.conditions)
    if found.sources is None:
        source, order = Sql("users"), " ORDER BY users.row_id"
        conditions += _above(after)
    else:
        # A union of several comes in order, which SQLite does not know.
        source, order = _source(found.sources, after), " ORDER BY found.row_id" if len(found.sources) == 1 else ""
    where, values = _where(conditions)
    select = f"SELECT users.row_id FROM {source.text}{_texts(conditions)}{where}{order} LIMIT ?"  # noqa: S608 - see plan
    return select, (*source.values, *values, limit)


def _sorted(sort: Sort, found: QueryPlan, after: int, limit: int = -1) -> Statement:
    """Users put in order: all who are kept are looked at before the first is there."""
    conditions = list(found.conditions)
    if found.sources is None:
        source = Sql("users NOT INDEXED")  # one by one in the order of an index takes ten times as long
        conditions += _above(after)
    else:
        source = _source(found.sources, after)
    where, values = _where(conditions)
    select = f"SELECT users.row_id FROM {source.text}{_texts(conditions)}{where}{_order(sort)} LIMIT ?"  # noqa: S608
    return select, (*source.values, *values, limit)


def _walked(sort: Sort, index: str, conditions: Sequence[Sql], limit: int) -> Statement:
    """Those whom ``conditions`` keep of the first users in the order of an index."""
    where, values = _where(conditions)
    first = f"SELECT row_id FROM users INDEXED BY {index}{_order(sort)} LIMIT ?"  # noqa: S608 - constants
    source = f"({first}) AS found CROSS JOIN users ON users.row_id = found.row_id{_texts(conditions)}"
    return f"SELECT users.row_id FROM {source}{where} LIMIT ?", (WALK, *values, limit)  # noqa: S608 - see plan


def _first_sorted(tables: Tables, sort: Sort, found: QueryPlan, limit: int) -> list[int]:
    """Of many users, those who come first in an order that is there are looked at first; few are put in order."""
    index = _index(tables, sort)
    if index is not None and (found == ALL or _is_many(tables, found, MANY)):
        row_ids = _taken(tables, _walked(sort, index, found.everything, limit))
        if len(row_ids) == limit:
            return row_ids
    return _taken(tables, _sorted(sort, found, 0, limit))


def _all_sorted(tables: Tables, sort: Sort, found: QueryPlan, after: int) -> Iterator[list[int]]:
    """Few users are put in order; many are found, and then told in an order that is there."""
    index, end = _index(tables, sort), tables.next_row_id()
    if index is None or not (found == ALL or _is_many(tables, found, end // SORTED_SHARE)):
        yield from bulk.numbers(tables.connection, *_sorted(sort, found, after))
        return
    walked = f"users INDEXED BY {index} WHERE row_id > ? AND row_id < ?{_order(sort)}"
    walk = f"SELECT row_id FROM {walked} LIMIT -1", (after, end)  # noqa: S608 - constants
    if found == ALL:
        yield from bulk.numbers(tables.connection, *walk)
        return
    kept = bytearray(end)
    for part in _in_steps(tables, found, after):
        for row_id in part:
            if row_id < end:  # else they came in between
                kept[row_id] = 1
        yield []
    for part in bulk.numbers(tables.connection, *walk):
        yield [row_id for row_id in part if kept[row_id]]


def _is_many(tables: Tables, found: QueryPlan, many: int) -> bool:
    if found.sources is None:
        return tables.next_row_id() > many
    return counted(tables, found.sources, many) == many


def _source(sources: tuple[Source, ...], after: int) -> Sql:
    """Where the users come from, in ascending order of row ids."""
    parts = [source.row_ids(after) for source in sources]
    text = " UNION ".join(part.text for part in parts)
    # With a limit SQLite keeps to the order of a part, and so reads the several side by side instead of all of each.
    ordered = f"{text} ORDER BY row_id LIMIT -1" if len(parts) > 1 else text
    values = tuple(value for part in parts for value in part.values)
    return Sql(f"({ordered}) AS found CROSS JOIN users ON users.row_id = found.row_id", values)


def _above(after: int) -> list[Sql]:
    return [Sql("users.row_id > ?", (after,))] if after else []


def _texts(conditions: Sequence[Sql]) -> str:
    needed = any("texts.text" in condition.text for condition in conditions)
    return " CROSS JOIN texts ON texts.row_id = users.row_id" if needed else ""


def _where(conditions: Sequence[Sql]) -> Statement:
    values = tuple(value for condition in conditions for value in condition.values)
    return (" WHERE " + " AND ".join(f"({condition.text})" for condition in conditions) if conditions else ""), values


def _order(sort: Sort) -> str:
    key = SORT_EXPRESSIONS[sort.key]
    way = "DESC" if sort.reverse else "ASC"
    return f" ORDER BY {key} {way} NULLS LAST, users.row_id {way}"


_BUILT_IN: Final = {SortKey.ROLE: "users_by_role", SortKey.STATUS: "users_by_status"}


def _index(tables: Tables, sort: Sort) -> str | None:
    """The index that has users in this order, None where there is none yet."""
    if sort.key is SortKey.LISTED:
        return None
    key = SortKey.NAME if sort.key is SortKey.FIRST else sort.key
    name = _BUILT_IN.get(key, f"sorted_by_{key.name.lower()}")
    return name if tables.has_index(name) else None


def _in_steps(tables: Tables, found: QueryPlan, after: int) -> Iterator[list[int]]:
    """All users in ascending order of row ids."""
    part = _taken(tables, _unsorted(found, after, STEP))
    while part:
        yield part
        part = _taken(tables, _unsorted(found, part[-1], STEP)) if len(part) == STEP else []


def _taken(tables: Tables, statement: Statement) -> list[int]:
    return [*chain.from_iterable(bulk.numbers(tables.connection, *statement))]


# ------------------------------------------------------------ whole addresses and words


def _exact(tables: Tables, query: UserQuery, found: QueryPlan, limit: int) -> list[int]:
    """Whoever has exactly the email that was typed, or each typed word as a whole one, if the query keeps them."""
    words = parse_filter(query.text).words
    addresses = [word for word in words if "@" in word[1:-1] and " " not in word]
    if len(addresses) == 1:
        return _taken(tables, _with_email(tables, addresses[0], found.everything, MOST_EXACT))
    runs = [word for word in words if is_run(word)]
    if addresses or not runs:
        return []
    index = expression(tables.texts.chosen_whole(runs))
    if index is None:
        return []
    candidates = in_index(index).row_ids()
    where, values = _where([*map(has_whole_word, runs), *found.everything])
    # The texts before the users: of those who do not have the words, nothing else is read.
    select = (
        f"SELECT users.row_id FROM ({candidates.text} ORDER BY row_id LIMIT ?) AS found "  # noqa: S608 - see plan
        "CROSS JOIN texts ON texts.row_id = found.row_id "
        f"CROSS JOIN users ON users.row_id = found.row_id{where} LIMIT ?"
    )
    return _taken(tables, (select, (*candidates.values, MOST_CANDIDATES, *values, limit)))


def _with_email(tables: Tables, folded: str, conditions: tuple[Sql, ...], limit: int) -> Statement:
    """Users who have this email, folded."""
    compared = comparable(folded)
    whole = Sql("instr(texts.text, ?) > 0", (compared,)), Sql("folded(users.email) = ?", (compared,))
    index = expression(tables.texts.chosen([f" {folded}"]))  # a word begins with it
    sources = None if index is None else (in_index(index),)
    return _unsorted(QueryPlan(sources, (*whole, *conditions), ()), 0, limit)


def _storable(query: UserQuery) -> UserQuery:
    return query._replace(text=storable(query.text))
