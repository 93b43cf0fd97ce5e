"""Users as SCIM resources (RFC 7643): the same ``User`` values as over REST.

``userName`` is the email, ``name.givenName`` and ``name.familyName`` are the names, ``active`` is the status,
``meta.created`` and ``meta.lastModified`` are the times, ``groups`` are the ids of the memberships; there is no role.
Everything else stays in ``User.extra`` under its SCIM name, with ``PREFIX`` before a name that has another meaning in
``user_json``, so that such a user can be written to the journal, to plan files and to the mirror like any other.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from walkme_tui.domain.text import storable
from walkme_tui.domain.times import format_time_ms, parse_time_ms
from walkme_tui.domain.user_json import KNOWN_NAMES, MAX_ID_LENGTH, json_type, unreadable_id, usual_time
from walkme_tui.domain.users import UNKNOWN, Json, Known, Status, UnreadableRecord, User

T = TypeVar("T")

PREFIX: Final = "scim:"
GROUP_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"

PATHS: Final = {
    "email": "userName",
    "first_name": "name.givenName",
    "last_name": "name.familyName",
    "external_id": "externalId",
    "status": "active",
}
"""Where a SCIM resource has an attribute of ``User`` that can be changed."""

# Attributes of users whose names are compared without case, as SCIM requires.
_NAMES: Final = (
    "schemas", "id", "externalId", "meta", "userName", "name", "displayName", "nickName", "profileUrl", "title",
    "userType", "preferredLanguage", "locale", "timezone", "active", "emails", "phoneNumbers", "ims", "photos",
    "addresses", "groups", "password", "entitlements", "roles", "x509Certificates", "accessRole", "allowedSystems",
)  # fmt: skip
# The order of a record: who it is first, whatever the order in which its parts were kept.
_FIRST: Final = ("schemas", "id", "externalId", "userName", "name", "displayName", "active", "emails")
_CANONICAL: Final = {name.lower(): name for name in _NAMES}
# Members of a membership that the server derives; they are not kept.
_DERIVED: Final = frozenset({"value", "display", "$ref", "type"})
# Read, or, like a password that no server may send, not kept.
_READ: Final = frozenset({"id", "userName", "name", "externalId", "active", "groups", "meta", "password"})
_NAME_PARTS: Final = {"givenname": "givenName", "familyname": "familyName"}
_META_PARTS: Final = {"created": "created", "lastmodified": "lastModified"}
_STATUS: Final[Mapping[int | str, str]] = {True: "active", False: "inactive", "true": "active", "false": "inactive"}


def decode_scim_user(raw: object) -> User | UnreadableRecord:
    """Decode a JSON value as a user, or as an ``UnreadableRecord`` with the reason."""
    if not isinstance(raw, dict):
        return UnreadableRecord(f"not an object but {json_type(raw)}")
    kept = _extra_names(tuple(raw))
    if kept is None:
        raw = canonical(raw, _CANONICAL)
        kept = tuple((name, _escaped(name)) for name in raw if name not in _READ)
    usual = _usual(raw, kept)
    if usual is not None:
        return usual
    user_id = id_text(raw.get("id"))
    if reason := unreadable_id(user_id):
        return UnreadableRecord(reason)
    return _read(str(user_id), raw, kept)


def encode_scim_user(user: User) -> dict[str, Json]:
    """The resource of a user as the server sends it, but for what it derives in ``groups``; absent stays absent."""
    extra = {name.removeprefix(PREFIX): value for name, value in user.extra.items()}
    raw: dict[str, Json] = {name: extra.pop(name) for name in ("schemas",) if name in extra}
    raw["id"] = extra.pop("id") if id_text(extra.get("id")) == user.id else user.id
    if user.external_id is not UNKNOWN and _text(extra.get("externalId", UNKNOWN)) != user.external_id:
        extra["externalId"] = user.external_id
    from_emails = "userName" in extra and user.email == email_among(extra.get("emails"))
    if not (user.email is UNKNOWN or from_emails or _text(extra.get("userName", UNKNOWN)) == user.email):
        extra["userName"] = user.email
    if (name := _encoded_name(user, extra.pop("name", UNKNOWN))) is not UNKNOWN:
        raw["name"] = name
    meta = _encoded_meta(user, extra.pop("meta", UNKNOWN))
    if user.status is not UNKNOWN and _status(extra.get("active", UNKNOWN)) != user.status:
        extra["active"] = None if user.status is None else user.status != Status.INACTIVE
    if user.groups is not UNKNOWN:
        extra["groups"] = _encoded_groups(user.groups, extra.get("groups"))
    raw.update(extra)
    if meta is not UNKNOWN:
        raw["meta"] = meta
    return {name: raw[name] for name in _FIRST if name in raw} | raw


def canonical(raw: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """The object with its attributes under their exact names, by those names in lower case.

    Where two names differ in case alone, the exact one counts, else the first; the other one stays as it is.
    """
    result: dict[str, T] = {}
    for name, value in raw.items():
        exact = names.get(name.lower(), name)
        result[name if exact in raw or exact in result else exact] = value
    return result


def member(value: object, name: str) -> Any:
    """A member of an object by its name, compared without case; UNKNOWN where there is none."""
    if not isinstance(value, dict):
        return UNKNOWN
    if name in value:
        return value[name]
    folded = name.lower()
    return next((part for other, part in value.items() if other.lower() == folded), UNKNOWN)


def set_member(target: dict[str, Json], name: str, value: Json) -> None:
    """Give a member of an object a value, under the name that it has there; null removes it."""
    known = next((other for other in target if other.lower() == name.lower()), name)
    if value is None:
        target.pop(known, None)
    else:
        target[known] = value


def id_text(value: object) -> object:
    """An id as text where it is a whole number; any other value as it is."""
    return str(value) if type(value) is int and abs(value) < 10**18 else value


def is_true(value: object) -> bool:
    """True for true, which some servers send as text."""
    return isinstance(value, bool | str) and str(value).lower() == "true"


def is_false(value: object) -> bool:
    """True for false, which some servers send as text."""
    return isinstance(value, bool | str) and str(value).lower() == "false"


def email_among(emails: object) -> str | None:
    """The primary one of a user's ``emails``, else the first that is not empty; None where there is none."""
    texts = [(_email_text(email), member(email, "primary")) for email in emails] if isinstance(emails, list) else []
    filled = [(text, is_true(primary)) for text, primary in texts if text]
    return next((text for text, primary in filled if primary), filled[0][0] if filled else None)


def primary_email_replaced(emails: object, old: str, new: str) -> list[Json] | None:
    """A user's ``emails`` with one value instead of another, everything else kept; None where ``old`` is not there."""
    entries = emails if isinstance(emails, list) else []
    changed = [_with_value(entry, new) if _email_text(entry) == old else entry for entry in entries]
    return changed if changed != entries else None


@lru_cache(maxsize=256)
def _extra_names(names: tuple[str, ...]) -> tuple[tuple[str, str], ...] | None:
    """The attributes that are kept in ``extra``, with their names there; None where one has not its exact name.

    The records of one server have few different sets of names.
    """
    if any(_CANONICAL.get(name.lower(), name) != name for name in names):
        return None
    return tuple((name, _escaped(name)) for name in names if name not in _READ)


def _escaped(name: str) -> str:
    return PREFIX + name if name in KNOWN_NAMES or name.startswith(PREFIX) else name


def _usual(raw: dict[str, Any], kept: tuple[tuple[str, str], ...]) -> User | None:
    """A usual user, in a third of the time of ``_read``, because a crawl decodes thousands; None for an unusual one."""
    try:
        user_id, email, name, active, meta = raw["id"], raw["userName"], raw["name"], raw["active"], raw["meta"]
        first, last = name["givenName"], name["familyName"]
        created, updated = usual_time(meta["created"]), usual_time(meta["lastModified"])
    except (KeyError, TypeError, IndexError):
        return None
    if not (type(user_id) is type(email) is type(first) is type(last) is str and user_id.isascii() and email):
        return None
    external_id, groups = raw.get("externalId"), raw.get("groups", UNKNOWN)
    texts = f"{email}{first}{last}" if external_id is None else f"{email}{first}{last}{external_id}"
    ids = groups if groups is UNKNOWN else _usual_memberships(groups)
    if (
        not 0 < len(user_id) <= MAX_ID_LENGTH
        or type(active) is not bool
        or created is None
        or updated is None
        or ids is None
        or not (external_id is None or type(external_id) is str)
        or not (texts.isascii() or storable(texts) == texts)
    ):
        return None
    if external_id is None and "externalId" not in raw:
        external_id = UNKNOWN
    extra = {key: raw[name] for name, key in kept}
    if len(name) > 2:
        extra["name"] = {part: value for part, value in name.items() if part not in ("givenName", "familyName")}
    if len(meta) > 2:
        rest = extra["meta"] = dict(meta)
        del rest["created"], rest["lastModified"]
    return User(user_id, email, first, last, UNKNOWN, _STATUS[active], external_id, created, updated, ids, extra)


def _usual_memberships(groups: object) -> tuple[str, ...] | None:
    """The ids of a list of usual memberships, None where one is unusual."""
    if type(groups) is not list:
        return None
    ids = []
    for group in groups:
        group_id = group.get("value") if type(group) is dict else None
        if type(group_id) is not str or not group_id or not group_id.isascii() or not group.keys() <= _DERIVED:
            return None
        ids.append(group_id)
    return tuple(ids)


def _read(user_id: str, raw: dict[str, Any], kept: Iterable[tuple[str, str]]) -> User:
    """Any user; what cannot be read without loss is kept in ``extra`` as well."""
    extra: dict[str, Json] = {key: raw[name] for name, key in kept}
    if raw["id"] != user_id:
        extra[f"{PREFIX}id"] = raw["id"]
    email = _text(raw.get("userName", UNKNOWN))
    if "userName" in raw and email != raw["userName"]:
        extra["userName"] = raw["userName"]
    if not isinstance(email, str) or not email:
        other = email_among(raw.get("emails"))
        if other is not None:
            if "userName" in raw:
                extra["userName"] = raw["userName"]
            email = other
    external_id = _text(raw.get("externalId", UNKNOWN))
    if "externalId" in raw and external_id != raw["externalId"]:
        extra[f"{PREFIX}externalId"] = raw["externalId"]
    first, last = _read_name(raw.get("name", UNKNOWN), extra)
    created, updated = _read_meta(raw.get("meta", UNKNOWN), extra)
    return User(
        user_id, email, first, last, UNKNOWN, _read_status(raw, extra), external_id, created, updated,
        _read_groups(raw.get("groups", UNKNOWN), extra), extra,
    )  # fmt: skip


def _text(value: object) -> Known[str | None]:
    """A text as it can be stored; UNKNOWN for other values but null."""
    return storable(value) if isinstance(value, str) else None if value is None else UNKNOWN


def _read_name(value: object, extra: dict[str, Json]) -> tuple[Known[str | None], Known[str | None]]:
    if value is None:
        extra["name"] = None
        return None, None
    if not isinstance(value, dict):
        if value is not UNKNOWN:
            extra["name"] = value  # type: ignore[assignment]  # JSON
        return UNKNOWN, UNKNOWN
    rest = canonical(value, _NAME_PARTS)
    names: list[Known[str | None]] = []
    for part in _NAME_PARTS.values():
        names.append(_text(rest.get(part, UNKNOWN)))
        if part in rest and names[-1] == rest[part]:
            del rest[part]
    if rest or not value:
        extra["name"] = rest
    return names[0], names[1]


def _read_meta(value: object, extra: dict[str, Json]) -> tuple[Known[int | None], Known[int | None]]:
    if not isinstance(value, dict):
        if value is not UNKNOWN:
            extra["meta"] = value  # type: ignore[assignment]  # JSON
        return UNKNOWN, UNKNOWN
    rest = canonical(value, _META_PARTS)
    times: list[Known[int | None]] = []
    for part in _META_PARTS.values():
        raw = rest.get(part, UNKNOWN)
        time = None if raw is None else parse_time_ms(raw)
        times.append(UNKNOWN if time is None and raw is not None else time)
        if part in rest and (raw is None or (time is not None and format_time_ms(time) == raw)):
            del rest[part]
    if rest or not value:
        extra["meta"] = rest
    return times[0], times[1]


def _status(active: object) -> Known[str | None]:
    """The status of an ``active``, which some servers send as text or a number."""
    value = active.lower() if isinstance(active, str) else active
    known = _STATUS.get(value) if isinstance(value, str | int) else None
    return known or (None if active is None else UNKNOWN)


def _read_status(raw: Mapping[str, Any], extra: dict[str, Json]) -> Known[str | None]:
    active = raw.get("active", UNKNOWN)
    if active is not UNKNOWN and active is not None and type(active) is not bool:
        extra["active"] = active
    return _status(active)


def _read_groups(value: object, extra: dict[str, Json]) -> Known[tuple[str, ...] | None]:
    if value is None or value is UNKNOWN:
        return value
    usual = _usual_memberships(value)
    if usual is not None:
        return usual
    extra[f"{PREFIX}groups"] = value  # type: ignore[assignment]  # JSON
    ids = [membership_id(group) for group in value] if isinstance(value, list) else [None]
    return UNKNOWN if None in ids else tuple(ids)  # type: ignore[arg-type]


def membership_id(value: object) -> str | None:
    """The id in an entry of ``groups`` or ``members``, an object or the id alone; None where there is none."""
    found = id_text(member(value, "value") if isinstance(value, dict) else value)
    return found if isinstance(found, str) and not unreadable_id(found) else None


def _encoded_name(user: User, raw: Known[Json]) -> Known[Json]:
    names = {"givenName": user.first_name, "familyName": user.last_name}
    known: dict[str, Json] = {part: name for part, name in names.items() if name is not UNKNOWN}
    if isinstance(raw, dict):
        # A copy of a name is there where that could not be stored as it came.
        return known | {part: text for part, text in raw.items() if _text(text) == known.get(part, _text(text))}
    return known if any(known.values()) or (known and raw is UNKNOWN) else raw


def _encoded_meta(user: User, raw: Known[Json]) -> Known[Json]:
    times = {"created": user.created_at_ms, "lastModified": user.updated_at_ms}
    known: dict[str, Json] = {
        part: None if time is None else format_time_ms(time) for part, time in times.items() if time is not UNKNOWN
    }
    if isinstance(raw, dict):
        return known | {
            part: value for part, value in raw.items() if part not in known or parse_time_ms(value) == times[part]
        }
    return known if known and (raw is UNKNOWN or raw is None) else raw


def _encoded_groups(ids: tuple[str, ...] | None, raw: Known[Json]) -> Json:
    if ids is None:
        return None
    known: dict[str | None, list[Json]] = {}
    for entry in raw if isinstance(raw, list) else ():
        known.setdefault(membership_id(entry), []).append(entry)
    return [found.pop(0) if (found := known.get(group_id)) else {"value": group_id} for group_id in ids]


def _email_text(entry: object) -> str:
    """The text of an entry of ``emails``, an object or the text alone; empty where there is none."""
    text = member(entry, "value") if isinstance(entry, dict) else entry
    return storable(text) if isinstance(text, str) else ""


def _with_value(entry: Json, text: str) -> Json:
    if not isinstance(entry, dict):
        return text
    return {name: text if name.lower() == "value" else value for name, value in entry.items()}
