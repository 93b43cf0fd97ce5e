"""What is compared of every user, in few columns: both surfaces of an account are in memory at once."""

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from walkme_tui.domain.queries import SortKey
from walkme_tui.domain.reconcile.records import ComparedUser
from walkme_tui.domain.text import email_key, search_key, storable
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.store import bulk
from walkme_tui.store.mirror.conditions import Sql
from walkme_tui.store.mirror.emails import MOST_NAMESAKES, with_email
from walkme_tui.store.mirror.layout import SORT_EXPRESSIONS
from walkme_tui.store.mirror.rows import BITS, ID, id_from_column, stored_id
from walkme_tui.store.mirror.statements import fetched
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps

# Users that one step reads: about 30 ms.
STEP: Final = 1 << 13
TEXTS: Final = ("email", "first_name", "last_name", "external_id", "status")
COLUMNS: Final = f"row_id, {ID}, {', '.join(TEXTS)}, groups, known"
ALL: Final = sum(BITS[name] for name in (*TEXTS, "groups"))
# A user that only a list of members contains is no record of the account.
DESCRIBED: Final = "fetched_at_ms >= ? AND (position IS NOT NULL OR detailed_at_ms IS NOT NULL)"
RANGE: Final = f"FROM users WHERE row_id > ? AND row_id <= ? AND {DESCRIBED}"
THESE: Final = f"FROM users WHERE row_id IN (SELECT value FROM json_each(?)) AND {DESCRIBED}"  # noqa: S608 - constants
# The first condition is that of the index.
EXTERNAL_IDS: Final = (
    f"SELECT row_id FROM users WHERE {SORT_EXPRESSIONS[SortKey.EXTERNAL_ID]} IN (SELECT value FROM json_each(?1)) "  # noqa: S608 - constants
    "AND external_id IN (SELECT value FROM json_each(?1))"
)


def compared_users(tables: Tables, since_ms: int, like: Sequence[ComparedUser] | None) -> Steps[list[ComparedUser]]:
    """Every user that an answer described since ``since_ms``, by row id; equal lists of groups are one object.

    With ``like`` only those who have the id, the folded email or the external id of one of these.
    """
    found: list[ComparedUser] = []
    memberships: dict[str, tuple[str, ...]] = {}
    parts: Iterable[tuple[str, tuple[object, ...]]]
    if like is None:
        parts = ((RANGE, (after, last, since_ms)) for after, last in tables.row_id_ranges(STEP))
    else:
        row_ids = yield from _row_ids_like(tables, like)
        parts = ((THESE, (json.dumps(row_ids[at : at + STEP]), since_ms)) for at in range(0, len(row_ids), STEP))
    for source, values in parts:
        for row in bulk.rows(tables.connection, COLUMNS, source, values):
            groups = row[7]
            if groups is not None:
                ids = memberships.get(groups)
                if ids is None:
                    ids = memberships[groups] = tables.groups.ids(groups)
                row[7] = ids
            found.append(_compared(row))
        yield
    return sorted(found, key=attrgetter("row_id"))


def _row_ids_like(tables: Tables, like: Sequence[ComparedUser]) -> Steps[list[int]]:
    """Row ids of the users with the id, the folded email or the external id of one of these."""
    found = {*tables.ids.find({stored_id(storable(user.id)) for user in like}).values()}
    external_ids = {storable(each) for user in like if isinstance(each := user.external_id, str) and each}
    found.update(fetched(tables, Sql(EXTERNAL_IDS, (json.dumps([*external_ids]),))))
    yield
    for email in {search_key(email_key(storable(user.email))) for user in like if isinstance(user.email, str)} - {""}:
        found.update(fetched(tables, with_email(tables, email, (), MOST_NAMESAKES)))
        yield
    return sorted(found)


def _compared(row: list[Any]) -> ComparedUser:
    known = row.pop()
    row[1] = id_from_column(row[1])
    if known & ALL != ALL:
        for place, name in enumerate((*TEXTS, "groups"), 2):
            if not known & BITS[name]:
                row[place] = UNKNOWN
    return ComparedUser(*row)
