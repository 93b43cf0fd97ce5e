"""``walkme-tui reconcile`` between the REST simulator and SCIM servers of other projects, with drift on both sides."""

import csv
import io
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract_accounts import COUNT, ContractAccounts, Kind
from tests.support.scim_program import ScimProgram
from tests.support.scim_servers import TOKEN, ScimAccount

FOREIGN = (Kind.SCIM2_SERVER, Kind.SCIMMY)


class RestAccount:
    """The REST account through the eyes of its server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""
        form = b"grant_type=client_credentials&client_id=demo&client_secret=demo"
        self._token = self("POST", "/accounts/connect/token", form)["access_token"]

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def users(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self("GET", f"/users?page=1&pageSize={COUNT + 20}")["users"]
        return found

    def groups(self) -> dict[str, str]:
        """Names by id."""
        return {group["id"]: group["name"] for group in self("GET", "/groups")["groups"]}


def fill(scim: ScimAccount, rest: RestAccount) -> dict[str, str]:
    """Give the SCIM account the users and groups of REST; returns the ids on SCIM by email."""
    ids: dict[str, str] = {}
    members: dict[str, list[str]] = {group_id: [] for group_id in rest.groups()}
    for user in rest.users():
        ids[user["email"]] = scim.add_user(
            user["email"],
            user["firstName"],
            user["lastName"],
            active=user["status"] != "inactive",
            **({"externalId": user["externalId"]} if user.get("externalId") else {}),
        )
        for group_id in user["groups"]:
            members[group_id].append(ids[user["email"]])
    for group_id, name in rest.groups().items():
        scim.add_group(name, members[group_id])
    return ids


@pytest.fixture(params=FOREIGN)
def scim(request: pytest.FixtureRequest, accounts: ContractAccounts) -> ScimAccount:
    kind = Kind(request.param)
    server = accounts.scim2_server if kind is Kind.SCIM2_SERVER else accounts.scimmy
    return ScimAccount(server.new_account())


@pytest.fixture
def rest(accounts: ContractAccounts, scim: ScimAccount) -> RestAccount:
    return RestAccount(accounts.url(Kind.REST, f"reconciled with {scim.url}"))


@pytest.fixture
def program(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    accounts: ContractAccounts,
    scim: ScimAccount,
) -> ScimProgram:
    for name in ("ID", "SECRET"):
        monkeypatch.setenv(f"WALKME_CLIENT_{name}", "demo")
    monkeypatch.setenv("WALKME_BASE_URL", accounts.url(Kind.REST, f"reconciled with {scim.url}"))
    return ScimProgram(monkeypatch, capsys, tmp_path, scim.url, TOKEN)


def plant(scim: ScimAccount, rest: RestAccount, ids: dict[str, str]) -> dict[str, list[str]]:
    """Drift on both sides; returns the expected classes by email."""
    users = [user for user in rest.users() if user["status"] == "active"]
    status_here, status_there, field_here, field_there, member, only_rest, twice = users[:7]
    rest("PATCH", f"/users/{status_here['id']}", {"status": "inactive"})
    rest("PATCH", f"/users/{field_here['id']}", {"lastName": "Changed"})
    rest("POST", "/users", {"email": "only.rest@example.com", "firstName": "Only", "lastName": "Rest"})
    joined = next(group_id for group_id in rest.groups() if group_id not in member["groups"])
    rest("POST", f"/groups/{joined}/users", {"userId": member["id"]})
    scim_patch(scim, ids[status_there["email"]], "active", False)
    scim_patch(scim, ids[field_there["email"]], "name.givenName", "Changed")
    assert scim("DELETE", f"/Users/{ids[only_rest['email']]}").status == 204
    scim.add_user("only.scim@example.com", "Only", "Scim")
    scim.add_user(f"second.{twice['email']}", externalId=twice["externalId"]) if twice.get("externalId") else None
    expected = {
        status_here["email"]: ["status"],
        status_there["email"]: ["status"],
        field_here["email"]: ["field"],
        field_there["email"]: ["field"],
        member["email"]: ["membership"],
        only_rest["email"]: ["only_rest"],
        "only.rest@example.com": ["only_rest"],
        "only.scim@example.com": ["only_scim"],
    }
    if twice.get("externalId"):
        expected |= {twice["email"]: ["duplicate"], f"second.{twice['email']}": ["only_scim", "duplicate"]}
    return expected


def scim_patch(scim: ScimAccount, user_id: str, path: str, value: object) -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": path, "value": value}],
    }
    assert scim("PATCH", f"/Users/{user_id}", body).status in {200, 204}


def test_planted_drift_is_found_and_adopted(scim: ScimAccount, rest: RestAccount, program: ScimProgram) -> None:
    ids = fill(scim, rest)
    before = program.done("reconcile")
    assert before["rows"] == []
    assert before["counts"]["matched"] == len(ids)
    assert before["complete"] is True
    expected = plant(scim, rest, ids)
    found = program.done("reconcile")
    assert {row["email"]: row["classes"] for row in found["rows"]} == expected
    rows = {row["email"]: row for row in found["rows"]}
    assert rows["only.rest@example.com"]["scim"] is None
    assert rows["only.scim@example.com"]["rest"] is None
    table = list(csv.DictReader(io.StringIO(program("reconcile", "--csv", "--cached").out)))
    assert {row["email"]: row["classes"].split() for row in table} == expected
    # One side for those whom both have or only it has, then the other side for the rest.
    here = [
        email
        for email, classes in expected.items()
        if classes in (["status"], ["field"], ["membership"], ["only_rest"])
    ]
    planned = program.done("reconcile", "--cached", "--adopt", "rest", *here)
    assert planned["plan"]["surface"] == "scim"
    adopted = program.done("reconcile", "--cached", "--adopt", "rest", *here, "--yes")
    assert adopted["state"] == "done"
    assert set(adopted["counts"]) == {"done"}
    program.done("reconcile", "--cached", "--adopt", "scim", "only.scim@example.com", "--yes")
    after = program.done("reconcile")
    assert {row["email"]: row["classes"] for row in after["rows"]} == {
        email: classes for email, classes in expected.items() if "duplicate" in classes
    }
    assert {user["email"] for user in rest.users()} >= {"only.scim@example.com"}
    assert "only.rest@example.com" in {user["userName"] for user in scim.users()}
