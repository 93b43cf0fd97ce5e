"""Changes of users, written to every table that depends on them."""

import sqlite3
from collections.abc import Iterable

from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.store import bulk
from walkme_tui.store.mirror.group_table import GroupTable, column
from walkme_tui.store.mirror.id_table import IdTable
from walkme_tui.store.mirror.rows import Row, user_text, user_values
from walkme_tui.store.mirror.text_table import TextTable


class UserChange:
    """A user before (None if new) and after (None if deleted); ``stored`` is the stored id."""

    __slots__ = ("after", "before", "stored")

    def __init__(self, before: MirroredUser | None, after: MirroredUser | None, stored: bytes | str) -> None:
        self.before = before
        self.after = after
        self.stored = stored


class UserWriter:
    """Collects the rows of each table for all changes, then writes table by table.

    ``loaded`` and ``with_groups`` are the differences to add to the mirror's counters.
    """

    def __init__(self, connection: sqlite3.Connection, groups: GroupTable, ids: IdTable, texts: TextTable) -> None:
        self._connection = connection
        self._groups = groups
        self._ids = ids
        self._texts = texts
        self.loaded = 0
        self.with_groups = 0
        self._new: list[Row] = []
        self._changed: list[Row] = []
        self._touched: list[Row] = []
        self._gone: list[tuple[int]] = []
        self._new_ids: list[tuple[bytes | str, int]] = []
        self._gone_ids: list[bytes | str] = []
        self._new_texts: list[tuple[int, str]] = []
        self._gone_texts: list[tuple[int, str]] = []
        self._joined: list[tuple[int, int]] = []
        self._left: list[tuple[int, int]] = []

    def apply(self, changes: Iterable[UserChange]) -> None:
        for change in changes:
            if change.before is not None:
                self._count(change.before, -1)
            if change.after is None:
                if change.before is not None:
                    self._delete(change.before, change.stored)
                continue
            self._count(change.after, 1)
            if change.before is None:
                self._insert(change.after, change.stored)
            elif change.before != change.after or not _same(change.before.user, change.after.user):
                self._update(change.before, change.after, change.stored)
        self._flush()

    def _count(self, user: MirroredUser, step: int) -> None:
        if user.position is not None:
            self.loaded += step
            if user.user.groups is not UNKNOWN:
                self.with_groups += step

    def _insert(self, after: MirroredUser, stored: bytes | str) -> None:
        row_id, user = after.row_id, after.user
        gids = self._groups.gids(after)
        values, text = user_values(user, stored, column(gids))
        self._new.append((row_id, *values, after.position, after.fetched_at_ms, after.detailed_at_ms))
        self._new_ids.append((stored, row_id))
        self._new_texts.append((row_id, text))
        if gids:
            # A server may list a group twice.
            self._joined += [(gid, row_id) for gid in (gids if len(gids) < 2 else dict.fromkeys(gids))]

    def _delete(self, before: MirroredUser, stored: bytes | str) -> None:
        self._left += [(gid, before.row_id) for gid in dict.fromkeys(self._groups.gids(before) or ())]
        self._gone.append((before.row_id,))
        self._gone_ids.append(stored)
        self._gone_texts.append((before.row_id, user_text(before.user)))

    def _update(self, before: MirroredUser, after: MirroredUser, stored: bytes | str) -> None:
        stamps = (after.position, after.fetched_at_ms, after.detailed_at_ms, after.row_id)
        same_groups = before.user.groups == after.user.groups and before.some_groups == after.some_groups
        if same_groups and _same(before.user, after.user):
            self._touched.append(stamps)
            return
        gids = self._groups.gids(after)
        values, now = user_values(after.user, stored, column(gids))
        self._changed.append((*values, *stamps))
        was = user_text(before.user)
        if was != now:
            self._gone_texts.append((after.row_id, was))
            self._new_texts.append((after.row_id, now))
        if not same_groups:
            old, new = set(self._groups.gids(before) or ()), set(gids or ())
            self._left += [(gid, after.row_id) for gid in old - new]
            self._joined += [(gid, after.row_id) for gid in new - old]

    def _flush(self) -> None:
        many = self._connection.executemany
        many("DELETE FROM users WHERE row_id = ?", self._gone)
        bulk.insert(self._connection, "users", self._new)
        many(
            "UPDATE users SET id = ?, email = ?, first_name = ?, last_name = ?, role = ?, status = ?, external_id = ?, "
            "created_at_ms = ?, updated_at_ms = ?, groups = ?, extra = ?, known = ?, name_key = ?, last_key = ?, "
            "group_count = ?, position = ?, fetched_at_ms = ?, detailed_at_ms = ? WHERE row_id = ?",
            self._changed,
        )
        many("UPDATE users SET position = ?, fetched_at_ms = ?, detailed_at_ms = ? WHERE row_id = ?", self._touched)
        self._ids.remove(self._gone_ids)
        if self._new_ids:
            self._ids.add(self._new_ids)
        self._texts.remove(self._gone_texts)
        self._texts.add(self._new_texts)
        self._groups.change_members(self._joined, self._left)


def _same(before: User, after: User) -> bool:
    """True if nothing has to be written; in Python, unlike in JSON, true equals 1 and 1 equals 1.0."""
    return before == after and (not after.extra or dumps(before.extra) == dumps(after.extra))
