"""What a plan asks about everybody else: who has the same name, and whether somebody else has a role."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.records import storable
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import Status, User
from walkme_tui.store.search import parts
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
        for user in _users(tables, condition, values):
            if user is None:
                yield
                continue
            name = search_key(storable(user.full_name))
            if name in some and len(found.get(name, ())) < limit:
                found.setdefault(name, []).append(user)
    return found


def has_active(tables: Tables, role: str, besides: Collection[str]) -> "Steps[bool]":
    """True if an active user with this role, compared without case, has none of these ids."""
    wanted = storable(role).casefold()
    condition = "inactive = 0 AND instr(search_key, ?) > 0"
    for user in _users(tables, condition, [search_key(storable(role))]):
        if user is None:
            yield
        elif _has_role(user, wanted) and user.status == Status.ACTIVE and user.id not in besides:
            return True
    return False


def _has_role(user: User, folded: str) -> bool:
    return isinstance(user.role, str) and user.role.casefold() == folded


def _users(tables: Tables, condition: str, values: Sequence[str]) -> Iterator[User | None]:
    """The users whose row of ``search_rows`` satisfies a condition, in order; None where others may go first."""
    for part in parts(tables.connection, condition, values):
        yield None
        for start in range(0, len(part), BATCH):
            batch = part[start : start + BATCH]
            rows = tables.rows(batch)
            # Who was forgotten since is not there any more.
            yield from (rows[row_id].user for row_id in batch if row_id in rows)
            yield None
