"""ServiceProviderConfig, ResourceTypes and Schemas."""

from typing import Any, Final

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import ENTERPRISE, Record
from walkme_tui.simulator.scim.paths import CORE_GROUP, CORE_USER

_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:"


def service_provider_config(base_url: str, *, patch: bool, filters: bool, etags: bool, most_rows: int) -> Record:
    """What this surface supports."""
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "patch": {"supported": patch},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": filters, "maxResults": most_rows},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": etags},
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": "Bearer token", "description": "A token made in the Console"},
            {"type": "httpbasic", "name": "HTTP Basic", "description": "A user name and a password"},
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base_url}/ServiceProviderConfig"},
    }


def resource_types(base_url: str) -> list[Record]:
    """The types User and Group."""
    extensions: dict[str, list[Json]] = {"User": [{"schema": ENTERPRISE, "required": False}], "Group": []}
    return [
        {
            "schemas": [f"{_CORE}ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": f"A {name.lower()} of the account",
            "schema": schema,
            "schemaExtensions": extensions[name],
            "meta": {"resourceType": "ResourceType", "location": f"{base_url}/ResourceTypes/{name}"},
        }
        for name, schema in (("User", CORE_USER), ("Group", CORE_GROUP))
    ]


def schemas(base_url: str, *, group_name_fixed: bool) -> list[Record]:
    """The attributes of users, of the enterprise extension and of groups, and of the three documents themselves."""
    group_name = _attribute("displayName", required=True, mutability="immutable" if group_name_fixed else "readWrite")
    listed: dict[str, tuple[str, list[Record]]] = {
        "User": (CORE_USER, _USER),
        "EnterpriseUser": (ENTERPRISE, _ENTERPRISE_USER),
        "Group": (CORE_GROUP, [group_name, _MEMBERS]),
        "ServiceProviderConfig": (f"{_CORE}ServiceProviderConfig", _PROVIDER_CONFIG),
        "ResourceType": (f"{_CORE}ResourceType", _RESOURCE_TYPE),
        "Schema": (f"{_CORE}Schema", _SCHEMA),
    }
    return [
        {
            "schemas": [f"{_CORE}Schema"],
            "id": urn,
            "name": name,
            "description": f"The schema {name}",
            "attributes": list[Json](attributes),
            "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{urn}"},
        }
        for name, (urn, attributes) in listed.items()
    ]


def _attribute(name: str, kind: str = "string", /, *sub: Record, **more: Any) -> Record:
    attribute: Record = {
        "name": name,
        "type": kind,
        "description": name,
        "multiValued": False,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
    }
    if kind == "string":
        attribute |= {"caseExact": False, "uniqueness": "none"}
    if kind == "reference":
        attribute |= {"caseExact": True, "uniqueness": "none", "referenceTypes": ["uri"]}
    if sub:
        attribute["subAttributes"] = list(sub)
    return attribute | more


def _read_only(name: str, kind: str = "string", /, *sub: Record, **more: Any) -> Record:
    return _attribute(name, kind, *sub, mutability="readOnly", **more)


_USER: Final = [
    _attribute("userName", required=True, uniqueness="server"),
    _attribute("name", "complex", _attribute("givenName"), _attribute("familyName")),
    _attribute("displayName"),
    _attribute("active", "boolean", required=True),
    _attribute(
        "emails",
        "complex",
        *(_attribute("value"), _attribute("type", canonicalValues=["work", "home", "other"])),
        _attribute("primary", "boolean"),
        multiValued=True,
    ),
    _attribute("accessRole"),
    _attribute("allowedSystems", multiValued=True),
    _read_only(
        "groups",
        "complex",
        *(_read_only("value"), _read_only("display")),
        _read_only("$ref", "reference", referenceTypes=["Group"]),
        multiValued=True,
    ),
]
_ENTERPRISE_USER: Final = [
    *(_attribute(name) for name in ("employeeNumber", "costCenter", "organization", "division", "department")),
    _attribute(
        "manager",
        "complex",
        *(_attribute("value"), _attribute("$ref", "reference", referenceTypes=["User"]), _read_only("displayName")),
    ),
]
_MEMBERS: Final = _attribute(
    "members",
    "complex",
    _attribute("value", mutability="immutable"),
    _attribute("$ref", "reference", referenceTypes=["User"], mutability="immutable"),
    _attribute("type", canonicalValues=["User"], mutability="immutable"),
    _read_only("display"),
    multiValued=True,
)
_SUPPORTED: Final = _read_only("supported", "boolean", required=True)
_PROVIDER_CONFIG: Final = [
    _read_only("documentationUri", "reference", referenceTypes=["external"]),
    *(_read_only(name, "complex", _SUPPORTED, required=True) for name in ("patch", "changePassword", "sort", "etag")),
    _read_only(
        "bulk",
        "complex",
        *(_SUPPORTED, _read_only("maxOperations", "integer", required=True)),
        _read_only("maxPayloadSize", "integer", required=True),
        required=True,
    ),
    _read_only("filter", "complex", _SUPPORTED, _read_only("maxResults", "integer", required=True), required=True),
    _read_only(
        "authenticationSchemes",
        "complex",
        *(_read_only(name, required=True) for name in ("type", "name", "description")),
        multiValued=True,
        required=True,
    ),
]
_RESOURCE_TYPE: Final = [
    *(_read_only(name) for name in ("id", "description")),
    _read_only("name", required=True),
    _read_only("endpoint", "reference", required=True),
    _read_only("schema", "reference", required=True),
    _read_only(
        "schemaExtensions",
        "complex",
        *(_read_only("schema", "reference", required=True), _read_only("required", "boolean", required=True)),
        multiValued=True,
    ),
]
_ATTRIBUTE_FIELDS: Final = [
    *(_read_only(name) for name in ("name", "type", "description", "mutability", "returned", "uniqueness")),
    *(_read_only(name, "boolean") for name in ("multiValued", "required", "caseExact")),
    *(_read_only(name, multiValued=True) for name in ("canonicalValues", "referenceTypes")),
]
_SCHEMA: Final = [
    _read_only("name", required=True),
    _read_only("description"),
    _read_only(
        "attributes",
        "complex",
        *_ATTRIBUTE_FIELDS,
        _read_only("subAttributes", "complex", *_ATTRIBUTE_FIELDS, multiValued=True),
        multiValued=True,
        required=True,
    ),
]
