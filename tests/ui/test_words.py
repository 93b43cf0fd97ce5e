"""Formatting of numbers, ages, dates and columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.text import clean
from walkme_tui.domain.times import DAY, HOUR, YEAR
from walkme_tui.ui import words

NOW = 1_800_000_000_000
CLEAN = st.text(max_size=60).map(clean)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (-5_000, "0 s"),
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (5 * HOUR, "5 h"),
        (13 * DAY, "13 d"),
        (14 * DAY, "2 w"),
        (59 * DAY, "8 w"),
        (60 * DAY, "2 mo"),
        (364 * DAY, "12 mo"),
        (365 * DAY, "1 y"),
        (900 * YEAR, "900 y"),
    ],
)
def test_an_age_has_one_unit(passed: int, said: str) -> None:
    assert words.age(NOW, NOW - passed) == said


def test_very_recent_and_future_times_are_words() -> None:
    assert words.ago(NOW, NOW - 1_000) == "just now"
    assert words.ago(NOW, NOW - 3_000) == "3 s ago"
    assert words.ago(NOW, NOW + DAY) == "in the future"


def test_a_date_within_a_week_includes_the_time() -> None:
    assert words.ago_and_date(NOW, NOW - 5 * HOUR) == "5 h ago, 15 Jan 03:00 UTC"
    assert words.ago_and_date(NOW, NOW - 700 * DAY) == "1 y ago, 14 Feb 2025"


@pytest.mark.parametrize("milliseconds", [10**18, -(10**18), 2**63])
def test_times_beyond_the_calendar_are_unknown(milliseconds: int) -> None:
    assert words.day(milliseconds) == "?"
    assert words.clock_time(milliseconds) == "?"
    assert words.ago_and_date(NOW, milliseconds) == "?"


def test_numbers_have_blanks_between_the_thousands() -> None:
    assert words.number(1_154_210) == "1 154 210"
    assert words.count(1, "user", "users") == "1 user"
    assert words.count(0, "user", "users") == "0 users"


@pytest.mark.parametrize(
    ("loaded", "total", "said"),
    [(62, 100, "62 % loaded"), (200, 25_000, "200 loaded"), (5, None, "5 loaded"), (100, 100, "100 % loaded")],
)
def test_a_loaded_share_below_one_percent_is_a_number(loaded: int, total: int | None, said: str) -> None:
    assert words.loaded_share(Coverage(loaded, total, loaded, None)) == said


@given(text=CLEAN, width=st.integers(min_value=0, max_value=40))
def test_fitted_text_has_exactly_the_width(text: str, width: int) -> None:
    assert cell_len(words.fit(text, width)) == width
    assert cell_len(words.fit_right(text, width)) == width


@given(text=CLEAN, width=st.integers(min_value=2, max_value=40))
def test_wrapped_text_keeps_everything_except_blanks(text: str, width: int) -> None:
    lines = words.wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "zaneta.brzeczyszczykiewicz@example.org"),
        (30, "zaneta.br…ykiewicz@example.org"),
        (15, "z…z@example.org"),
        (14, "z…@example.org"),
        (13, "zaneta.brzec…"),
    ],
)
def test_an_email_is_cut_in_its_local_part(width: int, shown: str) -> None:
    assert words.cut_email("zaneta.brzeczyszczykiewicz@example.org", width) == shown


@given(CLEAN, st.integers(1, 80))
def test_any_text_in_the_email_column_fits(text: str, width: int) -> None:
    assert cell_len(words.cut_email(text, width)) <= width


def test_a_number_is_not_broken_between_its_thousands() -> None:
    assert words.wrap("all 2 939 users", 5) == ["all", "2 939", "users"]
    assert words.wrap("1 234 567 users of 12 500", 11) == ["1 234 567", "users of", "12 500"]
    assert words.wrap("in 24 h, 12 Mar 2024", 5) == ["in 24", "h, 12", "Mar", "2024"]
