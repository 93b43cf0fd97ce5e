"""How many users are in no group, inactive but still in groups, or of unknown groups."""

from typing import Final

from walkme_tui.domain.groups import Belonging, MembershipGaps
from walkme_tui.store.mirror.rows import GROUPS_KNOWN
from walkme_tui.store.mirror.tables import RANGE_ROWS, Tables
from walkme_tui.store.sqlite_thread import Steps

INACTIVE: Final = "nullif(users.status, '') = 'inactive'"  # the expression of the index by status
CONDITIONS: Final = {
    Belonging.NONE: f"users.known & {GROUPS_KNOWN} AND coalesce(users.group_count, 0) = 0",
    Belonging.STILL_IN_GROUPS: f"coalesce(users.groups, '') <> '' AND coalesce({INACTIVE}, 0)",
    Belonging.UNKNOWN: f"NOT users.known & {GROUPS_KNOWN}",
}

_COUNT: Final = (
    f"SELECT {', '.join(f'count(*) FILTER (WHERE {CONDITIONS[each]})' for each in Belonging)} "  # noqa: S608 - constants
    "FROM users WHERE row_id > ? AND row_id <= ?"
)


def count_gaps(tables: Tables) -> Steps[MembershipGaps]:
    """The three counts, from one pass over all users."""
    found = [0, 0, 0]
    for after, last in tables.row_id_ranges(RANGE_ROWS):
        counts = tables.connection.execute(_COUNT, (after, last)).fetchone()
        found = [sum(pair) for pair in zip(found, counts, strict=True)]
        yield
    return MembershipGaps(*found)
