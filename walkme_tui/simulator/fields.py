"""The fields that a request may write, and their valid values."""

from collections.abc import Collection, Mapping
from typing import Final

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.refusals import Refused

STATUSES: Final = ("active", "inactive", "pending")
# Only the system writes these; a body may contain them as they were read.
_SYSTEM_FIELDS: Final = frozenset({"id", "createdAt", "updatedAt"})
_OPTIONAL_TEXT: Final = frozenset({"firstName", "lastName", "externalId"})


def cleared() -> Record:
    """Empty values for the fields that may be empty."""
    return {"firstName": None, "lastName": None, "externalId": None, "groups": []}


def read_fields(body: Mapping[str, Json], group_ids: Collection[str]) -> Record:
    """The fields of a body without those of the system; unknown names are kept. ``Refused`` names the field."""
    fields = {name: value for name, value in body.items() if name not in _SYSTEM_FIELDS}
    for name, value in fields.items():
        if name == "groups":
            fields[name] = _groups(value, group_ids)
        elif (wrong := _invalid(name, value)) is not None:
            raise Refused(name, wrong)
    return fields


def _invalid(name: str, value: Json) -> str | None:
    """Why the value of a field is invalid, None if it is valid."""
    if name in _OPTIONAL_TEXT:
        return None if value is None or isinstance(value, str) else f"{name} must be a string or null"
    if name == "email":
        return None if isinstance(value, str) and _is_address(value) else "email is not a valid address"
    if name == "role":
        return None if isinstance(value, str) and value.strip() else "role must be a non-empty string"
    if name == "status":
        return None if value in STATUSES else f"status must be one of {', '.join(STATUSES)}"
    return None


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and "." in domain and len(text) <= 254) and not any(c.isspace() for c in text)


def _groups(value: Json, group_ids: Collection[str]) -> list[Json]:
    """The group ids without duplicates."""
    if not isinstance(value, list):
        raise Refused("groups", "groups must be a list of group ids")
    for group_id in value:
        if not isinstance(group_id, str) or group_id not in group_ids:
            raise Refused("groups", "groups contains the id of a group that does not exist")
    return list(dict.fromkeys(str(group_id) for group_id in value))
