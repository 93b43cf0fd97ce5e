"""What a view of users shows."""

from enum import StrEnum
from typing import NamedTuple


class SortKey(StrEnum):
    """What a view can be ordered by; the values are what people write and what ``state.toml`` holds."""

    EMAIL = "email"
    NAME = "name"
    FIRST_NAME = "first"
    LAST_NAME = "last"
    ROLE = "role"
    STATUS = "status"
    GROUPS = "groups"
    UPDATED = "updated"
    CREATED = "created"
    EXTERNAL_ID = "externalId"


class Sort(NamedTuple):
    """The order of a view: by what, and whether from the end (the newest, the last of the alphabet) instead."""

    key: SortKey
    reverse: bool = False


class UserQuery(NamedTuple):
    """Which users a view shows.

    ``text`` is what was typed: every word in it must occur in a user's names, email, external id, role, status or id,
    folded by ``text.search_key``. Of an id that is a UUID only the beginning counts, from four characters on: ``ed``
    occurs in every eighth one by chance. ``group_id`` keeps the members of one group. ``hide_inactive`` drops users
    known to be inactive. A query that narrows nothing is the server's own list, in its order.
    """

    text: str = ""
    group_id: str | None = None
    hide_inactive: bool = False

    @property
    def narrows(self) -> bool:
        """True if the view is a choice among the users that are loaded, False if it is the server's own list."""
        return bool(self.text.strip()) or self.group_id is not None or self.hide_inactive
