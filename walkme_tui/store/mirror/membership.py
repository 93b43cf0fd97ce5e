"""How users belong to groups, whichever these are: in none, inactive but still in some, or nobody knows."""

from typing import TYPE_CHECKING, Final

from walkme_tui.domain.groups import Belonging, MembershipGaps
from walkme_tui.store.mirror.rows import GROUPS_KNOWN

if TYPE_CHECKING:
    from walkme_tui.store.mirror.tables import Tables
    from walkme_tui.store.sqlite_thread import Steps

# Rows looked at between two looks at who else waits: a few milliseconds.
ROWS_AT_ONCE: Final = 10_000

INACTIVE: Final = "nullif(users.status, '') = 'inactive'"  # as the index of statuses has it
CONDITIONS: Final = {
    Belonging.NONE: f"users.known & {GROUPS_KNOWN} AND coalesce(users.group_count, 0) = 0",
    Belonging.LEFT_BEHIND: f"coalesce(users.group_count, 0) > 0 AND coalesce({INACTIVE}, 0)",
    Belonging.UNKNOWN: f"NOT users.known & {GROUPS_KNOWN}",
}

_COUNT: Final = (
    f"SELECT {', '.join(f'count(*) FILTER (WHERE {CONDITIONS[each]})' for each in Belonging)} "  # noqa: S608 - constants
    "FROM users WHERE row_id > ? AND row_id <= ?"
)


def gaps(tables: "Tables") -> "Steps[MembershipGaps]":
    """How many users belong to groups in each of these ways, in one walk over everybody."""
    last = tables.connection.execute("SELECT max(row_id) FROM users").fetchone()[0] or 0
    found = [0, 0, 0]
    for after in range(0, last, ROWS_AT_ONCE):
        yield
        counts = tables.connection.execute(_COUNT, (after, after + ROWS_AT_ONCE)).fetchone()
        found = [sum(pair) for pair in zip(found, counts, strict=True)]
    return MembershipGaps(*found)
