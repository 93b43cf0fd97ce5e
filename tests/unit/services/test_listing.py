"""Listings: windows over the mirror, the server's list and narrowed views."""

import asyncio
from pathlib import Path

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import (
    NOON_MS,
    BrokenMirror,
    ManualTime,
    Notes,
    emails,
    idle,
    open_session,
    running,
    serving,
    until,
)
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, UserPage
from walkme_tui.services.directory import Directory
from walkme_tui.services.reading.listing import Listing, ListingChanged, Phase, RowsChanged
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.sync.sweep import sweep
from walkme_tui.store.mirror.mirror import open_mirror

ZOE = UserQuery(text="zoe")


def first_name(listing: Listing, index: int) -> object:
    row = listing.row(index)
    return row.user.first_name if isinstance(row, MirroredUser) else None


async def fill_mirror(folder: Path, count: int, time: ManualTime) -> None:
    """Fill a mirror file as an earlier session would."""
    mirror = open_mirror(folder / "mirror.sqlite3", account_key="test")
    async with open_session(FakeDirectory(people(count)), time=time, mirror=mirror) as session:
        await sweep(session, lambda progress: None)


# ------------------------------------------------------------ the server's list


async def test_a_new_listing_is_empty_and_loading() -> None:
    api = FakeDirectory(people(250))
    api.hold()
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: api.in_flight)
        assert listing.phase is Phase.LOADING
        assert listing.total is None
        assert listing.row(0) is None


async def test_the_first_page_delivers_rows_and_notifies_all_listeners() -> None:
    api = FakeDirectory(people(250))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        notes = Notes(listing)
        await until(lambda: listing.row(0) is not None)
        assert listing.phase is Phase.READY
        assert listing.total == Total(250, exact=True)
        assert notes.changes[-1] == RowsChanged(0, 99)
        assert ListingChanged() in notes.changes


async def test_the_first_page_is_requested_even_if_no_rows_are_visible() -> None:
    api = FakeDirectory(people(250))
    async with open_session(api) as session, serving(session) as (_, listing):
        await until(lambda: listing.row(0) is not None)


async def test_stored_rows_are_shown_before_the_server_answers(tmp_path: Path) -> None:
    time = ManualTime()
    await fill_mirror(tmp_path, 2500, time)
    time.now_ms += 3_600_000
    api = FakeDirectory(people(2500))
    gate = api.hold()
    mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="test")
    async with (
        open_session(api, time=time, mirror=mirror) as session,
        serving(session, visible=(0, 39)) as (_, listing),
    ):
        await until(lambda: listing.row(39) is not None and listing.phase is Phase.READY)
        assert listing.total == Total(2500, exact=True)
        row = listing.row(0)
        assert row is not None
        assert row.fetched_at_ms < session.started_at_ms
        await until(lambda: api.in_flight)
        gate.set()
        await until(lambda: fetched(listing, 0) >= session.started_at_ms)
        await idle(session)
        # Visible pages and one page ahead are requested again once, the others when they become visible.
        assert api.asked("list_users") == [(1, 100), (2, 100)]
        listing.want(1, 40)
        await idle(session)
        listing.want(0, 39)
        await idle(session)
        assert len(api.calls) == 2


def fetched(listing: Listing, index: int) -> int:
    row = listing.row(index)
    return row.fetched_at_ms if row is not None else 0


async def test_users_fetched_in_this_session_are_not_requested_again() -> None:
    api = FakeDirectory(people(2500))
    async with open_session(api) as session:
        await sweep(session, lambda progress: None)
        api.calls.clear()
        async with serving(session, visible=(100, 139)) as (pages, listing):
            await until(lambda: listing.row(100) is not None)
            await until(lambda: pages.confirmed(1))
            await idle(session)
            listing.want(1900, 1939)
            await until(lambda: listing.row(1939) is not None)
            await idle(session)
            # The first page determines the page size; the page ahead may be past the known end.
            assert {page for page, _ in api.asked("list_users")} <= {1, 3, 21}


async def test_pages_are_requested_only_when_their_rows_are_visible() -> None:
    api = FakeDirectory(people(3000))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session:
        await sweep(session, lambda progress: None)
        api.calls.clear()
        async with serving(session, visible=(0, 39)) as (pages, listing):
            await until(lambda: listing.row(39) is not None and pages.confirmed(1))
            await idle(session)
            mirror.slow_reads = asyncio.Event()
            mirror.reads.clear()
            listing.want(1000, 1039)
            await until(lambda: mirror.reads)
            listing.want(2000, 2039)
            mirror.slow_reads.set()
            await until(lambda: listing.row(2000) is not None)
            await idle(session)
            assert {page for page, _ in api.asked("list_users")}.isdisjoint({11, 21})


async def test_page_down_and_page_up_need_no_read() -> None:
    api = FakeDirectory(people(3000))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session:
        await sweep(session, lambda progress: None)
        async with serving(session, visible=(1000, 1039)) as (pages, listing):
            await until(lambda: listing.row(1039) is not None and pages.confirmed(1))
            await idle(session)
            for first in (1040, 1000, 960):
                # Immediately, before any task can run.
                listing.want(first, first + 39)
                assert None not in emails(listing, first, first + 39)


async def test_the_cache_is_bounded() -> None:
    api = FakeDirectory(people(6000))
    async with open_session(api) as session:
        await sweep(session, lambda progress: None)
        async with serving(session) as (_, listing):
            for first, last in ((0, 5999), (3000, 3039), (5000, 5600), (0, 39)):
                listing.want(first, last)
                await until(lambda first=first: listing.row(first) is not None)  # type: ignore[misc]
                await idle(session)
                assert sum(listing.row(index) is not None for index in range(6000)) <= 2000


async def test_a_looked_up_user_is_shown_in_the_listing() -> None:
    api = FakeDirectory(people(50))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: listing.row(5) is not None)
        api.users[5] = person(5)._replace(first_name="Changed")
        await Directory(session).reread(person(5).id)
        await until(lambda: first_name(listing, 5) == "Changed")
        await until(lambda: pages.coverage is not None and pages.coverage.loaded == 50)


async def test_a_deleted_user_is_removed_from_the_listing() -> None:
    api = FakeDirectory(people(50))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: listing.row(5) is not None)
        del api.users[5]
        with pytest.raises(Exception, match="no user"):
            await Directory(session).reread(person(5).id)
        await until(lambda: listing.row(5) is None)
        await until(lambda: pages.coverage is not None and pages.coverage.loaded == 49)


async def test_a_later_listing_shows_known_rows_at_once() -> None:
    api = FakeDirectory(people(100))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: listing.row(0) is not None)
        late = Listing(session, pages)
        notes = Notes(late)
        async with running(late.run):
            await until(lambda: late.row(0) is not None)
        assert notes.changes[0] == ListingChanged()
        assert late.phase is Phase.READY


async def test_two_listings_share_fetched_pages() -> None:
    api = FakeDirectory(people(99))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: listing.row(0) is not None)
        second = Listing(session, pages, UserQuery(group_id="g1"), settle_seconds=0)
        assert second.phase is Phase.LOADING
        async with running(second.run):
            await until(lambda: second.phase is Phase.READY)
            assert second.total == Total(49, exact=True)
            await until(lambda: second.row(48) is not None)
        assert len(api.calls) == 1


# ------------------------------------------------------------ locate, users, all


async def test_a_user_is_located_in_every_view() -> None:
    api = FakeDirectory(people(400))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await pages.ensure([1, 2, 4])
        assert await listing.locate(person(20).id) == 20
        assert await listing.locate(person(320).id) == 320
        assert await listing.locate(person(250).id) is None
        assert await listing.locate("nobody") is None
        listing.show(ZOE)
        await until(lambda: listing.query == ZOE)
        assert await listing.locate(person(20).id) == 2
        assert await listing.locate(person(320).id) == 22
        assert await listing.locate(person(321).id) is None


async def test_requesting_a_range_loads_its_missing_rows() -> None:
    api = FakeDirectory(people(1000))
    api.users[150] = UnreadableRecord("has no id")
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        users = await listing.users(90, 520)
        assert [user.user.id for user in users] == [person(number).id for number in range(90, 521) if number != 150]
        assert await listing.users(990, 5000) == await listing.users(990, 999)
        listing.show(UserQuery(text="person0000"))
        await until(lambda: listing.query.narrows)
        assert [user.user.id for user in await listing.users(3, 4)] == [person(3).id, person(4).id]


async def test_a_range_that_cannot_be_loaded_raises_the_reason() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        api.offline = Unreachable("Away.")
        assert len(await listing.users(0, 150)) == 151
        with pytest.raises(Unreachable):
            await listing.users(0, 300)


async def test_the_ids_of_all_loaded_users_are_returned() -> None:
    api = FakeDirectory(people(400))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await pages.ensure([1, 3])
        await Directory(session).look_up("person00399@example.com")
        ids = [person(number).id for number in (*range(100), *range(200, 300))]
        known = [
            user_id
            for user_id in await listing.all_user_ids()
            if user_id not in {person(n).id for n in range(100, 200)}
        ]
        assert known == ids
        listing.show(UserQuery(text="person00399"))
        await until(lambda: listing.query.narrows and listing.total == Total(1, exact=True))
        assert await listing.all_user_ids() == [person(399).id]


async def test_fields_of_lean_lists_are_unknown_until_details_are_read() -> None:
    api = FakeDirectory(people(50))
    api.lean = True
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None)
        assert first_name(listing, 0) is UNKNOWN
        await Directory(session).reread(person(0).id)
        await until(lambda: first_name(listing, 0) == "Zoë")
        listing.refresh()
        await idle(session)
        assert first_name(listing, 0) == "Zoë"


async def test_moved_rows_are_shown_at_their_new_position() -> None:
    api = FakeDirectory(people(300))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        api.users.insert(0, person(999))
        listing.refresh()
        await until(lambda: emails(listing, 0, 1) == ["person00999@example.com", "person00000@example.com"])
        assert listing.total == Total(301, exact=True)


async def test_positions_past_the_end_of_a_shorter_list_are_removed() -> None:
    api = FakeDirectory(people(20))
    async with open_session(api) as session:
        old = UserPage(1, 100, tuple(people(60)), 60)
        await session.mirror.save_page(old, NOON_MS - 1000)
        async with serving(session, visible=(0, 39)) as (_, listing):
            await until(lambda: listing.total == Total(20, exact=True))
            await until(lambda: emails(listing, 19, 20) == ["person00019@example.com", None])


async def test_rows_past_the_end_are_hidden_even_if_the_mirror_cannot_delete_them() -> None:
    api = FakeDirectory(people(20))
    mirror = BrokenMirror()
    async with open_session(api, mirror=mirror) as session:
        await session.mirror.save_page(UserPage(1, 100, tuple(people(60)), 60), NOON_MS - 1000)
        mirror.full = True
        async with serving(session, visible=(0, 39)) as (_, listing):
            await until(lambda: listing.total == Total(20, exact=True))
            await idle(session)
            assert emails(listing, 19, 20) == ["person00019@example.com", None]


async def test_an_ended_listing_requests_nothing() -> None:
    api = FakeDirectory(people(300))
    api.hold()
    async with open_session(api) as session:
        pages = PageLoader(session)
        listing = Listing(session, pages)
        async with running(pages.run):
            async with running(listing.run):
                await until(lambda: api.in_flight)
            api.fail_next(Unreachable("Away."))
            await session.api.aclose()
            await idle(session)
            assert len(api.calls) == 1
