"""Searches of the mirror against asking everybody in plain Python: the same people, in the same order."""

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
from walkme_tui.store import filter_sql, id_table, mirror_file, search

PEOPLE = 2_000
PAGE = 250
QUERIES = 120

Patching = Callable[[pytest.MonkeyPatch], None]


def _with_small_limits(patch: pytest.MonkeyPatch) -> None:
    """Every way to go about a search is gone, not only that for large or small accounts."""
    patch.setattr(filter_sql, "MOST_VALUES", 3)
    patch.setattr(filter_sql, "MOST_SOURCES", 2)
    patch.setattr(filter_sql, "MOST_NAMED_IDS", 5)
    patch.setattr(filter_sql, "SMALL_GROUP", 60)
    patch.setattr(search, "STEP", 7)


def _without_index(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mirror_file, "has_trigrams", lambda _: False)


def _as_it_is(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(id_table, "MERGE_AT", 700)  # some ids are merged, some are not


@contextmanager
def patched(*patchings: Patching) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
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
def test_a_large_odd_directory_is_searched_as_asking_everybody_would(patching: Patching, many_roles: bool) -> None:
    odd = OddPeople(Random(f"{patching.__name__} {many_roles}"), many_roles)
    with patched(patching):
        mirror = OddMirror()
        mirror.save_groups(GROUPS)
        people = [odd.user(number) for number in range(PEOPLE)]
        for first in range(0, PEOPLE, PAGE):
            mirror.save_page(first // PAGE + 1, people[first : first + PAGE], PEOPLE)
        sizes = [
            len(mirror.check(query_of(odd, people, odd.random.choice((0, 1, 1, 1, 2, 2, 3, 5)))))
            for _ in range(QUERIES)
        ]
    # Else the filters would be so odd that nothing is compared.
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
def test_any_small_directory_is_searched_as_asking_everybody_would(
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
