"""A list that changes during a crawl: a sweep that is reported complete has missed no user."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, ManualTime, open_session, running, until
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CALLS = 400


class Change(NamedTuple):
    """A change before an answer: a user is deleted, added, or both, at relative positions from 0 to 1."""

    deleted: float | None
    added: float | None


class Account(NamedTuple):
    """A scenario: the account has ``people`` users at first.

    ``script`` has the changes before the answer of that number. ``restarts`` are numbers of answers after which the
    program is restarted. ``browsed`` are pages of 7 users that the browser requests before the answer of that number.
    """

    people: int
    page_size: int
    script: dict[int, list[Change]]
    dated: bool = True
    lean: bool = False
    claimed: bool = True
    pages_at_once: int = 3
    restarts: tuple[int, ...] = ()
    browsed: dict[int, int] = {}  # noqa: RUF012 - never written to


PLACE = st.floats(0, 1)
CHANGE = st.builds(Change, st.none() | PLACE, st.none() | PLACE)
ACCOUNT = st.builds(
    Account,
    people=st.integers(0, 50),
    page_size=st.integers(2, 15),
    script=st.dictionaries(st.integers(0, 15), st.lists(CHANGE, max_size=3), max_size=8),
    dated=st.booleans(),
    lean=st.booleans(),
    claimed=st.booleans(),
    pages_at_once=st.integers(1, 7),
    restarts=st.just(()) | st.lists(st.integers(1, 25), max_size=3).map(lambda numbers: tuple(sorted(numbers))),
    browsed=st.dictionaries(st.integers(0, 15), st.integers(1, 7), max_size=3),
)


class Drifting(FakeDirectory):
    """A list that changes between answers, and records its users at each request of the first page."""

    def __init__(self, account: Account) -> None:
        super().__init__(self._somebody(number, account, old=True) for number in range(account.people))
        self._account = account
        self.lean = account.lean
        self.total = "real" if account.claimed else None
        self.answers = 0
        self.at_the_beginning: list[User] = []
        self._newest = 10_000
        self.browse: Callable[[int], None] = lambda page: None

    @staticmethod
    def _somebody(number: int, account: Account, *, old: bool) -> User:
        created = person(number).created_at_ms if old else NOON_MS
        return person(number)._replace(created_at_ms=created if account.dated else UNKNOWN)

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page; the list changes just before."""
        await self._pass("list_users", (page, page_size), priority)
        for change in self._account.script.get(self.answers, []):
            self._change(change)
        if self.answers in self._account.browsed:
            self.browse(self._account.browsed[self.answers])
        self.answers += 1
        if page == 1 and priority is Priority.BACKGROUND:
            self.at_the_beginning = [user for user in self.users if isinstance(user, User)]
        first = (page - 1) * page_size
        rows = tuple(self._listed(row) for row in self.users[first : first + page_size])
        return UserPage(page, page_size, rows, len(self.users) if self._account.claimed else None)

    def _change(self, change: Change) -> None:
        if change.deleted is not None and self.users:
            del self.users[int(change.deleted * (len(self.users) - 1))]
        if change.added is not None:
            self._newest += 1
            self.users.insert(
                int(change.added * len(self.users)), self._somebody(self._newest, self._account, old=False)
            )


async def crawled(api: Drifting, account: Account, path: Path | None, restart_after: int | None) -> Sweep | None:
    """One run of the program, to the end of the crawl or for so many answers; the sweep, None if it did not end."""
    time = ManualTime()
    mirror = open_mirror(path, account_key="test")
    async with open_session(api, time=time, mirror=mirror) as opened:
        session = opened._replace(sync=SyncSettings(pages_at_once=account.pages_at_once))
        pages = PageLoader(session, 7, monotonic=time.monotonic, sleep=time.sleep)
        api.browse = lambda page: pages.want("a person", [page])
        crawl = Crawl(session, page_size=account.page_size, monotonic=time.monotonic, sleep=time.sleep)
        crawl.begin()
        async with running(crawl.run, pages.run):
            await until(lambda: crawl.progress.phase is CrawlPhase.DONE or api.answers == restart_after)
        ended = crawl.progress.phase is CrawlPhase.DONE
        if ended:
            await check(session, api, account)
        sweep = (await session.mirror.coverage()).sweep if ended else None
    api.closed = False
    api._closing.clear()
    return sweep


async def check(session: Session, api: Drifting, account: Account) -> None:
    """A complete sweep has seen all users of the list at the start of its walk, and their number is right."""
    sweep = (await session.mirror.coverage()).sweep
    assert sweep is not None
    assert sweep.note.startswith("complete" if sweep.complete else "incomplete: ")
    if sweep.complete:
        if account.claimed:
            assert sweep.total_at_start == len(api.at_the_beginning)
        # Without a claim the number of users who were listed only for a moment is unknown.
        still = {user.id for user in api.users if isinstance(user, User)}
        for user in api.at_the_beginning:
            if account.claimed or user.id in still:
                held = await session.mirror.user(user.id)
                assert held is not None
                assert held.fetched_at_ms >= sweep.started_at_ms
    elif not account.script:
        raise AssertionError(f"nothing changed, and yet it is {sweep.note}")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ACCOUNT)
@example(Account(40, 10, {2: [Change(0.0, None)], 3: [Change(None, 1.0)]}, restarts=(3,)))
@example(Account(40, 10, {1: [Change(0.0, 1.0)], 8: [Change(0.5, 0.0)]}, dated=False, restarts=(2, 7), pages_at_once=1))
@example(Account(40, 10, {7: [Change(0.0, 1.0)]}, claimed=False, dated=False))
def test_a_complete_sweep_has_missed_no_user(account: Account) -> None:
    async def scenario(folder: Path) -> None:
        api = Drifting(account)
        path = folder / "mirror.sqlite3" if account.restarts else None
        for restart_after in (*account.restarts, None):
            await crawled(api, account, path, restart_after)
        assert len(api.calls) < MOST_CALLS

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))
