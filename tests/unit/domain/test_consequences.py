"""Consequences of a plan, and how sure each one is given what is loaded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import person
from tests.support.plan_strategies import plans, users
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.consequences import (
    MAX_NAMESAKES,
    AccountFacts,
    deactivation,
    extent,
    is_admin,
    is_kept,
    kept_groups,
    last_members,
    memberships,
    reactivation,
    restored,
    unknown_kept_groups,
)
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Consequence, Gravity, Plan, Subject, numbered
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User

ZOE = person(2)._replace(external_id=None, role="Viewer", status="active", groups=("g1", "g2"))
SALES, BETA = Group("g1", "Sales"), Group("g2", "Beta")
SUBJECT = Subject(ZOE, 0, (SALES, BETA))
STEPS = numbered([SetStatus(ZOE.id, "active", "inactive"), RemoveMember(ZOE.id, SALES), RemoveMember(ZOE.id, BETA)])
WHOLE = Coverage(loaded=10, total=10, with_groups=10, as_of_ms=500)
PART = Coverage(loaded=812, total=250_000, with_groups=812, as_of_ms=500)
LEAN = Coverage(loaded=10, total=10, with_groups=0, as_of_ms=500)
UNCLAIMED = Coverage(loaded=10, total=None, with_groups=10, as_of_ms=500)
NOTHING = Coverage(loaded=0, total=None, with_groups=0, as_of_ms=None)


def qualified(why: str) -> Consequence:
    return Consequence(Gravity.NOTE, f"last member among those known; {why}", 500, 3)


def texts(consequences: tuple[Consequence, ...]) -> list[str]:
    return [consequence.text for consequence in consequences]


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (WHOLE, [Consequence(Gravity.WARNING, "last member", 500, 3)]),
        (PART, [qualified("the groups of 249 188 people are not known")]),
        (LEAN, [qualified("the groups of 10 people are not known")]),
        (LEAN._replace(with_groups=9), [qualified("the groups of 1 person are not known")]),
        (UNCLAIMED, [qualified("not all people are loaded")]),
        (NOTHING, []),
    ],
)
def test_the_last_member_is_qualified_if_memberships_are_incomplete(
    coverage: Coverage, expected: list[Consequence]
) -> None:
    found = last_members(STEPS, AccountFacts(coverage, {"g1": 2, "g2": 1}))
    assert list(found.values()) == expected
    assert all(number == each.step for number, each in found.items())


def test_a_group_left_by_its_last_two_members_is_reported_at_the_second_step() -> None:
    both = numbered([RemoveMember("a", SALES), RemoveMember("b", SALES), RemoveMember("b", BETA)])
    facts = AccountFacts(WHOLE, {"g1": 2, "g2": 2})
    assert {number: each.text for number, each in last_members(both, facts).items()} == {
        2: "last member, after the others of this plan"
    }
    assert last_members(both, AccountFacts(WHOLE, {"g1": 3, "g2": 2})) == {}
    assert last_members(both, None) == {}


@given(st.integers(1, MAX_NAMESAKES + 5))
def test_namesakes_are_counted_and_at_most_three_are_listed(count: int) -> None:
    others = [person(number)._replace(email=f"n{number}@example.com") for number in range(100, 100 + count)]
    facts = AccountFacts(WHOLE, namesakes={ZOE.id: others})
    (said,) = deactivation(SUBJECT, STEPS, facts)
    assert said.gravity is Gravity.WARNING
    assert said.as_of_ms == 500
    assert said.text.count("@example.com") == min(count, 3)
    assert said.text.startswith(f"At least {count} " if count >= MAX_NAMESAKES else f"{count} other")
    assert said.text.endswith(", …." if count > 3 else "@example.com.")


@pytest.mark.parametrize(
    ("role", "status", "expected"),
    [
        ("Admin", "active", True),
        ("admin", "pending", True),
        ("Admin", UNKNOWN, True),
        ("Admin", "inactive", False),
        ("Editor", "active", False),
        (None, "active", False),
        (UNKNOWN, "active", False),
    ],
)
def test_only_an_active_user_with_the_admin_role_is_an_admin(
    role: str | None, status: str | None, expected: bool
) -> None:
    assert is_admin(ZOE._replace(role=role, status=status)) is expected


@pytest.mark.parametrize(
    ("coverage", "other", "expected"),
    [
        (WHOLE, False, ["The last active Admin: there is no other."]),
        (PART, False, ["No other active Admin has been seen."]),
        (NOTHING, False, []),
        (WHOLE, True, []),
        (WHOLE, None, []),
    ],
)
def test_the_last_admin_is_qualified_if_the_account_is_not_loaded(
    coverage: Coverage, other: bool | None, expected: list[str]
) -> None:
    admin = replace(SUBJECT, user=ZOE._replace(role="Admin"))
    assert texts(deactivation(admin, STEPS, AccountFacts(coverage, other_admin=other))) == expected
    assert deactivation(SUBJECT, STEPS, AccountFacts(coverage, other_admin=other)) == ()


def test_incomplete_coverage_is_a_consequence() -> None:
    assert extent(AccountFacts(WHOLE)) == ()
    assert extent(AccountFacts(PART)) == (
        Consequence(Gravity.NOTE, "Based on the 812 of 250 000 people who are loaded.", 500),
    )
    unknown = PART._replace(total=None)
    assert texts(extent(AccountFacts(unknown))) == ["Based on the 812 of an unknown number of people who are loaded."]
    assert "No other users" in extent(AccountFacts(NOTHING))[0].text
    assert "cannot be read" in extent(None)[0].text


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("g1", True), ("Sales", True), (" sALES ", True), ("Säles", True), ("Sale", False), ("", False), ("G1", False)],
)
def test_a_configured_group_is_matched_by_id_or_name(wanted: str, expected: bool) -> None:
    assert is_kept(SALES, [wanted]) is expected
    assert is_kept(Group("g7", None), [wanted]) is False


def test_a_group_without_a_name_is_kept_only_while_a_configured_one_is_missing() -> None:
    subject = replace(SUBJECT, groups=(SALES, Group("g2", None)))
    assert kept_groups(subject, ["Sales"], []) == (SALES,)
    assert kept_groups(subject, ["Sales", "Alumni"], ["Alumni"]) == subject.groups
    assert kept_groups(subject, [], []) == ()


def test_reactivation_warns_of_an_identity_provider() -> None:
    owned = replace(SUBJECT, user=ZOE._replace(external_id="okta|1", status="inactive"))
    assert texts(reactivation(owned, STEPS[:1]))[0].startswith("okta|1: an identity provider owns this record")


def test_undo_steps_that_may_fail_have_a_consequence() -> None:
    steps = numbered([RemoveMember(ZOE.id, SALES), SetStatus(ZOE.id, "inactive", "pending")])
    assert [(each.text, each.step) for each in restored(SUBJECT, steps, frozenset({"g2"}))] == [
        ("not in the list of groups any more", 1),
        ("the server may refuse pending", 2),
    ]
    assert len(restored(SUBJECT, steps, frozenset({"g1"}))) == 1
    assert len(restored(SUBJECT, steps, None)) == 1


@given(plans(), st.lists(users(), max_size=3), st.lists(st.text(), max_size=2))
def test_consequences_are_printable_and_short_for_any_account(plan: Plan, others: list[User], keep: list[str]) -> None:
    facts = AccountFacts(PART, namesakes={subject.user.id: others for subject in plan.subjects}, other_admin=False)
    said = [*unknown_kept_groups(keep)]
    for subject in plan.subjects:
        steps = plan.steps_of(subject.user.id)
        said += [*deactivation(subject, steps, facts), *reactivation(subject, steps)]
        said += [*memberships(subject, keep, by_request=True), *memberships(subject, keep, by_request=False)]
        said += [*last_members(plan.steps, facts).values(), *restored(subject, steps, frozenset())]
    for consequence in said:
        assert consequence.text
        assert clean(consequence.text) == consequence.text
        assert len(consequence.text) < 10_000
