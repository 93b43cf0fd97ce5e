"""The crawl: when it begins, how it goes on, what stops it for a while, and what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import (
    NOON_MS,
    BrokenMirror,
    ManualTime,
    OddDirectory,
    damage,
    idle,
    open_session,
    pages_asked,
    running,
    serving,
    until,
)
from walkme_tui.domain.errors import (
    ApiError,
    RateLimited,
    RequestRejected,
    ServerFault,
    SignInRefused,
    Unreachable,
)
from walkme_tui.domain.mirrored import Stored, Update
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UserPage
from walkme_tui.services.changes import Change, CrawlChanged, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.crawl import Crawl
from walkme_tui.services.crawl_progress import CrawlPhase
from walkme_tui.services.ports import Mirror, Session, Syncing
from walkme_tui.services.sweep import sweep
from walkme_tui.store.mirror import open_mirror

HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS
PAGE = 20
SECOND = 18  # users a page in a second walk


@asynccontextmanager
async def account(
    api: FakeDirectory, *, time: ManualTime, mirror: Mirror | None = None, syncing: Syncing | None = None
) -> AsyncIterator[Session]:
    """A session of a profile that says this about the crawl."""
    async with open_session(api, time=time, mirror=mirror) as session:
        yield replace(session, syncing=syncing or Syncing())
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
    await until(lambda: api.in_flight == under_way and crawl.progress.pages_done == api.answered)


def phases(crawl: Crawl, session: Session) -> list[CrawlPhase]:
    """A list that takes every phase that is told from now on."""
    seen: list[CrawlPhase] = []

    def hear(change: Change) -> None:
        if isinstance(change, CrawlChanged) and seen[-1:] != [crawl.progress.phase]:
            seen.append(crawl.progress.phase)

    session.changes.subscribe(hear)
    return seen


# ------------------------------------------------------------ beginning


async def test_everyone_is_read_in_the_background_once_the_first_page_is_on_the_screen() -> None:
    api, time = FakeDirectory(people(70)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, begin=False) as crawl:
        seen = phases(crawl, session)
        await idle(session)
        assert (api.calls, crawl.progress.phase) == ([], CrawlPhase.IDLE)
        crawl.begin()
        await come_to(crawl, CrawlPhase.DONE)
        assert sorted(api.asked("list_users")) == [(page, PAGE) for page in (1, 2, 3, 4)]
        assert {call.priority for call in api.calls} == {Priority.BACKGROUND}
        assert (await session.mirror.coverage()).complete
        assert crawl.progress.note == "complete"
        assert seen == [CrawlPhase.CRAWLING, CrawlPhase.DONE]
        await idle(session)
        assert len(api.calls) == 4


async def test_a_lazy_profile_is_never_crawled_by_itself_and_may_be_by_a_person() -> None:
    api, time = FakeDirectory(people(50)), ManualTime()
    async with account(api, time=time, syncing=Syncing(fully=False)) as session, crawling(session, time) as crawl:
        await idle(session)
        time.advance(10 * DAY_SECONDS)
        await idle(session)
        assert (api.calls, crawl.progress.phase) == ([], CrawlPhase.IDLE)
        crawl.restart()
        await come_to(crawl, CrawlPhase.DONE)
        assert (await session.mirror.coverage()).complete


@pytest.mark.parametrize(("hours", "pages"), [(0.5, 0), (23.9, 0), (24, 3), (100, 3)])
async def test_a_complete_mirror_is_crawled_again_only_when_it_is_old(tmp_path: Path, hours: float, pages: int) -> None:
    api, time, path = FakeDirectory(people(50)), ManualTime(), tmp_path / "mirror.sqlite3"
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        assert (await sweep(session, lambda progress: None)).complete
    api.calls.clear()
    time.advance(hours * HOUR_SECONDS)
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        await idle(session)
        assert len(api.calls) == pages
        assert crawl.progress.note == "complete"


async def test_an_incomplete_mirror_is_crawled_at_every_start_and_not_again_and_again(tmp_path: Path) -> None:
    api, time = OddDirectory(people(30)), ManualTime()
    api.claims = [32]
    for _ in range(2):
        api.calls.clear()
        mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="test")
        async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
            await come_to(crawl, CrawlPhase.DONE)
            assert crawl.progress.note == "incomplete: the server claims 32 users and sent 30"
            assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
            count = len(api.calls)
            time.advance(HOUR_SECONDS)
            await idle(session)
            assert len(api.calls) == count
        time.advance(60)


@pytest.mark.parametrize(("resync_hours", "pause_hours"), [(24, 24), (2, 2), (0, 1)])
async def test_a_program_that_stays_open_crawls_again_in_time(resync_hours: int, pause_hours: int) -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    syncing = Syncing(resync_ms=resync_hours * 3_600_000)
    async with account(api, time=time, syncing=syncing) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        await idle(session)
        time.advance(pause_hours * HOUR_SECONDS - 1)
        await idle(session)
        assert len(api.calls) == 1
        time.advance(1.1)
        await until(lambda: len(api.calls) == 2)
        await come_to(crawl, CrawlPhase.DONE)
        await idle(session)
        assert len(api.calls) == 2


# ------------------------------------------------------------ going on


async def broken_off(api: OddDirectory, time: ManualTime, path: Path) -> None:
    """A crawl of some pages; then the program ends."""
    gate = hold_after(api, 8)
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await stands_still(api, crawl)
    gate.set()


async def test_after_a_restart_only_the_rest_is_asked_for(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await broken_off(api, time, path)
    time.advance(3 * HOUR_SECONDS)
    api.calls.clear()
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        next_page = (await latest(session)).next_page
        assert next_page == api.answered + 1
        async with crawling(session, time) as crawl:
            await come_to(crawl, CrawlPhase.DONE)
            assert pages_asked(api) == list(range(next_page, 21))
            assert crawl.progress.note == "complete"
            assert crawl.progress.loaded == 400


async def test_a_walk_that_was_left_long_ago_begins_anew(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await broken_off(api, time, path)
    time.advance(25 * HOUR_SECONDS)
    api.calls.clear()
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(1, 21))
        assert crawl.progress.note == "complete"


async def test_a_list_that_changed_while_the_program_was_closed_is_walked_again_after_the_rest(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await broken_off(api, time, path)
    del api.users[10:20]
    api.calls.clear()
    mirror = open_mirror(path, account_key="test")
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete as of 2027-01-15T08:00:01Z, list was changing"
        assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
        for number in (20, 165, 399):
            assert await session.mirror.user(person(number).id) is not None


async def test_a_pause_lets_come_what_is_under_way_and_ends_where_it_began() -> None:
    api, time = OddDirectory(people(600)), ManualTime()
    gate = hold_after(api, 5)
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await stands_still(api, crawl)
        crawl.pause()
        gate.set()
        await come_to(crawl, CrawlPhase.PAUSED)
        assert api.in_flight == 0
        asked = pages_asked(api)
        assert (await latest(session)).next_page == max(asked) + 1
        time.advance(2 * HOUR_SECONDS)
        await idle(session)
        assert pages_asked(api) == asked
        crawl.resume()
        await come_to(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(1, 31))
        assert crawl.progress.note == "complete"


async def test_a_crawl_that_is_paused_before_it_begins_waits_for_the_person() -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, begin=False) as crawl:
        crawl.pause()
        crawl.begin()
        await come_to(crawl, CrawlPhase.PAUSED)
        assert api.calls == []
        crawl.resume()
        await come_to(crawl, CrawlPhase.DONE)


async def test_a_person_may_begin_anew_in_the_middle_and_at_the_end() -> None:
    api, time = OddDirectory(people(600)), ManualTime()
    gate = hold_after(api, 5)
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await stands_still(api, crawl)
        asked = len(api.calls)
        assert asked < 30
        crawl.restart()
        gate.set()
        await come_to(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)[asked:]) == list(range(1, 31))
        crawl.restart()
        await until(lambda: len(api.calls) == asked + 60)
        await come_to(crawl, CrawlPhase.DONE)


async def test_cancelling_leaves_nothing_running() -> None:
    api, time = OddDirectory(people(400)), ManualTime()
    hold_after(api, 5)
    before = asyncio.all_tasks()
    async with account(api, time=time) as session:
        async with crawling(session, time) as crawl:
            await stands_still(api, crawl)
        assert api.in_flight == 0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


# ------------------------------------------------------------ failing


async def test_an_outage_is_waited_out_with_longer_and_longer_pauses_and_the_walk_goes_on_at_the_same_page() -> None:
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
            next_page = (await latest(session)).next_page
            time.pauses.append(0)
            time.advance(pause)
        api.offline = None
        api.calls.clear()
        time.advance(30)
        await come_to(crawl, CrawlPhase.DONE)
        assert sorted(pages_asked(api)) == list(range(next_page, 31))
        assert crawl.progress.note == "complete"


async def test_a_rate_limit_is_waited_for_as_long_as_the_server_asks() -> None:
    api, time = FakeDirectory(people(10)), ManualTime()
    api.fail_next(RateLimited("Too many requests.", retry_after_seconds=77))
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.WAITING)
        assert time.pauses == [77]
        time.advance(77)
        await come_to(crawl, CrawlPhase.DONE)


async def test_retry_now_does_not_wait_and_neither_does_a_crawl_whose_line_is_good_again() -> None:
    api, time = FakeDirectory(people(60)), ManualTime()
    api.offline = Unreachable("Away.")
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.WAITING)
        crawl.retry_now()
        await until(lambda: len(api.calls) == 2)
        await come_to(crawl, CrawlPhase.WAITING)
        async with serving(session, visible=(0, 39)) as (pages, _):
            await until(lambda: pages.failure is not None)
            api.offline = None
            pages.retry_now()
            await come_to(crawl, CrawlPhase.DONE)
    assert time.pauses[:2] == [1, 2]
    assert time.seconds == 1000


async def test_refused_credentials_wait_for_the_person_and_are_read_anew_then() -> None:
    api, time = OddDirectory(people(100)), ManualTime()
    api.before = lambda number: api.fail_next(SignInRefused("The secret is wrong.")) if number == 0 else None
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.WAITING)
        failure = crawl.progress.failure
        assert failure is not None
        assert failure.retry_at is None
        time.advance(5 * HOUR_SECONDS)
        await idle(session)
        assert crawl.progress.phase is CrawlPhase.WAITING
        crawl.retry_now()
        assert api.sign_ins_forgotten == 1
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"


class Refusing(FakeDirectory):
    """Some pages of some sizes never come."""

    def __init__(self, count: int, bad: set[tuple[int, int]], error: ApiError) -> None:
        super().__init__(people(count))
        self._bad = bad
        self._error = error

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page, unless it is a bad one."""
        answer = await super().list_users(page, page_size, priority)
        if (page, page_size) in self._bad:
            raise self._error
        return answer


async def finish(crawl: Crawl, session: Session, time: ManualTime) -> None:
    """Let all pauses pass."""
    for _ in range(60):
        await idle(session)
        if crawl.progress.phase is CrawlPhase.DONE:
            return
        time.advance(30)
    raise AssertionError("it came to no end")


@pytest.mark.parametrize("page", [3, 10])
async def test_a_page_that_never_comes_is_done_without_and_read_by_a_second_walk(page: int) -> None:
    api, time = Refusing(200, {(page, PAGE)}, ServerFault("The server failed.", status=500)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await finish(crawl, session, time)
        assert crawl.progress.note == "complete"
        assert {size for _, size in api.asked("list_users")} == {PAGE, SECOND}
        assert len(api.calls) < 100


async def test_a_page_that_comes_in_no_size_is_said() -> None:
    bad = {(3, PAGE), (5, SECOND)}
    api, time = Refusing(200, bad, ServerFault("The server failed.", status=500)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await finish(crawl, session, time)
        # Page 3 of the first walk came in the second, and page 5 of the second in the first: all are here, and yet the
        # second walk alone proves nothing.
        assert crawl.progress.note == "incomplete: page 5 did not come. The server failed."
        assert not (await session.mirror.coverage()).complete


async def test_a_refused_page_ends_the_walk_for_now() -> None:
    bad = {(page, size) for size in (PAGE, SECOND) for page in range(6, 20)}
    api, time = Refusing(200, bad, RequestRejected("The page is too far away.", status=400)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "incomplete: The page is too far away."
        assert (await latest(session)).ended_at_ms is not None
        asked = len(api.calls)
        time.advance(60)
        await idle(session)
        assert len(api.calls) == asked


async def test_a_first_page_that_is_refused_in_every_size_ends_the_walk_for_now() -> None:
    bad = {(1, size) for size in (1000, 500, 250, 100)}
    api, time = Refusing(10, bad, RequestRejected("No lists today.", status=400)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time, page_size=1000) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        await idle(session)
        assert crawl.progress.note == "incomplete: No lists today."
        assert len(api.calls) == 4


# ------------------------------------------------------------ the mirror


async def test_a_full_disk_stops_the_crawl_for_some_minutes_and_nothing_else() -> None:
    api, time, mirror = FakeDirectory(people(100)), ManualTime(), BrokenMirror()
    mirror.full = True
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.WAITING)
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
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"


async def test_a_mirror_that_is_broken_altogether_costs_no_rest() -> None:
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


async def test_a_mirror_that_became_another_file_is_filled_from_the_beginning(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(600)), ManualTime(), tmp_path / "mirror.sqlite3"
    mirror = open_mirror(path, account_key="test")
    gate = hold_after(api, 5)
    async with account(api, time=time, mirror=mirror) as session, crawling(session, time) as crawl:
        await stands_still(api, crawl)
        await damage(mirror)
        gate.set()
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"
        coverage = await session.mirror.coverage()
        assert (coverage.loaded, coverage.total) == (600, 600)
        assert {size for _, size in api.asked("list_users")} == {PAGE}


async def test_of_two_with_one_mirror_one_walks_and_the_other_watches_and_takes_over(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(600)), ManualTime(), tmp_path / "mirror.sqlite3"
    theirs = FakeDirectory(people(600))
    hold_after(api, 12)
    ours = open_mirror(path, account_key="test")
    async with account(theirs, time=time, mirror=open_mirror(path, account_key="test")) as other:
        async with account(api, time=time, mirror=ours) as session, crawling(session, time) as crawl:
            await stands_still(api, crawl)
            done = crawl.progress.pages_done
            theirs.hold("list_users")
            async with crawling(other, time) as watching, serving(other, visible=(0, 39)) as (pages, listing):
                await come_to(watching, CrawlPhase.ELSEWHERE)
                assert (watching.progress.pages_done, watching.progress.pages) == (done, 30)
                await until(lambda: pages.coverage is not None and pages.coverage.loaded == done * PAGE)
                listing.want(200, 239)
                await until(lambda: listing.row(239) is not None)
        # The one that walked is closed.
        theirs.hold("list_users").set()
        theirs.calls.clear()
        async with crawling(other, time) as watching:
            await come_to(watching, CrawlPhase.DONE)
            assert watching.progress.note == "complete"
            assert min(pages_asked(theirs)) == done + 1


async def test_who_watches_goes_on_when_the_other_leaves_and_has_nothing_to_do_when_it_was_done(tmp_path: Path) -> None:
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
            await come_to(watching, CrawlPhase.ELSEWHERE)
            time.advance(2)
            await idle(other)
            assert watching.progress.phase is CrawlPhase.ELSEWHERE
            gate.set()
            await come_to(crawl, CrawlPhase.DONE)
            time.advance(2)
            await come_to(watching, CrawlPhase.DONE)
            assert watching.progress.note == "complete"
            assert theirs.calls == []


async def test_pages_that_wait_for_a_slow_disk_are_bounded() -> None:
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
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"


# ------------------------------------------------------------ those who were not met, and news


async def test_who_is_not_in_the_list_any_more_is_asked_for_and_forgotten_where_the_server_says_so() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    told: list[Change] = []
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        session.changes.subscribe(told.append)
        seen = phases(crawl, session)
        hidden = api.users.pop(20)
        del api.users[10:15]
        original = api.get_user

        async def with_the_hidden_one(user_id: str, priority: Priority = Priority.DEMAND) -> object:
            if user_id == person(20).id:
                api.calls.append(api.calls[-1])
                return hidden
            return await original(user_id, priority)

        api.get_user = with_the_hidden_one  # type: ignore[method-assign, assignment]  # a list that hides somebody
        crawl.restart()
        await until(lambda: CrawlPhase.DONE in seen)
        assert seen == [CrawlPhase.CRAWLING, CrawlPhase.CHECKING, CrawlPhase.DONE]
        assert {change.user_id for change in told if isinstance(change, UserForgotten)} == {
            person(number).id for number in range(10, 15)
        }
        assert [change.user_id for change in told if isinstance(change, UserStored)] == [person(20).id]
        assert {call.priority for call in api.calls if call.name == "get_user"} == {Priority.BACKGROUND}
        assert await session.mirror.user(person(12).id) is None
        assert await session.mirror.user(person(20).id) is not None
        assert (crawl.progress.checked, crawl.progress.to_check) == (6, 6)


async def test_no_more_than_two_hundred_are_asked_for_and_nobody_after_a_walk_that_is_incomplete() -> None:
    api, time = OddDirectory(people(900)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        del api.users[100:400]
        api.claims = [601]
        seen = phases(crawl, session)
        crawl.restart()
        await until(lambda: CrawlPhase.DONE in seen)
        assert api.asked("get_user") == []
        api.claims = []
        for count in (200, 300):
            seen.clear()
            crawl.restart()
            await until(lambda: CrawlPhase.DONE in seen)
            assert len(api.asked("get_user")) == count


async def test_checks_end_with_the_line_and_wait_while_the_crawl_is_paused() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await come_to(crawl, CrawlPhase.DONE)
        del api.users[10:20]
        gate = api.hold("get_user")
        crawl.restart()
        await come_to(crawl, CrawlPhase.CHECKING)
        await until(lambda: api.asked("get_user"))
        crawl.pause()
        gate.set()
        await come_to(crawl, CrawlPhase.PAUSED)
        assert len(api.asked("get_user")) == 1
        api.fail_next(Unreachable("Away."), name="get_user")
        crawl.resume()
        await come_to(crawl, CrawlPhase.DONE)
        assert len(api.asked("get_user")) == 2


async def test_news_are_who_came_and_who_changed_since_everyone_was_known() -> None:
    api, time = FakeDirectory(people(50)), ManualTime()
    news: list[UsersChanged] = []
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        session.changes.subscribe(lambda change: news.append(change) if isinstance(change, UsersChanged) else None)
        await come_to(crawl, CrawlPhase.DONE)
        await idle(session)
        assert news == []
        api.users.append(person(9000))
        api.users[45] = replace(person(45), last_name="Changed")
        time.advance(DAY_SECONDS)
        await until(lambda: news)
        await come_to(crawl, CrawlPhase.DONE)
        assert news == [UsersChanged((person(9000).id,), (Update(person(45).id, frozenset({"last_name"})),))]


async def test_a_first_walk_that_was_broken_off_makes_nobody_new(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await broken_off(api, time, path)
    news: list[Change] = []
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        session.changes.subscribe(lambda change: news.append(change) if isinstance(change, UsersChanged) else None)
        async with crawling(session, time) as crawl:
            await come_to(crawl, CrawlPhase.DONE)
    assert news == []


# ------------------------------------------------------------ what it says, and what the browser makes of it


async def test_speed_and_time_left_are_those_of_the_last_seconds() -> None:
    api, time = OddDirectory(people(400)), ManualTime()
    told = 0
    gates: list[asyncio.Event] = []
    api.before = lambda number: gates.append(api.hold("list_users"))
    async with account(api, time=time, syncing=Syncing(pages_at_once=1)) as session, crawling(session, time) as crawl:

        def hear(change: Change) -> None:
            nonlocal told
            told += isinstance(change, CrawlChanged)

        session.changes.subscribe(hear)
        for done in range(1, 11):
            await until(lambda done=done: crawl.progress.pages_done == done and api.in_flight)  # type: ignore[misc]
            time.advance(0.1)
            gates[-1].set()
        await until(lambda: crawl.progress.pages_done == 11)
        progress = crawl.progress
        assert (progress.loaded, progress.total, progress.pages, progress.walk) == (220, 400, 20, 1)
        assert progress.users_per_second == pytest.approx(200)
        assert progress.seconds_left == pytest.approx(0.9)
        assert told <= 4
        time.advance(60)
        assert crawl.progress.users_per_second == 0
        assert crawl.progress.seconds_left is None


async def test_the_browser_follows_what_the_crawl_learns_and_asks_for_nothing_that_it_brought() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    async with account(api, time=time) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        api.users += people(150, start=5000)
        api.calls.clear()
        async with crawling(session, time) as crawl:
            await come_to(crawl, CrawlPhase.DONE)
            assert pages.total is not None
            assert pages.total.count == 450
            assert listing.total == pages.total
            assert pages.coverage == await session.mirror.coverage()
            listing.want(410, 449)
            await until(lambda: listing.row(449) is not None)
            await idle(session)
        assert sorted(api.asked("list_users")) == [(page, PAGE) for page in range(1, 24)]


async def test_a_crawl_beside_a_sweep_of_another_process_is_complete_all_the_same(tmp_path: Path) -> None:
    api, time, path = FakeDirectory(people(180)), ManualTime(), tmp_path / "mirror.sqlite3"
    async with (
        account(FakeDirectory(people(180)), time=time, mirror=open_mirror(path, account_key="test")) as other,
        account(api, time=time, mirror=open_mirror(path, account_key="test")) as session,
        crawling(session, time) as crawl,
    ):
        assert (await sweep(other, lambda progress: None)).complete
        await come_to(crawl, CrawlPhase.DONE)
        assert crawl.progress.note == "complete"
        assert (await latest(session)).started_at_ms > NOON_MS
