"""What is compared of every user, in few columns: both surfaces of an account are in memory at once."""

import json
from collections.abc import Sequence
from typing import Any, Final

from walkme_tui.domain.reconcile.records import ComparedUser
from walkme_tui.domain.text import storable
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.store import bulk
from walkme_tui.store.mirror.rows import BITS, ID, id_from_column, stored_id
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import folded_value
from walkme_tui.store.sqlite_thread import Steps

# Users that one step reads: about 30 ms.
STEP: Final = 1 << 13
TEXTS: Final = ("email", "first_name", "last_name", "external_id", "status")
COLUMNS: Final = f"row_id, {ID}, {', '.join(TEXTS)}, groups, known"
ALL: Final = sum(BITS[name] for name in (*TEXTS, "groups"))
# A user that only a list of members contains is no record of the account.
SOURCE: Final = (
    "FROM users WHERE row_id > ? AND row_id <= ? AND fetched_at_ms >= ? "
    "AND (position IS NOT NULL OR detailed_at_ms IS NOT NULL)"
)
LIKE: Final = (
    " AND (row_id IN (SELECT value FROM json_each(?)) OR external_id IN (SELECT value FROM json_each(?)) "
    "OR folded(email) IN (SELECT value FROM json_each(?)))"
)


def compared_users(tables: Tables, since_ms: int, like: Sequence[ComparedUser] | None) -> Steps[list[ComparedUser]]:
    """Every user that an answer described since ``since_ms``, by row id; equal lists of groups are one object.

    With ``like`` only those who have the id, the folded email or the external id of one of these.
    """
    source, wanted = (SOURCE, ()) if like is None else (SOURCE + LIKE, _wanted(tables, like))
    found: list[ComparedUser] = []
    memberships: dict[str, tuple[str, ...]] = {}
    for after, last in tables.row_id_ranges(STEP):
        for row in bulk.rows(tables.connection, COLUMNS, source, (after, last, since_ms, *wanted)):
            groups = row[7]
            if groups is not None:
                ids = memberships.get(groups)
                if ids is None:
                    ids = memberships[groups] = tables.groups.ids(groups)
                row[7] = ids
            found.append(_compared(row))
        yield
    return found


def _wanted(tables: Tables, like: Sequence[ComparedUser]) -> tuple[str, ...]:
    """The values of ``LIKE``."""
    row_ids = [*tables.ids.find({stored_id(storable(user.id)) for user in like}).values()]
    external_ids = [
        storable(user.external_id) for user in like if isinstance(user.external_id, str) and user.external_id
    ]
    emails = [folded_value(storable(user.email)) for user in like if isinstance(user.email, str) and user.email]
    return tuple(json.dumps(values) for values in (row_ids, external_ids, emails))


def _compared(row: list[Any]) -> ComparedUser:
    known = row.pop()
    row[1] = id_from_column(row[1])
    if known & ALL != ALL:
        for place, name in enumerate((*TEXTS, "groups"), 2):
            if not known & BITS[name]:
                row[place] = UNKNOWN
    return ComparedUser(*row)
