"""What the local copy of the account hands out: rows of the server's list as they were last seen."""

from dataclasses import dataclass
from typing import TypeAlias

from walkme_tui.domain.users import User


@dataclass(frozen=True, slots=True)
class MirroredUser:
    """A user as the mirror knows it.

    ``row_id`` is the mirror's own key, stable while the mirror lives. ``position`` is the place in the server's list,
    None if the list has not shown the user (a look-up did). ``fetched_at_ms`` is when any answer last described the
    user, ``detailed_at_ms`` when a look-up of this one user last did (None: never).
    """

    row_id: int
    user: User
    position: int | None
    fetched_at_ms: int
    detailed_at_ms: int | None


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A place in the server's list whose record could not be read."""

    position: int
    reason: str
    fetched_at_ms: int


ListedRow: TypeAlias = MirroredUser | UnreadableRow
