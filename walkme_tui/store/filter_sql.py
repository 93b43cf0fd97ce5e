"""A query as SQL: what keeps a user, and where those who may be kept are found without looking at everybody.

A condition is true, false, or NULL where the field that it is about is not known. A negated one keeps nobody of whom
it is not known to be false: somebody whose groups are unknown is not "in no group".
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from walkme_tui.domain import filters
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import search_key
from walkme_tui.store import membership
from walkme_tui.store.rows import BITS, uuid_range
from walkme_tui.store.tables import Tables
from walkme_tui.store.text_table import GLOB_SEPARATORS, begins_a_word, entries, expression, is_short_word

# A group of so many members is a better place to begin than the words that are looked for, too.
SMALL_GROUP: Final = 20_000
# Of users whose id begins with a word, so many are named in the statement; more of them are compared one by one.
MOST_NAMED_IDS: Final = 1_000
# So many sources are read side by side; of more, everybody is looked at.
MOST_SOURCES: Final = 20
# So many statuses or roles are looked through for a word; where there are more, each user's own is compared.
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


EVERYBODY: Final = Sql("SELECT row_id FROM users")
_BELONGING: Final = {belonging: (Sql(select),) for belonging, select in membership.SOURCES.items()}


class Plan(NamedTuple):
    """How the users of a query are found.

    ``sources`` are selects of row ids, each in ascending order; whoever is kept is in one of them. None: look at
    everybody. ``conditions`` are what those in the sources still have to satisfy, ``everything`` is what everybody
    would have to: over ``users`` and ``texts``.
    """

    sources: tuple[Sql, ...] | None
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
    sources: tuple[Sql, ...] | None = None
    size: int | None = None
    word: str = ""
    exact: bool = False


class _Planner:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._groups = tables.groups
        self._known: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def plan(self, query: UserQuery, typed: filters.Filter) -> Plan:
        terms = self._of_the_view(query)
        for condition in typed.conditions:
            means = self._means(condition.test)
            if condition.negated and not isinstance(condition.test, filters.Nobody):
                means = _Means(Sql(f"NOT ({means.condition.text})", means.condition.values))
                if isinstance(condition.test, filters.InGroup) and not self._gids(condition.test.names):
                    means = _Means(Sql(NOBODY))
            terms.append(means)
        everything = tuple(term.condition for term in terms)
        driver = self._driver(terms)
        if driver is None:
            return Plan(None, everything, everything)
        sources, settled = driver
        return Plan(sources, tuple(term.condition for term in terms if term not in settled), everything)

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

    def _driver(self, terms: Sequence[_Means]) -> tuple[tuple[Sql, ...], tuple[_Means, ...]] | None:
        """Where to begin, and the terms that need not be looked at again then."""
        small = min((term for term in terms if term.size is not None), key=lambda term: term.size or 0, default=None)
        words = [term for term in terms if term.word]
        if small is not None and small.sources is not None and ((small.size or 0) <= SMALL_GROUP or not words):
            return small.sources, (small,)
        found = expression([term.word for term in words]) if words else None
        if found is not None:
            exact = tuple(term for term in words if term.exact)
            return (Sql("SELECT rowid AS row_id FROM find WHERE find MATCH ?", (found,)),), exact
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
                bits, filled = _FILLED[test.field]
                return _Means(_if_known(bits, Sql(filled)))
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
        found = Sql("SELECT rowid AS row_id FROM find WHERE find MATCH ?", (expression([word]),))
        return _Means(condition, sources=(found, *(source for _, sources in others for source in sources)))

    def _other_places(self, word: str) -> list[tuple[Sql, tuple[Sql, ...]]]:
        """Where else a word may stand, each as a condition and its sources."""
        found: list[tuple[Sql, tuple[Sql, ...]]] = []
        for column, values in zip((STATUS, ROLE), self._values, strict=True):
            having = tuple(value for value in values if _occurs(word, search_key(value)))
            if len(values) > MOST_VALUES:
                found.append((Sql(f"instr(lower(coalesce({column}, '')), ?) > 0", (word,)), (EVERYBODY,)))
            elif having:
                marks = ",".join("?" * len(having))
                condition = Sql(f"coalesce({column} IN ({marks}), 0)", having)
                found.append((condition, tuple(_having(column, value) for value in having)))
        ends = uuid_range(word)
        if ends is not None:
            row_ids = self._tables.ids.between(*ends, MOST_NAMED_IDS + 1)
            if len(row_ids) > MOST_NAMED_IDS:
                found.append((Sql("users.id BETWEEN ? AND ?", ends), (EVERYBODY,)))
            elif row_ids:
                named = ",".join(map(str, row_ids))
                source = Sql(f"SELECT row_id FROM users WHERE row_id IN ({named})")  # noqa: S608 - numbers
                found.append((Sql(f"users.row_id IN ({named})"), (source,)))
        return found

    def _value(self, column: str, bit: int, which: int, beginnings: Sequence[str]) -> _Means:
        """Users whose status or role begins with one of these; one that equals it means itself alone."""
        having: dict[str, None] = {}
        for beginning in beginnings:
            folded = {value: search_key(value) for value in self._values[which]}
            equal = [value for value, key in folded.items() if key == beginning]
            having.update(dict.fromkeys(equal or [value for value, key in folded.items() if key.startswith(beginning)]))
        if not having:
            return _Means(_if_known(bit, Sql("0")))
        marks = ",".join("?" * len(having))
        condition = _if_known(bit, Sql(f"coalesce({column} IN ({marks}), 0)", tuple(having)))
        return _Means(condition, sources=tuple(_having(column, value) for value in having))

    def _members(self, gids: Sequence[int]) -> _Means:
        """Members of any of these groups; of a user whose groups are unknown nobody knows."""
        if not gids:
            return _Means(_if_known(BITS["groups"], Sql("0")))
        marks = ",".join(map(str, gids))
        inside = f"EXISTS (SELECT 1 FROM memberships WHERE gid IN ({marks}) AND row_id = users.row_id)"  # noqa: S608
        sources = tuple(Sql("SELECT row_id FROM memberships WHERE gid = ?", (gid,)) for gid in gids)
        if len(sources) > MOST_SOURCES:
            sources = (Sql(f"SELECT DISTINCT row_id FROM memberships WHERE gid IN ({marks}) ORDER BY row_id"),)  # noqa: S608
        return _Means(_if_known(BITS["groups"], Sql(inside)), sources=sources, size=self._groups.members(gids))

    def _gids(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(gid for name in names for gid in self._groups.meant(name)))

    @property
    def _values(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statuses and the roles that users have: few, so that they are looked through."""
        if self._known is None:
            self._known = (distinct(self._tables, "status"), distinct(self._tables, "role"))
        return self._known


def distinct(tables: Tables, column: str, most: int = MOST_VALUES + 1) -> tuple[str, ...]:
    """The first ``most`` values of ``status`` or ``role`` in the mirror; each costs one look into an index."""
    found: list[str] = []
    value, last = f"nullif({column}, '')", ""
    select = f"SELECT {value} FROM users WHERE {value} > ? ORDER BY {value} LIMIT 1"  # noqa: S608 - constants
    while (row := tables.connection.execute(select, (last,)).fetchone()) is not None and len(found) < most:
        last = row[0]
        found.append(last)
    return tuple(found)


def _having(column: str, value: str) -> Sql:
    return Sql(f"SELECT row_id FROM users WHERE {column} = ?", (value,))  # noqa: S608 - constants


def _has_word(word: str) -> Sql:
    """The text has the word: anywhere, or where a word begins if it is a short one."""
    if is_short_word(word):
        return Sql("(' ' || texts.text) GLOB ?", (f"*[{GLOB_SEPARATORS}]{word}*",))
    return Sql("instr(texts.text, ?) > 0", (word,))


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
