"""Crawls for tests: the account outlives its sessions, and pages have ``PAGE`` users.

async with account(api, time=time) as session, crawling(session, time) as crawl:
    await wait_for_phase(crawl, CrawlPhase.DONE)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import ManualTime, OddDirectory, open_session, running, until
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.services.events import CrawlChanged, Event
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.services.ports.mirror import Mirror
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS
PAGE = 20
SECOND = 18  # users per page in a second pass


@asynccontextmanager
async def account(
    api: FakeDirectory, *, time: ManualTime, mirror: Mirror | None = None, sync: SyncSettings | None = None
) -> AsyncIterator[Session]:
    """A session of a profile with these sync settings."""
    async with open_session(api, time=time, mirror=mirror) as session:
        yield session._replace(sync=sync or SyncSettings())
    api.closed = False  # so that the next session can use the account
    api._closing.clear()


@asynccontextmanager
async def crawling(
    session: Session, time: ManualTime, *, begin: bool = True, page_size: int = PAGE
) -> AsyncIterator[Crawl]:
    """A running crawl, started as after the first page is on the screen."""
    crawl = Crawl(session, page_size=page_size, monotonic=time.monotonic, sleep=time.sleep)
    if begin:
        crawl.begin()
    async with running(crawl.run):
        yield crawl


async def wait_for_phase(crawl: Crawl, phase: CrawlPhase) -> None:
    """Wait until the crawl is in this phase."""
    await until(lambda: crawl.progress.phase is phase)


async def stored_sweep(session: Session) -> Sweep:
    """The sweep stored in the mirror."""
    found = (await session.mirror.coverage()).sweep
    assert found is not None
    return found


def hold_after(api: OddDirectory, answers: int) -> asyncio.Event:
    """Answer about ``answers`` pages of users; later ones wait for the event."""
    gate, last = asyncio.Event(), api.answered + answers - 1

    def before(number: int) -> None:
        if number == last:
            api._gates["list_users"] = gate

    api.before = before
    return gate


async def wait_until_held(api: OddDirectory, crawl: Crawl, in_flight: int = 7) -> None:
    """Wait until all answers are stored and all other requests are held."""
    await until(lambda: api._gates and api.in_flight == in_flight and crawl.progress.pages_done == api.answered)


def phases(crawl: Crawl, session: Session) -> list[CrawlPhase]:
    """A list that collects every published phase from now on."""
    seen: list[CrawlPhase] = []

    def listener(change: Event) -> None:
        if isinstance(change, CrawlChanged) and seen[-1:] != [crawl.progress.phase]:
            seen.append(crawl.progress.phase)

    session.events.subscribe(listener)
    return seen


async def interrupted_crawl(api: OddDirectory, time: ManualTime, path: Path) -> None:
    """Crawl some pages, then end the program."""
    gate = hold_after(api, 8)
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_until_held(api, crawl)
    gate.set()
