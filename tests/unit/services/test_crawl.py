"""The crawl: when it starts, how it continues, and its progress."""

import asyncio
from pathlib import Path

import pytest

from tests.support.crawls import (
    DAY_SECONDS,
    HOUR_SECONDS,
    PAGE,
    SECOND,
    account,
    crawling,
    hold_after,
    interrupted_crawl,
    phases,
    stored_sweep,
    wait_for_phase,
    wait_until_held,
)
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import NOON_MS, ManualTime, OddDirectory, idle, pages_asked, serving, until
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.events import CrawlChanged, Event
from walkme_tui.services.ports import SyncSettings
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.services.sync.sweep import sweep
from walkme_tui.store.mirror.mirror import open_mirror

# ------------------------------------------------------------ starting


async def test_the_account_is_read_in_the_background_after_the_first_page() -> None:
    api, time = FakeDirectory(people(70)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, begin=False) as crawl:
        seen = phases(crawl, session)
        await idle(session)
        assert (api.calls, crawl.progress.phase) == ([], CrawlPhase.IDLE)
        crawl.begin()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert sorted(api.asked("list_users")) == [(page, PAGE) for page in (1, 2, 3, 4)]
        assert {call.priority for call in api.calls} == {Priority.BACKGROUND}
        assert (await session.mirror.coverage()).complete
        assert crawl.progress.note == "complete"
        assert seen == [CrawlPhase.CRAWLING, CrawlPhase.DONE]
        await idle(session)
        assert len(api.calls) == 4


async def test_a_lazy_profile_is_crawled_only_on_request() -> None:
    api, time = FakeDirectory(people(50)), ManualTime()
    async with account(api, time=time, sync=SyncSettings(fully=False)) as session, crawling(session, time) as crawl:
        await idle(session)
        time.advance(10 * DAY_SECONDS)
        await idle(session)
        assert (api.calls, crawl.progress.phase) == ([], CrawlPhase.IDLE)
        crawl.restart()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert (await session.mirror.coverage()).complete


@pytest.mark.parametrize(("hours", "pages"), [(0.5, 0), (23.9, 0), (24, 3), (100, 3)])
async def test_a_complete_mirror_is_crawled_again_only_after_the_resync_interval(
    tmp_path: Path, hours: float, pages: int
) -> None:
    api, time, path = FakeDirectory(people(50)), ManualTime(), tmp_path / "mirror.sqlite3"
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        assert (await sweep(session, lambda progress: None)).complete
    api.calls.clear()
    time.advance(hours * HOUR_SECONDS)
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        await idle(session)
        assert len(api.calls) == pages
        assert crawl.progress.note == "complete"


async def test_an_incomplete_mirror_is_crawled_once_at_every_start(tmp_path: Path) -> None:
    api, time = OddDirectory(people(30)), ManualTime()
    api.claims = [32]
    for _ in range(2):
        api.calls.clear()
        mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="test")
        async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
            assert crawl.progress.note == "incomplete: the server claims 32 users, sent 30"
            assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
            count = len(api.calls)
            time.advance(HOUR_SECONDS)
            await idle(session)
            assert len(api.calls) == count
        time.advance(60)


@pytest.mark.parametrize(("resync_hours", "pause_hours"), [(24, 24), (2, 2), (0, 1)])
async def test_an_open_program_crawls_again_after_the_resync_interval(resync_hours: int, pause_hours: int) -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    sync = SyncSettings(resync_ms=resync_hours * 3_600_000)
    async with account(api, time=time, sync=sync) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        await idle(session)
        time.advance(pause_hours * HOUR_SECONDS - 1)
        await idle(session)
        assert len(api.calls) == 1
        time.advance(1.1)
        await until(lambda: len(api.calls) == 2)
        await wait_for_phase(crawl, CrawlPhase.DONE)
        await idle(session)
        assert len(api.calls) == 2


# ------------------------------------------------------------ continuing


async def test_after_a_restart_only_the_remaining_pages_are_requested(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await interrupted_crawl(api, time, path)
    time.advance(3 * HOUR_SECONDS)
    api.calls.clear()
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        next_page = (await stored_sweep(session)).next_page
        assert next_page == api.answered + 1
        async with crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
            assert pages_asked(api) == list(range(next_page, 22))
            assert crawl.progress.note == "complete"
            assert crawl.progress.loaded == 400


async def test_a_walk_interrupted_long_ago_starts_again(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await interrupted_crawl(api, time, path)
    time.advance(25 * HOUR_SECONDS)
    api.calls.clear()
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(1, 22))
        assert crawl.progress.note == "complete"


async def test_a_list_that_changed_while_the_program_was_closed_gets_a_second_walk(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await interrupted_crawl(api, time, path)
    del api.users[10:20]
    api.calls.clear()
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete as of 2027-01-15T08:00:01Z, list was changing"
        assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
        for number in (20, 165, 399):
            assert await session.mirror.user(person(number).id) is not None


async def test_a_paused_crawl_stores_pages_in_flight_and_resumes_at_the_next_one() -> None:
    api, time = OddDirectory(people(600)), ManualTime()
    gate = hold_after(api, 5)
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_until_held(api, crawl)
        crawl.pause()
        gate.set()
        await wait_for_phase(crawl, CrawlPhase.PAUSED)
        assert api.in_flight == 0
        asked = pages_asked(api)
        assert (await stored_sweep(session)).next_page == max(asked) + 1
        time.advance(2 * HOUR_SECONDS)
        await idle(session)
        assert pages_asked(api) == asked
        crawl.resume()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(1, 32))
        assert crawl.progress.note == "complete"


async def test_a_crawl_paused_before_its_start_waits_until_it_is_resumed() -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, begin=False) as crawl:
        crawl.pause()
        crawl.begin()
        await wait_for_phase(crawl, CrawlPhase.PAUSED)
        assert api.calls == []
        crawl.resume()
        await wait_for_phase(crawl, CrawlPhase.DONE)


async def test_a_crawl_can_be_restarted_in_the_middle_and_at_the_end() -> None:
    api, time = OddDirectory(people(600)), ManualTime()
    gate = hold_after(api, 5)
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_until_held(api, crawl)
        asked = len(api.calls)
        assert asked < 30
        crawl.restart()
        gate.set()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)[asked:]) == list(range(1, 32))
        crawl.restart()
        await until(lambda: len(api.calls) == asked + 62)
        await wait_for_phase(crawl, CrawlPhase.DONE)


async def test_cancelling_leaves_nothing_running() -> None:
    api, time = OddDirectory(people(400)), ManualTime()
    hold_after(api, 5)
    before = asyncio.all_tasks()
    async with account(api, time=time) as session:
        async with crawling(session, time) as crawl:
            await wait_until_held(api, crawl)
        assert api.in_flight == 0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


# ------------------------------------------------------------ progress, and the browser


async def test_speed_and_remaining_time_are_those_of_the_last_seconds() -> None:
    api, time = OddDirectory(people(400)), ManualTime()
    published = 0
    gates: list[asyncio.Event] = []
    api.before = lambda number: gates.append(api.hold("list_users"))
    async with (
        account(api, time=time, sync=SyncSettings(pages_at_once=1)) as session,
        crawling(session, time) as crawl,
    ):

        def listener(change: Event) -> None:
            nonlocal published
            published += isinstance(change, CrawlChanged)

        session.events.subscribe(listener)
        for done in range(1, 11):
            await until(lambda done=done: crawl.progress.pages_done == done and api.in_flight)  # type: ignore[misc]
            time.advance(0.1)
            gates[-1].set()
        await until(lambda: crawl.progress.pages_done == 11)
        progress = crawl.progress
        assert (progress.loaded, progress.total, progress.pass_number) == (220, 400, 1)
        assert progress.users_per_second == pytest.approx(200)
        assert progress.seconds_left == pytest.approx(0.9)
        assert published <= 4
        time.advance(60)
        assert crawl.progress.users_per_second == 0
        assert crawl.progress.seconds_left is None


async def test_the_browser_uses_pages_of_the_crawl_and_does_not_request_them_again() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    async with account(api, time=time) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        api.users += people(150, start=5000)
        api.calls.clear()
        async with crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
            assert pages.total is not None
            assert pages.total.count == 450
            assert listing.total == pages.total
            assert pages.coverage == await session.mirror.coverage()
            listing.want(410, 449)
            await until(lambda: listing.row(449) is not None)
            await idle(session)
        assert sorted(api.asked("list_users")) == [(page, PAGE) for page in range(1, 24)]


async def test_a_crawl_during_a_sweep_of_another_process_is_complete(tmp_path: Path) -> None:
    api, time, path = FakeDirectory(people(180)), ManualTime(), tmp_path / "mirror.sqlite3"
    async with (
        account(FakeDirectory(people(180)), time=time, mirror=open_mirror(path, account_key="test")) as other,
        account(api, time=time, mirror=open_mirror(path, account_key="test")) as session,
        crawling(session, time) as crawl,
    ):
        assert (await sweep(other, lambda progress: None)).complete
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"
        assert (await stored_sweep(session)).started_at_ms > NOON_MS
