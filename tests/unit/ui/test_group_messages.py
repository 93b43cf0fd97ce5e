"""The texts of the Groups tab about counts and their certainty."""

import time
from collections.abc import Iterator

import pytest

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Belonging, Difference, Group, GroupSize, MembershipGaps
from walkme_tui.domain.queries import UserQuery
from walkme_tui.ui.browser.group_messages import facts, kept_of, listed_facts, no_members, special_rows, title
from walkme_tui.ui.browser.member_reading import MembersState
from walkme_tui.ui.widgets.group_list import Special

SALES, BETA = Group("g1", "Sales"), Group("g2", "Beta")
ROW = GroupSize(SALES, 1204)
ONLY_SALES, ONLY_BETA = Difference(SALES, BETA), Difference(BETA, SALES)
NOON_MS = 1_800_000_000_000
COMPLETE = Coverage(loaded=2000, total=2000, with_groups=2000, as_of_ms=NOON_MS)
LOADING = Coverage(loaded=1240, total=2000, with_groups=1240, as_of_ms=NOON_MS)
LEAN = Coverage(loaded=2000, total=2000, with_groups=0, as_of_ms=NOON_MS)
PARTLY = Coverage(loaded=2000, total=2000, with_groups=300, as_of_ms=NOON_MS)
GAPS = MembershipGaps(none=41, still_in_groups=7, unknown=0)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("coverage", "known", "said"),
    [
        (None, 1204, ""),
        (COMPLETE, 1204, "1 204 members, complete as of 08:00"),
        (COMPLETE, 1, "1 member, complete as of 08:00"),
        (LOADING, 1204, "≥ 1 204 members · 62 % loaded"),
        (LEAN, 0, "groups of 2 000 users not known yet"),
        (PARTLY, 31, "≥ 31 · groups of 1 700 users not known yet"),
    ],
)
def test_a_heading_has_the_number_of_members_and_its_certainty(
    coverage: Coverage | None, known: int, said: str
) -> None:
    assert facts(ROW, known, coverage, exact=coverage is COMPLETE) == said


def test_users_of_special_rows_are_counted_as_people() -> None:
    nowhere = Special(Belonging.NONE, "≥ 41")
    assert facts(nowhere, 41, LOADING, exact=False) == "≥ 41 people · 62 % loaded"
    assert facts(nowhere, 1, COMPLETE, exact=True) == "1 person, complete as of 08:00"
    unknown = Special(Belonging.UNKNOWN, "1 700")
    assert facts(unknown, 1700, PARTLY, exact=False) == "1 700 of 2 000 loaded · M reads them"


def test_a_heading_is_as_sure_of_members_that_were_not_read_as_the_list_of_groups() -> None:
    failed, running = MembersState(failure=Unreachable("No answer.")), MembersState(running=True)
    assert listed_facts(ROW, 39, failed, NOON_MS, exact=True) == "39 · members not read: No answer."
    assert listed_facts(ROW, 39, failed, NOON_MS, exact=False) == "≥ 39 · members not read: No answer."
    assert listed_facts(ROW, 39, running, NOON_MS, exact=True) == "39 · reading the members…"


def test_special_rows_have_titles() -> None:
    assert title(ROW) == "Sales"
    assert title(GroupSize(Group("g9", None), 3)) == "g9"
    assert title(Special(ONLY_SALES, "")) == "In Sales, not in Beta"
    assert title(Special(Belonging.STILL_IN_GROUPS, "")) == "Inactive, still in groups"
    hostile = Group("g", "\x1b[2J[red]x\u202e")
    assert "\x1b" not in title(GroupSize(hostile, 0)) + title(Special(Difference(hostile, hostile), ""))


@pytest.mark.parametrize(
    ("coverage", "numbers"),
    [(COMPLETE, ["12", "·", "41", "7"]), (LOADING, ["≥ 12", "·", "≥ 41", "≥ 7"]), (LEAN, ["?", "?", "?", "?"])],
)
def test_numbers_are_exact_lower_bounds_or_unknown(coverage: Coverage, numbers: list[str]) -> None:
    rows = special_rows(GAPS, {ONLY_SALES: 12, ONLY_BETA: None}, coverage, exact=coverage is COMPLETE)
    assert [row.subject for row in rows] == [ONLY_SALES, ONLY_BETA, Belonging.NONE, Belonging.STILL_IN_GROUPS]
    assert [row.number for row in rows] == numbers


def test_before_counting_numbers_are_shown_as_pending() -> None:
    assert [row.number for row in special_rows(None, {}, COMPLETE, exact=True)] == ["·", "·"]
    assert [row.number for row in special_rows(None, {}, None, exact=False)] == ["·", "·"]


def test_users_with_unknown_groups_have_a_row_if_there_are_any() -> None:
    some = special_rows(MembershipGaps(0, 0, 1700), {}, PARTLY, exact=False)
    assert some[-1] == Special(Belonging.UNKNOWN, "1 700")
    loading = special_rows(MembershipGaps(0, 0, 1240), {}, LOADING, exact=False)
    assert loading[-1] == Special(Belonging.UNKNOWN, "≥ 1 240")


def test_a_filter_shows_matches_and_total() -> None:
    assert kept_of(ROW, 12, 1204, COMPLETE, exact=True, hide_inactive=False) == "12 of 1 204"
    assert kept_of(ROW, 12, 1204, LOADING, exact=False, hide_inactive=True) == "inactive hidden · 12 of ≥ 1 204"
    assert kept_of(ROW, 0, 0, LEAN, exact=False, hide_inactive=False) == "0 of ?"
    assert (
        kept_of(Special(Belonging.UNKNOWN, "2 000"), 12, 2000, LEAN, exact=False, hide_inactive=False) == "12 of 2 000"
    )


@pytest.mark.parametrize(
    ("query", "coverage", "said"),
    [
        (UserQuery(group_id=""), COMPLETE, "No group is chosen."),
        (UserQuery(group_id="g1"), COMPLETE, "This group has no members."),
        (UserQuery(group_id="g1", hide_inactive=True), COMPLETE, "t shows them."),
        (UserQuery(group_id="g1"), LOADING, "None of the 1 240 users loaded is known to be in this group."),
        (UserQuery(group_id="g1"), LEAN, "M reads the groups of all users one by one"),
        (
            UserQuery(group_id="g1", without_group_id="g2"),
            COMPLETE,
            "No user is in the one group but not in the other.",
        ),
        (UserQuery(group_id="g1", without_group_id="g2"), PARTLY, "is known to be in the one group but not"),
        (UserQuery(belonging=Belonging.NONE), COMPLETE, "All users are in a group."),
        (UserQuery(belonging=Belonging.NONE), LOADING, "None of the 1 240 users loaded is known to be in no group."),
        (UserQuery(belonging=Belonging.NONE), LEAN, "M reads the groups of all users one by one"),
        (UserQuery(belonging=Belonging.STILL_IN_GROUPS), COMPLETE, "No inactive user is in a group."),
        (UserQuery(belonging=Belonging.STILL_IN_GROUPS), LOADING, "No inactive user is known to be in a group."),
        (UserQuery(belonging=Belonging.UNKNOWN), COMPLETE, "The groups of all of the 2 000 users loaded are known."),
    ],
)
def test_an_empty_table_shows_the_reason_and_what_to_do(query: UserQuery, coverage: Coverage, said: str) -> None:
    text = no_members(query, coverage).plain
    assert said in text
    assert ("M reads" in text) == (coverage is LEAN or coverage is PARTLY)


def test_a_count_of_an_incomplete_account_stays_a_lower_bound() -> None:
    assert facts(ROW, 1204, COMPLETE, exact=False) == "≥ 1 204 members · 100 % loaded"
    assert [row.number for row in special_rows(GAPS, {}, COMPLETE, exact=False)] == ["≥ 41", "≥ 7"]
