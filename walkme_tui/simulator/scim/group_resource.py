"""A group as a SCIM resource, and the changes of a group in a PATCH or PUT."""

from dataclasses import dataclass, field

from walkme_tui.domain.users import Json
from walkme_tui.simulator.groups import SimulatedGroup
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.errors import ScimRefusal, invalid_value
from walkme_tui.simulator.scim.patch import Kind, Operation, read_operations
from walkme_tui.simulator.scim.paths import CORE_GROUP, spelled
from walkme_tui.simulator.scim.users import version_of

Members = list[tuple[str, str | None]]
"""Id and full name of each member."""


@dataclass(slots=True)
class GroupChange:
    """What to set, and changes of the member list in their order: with replace the ids are all members."""

    name: str
    external_id: str | None
    members: list[tuple[Kind, list[str]]] = field(default_factory=list)


def group_resource(group: SimulatedGroup, members: Members, base_url: str) -> Record:
    """The resource of a group; without members it has no list of them."""
    resource: Record = {"schemas": [CORE_GROUP], "id": group.id, "displayName": group.name}
    if group.external_id is not None:
        resource["externalId"] = group.external_id
    if members:
        resource["members"] = [_member(member_id, name, base_url) for member_id, name in members]
    resource["meta"] = {
        "resourceType": "Group",
        "created": group.created_at,
        "lastModified": group.updated_at,
        "version": version_of(group.updated_at),
        "location": f"{base_url}/Groups/{group.id}",
    }
    return resource


def _member(member_id: str, name: str | None, base_url: str) -> Record:
    member: Record = {"value": member_id, "$ref": f"{base_url}/Users/{member_id}", "type": "User"}
    return member if name is None else {**member, "display": name}


def read_group(body: Record) -> GroupChange:
    """The whole contents of a group; ``ScimRefusal``."""
    values = spelled(body)
    schemas = values.get("schemas")
    if not isinstance(schemas, list) or CORE_GROUP not in schemas:
        raise ScimRefusal(400, "invalidSyntax", f"schemas must contain {CORE_GROUP}")
    members = [(Kind.REPLACE, _member_ids(values.get("members")))]
    return GroupChange(_name(values.get("displayName")), _external_id(values.get("externalId")), members)


def read_group_patch(group: SimulatedGroup, body: Record, *, member_filter: bool) -> GroupChange:
    """What the operations of a PATCH change of a group, whether or not ``members[…]`` is a path; ``ScimRefusal``."""
    change = GroupChange(group.name, group.external_id)
    for operation in read_operations(body):
        match operation.path.attribute:
            case "displayName":
                change.name = _name(None if operation.kind is Kind.REMOVE else operation.value)
            case "externalId":
                change.external_id = _external_id(None if operation.kind is Kind.REMOVE else operation.value)
            case "members" if operation.path.terms and not member_filter:
                raise ScimRefusal(400, "invalidPath", "A path with a filter is not supported")
            case "members":
                change.members.append(_member_change(operation))
            case "id" | "meta" | "schemas":
                raise ScimRefusal(400, "mutability", f"{operation.path.attribute} cannot be changed")
            case other:
                raise ScimRefusal(400, "invalidPath", f"A group has no attribute {other}")
    return change


def _member_change(operation: Operation) -> tuple[Kind, list[str]]:
    kind, path, value = operation
    if path.terms:
        ids = [term.value for term in path.terms if term.path.lower() == "value"]
        if kind is not Kind.REMOVE or path.sub or len(path.terms) != 1 or not isinstance(ids[0] if ids else None, str):
            raise ScimRefusal(400, "invalidPath", 'Members can be removed with the path members[value eq "id"]')
        return Kind.REMOVE, [str(ids[0])]
    if kind is Kind.REMOVE and value is None:
        return Kind.REPLACE, []
    return kind, _member_ids(value)


def _member_ids(value: Json) -> list[str]:
    """The ids in a list of members, or in one member."""
    members = value if isinstance(value, list) else [] if value is None else [value]
    ids = [member.get("value") if isinstance(member, dict) else member for member in members]
    if not all(isinstance(member_id, str) and member_id for member_id in ids):
        raise invalid_value("A member must be an object with its id as value")
    return [str(member_id) for member_id in ids]


def _name(value: Json) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 255:
        raise invalid_value("displayName must be a string of at most 255 characters")
    return value


def _external_id(value: Json) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid_value("externalId must be a string")
    return value or None
