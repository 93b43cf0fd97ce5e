"""groups: the numbers of members, and what they rest on."""

import pytest

from tests.support.command_line import NOON_MS, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import PermissionRefused, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import UNKNOWN

COUNTS = {"g1": 3, "g2": 1, "g3": 0}  # of seven people


@pytest.mark.parametrize("words", [("groups",), ("groups", "list")])
def test_groups_counts_the_members(cli: CommandLine, words: tuple[str, ...]) -> None:
    answer = cli(*words, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert {group["id"]: group["members"] for group in answer.json["groups"]} == COUNTS
    assert {group["id"]: group["name"] for group in answer.json["groups"]} == {
        "g1": "Sales",
        "g2": "Süd=West",
        "g3": None,
    }
    facts = {name: answer.json[name] for name in ("complete", "loaded", "total", "as_of", "unknown")}
    as_of = format_time_ms(NOON_MS + 1001)
    assert facts == {"complete": True, "loaded": 7, "total": 7, "as_of": as_of, "unknown": 0}


def test_groups_for_people_is_a_table(cli: CommandLine) -> None:
    shown = cli("groups").out.splitlines()
    assert shown[0] == f"3 groups, as of {format_time_ms(NOON_MS + 1001)}"
    assert [row.split() for row in shown[2:]] == [
        ["NAME", "MEMBERS", "ID"],
        ["g3", "0", "g3"],
        ["Sales", "3", "g1"],
        ["Süd=West", "1", "g2"],
    ]


def test_numbers_are_minimums_while_groups_are_unknown(cli: CommandLine, api: FakeDirectory) -> None:
    api.users[3] = person(3)._replace(groups=UNKNOWN)
    answer = cli("groups")
    assert answer.code == 1
    assert ["Sales", "at least 2", "g1"] in [row.split("  ") for row in map(_narrow, answer.out.splitlines())]
    assert "1 user may match too" in answer.err
    found = cli("groups", "--json").json
    assert (found["complete"], found["unknown"]) == (False, 1)


def test_numbers_are_unknown_where_no_groups_are_known(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    answer = cli("groups")
    assert answer.code == 1
    assert ["Sales", "unknown", "g1"] in [row.split("  ") for row in map(_narrow, answer.out.splitlines())]
    assert {group["members"] for group in cli("groups", "--json").json["groups"]} == {None}


def _narrow(row: str) -> str:
    """A row with exactly two blanks between its cells."""
    return "  ".join(cell.strip() for cell in row.split("  ") if cell)


def test_members_who_are_gone_are_not_counted(cli: CommandLine, api: FakeDirectory) -> None:
    cli("groups")
    del api.users[3]
    answer = cli("groups", "--json")
    assert {group["id"]: group["members"] for group in answer.json["groups"]} == {"g1": 2, "g2": 0, "g3": 0}
    cached = cli("groups", "--cached", "--json")
    assert (cached.code, cached.json["groups"]) == (0, answer.json["groups"])


@pytest.mark.parametrize(
    "words", [("groups", "--cached"), ("groups", "list", "--cached"), ("groups", "--cached", "list")]
)
def test_cached_sends_no_request(cli: CommandLine, api: FakeDirectory, words: tuple[str, ...]) -> None:
    nothing = cli(*words)
    assert (nothing.code, nothing.out) == (1, "No group is known.\n")
    assert api.calls == []
    cli("groups")
    api.offline = Unreachable("No route.")
    assert cli(*words, "--json").json["loaded"] == 7


def test_an_account_without_groups(cli: CommandLine, api: FakeDirectory) -> None:
    api.users, api.groups = [person(0)], []
    answer = cli("groups")
    assert (answer.code, answer.out) == (0, "The account has no groups.\n")
    assert cli("groups", "--json").json["groups"] == []


def test_a_list_of_groups_that_cannot_be_read_is_an_error(cli: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(PermissionRefused("No."), name="list_groups")
    answer = cli("groups")
    assert (answer.code, answer.out) == (3, "")


def test_hostile_names_stay_literal(cli: CommandLine, api: FakeDirectory) -> None:
    api.users, api.groups = people(2), [Group("g1", "a\x1b[31m\nb\u202e")]
    shown = cli("groups").out
    assert not {character for character in shown if not character.isprintable()} - {"\n"}
    assert "a␛[31m␊b⟨202E⟩" in shown
