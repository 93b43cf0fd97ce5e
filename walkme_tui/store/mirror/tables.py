"""Reads and writes of the mirror's tables over one connection, on the thread that owns it.

``file`` begins and ends the transactions.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored, UnreadableRow, Update, changed_fields, merged
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.text import storable
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User, UserPage
from walkme_tui.store import bulk
from walkme_tui.store.mirror.group_table import GroupTable
from walkme_tui.store.mirror.id_table import IdTable
from walkme_tui.store.mirror.rows import GROUPS_KNOWN, LAST_POSITION, USER_COLUMNS, WIDTH, mirrored_user, stored_id
from walkme_tui.store.mirror.text_table import TextTable
from walkme_tui.store.mirror.user_writer import UserChange, UserWriter
from walkme_tui.store.sqlite_thread import Steps

BATCH: Final = 200
MAX_TOTAL: Final = 1 << 60
# The oldest request, before the latest look-up of a user, whose answer is taken for outdated; if the difference is
# larger, the clock was set back.
OUTDATED_MS: Final = 120_000
# Rows that a scan reads in one step: a few milliseconds.
RANGE_ROWS: Final = 10_000


class MirrorState:
    """Counters in the single row of the table ``state``."""

    def __init__(self, total: int | None, loaded: int, with_groups: int, next_row_id: int) -> None:
        self.total = total
        self.loaded = loaded
        self.with_groups = with_groups
        self.next_row_id = next_row_id


class Tables:
    """The mirror's tables over one open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.groups = GroupTable(connection)
        self.ids = IdTable(connection)
        self.texts = TextTable(connection, bool(self._one("SELECT has_find FROM state")[0]))

    def begin(self) -> None:
        """Start a transaction before which another process may have changed the tables."""
        self.groups.clear_cache()
        self.ids.begin()

    def clear_caches(self) -> None:
        """Clear what is cached of the tables, after a transaction was rolled back."""
        self.groups.clear_cache()
        self.ids.clear_cache()

    # ------------------------------------------------------------ reading

    def coverage(self) -> Coverage:
        """How much of the account is stored."""
        state = self._state()
        oldest = self._one("SELECT min(fetched_at_ms) FROM users WHERE position IS NOT NULL")
        return Coverage(state.loaded, state.total, state.with_groups, oldest[0], self._sweep())

    def _sweep(self) -> Sweep | None:
        """The latest sweep, None before the first or where another version stored one that this one cannot read."""
        text = self._one("SELECT sweep FROM state")[0]
        try:
            return None if text is None else Sweep(**json.loads(text))
        except (TypeError, ValueError):
            return None

    def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """The rows at positions ``first`` to ``last``; positions that were not fetched are missing."""
        columns = f"{USER_COLUMNS}, positions.position, positions.problem, positions.fetched_at_ms"
        source = "FROM positions LEFT JOIN users USING (row_id) WHERE positions.position BETWEEN ? AND ?"
        found: dict[int, ListedRow] = {}
        for row in bulk.rows(self.connection, columns, source, (max(first, 0), min(last, LAST_POSITION))):
            position, problem, fetched_at_ms = row[WIDTH:]
            if row[0] is None:
                found[position] = UnreadableRow(position, problem or "", fetched_at_ms or 0)
            else:
                found[position] = mirrored_user(row, self.groups.ids)
        return found

    def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids."""
        found: dict[int, MirroredUser] = {}
        for start in range(0, len(row_ids), BATCH):
            batch = row_ids[start : start + BATCH]
            source = f"FROM users WHERE row_id IN ({','.join('?' * len(batch))})"
            users = bulk.rows(self.connection, USER_COLUMNS, source, batch)
            found.update((row[0], mirrored_user(row, self.groups.ids)) for row in users)
        return found

    def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        return next(iter(self._by_stored_id([stored_id(storable(user_id))]).values()), None)

    def users(self, user_ids: Collection[str]) -> Steps[dict[str, MirroredUser]]:
        """Users by id."""
        ids = [stored_id(storable(user_id)) for user_id in user_ids]
        found: dict[str, MirroredUser] = {}
        for start in range(0, len(ids), BATCH):
            found |= self._by_stored_id(ids[start : start + BATCH])
            yield
        return found

    def _by_stored_id(self, ids: Sequence[bytes | str]) -> dict[str, MirroredUser]:
        """The users with these stored ids, by id."""
        found = self.ids.find(ids)
        return {user.user.id: user for user in self.rows(sorted(found.values())).values()} if found else {}

    # ------------------------------------------------------------ writing

    def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        """Store a page's rows at their positions and its users."""
        state = self._state()
        shrunk = False
        if page.total is not None:
            state.total = min(page.total, MAX_TOTAL)
            shrunk = self._delete_positions(state, state.total)
        end = page.first_position + max(page.page_size, len(page.rows))
        rows = page.rows if page.total is None else page.rows[: max(0, page.total - page.first_position)]
        changes = self._changes((row for row in page.rows if isinstance(row, User)), state, fetched_at_ms)
        self._place(page.first_position, end, rows, changes, fetched_at_ms)
        self._write(changes.values(), state)
        return self._stored(changes, shrunk)

    def _stored(self, changes: dict[str, UserChange], shrunk: bool) -> Stored:
        added: list[str] = []
        updated: list[Update] = []
        moved = shrunk
        for user_id, change in changes.items():
            before, after = change.before, change.after
            if before is None:
                added.append(user_id)
            elif after is not None and before is not after:
                moved = moved or before.position != after.position
                if before.user != after.user:
                    updated.append(Update(user_id, changed_fields(before.user, after.user)))
        return Stored(self.coverage(), tuple(added), tuple(updated), moved)

    def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store what a look-up of one user answered."""
        state = self._state()
        change = self._changes([user], state, fetched_at_ms)[user.id]
        assert change.after is not None  # noqa: S101 - answers delete no user
        change.after = change.after._replace(detailed_at_ms=fetched_at_ms)
        self._write([change], state)
        return change.after

    def add_unlisted(self, users: Sequence[User], group_id: str, fetched_at_ms: int) -> list[int]:
        """Store new users, each once, that only a list of the members of this group described; returns row ids."""
        state = self._state()
        first = state.next_row_id
        state.next_row_id += len(users)
        row_ids = list(range(first, state.next_row_id))
        self._write(
            [
                UserChange(None, MirroredUser(row_id, user, None, fetched_at_ms, None, (group_id,)), stored_id(user.id))
                for row_id, user in zip(row_ids, users, strict=True)
            ],
            state,
        )
        return row_ids

    def write_users(self, users: Iterable[tuple[MirroredUser, MirroredUser]]) -> None:
        """Store known users, each before and after a change."""
        self._write([UserChange(before, now, stored_id(now.user.id)) for before, now in users], self._state())

    def forget_users(self, row_ids: Sequence[int]) -> None:
        """Delete users and their positions."""
        state = self._state()
        users = self.rows(row_ids).values()
        self.connection.executemany("DELETE FROM positions WHERE row_id = ?", [(user.row_id,) for user in users])
        self._write([UserChange(user, None, stored_id(user.user.id)) for user in users], state)

    def save_sweep(self, sweep: Sweep) -> None:
        """Store how far the sweep is."""
        self.connection.execute("UPDATE state SET sweep = ?", (json.dumps(sweep._asdict()),))

    def older_than(self, moment_ms: int, limit: int) -> list[int]:
        """Row ids of at most ``limit`` users that were not fetched since ``moment_ms``."""
        found: list[int] = []
        for condition in ("position IS NOT NULL", "position IS NULL"):  # each has an index by age
            rows = self.connection.execute(
                f"SELECT row_id FROM users WHERE {condition} AND fetched_at_ms < ? LIMIT ?",  # noqa: S608 - constants
                (moment_ms, limit - len(found)),
            ).fetchall()
            found += [row_id for (row_id,) in rows]
        return found

    def _changes(self, users: Iterable[User], state: MirrorState, fetched_at_ms: int) -> dict[str, UserChange]:
        """The changes that fetched users make to the stored ones, by user id; new users get row ids."""
        fetched: dict[str, User] = {}
        for user in users:
            fetched[user.id] = merged(fetched[user.id], user) if user.id in fetched else user
        stored = [stored_id(key) for key in fetched]
        before = self._by_stored_id(stored)
        changes: dict[str, UserChange] = {}
        for (user_id, user), key in zip(fetched.items(), stored, strict=True):
            known = before.get(user_id)
            if known is None:
                after = MirroredUser(state.next_row_id, user, None, fetched_at_ms, None)
                state.next_row_id += 1
            else:
                newest = max(known.fetched_at_ms, fetched_at_ms)
                older, newer = (user, known.user) if _is_outdated(known, fetched_at_ms) else (known.user, user)
                after = known._replace(user=merged(older, newer), fetched_at_ms=newest)
                if (known.user.groups is UNKNOWN) is not (after.user.groups is UNKNOWN):
                    after = after._replace(some_groups=self._still_in(known, after.user))
            changes[user_id] = UserChange(known, after, key)
        return changes

    def _still_in(self, before: MirroredUser, now: User) -> tuple[str, ...]:
        """Of a user whose groups became known, none; of one whose groups became unknown, the groups that list them."""
        if now.groups is not UNKNOWN:
            return ()
        read = self.groups.read()
        return tuple(dict.fromkeys(group for group in before.held_groups if group in read))

    def _place(
        self,
        first: int,
        end: int,
        rows: Sequence[User | UnreadableRecord],
        changes: dict[str, UserChange],
        fetched_at_ms: int,
    ) -> None:
        """Replace positions ``first`` up to ``end``, and set the lowest position of every user concerned."""
        placed: list[tuple[int, int]] = []
        unreadable: list[tuple[int, str, int]] = []
        lowest: dict[str, int] = {}
        for position, row in enumerate(rows, start=first):
            if isinstance(row, User):
                after = changes[row.id].after
                assert after is not None  # noqa: S101 - answers delete no user
                placed.append((position, after.row_id))
                lowest.setdefault(row.id, position)
            else:
                unreadable.append((position, storable(row.reason), fetched_at_ms))
        previous = self._clear_positions(first, end)
        # Columns that would be NULL are left out: binding a None takes as long as binding ten numbers.
        bulk.insert(self.connection, "positions (position, row_id)", placed)
        bulk.insert(self.connection, "positions (position, problem, fetched_at_ms)", unreadable)
        for change in changes.values():
            if change.after is not None:
                row_id, user, _, fetched, detailed, some_groups = change.after
                previous.discard(row_id)
                here = lowest.get(user.id)
                place = here if change.before is None else self._lowest(change.before, first, end, here)
                change.after = MirroredUser(row_id, user, place, fetched, detailed, some_groups)
        for gone in self.rows(sorted(previous)).values():
            elsewhere = gone._replace(position=self._lowest(gone, first, end, None))
            changes[gone.user.id] = UserChange(gone, elsewhere, stored_id(gone.user.id))

    def _clear_positions(self, first: int, end: int) -> set[int]:
        """Delete positions ``first`` up to ``end``; returns the row ids of their users."""
        stood = self.connection.execute(
            "SELECT row_id FROM positions WHERE position >= ? AND position < ? AND row_id IS NOT NULL", (first, end)
        ).fetchall()
        self.connection.execute("DELETE FROM positions WHERE position >= ? AND position < ?", (first, end))
        return {row_id for (row_id,) in stood}

    def _lowest(self, user: MirroredUser, first: int, end: int, here: int | None) -> int | None:
        """A user's lowest position after ``first`` up to ``end`` were replaced; ``here`` is the lowest of the new."""
        before = user.position
        if before is not None and (before < first or (here is None and before >= end)):
            return before
        if here is not None or before is None:
            return here
        found = self._one("SELECT min(position) FROM positions WHERE row_id = ?", user.row_id)
        return None if found[0] is None else int(found[0])

    def _delete_positions(self, state: MirrorState, total: int) -> bool:
        """Delete the positions from ``total`` on; True if there were any.

        A user whose lowest position is among them has no other one, so one statement updates all of them: a server
        that claims a total of 0 for a moment must not cost a minute.
        """
        last = self._one("SELECT max(position) FROM positions")[0]
        if last is None or last < total:
            return False
        behind = "position >= ?1 AND row_id IN (SELECT row_id FROM positions WHERE position >= ?1)"
        lost, lost_with_groups = self._one(
            f"SELECT count(*), coalesce(sum(known & {GROUPS_KNOWN} > 0), 0) FROM users WHERE {behind}",  # noqa: S608
            total,
        )
        self.connection.execute(f"UPDATE users SET position = NULL WHERE {behind}", (total,))  # noqa: S608
        self.connection.execute("DELETE FROM positions WHERE position >= ?", (total,))
        state.loaded -= lost
        state.with_groups -= lost_with_groups
        return True

    def _write(self, changes: Iterable[UserChange], state: MirrorState) -> None:
        written = UserWriter(self.connection, self.groups, self.ids, self.texts)
        written.apply(changes)
        # With the WHERE, SQLite knows that this updates one row, and makes no savepoint, at which the full-text index
        # would write its pending entries.
        self.connection.execute(
            "UPDATE state SET total = ?, loaded = ?, with_groups = ?, next_row_id = ? WHERE only_row = 1",
            (
                state.total,
                state.loaded + written.loaded,
                state.with_groups + written.with_groups,
                state.next_row_id,
            ),
        )

    def has_index(self, name: str) -> bool:
        """True if this index exists: those for sorting are made once the mirror is complete."""
        select = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?"
        return self.connection.execute(select, (name,)).fetchone() is not None

    def row_id_ranges(self, rows: int) -> Iterator[tuple[int, int]]:
        """Ranges that together contain all row ids, each from above its first number up to its last."""
        end = self.next_row_id()
        for after in range(0, end, rows):
            yield after, after + rows

    def next_row_id(self) -> int:
        """The row id that the next new user gets; all others are lower."""
        return self._state().next_row_id

    def _state(self) -> MirrorState:
        return MirrorState(*self._one("SELECT total, loaded, with_groups, next_row_id FROM state"))

    def _one(self, statement: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self.connection.execute(statement, values).fetchone()
        return row


def _is_outdated(known: MirroredUser, requested_at_ms: int) -> bool:
    """True for the answer to a request from before the latest look-up: a read-back is newer than a page under way."""
    return known.detailed_at_ms is not None and 0 < known.detailed_at_ms - requested_at_ms <= OUTDATED_MS
