"""A requested sweep is made, whatever the crawl is doing then and whatever fails once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.crawls import PAGE, account, crawling, wait_for_phase
from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import BrokenMirror, ManualTime, damage, pages_asked, until
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.services.ports import SyncSettings
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror

PAGES = 60 // PAGE + 1
"""Requests of a sweep over 60 users: the page behind a full last page is requested, too."""
LAZY = SyncSettings(fully=False)
FAILURE = MirrorUnavailable("Another program keeps the local copy busy.")


class Gate:
    """Holds the next call of a method until ``release``; then raises ``error``, if there is one."""

    def __init__(self, target: object, name: str, error: Exception | None = None) -> None:
        self.entered = asyncio.Event()
        self._open = asyncio.Event()
        original: Any = getattr(target, name)

        async def held(*arguments: object) -> object:
            self.entered.set()
            await self._open.wait()
            setattr(target, name, original)
            if error is not None:
                raise error
            return await original(*arguments)

        setattr(target, name, held)

    def release(self) -> None:
        """Let the held call and all later ones pass."""
        self._open.set()


@pytest.mark.parametrize("error", [None, FAILURE])
@pytest.mark.parametrize("call", ["coverage", "prepare_sorting"])
async def test_a_restart_during_any_call_of_an_idle_crawl_is_not_lost(
    tmp_path: Path, call: str, error: Exception | None
) -> None:
    api, time, path = FakeDirectory(people(60)), ManualTime(), tmp_path / "mirror.sqlite3"
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
    mirror = open_mirror(path, account_key="test")
    gate = Gate(mirror, call, error)
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await gate.entered.wait()
        requested = len(pages_asked(api))
        crawl.restart()
        gate.release()
        await until(lambda: len(pages_asked(api)) == requested + PAGES)
        await wait_for_phase(crawl, CrawlPhase.DONE)


async def test_a_restart_during_the_checks_of_absent_users_is_not_lost() -> None:
    api, time = FakeDirectory(people(60)), ManualTime()
    async with account(api, time=time, sync=LAZY) as session, crawling(session, time) as crawl:
        crawl.restart()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        del api.users[10]
        held = api.hold("get_user")
        crawl.restart()
        await wait_for_phase(crawl, CrawlPhase.CHECKING)
        requested = len(pages_asked(api))
        crawl.restart()
        held.set()
        await until(lambda: len(pages_asked(api)) == requested + 3)


@pytest.mark.parametrize("sync", [LAZY, SyncSettings()], ids=["lazy", "full"])
@pytest.mark.parametrize(
    "failing", ["save_page", "save_sweep", "next_row_id", "coverage", "count_seen", "acquire_crawl_lock"]
)
async def test_a_requested_sweep_survives_a_failure_of_the_mirror(failing: str, sync: SyncSettings) -> None:
    api, time, mirror = FakeDirectory(people(400)), ManualTime(), BrokenMirror()
    async with (
        account(api, time=time, mirror=mirror, sync=sync) as session,
        crawling(session, time, begin=False) as crawl,
    ):
        gate = Gate(mirror, failing, FAILURE)
        crawl.restart()
        gate.release()
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        await until_done(crawl, time)
        assert crawl.progress.note == "complete"
        assert set(pages_asked(api)) >= set(range(1, 400 // PAGE + 1))


async def test_a_requested_sweep_survives_a_mirror_made_anew(tmp_path: Path) -> None:
    api, time = FakeDirectory(people(400)), ManualTime()
    mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="test")
    async with account(api, time=time, mirror=mirror, sync=LAZY) as session, crawling(session, time) as crawl:
        gate = Gate(mirror, "save_sweep")
        crawl.restart()
        await gate.entered.wait()
        gate.release()
        await damage(mirror)
        await until_done(crawl, time)
        assert (await mirror.coverage()).loaded == 400


async def test_a_requested_sweep_is_made_once() -> None:
    api, time = FakeDirectory(people(60)), ManualTime()
    async with account(api, time=time, sync=LAZY) as session, crawling(session, time) as crawl:
        crawl.restart()
        await until_done(crawl, time)
        for _ in range(5):
            time.advance(3600)
            await asyncio.sleep(0.001)
        assert len(pages_asked(api)) == PAGES


async def until_done(crawl: Crawl, time: ManualTime) -> None:
    """Let time pass until the crawl has finished a sweep."""

    def done() -> bool:
        time.advance(30)
        return crawl.progress.phase is CrawlPhase.DONE

    await until(done)
