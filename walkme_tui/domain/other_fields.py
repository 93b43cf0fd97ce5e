"""The fields of a user that the program has no name for, as they are shown; the raw record has all of them."""

from collections.abc import Iterator
from typing import Final

from walkme_tui.domain.scim_json import PREFIX, email_among
from walkme_tui.domain.user_json import TIME_FIELDS
from walkme_tui.domain.users import Json, User

# Of the protocol, not of the user.
_OF_SCIM: Final = frozenset({"schemas", "meta.resourceType", "meta.location", "meta.version"})
EXTENSION: Final = "urn:"


def other_fields(user: User) -> dict[str, Json]:
    """The other fields by their names; members of SCIM extensions, ``meta`` and ``name`` stand alone.

    Without what repeats a value that is shown anyway: times that were parsed, the only email, the full name.
    """
    shown: dict[str, Json] = {}
    for name, value, path in _members(user):
        if path not in _OF_SCIM and not _repeats(user, path, value):
            shown[path if name in shown else name] = _manager(value) if name == "manager" else value
    return shown


def _members(user: User) -> Iterator[tuple[str, Json, str]]:
    """Name, value and path of each field."""
    for key, value in user.extra.items():
        name = key.removeprefix(PREFIX)
        extends = name.startswith(EXTENSION)
        if isinstance(value, dict) and (extends or name in {"meta", "name"}):
            for member, part in value.items():
                yield member, part, f"{name}{':' if extends else '.'}{member}"
        else:
            yield name, value, name


def _repeats(user: User, path: str, value: Json) -> bool:
    if path in TIME_FIELDS:
        return isinstance(getattr(user, TIME_FIELDS[path]), int)
    if path == "emails":
        return isinstance(value, list) and len(value) == 1 and email_among(value) == user.email
    return path in {"displayName", "name.formatted"} and value == user.full_name


def _manager(value: Json) -> Json:
    """The name of a manager, or the id where there is no name."""
    if not isinstance(value, dict):
        return value
    return next((value[part] for part in ("displayName", "display", "value") if value.get(part)), value)
