"""The command line on SCIM servers over TCP; every effect is checked by requests of the test itself."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract_accounts import COUNT, GROUPS, ContractAccounts, Kind
from tests.support.scim_program import ScimProgram
from tests.support.scim_servers import TOKEN, ScimAccount

NUMBERS = count(1)


@pytest.fixture(params=[kind for kind in Kind if not kind.capabilities.group_members])
def account(request: pytest.FixtureRequest, accounts: ContractAccounts) -> ScimAccount:
    kind = Kind(request.param)
    return ScimAccount(accounts.url(kind, "program"), "demo" if kind is Kind.SCIM else TOKEN)


@pytest.fixture
def program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, account: ScimAccount
) -> ScimProgram:
    return ScimProgram(monkeypatch, capsys, tmp_path, account.url, account.token)


def new_email() -> str:
    """An email that no other test uses."""
    return f"program{next(NUMBERS)}@example.com"


def names(users: list[dict[str, Any]]) -> dict[str, str]:
    """User names by id."""
    return {user["id"]: user["userName"] for user in users}


def test_everyone_is_listed_and_found(account: ScimAccount, program: ScimProgram) -> None:
    users = account.users()
    assert len(users) >= COUNT
    export = program.done("export")
    assert export["complete"] is True
    assert {user["id"]: user["userName"] for user in export["users"]} == {
        user["id"]: user["userName"] for user in users
    }
    member_ids = account.groups()
    csv = program("export")
    assert csv.code == 0, csv.err
    assert len(csv.out.splitlines()) == len(users) + 1
    for user in users[:3]:
        found = program.done("whois", user["userName"])
        assert found["user"]["id"] == user["id"]
        assert found["user"]["meta"] == user["meta"]
        held = {name for name, ids in member_ids.items() if user["id"] in ids}
        assert {group["name"] for group in found["groups"]} == held
    name = next(name for name, ids in member_ids.items() if ids)
    members = program.done("members", name)
    assert members["complete"] is True
    assert {member["id"] for member in members["members"]} == set(member_ids[name])
    listed = program.done("groups")
    assert {group["name"]: group["members"] for group in listed["groups"]} == {
        name: len(ids) for name, ids in member_ids.items()
    }


def test_a_user_is_created_edited_and_deleted(account: ScimAccount, program: ScimProgram) -> None:
    email, renamed = new_email(), new_email()
    group = next(iter(account.groups()))
    program.changed("create", email, "--first", "Lea", "--last", "Moreau", "--external-id", "x-1", "--group", group)
    record = account.user(email)
    assert (record["name"]["givenName"], record["name"]["familyName"]) == ("Lea", "Moreau")
    assert (record["externalId"], record["active"]) == ("x-1", True)
    assert record["id"] in account.groups()[group]
    edit = program.changed("set", email, f"email={renamed}", "lastName=O'Brien", "firstName=", "status=inactive")
    after = account.user(renamed)
    assert (after["id"], after["name"].get("familyName"), after["active"]) == (record["id"], "O'Brien", False)
    assert not after["name"].get("givenName")
    assert after["externalId"] == "x-1"
    program.changed("undo", edit["job"])
    again = account.user(email)
    assert (again["name"]["givenName"], again["name"]["familyName"], again["active"]) == ("Lea", "Moreau", True)
    program.changed("delete", email, "--confirm", email)
    assert account("GET", f"/Users/{record['id']}").status == 404
    assert program("whois", email).code == 1


def test_a_group_is_created_filled_renamed_and_deleted(account: ScimAccount, program: ScimProgram) -> None:
    people = [account.add_user(new_email()) for _ in range(2)]
    emails = [account("GET", f"/Users/{user_id}").body["userName"] for user_id in people]
    name, renamed = f"Crew {next(NUMBERS)}", f"Crew {next(NUMBERS)}"
    program.changed("groups", "create", name)
    assert account.groups()[name] == []
    added = program.changed("groups", "add", name, *emails)
    assert sorted(account.groups()[name]) == sorted(people)
    assert {member["id"] for member in program.done("members", name)["members"]} == set(people)
    again = program.done("groups", "add", name, emails[0], "--yes")
    assert sorted(account.groups()[name]) == sorted(people), again
    program.changed("groups", "rename", name, renamed)
    assert sorted(account.groups()[renamed]) == sorted(people)
    program.changed("groups", "remove", renamed, emails[0])
    assert account.groups()[renamed] == [people[1]]
    program.done("undo", added["job"], "--yes")
    assert account.groups()[renamed] == []
    program.changed("groups", "delete", renamed, "--confirm", renamed)
    assert renamed not in account.groups()
    assert all(account("GET", f"/Users/{user_id}").status == 200 for user_id in people)


def test_a_deleted_group_with_members_is_forgotten(account: ScimAccount, program: ScimProgram) -> None:
    email, name = new_email(), f"Crew {next(NUMBERS)}"
    user_id = account.add_user(email)
    program.changed("groups", "create", name)
    program.changed("groups", "add", name, email)
    assert account.groups()[name] == [user_id]
    program.changed("groups", "delete", name, "--confirm", name)
    assert {group["name"] for group in program.done("groups")["groups"]} == set(account.groups())
    assert program.done("whois", email)["groups"] == []


def test_a_user_is_offboarded_and_the_offboarding_undone(account: ScimAccount, program: ScimProgram) -> None:
    email = new_email()
    user_id = account.add_user(email, "Ida", "Berg")
    joined = list(account.groups())[:2]
    assert set(joined) <= {*GROUPS, *account.groups()}
    for name in joined:
        program.changed("groups", "add", name, email)
    job = program.changed("offboard", email, "--ticket", "INC-7")
    assert account.user(email)["active"] is False
    assert not [name for name, ids in account.groups().items() if user_id in ids]
    assert program.done("jobs", "show", job["job"])["ticket"] == "INC-7"
    program.changed("undo", job["job"])
    assert account.user(email)["active"] is True
    assert [name for name, ids in account.groups().items() if user_id in ids] == joined


def test_without_yes_nothing_is_sent(account: ScimAccount, program: ScimProgram) -> None:
    email = new_email()
    user_id = account.add_user(email, "Ida", "Berg")
    before = account("GET", f"/Users/{user_id}").body
    for words in (("set", email, "lastName=Other"), ("offboard", email), ("delete", email, "--confirm", email)):
        assert program.done(*words)["plan"]["surface"] == "scim"
    assert account("GET", f"/Users/{user_id}").body == before


def test_a_wrong_token_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, account: ScimAccount, program: ScimProgram
) -> None:
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "rotated")
    answer = program("export")
    assert (answer.code, answer.out) == (3, "")
    assert "rotated" not in answer.err.replace("was rotated", "")
    assert "SSO" in answer.err
