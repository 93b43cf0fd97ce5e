"""What interrupts a crawl: server failures, a full disk, another process that crawls."""

import asyncio
from pathlib import Path

import pytest

from tests.support.crawls import (
    HOUR_SECONDS,
    PAGE,
    SECOND,
    account,
    crawling,
    hold_after,
    stored_sweep,
    wait_for_phase,
    wait_until_held,
)
from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import BrokenMirror, ManualTime, OddDirectory, damage, idle, pages_asked, serving, until
from walkme_tui.domain.errors import ApiError, RateLimited, RequestRejected, ServerFault, SignInRefused, Unreachable
from walkme_tui.domain.mirrored import Stored
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UserPage
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror


async def test_after_an_outage_with_growing_pauses_the_walk_continues_at_the_same_page() -> None:
    api, time = OddDirectory(people(600)), ManualTime()
    away = Unreachable("The server cannot be reached.")
    next_page = 0
    api.before = lambda number: setattr(api, "offline", away) if number == 5 else None
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        for pause in (1, 2, 4, 8, 16, 30, 30):
            await until(lambda pause=pause: time.pauses[-1:] == [pause])  # type: ignore[misc]  # bound on purpose
            failure = crawl.progress.failure
            assert failure is not None
            assert (failure.error, failure.retry_at) == (away, time.seconds + pause)
            assert crawl.progress.phase is CrawlPhase.WAITING
            next_page = (await stored_sweep(session)).next_page
            time.pauses.append(0)
            time.advance(pause)
        api.offline = None
        api.calls.clear()
        time.advance(30)
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(next_page, 32))
        assert crawl.progress.note == "complete"


async def test_a_rate_limit_pauses_the_crawl_for_the_requested_time() -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    api.fail_next(RateLimited("Too many requests.", retry_after_seconds=77))
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        await until(lambda: time.pauses == [77])  # the phase is published a moment earlier
        time.advance(77)
        await wait_for_phase(crawl, CrawlPhase.DONE)


async def test_retry_now_or_another_successful_request_ends_the_pause() -> None:
    api, time = FakeDirectory(people(60)), ManualTime()
    api.offline = Unreachable("Away.")
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        crawl.retry_now()
        await until(lambda: len(api.calls) == 2)
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        async with serving(session, visible=(0, 39)) as (pages, _):
            await until(lambda: pages.failure is not None)
            api.offline = None
            pages.retry_now()
            await wait_for_phase(crawl, CrawlPhase.DONE)
    assert time.pauses[:2] == [1, 2]
    assert time.seconds == 1000


async def test_refused_credentials_are_read_again_only_on_request() -> None:
    api, time = OddDirectory(people(100)), ManualTime()
    api.before = lambda number: api.fail_next(SignInRefused("The secret is wrong.")) if number == 0 else None
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        failure = crawl.progress.failure
        assert failure is not None
        assert failure.retry_at is None
        time.advance(5 * HOUR_SECONDS)
        await idle(session)
        assert crawl.progress.phase is CrawlPhase.WAITING
        crawl.retry_now()
        assert api.sign_ins_forgotten == 1
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"


class Refusing(FakeDirectory):
    """A server that refuses some pages of some sizes."""

    def __init__(self, count: int, bad: set[tuple[int, int]], error: ApiError) -> None:
        super().__init__(people(count))
        self._bad = bad
        self._error = error

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page, unless it is refused."""
        answer = await super().list_users(page, page_size, priority)
        if (page, page_size) in self._bad:
            raise self._error
        return answer


async def finish(crawl: Crawl, session: Session, time: ManualTime) -> None:
    """Advance the time until the crawl has finished."""
    for _ in range(60):
        await idle(session)
        if crawl.progress.phase is CrawlPhase.DONE:
            return
        time.advance(30)
    raise AssertionError("it came to no end")


@pytest.mark.parametrize("page", [3, 10])
async def test_a_page_that_always_fails_is_skipped_and_read_by_the_second_walk(page: int) -> None:
    api, time = Refusing(200, {(page, PAGE)}, ServerFault("The server failed.", status=500)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await finish(crawl, session, time)
        assert crawl.progress.note == "complete"
        assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
        assert len(api.calls) < 100


async def test_a_page_that_fails_in_every_size_is_reported() -> None:
    bad = {(3, PAGE), (5, SECOND)}
    api, time = Refusing(200, bad, ServerFault("The server failed.", status=500)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await finish(crawl, session, time)
        # Together the two walks have read every page, but neither of them alone is complete.
        assert crawl.progress.note == "incomplete: page 5 could not be read. The server failed."
        assert not (await session.mirror.coverage()).complete


async def test_a_refused_page_ends_the_walk() -> None:
    bad = {(page, size) for size in (PAGE, SECOND) for page in range(6, 20)}
    api, time = Refusing(200, bad, RequestRejected("The page is too far away.", status=400)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "incomplete: The page is too far away."
        assert (await stored_sweep(session)).ended_at_ms is not None
        asked = len(api.calls)
        time.advance(60)
        await idle(session)
        assert len(api.calls) == asked


async def test_a_first_page_refused_in_every_size_ends_the_walk() -> None:
    bad = {(1, size) for size in (1000, 500, 250, 100)}
    api, time = Refusing(10, bad, RequestRejected("No lists today.", status=400)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, page_size=1000) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        await idle(session)
        assert crawl.progress.note == "incomplete: No lists today."
        assert len(api.calls) == 4


# ------------------------------------------------------------ the mirror


async def test_a_full_disk_pauses_only_the_crawl() -> None:
    api, time, mirror = FakeDirectory(people(100)), ManualTime(), BrokenMirror()
    mirror.full = True
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.WAITING)
        assert crawl.progress.note == "incomplete: The local copy cannot be written: no space left on the disk."
        async with serving(session, visible=(0, 39)) as (_, listing):
            await until(lambda: listing.row(39) is not None)
        crawl.restart()
        await until(lambda: len(time.pauses) == 2)
        assert time.pauses == [300, 300]
        mirror.full = False
        time.advance(299)
        await idle(session)
        assert crawl.progress.phase is CrawlPhase.WAITING
        time.advance(1)
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"


async def test_a_crawl_with_an_unusable_mirror_does_not_spin() -> None:
    api, time, mirror = FakeDirectory(people(100)), ManualTime(), BrokenMirror()
    mirror.broken = True
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        for act in (crawl.pause, crawl.restart, crawl.resume, crawl.retry_now):
            count = len(time.pauses)
            act()
            await until(lambda count=count: len(time.pauses) == count + 1)  # type: ignore[misc]  # bound on purpose
            await asyncio.sleep(0.02)
            assert len(time.pauses) == count + 1
        assert api.calls == []


async def test_a_mirror_made_anew_is_filled_from_the_first_page(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(600)), ManualTime(), tmp_path / "mirror.sqlite3"
    mirror = open_mirror(path, account_key="test")
    gate = hold_after(api, 5)
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await wait_until_held(api, crawl)
        await damage(mirror)
        gate.set()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"
        coverage = await session.mirror.coverage()
        assert (coverage.loaded, coverage.total) == (600, 600)
        assert {size for _, size in api.asked("list_users")} == {PAGE}


async def test_one_of_two_programs_on_a_mirror_crawls_and_the_other_takes_over(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(600)), ManualTime(), tmp_path / "mirror.sqlite3"
    theirs = FakeDirectory(people(600))
    hold_after(api, 12)
    ours = open_mirror(path, account_key="test")
    async with account(theirs, time=time, mirror=open_mirror(path, account_key="test")) as other:
        async with account(api, time=time, mirror=ours) as session, crawling(session, time) as crawl:
            await wait_until_held(api, crawl)
            done = crawl.progress.pages_done
            theirs.hold("list_users")
            async with crawling(other, time) as watching, serving(other, visible=(0, 39)) as (pages, listing):
                await wait_for_phase(watching, CrawlPhase.ELSEWHERE)
                assert watching.progress.pages_done == done
                await until(lambda: pages.coverage is not None and pages.coverage.loaded == done * PAGE)
                listing.want(200, 239)
                await until(lambda: listing.row(239) is not None)
        # The program that crawled is closed.
        theirs.hold("list_users").set()
        theirs.calls.clear()
        async with crawling(other, time) as watching:
            await wait_for_phase(watching, CrawlPhase.DONE)
            assert watching.progress.note == "complete"
            assert min(pages_asked(theirs)) == done + 1


async def test_the_waiting_program_continues_an_unfinished_sweep_and_not_a_finished_one(tmp_path: Path) -> None:
    api, time, path = FakeDirectory(people(180)), ManualTime(), tmp_path / "mirror.sqlite3"
    theirs = FakeDirectory(people(180))
    async with (
        account(theirs, time=time, mirror=open_mirror(path, account_key="test")) as other,
        account(api, time=time, mirror=open_mirror(path, account_key="test")) as session,
        crawling(session, time) as crawl,
    ):
        gate = api.hold("list_users")
        await until(lambda: api.in_flight)
        async with crawling(other, time) as watching:
            await wait_for_phase(watching, CrawlPhase.ELSEWHERE)
            time.advance(2)
            await idle(other)
            assert watching.progress.phase is CrawlPhase.ELSEWHERE
            gate.set()
            await wait_for_phase(crawl, CrawlPhase.DONE)
            time.advance(2)
            await wait_for_phase(watching, CrawlPhase.DONE)
            assert watching.progress.note == "complete"
            assert theirs.calls == []


async def test_pages_waiting_for_a_slow_disk_are_limited() -> None:
    class Slow(BrokenMirror):
        gate = asyncio.Event()
        waiting = 0

        async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
            if page.page > 1:
                self.waiting += 1
                await self.gate.wait()
            return await super().save_page(page, fetched_at_ms)

    api, time, mirror = FakeDirectory(people(1200)), ManualTime(), Slow()
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await until(lambda: mirror.waiting)
        await asyncio.sleep(0.05)
        assert mirror.waiting <= 4
        assert len(api.calls) <= 1 + 7 + 4
        mirror.gate.set()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"
