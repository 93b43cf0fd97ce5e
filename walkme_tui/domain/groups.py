"""Groups of an account: they decide which WalkMe content a person sees."""

from enum import StrEnum
from typing import NamedTuple

from walkme_tui.domain.text import spaced
from walkme_tui.domain.users import UNKNOWN, Known, User


class Group(NamedTuple):
    """One group; ``name`` is None where only its id is known, from a user who is in it."""

    id: str
    name: str | None

    @property
    def label(self) -> str:
        """What to call it: the name, else the id. Not cleaned for display."""
        return self.name or self.id


class GroupSize(NamedTuple):
    """A group and how many members the mirror knows of.

    ``read_at_ms`` is when the group itself listed its members, milliseconds since the Unix epoch: then the number is
    exact. None: never, and it is a lower bound until coverage is complete. ``strangers`` more members were listed whose
    ids no user has.
    """

    group: Group
    known_members: int
    read_at_ms: int | None = None
    strangers: int = 0


class GroupMembers(NamedTuple):
    """The members of a group, as the group itself lists them.

    ``members`` are partial users, each once: the id, the email where the entry shows one, and ``displayName`` in
    ``extra`` where it shows a name. Some may be users who were deleted. ``unreadable`` entries were left out.
    """

    group: Group
    members: tuple[User, ...]
    unreadable: int = 0


class GroupRecord(NamedTuple):
    """A group as it was read; ``members`` are the ids of its members, unknown where they were not read."""

    group: Group
    members: Known[tuple[str, ...]] = UNKNOWN

    @property
    def id(self) -> str:
        """The id of the group."""
        return self.group.id


def member_count(count: int | None) -> str:
    """``12 members``; None is an unknown number."""
    if count is None:
        return "an unknown number of members"
    return f"{spaced(count) if count else 'no'} {'member' if count == 1 else 'members'}"


class Belonging(StrEnum):
    """Kinds of users by their memberships in general; being in no group is only known where the groups are known."""

    NONE = "none"  # known to be in no group
    STILL_IN_GROUPS = "still in groups"  # inactive, and known to be in a group
    UNKNOWN = "unknown"  # no answer contained their groups


class MembershipGaps(NamedTuple):
    """The number of loaded users of each ``Belonging``."""

    none: int
    still_in_groups: int
    unknown: int

    def of(self, belonging: Belonging) -> int:
        """The number of one kind."""
        return {Belonging.NONE: self.none, Belonging.STILL_IN_GROUPS: self.still_in_groups}.get(belonging, self.unknown)


class Difference(NamedTuple):
    """The users in one group but not in another."""

    group: Group
    other: Group
