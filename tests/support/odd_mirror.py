"""A mirror of odd users, and the oracle directory that its searches have to agree with."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.support.odd_people import NOW_MS
from tests.support.search_oracle import Directory
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser, merged
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror import search
from walkme_tui.store.mirror.file import MirrorFile, MirrorLocation
from walkme_tui.store.mirror.layout import SORT_INDEXES
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps

R = TypeVar("R")


class OddMirror:
    """Writes everything to the mirror and to ``directory``; in memory, unless there is a ``path``."""

    def __init__(self, path: Path | None = None) -> None:
        self.file = MirrorFile(MirrorLocation(path, None, "account", None))
        self.directory = Directory(has_index=self.file.read(lambda tables: tables.texts.has_find))
        self.row_ids: dict[str, int] = {}
        self.gone: list[str] = []
        self._next_row_id = 1
        self._listed: dict[str, str | None] = {}

    def save_page(self, number: int, users: Sequence[User], total: int | None = None) -> None:
        """Save a page of the server's list with these users."""
        page = UserPage(number, len(users) or 1, tuple(users), total)
        self.file.write(partial(Tables.save_page, page=page, fetched_at_ms=NOW_MS))
        self._add_to_oracle(users)

    def save_user(self, user: User) -> None:
        """Save the result of a look-up."""
        self.file.write(partial(Tables.save_user, user=user, fetched_at_ms=NOW_MS))
        self._add_to_oracle([user])

    def forget_user(self, user_id: str) -> None:
        """Delete a user; a user that is added with this id later gets a new row id."""
        row_id = self.row_ids.pop(user_id)
        self.gone.append(user_id)
        del self.directory.people[row_id]
        self.file.write(partial(Tables.forget_users, row_ids=[row_id]))
        self._update_groups()

    def save_groups(self, groups: Sequence[Group]) -> None:
        """Save the server's list of groups."""
        self.file.write(lambda tables: tables.groups.replace_list(groups))
        self._listed = {group.id: group.name for group in groups}
        self._update_groups()

    def prepare_sorting(self) -> None:
        """Make the indexes for sorting."""
        for statement in SORT_INDEXES:
            self.file.write(partial(_execute, statement=statement))

    def _add_to_oracle(self, users: Sequence[User]) -> None:
        for user in users:
            row_id = self.row_ids.get(user.id)
            if row_id is None:
                row_id = self.row_ids[user.id] = self._next_row_id
                self._next_row_id += 1
                self.directory.people[row_id] = user
            else:
                self.directory.people[row_id] = merged(self.directory.people[row_id], user)
        self._update_groups()

    def _update_groups(self) -> None:
        groups = [user.groups for user in self.directory.people.values() if isinstance(user.groups, tuple)]
        members = {group for each in groups for group in each}
        self.directory.groups = dict.fromkeys(members, None) | self._listed

    # ------------------------------------------------------------ searching

    def matching(self, query: UserQuery, after: int = 0) -> list[int]:
        """The row ids that the mirror finds."""
        return list(self.file.read(lambda tables: result(search.matching(tables, query, after, NOW_MS))))

    def first(self, query: UserQuery, limit: int) -> list[MirroredUser]:
        """The first users that the mirror finds."""
        return self.file.read(lambda tables: result(search.first(tables, query, limit, NOW_MS)))

    def check(self, query: UserQuery, expected: list[int] | None = None) -> list[int]:
        """The row ids of a query; raises ``AssertionError`` where the mirror finds others.

        For a query with a sort the caller passes the ``expected`` ones.
        """
        if expected is None:
            expected = self.directory.kept(query, NOW_MS)
        assert self.matching(query) == expected, query
        for limit in (1, 5, 80):
            found = self.first(query, limit)
            assert [user.row_id for user in found] == expected[:limit], query
            assert [user.user for user in found] == [self.directory.people[row_id] for row_id in expected[:limit]]
        undecided = self.file.read(lambda tables: result(search.undecided(tables, query, 0, NOW_MS)))
        assert undecided.users == self.directory.undecided(query, NOW_MS), query
        middle = expected[len(expected) // 2] if expected else 1
        for after in (middle, self._next_row_id - 1):
            later = [row_id for row_id in expected if row_id > after]
            assert self.matching(query, after) == (sorted(later) if query.sort is None else later), query
        return expected


def _execute(tables: Tables, statement: str) -> None:
    tables.connection.execute(statement)


def result(steps: Steps[R]) -> R:
    """The result of a read in steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # StopIteration is not generic
