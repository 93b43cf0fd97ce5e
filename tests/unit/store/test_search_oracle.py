"""Searches of the mirror find the same users in the same order as the oracle, which checks each one in Python."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.odd_mirror import OddMirror
from tests.support.odd_people import EVERYONE, GROUPS, UNLISTED, OddPeople
from walkme_tui.domain.filter_terms import written
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User
from walkme_tui.store.mirror import file as mirror_file
from walkme_tui.store.mirror import filter_sql, id_table, search

PEOPLE = 2_000
PAGE = 250
QUERIES = 90

Patching = Callable[[pytest.MonkeyPatch], None]


def _with_small_limits(patch: pytest.MonkeyPatch) -> None:
    """Lower the limits, so that small accounts are searched in all ways."""
    patch.setattr(filter_sql, "MOST_VALUES", 3)
    patch.setattr(filter_sql, "MOST_SOURCES", 2)
    patch.setattr(filter_sql, "MOST_NAMED", 5)
    patch.setattr(filter_sql, "FEW", 20)
    patch.setattr(filter_sql, "SMALL", 60)
    patch.setattr(search, "STEP", 7)


def _without_index(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mirror_file, "has_trigrams", lambda _: False)


def _as_it_is(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(id_table, "MERGE_AT", 700)  # some ids are merged and some are not


@contextmanager
def patched(*patchings: Patching) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "MOST_CANDIDATES", PEOPLE)
        for each in patchings:
            each(patch)
        yield


def query_of(odd: OddPeople, people: list[User], terms: int) -> UserQuery:
    chance = odd.random.random
    groups = [*(group.id for group in GROUPS), *UNLISTED, "never heard of"]
    return UserQuery(
        odd.text(people, terms),
        group_id=odd.random.choice([EVERYONE, *groups]) if chance() < 0.15 else None,
        hide_inactive=chance() < 0.15,
        without_group_id=odd.random.choice(groups) if chance() < 0.1 else None,
    )


@pytest.mark.parametrize("many_roles", [False, True], ids=["few roles", "many roles"])
@pytest.mark.parametrize("patching", [_as_it_is, _with_small_limits, _without_index])
def test_searching_a_large_odd_directory_agrees_with_the_oracle(patching: Patching, many_roles: bool) -> None:
    odd = OddPeople(Random(f"{patching.__name__} {many_roles}"), many_roles)
    with patched(patching):
        mirror = OddMirror()
        mirror.save_groups(GROUPS)
        people = [odd.user(number) for number in range(PEOPLE)]
        for first in range(0, PEOPLE, PAGE):
            mirror.save_page(first // PAGE + 1, people[first : first + PAGE], PEOPLE)
        if patching is _with_small_limits:
            mirror.prepare_sorting()  # with them, times are found by index
        sizes = [
            len(mirror.check(query_of(odd, people, odd.random.choice((0, 1, 1, 1, 2, 2, 3, 5)))))
            for _ in range(QUERIES)
        ]
    # Otherwise most filters would match no user.
    assert sum(0 < size < PEOPLE for size in sizes) > QUERIES // 2
    assert sum(size > 100 for size in sizes) > QUERIES // 10


@settings(deadline=None, max_examples=120)
@given(
    random=st.randoms(use_true_random=False),
    size=st.integers(1, 12),
    terms=st.lists(st.integers(0, 4), max_size=5),
    words=st.lists(st.text(max_size=6), max_size=2),
    patching=st.sampled_from([_as_it_is, _with_small_limits, _without_index]),
    many_roles=st.booleans(),
)
def test_searching_any_small_directory_agrees_with_the_oracle(
    random: Random, size: int, terms: list[int], words: list[str], patching: Patching, many_roles: bool
) -> None:
    odd = OddPeople(random, many_roles)
    with patched(patching):
        mirror = OddMirror()
        mirror.save_groups(GROUPS)
        people = [odd.user(number) for number in range(size)]
        mirror.save_page(1, people, None)
        for count in terms:
            mirror.check(query_of(odd, people, count))
        for word in words:
            mirror.check(UserQuery(word))
            mirror.check(UserQuery(written(word)))


def changed(odd: OddPeople, mirror: OddMirror, number: int, page: int) -> None:
    """Change the account: users change, are deleted, return, or move in the list."""
    chance, pick = odd.random.random(), odd.random.choice
    known = [mirror.directory.people[row_id] for row_id in mirror.row_ids.values()]
    if not known or chance < 0.15:
        user = odd.user(number)
        mirror.save_user(user._replace(id=pick([user.id, *mirror.gone])))
    elif chance < 0.3:
        mirror.forget_user(pick(known).id)
    elif chance < 0.5:
        mirror.save_user(odd.user(number)._replace(id=pick(known).id))
    elif chance < 0.6:
        mirror.save_groups(odd.random.sample(GROUPS, odd.random.randrange(len(GROUPS))))
    else:
        rows = odd.random.sample(known, min(page, len(known)))
        if chance < 0.75:
            rows = [odd.user(number + at)._replace(id=user.id) for at, user in enumerate(rows)]
        mirror.save_page(odd.random.randrange(1, 4), rows, pick((None, len(known), 3 * page)))


@pytest.mark.parametrize("patching", [_as_it_is, _with_small_limits, _without_index])
def test_searching_a_large_changing_directory_agrees_with_the_oracle(patching: Patching) -> None:
    odd = OddPeople(Random(patching.__name__))
    with patched(patching, lambda patch: patch.setattr(id_table, "MERGE_AT", 90)):
        mirror = OddMirror()
        mirror.save_groups(GROUPS)
        for page in range(1, 4):
            mirror.save_page(page, [odd.user(number) for number in range(page * 100, page * 100 + 100)], 300)
        for turn in range(150):
            changed(odd, mirror, 1000 + 100 * turn, 100)
            mirror.check(query_of(odd, list(mirror.directory.people.values()), odd.random.choice((0, 1, 1, 2, 3))))


@settings(deadline=None, max_examples=60)
@given(random=st.randoms(use_true_random=False), turns=st.integers(1, 8), merge_at=st.integers(1, 6))
def test_searching_any_small_changing_directory_agrees_with_the_oracle(
    random: Random, turns: int, merge_at: int
) -> None:
    odd = OddPeople(random)
    with patched(lambda patch: patch.setattr(id_table, "MERGE_AT", merge_at)):
        mirror = OddMirror()
        for turn in range(turns):
            changed(odd, mirror, 10 * turn, 3)
            people = list(mirror.directory.people.values())
            mirror.check(query_of(odd, people or [odd.user(0)], odd.random.choice((0, 1, 2))))


@pytest.mark.parametrize("patching", [_as_it_is, _without_index])
def test_the_user_with_the_typed_email_comes_first(patching: Patching) -> None:
    with patched(patching):
        mirror = OddMirror()
        elsewhere = [
            User(f"before-{n}", f"x-zoe.celik@example.com{n}", external_id="zoe.celik@example.com") for n in range(20)
        ]
        owners = [
            User(f"owner-{n}", "Zoë.Çelik@example.COM", status="inactive" if n % 2 else "active") for n in range(24)
        ]
        mirror.save_page(1, [*elsewhere, *owners], None)
        for text in ("zoe.celik@example.com", "ZOË.ÇELIK@EXAMPLE.COM status:active", "owner zoe.celik@example.com"):
            assert mirror.check(UserQuery(text))[0] == 21
        assert mirror.check(UserQuery("zoe.celik@example.com"))[10] == 1  # of very many users with this email only some
        assert mirror.check(UserQuery("zoe.celik@example.com", hide_inactive=True))[:3] == [21, 23, 25]
        two = [User("x", email="x@example.com", external_id="y@b"), User("y", email="y@b", external_id="x@example.com")]
        mirror.save_page(2, two, None)
        assert mirror.check(UserQuery("y@b x@example.com")) == [45, 46]  # with two addresses there is no exact match
        assert mirror.check(UserQuery("y@b")) == [46, 45]


def test_whole_words_come_before_partial_ones() -> None:
    names = ["Hannah", "Anna", "Annika", "Ann", "Joann", "Mary-Ann", "ann-sophie", "Ann\u2013Kathrin", "Ann"]
    mirror = OddMirror()
    mirror.save_page(
        1,
        [
            User(f"u-{number}", f"{number}@example.com", name, status="inactive" if number == 8 else "active")
            for number, name in enumerate(names)
        ],
        None,
    )
    assert mirror.check(UserQuery("ann")) == [4, 6, 7, 8, 9, 1, 2, 3, 5]
    assert mirror.check(UserQuery("ANN example")) == [4, 6, 7, 8, 9, 1, 2, 3, 5]
    assert mirror.check(UserQuery("ann status:active"))[:5] == [4, 6, 7, 8, 1]
    assert mirror.check(UserQuery("ann kathrin")) == [8]
    # Users that are added later come below: no row moves while the account is loaded.
    mirror.save_page(2, [User("late", "late@example.com", "Ann")], None)
    assert mirror.matching(UserQuery("ann"), 9) == [10]


def test_entries_that_are_not_looked_up_are_compared() -> None:
    mirror = OddMirror()
    others = [User(f"u-{number}", first_name="Bo", role="Viewer") for number in range(60)]
    mirror.save_page(
        1, [*others, User("zoe", first_name="Zoë"), User("iew", first_name="Aviel", last_name="Iewan")], None
    )
    assert mirror.check(UserQuery("zoe b")) == []  # nearly every text contains b: only zoe is looked up
    assert mirror.check(UserQuery("zoe")) == [61]
    assert mirror.check(UserQuery("view")) == list(range(1, 61))  # the entries vie and iew alone would find others


def test_a_deleted_group_counts_as_an_unknown_name() -> None:
    mirror = OddMirror()
    mirror.save_page(1, [User("a", groups=("ghost",)), User("b", groups=())], None)
    assert mirror.check(UserQuery("-group:ghost")) == [2]
    mirror.save_user(User("a", groups=()))
    assert mirror.check(UserQuery("-group:ghost")) == []


def test_deleted_users_leave_no_rows() -> None:
    with patched(lambda patch: patch.setattr(id_table, "MERGE_AT", 7)):
        odd, mirror = OddPeople(Random("gone")), OddMirror()
        mirror.save_page(1, [odd.user(number) for number in range(20)], None)
        mirror.save_page(
            2, [odd.user(number)._replace(id=user_id) for number, user_id in enumerate(mirror.row_ids)], None
        )
        for user_id in list(mirror.row_ids):
            mirror.forget_user(user_id)
        connection = mirror.file.read(lambda tables: tables.connection)
        for table in ("users", "ids", "recent_ids", "positions", "memberships", "texts"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        connection.execute("CREATE VIRTUAL TABLE temp.indexed USING fts5vocab(main, find, row)")
        assert connection.execute("SELECT term FROM indexed").fetchall() == []
