"""Sessions for tests: any api, a real mirror in memory, and a manual clock.

async with open_session(api) as session: …
async with serving(session) as (pages, listing): …   # both run() are running
await until(lambda: listing.row(0) is not None)
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UnreadableRecord, User, UserPage
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.directory_api import DirectoryApi, GroupApi
from walkme_tui.services.ports.mirror import Mirror
from walkme_tui.services.reading.listing import Listing, ListingChange
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.reading.view import EVERYONE
from walkme_tui.store.mirror.file import MirrorLocation
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.sqlite_thread import Urgency

if TYPE_CHECKING:
    from array import array

NOON_MS = 1_800_000_000_000
# Only a failed test waits so long; a loaded machine may need seconds for what usually takes a millisecond.
PATIENCE_SECONDS = 60.0


class ManualTime:
    """A wall clock and a monotonic clock that only ``advance`` moves."""

    def __init__(self, now_ms: int = NOON_MS) -> None:
        self.now_ms = now_ms
        self.seconds = 1000.0
        self.pauses: list[float] = []
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.now_ms

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has advanced by ``seconds``."""
        self.pauses.append(seconds)
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.seconds + seconds, wake))
        await wake

    def advance(self, seconds: float) -> None:
        """Advance the clocks and wake the sleepers whose time has come."""
        self.seconds += seconds
        self.now_ms += int(seconds * 1000)
        for due, wake in self._sleepers:
            if due <= self.seconds and not wake.done():
                wake.set_result(None)


@asynccontextmanager
async def open_session(
    api: DirectoryApi,
    *,
    time: ManualTime | None = None,
    mirror: Mirror | None = None,
    surface: Surface = Surface.REST,
) -> AsyncIterator[Session]:
    """A session with a sandbox account; ``mirror`` None is an empty real one in memory."""
    clock = time or ManualTime()
    group_api = cast("GroupApi", api) if surface is Surface.SCIM else None
    account = Account("test", Environment.SANDBOX, surface, "https://walkme.test")
    used = mirror or open_mirror(None, account_key="test")
    session = Session(account, api, used, clock, clock(), "the test", Events(), group_api=group_api)
    try:
        yield session
    finally:
        await session.aclose()


@asynccontextmanager
async def serving(
    session: Session,
    *,
    page_size: int = 100,
    query: UserQuery = EVERYONE,
    time: ManualTime | None = None,
    visible: tuple[int, int] | None = None,
) -> AsyncIterator[tuple[PageLoader, Listing]]:
    """PageLoader and one listing of a session, both running; ``visible`` is wanted from the beginning."""
    manual = time or ManualTime()
    pages = PageLoader(session, page_size, monotonic=manual.monotonic, sleep=manual.sleep)
    listing = Listing(session, pages, query, settle_seconds=0)
    if visible is not None:
        listing.want(*visible)
    async with running(pages.run, listing.run):
        yield pages, listing


@asynccontextmanager
async def running(*serve: Callable[[], Coroutine[object, object, None]]) -> AsyncIterator[None]:
    """Run coroutine functions until the end of the block, which raises their errors."""
    tasks = [asyncio.create_task(run()) for run in serve]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in ended:
            task.result()


async def until(condition: Callable[[], object]) -> None:
    """Let tasks run until the condition holds; AssertionError if it does not in time."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("the condition did not become true")
        await asyncio.sleep(0.001)


async def idle(session: Session) -> None:
    """Let all pending work finish, including calls in the mirror's thread."""
    for _ in range(6):
        await session.mirror.positions(0, 0)
        for _ in range(10):
            await asyncio.sleep(0)


def pages_asked(api: FakeDirectory) -> list[int]:
    """Numbers of the pages requested so far, in order."""
    return [int(str(page)) for page, _ in api.asked("list_users")]


def emails(listing: Listing, first: int, last: int) -> list[str | None]:
    """Emails of the rows ``first`` to ``last`` of the listing; None for rows that are not loaded."""
    rows = [listing.row(index) for index in range(first, last + 1)]
    return [str(row.user.email) if isinstance(row, MirroredUser) else None for row in rows]


class Notes:
    """The notifications of a listing."""

    def __init__(self, listing: Listing) -> None:
        self.changes: list[ListingChange] = []
        listing.listener = self.changes.append

    def clear(self) -> None:
        """Clear the recorded notifications."""
        self.changes.clear()


class OddDirectory(FakeDirectory):
    """An account with faults in its list.

    ``cap`` is the most rows that a page has. ``claims`` are the totals of the next answers, then the last of them on.
    ``deaf`` ignores the page and always sends the first. ``clamped`` repeats the last page past the end. ``before``
    is called with the number of each list call before it is answered.
    """

    def __init__(self, users: Iterable[User | UnreadableRecord] = ()) -> None:
        super().__init__(users)
        self.cap: int | None = None
        self.claims: list[int | None] = []
        self.deaf = False
        self.clamped = False
        self.before: Callable[[int], None] | None = None
        self.answered = 0

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page with the configured faults."""
        await self._pass("list_users", (page, page_size), priority)
        if self.before is not None:
            self.before(self.answered)
        self.answered += 1
        size = page_size if self.cap is None else min(page_size, self.cap)
        sent = 1 if self.deaf else page
        if self.clamped:
            sent = min(sent, max(1, -(-len(self.users) // size)))
        rows = tuple(self.users[(sent - 1) * size : sent * size])
        total: int | None = len(self.users) if isinstance(self.total, str) else self.total
        if self.claims:
            total = self.claims.pop(0) if len(self.claims) > 1 else self.claims[0]
        return UserPage(page, page_size, rows, total)


async def damage(mirror: SqliteMirror) -> None:
    """Make a mirror find its file damaged: it moves the file aside and makes a new one."""
    file = mirror._writer.file
    await mirror._writer.thread.run(lambda: file._recover(sqlite3.DatabaseError("malformed")), Urgency.READ)


class BrokenMirror(SqliteMirror):
    """A real mirror in memory that can stop: ``full`` refuses writes, ``broken`` everything; it notes what is read."""

    def __init__(self) -> None:
        super().__init__(MirrorLocation(None, None, "test", None))
        self.full = False
        self.broken = False
        self.reads: list[tuple[int, int]] = []
        self.searches: list[UserQuery] = []
        self.slow_search: asyncio.Event | None = None
        self.slow_reads: asyncio.Event | None = None

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        """Save, unless the disk is full."""
        self._write_allowed()
        return await super().save_page(page, fetched_at_ms)

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Save, unless the disk is full."""
        self._write_allowed()
        return await super().save_user(user, fetched_at_ms)

    async def save_groups(self, groups: Sequence[Group], *, complete: bool = True) -> None:
        """Save, unless the disk is full."""
        self._write_allowed()
        await super().save_groups(groups, complete=complete)

    async def add_members(
        self, group: Group, members: Sequence[User], read_at_ms: int, *, first: bool
    ) -> Sequence[int]:
        """Save, unless the disk is full."""
        self._write_allowed()
        return await super().add_members(group, members, read_at_ms, first=first)

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """Read, unless it is broken, and no sooner than ``slow_reads`` allows."""
        self.reads.append((first, last))
        self._read_allowed()
        if self.slow_reads is not None:
            await self.slow_reads.wait()
        return await super().positions(first, last)

    async def first(self, query: UserQuery, limit: int) -> Sequence[MirroredUser]:
        """Search for the first, unless it is broken, and no sooner than ``slow_search`` allows."""
        await self._begin_search(query)
        return await super().first(query, limit)

    async def matching(self, query: UserQuery, after: int = 0) -> "array[int]":
        """Search, unless it is broken, and no sooner than ``slow_search`` allows."""
        await self._begin_search(query)
        return await super().matching(query, after)

    async def _begin_search(self, query: UserQuery) -> None:
        self.searches.append(query)
        self._read_allowed()
        if self.slow_search is not None:
            await self.slow_search.wait()

    async def coverage(self) -> Coverage:
        """Read, unless it is broken."""
        self._read_allowed()
        return await super().coverage()

    def _write_allowed(self) -> None:
        if self.full or self.broken:
            raise MirrorUnavailable("The local copy cannot be written: no space left on the disk.")

    def _read_allowed(self) -> None:
        if self.broken:
            raise MirrorUnavailable("The local copy cannot be read.")
