"""A plan that support prepares and an admin applies later: what others changed since is refused and named."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import Answer, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Beta")]
HOUR_MS = 3_600_000
PROFILES = """\
[profiles.acme.rest]
client_id = "id-1"
secret_env = "WALKME_CLIENT_SECRET"
[profiles.support]
read_only = true
[profiles.support.rest]
client_id = "id-2"
secret_env = "WALKME_CLIENT_SECRET"
[profiles.eu.rest]
region = "eu"
client_id = "id-3"
secret_env = "WALKME_CLIENT_SECRET"
"""


@pytest.fixture
def api() -> FakeDirectory:
    users = [person(number)._replace(status="active", groups=("g1", "g2"), role="Viewer") for number in range(6)]
    return FakeDirectory([*users, *people(2, start=6)], groups=GROUPS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prepared.json"


def email(number: int) -> str:
    return f"person{number:05}@example.com"


def prepared(cli: CommandLine, file: Path, *words: str) -> None:
    """Support prepares a plan with a read-only profile; the admin comes an hour later."""
    answer = cli(*words, "--read-only", "--ticket", "INC-7", "--plan", str(file))
    assert answer.code == 0
    cli.now_ms += HOUR_MS


def applied(cli: CommandLine, file: Path, *words: str) -> Answer:
    return cli("plan", "apply", str(file), "--yes", *words)


def outcomes(answer: Answer) -> list[tuple[str, str, str]]:
    """The number, state and detail of each step."""
    return [(f"{step['number']} {step['target']}", step["state"], step["detail"]) for step in answer.json["steps"]]


def _messages(answer: Answer) -> list[str]:
    head = "walkme-tui: "
    return [line.removeprefix(head) for line in answer.err.splitlines() if line.startswith(head)]


def test_an_offboarding_leaves_out_what_others_changed_and_does_the_rest(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    prepared(cli, file, "offboard", *map(email, range(5)))
    assert api.writes == []
    api.edit(person(0).id, status="pending")
    api.edit(person(1).id, groups=("g2", "g3"))
    api.edit(person(2).id, status="inactive")
    api.remove(person(3).id)
    answer = applied(cli, file, "--json")
    assert answer.code == 1
    assert answer.json["counts"] == {"done": 11, "skipped": 3, "failed": 1}
    assert answer.json["ticket"] == "INC-7"
    assert [found for found in outcomes(answer) if found[1] != "done" or "left unchanged" in found[2]] == [
        (f"1 {email(0)}", "skipped", "the status is pending now, not active: changed since, left unchanged"),
        (f"5 {email(1)}", "done", "the person was taken out of Sales since, left unchanged"),
        (f"7 {email(2)}", "done", "the status was set to inactive since, left unchanged"),
        (f"10 {email(3)}", "failed", "there is no such user any more"),
        (f"11 {email(3)}", "skipped", "there is no such user any more"),
        (f"12 {email(3)}", "skipped", "there is no such user any more"),
    ]
    since, left = "Since the plan was made:", "Nothing is left to send for it."
    assert _messages(answer)[1:] == [
        f"x {email(0)}: set status inactive: {since} the status is pending now, not active. Not sent.",
        f"x {email(3)}: {since} the user was deleted. Not sent.",
        f"! {email(1)}: leave Sales: {since} the person was taken out of Sales. {left}",
        f"! {email(1)}: {since} was put into Beta, which is not in the plan: stays there.",
        f"! {email(2)}: set status inactive: {since} the status was set to inactive. {left}",
    ]
    assert (api.now(person(0).id).status, api.now(person(0).id).groups) == ("pending", ())
    assert (api.now(person(1).id).status, api.now(person(1).id).groups) == ("inactive", ("g3",))
    assert (api.now(person(4).id).status, api.now(person(4).id).groups) == ("inactive", ())


def test_the_review_names_the_refused_people_first_and_sends_nothing(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    prepared(cli, file, "offboard", *map(email, range(5)))
    api.edit(person(4).id, status="pending")
    answer = cli("plan", "apply", str(file))
    assert answer.code == 0
    lines = answer.out.splitlines()
    headings = [line for line in lines if "@example.com" in line and "Offboard" not in line]
    assert email(4) in headings[0]
    step = next(index for index, line in enumerate(lines) if line.startswith("  13  set status"))
    assert lines[step + 1].strip() == ("x Since the plan was made: the status is pending now, not active. Not sent.")
    assert lines[-1] == "15 steps, each one call. 1 of them will not be sent (x)."
    assert api.writes == []


def test_a_plan_of_which_nothing_is_left_is_shown_without_the_command_to_apply_it(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    prepared(cli, file, "set", email(0), "role=Editor")
    assert "add --yes" in cli("plan", "apply", str(file)).err
    api.edit(person(0).id, role="Admin")
    assert "add --yes" not in cli("plan", "apply", str(file)).err


def test_a_file_cannot_say_that_a_step_is_not_sent(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    prepared(cli, file, "set", email(1), "role=Editor")
    data = json.loads(file.read_text())
    data["subjects"][0]["consequences"] = [{"gravity": "refused", "text": "Not sent.", "step": 1}]
    file.write_text(json.dumps(data))
    assert "Not sent." not in cli("plan", "apply", str(file)).out
    assert applied(cli, file).code == 0
    assert api.now(person(1).id).role == "Editor"


@pytest.mark.parametrize(
    ("now", "code", "sent"),
    [
        ({"role": "Admin"}, 1, False),
        ({"role": "Editor"}, 0, False),
        ({"last_name": "Weber", "status": "pending"}, 0, True),
    ],
)
def test_an_edit_is_refused_only_where_others_changed_the_same_field(
    cli: CommandLine, api: FakeDirectory, file: Path, now: dict[str, str], code: int, *, sent: bool
) -> None:
    prepared(cli, file, "set", email(1), "role=Editor")
    api.edit(person(1).id, **now)
    assert applied(cli, file).code == code
    assert bool(api.writes) is sent
    assert api.now(person(1).id).role == ("Admin" if code else "Editor")


def test_a_step_that_names_its_user_by_email_is_refused_for_another_one(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    prepared(cli, file, "set", email(1), "role=Editor")
    data = json.loads(file.read_text())
    data["steps"][0]["of_email"] = email(1)
    file.write_text(json.dumps(data))
    api.edit(person(1).id, email="bo@example.com")
    answer = applied(cli, file)
    assert (answer.code, api.writes) == (1, [])
    assert f"the user has another email now, bo@example.com, not {email(1)}. Not sent." in answer.err


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({"status": "active"}, "the status is active now, not inactive"),
        ({"email": "other@example.com"}, f"the email is other@example.com now, not {email(2)}"),
    ],
)
def test_a_user_who_was_reactivated_or_renamed_since_is_not_deleted(
    cli: CommandLine, api: FakeDirectory, file: Path, now: dict[str, str], reason: str
) -> None:
    api.edit(person(2).id, status="inactive")
    prepared(cli, file, "delete", email(2), "--confirm", email(2))
    api.edit(person(2).id, **now)
    answer = applied(cli, file, "--json")
    assert (answer.code, api.writes) == (1, [])
    assert [detail for _, _, detail in outcomes(answer)] == [f"{reason}: changed since, left unchanged"]
    assert f"{reason}. Not sent." in answer.err


def test_a_user_who_is_gone_needs_no_deletion(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    prepared(cli, file, "delete", email(2), "--confirm", email(2))
    api.remove(person(2).id)
    assert applied(cli, file).code == 0
    assert api.writes == []


def test_a_user_whom_others_created_is_not_created_again(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    prepared(cli, file, "create", "new@example.com", "--group", "Sales")
    api.users.append(User("id-new", email="NEW@example.com", groups=()))
    answer = applied(cli, file, "--json")
    assert (answer.code, api.writes) == (1, [])
    assert [state for _, state, _ in outcomes(answer)] == ["failed", "skipped"]
    assert "a user with the email new@example.com exists now. Not sent." in answer.err


def test_a_user_whom_nobody_created_is_created_with_the_groups(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    prepared(cli, file, "create", "new@example.com", "--group", "Sales")
    assert applied(cli, file).code == 0
    assert (len(api.asked("create_user")), len(api.asked("add_member"))) == (1, 1)


def test_a_group_that_is_gone_is_named(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    prepared(cli, file, "groups", "add", "Beta", email(1))
    del api.groups[2]
    shown = cli("plan", "apply", str(file)).out
    assert "! Since the plan was made: the group is not in the list of groups any more." in shown


def test_the_undo_of_a_deletion_begins_as_the_server_decides(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    """A new user may be active at once, and must become inactive, as the deleted one was."""
    api.edit(person(2).id, status="inactive")
    job = cli("delete", email(2), "--confirm", email(2), "--yes", "--json").json["job"]
    prepared(cli, file, "undo", job)
    begun: list[object] = []

    def activate() -> None:
        user = created()
        begun.append(user.status)
        api.edit(user.id, status="active")

    def created() -> User:
        (user,) = [each for each in api.users if isinstance(each, User) and each.email == email(2)]
        return user

    api.meanwhile("get_user", activate)
    assert applied(cli, file).code == 0
    assert (begun, created().status) == (["pending"], "inactive")


def test_the_people_of_a_large_plan_are_read_only_before_their_steps(
    cli: CommandLine, api: FakeDirectory, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.services.changes.recheck.MAX_CHECKED_FIRST", 2)
    prepared(cli, file, "offboard", *map(email, range(3)))
    api.edit(person(1).id, status="pending")
    read = len(api.asked("get_user"))
    shown = cli("plan", "apply", str(file))
    assert "each is read just before their steps are sent" in shown.out
    assert len(api.asked("get_user")) == read
    answer = applied(cli, file, "--json")
    assert answer.code == 1
    assert answer.json["counts"] == {"done": 8, "skipped": 1}
    assert "each is read just before their steps are sent" in answer.err


# ---------------------------------------------------------------- who, and where


def test_a_plan_names_its_author(cli: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkme_tui.cli.change_request.operator", lambda: "ada@jump-host")
    prepared(cli, file, "offboard", email(0))
    monkeypatch.setattr("walkme_tui.cli.change_request.operator", lambda: "bo@desk")
    assert json.loads(file.read_text())["author"] == "ada@jump-host"
    assert "hunter2" not in file.read_text()
    assert " by ada@jump-host" in cli("plan", "show", str(file)).out.splitlines()[3]
    job = applied(cli, file, "--json").json["job"]
    assert "by ada@jump-host" in cli("jobs", "show", job).out.splitlines()[2]


def test_an_admin_names_the_profile_of_a_plan_that_was_made_under_another_one(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    cli.configure(PROFILES)
    assert cli("offboard", email(0), "--profile", "support", "--plan", str(file)).code == 0
    refused = applied(cli, file)
    assert (refused.code, api.writes) == (2, [])
    assert "If it is the same account under another name, name it: --profile env" in refused.err
    elsewhere = applied(cli, file, "--profile", "eu")
    assert (elsewhere.code, api.writes) == (2, [])
    assert "https://eu-api.walkme.com" in elsewhere.err
    answer = applied(cli, file, "--profile", "acme", "--json")
    assert (answer.code, answer.json["profile"]) == (0, "acme")
    assert "made under the profile support, and this is acme: is it the same account?" in answer.err
    assert len(api.writes) == 3


def test_a_read_only_profile_applies_nothing(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    prepared(cli, file, "offboard", email(0))
    assert applied(cli, file, "--read-only").code == 5
    assert api.writes == []
