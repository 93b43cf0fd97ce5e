"""Queries for users: filter and order."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.domain.groups import Belonging


class SortKey(StrEnum):
    """The sort keys of users; ``LISTED`` is their position in the server's list."""

    EMAIL = "email"
    NAME = "name"
    FIRST = "first"
    LAST = "last"
    ROLE = "role"
    STATUS = "status"
    GROUPS = "groups"
    UPDATED = "updated"
    CREATED = "created"
    EXTERNAL_ID = "externalId"
    LISTED = "listed"


SORT_NAMES: Final[Mapping[SortKey, str]] = MappingProxyType(
    {
        SortKey.EMAIL: "email",
        SortKey.NAME: "name",
        SortKey.FIRST: "first name",
        SortKey.LAST: "last name",
        SortKey.ROLE: "role",
        SortKey.STATUS: "status",
        SortKey.GROUPS: "number of groups",
        SortKey.UPDATED: "time of the last update",
        SortKey.CREATED: "time of creation",
        SortKey.EXTERNAL_ID: "external id",
        SortKey.LISTED: "place in the server's list",
    }
)
"""The names of sort keys in sentences."""


BROUGHT_FORWARD: Final = 100
"""Without a sort, up to so many users with the words of a filter as whole words come first."""


class Sort(NamedTuple):
    """A sort order; users with an unknown or empty key come last in both directions."""

    key: SortKey
    reverse: bool = False


class UserQuery(NamedTuple):
    """The users that a view shows.

    ``text`` is what was typed, in the language of ``domain.filters``. ``group_id`` keeps the members of one group,
    ``without_group_id`` drops those of another, ``belonging`` keeps those who belong to groups in this way.
    ``hide_inactive`` drops users known to be inactive. Without a ``sort``, filtered users are in the order in which
    they were first stored, except that those with the words of ``text`` as whole words come first (``BROUGHT_FORWARD``
    of them). A query without filter and sort is the server's list, in its order.
    """

    text: str = ""
    group_id: str | None = None
    hide_inactive: bool = False
    sort: Sort | None = None
    without_group_id: str | None = None
    belonging: Belonging | None = None

    @property
    def narrows(self) -> bool:
        """True if the view filters the loaded users."""
        grouped = (self.group_id, self.without_group_id, self.belonging) != (None, None, None)
        return bool(self.text.strip()) or self.hide_inactive or grouped

    @property
    def required_fields(self) -> tuple[str, ...]:
        """The attributes of ``User`` that decide whether the view shows a user."""
        from walkme_tui.domain.filters import parse_filter, required_fields

        fields = {field: None for each in parse_filter(self.text).conditions for field in required_fields(each.test)}
        if (self.group_id, self.without_group_id) != (None, None):
            fields["groups"] = None
        if self.hide_inactive:
            fields["status"] = None
        return tuple(fields)

    @property
    def is_list(self) -> bool:
        """True if the view is the server's list itself, unloaded positions included."""
        return not self.narrows and self.sort is None
