"""create, set, groups add and remove, and delete as processes over TCP: done, undone, interrupted and refused."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.held_account import HeldAccount, Program

NEW = "lea.moreau@example.com"


@pytest.fixture
def account() -> Iterator[HeldAccount]:
    with HeldAccount.serving(users=60) as served:
        yield served


@pytest.fixture
def program(account: HeldAccount, tmp_path: Path) -> Program:
    return Program(account.url, tmp_path)


def groups_of(program: Program) -> dict[str, str]:
    """Ids of the groups by name."""
    return {group["name"]: group["id"] for group in program("groups", "--json").json["groups"]}


def no_member_of(account: HeldAccount, group_id: str, count: int) -> list[str]:
    """Emails of active users who are not in the group."""
    found = [email for email in account.active_members(60, groups=0) if group_id not in account.person(email)["groups"]]
    return found[:count]


def undone(program: Program, job: str) -> Any:
    ended = program("undo", job, "--yes", "--json")
    assert ended.code == 0, ended.err
    return ended.json


# ---------------------------------------------------------------- create


def test_create_creates_a_user_with_groups_and_undo_deactivates_it(account: HeldAccount, program: Program) -> None:
    groups = groups_of(program)
    names = ("--first", "Lea", "--last", "Moreau", "--role", "Editor", "--external-id", "x-1")
    chosen = ("--group", "Sales", "--group", groups["Beta"])
    ended = program("create", NEW, *names, *chosen, "--ticket", "INC-42", "--yes", "--json")
    assert ended.code == 0, ended.err
    record = account.person(NEW)
    assert {name: record[name] for name in ("firstName", "lastName", "role", "externalId", "status")} == {
        "firstName": "Lea",
        "lastName": "Moreau",
        "role": "Editor",
        "externalId": "x-1",
        "status": "pending",
    }
    assert set(record["groups"]) == {groups["Sales"], groups["Beta"]}
    assert (ended.json["state"], ended.json["counts"], ended.json["ticket"]) == ("done", {"done": 3}, "INC-42")
    assert {step["target"] for step in ended.json["steps"]} == {NEW}
    undone(program, ended.json["job"])
    record = account.person(NEW)
    assert (record["status"], record["groups"]) == ("inactive", [])
    assert not [call for call in account.writes if call.startswith("DELETE /users")]


def test_an_email_that_exists_is_named_with_its_id(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    ended = program("create", email.upper(), "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert account.person(email)["id"] in ended.err
    assert account.writes == []


def test_a_killed_creation_is_resumed_with_the_id_of_the_new_user(account: HeldAccount, program: Program) -> None:
    group_id = groups_of(program)["Sales"]
    account.hold(1, executed=True)
    running = program.start("create", NEW, "--group", "Sales", "--yes")
    account.wait_until_held()
    running.process.kill()
    running.answer()
    account.release()
    (job,) = program("jobs", "--json").json
    resumed = program("jobs", "resume", job["id"], "--yes", "--json")
    assert resumed.code == 0, resumed.err
    record = account.person(NEW)
    assert record["groups"] == [group_id]
    assert account.writes == ["POST /users", f"POST /groups/{group_id}/users"]


# ---------------------------------------------------------------- set


def test_set_changes_the_given_fields_only_and_undo_restores_them(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    before = account.person(email)
    ended = program("set", email, "lastName=O'Brien; Ltd", "externalId=", "--yes", "--json")
    assert ended.code == 0, ended.err
    after = account.person(email)
    assert (after["lastName"], after["externalId"]) == ("O'Brien; Ltd", None)
    ignored = ("lastName", "externalId", "updatedAt")
    assert {name: value for name, value in after.items() if name not in ignored} == {
        name: value for name, value in before.items() if name not in ignored
    }
    assert account.writes == [f"PATCH /users/{before['id']}"]
    undone(program, ended.json["job"])
    restored = account.person(email)
    assert {**restored, "updatedAt": ""} == {**before, "updatedAt": ""}


def test_set_takes_an_id_and_does_nothing_where_the_value_is_there(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    record = account.person(email)
    ended = program("set", record["id"], f"role={record['role']}", "--yes", "--json")
    assert (ended.code, ended.json["job"], ended.json["steps"]) == (0, None, [])
    assert account.writes == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rol=Editor",), "Did you mean role?"),
        (("firstname=Lea",), "Did you mean firstName?"),
        (("groups=Sales",), "walkme-tui groups add"),
        (("nonsense=1",), "The fields are: email, firstName"),
        (("role",), "role is not FIELD=VALUE."),
        (("role=Editor", "role=Viewer"), "role is given twice."),
        (("email=",), "email: An email is required."),
        (("firstName=a\x07b", "lastName=a\x1bb"), "lastName: It has a control character"),
    ],
)
def test_fields_that_cannot_be_set_are_refused(program: Program, words: tuple[str, ...], said: str) -> None:
    ended = program("set", "ann@example.com", *words, "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not (program.folder / "data").exists()


# ---------------------------------------------------------------- groups add and remove


def test_groups_add_and_remove_change_who_is_in_a_group(account: HeldAccount, program: Program) -> None:
    group_id = groups_of(program)["Sales"]
    emails = no_member_of(account, group_id, 2)
    added = program("groups", "add", "sales", emails[0], "--yes", emails[1], "--json")
    assert added.code == 0, added.err
    assert added.json["counts"] == {"done": 2}
    assert all(group_id in account.person(email)["groups"] for email in emails)
    again = program("groups", "add", group_id, *emails, "--yes", "--json")
    assert (again.code, again.json["job"]) == (0, None)
    removed = program("groups", "remove", "Sales", emails[0], "--yes", "--json")
    assert (removed.code, removed.json["counts"]) == (0, {"done": 1})
    assert [group_id in account.person(email)["groups"] for email in emails] == [False, True]
    undone(program, removed.json["job"])
    undone(program, added.json["job"])
    assert not any(group_id in account.person(email)["groups"] for email in emails)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Sals", "zoe.celik@example.com"), "Did you mean Sales?"),
        (("Sales", "nobody@example.com", "neither@example.com"), "neither@example.com"),
    ],
)
def test_an_unknown_group_or_email_changes_nothing(
    account: HeldAccount, program: Program, words: tuple[str, ...], said: str
) -> None:
    (email,) = account.active_members(1)
    ended = program("groups", "add", *words, email, "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert account.writes == []


def test_an_interrupted_change_of_a_group_is_resumed(account: HeldAccount, program: Program) -> None:
    group_id = groups_of(program)["Sales"]
    emails = no_member_of(account, group_id, 10)
    account.hold(1)
    running = program.start("groups", "add", "Sales", *emails, "--yes", "--json")
    account.wait_until_held()
    running.send_signal(signal.SIGTERM)
    account.release()
    stopped = running.answer()
    assert stopped.code == 130, stopped.err
    resumed = program("jobs", "resume", stopped.json["job"], "--yes", "--json")
    assert resumed.code == 0, resumed.err
    assert all(group_id in account.person(email)["groups"] for email in emails)
    assert account.writes == [f"POST /groups/{group_id}/users"] * 10


# ---------------------------------------------------------------- delete


def test_delete_deletes_and_undo_creates_a_new_user(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    before = account.person(email)
    ended = program("delete", email, "--confirm", email.upper(), "--yes", "--json")
    assert ended.code == 0, ended.err
    assert account.writes == [f"DELETE /users/{before['id']}"]
    assert program("whois", email).code == 1
    shown = program("undo", ended.json["job"])
    assert "new id" in shown.out
    undone(program, ended.json["job"])
    after = account.person(email)
    assert after["id"] != before["id"]
    kept = ("firstName", "lastName", "role", "externalId")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert set(after["groups"]) == set(before["groups"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--confirm"),
        (("--confirm", "other@example.com"), "--confirm other@example.com is not the email"),
        (("--confirm", ""), "so nothing was sent"),
    ],
)
def test_a_deletion_needs_the_email_twice(
    account: HeldAccount, program: Program, words: tuple[str, ...], said: str
) -> None:
    (email,) = account.active_members(1)
    ended = program("delete", email, *words, "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert account.writes == []


def test_a_token_without_the_scope_for_deletion_is_refused(tmp_path: Path) -> None:
    with HeldAccount.serving(users=60, scopes=("users:read", "users:write")) as account:
        (email,) = account.active_members(1)
        ended = Program(account.url, tmp_path)("delete", email, "--confirm", email, "--yes")
        assert ended.code == 3, ended.err
        assert "users:delete" in ended.err
        assert account.person(email)["status"] == "active"


@pytest.mark.parametrize("answer", ["", "yes"])
def test_a_deletion_on_a_terminal_can_be_cancelled(account: HeldAccount, program: Program, answer: str) -> None:
    (email,) = account.active_members(1)
    running = program.start_in_terminal("delete", email, "--confirm", email)
    running.wait_for("press Enter to cancel: ")
    running.type(f"{answer}\r")
    running.wait_for("Nothing was sent.")
    assert running.end() == 0
    assert account.writes == []


@pytest.mark.parametrize(("answer", "title"), [("deactivate", "Deactivate"), ("delete", "Delete")])
def test_a_deletion_on_a_terminal_is_reviewed_or_becomes_a_deactivation(
    account: HeldAccount, program: Program, answer: str, title: str
) -> None:
    (email,) = account.active_members(1)
    running = program.start_in_terminal("delete", email, "--confirm", email)
    running.wait_for("press Enter to cancel: ")
    running.output = ""
    running.type(f"{answer}\r")
    running.wait_for(title)
    running.hang_up()
    running.end()
    assert account.writes == []


# ---------------------------------------------------------------- plans


def _words(command: str, email: str) -> tuple[str, ...]:
    return {
        "create": ("create", NEW, "--first", "Lea", "--group", "Sales"),
        "set": ("set", email, "role=Admin", "firstName="),
        "add": ("groups", "add", "Alumni", email),
        "remove": ("groups", "remove", "Alumni", email),
        "delete": ("delete", email, "--confirm", email),
    }[command]


@pytest.fixture
def someone(account: HeldAccount, program: Program) -> str:
    """An email of somebody who is no Admin and not in the group Alumni."""
    group_id = groups_of(program)["Alumni"]
    return next(email for email in no_member_of(account, group_id, 60) if account.person(email)["role"] != "Admin")


@pytest.mark.parametrize("command", ["create", "set", "add", "delete"])
def test_a_plan_is_shown_saved_and_applied(
    account: HeldAccount, program: Program, someone: str, command: str, tmp_path: Path
) -> None:
    words = _words(command, someone)
    shown = program(*words)
    assert (shown.code, account.writes) == (0, [])
    assert (NEW if command == "create" else someone) in shown.out
    assert "Nothing was sent." in shown.err
    as_json = program(*words, "--json").json["plan"]
    file = tmp_path / "plan.json"
    assert program(*words, "--plan", str(file), "--ticket", "INC-42").code == 0
    assert program("plan", "show", str(file), "--json").json["plan"]["steps"] == as_json["steps"]
    assert account.writes == []
    applied = program("plan", "apply", str(file), "--yes", "--json")
    assert applied.code == 0, applied.err
    assert (applied.json["ticket"], applied.json["counts"]) == ("INC-42", {"done": len(as_json["steps"])})
    assert len(account.writes) == len(as_json["steps"])
    assert program(*words, "--plan", str(file), "--yes").code == 2


@pytest.mark.parametrize("command", ["create", "set", "add", "remove", "delete"])
def test_a_read_only_profile_is_refused(account: HeldAccount, program: Program, someone: str, command: str) -> None:
    ended = program(*_words(command, someone), "--yes", "--read-only")
    assert (ended.code, ended.out) == (5, "")
    assert account.writes == []
