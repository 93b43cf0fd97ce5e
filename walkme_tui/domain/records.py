"""A user's JSON object to a ``User`` and back, without loss.

The JSON names are those of the WalkMe REST API (walkme-api.md, part 1); ``encode_user(decode_user(x)) == x`` holds for
every object ``x`` that ``decode_user`` accepts.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from walkme_tui.domain.users import UNKNOWN, Json, UnreadableRecord, User

TEXT_FIELDS: Final = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "role": "role",
    "status": "status",
    "externalId": "external_id",
}
TIME_FIELDS: Final = {"createdAt": "created_at_ms", "updatedAt": "updated_at_ms"}
ATTRIBUTES: Final = {**TEXT_FIELDS, "groups": "groups", **TIME_FIELDS}
KNOWN_NAMES: Final = frozenset({"id", *ATTRIBUTES})

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
MAX_ID_LENGTH: Final = 256


def decode_user(raw: object) -> User | UnreadableRecord:
    """Read one JSON value as a user; what cannot be one comes back as an ``UnreadableRecord`` with the reason."""
    if not isinstance(raw, dict):
        return UnreadableRecord(f"not an object but {_json_type(raw)}")
    user_id = raw.get("id")
    if not isinstance(user_id, str):
        return UnreadableRecord("has no id" if user_id is None else f"its id is {_json_type(user_id)}, not text")
    if not user_id or len(user_id) > MAX_ID_LENGTH:
        return UnreadableRecord("its id is empty" if not user_id else "its id is too long")
    if storable(user_id) != user_id:
        return UnreadableRecord("its id holds half a character")
    extra: dict[str, Json] = {name: value for name, value in raw.items() if name not in KNOWN_NAMES}
    known: dict[str, object] = {}
    for name, decode in _DECODERS.items():
        if name not in raw:
            continue
        attribute, value = ATTRIBUTES[name], raw[name]
        decoded = None if value is None else decode(value)
        if value is None or decoded is not None:
            known[attribute] = decoded
        if value is not None and (decoded is None or _encode(attribute, decoded) != value):
            extra[name] = value
    return User(id=user_id, extra=extra, **known)  # type: ignore[arg-type]


def encode_user(user: User) -> dict[str, Json]:
    """The JSON object that the user was read from: absent fields stay absent, unreadable values come back as sent."""
    raw: dict[str, Json] = {"id": user.id}
    for name, attribute in ATTRIBUTES.items():
        value = getattr(user, attribute)
        if value is not UNKNOWN:
            raw[name] = _encode(attribute, value)
    raw.update(user.extra)
    return raw


def storable(text: str) -> str:
    """A copy of ``text`` with lone surrogates, which JSON and argv allow and UTF-8 does not, replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_time_ms(value: object) -> int | None:
    """Milliseconds since the Unix epoch of an ISO 8601 text; without a zone it is taken as UTC; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        # In UTC first: the edges of the calendar lie outside of it in some zones, and could not be written back.
        return (moment.astimezone(UTC) - EPOCH) // MILLISECOND
    except (ValueError, OverflowError):
        return None


def format_time_ms(milliseconds: int) -> str:
    """ISO 8601 in UTC with a Z, with milliseconds only where there are some: ``2024-03-12T09:30:00Z``."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _encode(attribute: str, value: Any) -> Json:
    """The JSON value that an attribute's value stands for."""
    if value is None:
        return None
    if attribute == "groups":
        return list(value)
    return format_time_ms(value) if attribute.endswith("_ms") else value


def _decode_text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) else None


def _decode_groups(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    whole = all(isinstance(group, str) and group and storable(group) == group for group in value)
    return tuple(value) if whole else None


_DECODERS: Final[dict[str, Callable[[object], object]]] = {
    **dict.fromkeys(TEXT_FIELDS, _decode_text),
    "groups": _decode_groups,
    **dict.fromkeys(TIME_FIELDS, parse_time_ms),
}


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
