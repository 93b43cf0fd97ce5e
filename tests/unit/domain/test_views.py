"""Saved views: valid names, look-up by name, and the built-in views."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.text import clean
from walkme_tui.domain.views import (
    BUILT_IN,
    MAX_NAME,
    SavedView,
    all_views,
    find_view,
    same_name,
    title,
    why_name_refused,
)


@pytest.mark.parametrize("name", ["a", "7", "leavers", "in-no_group.2", "Zürich", "東京", "x" * MAX_NAME])
def test_a_name_has_letters_digits_and_three_signs(name: str) -> None:
    assert why_name_refused(name) == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a name"),
        ("x" * 41, "at most 40 characters; this one has 41"),
        ("-x", "begins with a letter or a digit"),
        (".x", "begins with a letter or a digit"),
        ("@x", "begins with a letter or a digit"),
        ("a b", "without blanks"),
        ("a\n", "without blanks"),
        ("a/b", 'without "/"'),
        ("a@b", 'without "@"'),
        ("a\x1b[2J", 'without "␛"'),
        ("a\u202eb", 'without "⟨202E⟩"'),
        ("a\u3164", "invisible"),
        ("ʼ", "invisible"),
    ],
)
def test_an_invalid_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert reason in why_name_refused(name)


@given(st.text(max_size=45))
def test_an_accepted_name_is_printable_and_found_again(name: str) -> None:
    reason = why_name_refused(name)
    assert reason == clean(reason)
    if not reason:
        assert clean(name) == name
        assert not name.isascii() or shlex.quote(f"@{name}") == f"@{name}"
        view = SavedView(name, "x")
        assert find_view(f"@{name}", all_views([view])) == find_view(name.upper(), all_views([view])) == view


def test_names_are_compared_without_case_and_accents() -> None:
    assert same_name("Zürich", "ZURICH")
    assert not same_name("a.b", "a-b")


def test_built_in_views_are_last_and_replaced_by_saved_views_of_the_same_name() -> None:
    mine, own = SavedView("Mine"), SavedView("ADMINS", "role:admin -group:bots")
    assert all_views([]) == BUILT_IN
    views = all_views([mine, own])
    assert views[:2] == (mine, own)
    assert views[2:] == tuple(view for view in BUILT_IN if view.name != "admins")
    assert find_view("@admins", views) == own
    assert find_view("nobody", views) is find_view("@", views) is None


def test_every_built_in_view_has_a_valid_name_and_a_title() -> None:
    assert BUILT_IN
    for view in BUILT_IN:
        assert why_name_refused(view.name) == ""
        assert title(view) not in {"", view.text}
    assert len({view.name for view in BUILT_IN}) == len(BUILT_IN)
    assert title(SavedView("mine", "role:admin")) == "role:admin"
