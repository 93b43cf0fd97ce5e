"""Pages of the server's list: what is asked for, in which order, and how often."""

import asyncio

import pytest

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
from walkme_tui.services.events import CoverageChanged, Event, PageLoaded, TotalChanged, UserForgotten, UsersChanged
from walkme_tui.services.reading.listing import Phase


async def test_what_is_visible_is_asked_for_first_and_then_one_page_ahead() -> None:
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


async def test_the_page_ahead_lies_in_the_direction_of_travel() -> None:
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


async def test_pages_that_nobody_wants_any_more_are_dropped_from_the_queue_and_those_under_way_are_kept() -> None:
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


async def test_the_page_ahead_waits_until_little_else_is_under_way() -> None:
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


async def test_a_late_answer_is_kept_although_something_else_is_visible_by_then() -> None:
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


async def test_no_page_is_asked_for_twice_however_often_it_is_passed() -> None:
    api = FakeDirectory(people(900))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        for first in (0, 300, 860, 200, 600, 0, 860, 450, 90):
            listing.want(first, min(899, first + 39))
            await idle(session)
        assert len(pages_asked(api)) == len(set(pages_asked(api)))


async def test_an_account_of_one_and_an_empty_account_take_one_request() -> None:
    for count, phase in ((1, Phase.READY), (0, Phase.EMPTY)):
        api = FakeDirectory(people(count))
        async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
            await until(lambda pages=pages: pages.confirmed(1))  # type: ignore[misc]  # bound on purpose
            await idle(session)
            assert listing.total == Total(count, exact=True)
            assert listing.phase is phase
            assert len(api.calls) == 1


async def test_a_page_counts_as_read_when_it_was_asked_for() -> None:
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


async def test_what_a_page_changes_is_told() -> None:
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
        # Before a walk has met everyone, who is met for the first time is nobody new.
        await until(lambda: news == [UsersChanged((), (Update(person(1).id, frozenset({"status"})),))])
        assert [page.only_new for page in loaded] == [True, False]


async def test_a_total_that_others_heard_of_is_followed_and_one_of_a_disk_that_is_full_is_not() -> None:
    api, mirror = FakeDirectory(people(900)), BrokenMirror()
    told: list[Event] = []
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        session.events.subscribe(told.append)
        heard = (await mirror.coverage())._replace(total=950, loaded=700)
        session.events.publish(CoverageChanged(heard))
        assert pages.coverage is heard
        assert listing.total == pages.total == Total(950, exact=True)
        assert told == [TotalChanged(Total(950, exact=True)), CoverageChanged(heard)]
        mirror.full = True
        del api.users[800:]
        listing.want(400, 439)
        await until(lambda: pages.confirmed(5))
        assert listing.total == Total(800, exact=True)
        session.events.publish(UserForgotten(person(1).id))
        await until(lambda: pages.coverage is not None and pages.coverage.total == 900)
        assert listing.total == Total(800, exact=True)


# ------------------------------------------------------------ refresh, ensure


async def test_refresh_reads_the_visible_pages_again_and_the_others_when_they_are_seen() -> None:
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


async def test_an_answer_that_was_asked_for_before_the_refresh_does_not_count_after_it() -> None:
    api = FakeDirectory(people(90))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        gate = api.hold("list_users")
        await until(lambda: api.in_flight)
        listing.refresh()
        gate.set()
        await until(lambda: len(api.calls) == 2)
        await idle(session)
        assert len(api.calls) == 2


async def test_ensure_waits_for_pages_that_nobody_sees() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, _):
        await asyncio.wait_for(pages.ensure([4, 5, 6, 7, 8]), 5)
        assert all(pages.confirmed(page) for page in (4, 5, 6, 7, 8))
        await asyncio.wait_for(pages.ensure([4, 5, 99]), 5)
        assert 99 not in pages_asked(api)


async def test_ensure_says_what_prevents_it() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, _):
        await until(lambda: pages.confirmed(2))
        api.offline = Unreachable("Away.")
        with pytest.raises(Unreachable):
            await asyncio.wait_for(pages.ensure([4]), 5)
        with pytest.raises(Unreachable):
            await asyncio.wait_for(pages.ensure([5]), 5)
