"""Users of an account; fields may be unknown."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar

from walkme_tui.domain.text import clean, storable

if TYPE_CHECKING:
    from walkme_tui.domain.json_text import ExactNumber

T = TypeVar("T")

Json: TypeAlias = "bool | int | float | ExactNumber | str | list[Json] | dict[str, Json] | None"


class Unknown(Enum):
    """The type of ``UNKNOWN``: no answer contained the field, which says nothing about its value."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Known: TypeAlias = T | Literal[Unknown.UNKNOWN]


class Status(StrEnum):
    """The statuses that WalkMe documents; a record may contain another one, as plain text."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PENDING = "pending"


ROLES: Final = ("Admin", "Editor", "Viewer")
"""The roles that WalkMe documents; a record may contain another one."""

FIELD_LABELS: Final[Mapping[str, str]] = {
    "email": "email",
    "first_name": "first name",
    "last_name": "last name",
    "role": "role",
    "status": "status",
    "external_id": "external id",
    "groups": "groups",
    "created_at_ms": "created",
    "updated_at_ms": "updated",
}
"""What people call the attributes of ``User``."""

MAX_LABEL: Final = 80

_NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


class User(NamedTuple):
    """One user, as answers described them.

    A field is ``UNKNOWN`` where the answer lacked it; ``None`` and ``()`` are values that the server sent. Times are
    milliseconds since the Unix epoch. ``groups`` are group ids in the order of the answer. ``extra`` keeps, under their
    JSON names, fields that this program does not know, and known fields whose value it could not read without loss, so
    that ``user_json.encode_user`` returns what was received. A tuple, because a crawl makes millions.
    """

    id: str
    email: Known[str | None] = UNKNOWN
    first_name: Known[str | None] = UNKNOWN
    last_name: Known[str | None] = UNKNOWN
    role: Known[str | None] = UNKNOWN
    status: Known[str | None] = UNKNOWN
    external_id: Known[str | None] = UNKNOWN
    created_at_ms: Known[int | None] = UNKNOWN
    updated_at_ms: Known[int | None] = UNKNOWN
    groups: Known[tuple[str, ...] | None] = UNKNOWN
    extra: Mapping[str, Json] = _NOTHING

    def __hash__(self) -> int:
        """Without ``extra``, which may hold lists."""
        return hash(self[:-1])

    @property
    def full_name(self) -> str:
        """The known ones of first and last name, else the name that SCIM shows; empty if there are none."""
        parts = (self.first_name, self.last_name)
        name = " ".join(part for part in parts if isinstance(part, str) and part)
        shown = "" if name else self.extra.get("displayName")
        return storable(shown) if isinstance(shown, str) and shown else name

    @property
    def identity_provider(self) -> str | None:
        """The provider that the external id names (``okta|004211`` gives ``okta``), or None if it names none."""
        if not isinstance(self.external_id, str):
            return None
        provider, separator, rest = self.external_id.partition("|")
        return provider if separator and provider and rest else None


def user_label(user: User) -> str:
    """The user in a sentence, cleaned: the email, else the id."""
    return clean(user.email if isinstance(user.email, str) and user.email else user.id, MAX_LABEL)


class UnreadableRecord(NamedTuple):
    """A record in a list that cannot be read as a user; the rest of the page is read.

    ``reason`` is a short sentence without the record's contents.
    """

    reason: str


class UserPage(NamedTuple):
    """One page of the server's list.

    ``rows`` stand at the positions ``(page - 1) * page_size`` and on; a server may send more of them than requested,
    and more than it claims. ``total`` is the number of users that the answer claimed, None where it claimed none.
    ``warnings`` are short sentences on what was wrong with the answer and was tolerated.
    """

    page: int
    page_size: int
    rows: tuple[User | UnreadableRecord, ...]
    total: int | None
    warnings: tuple[str, ...] = ()

    @property
    def first_position(self) -> int:
        """Position of the first row in the server's list, from 0."""
        return (self.page - 1) * self.page_size
