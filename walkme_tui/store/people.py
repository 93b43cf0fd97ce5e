"""What a plan asks about everybody else: who has the same name, and whether somebody else has a role."""

from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.records import storable
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import Status, User
from walkme_tui.store.search import scan
from walkme_tui.store.tables import BATCH, Tables

if TYPE_CHECKING:
    from walkme_tui.store.sqlite_thread import Steps

# So many names are looked for in one walk over everybody.
NAMES_AT_ONCE: Final = 40


def namesakes(tables: Tables, names: Collection[str], limit: int) -> "Steps[dict[str, list[User]]]":
    """Users by their full names, both folded; at most ``limit`` of each name."""
    found: dict[str, list[User]] = {}
    wanted = iter(dict.fromkeys(storable(name) for name in names if name))
    while some := list(islice(wanted, NAMES_AT_ONCE)):
        # A search key begins with the names; "!" follows the blank that ends them.
        begins = "search_key = ? OR (search_key >= ? AND search_key < ?)"
        condition = "(" + " OR ".join([begins] * len(some)) + ")"
        values = [value for name in some for value in (name, f"{name} ", f"{name}!")]
        row_ids = yield from scan(tables.connection, condition, values)
        for start in range(0, len(row_ids), BATCH):
            rows = tables.rows(row_ids[start : start + BATCH])
            for row_id in row_ids[start : start + BATCH]:
                if row_id not in rows:  # forgotten since
                    continue
                user = rows[row_id].user
                name = search_key(storable(user.full_name))
                if name in some and len(found.get(name, ())) < limit:
                    found.setdefault(name, []).append(user)
            yield
    return found


def has_active(tables: Tables, role: str, besides: Collection[str]) -> "Steps[bool]":
    """True if an active user with this role, compared without case, has none of these ids."""
    wanted = storable(role).casefold()
    condition = "inactive = 0 AND instr(search_key, ?) > 0"
    row_ids = yield from scan(tables.connection, condition, [search_key(storable(role))])
    for start in range(0, len(row_ids), BATCH):
        for mirrored in tables.rows(row_ids[start : start + BATCH]).values():
            user = mirrored.user
            if not isinstance(user.role, str) or user.role.casefold() != wanted:
                continue
            if user.status == Status.ACTIVE and user.id not in besides:
                return True
        yield
    return False
