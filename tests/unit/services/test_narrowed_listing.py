"""Narrowed views: searches, and users that are added or removed meanwhile."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import NOON_MS, BrokenMirror, Notes, emails, idle, open_session, running, serving, until
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import Event, PageLoaded, UserForgotten
from walkme_tui.services.reading.listing import Listing, ListingChanged, Phase
from walkme_tui.services.reading.pages import PageLoader

ZOE = UserQuery(text="zoe")


def first_name(listing: Listing, index: int) -> object:
    row = listing.row(index)
    return row.user.first_name if isinstance(row, MirroredUser) else None


async def test_a_narrowed_view_has_the_matching_loaded_users() -> None:
    api = FakeDirectory(people(99))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        listing.show(ZOE)
        assert listing.query == UserQuery()
        await until(lambda: listing.query == ZOE)
        assert listing.total == Total(10, exact=True)
        assert emails(listing, 0, 9) == [f"person{number:05d}@example.com" for number in range(0, 100, 10)]
        listing.show(UserQuery(text="nobody at all"))
        await until(lambda: listing.phase is Phase.EMPTY)
        listing.show(UserQuery())
        await until(lambda: listing.phase is Phase.READY)
        assert listing.total == Total(99, exact=True)
        assert len(api.calls) == 1


async def test_the_old_view_stays_until_the_latest_one_is_ready() -> None:
    api = FakeDirectory(people(100))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        notes = Notes(listing)
        mirror.slow_search = asyncio.Event()
        for typed in ("a", "am", "ami"):
            listing.show(UserQuery(text=typed))
            await until(lambda typed=typed: mirror.searches[-1:] == [UserQuery(text=typed)])  # type: ignore[misc]
            assert emails(listing, 0, 0) == ["person00000@example.com"]
            assert listing.total == Total(100, exact=True)
        mirror.slow_search.set()
        await until(lambda: listing.query == UserQuery(text="ami"))
        assert notes.changes == [ListingChanged()]
        await idle(session)
        assert first_name(listing, 0) == "Amina"


async def test_clearing_a_query_during_its_search_shows_all_users() -> None:
    api = FakeDirectory(people(100))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        mirror.slow_search = asyncio.Event()
        listing.show(ZOE)
        await until(lambda: mirror.searches)
        listing.show(UserQuery())
        mirror.slow_search.set()
        await idle(session)
        assert listing.query == UserQuery()
        assert listing.total == Total(100, exact=True)


async def test_new_pages_add_their_matches_in_order() -> None:
    api = FakeDirectory(people(300))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.show(ZOE)
        await until(lambda: listing.total == Total(20, exact=True))
        notes = Notes(listing)
        await pages.ensure([3])
        await until(lambda: listing.total == Total(30, exact=True))
        assert notes.changes == [ListingChanged()]
        assert emails(listing, 20, 20) == ["person00200@example.com"]
        assert await listing.locate(person(200).id) == 20


async def test_whole_word_matches_of_later_pages_are_added_below_once() -> None:
    # Each page has Annika before and after Ann.
    names = ["Annika", "Ann", "Annika"] + [None] * 97
    api = FakeDirectory([person(number)._replace(first_name=names[number % 100]) for number in range(400)])
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.show(UserQuery(text="ann"))
        await until(lambda: listing.total == Total(6, exact=True))
        for page, count in ((4, 9), (3, 12)):
            await pages.ensure([page])
            await until(lambda count=count: listing.total and listing.total.count >= count)  # type: ignore[misc]
            await idle(session)
            assert listing.total == Total(count, exact=True)
        numbers = [1, 101, 0, 2, 100, 102, 300, 301, 302, 200, 201, 202]
        assert emails(listing, 0, 11) == [f"person{number:05d}@example.com" for number in numbers]


async def test_new_pages_without_matches_move_no_row() -> None:
    api = FakeDirectory(people(300))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.show(UserQuery(text="person00001"))
        await until(lambda: listing.total == Total(1, exact=True))
        notes = Notes(listing)
        await pages.ensure([3])
        await idle(session)
        assert notes.changes == []


async def test_a_user_found_by_email_on_the_server_appears_in_the_narrowed_view() -> None:
    api = FakeDirectory(people(500))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.show(UserQuery(text="person00444@example.com"))
        await until(lambda: listing.phase is Phase.EMPTY)
        await idle(session)
        found = await Directory(session).look_up("person00444@example.com")
        await until(lambda: listing.phase is Phase.READY)
        assert listing.row(0) == found


async def test_a_user_who_no_longer_matches_is_removed_from_the_view() -> None:
    api = FakeDirectory(people(100))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        listing.show(ZOE)
        await until(lambda: listing.total == Total(10, exact=True))
        api.users[20] = person(20)._replace(first_name="Changed")
        await Directory(session).reread(person(20).id)
        await until(lambda: listing.total == Total(9, exact=True))
        del api.users[30]
        with pytest.raises(Exception, match="no user"):
            await Directory(session).reread(person(30).id)
        await until(lambda: listing.total == Total(8, exact=True))


async def test_a_look_up_without_changes_starts_no_search() -> None:
    api = FakeDirectory(people(100))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        listing.show(ZOE)
        await until(lambda: listing.total == Total(10, exact=True))
        await idle(session)
        mirror.searches.clear()
        await Directory(session).reread(person(20).id)
        await idle(session)
        assert mirror.searches == []
        row = listing.row(2)
        assert isinstance(row, MirroredUser)
        assert row.detailed_at_ms == NOON_MS


async def test_a_narrowed_view_of_an_empty_mirror_still_requests_the_first_page() -> None:
    api = FakeDirectory(people(250))
    async with open_session(api) as session, serving(session, query=ZOE) as (pages, listing):
        await until(lambda: listing.total == Total(10, exact=True))
        await idle(session)
        assert api.asked("list_users") == [(1, 100)]
        assert pages.total == Total(250, exact=True)


async def test_refreshing_a_narrowed_view_reads_the_pages_of_its_visible_rows() -> None:
    api = FakeDirectory(people(500))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await pages.ensure([1, 2, 3, 4, 5])
        listing.show(UserQuery(text="person0041"))
        await until(lambda: listing.total == Total(10, exact=True))
        await idle(session)
        api.calls.clear()
        api.users[415] = person(415)._replace(first_name="Changed")
        listing.refresh()
        await until(lambda: first_name(listing, 5) == "Changed")
        await idle(session)
        assert {page for page, _ in api.asked("list_users")} <= {1, 5}


FAILURE = MirrorUnavailable("The local copy cannot be read.")
PERSON = UserQuery(text="person")


def fail_once(mirror: BrokenMirror, name: str) -> list[int]:
    """Make the next call of this method fail; the list has the calls so far."""
    original, calls = getattr(mirror, name), [0]

    async def failing(*arguments: object) -> object:
        calls[0] += 1
        if calls[0] == 1:
            raise FAILURE
        return await original(*arguments)

    setattr(mirror, name, failing)
    return calls


@pytest.mark.parametrize("call", ["matching", "rows"])
@pytest.mark.parametrize("event", [PageLoaded(1, 0, 99), UserForgotten(person(3).id)])
async def test_a_failed_refresh_of_a_view_keeps_it_and_is_retried(call: str, event: Event) -> None:
    mirror = BrokenMirror()
    async with open_session(FakeDirectory(people(100)), mirror=mirror) as session:
        pages = PageLoader(session)
        listing = Listing(session, pages, settle_seconds=0, retry_seconds=0.01)
        async with running(pages.run, listing.run):
            await until(lambda: listing.row(0) is not None)
            listing.show(PERSON)
            await until(lambda: listing.total == Total(100, exact=True) and listing.query == PERSON)
            await idle(session)
            shown, failures = [listing.row(index) for index in range(100)], []
            listing.listener = lambda change: failures.append(listing.failure)
            calls = fail_once(mirror, call)
            session.events.publish(event)
            await until(lambda: calls[0])
            await until(lambda: FAILURE in failures)
            assert (listing.query, listing.total, listing.phase) == (PERSON, Total(100, exact=True), Phase.READY)
            assert [listing.row(index) for index in range(100)] == shown
            await until(lambda: listing.failure is None and calls[0] > 1)
            assert FAILURE.message in pages.warnings


@pytest.mark.parametrize("call", ["first", "matching"])
@pytest.mark.parametrize("query", [ZOE, UserQuery(sort=Sort(SortKey.EMAIL, True))])
async def test_a_failed_search_keeps_the_last_view_and_is_retried(call: str, query: UserQuery) -> None:
    mirror = BrokenMirror()
    async with open_session(FakeDirectory(people(1000)), mirror=mirror) as session:
        pages = PageLoader(session, 1000)
        listing = Listing(session, pages, settle_seconds=0, retry_seconds=60)
        async with running(pages.run, listing.run):
            await until(lambda: listing.row(0) is not None)
            calls = fail_once(mirror, call)
            listing.show(query)
            await until(lambda: listing.failure is not None)
            await idle(session)
            assert listing.failure is FAILURE
            assert listing.settled  # no newer view is pending, so keys need not wait for one
            assert listing.total is not None
            assert listing.total.count > 0
            assert listing.phase is Phase.READY
            assert listing.row(0) is not None
            listing._retry()
            await until(lambda: listing.query == query and listing.failure is None and calls[0] > 1)
            await until(lambda: listing.total is not None and listing.total.exact)


async def test_a_failed_first_search_shows_no_count() -> None:
    mirror = BrokenMirror()
    mirror.broken = True
    async with open_session(FakeDirectory(people(50)), mirror=mirror) as session:
        pages = PageLoader(session)
        listing = Listing(session, pages, ZOE, settle_seconds=0, retry_seconds=60)
        async with running(pages.run, listing.run):
            await until(lambda: listing.failure is not None)
            assert listing.total is None
            assert listing.phase is Phase.LOADING


async def test_the_list_of_the_server_is_shown_without_the_mirror() -> None:
    mirror = BrokenMirror()
    async with open_session(FakeDirectory(people(50)), mirror=mirror) as session, serving(session) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        listing.show(ZOE)
        await until(lambda: listing.query == ZOE)
        mirror.broken = True
        listing.show(UserQuery())
        await until(lambda: listing.query == UserQuery())
        assert listing.total == Total(50, exact=True)


async def test_a_range_is_never_incomplete_because_of_a_failure_of_the_mirror() -> None:
    mirror = BrokenMirror()
    async with open_session(FakeDirectory(people(50)), mirror=mirror) as session, serving(session) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        for query in (UserQuery(), PERSON):
            listing.show(query)
            await until(lambda query=query: listing.query == query and listing.row(0) is not None)  # type: ignore[misc]
            await idle(session)
            for call in ("positions", "rows"):
                if (call == "positions") == query.is_list:
                    fail_once(mirror, call)
            with pytest.raises(MirrorUnavailable):
                await listing.users(0, 49)
            assert len(await listing.users(0, 49)) == 50
