"""The mirror: the local copy of the account, in SQLite."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group, GroupSize, MembershipGaps
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored, Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.times import now_ms
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror.crawl_lock import CrawlLock
from walkme_tui.store.mirror.file import DAY_SECONDS, MirrorFile, MirrorLocation
from walkme_tui.store.mirror.layout import SORT_INDEXES
from walkme_tui.store.mirror.member_lists import (
    add_members,
    expire,
    note_stranger,
    remove_members,
    surplus,
    undescribed_members,
)
from walkme_tui.store.mirror.membership_gaps import count_gaps
from walkme_tui.store.mirror.sweeps import count_seen, not_seen
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import SqliteThread, Steps, Urgency

if TYPE_CHECKING:
    from array import array

    from walkme_tui.domain.reconcile.records import ComparedUser

R = TypeVar("R")

# Expired users deleted in one transaction: about 20 ms, for which other writes wait.
EXPIRED_AT_ONCE: Final = 500
# Pages saved in one transaction: half a second of writing, for which no read waits.
PAGES_AT_ONCE: Final = 4


def open_mirror(
    path: Path | None,
    *,
    account_key: str,
    runtime_folder: Path | None = None,
    max_age_days: float | None = None,
) -> "SqliteMirror":
    """The mirror in the file at ``path``, None for one in memory; the first call opens the file, on a thread.

    ``account_key`` identifies the account: a file made for another key is deleted and made anew. ``runtime_folder``
    takes the file where ``path`` lies on a network drive. Users that no answer has described for ``max_age_days`` are
    deleted after the first read.
    """
    return SqliteMirror(MirrorLocation(path, runtime_folder, account_key, max_age_days))


class MirrorConnection:
    """A connection to the mirror's file on a thread of its own."""

    def __init__(self, name: str, file: MirrorFile) -> None:
        self.file = file
        self.thread = SqliteThread(name, closed_error=_closed_error, interrupt=file.interrupt)

    async def read(self, work: Callable[[Tables], R]) -> R:
        """The result of a read that takes milliseconds."""
        return await self.thread.run(lambda: self.file.read(work), Urgency.READ)

    async def scan(self, steps: Callable[[Tables], Steps[R]]) -> R:
        """The result of a read in steps; it ends when the task is cancelled."""
        return await self.thread.scan(self.file.scan(steps))

    async def write(self, work: Callable[[Tables], R]) -> R:
        """Do ``work`` in one transaction."""
        return await self.thread.write(self.file.write_in_turn(work))

    async def aclose(self) -> None:
        """Complete what is queued, then close the file and end the thread."""
        await self.thread.aclose(self.file.close)


class SqliteMirror:
    """``services.ports.Mirror``, which documents the calls, over one SQLite file.

    Calls raise ``MirrorUnavailable`` and nothing else expected. One connection writes, a second serves the reads that
    a screen waits for, a third the scans that may take a second, such as sorting a million users. A mirror in memory
    has one connection for all. The search modules are imported by the first search: the start shows the list without.
    """

    def __init__(self, location: MirrorLocation) -> None:
        self._location = location
        self._writer = MirrorConnection("mirror", MirrorFile(location))
        self._readers: dict[str, MirrorConnection] = {}
        self._closed = False
        self._pending_pages: deque[_PendingPage] = deque()
        self._page_numbers = count()
        self._crawl_lock = CrawlLock()
        self._expired_deleted = location.max_age_days is None

    @property
    def notices(self) -> Sequence[str]:
        return tuple(self._writer.file.notices)

    # ------------------------------------------------------------ writing

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        pending = _PendingPage(next(self._page_numbers), page, fetched_at_ms)
        self._pending_pages.append(pending)
        return await self._writer.thread.write(self._save(pending))

    def _save(self, pending: "_PendingPage") -> Steps[Stored]:
        """Save a page and others that are queued in one transaction, which halves the time of each."""
        if pending.stored is None:
            self._pending_pages.remove(pending)
            most = PAGES_AT_ONCE if self._writer.file.is_on_disk else 1
            others = [self._pending_pages.popleft() for _ in range(min(most - 1, len(self._pending_pages)))]
            # In the order of the calls, even where the caller of an older page was cancelled: newer rows win.
            batch = sorted((pending, *others), key=lambda each: each.number)
            try:
                results = yield from self._writer.file.write_in_turn(partial(_save_all, batch=batch))
            except BaseException:
                self._pending_pages.extendleft(reversed(others))  # their own jobs save them, or raise to their callers
                raise
            for each, stored in zip(batch, results, strict=True):
                each.stored = stored
        assert pending.stored is not None  # noqa: S101 - set above, or by the job that saved it along with its own page
        return pending.stored

    async def run_on_writer_thread(self, work: Callable[[], R], *, urgent: bool) -> R:
        """The result of other work, executed on the writer's thread: in its turn, or if urgent before queued writes.

        Two threads that compute alternate on the interpreter's lock, and lose time at each switch.
        """
        return await self._writer.thread.run(work, Urgency.READ if urgent else Urgency.WRITE)

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        return await self._writer.write(lambda tables: tables.save_user(user, fetched_at_ms))

    async def forget_user(self, user_id: str) -> MirroredUser | None:
        def forget(tables: Tables) -> MirroredUser | None:
            known = tables.user(user_id)
            if known is not None:
                note_stranger(tables, known)
                tables.forget_users([known.row_id])
            return known

        return await self._writer.write(forget)

    async def forget_group(self, group_id: str) -> None:
        file = self._writer.file

        def forget() -> Steps[None]:
            yield from self._remove_all_but(group_id, (), now_ms())
            yield from file.write_in_turn(lambda tables: tables.groups.delete(group_id))

        await self._writer.thread.write(forget())

    async def save_groups(self, groups: Sequence[Group], *, complete: bool = True) -> None:
        await self._writer.thread.write(self._save_groups(groups, complete))

    def _save_groups(self, groups: Sequence[Group], complete: bool) -> Steps[None]:
        file = self._writer.file
        yield from file.write_in_turn(lambda tables: tables.groups.replace_list(groups))
        for group_id in file.read(lambda tables: tables.groups.vanished()) if complete else ():
            yield from self._remove_all_but(group_id, (), now_ms())
        yield from file.write_in_turn(lambda tables: tables.groups.delete_unused())

    async def add_members(
        self, group: Group, members: Sequence[User], read_at_ms: int, *, first: bool
    ) -> Sequence[int]:
        return await self._writer.write(lambda tables: add_members(tables, group, members, read_at_ms, first=first))

    async def end_members(self, group_id: str, row_ids: Collection[int], strangers: int, read_at_ms: int) -> bool:
        file = self._writer.file

        def end() -> Steps[bool]:
            if not file.read(lambda tables: tables.groups.is_reading(group_id, read_at_ms)):
                return False
            yield from self._remove_all_but(group_id, row_ids, read_at_ms)
            return (
                yield from file.write_in_turn(lambda tables: tables.groups.end_reading(group_id, strangers, read_at_ms))
            )

        return await self._writer.thread.write(end())

    def _remove_all_but(self, group_id: str, row_ids: Collection[int], read_at_ms: int) -> Steps[None]:
        """Remove the other members of a group, many in several transactions."""
        file = self._writer.file
        while left := file.read(lambda tables: surplus(tables, group_id, row_ids, read_at_ms)):
            yield from file.write_in_turn(partial(remove_members, group_id=group_id, row_ids=left))
            yield

    async def save_sweep(self, sweep: Sweep) -> None:
        await self._writer.write(lambda tables: tables.save_sweep(sweep))

    async def prepare_sorting(self) -> None:
        for statement in SORT_INDEXES:  # one transaction each, so that other calls run in between
            await self._writer.write(partial(_execute, statement=statement))

    # ------------------------------------------------------------ users by position, row id, id and email

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        return await self._read(lambda tables: tables.positions(first, last))

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        return await self._read(lambda tables: tables.rows(row_ids))

    async def user(self, user_id: str) -> MirroredUser | None:
        return await self._read(lambda tables: tables.user(user_id))

    async def users(self, user_ids: Collection[str]) -> dict[str, MirroredUser]:
        return await self._scan(lambda tables: tables.users(user_ids))

    async def undescribed_members(self, group_id: str, since_ms: int, limit: int) -> Sequence[str]:
        return await self._read(lambda tables: undescribed_members(tables, group_id, since_ms, limit))

    async def user_by_email(self, email: str) -> MirroredUser | None:
        from walkme_tui.store.mirror.emails import by_email

        return await self._read(lambda tables: by_email(tables, email))

    async def users_by_emails(self, emails: Collection[str]) -> dict[str, MirroredUser]:
        from walkme_tui.store.mirror.emails import users_by_emails

        return await self._scan(lambda tables: users_by_emails(tables, emails))

    async def compared_users(
        self, since_ms: int = 0, like: "Sequence[ComparedUser] | None" = None
    ) -> "Sequence[ComparedUser]":
        from walkme_tui.store.mirror.compared_users import compared_users

        return await self._scan(lambda tables: compared_users(tables, since_ms, like))

    # ------------------------------------------------------------ searching

    async def first(self, query: UserQuery, limit: int) -> Sequence[MirroredUser]:
        from walkme_tui.store.mirror.search import first

        # With the reads that a screen waits for: it is not to wait for the scans.
        return await self._reader("reads").scan(lambda tables: first(tables, query, limit, now_ms()))

    async def matching(self, query: UserQuery, after: int = 0) -> "array[int]":
        from walkme_tui.store.mirror.search import matching

        return await self._scan(lambda tables: matching(tables, query, after, now_ms()))

    async def undecided(self, query: UserQuery, since_ms: int = 0, absent: Collection[str] = ()) -> Undecided:
        from walkme_tui.store.mirror.search import undecided

        return await self._scan(lambda tables: undecided(tables, query, since_ms, now_ms(), absent))

    async def unknown_fields(self) -> frozenset[str]:
        from walkme_tui.store.mirror.search import unknown_fields

        return await self._scan(unknown_fields)

    async def nearest(self, words: Collection[str]) -> dict[str, str]:
        from walkme_tui.store.mirror.nearest import nearest

        return await self._scan(lambda tables: nearest(tables, words))

    async def values(self) -> tuple[Sequence[str], Sequence[str]]:
        from walkme_tui.store.mirror.conditions import distinct

        return await self._read(lambda tables: (distinct(tables, "status"), distinct(tables, "role")))

    async def namesakes(self, names: Collection[str], limit: int) -> dict[str, list[User]]:
        from walkme_tui.store.mirror.plan_checks import namesakes

        return await self._scan(lambda tables: namesakes(tables, names, limit))

    async def has_active(self, role: str, besides: Collection[str]) -> bool:
        from walkme_tui.store.mirror.plan_checks import has_active

        return await self._scan(lambda tables: has_active(tables, role, besides))

    # ------------------------------------------------------------ counts

    async def coverage(self) -> Coverage:
        return await self._read(Tables.coverage)

    async def groups(self) -> tuple[GroupSize, ...]:
        return await self._read(lambda tables: tables.groups.sizes())

    async def roles(self) -> Sequence[tuple[str, int]]:
        from walkme_tui.store.mirror.role_counts import count_roles

        return await self._scan(count_roles)

    async def membership_gaps(self) -> MembershipGaps:
        return await self._scan(count_gaps)

    async def next_row_id(self) -> int:
        return await self._read(Tables.next_row_id)

    async def count_seen(self, since_ms: int, before_row_id: int, created_before_ms: int) -> SeenCount:
        return await self._scan(lambda tables: count_seen(tables, since_ms, before_row_id, created_before_ms))

    async def not_seen(self, since_ms: int, limit: int) -> Sequence[str]:
        return await self._scan(lambda tables: not_seen(tables, since_ms, limit))

    # ------------------------------------------------------------ the crawl lock

    async def acquire_crawl_lock(self) -> bool:
        # As a read, because reading opens the file, and the lock lies beside it.
        return await self._read(lambda _: self._crawl_lock.acquire(self._writer.file.path))

    async def release_crawl_lock(self) -> None:
        await self._read(lambda _: self._crawl_lock.release())

    # ------------------------------------------------------------ connections

    async def aclose(self) -> None:
        self._closed = True  # from here on no connection is opened, so that all of them are closed below
        async with AsyncExitStack() as closing:  # the writer after the readers, and all of them if one raises
            closing.callback(self._crawl_lock.release)
            for connection in (self._writer, *self._readers.values()):
                closing.push_async_callback(connection.aclose)

    def _reader(self, name: str) -> MirrorConnection:
        """The connection with this name; the writer's own until its file is open, and for a mirror in memory."""
        if self._closed:
            raise _closed_error()
        if not self._writer.file.is_on_disk:
            return self._writer
        if name not in self._readers:
            self._readers[name] = MirrorConnection(f"mirror {name}", MirrorFile(self._location, self._writer.file))
        return self._readers[name]

    async def _read(self, work: Callable[[Tables], R]) -> R:
        result = await self._reader("reads").read(work)
        if not self._expired_deleted:
            self._expired_deleted = True
            self._writer.thread.post(self._delete_expired())
        return result

    async def _scan(self, steps: Callable[[Tables], Steps[R]]) -> R:
        return await self._reader("scans").scan(steps)

    def _delete_expired(self) -> Steps[None]:
        assert self._location.max_age_days is not None  # noqa: S101 - else no user expires
        before_ms = now_ms() - int(self._location.max_age_days * DAY_SECONDS * 1000)
        while expired := self._writer.file.read(lambda tables: tables.older_than(before_ms, EXPIRED_AT_ONCE)):
            yield from self._writer.file.write_in_turn(partial(expire, row_ids=expired))
            yield


class _PendingPage:
    """A page that waits to be saved; ``stored`` is the result."""

    def __init__(self, number: int, page: UserPage, fetched_at_ms: int) -> None:
        self.number = number
        self.page = page
        self.fetched_at_ms = fetched_at_ms
        self.stored: Stored | None = None


def _save_all(tables: Tables, batch: Sequence[_PendingPage]) -> list[Stored]:
    return [tables.save_page(each.page, each.fetched_at_ms) for each in batch]


def _execute(tables: Tables, statement: str) -> None:
    tables.connection.execute(statement)


def _closed_error() -> MirrorUnavailable:
    return MirrorUnavailable("The local copy is closed.")
