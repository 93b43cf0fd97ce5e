"""Users as JSON objects, without loss: in plan files, receipts, the journal, CLI output and the REST API.

The names are those of the WalkMe REST API; ``encode_user(decode_user(x)) == x`` holds for
every object ``x`` that ``decode_user`` accepts.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.text import storable
from walkme_tui.domain.times import EPOCH, MILLISECOND, format_time_ms, parse_time_ms
from walkme_tui.domain.users import UNKNOWN, Json, UnreadableRecord, User

TEXT_FIELDS: Final = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "role": "role",
    "status": "status",
    "externalId": "external_id",
}
JSON_NAMES: Final[Mapping[str, str]] = {attribute: name for name, attribute in TEXT_FIELDS.items()}
TIME_FIELDS: Final = {"createdAt": "created_at_ms", "updatedAt": "updated_at_ms"}
ATTRIBUTES: Final = {**TEXT_FIELDS, "groups": "groups", **TIME_FIELDS}
KNOWN_NAMES: Final = frozenset({"id", *ATTRIBUTES})

FOLLOWING: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("userName", "emails", "name", "displayName"),  # some servers show the user name of who has no name
    "first_name": ("name", "displayName"),
    "last_name": ("name", "displayName"),
    "status": ("active",),
    "groups": ("scim:groups",),
    "external_id": ("scim:externalId",),
}
"""Names in ``User.extra`` whose SCIM values change with an attribute: see ``scim_json``."""

MAX_ID_LENGTH: Final = 256
USER_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:User"

_USUAL_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?!\.000)(?:\.[0-9]{3})?Z")


def decode_user(raw: object) -> User | UnreadableRecord:
    """Decode a JSON value as a user, or as an ``UnreadableRecord`` with the reason."""
    if not isinstance(raw, dict):
        return UnreadableRecord(f"not an object but {json_type(raw)}")
    usual = _usual(raw)
    if usual is not None:
        return usual
    user_id: Any = raw.get("id")
    if reason := unreadable_id(user_id):
        return UnreadableRecord(reason)
    known, extra = _read(raw)
    return User(id=user_id, extra=extra, **known)  # type: ignore[arg-type]


def unreadable_id(user_id: object) -> str:
    """Why a value cannot be the id of a record; empty where it can."""
    if not isinstance(user_id, str):
        return "has no id" if user_id is None else f"its id is {json_type(user_id)}, not text"
    if not user_id or len(user_id) > MAX_ID_LENGTH:
        return "its id is too long" if user_id else "its id is empty"
    return "" if storable(user_id) == user_id else "its id holds half a character"


def _usual(raw: dict[str, Json]) -> User | None:
    """A usual user, in half the time of ``_read``, because a crawl decodes millions; None for an unusual one."""
    get = raw.get
    user_id = get("id")
    if type(user_id) is not str or not user_id.isascii() or not 0 < len(user_id) <= MAX_ID_LENGTH:
        return None
    texts = [get(name, UNKNOWN) for name in TEXT_FIELDS]
    for text in texts:
        if type(text) is str:
            if not text.isascii() and storable(text) != text:
                return None
        elif text is not None and text is not UNKNOWN:
            return None
    created, updated, groups = get("createdAt", UNKNOWN), get("updatedAt", UNKNOWN), get("groups", UNKNOWN)
    if type(groups) is not list:
        return None
    for group in groups:
        if type(group) is not str or not group or not group.isascii():
            return None
    created_at_ms, updated_at_ms = usual_time(created), usual_time(updated)
    if created_at_ms is None or updated_at_ms is None:
        return None
    extra = {} if raw.keys() <= KNOWN_NAMES else {name: raw[name] for name in raw if name not in KNOWN_NAMES}
    return User(user_id, *texts, created_at_ms, updated_at_ms, tuple(groups), extra)  # type: ignore[arg-type, call-arg]  # six texts


def _read(raw: dict[str, Json]) -> tuple[dict[str, object], dict[str, Json]]:
    """The attributes of ``User`` except the id, and ``extra``."""
    known: dict[str, object] = {}
    extra: dict[str, Json] = {}
    unread: dict[str, Json] = {}
    for name, value in raw.items():
        reading = _READINGS.get(name)
        if reading is None:
            if name != "id":
                extra[name] = value
        elif value is None or (type(value) is str and reading[1] is _decode_text and value.isascii()):
            known[reading[0]] = value  # the usual case: nothing to decode
        else:
            decoded, whole = reading[1](value)
            if decoded is not None:
                known[reading[0]] = decoded
            if not whole:
                unread[name] = value
    # In a fixed order, so that encoding and decoding again gives the same text.
    extra.update((name, unread[name]) for name in ATTRIBUTES if name in unread)
    return known, extra


def encode_user(user: User) -> dict[str, Json]:
    """The JSON object of a user: absent fields stay absent, unreadable values are as they were sent."""
    raw: dict[str, Json] = {"id": user.id}
    for name, attribute in ATTRIBUTES.items():
        value = getattr(user, attribute)
        if value is not UNKNOWN:
            raw[name] = _encode(attribute, value)
    raw.update(user.extra)
    return raw


def altered_names(before: User, after: User, attributes: Collection[str]) -> tuple[str, ...]:
    """JSON names of the fields besides ``attributes`` that have other values now; a missing field is unknown.

    The time of the last change does not count, nor does the order within lists, nor what follows from ``attributes``
    in the records of SCIM.
    """
    now = encode_user(after)
    ignored = {"updated_at_ms", *attributes}
    following = {"meta", *(name for attribute in attributes for name in FOLLOWING.get(attribute, ()))}
    return tuple(
        name
        for name, value in encode_user(before).items()
        if ATTRIBUTES.get(name) not in ignored
        and name not in following
        and name in now
        and _canonical(value) != _canonical(now[name])
    )


def _canonical(value: Json) -> str:
    """A text that is the same for equal values: for Python, 1 and true are equal. An empty list counts as null."""
    if isinstance(value, list):
        return dumps(sorted(dumps(item, sort_keys=True) for item in value)) if value else "null"
    return dumps(value, sort_keys=True)


def _encode(attribute: str, value: Any) -> Json:
    """The JSON value of an attribute."""
    if value is None:
        return None
    if attribute == "groups":
        return list(value)
    return format_time_ms(value) if attribute.endswith("_ms") else value


def _decode_text(value: object) -> tuple[str | None, bool]:
    if not isinstance(value, str):
        return None, False
    text = storable(value)
    return text, text == value


def _decode_groups(value: object) -> tuple[tuple[str, ...] | None, bool]:
    if not isinstance(value, list):
        return None, False
    whole = all(isinstance(group, str) and group and storable(group) == group for group in value)
    return (tuple(value), True) if whole else (None, False)


def usual_time(value: object) -> int | None:
    """Milliseconds of a time in the format of ``format_time_ms``; None for other values."""
    if type(value) is not str or not _USUAL_TIME.fullmatch(value):
        return None
    try:
        return (datetime.fromisoformat(value) - EPOCH) // MILLISECOND
    except ValueError:
        return None


def _decode_time(value: object) -> tuple[int | None, bool]:
    usual = usual_time(value)
    if usual is not None:
        return usual, True
    milliseconds = parse_time_ms(value)
    return milliseconds, milliseconds is not None and format_time_ms(milliseconds) == value


# The attribute of a JSON name and its decoder, which returns the value (None if invalid) and whether it is lossless.
_READINGS: Final[dict[str, tuple[str, Callable[[object], tuple[object, bool]]]]] = {
    **{name: (attribute, _decode_text) for name, attribute in TEXT_FIELDS.items()},
    "groups": ("groups", _decode_groups),
    **{name: (attribute, _decode_time) for name, attribute in TIME_FIELDS.items()},
}


def json_type(value: object) -> str:
    """The kind of a JSON value, in words."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
