"""A query as SQL: what keeps a user, and where those who may be kept are found without looking at everybody.

A condition is true, false, or NULL where the field that it is about is not known. A negated one keeps nobody of whom
it is not known to be false: somebody whose groups are unknown is not "in no group".
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from walkme_tui.domain import filters
from walkme_tui.domain.groups import Belonging
from walkme_tui.domain.queries import UserQuery
from walkme_tui.store import membership
from walkme_tui.store.rows import BITS, folded_name, uuid_range
from walkme_tui.store.tables import Tables
from walkme_tui.store.text_table import (
    GLOB_SEPARATORS,
    begins_a_word,
    comparable,
    entries,
    expression,
    is_short_word,
)

# A group of so many members is a better place to begin than the words that are looked for, too.
SMALL_GROUP: Final = 20_000
# Of users whose id begins with a word, so many are named in the statement; more of them are compared one by one.
MOST_NAMED_IDS: Final = 1_000
# So many sources are read side by side; of more, everybody is looked at.
MOST_SOURCES: Final = 20
# So many statuses or roles are named in the statement; where more of them fit, each user's own is compared.
MOST_VALUES: Final = 200

STATUS: Final = "nullif(users.status, '')"
ROLE: Final = "nullif(users.role, '')"
NOBODY: Final = "0"
_TIMES: Final = {"created": "users.created_at_ms", "updated": "users.updated_at_ms"}
_FILLED: Final = {
    "externalId": (BITS["external_id"], "coalesce(users.external_id, '') <> ''"),
    "email": (BITS["email"], "coalesce(users.email, '') <> ''"),
    "role": (BITS["role"], "coalesce(users.role, '') <> ''"),
    "groups": (BITS["groups"], "coalesce(users.group_count, 0) > 0"),
    "name": (
        BITS["first_name"] | BITS["last_name"],
        "(coalesce(users.first_name, '') <> '' OR coalesce(users.last_name, '') <> '')",
    ),
}


class Sql(NamedTuple):
    """A piece of SQL and the values for its question marks."""

    text: str
    values: tuple[Any, ...] = ()


class Source(NamedTuple):
    """Rows of ``table`` that tell of users, which are there in ascending order of row ids."""

    table: str
    condition: Sql
    row_id: str = "row_id"

    def row_ids(self, after: int) -> Sql:
        """Their row ids above ``after``, as a statement."""
        text = f"SELECT {self.row_id} AS row_id FROM {self.table} WHERE {self.condition.text}"  # noqa: S608 - see plan
        values = self.condition.values
        return Sql(f"{text} AND {self.row_id} > ?", (*values, after)) if after else Sql(text, values)


EVERYBODY: Final = Source("users", Sql("1"))
_BELONGING: Final = {Belonging.LEFT_BEHIND: (Source("users", Sql(membership.INACTIVE)),)}


class Plan(NamedTuple):
    """How the users of a query are found.

    Whoever is kept is in one of ``sources``; without any, everybody is looked at. ``conditions`` are what those in the
    sources still have to satisfy, ``everything`` is what everybody would have to: over ``users`` and ``texts``.
    """

    sources: tuple[Source, ...] | None
    conditions: tuple[Sql, ...]
    everything: tuple[Sql, ...]


def plan(tables: Tables, query: UserQuery, now_ms: int) -> Plan:
    """How to find the users of a query; ``now_ms`` is what ages are counted back from."""
    typed = filters.resolved(filters.parse_filter(query.text), now_ms)
    return _Planner(tables).plan(query, typed)


class _Means(NamedTuple):
    """What one term of a filter means here: its condition, and the sources that have everyone it keeps (or None).

    ``word`` is the word that the index finds, if that is all it takes, and ``exact`` tells that it finds nobody else.
    """

    condition: Sql
    sources: tuple[Source, ...] | None = None
    size: int | None = None
    word: str = ""
    exact: bool = False


class _Planner:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._groups = tables.groups

    def plan(self, query: UserQuery, typed: filters.Filter) -> Plan:
        terms = self._of_the_view(query)
        for condition in typed.conditions:
            means = self._means(condition.test)
            terms.append(self._negated(condition.test, means) if condition.negated else means)
        everything = tuple(term.condition for term in terms)
        driver = self._driver(terms)
        if driver is None:
            return Plan(None, everything, everything)
        sources, settled = driver
        return Plan(sources, tuple(term.condition for term in terms if term not in settled), everything)

    def _negated(self, test: filters.Test, means: _Means) -> _Means:
        """Everybody of whom the term is known to be false; nobody where it would leave out nobody by mistake."""
        mistaken = isinstance(test, filters.InGroup) and not all(map(self._groups.meant, test.names))
        if mistaken or isinstance(test, filters.Nobody):
            return _Means(Sql(NOBODY))
        return _Means(Sql(f"NOT ({means.condition.text})", means.condition.values))

    def _of_the_view(self, query: UserQuery) -> list[_Means]:
        terms: list[_Means] = []
        if query.group_id is not None:
            gid = self._groups.find(query.group_id)
            terms.append(_Means(Sql(NOBODY)) if gid is None else self._members((gid,)))
        if query.without_group_id is not None:
            gid = self._groups.find(query.without_group_id)
            condition = self._members(() if gid is None else (gid,)).condition
            terms.append(_Means(Sql(f"NOT ({condition.text})", condition.values)))
        if query.belonging is not None:
            terms.append(_Means(Sql(membership.CONDITIONS[query.belonging]), sources=_BELONGING.get(query.belonging)))
        if query.hide_inactive:
            terms.append(_Means(Sql("users.status IS NOT 'inactive'")))
        return terms

    def _driver(self, terms: Sequence[_Means]) -> tuple[tuple[Source, ...], tuple[_Means, ...]] | None:
        """Where to begin, and the terms that need not be looked at again then."""
        small = min((term for term in terms if term.size is not None), key=lambda term: term.size or 0, default=None)
        words = [term for term in terms if term.word]
        if small is not None and small.sources is not None and ((small.size or 0) <= SMALL_GROUP or not words):
            return small.sources, (small,)
        found = expression([term.word for term in words]) if words else None
        if found is not None:
            exact = tuple(term for term in words if term.exact)
            return (in_index(found),), exact
        others = [term for term in terms if term.sources is not None]
        # Of several words the longest is the rarest, as a rule; a status or a role is looked up as quickly.
        best = max(others, key=lambda term: len(str(term.condition.values)), default=None)
        if best is None or best.sources is None or EVERYBODY in best.sources or len(best.sources) > MOST_SOURCES:
            return None
        return best.sources, ()

    # ------------------------------------------------------------ one term

    def _means(self, test: filters.Test) -> _Means:
        match test:
            case filters.Word():
                return self._word(test.text)
            case filters.HasStatus():
                return self._value(STATUS, BITS["status"], 0, test.values)
            case filters.HasRole():
                return self._value(ROLE, BITS["role"], 1, test.values)
            case filters.InGroup():
                return self._members(self._gids(test.names))
            case filters.InNoGroup():
                return _Means(_if_known(BITS["groups"], Sql("coalesce(users.group_count, 0) = 0")))
            case filters.Between():
                return _Means(_between(test))
            case filters.Has():
                return _Means(_filled(test.field))
            case _:
                return _Means(Sql(NOBODY))

    def _word(self, word: str) -> _Means:
        """Texts with the word, and users whose role or status has it or whose id begins with it."""
        text = _has_word(word)
        indexed = self._tables.texts.has_find and bool(entries(word))
        others = self._other_places(word)
        if not others:
            exact = is_short_word(word) or (len(word) == 3 and len(entries(word)) == 1 and begins_a_word(word, word))
            return _Means(text, word=word if indexed else "", exact=exact)
        alternatives = [text, *(condition for condition, _ in others)]
        condition = Sql(
            f"({' OR '.join(each.text for each in alternatives)})",
            tuple(value for each in alternatives for value in each.values),
        )
        if not indexed:
            return _Means(condition)
        found = in_index(expression([word]) or "")
        return _Means(condition, sources=(found, *(source for _, sources in others for source in sources)))

    def _other_places(self, word: str) -> list[tuple[Sql, tuple[Source, ...]]]:
        """Where else a word may stand, each as a condition and its sources."""
        found: list[tuple[Sql, tuple[Source, ...]]] = []
        for column, values in zip((STATUS, ROLE), self._values, strict=True):
            having = tuple(value for value, folded in values.items() if _occurs(word, folded))
            if len(having) > MOST_VALUES:
                found.append((_has_word(word, f"coalesce(folded({column}), '')"), (EVERYBODY,)))
            elif having:
                found.append((_is_one_of(column, having), tuple(_having(column, value) for value in having)))
        ends = uuid_range(word)
        if ends is not None:
            row_ids = self._tables.ids.between(*ends, MOST_NAMED_IDS + 1)
            if len(row_ids) > MOST_NAMED_IDS:
                found.append((Sql("users.id BETWEEN ? AND ?", ends), (EVERYBODY,)))
            elif row_ids:
                named = ",".join(map(str, row_ids))
                found.append((Sql(f"users.row_id IN ({named})"), (Source("users", Sql(f"row_id IN ({named})")),)))
        return found

    def _value(self, column: str, bit: int, which: int, beginnings: Sequence[str]) -> _Means:
        """Users whose status or role begins with one of these; one that equals it means itself alone."""
        values = self._values[which]
        whole = set(values.values()).intersection(beginnings)
        parts = tuple(beginning for beginning in beginnings if beginning not in whole)
        having = tuple(value for value, folded in values.items() if folded in whole or folded.startswith(parts))
        if not having:
            return _Means(_if_known(bit, Sql("0")))
        if len(having) > MOST_VALUES:
            return _Means(_if_known(bit, _begins_with(column, whole, parts)))
        condition = _if_known(bit, _is_one_of(column, having))
        return _Means(condition, sources=tuple(_having(column, value) for value in having))

    def _members(self, gids: Sequence[int]) -> _Means:
        """Members of any of these groups; of a user whose groups are unknown nobody knows."""
        if not gids:
            return _Means(_if_known(BITS["groups"], Sql("0")))
        marks = ",".join(map(str, gids))
        inside = f"EXISTS (SELECT 1 FROM memberships WHERE gid IN ({marks}) AND row_id = users.row_id)"  # noqa: S608
        condition = _if_known(BITS["groups"], Sql(inside))
        size = self._groups.members(gids)
        if len(gids) <= MOST_SOURCES:
            sources = tuple(Source("memberships", Sql("gid = ?", (gid,))) for gid in gids)
        elif size <= SMALL_GROUP:
            in_one = Sql(f"row_id IN (SELECT row_id FROM memberships WHERE gid IN ({marks}))")  # noqa: S608 - numbers
            sources = (Source("users", in_one),)
        else:
            return _Means(condition)
        return _Means(condition, sources=sources, size=size)

    def _gids(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(gid for name in names for gid in self._groups.meant(name)))

    @cached_property
    def _values(self) -> tuple[dict[str, str], dict[str, str]]:
        """The statuses and the roles that users have, folded: few, as a rule, so that they are looked through."""
        status, role = (distinct(self._tables, column) for column in ("status", "role"))
        return {value: folded_name(value) for value in status}, {value: folded_name(value) for value in role}


def distinct(tables: Tables, column: str) -> list[str]:
    """The values of ``status`` or ``role`` in the mirror, in order; each costs one look into an index."""
    value = f"nullif({column}, '')"
    least = f"SELECT {value} FROM users WHERE {value} > {{}} ORDER BY {value} LIMIT 1"  # noqa: S608 - constants
    select = (
        f"WITH RECURSIVE found (value) AS (SELECT ({least.format(chr(39) * 2)}) "  # noqa: S608 - constants
        f"UNION ALL SELECT ({least.format('found.value')}) FROM found WHERE found.value IS NOT NULL) "
        "SELECT value FROM found WHERE value IS NOT NULL"
    )
    return [found for (found,) in tables.connection.execute(select).fetchall()]


def in_index(found: str) -> Source:
    """Users whose texts the index finds by a full-text expression."""
    return Source("find", Sql("find MATCH ?", (found,)), "rowid")


def _having(column: str, value: str) -> Source:
    return Source("users", Sql(f"{column} = ?", (value,)))


def _is_one_of(column: str, values: tuple[str, ...]) -> Sql:
    return Sql(f"coalesce({column} IN ({','.join('?' * len(values))}), 0)", values)


def _begins_with(column: str, whole: Collection[str], parts: Collection[str]) -> Sql:
    """The value, folded, is one of ``whole`` or begins with one of ``parts``."""
    tests = [*[f"folded({column}) = ?" for _ in whole], *[f"instr(folded({column}), ?) = 1" for _ in parts]]
    return Sql(f"coalesce({' OR '.join(tests)}, 0)", tuple(map(comparable, (*whole, *parts))))


def _has_word(word: str, text: str = "texts.text") -> Sql:
    """The text has the word: anywhere, or where a word begins if it is a short one."""
    if is_short_word(word):
        return Sql(f"(' ' || {text}) GLOB ?", (f"*[{GLOB_SEPARATORS}]{word}*",))
    return Sql(f"instr({text}, ?) > 0", (comparable(word),))


def _occurs(word: str, folded: str) -> bool:
    return begins_a_word(word, folded) if is_short_word(word) else word in folded


def _between(test: filters.Between) -> Sql:
    column = _TIMES[test.field]
    parts, values = [], []
    for operator, end in ((">=", test.first_ms), ("<", test.end_ms)):
        if end is not None:
            parts.append(f"{column} {operator} ?")
            values.append(end)
    return Sql(" AND ".join(parts) or f"{column} IS NOT NULL", tuple(values))


def _if_known(bits: int, condition: Sql) -> Sql:
    """The condition, NULL where no answer carried the field that it is about."""
    return Sql(f"CASE WHEN users.known & {bits} THEN {condition.text} END", condition.values)


def _filled(field: filters.HasField) -> Sql:
    """One of the columns is not empty; NULL where none is, and one is not known."""
    bits, filled = _FILLED[field]
    return Sql(f"CASE WHEN {filled} THEN 1 WHEN users.known & {bits} = {bits} THEN 0 END")
