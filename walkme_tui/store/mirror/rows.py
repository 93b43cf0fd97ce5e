"""Users as rows of the mirror and back, without loss."""

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from walkme_tui.domain.json_text import dumps, loads
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import UNKNOWN, User

Row: TypeAlias = Sequence[Any]

# One bit of ``users.known`` for each field; ``groups`` is the last because it is a list.
FIELDS: Final = User._fields[1:10]
BITS: Final = {name: 1 << index for index, name in enumerate(FIELDS)}
ALL_KNOWN: Final = (1 << len(FIELDS)) - 1
GROUPS_KNOWN: Final = BITS["groups"]

# JSON has no bytes: the first letter marks a UUID (x) or other text (t).
ID: Final = "CASE typeof(users.id) WHEN 'blob' THEN 'x' || lower(hex(users.id)) ELSE 't' || users.id END"
USER_COLUMNS: Final = (
    f"users.row_id, {ID}, users.email, users.first_name, users.last_name, users.role, users.status, "
    "users.external_id, users.created_at_ms, users.updated_at_ms, users.groups, users.extra, users.known, "
    "users.position, users.fetched_at_ms, users.detailed_at_ms"
)
WIDTH: Final = USER_COLUMNS.count(",") + 1

# Above every position that a server can claim.
LAST_POSITION: Final = 1 << 62

CACHED_LENGTH: Final = 40

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_BEGINNING: Final = re.compile(r"[0-9a-f-]{4,36}")


def stored_id(user_id: str) -> bytes | str:
    """An id as it is stored: 16 bytes for a UUID in lower case with hyphens, else the text itself."""
    if len(user_id) == 36 and _UUID.fullmatch(user_id):
        return bytes.fromhex(user_id.replace("-", ""))
    return user_id


def id_from_stored(value: bytes | str) -> str:
    """The id for a value of ``stored_id``."""
    return _dashed(value.hex()) if isinstance(value, bytes) else value


def id_from_column(value: str) -> str:
    """The id for a value of the expression ``ID``."""
    return _dashed(value[1:]) if value.startswith("x") else value[1:]


def uuid_range(word: str) -> tuple[bytes, bytes] | None:
    """First and last stored id of the UUIDs that begin with ``word``; None if none can, or it is too short."""
    digits = word.replace("-", "")
    if not _UUID_BEGINNING.fullmatch(word) or len(digits) > 32:
        return None
    if not _dashed(digits.ljust(32, "0")).startswith(word):
        return None
    return bytes.fromhex(digits.ljust(32, "0")), bytes.fromhex(digits.ljust(32, "f"))


def _dashed(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def user_text(user: User) -> str:
    """The folded text that the words of a filter are searched in; blanks separate the fields.

    Role and status are not part of it: the few values that they have are searched instead.
    """
    return _text(user, _names(user), stored_id(user.id))


def name_key(user: User) -> str | None:
    """The sort key for names, first name first; None where no name is known."""
    return " ".join(_names(user)) or None


def _names(user: User) -> list[str]:
    """First and last name, folded, as far as they are known and not empty; else the name that SCIM shows."""
    names = [
        folded for name in (user.first_name, user.last_name) if isinstance(name, str) and (folded := folded_name(name))
    ]
    if not names and user.extra and (folded := folded_name(user.full_name)):
        return [folded]
    return names


def _text(user: User, names: list[str], stored: bytes | str) -> str:
    text = user.email if isinstance(user.email, str) else ""
    if isinstance(user.external_id, str):
        text = f"{text} {user.external_id}"
    if isinstance(stored, str):
        text = f"{text} {stored}"
    return " ".join([*names, search_key(text)]).strip(" ")


@lru_cache(maxsize=16_384)
def _folded_cached(name: str) -> str:
    return search_key(name)


def folded_name(name: str) -> str:
    """``search_key`` with a cache, since names repeat; long ones are not cached."""
    return _folded_cached(name) if len(name) <= CACHED_LENGTH else search_key(name)


@lru_cache(maxsize=1 << len(FIELDS))
def _known_bits(unknown: tuple[bool, ...]) -> int:
    """The column ``known``; the users of one server lack few different sets of fields."""
    return sum(bit for bit, is_unknown in zip(BITS.values(), unknown, strict=True) if not is_unknown)


def user_values(user: User, stored: bytes | str, groups: str | None) -> tuple[Row, str]:
    """The columns ``id`` to ``group_count`` of a user, and ``user_text``.

    ``stored`` is the stored id, ``groups`` the value of the column ``groups``.
    """
    values: tuple[Any, ...] = user[1:9]
    known = ALL_KNOWN
    if UNKNOWN in values or user.groups is UNKNOWN:
        known = _known_bits(tuple([value is UNKNOWN for value in user[1:10]]))
        values = tuple([None if value is UNKNOWN else value for value in values])
    extra = dumps(dict(user.extra)) if user.extra else None
    group_count = len(user.groups) if isinstance(user.groups, tuple) else None
    names = _names(user)
    name_key, last_key = (" ".join(names), " ".join(names[::-1])) if names else (None, None)
    return (stored, *values, groups, extra, known, name_key, last_key, group_count), _text(user, names, stored)


def mirrored_user(row: Row, group_ids: Callable[[str], tuple[str, ...]]) -> MirroredUser:
    """A row with ``USER_COLUMNS``, from ``bulk.rows``, as a user; ``group_ids`` turns the column ``groups`` into ids.

    Raises ``sqlite3.DatabaseError`` for a row that only a damaged file can contain.
    """
    groups, extra, known = row[10], row[11], row[12]
    some_groups: tuple[str, ...] = ()
    try:
        values: list[Any] = [*row[2:10], None if groups is None else group_ids(groups)]
        if known != ALL_KNOWN:
            if groups is not None and not known & GROUPS_KNOWN:
                some_groups = values[8]
            values = [value if known & bit else UNKNOWN for bit, value in zip(BITS.values(), values, strict=True)]
        user = User(*[id_from_column(row[1]), *values, {} if extra is None else loads(extra)])
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError("a row has values that were never written") from error
    return MirroredUser(row[0], user, row[13], row[14], row[15], some_groups)
