"""What answers say about the server's list, in any order."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import people
from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.users import UserPage
from walkme_tui.services.page_tracker import PageTracker


def arrive(known: PageTracker, page: int, count: int, claimed: int | None = None) -> None:
    """Judge the answer of a correct server with ``count`` users."""
    size = known.page_size
    rows = tuple(people(count)[(page - 1) * size : page * size])
    kept = known.judge(UserPage(page, size, rows, claimed))
    known.count(page, 0 if kept is None else len(kept.rows), None if kept is None else kept.total)


@given(st.integers(0, 60), st.randoms(use_true_random=False))
def test_without_a_total_the_length_is_found_in_any_order(count: int, random: Random) -> None:
    known = PageTracker(10)
    arrive(known, 1, count)
    following = list(range(2, -(-count // known.page_size) + 2))
    random.shuffle(following)
    for page in following:
        arrive(known, page, count)
        assert known.total is not None
        assert not known.total.exact or known.total.count == count or page not in {1, following[-1]}
    if following:
        assert known.total == Total(count, exact=True)


@given(st.integers(0, 60), st.integers(1, 12))
def test_with_a_total_the_length_is_known_at_once(count: int, page: int) -> None:
    known = PageTracker(10)
    arrive(known, 1, count, claimed=count)
    arrive(known, page, count, claimed=count)
    assert known.total == Total(count, exact=True)
    past_a_full_page = page == 2 and count == 10  # the claim may be too small
    assert known.exists(page) == (page == 1 or (page - 1) * 10 < count or past_a_full_page)


def test_the_stored_length_is_used_until_the_server_answers() -> None:
    known = PageTracker(10)
    known.begin(Coverage(30, 35, 30, 0), 0)
    assert known.total == Total(35, exact=True)
    arrive(known, 1, 25)
    assert known.total == Total(35, exact=False)
    arrive(known, 4, 25)
    assert known.total == Total(30, exact=False)
    arrive(known, 3, 25)
    assert known.total == Total(25, exact=True)
    reached = PageTracker(10)
    reached.begin(Coverage(12, None, 0, 0), 12)
    assert reached.total == Total(12, exact=False)


@given(st.integers(0, 60), st.integers(1, 8), st.integers(0, 60))
def test_a_resumed_tracker_agrees_with_an_uninterrupted_one(count: int, next_page: int, later: int) -> None:
    whole, resumed = PageTracker(10), PageTracker(10)
    for page in range(1, next_page):
        arrive(whole, page, count, claimed=count)
    resumed.resume(10, next_page, count)
    for known in (whole, resumed):
        arrive(known, next_page, later, claimed=later)
    pages = range(1, 9)
    assert resumed.size_known
    assert resumed.total == whole.total == Total(later, exact=True)
    assert [resumed.exists(page) for page in pages] == [whole.exists(page) for page in pages]
    assert [resumed.confirmed(page) for page in pages] == [whole.confirmed(page) for page in pages]


def test_a_total_from_another_request_is_adopted() -> None:
    known = PageTracker(10)
    for page in range(1, 6):
        arrive(known, page, 50, claimed=50)
    assert not known.follow(50)
    assert known.follow(25)
    assert known.total == Total(25, exact=True)
    assert [page for page in range(1, 6) if known.confirmed(page)] == [1, 2, 3]
    assert known.follow(60)
    assert known.exists(6)
    arrive(known, 6, 60)  # a page without a total does not make it inexact
    assert known.total == Total(60, exact=True)


def test_pages_past_a_nearer_end_are_no_longer_confirmed() -> None:
    known = PageTracker(10)
    for page in range(1, 6):
        arrive(known, page, 50, claimed=50)
    arrive(known, 2, 25, claimed=25)
    assert [page for page in range(1, 6) if known.confirmed(page)] == [1, 2, 3]


def test_surplus_rows_of_a_page_are_dropped() -> None:
    known = PageTracker(10)
    arrive(known, 1, 100, claimed=100)
    kept = known.judge(UserPage(2, 10, tuple(people(15, start=10)), 100))
    assert kept is not None
    assert len(kept.rows) == 10
    assert any("surplus" in warning for warning in known.warnings)


def test_a_larger_page_size_of_the_first_page_is_adopted() -> None:
    known = PageTracker(10)
    kept = known.judge(UserPage(1, 10, tuple(people(50)), 120))
    assert kept is not None
    assert len(kept.rows) == 50
    assert known.page_size == 50


def test_surplus_rows_do_not_disprove_a_total() -> None:
    known = PageTracker(10)
    arrive(known, 1, 15, claimed=15)
    kept = known.judge(UserPage(2, 10, tuple(people(15, start=10)), 15))
    assert kept is not None
    assert kept.total is None, "ten users from the tenth on are more than fifteen"
    kept = known.judge(UserPage(2, 10, tuple(people(15, start=10)), 20))
    assert kept is not None
    assert kept.total == 20
    assert len(kept.rows) == 10


def test_a_page_with_too_few_users_is_reported() -> None:
    known = PageTracker(10)
    arrive(known, 1, 100, claimed=100)
    known.judge(UserPage(2, 10, tuple(people(4, start=10)), 100))
    known.judge(UserPage(3, 10, (), 100))
    assert known.warnings == (
        "Page 2 of the list has 4 users where 10 were expected.",
        "Page 3 of the list has 0 users where 10 were expected.",
    )
