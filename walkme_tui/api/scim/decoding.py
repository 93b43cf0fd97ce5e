"""Decodes answers of a SCIM server; what is wrong with one is tolerated as far as possible, and reported.

The names of attributes are compared without case, as SCIM requires.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from walkme_tui.api.answers import ApiAnswer, read_json
from walkme_tui.api.record_answers import (
    check_written,
    claimed_total,
    note_repeats,
    requested_user,
    unexpected,
    user_with_email,
)
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.scim_json import canonical, decode_scim_user, id_text, member, membership_id
from walkme_tui.domain.text import storable
from walkme_tui.domain.user_json import unreadable_id
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

T = TypeVar("T")

_LIST_NAMES: Final = {name.lower(): name for name in ("Resources", "totalResults", "startIndex", "itemsPerPage")}
# The answer to a change has one of these.
_WRITTEN_NAMES: Final = frozenset({"schemas", "id", "userName", "displayName", "meta", "members", "active", "groups"})
_USUAL_MEMBER: Final = frozenset({"value", "display", "$ref", "type"})
LONGEST_NUMBER: Final = 12


class Listed(NamedTuple):
    """One page of a list: its resources as they came, and the claimed number of all, None where there is none."""

    resources: list[Any]
    total: int | None
    warnings: tuple[str, ...]


def decode_list(
    answer: ApiAnswer, noun: str = "users", object_hook: Callable[[dict[str, Any]], Any] | None = None
) -> Listed:
    """A page of a list; raises ``UnexpectedAnswer`` if the answer has no list. ``object_hook`` as for ``read_json``."""
    value, tolerated = read_json(answer, object_hook)
    warnings = list(tolerated)
    if isinstance(value, list):
        return Listed(value, None, tuple(warnings))
    names = canonical(value, _LIST_NAMES) if isinstance(value, dict) else {}
    resources, total = names.get("Resources"), names.get("totalResults", UNKNOWN)
    if resources is None and total is not UNKNOWN:
        resources = []  # allowed where there are none
    if not isinstance(resources, list):
        raise unexpected(answer, 'answered without a list of "Resources"', value)
    if isinstance(total, str) and total.strip().isdecimal() and len(total) <= LONGEST_NUMBER:
        total = int(total)
    claimed = claimed_total(total, warnings, noun)
    return Listed(resources, claimed, tuple(warnings))


class UserRows(NamedTuple):
    """The users of one page of a list."""

    rows: tuple[User | UnreadableRecord, ...]
    total: int | None
    warnings: tuple[str, ...]


def decode_users(answer: ApiAnswer) -> UserRows:
    """The users of a page, all rows that were sent; raises like ``decode_list``."""
    listed = decode_list(answer)
    rows = tuple(map(decode_scim_user, listed.resources))
    warnings = list(listed.warnings)
    note_repeats(rows, warnings)
    return UserRows(rows, listed.total, tuple(warnings))


def decode_matches(answer: ApiAnswer, email: str) -> User | None:
    """The user with this email among the rows of a filter; raises like ``user_with_email``."""
    found = decode_users(answer)
    return user_with_email(found.rows, found.total, email, answer)


def decode_one(answer: ApiAnswer, user_id: str) -> tuple[User, dict[str, Any], str]:
    """A user, the resource as it came, and its version for ``If-Match`` (empty: none).

    Raises ``UnexpectedAnswer`` if the answer is no user, or another one.
    """
    value, _ = read_json(answer)
    user = requested_user(decode_scim_user(value), user_id, answer, value)
    return user, value, answer.headers.get("etag") or version_of(value)


def version_of(resource: object) -> str:
    """The ``meta.version`` of a resource if it is an entity tag, else an empty text."""
    version = member(member(resource, "meta"), "version")
    quoted = isinstance(version, str) and version.endswith('"') and version.removeprefix("W/").startswith('"')
    return version if quoted and version.isascii() and version.isprintable() else ""


def decode_group(raw: object) -> Group | None:
    """A group, None for what cannot be read as one."""
    group_id = id_text(member(raw, "id"))
    if not isinstance(group_id, str) or unreadable_id(group_id):
        return None
    name = member(raw, "displayName")
    return Group(group_id, storable(name) if isinstance(name, str) else None)


class GroupPage(NamedTuple):
    """The groups of one page of a list, with the ids of their members if requested; None for what cannot be read."""

    groups: list[tuple[Group, frozenset[str]] | None]
    total: int | None
    warnings: tuple[str, ...]


def decode_groups(answer: ApiAnswer, ids: dict[str, str] | None) -> GroupPage:
    """A page of the list of groups; raises like ``decode_list``.

    With ``ids`` the members are read. It has each id once, as key and value: many groups have the same members.
    """
    listed = decode_list(answer, "groups", _usual_id)
    found = [(decode_group(raw), raw) for raw in listed.resources]
    groups = [group and (group, frozenset() if ids is None else _member_ids(raw, ids)) for group, raw in found]
    return GroupPage(groups, listed.total, listed.warnings)


def decode_one_group(answer: ApiAnswer, group_id: str, pick: Callable[[object], T | None]) -> T:
    """What ``pick`` makes of a group; raises ``UnexpectedAnswer`` if the answer is none, or another one."""
    value, _ = read_json(answer, _usual_member)
    group, picked = decode_group(value), pick(value)
    if group is None or picked is None:
        raise unexpected(answer, "answered with a group that cannot be read", value)
    if group.id.casefold() != group_id.casefold():
        raise unexpected(answer, "answered with another group than the requested one", None)
    return picked


def decode_group_among(answer: ApiAnswer, group_id: str, pick: Callable[[object], T | None]) -> T | None:
    """What ``pick`` makes of the group with this id in a list; None where the list does not have it."""
    for raw in decode_list(answer).resources:
        if id_text(member(raw, "id")) == group_id:
            return pick(raw)
    return None


def decode_members(raw: object) -> GroupMembers | None:
    """A group with the members that it lists; none where it has no such list, which may be left out when empty."""
    group = decode_group(raw)
    if group is None:
        return None
    members: dict[str, User] = {}
    unreadable = 0
    for entry in _entries(raw):
        if isinstance(entry, User):
            members.setdefault(entry.id, entry)
            continue
        user_id = membership_id(entry)
        if user_id is None or _is_group(entry):
            unreadable += 1
        elif user_id not in members:
            members[user_id] = _member_user(user_id, member(entry, "display"))
    return GroupMembers(group, tuple(members.values()), unreadable)


def _usual_member(entry: dict[str, Any]) -> Any:
    """A usual entry of a list of members as a user, any other object as it is."""
    user_id = _usual_id(entry)
    return _member_user(user_id, entry.get("display")) if isinstance(user_id, str) else entry


def _usual_id(entry: dict[str, Any]) -> str | dict[str, Any]:
    """The id in a usual entry of a list of members, any other object as it is.

    At once when the object was read: those of a large group would take thirty megabytes together.
    """
    user_id, reference = entry.get("value"), entry.get("$ref", "")
    if type(user_id) is not str or type(reference) is not str or not entry.keys() <= _USUAL_MEMBER:
        return entry
    if entry.get("type", "User") != "User" or "/groups/" in reference.lower() or unreadable_id(user_id):
        return entry
    return user_id


def _member_ids(raw: object, ids: dict[str, str]) -> frozenset[str]:
    found = (membership_id(entry) for entry in _entries(raw) if not _is_group(entry))
    return frozenset(ids.setdefault(user_id, user_id) for user_id in found if user_id is not None)


def _entries(raw: object) -> list[Any]:
    entries = member(raw, "members")
    return entries if isinstance(entries, list) else []


def decode_written(answer: ApiAnswer) -> dict[str, Any]:
    """The resource that a change was answered with; raises like ``check_written``."""
    return check_written(answer, _WRITTEN_NAMES)


def created_id(answer: ApiAnswer) -> str | None:
    """The id of what was created, from the answer or its Location; None where neither has it."""
    found = id_text(member(decode_written(answer), "id"))
    if found is UNKNOWN and (location := answer.headers.get("location")):
        found = unquote(urlsplit(location).path.rpartition("/")[2])
    return found if isinstance(found, str) and not unreadable_id(found) else None


def _is_group(entry: object) -> bool:
    """A member that is a group itself."""
    kind, reference = member(entry, "type"), member(entry, "$ref")
    if isinstance(kind, str) and kind:
        return kind.lower() == "group"
    return isinstance(reference, str) and "/groups/" in reference.lower()


def _member_user(user_id: str, shown: object) -> User:
    if not isinstance(shown, str) or not shown:
        return User(user_id)
    shown = storable(shown)
    return User(user_id, email=shown) if _looks_like_email(shown) else User(user_id, extra={"displayName": shown})


def _looks_like_email(text: str) -> bool:
    return text.count("@") == 1 and " " not in text
