"""SCIM requests in a log, read independently of the client: which change each one asks for."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.fault_proxy import Exchange
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus

SCIM_ROOT = "/scim/v2"
USERS, GROUPS = f"{SCIM_ROOT}/Users", f"{SCIM_ROOT}/Groups"
# The server refused the request as such, and the client may send another one without a read.
REFUSED = frozenset({400, 405, 412, 428, 501})
# The JSON names of the simulated records by the SCIM paths.
NAMES = {
    "userName": "email",
    "name.givenName": "firstName",
    "name.familyName": "lastName",
    "externalId": "externalId",
    "active": "status",
}


def is_scim_call_of(exchange: Exchange, change: Change, values: Mapping[str, str | None]) -> bool:
    """True for a request that asks for this change; ``values`` are what it sets, by the names of the records."""
    if isinstance(change, SetStatus | UpdateUser):
        if exchange.path != f"{USERS}/{change.subject_id}" or exchange.method not in {"PATCH", "PUT"}:
            return False
        sent = sent_values(exchange.method, json.loads(exchange.body))
        return all(name in sent and sent[name] == value for name, value in values.items())
    return any(
        (exchange.method, exchange.path) == (method, path) and asks(json.loads(exchange.body or "null"))
        for method, path, asks in _calls(change)
    )


def _calls(change: Change) -> Iterable[tuple[str, str, Callable[[Any], bool]]]:
    """The requests for a change of another kind: method, path, and what its body has to be."""
    match change:
        case CreateUser():
            yield "POST", USERS, lambda body: bool(body["userName"] == change.email)
        case CreateGroup():
            yield "POST", GROUPS, lambda body: bool(body["displayName"] == change.name)
        case DeleteUser():
            yield "DELETE", f"{USERS}/{change.subject_id}", lambda body: body is None
        case DeleteGroup():
            yield "DELETE", f"{GROUPS}/{change.subject_id}", lambda body: body is None
        case RenameGroup():
            renaming = {"op": "replace", "path": "displayName", "value": change.after}
            yield "PATCH", f"{GROUPS}/{change.subject_id}", lambda body: renaming in body["Operations"]
        case AddMember() | RemoveMember():
            asked = ("add" if isinstance(change, AddMember) else "remove", change.subject_id)
            yield "PATCH", f"{GROUPS}/{change.group.id}", lambda body: asked in sent_members(body)
        case _:
            raise AssertionError(change)


def paths_read(change: Change) -> set[str]:
    """The paths of which a GET shows whether the change has happened."""
    if change.about_group:
        return {GROUPS} if change.creates else {f"{GROUPS}/{change.subject_id}"}
    if change.creates:
        return {USERS}
    # The members of groups show the groups of users where their records do not.
    of_groups = {path for group in change.groups for path in (GROUPS, f"{GROUPS}/{group.id}")}
    return {f"{USERS}/{change.subject_id}", *of_groups}


def sent_members(body: Any) -> list[tuple[str, str]]:
    """The operations of a PATCH that add or remove one member, each with the member's id."""
    found = []
    for each in body["Operations"]:
        by_path = re.fullmatch(r'members\[value eq "([^"]*)"\]', each["path"])
        if by_path is not None:
            found.append((each["op"], by_path.group(1)))
        elif each["path"] == "members" and len(each["value"]) == 1:
            found.append((each["op"], each["value"][0]["value"]))
    return found


def sent_values(method: str, body: Any) -> dict[str, Any]:
    """What a request with a user sets, by the names of the records; a PUT clears what it lacks."""
    if method == "PATCH":
        sent = {each["path"]: each.get("value") for each in body["Operations"]}
    else:
        names = body.get("name") or {}
        sent = {path: names.get(path.partition(".")[2]) if "." in path else body.get(path) for path in NAMES}
    if isinstance(sent.get("active"), bool):
        sent["active"] = "active" if sent["active"] else "inactive"
    return {NAMES[path]: value for path, value in sent.items() if path in NAMES}
