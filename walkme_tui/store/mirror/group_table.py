"""The mirror's groups: their numbers (gids), ids, names, and known members."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import search_key, storable
from walkme_tui.store import bulk
from walkme_tui.store.mirror.rows import folded_name

# Other groups have lost their last known member, and are deleted with the next list of groups.
_KNOWN: Final = "(listed = 1 OR members > 0)"
# While a newer list of members is being stored, and after that was interrupted, the members are neither of the two.
_READ_AT_MS: Final = "CASE WHEN reading_at_ms IS NULL THEN read_at_ms END"
_WAS_READ: Final = "(read_at_ms IS NOT NULL OR reading_at_ms IS NOT NULL)"


class GroupTable:
    """Reads and writes groups and memberships over one connection, and caches the numbers of groups."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._gids: dict[str, int] = {}
        self._ids: dict[str, str] = {}

    def clear_cache(self) -> None:
        """Clear the cached numbers, because another process or a rollback may have changed the table."""
        self._gids.clear()
        self._ids.clear()

    def ids(self, column: str) -> tuple[str, ...]:
        """The group ids behind a user's column ``groups``, in order."""
        if not column:
            return ()
        numbers = column.split(",")
        try:
            return tuple([self._ids[number] for number in numbers])
        except KeyError:
            # A gid is never given to another group, so the cache cannot be wrong, only incomplete.
            self._ids = {str(gid): group for gid, group in self._connection.execute("SELECT gid, id FROM groups")}
        try:
            return tuple([self._ids[number] for number in numbers])
        except KeyError as error:
            raise sqlite3.DatabaseError("a user is in a group that is missing") from error

    def gids(self, user: MirroredUser) -> list[int] | None:
        """The numbers of the groups of a user, None where none is known; new groups are inserted."""
        groups = user.user.groups
        if not isinstance(groups, tuple):
            if not user.some_groups:
                return None
            groups = user.some_groups
        known = self._gids.get
        return [known(group) or self._gid(group) for group in groups]

    def _gid(self, group_id: str) -> int:
        gid = self.find(group_id)
        if gid is None:
            gid = self._connection.execute("INSERT INTO groups (id) VALUES (?)", (group_id,)).lastrowid
        assert gid is not None  # noqa: S101 - an INSERT that raised nothing has one
        self._gids[group_id] = gid
        return gid

    def find(self, group_id: str) -> int | None:
        """The number of a group; None if the mirror does not know it."""
        row = self._connection.execute("SELECT gid FROM groups WHERE id = ?", (storable(group_id),)).fetchone()
        return None if row is None else int(row[0])

    def named(self, name: str) -> list[int]:
        """The groups with this folded name or id; if there are none, all whose name begins with it."""
        rows = self._connection.execute(f"SELECT gid, id, name FROM groups WHERE {_KNOWN}").fetchall()  # noqa: S608
        folded = [(gid, folded_name(group_id), folded_name(label or "")) for gid, group_id, label in rows]
        whole = [gid for gid, group_id, label in folded if name in {group_id, label}]
        return whole or [gid for gid, _, label in folded if label.startswith(name)]

    def were_read(self, gids: Sequence[int]) -> bool:
        """True if each of these groups has listed its members."""
        marks = ",".join(map(str, gids))
        select = f"SELECT count({_READ_AT_MS}) FROM groups WHERE gid IN ({marks})"  # noqa: S608 - numbers
        return int(self._connection.execute(select).fetchone()[0]) == len(gids)

    def read(self) -> set[str]:
        """The ids of the groups that have listed their members."""
        found = self._connection.execute(f"SELECT id FROM groups WHERE {_WAS_READ}").fetchall()  # noqa: S608
        return {group_id for (group_id,) in found}

    def members(self, gids: Sequence[int]) -> int:
        """The number of known memberships in these groups together."""
        marks = ",".join(map(str, gids))
        select = f"SELECT coalesce(sum(members), 0) FROM groups WHERE gid IN ({marks})"  # noqa: S608 - numbers
        return int(self._connection.execute(select).fetchone()[0])

    def replace_list(self, groups: Sequence[Group]) -> None:
        """Store the server's list of groups; others stay, without a name, while they have members."""
        self._connection.execute("UPDATE groups SET name = NULL, listed = 0")
        self._connection.executemany(
            "INSERT INTO groups (id, name, listed) VALUES (?, ?, 1) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, listed = 1",
            [(storable(group.id), None if group.name is None else storable(group.name)) for group in groups],
        )
        self.delete_unused()

    def delete(self, group_id: str) -> None:
        """Delete a group that has no members."""
        self._connection.execute("DELETE FROM groups WHERE id = ? AND members = 0", (storable(group_id),))
        self.clear_cache()

    def delete_unused(self) -> None:
        """Delete the groups that are not in the server's list and have no members."""
        self._connection.execute("DELETE FROM groups WHERE listed = 0 AND members = 0")
        self.clear_cache()

    def vanished(self) -> list[str]:
        """The groups that have listed their members, and are not in the server's list any more."""
        select = f"SELECT id FROM groups WHERE listed = 0 AND {_WAS_READ}"  # noqa: S608 - constants
        return [group_id for (group_id,) in self._connection.execute(select).fetchall()]

    def change_members(self, joined: Sequence[tuple[int, int]], left: Sequence[tuple[int, int]]) -> None:
        """Add and remove memberships, distinct pairs (gid, row_id), and update the numbers of members."""
        if not joined and not left:
            return
        self._connection.executemany("DELETE FROM memberships WHERE gid = ? AND row_id = ?", left)
        bulk.insert(self._connection, "memberships", joined)
        sizes = Counter([gid for gid, _ in joined])
        sizes.subtract([gid for gid, _ in left])
        self._connection.executemany(
            "UPDATE groups SET members = members + ? WHERE gid = ?", [(change, gid) for gid, change in sizes.items()]
        )

    def begin_reading(self, group: Group, read_at_ms: int) -> None:
        """Note that a list of the members of a group, requested at ``read_at_ms``, is being stored."""
        name = None if group.name is None else storable(group.name)
        self._connection.execute(
            "INSERT INTO groups (id, name, listed, reading_at_ms) VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET "
            "name = coalesce(excluded.name, name), listed = 1, reading_at_ms = excluded.reading_at_ms",
            (storable(group.id), name, read_at_ms),
        )

    def is_reading(self, group_id: str, read_at_ms: int) -> bool:
        """False where another list of members has begun since, or the mirror was made anew."""
        select = "SELECT 1 FROM groups WHERE id = ? AND reading_at_ms = ?"
        return self._connection.execute(select, (storable(group_id), read_at_ms)).fetchone() is not None

    def end_reading(self, group_id: str, strangers: int, read_at_ms: int) -> bool:
        """Note that all of the list is stored, without ``strangers`` ids; False like ``is_reading``."""
        ended = self._connection.execute(
            "UPDATE groups SET read_at_ms = ?1, reading_at_ms = NULL, strangers = ?2 "
            "WHERE id = ?3 AND reading_at_ms = ?1",
            (read_at_ms, strangers, storable(group_id)),
        )
        return ended.rowcount == 1

    def sizes(self) -> tuple[GroupSize, ...]:
        """All groups that are listed or have members, sorted by name."""
        columns = f"id, name, members, {_READ_AT_MS}, strangers"
        rows = self._connection.execute(f"SELECT {columns} FROM groups WHERE {_KNOWN}").fetchall()  # noqa: S608
        found = [GroupSize(Group(group_id, name), *counts) for group_id, name, *counts in rows]
        return tuple(sorted(found, key=lambda size: (search_key(size.group.label), size.group.label, size.group.id)))


def column(gids: Sequence[int] | None) -> str | None:
    """The value of the column ``groups`` for these groups."""
    return None if gids is None else ",".join(map(str, gids))
