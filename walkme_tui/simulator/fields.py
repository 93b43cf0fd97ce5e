"""Which fields a caller may write, and with which values."""

from collections.abc import Collection, Mapping
from typing import Final

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.refusals import Refused

STATUSES: Final = ("active", "inactive", "pending")
# The system writes these; a body may carry them back as they were read.
_SYSTEM_FIELDS: Final = frozenset({"id", "createdAt", "updatedAt"})
_OPTIONAL_TEXT: Final = frozenset({"firstName", "lastName", "externalId"})


def cleared() -> Record:
    """The fields that may be empty, empty."""
    return {"firstName": None, "lastName": None, "externalId": None, "groups": []}


def read_fields(body: Mapping[str, Json], group_ids: Collection[str]) -> Record:
    """What a body wants to write, without the system's fields; unknown names are kept. ``Refused`` names the field."""
    fields = {name: value for name, value in body.items() if name not in _SYSTEM_FIELDS}
    for name, value in fields.items():
        if name == "groups":
            fields[name] = _groups(value, group_ids)
        elif (wrong := _complaint(name, value)) is not None:
            raise Refused(name, wrong)
    return fields


def _complaint(name: str, value: Json) -> str | None:
    """What is wrong with the value of a field, or None."""
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
    """The group ids, each once."""
    if not isinstance(value, list):
        raise Refused("groups", "groups must be a list of group ids")
    for group_id in value:
        if not isinstance(group_id, str) or group_id not in group_ids:
            raise Refused("groups", "groups names a group that does not exist")
    return list(dict.fromkeys(str(group_id) for group_id in value))
