"""Crawls for tests: of an account that goes on living when a session ends, in pages of ``PAGE`` users.

async with account(api, time=time) as session, crawling(session, time) as crawl:
    await come_to(crawl, CrawlPhase.DONE)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import ManualTime, OddDirectory, open_session, running, until
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.services.events import CrawlChanged, Event
from walkme_tui.services.ports import Mirror, Session, SyncSettings
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS
PAGE = 20
SECOND = 18  # users a page in a second walk


@asynccontextmanager
async def account(
    api: FakeDirectory, *, time: ManualTime, mirror: Mirror | None = None, sync: SyncSettings | None = None
) -> AsyncIterator[Session]:
    """A session of a profile that says this about the crawl."""
    async with open_session(api, time=time, mirror=mirror) as session:
        yield session._replace(sync=sync or SyncSettings())
    api.closed = False  # the account is there for the next session, too
    api._closing.clear()


@asynccontextmanager
async def crawling(
    session: Session, time: ManualTime, *, begin: bool = True, page_size: int = PAGE
) -> AsyncIterator[Crawl]:
    """A crawl that serves, and was told that the first page is on the screen."""
    crawl = Crawl(session, page_size=page_size, monotonic=time.monotonic, sleep=time.sleep)
    if begin:
        crawl.begin()
    async with running(crawl.run):
        yield crawl


async def come_to(crawl: Crawl, phase: CrawlPhase) -> None:
    """Wait until the crawl is in this phase."""
    await until(lambda: crawl.progress.phase is phase)


async def latest(session: Session) -> Sweep:
    """The sweep that the mirror remembers."""
    found = (await session.mirror.coverage()).sweep
    assert found is not None
    return found


def hold_after(api: OddDirectory, answers: int) -> asyncio.Event:
    """Let about so many pages of users come, and no more before the event is set."""
    gate, last = asyncio.Event(), api.answered + answers - 1

    def before(number: int) -> None:
        if number == last:
            api._gates["list_users"] = gate

    api.before = before
    return gate


async def stands_still(api: OddDirectory, crawl: Crawl, under_way: int = 7) -> None:
    """Wait until everything that came is stored, and everything else waits at the gate."""
    await until(lambda: api._gates and api.in_flight == under_way and crawl.progress.pages_done == api.answered)


def phases(crawl: Crawl, session: Session) -> list[CrawlPhase]:
    """A list that takes every phase that is told from now on."""
    seen: list[CrawlPhase] = []

    def hear(change: Event) -> None:
        if isinstance(change, CrawlChanged) and seen[-1:] != [crawl.progress.phase]:
            seen.append(crawl.progress.phase)

    session.events.subscribe(hear)
    return seen


async def broken_off(api: OddDirectory, time: ManualTime, path: Path) -> None:
    """A crawl of some pages; then the program ends."""
    gate = hold_after(api, 8)
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await stands_still(api, crawl)
    gate.set()
