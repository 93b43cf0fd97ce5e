"""Failures of pages: retries, pauses, and rows that stay visible."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import (
    BrokenMirror,
    ManualTime,
    emails,
    idle,
    open_session,
    pages_asked,
    serving,
    until,
)
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import (
    RateLimited,
    RequestRejected,
    ServerFault,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.events import Event, LoadFailed, LoadRecovered
from walkme_tui.services.reading.pages import PageLoader


async def test_failed_pages_are_retried_with_growing_pauses() -> None:
    api = FakeDirectory(people(150))
    api.offline = Unreachable("The server cannot be reached.")
    time = ManualTime()
    events: list[Event] = []
    async with open_session(api, time=time) as session:
        session.events.subscribe(events.append)
        async with serving(session, time=time, visible=(0, 39)) as (pages, listing):
            for pause in (1, 2, 4, 8, 16, 30, 30):
                await until(lambda: time.pauses and len(time.pauses) == len(api.calls))
                assert time.pauses[-1] == pause
                assert pages.failure is not None
                assert pages.failure.error is api.offline
                assert pages.failure.retry_at == time.monotonic() + pause
                time.advance(pause - 0.5)
                await idle(session)
                count = len(api.calls)
                time.advance(0.5)
                await until(lambda count=count: len(api.calls) > count)  # type: ignore[misc]  # bound on purpose
            api.offline = None
            await until(lambda: len(time.pauses) == len(api.calls))
            time.advance(30)
            await until(lambda: listing.row(0) is not None)
            assert pages.failure is None
            assert sum(isinstance(change, LoadRecovered) for change in events) == 1
            assert [change.retry_in_seconds for change in events if isinstance(change, LoadFailed)] == time.pauses


async def test_stored_rows_are_shown_during_an_outage() -> None:
    api = FakeDirectory(people(300))
    time = ManualTime()
    async with (
        open_session(api, time=time) as session,
        serving(session, time=time, visible=(0, 39)) as (pages, listing),
    ):
        await until(lambda: pages.confirmed(2))
        api.offline = ServerFault("The server failed.", status=500)
        listing.want(260, 299)
        await until(lambda: pages.failure is not None)
        assert listing.row(299) is None
        listing.want(100, 139)
        await until(lambda: listing.row(139) is not None)


async def test_retry_now_ends_the_pause() -> None:
    api = FakeDirectory(people(10))
    api.fail_next(Unreachable("Away."), times=5)
    time = ManualTime()
    async with open_session(api, time=time) as session, serving(session, time=time, visible=(0, 9)) as (pages, listing):
        for count in range(1, 6):
            await until(lambda count=count: len(time.pauses) == count)  # type: ignore[misc]  # bound on purpose
            pages.retry_now()
        await until(lambda: listing.row(9) is not None)
        pages.retry_now()
        assert pages.failure is None


async def test_a_rate_limit_pauses_for_the_requested_time() -> None:
    api = FakeDirectory(people(10))
    api.fail_next(RateLimited("Too many requests.", retry_after_seconds=77))
    time = ManualTime()
    async with open_session(api, time=time) as session, serving(session, time=time, visible=(0, 9)):
        await until(lambda: time.pauses == [77])


async def test_a_refused_sign_in_is_retried_on_request_with_the_secret_read_again() -> None:
    api = FakeDirectory(people(10))
    api.fail_next(SignInRefused("The client id or secret is wrong.", status=401))
    time = ManualTime()
    async with open_session(api, time=time) as session, serving(session, time=time, visible=(0, 9)) as (pages, listing):
        await until(lambda: pages.failure is not None)
        time.advance(1000)
        listing.want(1, 9)
        await idle(session)
        assert len(api.calls) == 1
        assert pages.failure is not None
        assert pages.failure.retry_at is None
        pages.retry_now()
        await until(lambda: listing.row(9) is not None)
        assert api.sign_ins_forgotten == 1


async def test_concurrent_failures_lengthen_the_pause_once() -> None:
    api = FakeDirectory(people(2000))
    time = ManualTime()
    async with (
        open_session(api, time=time) as session,
        serving(session, time=time, visible=(0, 39)) as (pages, listing),
    ):
        await until(lambda: pages.confirmed(2))
        gate = api.hold("list_users")
        listing.want(1000, 1399)
        await until(lambda: api.in_flight == 4)
        api.offline = Unreachable("Away.")
        gate.set()
        await until(lambda: api.in_flight == 0 and time.pauses)
        await idle(session)
        assert set(time.pauses) == {1.0}
        before = len(api.calls)
        time.advance(1)
        await until(lambda: 2.0 in time.pauses)
        assert len(api.calls) == before + 1


async def test_a_page_that_always_fails_does_not_block_the_others() -> None:
    class OneFailingPage(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page == 3:
                raise UnexpectedAnswer("The answer was cut short.")
            return answer

    api = OneFailingPage(people(600))
    time = ManualTime()
    async with (
        open_session(api, time=time) as session,
        serving(session, time=time, visible=(0, 39)) as (pages, listing),
    ):
        await until(lambda: pages.confirmed(2))
        listing.want(200, 599)
        await until(lambda: pages.failure is not None)
        for _ in range(12):
            time.advance(30)
            await idle(session)
        assert all(pages.confirmed(page) for page in (4, 5, 6))


async def test_of_two_failed_pages_the_one_that_recovers_is_loaded() -> None:
    class TwoFailingPages(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page == 3 or (page == 4 and pages_asked(self).count(4) == 1):
                raise UnexpectedAnswer("The answer was cut short.")
            return answer

    api = TwoFailingPages(people(400))
    time = ManualTime()
    async with (
        open_session(api, time=time) as session,
        serving(session, time=time, visible=(0, 39)) as (pages, listing),
    ):
        await until(lambda: pages.confirmed(2))
        listing.want(200, 399)
        await until(lambda: pages.failure is not None and api.in_flight == 0)
        for _ in range(4):
            await idle(session)
            time.advance(30)
        await until(lambda: pages.confirmed(4))


async def test_after_a_recovery_pauses_start_short_again() -> None:
    api = FakeDirectory(people(1000))
    time = ManualTime()
    api.fail_next(Unreachable("Away."), times=3)
    pauses: list[float | None] = []
    async with open_session(api, time=time) as session:
        session.events.subscribe(lambda it: pauses.append(it.retry_in_seconds) if isinstance(it, LoadFailed) else None)
        async with serving(session, time=time, visible=(0, 39)) as (pages, listing):
            for count in (1, 2, 3):
                await until(lambda count=count: len(pauses) == count and not api.in_flight)  # type: ignore[misc]
                await idle(session)
                time.advance(30)
            await until(lambda: pages.confirmed(2))
            api.fail_next(Unreachable("Away."))
            listing.want(500, 539)
            await until(lambda: len(pauses) == 4)
            assert pauses == [1, 2, 4, 1]


async def test_a_refused_page_does_not_affect_others() -> None:
    class RefusesLaterPages(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page > 5:
                raise RequestRejected("The page is too far away.", status=400)
            return answer

    api = RefusesLaterPages(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.want(960, 999)
        await until(lambda: pages.confirmed(10))
        assert pages.failure is None
        assert "refused page 10" in pages.warnings[0]
        assert listing.total == Total(1000, exact=True)
        listing.want(400, 439)
        await until(lambda: listing.row(439) is not None)
        assert pages_asked(api).count(10) == 1


async def test_a_full_disk_does_not_stop_browsing() -> None:
    api = FakeDirectory(people(5000))
    mirror = BrokenMirror()
    mirror.full = True
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])
        assert listing.total == Total(5000, exact=True)
        assert "no space left" in pages.warnings[0]
        for page in range(1, 40):
            listing.want(page * 100, page * 100 + 39)
            await until(lambda page=page: listing.row(page * 100 + 39) is not None)  # type: ignore[misc]
        assert len(pages.unsaved(0, 4999)) <= 2000
        listing.want(0, 39)
        await until(lambda: emails(listing, 39, 39) == ["person00039@example.com"])
        mirror.full = False
        listing.refresh()
        await until(lambda: session_has(session.mirror, listing))
        await until(lambda: not pages.unsaved(0, 99))


def session_has(mirror: object, listing: object) -> bool:
    row = listing.row(0)  # type: ignore[attr-defined]
    return row is not None and row.row_id > 0


async def test_an_unusable_mirror_is_reported_without_ending_the_loader() -> None:
    api = FakeDirectory(people(50))
    mirror = BrokenMirror()
    mirror.broken = True
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])
        assert any("cannot be read" in warning for warning in pages.warnings)


async def test_a_bug_is_raised() -> None:
    class Buggy(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            raise KeyError("a bug")

    async with open_session(Buggy()) as session:
        pages = PageLoader(session)
        pages.want("test", [1])
        with pytest.raises(ExceptionGroup) as raised:
            await asyncio.wait_for(pages.run(), 5)
        assert raised.group_contains(KeyError)


async def test_cancelling_leaves_nothing_running() -> None:
    api = FakeDirectory(people(500))
    api.hold()
    before = asyncio.all_tasks()
    async with open_session(api) as session:
        async with serving(session, visible=(0, 39)):
            await until(lambda: api.in_flight)
        assert api.in_flight == 0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
