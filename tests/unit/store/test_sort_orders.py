"""Sorting agrees with Python's ``sorted``, by every key, in both directions, with and without indexes."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.odd_mirror import OddMirror, result
from tests.support.odd_people import EVERYONE, GROUPS, NOW_MS, OddPeople
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import User
from walkme_tui.store.mirror import filter_sql, search
from walkme_tui.store.mirror.mirror import open_mirror

SORTS = tuple(Sort(key, reverse) for key in SortKey for reverse in (False, True))
QUERIES = (
    UserQuery(),
    UserQuery("zo"),
    UserQuery("example -celik"),
    UserQuery("status:active"),
    UserQuery("role:viewer"),  # several sources that are merged
    UserQuery("created:<400d"),
    UserQuery("has:externalId -status:active", hide_inactive=True),
    UserQuery(group_id=EVERYONE),
    UserQuery("nobody at all"),
)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _without_case(value: object) -> bytes | None:
    """The key as it is compared: without the case of ASCII letters."""
    return value.encode().lower() if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _names(user: User, *order: str) -> str | None:
    names = [search_key(name) for name in (getattr(user, which) for which in order) if isinstance(name, str)]
    return " ".join(filter(None, names)) or None


KEYS: dict[SortKey, Callable[[MirroredUser], Any]] = {
    SortKey.EMAIL: lambda row: _without_case(row.user.email),
    SortKey.NAME: lambda row: _names(row.user, "first_name", "last_name"),
    SortKey.FIRST: lambda row: _names(row.user, "first_name", "last_name"),
    SortKey.LAST: lambda row: _names(row.user, "last_name", "first_name"),
    SortKey.ROLE: lambda row: _text(row.user.role),
    SortKey.STATUS: lambda row: _text(row.user.status),
    SortKey.GROUPS: lambda row: len(row.user.groups) if isinstance(row.user.groups, tuple) else None,
    SortKey.UPDATED: lambda row: _number(row.user.updated_at_ms),
    SortKey.CREATED: lambda row: _number(row.user.created_at_ms),
    SortKey.EXTERNAL_ID: lambda row: _without_case(row.user.external_id),
    SortKey.LISTED: lambda row: row.position,
}


def in_order(mirror: OddMirror, query: UserQuery) -> list[int]:
    """The sorted row ids of a query; unknown and empty keys come last."""
    assert query.sort is not None
    key, reverse = KEYS[query.sort.key], query.sort.reverse
    kept = mirror.directory.kept(query._replace(sort=None), NOW_MS)
    rows = mirror.file.read(lambda tables: tables.rows(kept)).values()
    known = sorted((key(row), row.row_id) for row in rows if key(row) is not None)
    unknown = sorted(row.row_id for row in rows if key(row) is None)
    if reverse:
        return [row_id for _, row_id in reversed(known)] + unknown[::-1]
    return [row_id for _, row_id in known] + unknown


def filled(odd: OddPeople, size: int) -> OddMirror:
    """A mirror with users that moved in the list, are listed twice, or are not listed."""
    mirror = OddMirror()
    mirror.save_groups(GROUPS)
    people = [odd.user(number) for number in range(size)]
    mirror.save_page(1, people, None)
    mirror.save_page(2, odd.random.sample(people, size), None)
    mirror.save_page(1, odd.random.sample(people, size // 2), None)
    for number in range(size, size + size // 5):
        mirror.save_user(odd.user(number))
    return mirror


@pytest.fixture(scope="module")
def large() -> OddMirror:
    return filled(OddPeople(Random("orders")), 400)


@pytest.fixture(scope="module")
def large_with_indexes() -> OddMirror:
    mirror = filled(OddPeople(Random("orders")), 400)
    mirror.prepare_sorting()
    return mirror


@pytest.mark.parametrize(("many", "index_rows"), [(search.MANY, search.INDEX_ROWS), (30, search.INDEX_ROWS), (30, 90)])
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.text or query.group_id or "everybody")
def test_every_sort_agrees_with_sorted_with_and_without_indexes(
    large: OddMirror,
    large_with_indexes: OddMirror,
    monkeypatch: pytest.MonkeyPatch,
    query: UserQuery,
    many: int,
    index_rows: int,
) -> None:
    monkeypatch.setattr(search, "MANY", many)
    monkeypatch.setattr(search, "INDEX_ROWS", index_rows)
    monkeypatch.setattr(search, "STEP", 70)
    monkeypatch.setattr(filter_sql, "MOST_NAMED", many)
    for sort in SORTS:
        sorted_query = query._replace(sort=sort)
        expected = in_order(large, sorted_query)
        large.check(sorted_query, expected)
        large_with_indexes.check(sorted_query, expected)


@settings(deadline=None, max_examples=80)
@given(
    random=st.randoms(use_true_random=False),
    size=st.integers(1, 9),
    query=st.sampled_from(QUERIES),
    sort=st.sampled_from(SORTS),
    many=st.integers(1, 12),
    index_rows=st.integers(1, 12),
    prepared=st.booleans(),
)
def test_sorting_a_few_users_agrees_with_sorted(
    random: Random, size: int, query: UserQuery, sort: Sort, many: int, index_rows: int, prepared: bool
) -> None:
    odd = OddPeople(random)
    mirror = filled(odd, size)
    if prepared:
        mirror.prepare_sorting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "MANY", many)
        patch.setattr(search, "INDEX_ROWS", index_rows)
        mirror.check(query._replace(sort=sort), in_order(mirror, query._replace(sort=sort)))
        changed = odd.user(99)
        mirror.save_user(User(next(iter(mirror.row_ids)), changed.email, changed.first_name, role=changed.role))
        mirror.check(query._replace(sort=sort), in_order(mirror, query._replace(sort=sort)))


@pytest.mark.parametrize("prepared", [False, True])
def test_a_changed_user_moves_in_the_sort(prepared: bool) -> None:
    odd = OddPeople(Random("changes"))
    mirror = filled(odd, 60)
    if prepared:
        mirror.prepare_sorting()
    for number, user_id in enumerate(mirror.row_ids):
        mirror.save_user(odd.user(number)._replace(id=user_id))
    for sort in SORTS:
        mirror.check(UserQuery(sort=sort), in_order(mirror, UserQuery(sort=sort)))


def test_a_user_added_during_a_sorted_search_is_not_in_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "STEP", 5)
    monkeypatch.setattr(search, "SORTED_SHARE", 100)
    mirror = filled(OddPeople(Random("between")), 50)
    mirror.prepare_sorting()
    query = UserQuery("-nobody", sort=Sort(SortKey.NAME))
    expected = in_order(mirror, query)
    steps = search.matching(mirror.file.read(lambda tables: tables), query, 0, NOW_MS)
    for _ in range(3):
        next(steps)
    mirror.save_user(User("new", first_name="A"))
    assert list(result(steps)) == expected


async def test_sort_indexes_are_made_between_reads_and_writes(tmp_path: Any) -> None:
    odd, mirror = OddPeople(Random("prepared")), open_mirror(tmp_path / "mirror.sqlite3", account_key="account")
    for number in range(60):
        await mirror.save_user(odd.user(number), NOW_MS)
    query = UserQuery(sort=Sort(SortKey.LAST, reverse=True))
    expected = await mirror.matching(query)
    await mirror.prepare_sorting()
    await mirror.prepare_sorting()  # a second call changes nothing
    assert await mirror.matching(query) == expected
    assert [user.row_id for user in await mirror.first(query, 7)] == list(expected[:7])
    await mirror.aclose()
