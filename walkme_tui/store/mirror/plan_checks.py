"""What a plan checks among all users: who has the same name, and whether another active user has a role."""

from collections.abc import Collection
from itertools import islice
from typing import Final

from walkme_tui.domain.text import search_key, storable
from walkme_tui.domain.users import Status, User
from walkme_tui.store.mirror.conditions import NO_LIMIT, distinct
from walkme_tui.store.mirror.rows import name_key
from walkme_tui.store.mirror.tables import BATCH, Tables
from walkme_tui.store.sqlite_thread import Steps

# Names that are searched in one pass over all users.
NAMES_AT_ONCE: Final = 500


def namesakes(tables: Tables, names: Collection[str], limit: int) -> Steps[dict[str, list[User]]]:
    """Users by folded full name; at most ``limit`` of each name."""
    found: dict[str, list[User]] = {}
    wanted = iter(dict.fromkeys(storable(name) for name in names if name))
    while some := list(islice(wanted, NAMES_AT_ONCE)):
        marks = ",".join("?" * len(some))
        select = f"SELECT row_id FROM users WHERE name_key IN ({marks}) ORDER BY row_id"  # noqa: S608 - question marks
        row_ids = [row_id for (row_id,) in tables.connection.execute(select, some).fetchall()]
        yield
        for start in range(0, len(row_ids), BATCH):
            for _, user in sorted(tables.rows(row_ids[start : start + BATCH]).items()):
                name = name_key(user.user) or ""
                if len(found.get(name, ())) < limit:
                    found.setdefault(name, []).append(user.user)
            yield
    return found


def has_active(tables: Tables, role: str, besides: Collection[str]) -> Steps[bool]:
    """True if an active user with this role, compared without case, has none of these ids."""
    yield
    wanted = search_key(storable(role))
    for known in distinct(tables, "role", NO_LIMIT):
        if search_key(known) != wanted:
            continue
        select = "SELECT row_id FROM users WHERE nullif(role, '') = ? AND status = ? LIMIT ?"
        rows = tables.connection.execute(select, (known, Status.ACTIVE.value, len(besides) + 1)).fetchall()
        users = tables.rows([row_id for (row_id,) in rows]).values()
        if any(user.user.id not in besides for user in users):
            return True
    return False
