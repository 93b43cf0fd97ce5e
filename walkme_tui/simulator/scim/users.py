"""A user as a SCIM resource, and back."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from walkme_tui.domain.users import Json
from walkme_tui.simulator.account import DEFAULT_ROLE
from walkme_tui.simulator.population import ENTERPRISE, Record, full_name
from walkme_tui.simulator.scim.errors import ScimRefusal, invalid_value
from walkme_tui.simulator.scim.paths import CORE_USER, spelled

# The ids of roles. A user with the default role has no accessRole: writing a user without it sets that role.
_ROLE_IDS: Final = {"Admin": "1", "Editor": "2", "Publisher": "4", "Insights Analyst": "5"}
_ROLE_NAMES: Final = {role_id: role for role, role_id in _ROLE_IDS.items()}
# Attributes of the enterprise extension that the REST API shows too.
_SHARED: Final = ("department", "costCenter")
# In no group; may use no system. Other attributes without a value are left out.
_KEPT_EMPTY: Final = frozenset({"groups", "allowedSystems"})
_NOT_STORED: Final = frozenset({"schemas", "id", "meta", "groups", "password", "lastLogin"})


class Contents(NamedTuple):
    """What a user resource contains: fields of the account, and the attributes that only SCIM has."""

    fields: Record
    attributes: Record


def resource_of(record: Record, attributes: Record, group_names: Mapping[str, str], base_url: str) -> Record:
    """The resource of a user; ``base_url`` is that of the surface, for the locations."""
    resource: Record = {"schemas": [CORE_USER], "id": record["id"], "userName": record["email"]}
    rest = dict(attributes)
    last_login = rest.pop("lastLogin", None)
    name = rest.pop("name", None)
    whole_name = {
        "givenName": record["firstName"],
        "familyName": record["lastName"],
        **(name if isinstance(name, dict) else {}),
    }
    enterprise = _enterprise(record, rest.pop(ENTERPRISE, None))
    resource |= {
        "externalId": record["externalId"],
        "name": {key: value for key, value in whole_name.items() if value is not None},
        "displayName": rest.pop("displayName", _display_name(record)),
        "active": record["status"] != "inactive",
        "emails": rest.pop("emails", _emails(record)),
        "accessRole": _access_role(record["role"]),
        **rest,
    }
    groups = record["groups"]
    resource["groups"] = [
        {"value": group_id, "$ref": f"{base_url}/Groups/{group_id}", "display": group_names.get(str(group_id))}
        for group_id in (groups if isinstance(groups, list) else [])
    ]
    if enterprise:
        resource["schemas"] = [CORE_USER, ENTERPRISE]
        resource[ENTERPRISE] = enterprise
    resource = {key: value for key, value in resource.items() if value not in (None, [], {}) or key in _KEPT_EMPTY}
    meta: Record = {
        "resourceType": "User",
        "created": record["createdAt"],
        "lastModified": record["updatedAt"],
        "version": version_of(record["updatedAt"]),
        "location": f"{base_url}/Users/{record['id']}",
    }
    if last_login is not None:
        meta["lastLogin"] = last_login
    return {**resource, "meta": meta}


def read_resource(body: Record, old: Record | None, old_attributes: Record) -> Contents:
    """What a resource contains, for a user that is ``old`` so far (None: a new one); ``ScimRefusal``."""
    values = spelled(body)
    if CORE_USER not in _as_list(values.get("schemas")):
        raise ScimRefusal(400, "invalidSyntax", f"schemas must contain {CORE_USER}")
    user_name = _text(values, "userName")
    if not user_name or not user_name.strip() or len(user_name) > 254:
        raise invalid_value("userName must be a string of at most 254 characters")
    name = _object(values, "name")
    first, last = _text(name, "givenName"), _text(name, "familyName")
    enterprise = _object(values, ENTERPRISE)
    fields: Record = {
        "email": user_name,
        "firstName": first,
        "lastName": last,
        "externalId": _text(values, "externalId"),
        "status": _status(values, old),
        "role": _role(values),
        **{key: _shared(key, enterprise, old) for key in _SHARED},
    }
    attributes = {
        key: value
        for key, value in values.items()
        if key not in fields and key not in _NOT_STORED and key not in {"userName", "active", "accessRole"}
    }
    attributes |= {
        "name": {key: value for key, value in name.items() if key not in {"givenName", "familyName"}},
        ENTERPRISE: {key: value for key, value in enterprise.items() if key not in _SHARED},
    }
    # What the account derives from the name and the email is not stored, so that it follows them.
    derived = [fields] if old is None else [fields, old]
    attributes["displayName"] = _text(values, "displayName")
    if attributes["displayName"] in [_display_name(record) for record in derived]:
        del attributes["displayName"]
    attributes["emails"] = _as_list(values.get("emails"))
    if not all(isinstance(email, dict) for email in _as_list(values.get("emails"))):
        raise invalid_value("emails must be a list of objects")
    if attributes["emails"] in [_emails(record) for record in derived]:
        del attributes["emails"]
    if "lastLogin" in old_attributes:
        attributes["lastLogin"] = old_attributes["lastLogin"]
    return Contents(fields, attributes)


def version_of(updated_at: Json) -> str:
    """The ETag of a resource that was changed at this time."""
    return f'W/"{updated_at}"'


def _display_name(record: Record) -> str | None:
    return full_name(record["firstName"], record["lastName"])


def _emails(record: Record) -> Json:
    return [{"value": record["email"], "type": "work", "primary": True}]


def _enterprise(record: Record, own: Json) -> Record:
    shared: Record = {key: str(record[key]) for key in _SHARED if record.get(key) is not None}
    return {**shared, **(own if isinstance(own, dict) else {})}


def _shared(key: str, enterprise: Record, old: Record | None) -> Json:
    """The value of an attribute that REST shows too, unchanged where only its type differs."""
    value = _text(enterprise, key)
    before = None if old is None else old.get(key)
    return before if before is not None and str(before) == value else value


def _access_role(role: Json) -> str | None:
    return None if role == DEFAULT_ROLE else _ROLE_IDS.get(str(role), str(role))


def _role(values: Record) -> str:
    """The role of an access role, which is an id or a list with one."""
    listed = _as_list(values.get("accessRole"))
    if not listed or listed[0] == "":
        return DEFAULT_ROLE
    if not isinstance(listed[0], str | int):
        raise invalid_value("accessRole must be an id")
    return _ROLE_NAMES.get(str(listed[0]), str(listed[0]))


def _status(values: Record, old: Record | None) -> str:
    """The status for ``active``, which may be text; absent means unchanged. A pending user is active."""
    before = None if old is None else str(old["status"])
    active = values.get("active", before != "inactive")
    if isinstance(active, str) and active.lower() in {"true", "false"}:
        active = active.lower() == "true"
    if not isinstance(active, bool):
        raise invalid_value("active must be a boolean")
    if not active:
        return "inactive"
    return before if before is not None and before != "inactive" else "active"


def _text(values: Record, key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid_value(f"{key} must be a string")
    return value or None


def _object(values: Record, key: str) -> Record:
    value = values.get(key)
    if value is not None and not isinstance(value, dict):
        raise invalid_value(f"{key} must be an object")
    return spelled(value or {})


def _as_list(value: Json) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
