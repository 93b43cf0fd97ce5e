"""members and groups on a surface whose groups list their members: the groups are read, not the account."""

import pytest

from tests.support.command_line import NOON_MS, Answer, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.lookups import GROUPS
from walkme_tui.cli import member_lists
from walkme_tui.domain.errors import RequestRejected, UnexpectedAnswer, Unreachable
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import UNKNOWN


@pytest.fixture
def api() -> FakeDirectory:
    """Seven people who do not carry their groups."""
    api = FakeDirectory(people(7), groups=GROUPS)
    api.lean, api.unread = True, {"groups"}
    return api


@pytest.fixture
def scim(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://scim.test/scim/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    return cli


def members(answer: Answer) -> list[str]:
    return sorted(row["email"] for row in answer.json["members"])


IN_SALES = sorted(str(person(number).email) for number in (1, 2, 3, 5, 6) if "g1" in (person(number).groups or ()))  # type: ignore[operator]


def test_members_are_read_from_the_group_and_those_who_are_not_known_one_by_one(
    scim: CommandLine, api: FakeDirectory
) -> None:
    answer = scim("members", "Sales", "--surface", "scim", "--json")
    assert (answer.code, answer.err, members(answer)) == (0, "", IN_SALES)
    assert {row["status"] for row in answer.json["members"]} <= {"active", "inactive", "pending"}
    assert answer.json["complete"] is True
    assert answer.json["as_of"] == format_time_ms(NOON_MS + 1000)
    assert not api.asked("list_users")
    assert len(api.asked("get_user")) == len(IN_SALES)
    api.calls.clear()
    assert members(scim("members", "Sales", "--surface", "scim", "--json")) == IN_SALES
    assert {call.name for call in api.calls} == {"list_groups", "group_members"}


def test_the_account_is_read_where_many_members_are_not_known(
    scim: CommandLine, api: FakeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_lists, "FEW_MEMBERS", 2)
    api.dangling = {"g1": ("gone-1",)}
    answer = scim("members", "Sales", "--surface", "scim", "--json")
    assert (answer.code, members(answer)) == (0, IN_SALES)
    assert len(api.asked("list_users")) == 1
    assert api.asked("get_user") == [("gone-1",)]


def test_members_who_are_no_users_are_left_out(scim: CommandLine, api: FakeDirectory) -> None:
    api.dangling = {"g1": ("gone-1",)}
    assert members(scim("members", "Sales", "--surface", "scim", "--json")) == IN_SALES
    shown = scim("members", "Sales", "--surface", "scim").out.splitlines()
    assert shown[0].startswith(f"Sales: {len(IN_SALES)} members, as of ")


def test_a_member_whose_record_cannot_be_read_is_still_a_member(scim: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(UnexpectedAnswer("The server answered with another user than the requested one."), name="get_user")
    answer = scim("members", "Sales", "--surface", "scim", "--json")
    assert (answer.code, members(answer)) == (0, IN_SALES)
    assert sum(row["status"] is None for row in answer.json["members"]) == 1


def test_records_that_are_older_than_the_profile_permits_are_read_again(scim: CommandLine, api: FakeDirectory) -> None:
    scim("members", "Sales", "--surface", "scim")
    scim.now_ms += 25 * 60 * 60 * 1000
    api.edit(person(2).id, status="inactive")
    answer = scim("members", "Sales", "--surface", "scim", "--json")
    assert {row["status"] for row in answer.json["members"] if row["id"] == person(2).id} == {"inactive"}


def test_entries_that_cannot_be_read_make_the_answer_incomplete(scim: CommandLine, api: FakeDirectory) -> None:
    api.unreadable_members = 2
    answer = scim("members", "Sales", "--surface", "scim")
    assert answer.code == 1
    assert "Sales: at least" in answer.out
    assert "2 entries of the list of members could not be read" in answer.err
    assert scim("members", "Sales", "--surface", "scim", "--json").json["complete"] is False


def test_a_failure_is_no_empty_list(scim: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(Unreachable("The server does not answer."), name="group_members")
    answer = scim("members", "Sales", "--surface", "scim")
    assert (answer.code, answer.out) == (4, "")


def test_the_list_of_groups_reads_each_group_once(scim: CommandLine, api: FakeDirectory) -> None:
    answer = scim("groups", "--surface", "scim", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert {group["id"]: group["members"] for group in answer.json["groups"]} == {"g1": 3, "g2": 1, "g3": 0}
    assert (answer.json["complete"], answer.json["as_of"]) == (True, format_time_ms(NOON_MS + 1000))
    assert {call.name for call in api.calls} == {"list_groups", "group_members"}
    cached = scim("groups", "--surface", "scim", "--cached")
    assert (cached.code, cached.err) == (0, "")
    assert cached.out.splitlines()[0] == f"3 groups, as of {format_time_ms(NOON_MS + 1000)}"


def test_a_group_that_cannot_be_read_is_named_and_the_others_are_counted(scim: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(RequestRejected("The account refused the request (400).", status=400), name="group_members")
    answer = scim("groups", "--surface", "scim")
    assert answer.code == 1
    assert sum("unknown" in line for line in answer.out.splitlines()) == 1
    assert "could not be read: The account refused the request (400)." in answer.err
    assert "The answer is incomplete: the members of one group are not known." in answer.err


def test_an_export_of_a_group_reads_the_group(scim: CommandLine, api: FakeDirectory) -> None:
    api.dangling = {"g1": ("gone-1",)}
    answer = scim("export", "--filter", "group:sales", "--surface", "scim", "--json")
    assert sorted(row["userName"] for row in answer.json["users"]) == IN_SALES
    assert sorted(row["email"] for row in answer.json["users"]) == IN_SALES
    assert (answer.code, answer.json["complete"], answer.json["unknown"]) == (0, True, 0)
    assert api.asked("group_members") == [("g1",)]
    without = scim("export", "--filter", "-group:sales", "--surface", "scim", "--json")
    assert (without.code, len(without.json["users"])) == (0, 7 - len(IN_SALES))


def test_members_on_rest_are_found_in_the_account(scim: CommandLine, api: FakeDirectory) -> None:
    api.lean = False
    api.edit(person(0).id, groups=UNKNOWN)
    answer = scim("members", "Sales")
    assert answer.code == 1
    assert not api.asked("group_members")
