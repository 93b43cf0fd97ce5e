"""Users as they were and as they are to be, written to every table that tells of them."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.store.group_table import GroupTable, pairs
from walkme_tui.store.rows import UNLISTED, Row, is_inactive, user_search_key, user_values


@dataclass(slots=True)
class Change:
    """One user before and after; None where the mirror did not know them, or is to forget them."""

    before: MirroredUser | None
    after: MirroredUser | None


class UserChanges:
    """Collects what changes mean for each table and writes it in one go.

    ``loaded`` and ``with_groups`` are by how much the mirror's counts change.
    """

    def __init__(self, connection: sqlite3.Connection, groups: GroupTable) -> None:
        self._connection = connection
        self._groups = groups
        self.loaded = 0
        self.with_groups = 0
        self._new: list[Row] = []
        self._changed: list[Row] = []
        self._touched: list[Row] = []
        self._new_search: list[Row] = []
        self._changed_search: list[Row] = []
        self._moved_search: list[Row] = []
        self._joined: list[tuple[int, int]] = []
        self._left: list[tuple[int, int]] = []

    def apply(self, changes: Iterable[Change]) -> None:
        """Write all changes."""
        for change in changes:
            self._count(change.before, -1)
            self._count(change.after, 1)
            if change.after is None:
                if change.before is not None:
                    self._delete(change.before)
            elif change.before is None:
                self._insert(change.after)
            else:
                self._update(change.before, change.after)
        self._flush()

    def _count(self, user: MirroredUser | None, step: int) -> None:
        if user is not None and user.position is not None:
            self.loaded += step
            if user.user.groups is not UNKNOWN:
                self.with_groups += step

    def _insert(self, user: MirroredUser) -> None:
        column = self._groups.column(user.user)
        self._new.append(
            (
                user.row_id,
                *user_values(user.user, column),
                user.position,
                user.fetched_at_ms,
                user.detailed_at_ms,
            )
        )
        self._new_search.append((*_place(user), is_inactive(user.user), user_search_key(user.user)))
        self._joined += pairs(column, user.row_id)

    def _delete(self, user: MirroredUser) -> None:
        self._left += pairs(self._groups.column(user.user), user.row_id)
        self._connection.execute("DELETE FROM users WHERE row_id = ?", (user.row_id,))
        self._connection.execute("DELETE FROM search_rows WHERE position = ? AND row_id = ?", _place(user))

    def _update(self, before: MirroredUser, after: MirroredUser) -> None:
        stamps = (after.position, after.fetched_at_ms, after.detailed_at_ms, after.row_id)
        if _same(before.user, after.user):
            if before != after:
                self._touched.append(stamps)
            if before.position != after.position:
                self._moved_search.append((_place(after)[0], *_place(before)))
            return
        column = self._groups.column(after.user)
        self._changed.append((*user_values(after.user, column), *stamps))
        self._changed_search.append(
            (_place(after)[0], is_inactive(after.user), user_search_key(after.user), *_place(before))
        )
        if before.user.groups != after.user.groups:
            was = set(pairs(self._groups.column(before.user), after.row_id))
            now = set(pairs(column, after.row_id))
            self._left += was - now
            self._joined += now - was

    def _flush(self) -> None:
        many = self._connection.executemany
        many(f"INSERT INTO users VALUES ({','.join('?' * 17)})", self._new)  # noqa: S608 - question marks
        many(
            "UPDATE users SET id = ?, email = ?, first_name = ?, last_name = ?, role = ?, status = ?, external_id = ?, "
            "created_at_ms = ?, updated_at_ms = ?, groups = ?, extra = ?, known = ?, email_crc = ?, position = ?, "
            "fetched_at_ms = ?, detailed_at_ms = ? WHERE row_id = ?",
            self._changed,
        )
        many("UPDATE users SET position = ?, fetched_at_ms = ?, detailed_at_ms = ? WHERE row_id = ?", self._touched)
        many("INSERT INTO search_rows VALUES (?, ?, ?, ?)", self._new_search)
        many(
            "UPDATE search_rows SET position = ?, inactive = ?, search_key = ? WHERE position = ? AND row_id = ?",
            self._changed_search,
        )
        many("UPDATE search_rows SET position = ? WHERE position = ? AND row_id = ?", self._moved_search)
        self._groups.change_members(self._joined, self._left)


def _same(before: User, after: User) -> bool:
    """True if nothing has to be written; in Python, not in JSON, true equals 1 and 1 equals 1.0."""
    return before == after and (not after.extra or json.dumps(before.extra) == json.dumps(after.extra))


def _place(user: MirroredUser) -> tuple[int, int]:
    """The key of a user in ``search_rows``."""
    return (UNLISTED if user.position is None else user.position, user.row_id)
