"""A query as SQL: what keeps a user, and where those who may be kept are found without looking at everybody.

A negated condition keeps nobody of whom it is not known to be false: somebody whose groups are unknown is not "in no
group".
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

from walkme_tui.domain import filters
from walkme_tui.domain.groups import Belonging
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import Status
from walkme_tui.store.mirror import membership
from walkme_tui.store.mirror.conditions import (
    EVERY,
    EVERYBODY,
    NOBODY,
    ROLE,
    STATUS,
    Source,
    Sql,
    any_of,
    begins_with,
    between,
    bits_of,
    counted,
    decided,
    distinct,
    few_between,
    filled,
    has_word,
    if_known,
    in_index,
    is_member,
    is_one_of,
    members,
    members_of_any,
    named,
    negated,
    value_has_word,
    with_value,
)
from walkme_tui.store.mirror.rows import folded_name, uuid_range
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import begins_a_word, entries, expression, is_short_word

# So many users are looked at one by one rather than looking for fewer; of more, up to the second, it is seen first
# whether the words that are looked for have fewer.
FEW: Final = 2_000
SMALL: Final = 20_000
# So many users are named in the statement, where their ids begin with a word or a time is theirs.
MOST_NAMED: Final = 1_000
# So many sources are read side by side; of more, everybody is looked at.
MOST_SOURCES: Final = 20
# So many statuses or roles are named in the statement; where more of them fit, each user's own is compared.
MOST_VALUES: Final = 200


class QueryPlan(NamedTuple):
    """How the users of a query are found.

    Whoever is kept is in one of ``sources``; without any, everybody is looked at. ``conditions`` are what those in the
    sources still have to satisfy, ``everything`` is what everybody would have to.
    """

    sources: tuple[Source, ...] | None
    conditions: tuple[Sql, ...]
    everything: tuple[Sql, ...]


def plan(tables: Tables, query: UserQuery, now_ms: int) -> QueryPlan:
    """How to find the users of a query; ``now_ms`` is what ages are counted back from."""
    typed = filters.resolved(filters.parse_filter(query.text), now_ms)
    return _Planner(tables, query).plan(typed)


def undecided(tables: Tables, query: UserQuery, now_ms: int) -> tuple[Sql, ...]:
    """Conditions of those users whom a query can neither keep nor drop for sure, for a field that is not known."""
    typed = filters.resolved(filters.parse_filter(query.text), now_ms)
    return _Planner(tables, query).undecided(typed)


class _Means(NamedTuple):
    """What one term of a filter means here: its condition, and the sources that have everyone it keeps (or None).

    ``size`` is how many rows these have, as far as that is known. ``word`` is the word that the index finds, if that
    is all it takes. ``exact`` tells that the sources, or the index by this word, have nobody else.
    """

    condition: Sql
    sources: tuple[Source, ...] | None = None
    size: int | None = None
    word: str = ""
    exact: bool = False


class _Planner:
    def __init__(self, tables: Tables, query: UserQuery) -> None:
        self._tables = tables
        self._groups = tables.groups
        self._query = query

    def plan(self, typed: filters.Filter) -> QueryPlan:
        terms = self._of_the_view(self._query)
        for condition in typed.conditions:
            means = self._means(condition.test)
            terms.append(self._negated(condition.test, means) if condition.negated else means)
        everything = tuple(term.condition for term in terms)
        driver = self._driver(terms)
        if driver is None:
            return QueryPlan(None, everything, everything)
        sources, settled = driver
        return QueryPlan(sources, tuple(term.condition for term in terms if term not in settled), everything)

    def undecided(self, typed: filters.Filter) -> tuple[Sql, ...]:
        view = self._query._replace(hide_inactive=False, belonging=None)
        asked = [term.condition for term in self._of_the_view(view)]
        if self._query.hide_inactive:
            asked += [if_known("status", term.condition) for term in self._of_the_view(UserQuery(hide_inactive=True))]
        for condition in typed.conditions:
            means = _Means(decided(condition.test, self._means(condition.test).condition))
            asked.append((self._negated(condition.test, means) if condition.negated else means).condition)
        if not asked:
            return (NOBODY,)
        bits = bits_of(self._query.asked_fields)
        # SQL has three truth values: false AND unknown is false, so that such a user is dropped for sure.
        together = " AND ".join(f"({condition.text})" for condition in asked)
        values = tuple(value for condition in asked for value in condition.values)
        return Sql(f"users.known & {bits} <> {bits}"), Sql(f"({together}) IS NULL", values)

    def _negated(self, test: filters.Test, means: _Means) -> _Means:
        """Everybody of whom the term is known to be false; nobody where it would leave out nobody by mistake."""
        mistaken = isinstance(test, filters.InGroup) and not all(map(self._groups.meant, test.names))
        if mistaken or isinstance(test, filters.Nobody):
            return _Means(NOBODY)
        return _Means(negated(means.condition))

    def _of_the_view(self, query: UserQuery) -> list[_Means]:
        terms: list[_Means] = []
        if query.group_id is not None:
            gid = self._groups.find(query.group_id)
            terms.append(self._members(() if gid is None else (gid,)))
        if query.without_group_id is not None:
            gid = self._groups.find(query.without_group_id)
            terms.append(_Means(negated(self._members(() if gid is None else (gid,)).condition)))
        if query.belonging is not None:
            left_behind = query.belonging is Belonging.LEFT_BEHIND
            sources = self._with_values(STATUS, (Status.INACTIVE.value,)) if left_behind else None
            terms.append(_Means(Sql(membership.CONDITIONS[query.belonging]), sources=sources))
        if query.hide_inactive:
            terms.append(_Means(Sql(f"users.status IS NOT '{Status.INACTIVE.value}'")))
        return terms

    # ------------------------------------------------------------ where to begin

    def _driver(self, terms: Sequence[_Means]) -> tuple[tuple[Source, ...], tuple[_Means, ...]] | None:
        """Where to begin, and the terms that need not be looked at again then."""
        words = [term for term in terms if term.word]
        chosen = self._tables.texts.chosen([term.word for term in words])
        found = expression(chosen)
        listed = [term for term in terms if term.sources is not None and len(term.sources) <= MOST_SOURCES]
        listed = [term for term in listed if EVERYBODY not in (term.sources or ())]
        best = min(listed, key=self._size) if len(listed) > 1 else next(iter(listed), None)
        if best is not None and best.sources is not None and (found is None or self._is_better(best, found)):
            return best.sources or (named(()),), (best,) if best.exact else ()
        if found is None:
            return None
        return (in_index(found),), tuple(term for term in words if term.exact and entries(term.word)[0] in chosen)

    def _size(self, term: _Means) -> int:
        """How many rows a term's sources have, as far as it matters; in the index by text each costs more to count."""
        if term.size is not None or not term.sources:
            return term.size or 0
        most = FEW if any(source.table == "find" for source in term.sources) else SMALL
        size = counted(self._tables, term.sources, most)
        return self._tables.next_row_id() if size == most else size

    def _is_better(self, best: _Means, found: str) -> bool:
        """True if it is quicker to look at all rows of a term than at those that the index has for the words."""
        size = self._size(best)
        return size <= FEW or (size < SMALL and counted(self._tables, [in_index(found)], size) == size)

    # ------------------------------------------------------------ one term

    def _means(self, test: filters.Test) -> _Means:
        match test:
            case filters.Word():
                return self._word(test.text)
            case filters.HasStatus():
                return self._value("status", test.values)
            case filters.HasRole():
                return self._value("role", test.values)
            case filters.InGroup():
                return self._members(self._gids(test.names))
            case filters.InNoGroup():
                return _Means(if_known("groups", Sql("coalesce(users.group_count, 0) = 0")))
            case filters.Between():
                few = few_between(self._tables, test, MOST_NAMED)
                return _Means(between(test)) if few is None else _Means(between(test), (named(few),), len(few))
            case filters.Has():
                return _Means(filled(test.field))
            case _:
                return _Means(NOBODY)

    def _word(self, word: str) -> _Means:
        """Texts with the word, and users whose role or status has it or whose id begins with it."""
        found = expression(self._tables.texts.chosen([word]))
        others = self._other_places(word)
        if not others:
            exact = is_short_word(word) or (len(word) == 3 and len(entries(word)) == 1 and begins_a_word(word, word))
            return _Means(has_word(word), word=word if found else "", exact=exact)
        condition = any_of([has_word(word), *(each for each, _ in others)])
        if found is None:
            return _Means(condition)
        return _Means(condition, sources=(in_index(found), *(source for _, sources in others for source in sources)))

    def _other_places(self, word: str) -> list[tuple[Sql, tuple[Source, ...]]]:
        """Where else a word may stand, each as a condition and its sources."""
        found: list[tuple[Sql, tuple[Source, ...]]] = []
        for column, values in ((STATUS, self._statuses), (ROLE, self._roles)):
            fitting = tuple(value for value, folded in values.items() if _occurs(word, folded))
            if len(fitting) > MOST_VALUES:
                found.append((value_has_word(column, word), (EVERYBODY,)))
            elif sources := self._with_values(column, fitting):
                found.append((is_one_of(column, fitting), sources))
        ends = uuid_range(word)
        if ends is not None:
            row_ids = self._tables.ids.between(*ends, MOST_NAMED + 1)
            if len(row_ids) > MOST_NAMED:
                found.append((Sql("users.id BETWEEN ? AND ?", ends), (EVERYBODY,)))
            elif row_ids:
                source = named(row_ids)
                found.append((Sql(f"users.{source.condition.text}"), (source,)))
        return found

    def _value(self, field: str, beginnings: Sequence[str]) -> _Means:
        """Users whose status or role begins with one of these; one that equals it means itself alone."""
        column, values = (STATUS, self._statuses) if field == "status" else (ROLE, self._roles)
        whole = set(values.values()).intersection(beginnings)
        parts = tuple(beginning for beginning in beginnings if beginning not in whole)
        fitting = tuple(value for value, folded in values.items() if folded in whole or folded.startswith(parts))
        if len(fitting) > MOST_VALUES:
            return _Means(if_known(field, begins_with(column, whole, parts)))
        return _Means(if_known(field, is_one_of(column, fitting)), self._with_values(column, fitting), exact=True)

    def _with_values(self, column: str, values: Sequence[str]) -> tuple[Source, ...]:
        """Users with one of these statuses or roles, without the inactive ones where nobody wants to see them."""
        hidden = Status.INACTIVE.value if self._query.hide_inactive and column == STATUS else None
        return tuple(with_value(column, value) for value in values if value != hidden)

    def _members(self, gids: Sequence[int]) -> _Means:
        """Members of any of these groups; of a user whose groups are unknown nobody knows."""
        if not gids:
            return _Means(if_known("groups", NOBODY))
        condition = if_known("groups", is_member(gids))
        size = self._groups.members(gids)
        if len(gids) <= MOST_SOURCES:
            return _Means(condition, tuple(map(members, gids)), size, exact=True)
        return _Means(condition, (members_of_any(gids),), size, exact=True) if size <= SMALL else _Means(condition)

    def _gids(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(gid for name in names for gid in self._groups.meant(name)))

    # Few, as a rule, so that they are looked through.

    @cached_property
    def _statuses(self) -> dict[str, str]:
        """The statuses that users have, folded."""
        return {value: folded_name(value) for value in distinct(self._tables, "status", EVERY)}

    @cached_property
    def _roles(self) -> dict[str, str]:
        """The roles that users have, folded."""
        return {value: folded_name(value) for value in distinct(self._tables, "role", EVERY)}


def _occurs(word: str, folded: str) -> bool:
    return begins_a_word(word, folded) if is_short_word(word) else word in folded
