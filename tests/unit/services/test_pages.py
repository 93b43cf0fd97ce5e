"""Requests for pages of the server's list: which, in which order, and how often."""

import asyncio

import pytest

from tests.support.crawls import account, crawling, wait_for_phase
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import (
    NOON_MS,
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
    Unreachable,
)
from walkme_tui.domain.mirrored import Update
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import CoverageChanged, Event, PageLoaded, TotalChanged, UserForgotten, UsersChanged
from walkme_tui.services.reading.listing import Phase
from walkme_tui.services.sync.progress import CrawlPhase


async def test_visible_pages_are_requested_first_and_then_one_page_ahead() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: len(api.calls) == 2)
        await idle(session)
        assert [(call.arguments, call.priority) for call in api.calls] == [
            ((1, 100), Priority.DEMAND),
            ((2, 100), Priority.PREFETCH),
        ]
        api.calls.clear()
        listing.want(480, 520)
        await until(lambda: len(api.calls) == 3)
        await idle(session)
        assert [(call.arguments[0], call.priority) for call in api.calls] == [
            (5, Priority.DEMAND),
            (6, Priority.DEMAND),
            (7, Priority.PREFETCH),
        ]


async def test_the_page_ahead_is_in_the_direction_of_scrolling() -> None:
    api = FakeDirectory(people(2000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: len(api.calls) == 2)
        listing.want(1510, 1549)
        await until(lambda: 17 in pages_asked(api))
        api.calls.clear()
        listing.want(1210, 1249)
        await until(lambda: len(api.calls) == 2)
        await idle(session)
        assert pages_asked(api) == [13, 12]


async def test_unwanted_pages_are_dropped_from_the_queue_but_not_in_flight() -> None:
    api = FakeDirectory(people(10_000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        gate = api.hold("list_users")
        api.calls.clear()
        listing.want(2000, 2999)
        await until(lambda: api.in_flight)
        await idle(session)
        under_way = pages_asked(api)
        assert under_way == [21, 22, 23, 24]
        listing.want(5000, 5039)
        await idle(session)
        listing.want(8000, 8039)
        await idle(session)
        assert pages_asked(api) == under_way
        gate.set()
        await until(lambda: pages.confirmed(82) and pages.confirmed(21))
        assert sorted(pages_asked(api)) == [21, 22, 23, 24, 81, 82]


async def test_the_page_ahead_is_requested_only_with_few_requests_in_flight() -> None:
    api = FakeDirectory(people(10_000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        gate = api.hold("list_users")
        api.calls.clear()
        listing.want(590, 610)
        await until(lambda: len(api.calls) == 2)
        await idle(session)
        assert pages_asked(api) == [6, 7]
        gate.set()
        await until(lambda: pages.confirmed(8))


async def test_a_late_answer_is_stored_even_if_its_page_is_no_longer_visible() -> None:
    api = FakeDirectory(people(2000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        gate = api.hold("list_users")
        listing.want(500, 539)
        await until(lambda: api.in_flight)
        listing.want(0, 39)
        gate.set()
        await until(lambda: pages.confirmed(6))
        assert emails(listing, 0, 0) == ["person00000@example.com"]
        listing.want(500, 539)
        await until(lambda: emails(listing, 500, 500) == ["person00500@example.com"])
        assert pages_asked(api).count(6) == 1


async def test_scrolling_past_a_page_repeatedly_requests_it_once() -> None:
    api = FakeDirectory(people(900))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        for first in (0, 300, 860, 200, 600, 0, 860, 450, 90):
            listing.want(first, min(899, first + 39))
            await idle(session)
        assert len(pages_asked(api)) == len(set(pages_asked(api)))


async def test_an_account_with_at_most_one_user_takes_one_request() -> None:
    for count, phase in ((1, Phase.READY), (0, Phase.EMPTY)):
        api = FakeDirectory(people(count))
        async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
            await until(lambda pages=pages: pages.confirmed(1))  # type: ignore[misc]  # bound on purpose
            await idle(session)
            assert listing.total == Total(count, exact=True)
            assert listing.phase is phase
            assert len(api.calls) == 1


async def test_the_time_of_a_page_is_that_of_its_request() -> None:
    api, time = FakeDirectory(people(90)), ManualTime()
    async with open_session(api, time=time) as session, serving(session, time=time, visible=(0, 39)) as (_, listing):
        gate = api.hold("list_users")
        await until(lambda: api.in_flight)
        time.advance(30)
        gate.set()
        await until(lambda: listing.row(0) is not None)
        row = listing.row(0)
        assert row is not None
        assert row.fetched_at_ms == NOON_MS


async def test_changes_found_by_a_page_are_published() -> None:
    api = FakeDirectory(people(90))
    news: list[UsersChanged] = []
    loaded: list[PageLoaded] = []

    def hear(change: Event) -> None:
        if isinstance(change, UsersChanged):
            news.append(change)
        elif isinstance(change, PageLoaded):
            loaded.append(change)

    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        session.events.subscribe(hear)
        await until(lambda: pages.confirmed(1))
        api.users.append(person(900))
        api.edit(person(1).id, status="inactive")
        listing.refresh()
        await until(lambda: len(loaded) == 2)
        # Before the first complete sweep no user counts as new.
        await until(lambda: news == [UsersChanged((), (Update(person(1).id, frozenset({"status"})),))])
        assert [page.only_new for page in loaded] == [True, False]


async def test_a_total_from_another_request_is_adopted_unless_its_page_was_not_saved() -> None:
    api, mirror = FakeDirectory(people(900)), BrokenMirror()
    events: list[Event] = []
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        session.events.subscribe(events.append)
        heard = (await mirror.coverage())._replace(total=950, loaded=700)
        session.events.publish(CoverageChanged(heard))
        assert pages.coverage is heard
        assert listing.total == pages.total == Total(950, exact=True)
        assert events == [TotalChanged(Total(950, exact=True)), CoverageChanged(heard)]
        mirror.full = True
        del api.users[800:]
        listing.want(400, 439)
        await until(lambda: pages.confirmed(5))
        assert listing.total == Total(800, exact=True)
        session.events.publish(UserForgotten(person(1).id))
        await until(lambda: pages.coverage is not None and pages.coverage.total == 900)
        assert listing.total == Total(800, exact=True)


# ------------------------------------------------------------ refresh, ensure


async def test_the_visible_page_of_a_deleted_user_is_requested_again() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        await idle(session)
        api.calls.clear()
        del api.users[5]
        await Directory(session).forget(person(5).id)
        await until(lambda: emails(listing, 5, 5) == [person(6).email])
        await idle(session)
        assert pages_asked(api) == [1]


async def test_refresh_requests_visible_pages_at_once_and_others_when_visible() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.want(500, 539)
        await until(lambda: pages.confirmed(7))
        api.calls.clear()
        api.users[510] = person(510)._replace(first_name="Changed")
        listing.refresh()
        await until(lambda: getattr(getattr(listing.row(510), "user", None), "first_name", "") == "Changed")
        await idle(session)
        assert pages_asked(api) == [6, 7]
        listing.want(0, 39)
        await until(lambda: pages_asked(api)[2:] == [1])


async def test_an_answer_to_a_request_before_the_refresh_does_not_count() -> None:
    api = FakeDirectory(people(90))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        gate = api.hold("list_users")
        await until(lambda: api.in_flight)
        listing.refresh()
        gate.set()
        await until(lambda: len(api.calls) == 2)
        await idle(session)
        assert len(api.calls) == 2


async def test_users_who_were_appended_since_the_list_was_read_are_requested() -> None:
    api, time = FakeDirectory(people(250)), ManualTime()
    async with account(api, time=time) as session:
        async with crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
        api.users += map(person, range(250, 310))
        api.calls.clear()
        async with serving(session, visible=(0, 39)) as (pages, _):
            await until(lambda: pages.confirmed(4))
            await idle(session)
            assert pages_asked(api) == [1, 2, 3, 4]
            coverage = await session.mirror.coverage()
            assert coverage.complete
            assert coverage.loaded == 310


async def test_the_end_of_a_list_is_requested_once_and_not_where_it_became_much_longer() -> None:
    api, time = FakeDirectory(people(250)), ManualTime()
    async with account(api, time=time) as session:
        async with crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
        api.users[:0] = map(person, range(250, 260))
        async with serving(session, visible=(0, 39)) as (pages, _):
            await until(lambda: pages.confirmed(3))
            await idle(session)
            assert pages_asked(api).count(3) == 2
        api.users += map(person, range(260, 500))
        api.calls.clear()
        async with serving(session, visible=(0, 39)) as (pages, _):
            await until(lambda: pages.confirmed(2))
            await idle(session)
            assert pages_asked(api) == [1, 2]


async def test_ensure_loads_pages_that_are_not_visible() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, _):
        await asyncio.wait_for(pages.ensure([4, 5, 6, 7, 8]), 5)
        assert all(pages.confirmed(page) for page in (4, 5, 6, 7, 8))
        await asyncio.wait_for(pages.ensure([4, 5, 99]), 5)
        assert 99 not in pages_asked(api)


async def test_ensure_raises_the_reason_of_a_failure() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, _):
        await until(lambda: pages.confirmed(2))
        api.offline = Unreachable("Away.")
        with pytest.raises(Unreachable):
            await asyncio.wait_for(pages.ensure([4]), 5)
        with pytest.raises(Unreachable):
            await asyncio.wait_for(pages.ensure([5]), 5)
