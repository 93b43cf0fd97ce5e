"""The mirror: the local copy of the account, in SQLite."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final, TypeVar

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror_file import DAY_SECONDS, MirrorFile, MirrorPlace
from walkme_tui.store.people import has_active, namesakes
from walkme_tui.store.search import matching
from walkme_tui.store.sqlite_thread import Closed, SqliteThread, Steps, Urgency
from walkme_tui.store.tables import Tables

if TYPE_CHECKING:
    from array import array

R = TypeVar("R")

# Users deleted for their age in one transaction: about 20 ms, so that nobody waits long behind it.
AGED_AT_ONCE: Final = 500


def open_mirror(
    path: Path | None,
    *,
    account_key: str,
    runtime_folder: Path | None = None,
    max_age_days: float | None = None,
) -> "SqliteMirror":
    """The mirror in the file at ``path``, None for one in memory; the file is opened by the first call, on a thread.

    ``account_key`` says whose people these are: a file made for another key is deleted and made anew.
    ``runtime_folder`` takes the file where ``path`` lies on a network drive. Users whom no answer has described for
    ``max_age_days`` are deleted after the first reading.
    """
    return SqliteMirror(MirrorPlace(path, runtime_folder, account_key, max_age_days))


class SqliteMirror:
    """``services.ports.Mirror`` over one SQLite file; calls raise ``MirrorUnavailable`` and nothing else expected."""

    def __init__(self, place: MirrorPlace) -> None:
        self._file = MirrorFile(place)
        self._thread = SqliteThread("mirror", self._file.interrupt)
        self._max_age_days = place.max_age_days
        self._aged = place.max_age_days is None

    @property
    def notices(self) -> Sequence[str]:
        """What the person should know, in full sentences."""
        return tuple(self._file.notices)

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Coverage:
        """Put a page's rows at their positions and update its users, in one transaction."""
        return await self._write(lambda tables: tables.save_page(page, fetched_at_ms))

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store what a look-up of one user answered."""
        return await self._write(lambda tables: tables.save_user(user, fetched_at_ms))

    async def forget_user(self, user_id: str) -> None:
        """Drop a user from every view."""

        def forget(tables: Tables) -> None:
            known = tables.user(user_id)
            tables.forget_users([] if known is None else [known.row_id])

        await self._write(forget)

    async def save_groups(self, groups: Sequence[Group], fetched_at_ms: int) -> None:
        """Replace the list of groups; ids that only users mention stay, without a name."""
        await self._write(lambda tables: tables.save_groups(groups, fetched_at_ms))

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """What stands at positions ``first`` to ``last`` (inclusive); absent ones are missing."""
        return await self._read(lambda tables: tables.positions(first, last))

    async def matching(self, query: UserQuery) -> "array[int]":
        """Row ids of the loaded users that a query keeps, by position, then those without one."""
        return await self._scan(lambda tables: matching(tables, query))

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids; gone ones are missing."""
        return await self._read(lambda tables: tables.rows(row_ids))

    async def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        return await self._read(lambda tables: tables.user(user_id))

    async def user_by_email(self, email: str) -> MirroredUser | None:
        """One user by email, compared without case."""
        return await self._read(lambda tables: tables.user_by_email(email))

    async def groups(self) -> tuple[GroupSize, ...]:
        """All known groups with their known number of members, by name."""
        return await self._read(lambda tables: tables.groups.sizes())

    async def namesakes(self, names: Collection[str], limit: int) -> dict[str, list[User]]:
        """Loaded users by their full names, folded; at most ``limit`` of each."""
        return await self._scan(lambda tables: namesakes(tables, names, limit))

    async def has_active(self, role: str, besides: Collection[str]) -> bool:
        """True if a loaded active user with this role has none of these ids."""
        return await self._scan(lambda tables: has_active(tables, role, besides))

    async def coverage(self) -> Coverage:
        """How much of the account is here."""
        return await self._read(lambda tables: tables.coverage())

    async def aclose(self) -> None:
        """Finish what is queued and close the file; may be called again."""
        await self._thread.aclose(self._file.close)

    async def _read(self, work: Callable[[Tables], R]) -> R:
        try:
            result = await self._thread.run(lambda: self._file.read(work), Urgency.READ)
            if not self._aged:
                self._aged = True
                self._thread.post(self._drop_aged())
        except Closed:
            raise _closed() from None
        return result

    async def _scan(self, steps: Callable[[Tables], Steps[R]]) -> R:
        try:
            return await self._thread.scan(self._file.scan(steps))
        except Closed:
            raise _closed() from None

    async def _write(self, work: Callable[[Tables], R]) -> R:
        try:
            return await self._thread.write(self._file.write_in_turn(work))
        except Closed:
            raise _closed() from None

    def _drop_aged(self) -> Steps[None]:
        assert self._max_age_days is not None  # noqa: S101 - else there is nothing to drop
        moment_ms = int((time() - self._max_age_days * DAY_SECONDS) * 1000)
        while aged := self._file.read(lambda tables: tables.older_than(moment_ms, AGED_AT_ONCE)):
            yield from self._file.write_in_turn(partial(Tables.forget_users, row_ids=aged))
            yield


def _closed() -> MirrorUnavailable:
    return MirrorUnavailable("The local copy is closed.")
