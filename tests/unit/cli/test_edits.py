"""create, set, groups add and remove, and delete, with an account in memory: conflicts, warnings, unusual servers."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, User

USER = person(3)
EMAIL = str(USER.email)


def test_a_field_that_others_changed_since_the_plan_is_left_and_exits_1(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    cli("set", EMAIL, "lastName=Mine", "--plan", file)
    api.edit(USER.id, last_name="Theirs")
    answer = cli("plan", "apply", file, "--yes", "--json")
    assert (answer.code, answer.json["counts"]) == (1, {"skipped": 1})
    assert "Theirs" in answer.json["steps"][0]["detail"]
    assert api.now(USER.id).last_name == "Theirs"


def test_a_field_that_others_changed_besides_is_kept(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    cli("set", EMAIL, "lastName=Mine", "--plan", file)
    api.edit(USER.id, first_name="Theirs")
    answer = cli("plan", "apply", file, "--yes", "--json")
    assert (answer.code, answer.json["counts"]) == (0, {"done": 1})
    assert (api.now(USER.id).first_name, api.now(USER.id).last_name) == ("Theirs", "Mine")


def test_set_replaces_whatever_is_there_where_patch_is_refused(cli: CommandLine, api: FakeDirectory) -> None:
    api.patch_refused = True
    assert cli("set", EMAIL, "role=Editor", "firstName=", "--yes").code == 0
    assert api.now(USER.id)._replace(updated_at_ms=UNKNOWN) == USER._replace(
        role="Editor", first_name=None, updated_at_ms=UNKNOWN
    )


def test_unusual_values_are_reported_and_sent(cli: CommandLine, api: FakeDirectory) -> None:
    answer = cli("set", EMAIL, "role=admin", "lastName= Weber", "--yes")
    assert answer.code == 0
    assert "role: The usual spelling is “Admin”." in answer.err
    assert "lastName: It begins or ends with a blank." in answer.err
    assert (api.now(USER.id).role, api.now(USER.id).last_name) == ("admin", " Weber")


def test_a_role_that_no_loaded_user_has_is_reported_with_the_nearest(cli: CommandLine, api: FakeDirectory) -> None:
    cli("export")
    for change in (("set", EMAIL, "role=Edtor"), ("create", "new@example.com", "--role", "Edtor")):
        assert "role: No loaded user has the role Edtor.\nDid you mean Editor?" in cli(*change).err
    assert "No loaded user" not in cli("set", EMAIL, "role=Editor").err
    assert "No loaded user" not in cli("set", EMAIL, "role=").err
    for user in api.users:
        assert isinstance(user, User)
        api.edit(user.id, role="Viewer")
    cli("export")
    assert "No loaded user" not in cli("set", EMAIL, "role=Editor").err  # a usual role


def test_a_plan_shows_old_and_new_values(cli: CommandLine, api: FakeDirectory) -> None:
    shown = cli("set", EMAIL, "lastName=Moreau", "externalId=").out
    assert shown.startswith(f"Edit {EMAIL} in env\n")
    for value in ("Weber", "Moreau", "okta|000003"):
        assert value in shown
    assert api.writes == []


@pytest.mark.parametrize(
    "words",
    [
        ("set", EMAIL, "role=Editor"),
        ("groups", "add", "g3", EMAIL),
        ("delete", EMAIL, "--confirm", EMAIL),
    ],
)
def test_the_account_is_read_where_look_ups_by_email_are_ignored(
    cli: CommandLine, api: FakeDirectory, words: tuple[str, ...]
) -> None:
    api.email_ignored, api.users = True, people(250)
    api.users[3], api.users[240] = person(240), USER
    answer = cli(*words, "--json")
    assert answer.code == 0, answer.err
    assert "The whole account is read now to find the user." in answer.err
    assert [subject["user"]["id"] for subject in answer.json["plan"]["subjects"]] == [USER.id]


def test_a_user_is_created_where_look_ups_by_email_are_ignored(cli: CommandLine, api: FakeDirectory) -> None:
    api.email_ignored = True
    answer = cli("create", "lea@example.com", "--first", "Lea", "--group", "Sales", "--yes", "--json")
    assert (answer.code, answer.json["counts"]) == (0, {"done": 2}), answer.err


def test_the_plan_of_a_creation_says_that_the_user_is_new(cli: CommandLine) -> None:
    assert "  (new user)" in cli("create", "lea@example.com").out


def test_an_email_that_is_taken_since_the_plan_is_named_with_the_id(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    cli("create", "lea@example.com", "--plan", file)
    api.edit(USER.id, email="lea@example.com")
    answer = cli("plan", "apply", file, "--yes", "--json")
    assert (answer.code, answer.json["counts"]) == (1, {"failed": 1})
    assert f"(id {USER.id})" in answer.json["steps"][0]["detail"]


def test_a_group_name_of_several_groups_is_refused_with_their_ids(cli: CommandLine, api: FakeDirectory) -> None:
    api.groups = [Group("g1", "Sales"), Group("g9", "Sales")]
    answer = cli("groups", "add", "Sales", EMAIL, "--yes")
    assert (answer.code, api.writes) == (1, [])
    assert "g1, g9" in answer.err


def test_cached_is_only_for_the_list_of_groups(cli: CommandLine, api: FakeDirectory) -> None:
    answer = cli("groups", "--cached", "add", "Sales", EMAIL, "--yes")
    assert (answer.code, api.calls) == (2, [])
    assert "--cached is for the list of groups" in answer.err


def test_what_is_no_email_is_refused(cli: CommandLine, api: FakeDirectory) -> None:
    for words in (
        ("groups", "add", "Sales", EMAIL, ""),
        ("offboard", " "),
        ("create", " "),
        ("delete", "", "--confirm", ""),
        ("delete", USER.id, "--confirm", USER.id),
    ):
        assert cli(*words, "--yes").code == 2, words
    assert api.calls == []
