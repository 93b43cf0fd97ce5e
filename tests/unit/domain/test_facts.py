"""Derived values of users, groups, pages, coverage, queries and commands."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.commands import COMMANDS, Command, command
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN, User, UserPage

COUNT = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("first", "last", "full"),
    [
        ("Zoë", "Çelik", "Zoë Çelik"),
        ("Zoë", None, "Zoë"),
        (UNKNOWN, "Çelik", "Çelik"),
        (None, UNKNOWN, ""),
        ("", "", ""),
    ],
)
def test_a_full_name_has_its_known_parts(first: str, last: str, full: str) -> None:
    assert User("a", first_name=first, last_name=last).full_name == full


@pytest.mark.parametrize(
    ("external_id", "provider"),
    [("okta|004211", "okta"), ("entra|a|b", "entra"), ("004211", None), ("|x", None), ("okta|", None), (None, None)],
)
def test_the_identity_provider_is_the_prefix_of_an_external_id(external_id: str | None, provider: str | None) -> None:
    assert User("a", external_id=external_id).identity_provider == provider
    assert User("a").identity_provider is None


def test_unknown_has_a_repr_and_differs_from_none() -> None:
    assert repr(UNKNOWN) == "UNKNOWN"
    assert User("a").email is UNKNOWN
    assert User("a") != User("a", email=None)


@given(st.integers(1, 10_000), st.integers(1, 1000))
def test_the_first_position_of_a_page_follows_the_previous_page(page: int, page_size: int) -> None:
    assert UserPage(page, page_size, (), None).first_position == (page - 1) * page_size


def test_the_label_of_a_group_without_a_name_is_its_id() -> None:
    assert Group("g1", "Sales").label == "Sales"
    assert Group("g1", None).label == "g1"
    assert Group("g1", "").label == "g1"


@given(COUNT, st.one_of(st.none(), COUNT), COUNT)
def test_coverage_is_never_overstated(loaded: int, total: int | None, with_groups: int) -> None:
    coverage = Coverage(loaded, total, min(loaded, with_groups), None)
    assert coverage.complete == (total is not None and loaded >= total)
    assert not coverage.memberships_complete or (coverage.complete and coverage.with_groups == loaded)
    if total is None:
        assert coverage.percent is None
    else:
        assert coverage.percent is not None
        assert (coverage.percent == 100) == coverage.complete
        assert 0 <= coverage.percent <= 100


def test_a_query_narrows_if_it_has_any_condition() -> None:
    assert not UserQuery().narrows
    assert not UserQuery(text="  \t").narrows
    assert UserQuery(text="z").narrows
    assert UserQuery(group_id="").narrows
    assert UserQuery(hide_inactive=True).narrows


def test_commands_have_unique_ids_keys_and_titles() -> None:
    ids = [each.id for each in COMMANDS]
    keys = [key for each in COMMANDS for key in each.keys]
    assert len(ids) == len(set(ids))
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z]+(\.[a-z_]+)+", each) for each in ids)
    assert all(each.title and each.section for each in COMMANDS)
    # Without a key of its own, a command is only in the palette, or shares the key of another on one tab.
    assert all(each.keys or " on the " in each.title for each in COMMANDS if each.hint)
    assert len({each.title for each in COMMANDS}) == len(COMMANDS)
    assert not {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+h", "ctrl+i", "ctrl+m", "ctrl+d", "ctrl+k"} & set(keys)


@given(st.sampled_from(COMMANDS))
def test_a_command_is_found_by_its_id(each: Command) -> None:
    assert command(each.id) is each


def test_an_unknown_command_id_raises() -> None:
    with pytest.raises(KeyError):
        command("user.launch")
