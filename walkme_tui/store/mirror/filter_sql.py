"""A query as SQL: the conditions of its users, and sources that contain them, so that not all users are read.

A negated condition selects only users for which it is known to be false: a user whose groups are unknown is not "in no
group".
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from walkme_tui.domain import filters
from walkme_tui.domain.groups import Belonging
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import Status
from walkme_tui.store.mirror import membership_gaps
from walkme_tui.store.mirror.conditions import (
    ALL_USERS,
    NO_LIMIT,
    NO_USER,
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
    in_no_group,
    is_member,
    is_member_if_known,
    is_one_of,
    members,
    members_of_any,
    named,
    negated,
    value_has_word,
    with_value,
)
from walkme_tui.store.mirror.rows import folded_name, uuid_range
from walkme_tui.store.mirror.statements import QueryPlan
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import begins_a_word, entries, expression, is_short_word

# Sources up to this size are read without searching for a smaller one; for those up to the second size, the index
# counts whether the words of the query have fewer users.
FEW: Final = 2_000
SMALL: Final = 20_000
# Users that the statement lists by row id, for a beginning of an id and for a range of times.
MOST_NAMED: Final = 1_000
# Sources that are merged; with more of them, all users are read.
MOST_SOURCES: Final = 20
# Statuses or roles that the statement lists; with more of them, each user's value is compared.
MOST_VALUES: Final = 200


def plan(tables: Tables, query: UserQuery, now_ms: int) -> QueryPlan:
    """How to find the users of a query; ages in it are counted back from ``now_ms``."""
    typed = filters.resolved(filters.parse_filter(query.text), now_ms)
    return _Planner(tables, query).plan(typed)


def undecided(tables: Tables, query: UserQuery, now_ms: int, absent: Collection[str]) -> tuple[Sql, ...]:
    """Conditions of the users for which a query cannot be decided, because a field that is not absent is unknown."""
    typed = filters.resolved(filters.parse_filter(query.text), now_ms)
    return _Planner(tables, query).undecided(typed, absent)


class _Term(NamedTuple):
    """One term of a query as SQL.

    ``sources`` contain every user that satisfies ``condition``, None if there are no such sources. ``size`` is their
    number of rows, if known. ``word`` is a word that the text index can look up instead. ``exact`` is True if the
    sources, or the look-up of the word, contain no other users.
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
            term = self._term(condition.test)
            terms.append(self._negated(condition.test, term) if condition.negated else term)
        everything = tuple(term.condition for term in terms)
        driver = self._driver(terms)
        if driver is None:
            return QueryPlan(None, everything, everything)
        sources, settled = driver
        return QueryPlan(sources, tuple(term.condition for term in terms if term not in settled), everything)

    def undecided(self, typed: filters.Filter, absent: Collection[str]) -> tuple[Sql, ...]:
        view = self._query._replace(hide_inactive=False, belonging=None)
        conditions = [term.condition for term in self._of_the_view(view)]
        if self._query.hide_inactive:
            conditions += [
                if_known("status", term.condition) for term in self._of_the_view(UserQuery(hide_inactive=True))
            ]
        for condition in typed.conditions:
            term = self._term(condition.test)
            # A test of groups may be decided although some groups of a user are unknown.
            if not isinstance(condition.test, filters.InGroup | filters.InNoGroup):
                term = _Term(decided(filters.required_fields(condition.test), term.condition, absent))
            conditions.append((self._negated(condition.test, term) if condition.negated else term).condition)
        if not conditions:
            return (NO_USER,)
        bits = bits_of([field for field in self._query.required_fields if field not in absent])
        # In SQL false AND NULL is false: such a user is decided.
        together = " AND ".join(f"({condition.text})" for condition in conditions)
        values = tuple(value for condition in conditions for value in condition.values)
        return Sql(f"users.known & {bits} <> {bits}"), Sql(f"({together}) IS NULL", values)

    def _negated(self, test: filters.Test, term: _Term) -> _Term:
        """Users for which the term is known to be false; none where it contains an unknown group name."""
        misspelled = isinstance(test, filters.InGroup) and not all(map(self._groups.named, test.names))
        if misspelled or isinstance(test, filters.NoUser):
            return _Term(NO_USER)
        return _Term(negated(term.condition))

    def _of_the_view(self, query: UserQuery) -> list[_Term]:
        terms: list[_Term] = []
        if query.group_id is not None:
            gid = self._groups.find(query.group_id)
            terms.append(self._members(() if gid is None else (gid,)))
        if query.without_group_id is not None:
            gid = self._groups.find(query.without_group_id)
            terms.append(_Term(negated(self._members(() if gid is None else (gid,)).condition)))
        if query.belonging is not None:
            still_in_groups = query.belonging is Belonging.STILL_IN_GROUPS
            sources = self._with_values(STATUS, (Status.INACTIVE.value,)) if still_in_groups else None
            terms.append(_Term(Sql(membership_gaps.CONDITIONS[query.belonging]), sources=sources))
        if query.hide_inactive:
            terms.append(_Term(Sql(f"users.status IS NOT '{Status.INACTIVE.value}'")))
        return terms

    # ------------------------------------------------------------ sources

    def _driver(self, terms: Sequence[_Term]) -> tuple[tuple[Source, ...], tuple[_Term, ...]] | None:
        """The best sources, and the terms that all of their users satisfy; None if all users have to be read."""
        words = [term for term in terms if term.word]
        chosen = self._tables.texts.chosen([term.word for term in words])
        found = expression(chosen)
        listed = [term for term in terms if term.sources is not None and len(term.sources) <= MOST_SOURCES]
        listed = [term for term in listed if ALL_USERS not in (term.sources or ())]
        best = min(listed, key=self._size) if len(listed) > 1 else next(iter(listed), None)
        if best is not None and best.sources is not None and (found is None or self._is_better(best, found)):
            return best.sources or (named(()),), (best,) if best.exact else ()
        if found is None:
            return None
        return (in_index(found),), tuple(term for term in words if term.exact and entries(term.word)[0] in chosen)

    def _size(self, term: _Term) -> int:
        """The number of rows of a term's sources, as far as it matters; rows of the text index cost more to count."""
        if term.size is not None or not term.sources:
            return term.size or 0
        most = FEW if any(source.table == "find" for source in term.sources) else SMALL
        size = counted(self._tables, term.sources, most)
        return self._tables.next_row_id() if size == most else size

    def _is_better(self, best: _Term, found: str) -> bool:
        """True if reading the rows of a term is faster than reading those that the index finds for the words."""
        size = self._size(best)
        return size <= FEW or (size < SMALL and counted(self._tables, [in_index(found)], size) == size)

    # ------------------------------------------------------------ one term

    def _term(self, test: filters.Test) -> _Term:
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
                return _Term(in_no_group())
            case filters.Between():
                few = few_between(self._tables, test, MOST_NAMED)
                return _Term(between(test)) if few is None else _Term(between(test), (named(few),), len(few))
            case filters.Has():
                return _Term(filled(test.field))
            case _:
                return _Term(NO_USER)

    def _word(self, word: str) -> _Term:
        """Users whose text, role or status contains the word, or whose id begins with it."""
        found = expression(self._tables.texts.chosen([word]))
        others = self._other_places(word)
        if not others:
            exact = is_short_word(word) or (len(word) == 3 and len(entries(word)) == 1 and begins_a_word(word, word))
            return _Term(has_word(word), word=word if found else "", exact=exact)
        condition = any_of([has_word(word), *(each for each, _ in others)])
        if found is None:
            return _Term(condition)
        return _Term(condition, sources=(in_index(found), *(source for _, sources in others for source in sources)))

    def _other_places(self, word: str) -> list[tuple[Sql, tuple[Source, ...]]]:
        """Conditions, each with its sources, for a word in the status, the role or the id."""
        found: list[tuple[Sql, tuple[Source, ...]]] = []
        for column, values in ((STATUS, self._statuses), (ROLE, self._roles)):
            fitting = tuple(value for value, folded in values.items() if _occurs(word, folded))
            if len(fitting) > MOST_VALUES:
                found.append((value_has_word(column, word), (ALL_USERS,)))
            elif sources := self._with_values(column, fitting):
                found.append((is_one_of(column, fitting), sources))
        ends = uuid_range(word)
        if ends is not None:
            row_ids = self._tables.ids.between(*ends, MOST_NAMED + 1)
            if len(row_ids) > MOST_NAMED:
                found.append((Sql("users.id BETWEEN ? AND ?", ends), (ALL_USERS,)))
            elif row_ids:
                source = named(row_ids)
                found.append((Sql(f"users.{source.condition.text}"), (source,)))
        return found

    def _value(self, field: str, beginnings: Sequence[str]) -> _Term:
        """Users whose status or role begins with one of these; a whole status or role matches only itself."""
        column, values = (STATUS, self._statuses) if field == "status" else (ROLE, self._roles)
        whole = set(values.values()).intersection(beginnings)
        parts = tuple(beginning for beginning in beginnings if beginning not in whole)
        fitting = tuple(value for value, folded in values.items() if folded in whole or folded.startswith(parts))
        if len(fitting) > MOST_VALUES:
            return _Term(if_known(field, begins_with(column, whole, parts)))
        return _Term(if_known(field, is_one_of(column, fitting)), self._with_values(column, fitting), exact=True)

    def _with_values(self, column: str, values: Sequence[str]) -> tuple[Source, ...]:
        """Users with one of these statuses or roles, without inactive ones if the query hides them."""
        hidden = Status.INACTIVE.value if self._query.hide_inactive and column == STATUS else None
        return tuple(with_value(column, value) for value in values if value != hidden)

    def _members(self, gids: Sequence[int]) -> _Term:
        """Members of any of these groups; unknown for others of unknown groups, unless all of these were read."""
        if not gids:
            return _Term(if_known("groups", NO_USER))
        condition = is_member(gids) if self._groups.were_read(gids) else is_member_if_known(gids)
        size = self._groups.members(gids)
        if len(gids) <= MOST_SOURCES:
            return _Term(condition, tuple(map(members, gids)), size, exact=True)
        return _Term(condition, (members_of_any(gids),), size, exact=True) if size <= SMALL else _Term(condition)

    def _gids(self, names: Sequence[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(gid for name in names for gid in self._groups.named(name)))

    # There are few different ones, so they are searched instead of the users.

    @cached_property
    def _statuses(self) -> dict[str, str]:
        return {value: folded_name(value) for value in distinct(self._tables, "status", NO_LIMIT)}

    @cached_property
    def _roles(self) -> dict[str, str]:
        return {value: folded_name(value) for value in distinct(self._tables, "role", NO_LIMIT)}


def _occurs(word: str, folded: str) -> bool:
    return begins_a_word(word, folded) if is_short_word(word) else word in folded
