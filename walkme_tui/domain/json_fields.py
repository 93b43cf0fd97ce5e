"""Reading JSON objects field by field; an error names the place of the field (``steps[2].group.id``)."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.text import storable
from walkme_tui.domain.times import parse_time_ms
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import UNKNOWN, Json, User

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_REQUIRED: Final[Any] = object()


class BadField(ValueError):
    """A field is missing or has a wrong value; the message is its place and the reason."""


def bad(where: str, what: str) -> NoReturn:
    """Raise ``BadField`` for a place."""
    raise BadField(f"{where} {what}")


class Fields:
    """The fields of one JSON object; ``where`` is its place, empty for the outermost object."""

    def __init__(self, values: dict[str, object], where: str) -> None:
        self.values = values
        self.where = where
        self._taken: set[str] = set()

    @classmethod
    def of(cls, value: object, where: str) -> "Fields":
        """Wrap a JSON value; raises ``BadField`` unless it is an object."""
        if not isinstance(value, dict):
            bad(where or "it", "is not an object")
        return cls(value, where)

    def place(self, name: str) -> str:
        """The place of a field."""
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str, read: Callable[[object, str], T], default: T = _REQUIRED) -> T:
        """Read a field with ``read(value, place)``; raises ``BadField`` where it is missing without a default."""
        self._taken.add(name)
        if name in self.values:
            return read(self.values[name], self.place(name))
        if default is _REQUIRED:
            bad(self.place(name), "is missing")
        return default

    def end(self) -> None:
        """Raise ``BadField`` for a field that was not taken: an object must be understood completely."""
        for name in self.values:
            if name not in self._taken:
                bad(self.place(name), "is not a field that this version knows")


def text(value: object, where: str) -> str:
    """Any text."""
    if not isinstance(value, str):
        bad(where, "is not text")
    return value


def filled_text(value: object, where: str) -> str:
    """Text that is not empty."""
    filled = text(value, where)
    if not filled:
        bad(where, "is empty")
    return filled


def record_id(value: object, where: str) -> str:
    """An id of a user or a group."""
    found = filled_text(value, where)
    if storable(found) != found:
        bad(where, "holds half a character")
    return found


def flag(value: object, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        bad(where, "is neither true nor false")
    return value


def count(value: object, where: str) -> int:
    """A whole number from 1."""
    return number(value, where, least=1)


def number(value: object, where: str, least: int = 0) -> int:
    """A whole number from ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        bad(where, f"is not a whole number from {least}")
    return value


def time_ms(value: object, where: str) -> int:
    """An ISO 8601 time, in milliseconds since the Unix epoch."""
    moment_ms = parse_time_ms(value)
    if moment_ms is None:
        bad(where, "is not a time such as 2026-11-23T09:30:00Z")
    return moment_ms


def user(value: object, where: str) -> User:
    """A user."""
    found = decode_user(value)
    if not isinstance(found, User):
        bad(where, f"is no user: {found.reason}")
    return found


def group(value: object, where: str) -> Group:
    """A group: id and name."""
    fields = Fields.of(value, where)
    found = Group(fields.take("id", record_id), fields.take("name", or_null(text), None))
    fields.end()
    return found


def group_to_json(found: Group) -> dict[str, Json]:
    """What ``group`` reads."""
    return {"id": found.id, "name": found.name}


def group_record(value: object, where: str) -> GroupRecord:
    """A group as it was read."""
    fields = Fields.of(value, where)
    known = "members" in fields.values
    members = fields.take("members", list_of(record_id)) if known else UNKNOWN
    found = GroupRecord(fields.take("group", group), members)
    fields.end()
    return found


def group_record_to_json(found: GroupRecord) -> dict[str, Json]:
    """What ``group_record`` reads; unknown members are absent."""
    members: dict[str, Json] = {} if found.members is UNKNOWN else {"members": list(found.members)}
    return {"group": group_to_json(found.group), **members}


def or_null(read: Callable[[object, str], T]) -> Callable[[object, str], T | None]:
    """A reader that also accepts null."""
    return lambda value, where: None if value is None else read(value, where)


def list_of(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    """A reader of lists."""

    def read_all(value: object, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            bad(where, "is not a list")
        items: Sequence[object] = value
        return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(items))

    return read_all


def one_of(kind: type[E]) -> Callable[[object, str], E]:
    """A reader of an enum's values."""

    def read(value: object, where: str) -> E:
        for member in kind:
            if member == value:
                return member
        bad(where, f"is not one of: {', '.join(member.value for member in kind)}")

    return read
