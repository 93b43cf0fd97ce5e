"""Servers with wrong totals, limited page sizes, repeated pages and other faults in their list."""

import json

import pytest

from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import (
    OddDirectory,
    emails,
    idle,
    open_session,
    pages_asked,
    running,
    serving,
    until,
)
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.rest.decoding import decode_page
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UnreadableRecord, User, UserPage
from walkme_tui.services.events import Event, PageLoaded, TotalChanged
from walkme_tui.services.reading.listing import Phase
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.sync.sweep import sweep


class JsonDirectory(FakeDirectory):
    """A list as the REST client reads it: always ``size`` users per page, with a total of ``claim``."""

    size = 0
    claim = 0

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page, through JSON."""
        await self._pass("list_users", (page, page_size), priority)
        size = self.size or page_size
        rows = [encode_user(user) for user in self.users[(page - 1) * size : page * size] if isinstance(user, User)]
        body = json.dumps({"users": rows, "total": self.claim, "page": page}).encode()
        return decode_page(ApiAnswer(200, {"content-type": "application/json"}, body, "a.test"), page, page_size)


async def load_all(api: FakeDirectory, session_pages: PageLoader, want: int) -> None:
    """Request every page until none is left."""
    for _ in range(want):
        page = next((page for page in range(1, want + 1) if not session_pages.confirmed(page)), None)
        if page is None or not session_pages.exists(page):
            return
        session_pages.want("test", [page])
        await until(lambda page=page: session_pages.confirmed(page) or session_pages.failure)  # type: ignore[misc]


async def test_a_smaller_page_size_of_the_server_is_adopted() -> None:
    api = OddDirectory(people(95))
    api.cap = 30
    async with open_session(api) as session, serving(session, visible=(0, 94)) as (pages, listing):
        await until(lambda: listing.row(94) is not None)
        assert pages.page_size == 30
        assert pages.warnings == ("The server sends at most 30 users a page.",)
        assert emails(listing, 0, 94) == [f"person{number:05d}@example.com" for number in range(95)]
        assert api.asked("list_users") == [(1, 100), (2, 30), (3, 30), (4, 30)]


@pytest.mark.parametrize(
    ("count", "cap"), [(0, None), (1, None), (40, None), (100, None), (250, None), (95, 30), (60, 30)]
)
async def test_without_a_total_the_end_is_found_by_requesting_pages(count: int, cap: int | None) -> None:
    api = OddDirectory(people(count))
    api.total = None
    api.cap = cap
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(1))

        def at_the_end() -> bool:
            total = listing.total.count if listing.total is not None else 0
            assert total <= count
            listing.want(max(0, total - 40), max(0, total - 1))
            return listing.total == Total(count, exact=True)

        await until(at_the_end)
        assert listing.phase is (Phase.READY if count else Phase.EMPTY)
        assert len(pages_asked(api)) == len(set(pages_asked(api)))
        await until(lambda: pages.coverage and (pages.coverage.total, pages.coverage.loaded) == (count, count))


@pytest.mark.parametrize("trait", ["deaf", "clamped"])
async def test_repeated_pages_end_the_list(trait: str) -> None:
    api = OddDirectory(people(150))
    api.total = None
    setattr(api, trait, True)
    async with open_session(api) as session, serving(session) as (pages, listing):
        await load_all(api, pages, 10)
        await until(lambda: listing.total is not None and listing.total.exact)
        assert listing.total == Total(100 if trait == "deaf" else 150, exact=True)
        assert any("repeats page" in warning for warning in pages.warnings)
        assert len(api.calls) <= 3
        listing.want(0, 39)
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])


async def test_repeated_pages_do_not_fill_a_claimed_total() -> None:
    api = OddDirectory(people(300))
    api.deaf = True
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        listing.want(200, 239)
        await until(lambda: pages.confirmed(3))
        await idle(session)
        assert emails(listing, 200, 239) == [None] * 40
        assert listing.total == Total(300, exact=True)
        listing.want(0, 39)
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])


async def test_a_total_below_the_number_of_sent_users_is_ignored() -> None:
    for claim in (-1, 0, 3):
        api = OddDirectory(people(250))
        api.claims = [claim]
        async with open_session(api) as session, serving(session) as (pages, listing):
            await load_all(api, pages, 10)
            await until(lambda listing=listing: listing.total == Total(250, exact=True))  # type: ignore[misc]
            assert any("claims" in warning for warning in pages.warnings)


async def test_a_listing_grows_beyond_a_total_that_is_too_small() -> None:
    api = FakeDirectory(people(250))
    api.total = 200
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: listing.total == Total(200, exact=True))
        listing.want(160, 199)
        await until(lambda: listing.total is not None and listing.total.count == 250)
        listing.want(210, 249)
        await until(lambda: listing.total == Total(250, exact=True) and listing.row(249) is not None)
        assert "The server claims 200 users and sends more, so its total is not used." in pages.warnings
        pages.refresh()
        listing.want(0, 39)
        await until(lambda: pages.confirmed(1))
        assert listing.total == Total(250, exact=False)
        listing.want(210, 249)
        await until(lambda: emails(listing, 249, 249) == ["person00249@example.com"])


async def test_a_larger_page_size_of_the_server_loses_no_user() -> None:
    api = JsonDirectory(people(600))
    api.size, api.claim = 250, 600
    async with open_session(api) as session, serving(session, visible=(0, 99)) as (pages, listing):
        await load_all(api, pages, 10)
        await until(lambda: listing.total == Total(600, exact=True))
        assert pages.warnings == ("The server sends 250 users a page, whatever page size is requested.",)
        assert (await session.mirror.coverage()).complete


async def test_a_total_that_is_too_small_is_ignored_in_an_empty_page() -> None:
    api = JsonDirectory(people(1250))
    api.claim = 625
    async with open_session(api) as session:
        result = await sweep(session, lambda progress: None)
        assert (result.complete, result.loaded, result.total) == (True, 1250, 1250)


async def test_a_smaller_total_shortens_the_list() -> None:
    api = FakeDirectory(people(300))
    events: list[Event] = []
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        session.events.subscribe(events.append)
        await until(lambda: pages.confirmed(2))
        del api.users[120:]
        listing.want(160, 239)
        await until(lambda: pages.confirmed(3))
        assert listing.total == Total(120, exact=True)
        assert TotalChanged(Total(120, exact=True)) in events
        await until(lambda: listing.row(160) is None)
        listing.want(80, 119)
        await until(lambda: listing.row(119) is not None)


async def test_a_total_that_is_sometimes_missing_is_kept() -> None:
    api = OddDirectory(people(300))
    api.claims = [300, None]
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        assert listing.total == Total(300, exact=True)


async def test_a_claimed_list_without_rows_has_unloaded_rows() -> None:
    api = OddDirectory()
    api.claims = [250]
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        await idle(session)
        assert listing.total == Total(250, exact=True)
        assert listing.row(0) is None
        assert pages_asked(api) == [1, 2]
        assert any("has 0 users where" in warning for warning in pages.warnings)


async def test_an_unreadable_record_takes_only_its_own_row() -> None:
    api = FakeDirectory(people(50))
    api.users[7] = UnreadableRecord("has no id")
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(8) is not None)
        row = listing.row(7)
        assert row is not None
        assert getattr(row, "reason", "") == "has no id"


async def test_oddities_are_said_once_and_are_bounded() -> None:
    api = FakeDirectory(people(900))
    api.warnings = ("The server is odd.",)
    async with open_session(api) as session, serving(session) as (pages, _):
        await load_all(api, pages, 9)
        assert list(pages.warnings) == ["The server is odd."]
        for number in range(200):
            pages.note(f"Oddity {number}.")
        assert len(pages.warnings) == 50
        assert pages.warnings[-1] == "Oddity 199."


async def test_all_subscribers_are_notified_of_a_page() -> None:
    api = FakeDirectory(people(130))
    events: list[Event] = []
    async with open_session(api) as session:
        pages = PageLoader(session)
        unsubscribe = session.events.subscribe(events.append)
        async with running(pages.run):
            pages.want("test", [1, 2])
            await until(lambda: pages.confirmed(2) and len(events) == 3)
            first, second = PageLoaded(1, 0, 99, only_new=True), PageLoaded(2, 100, 129, only_new=True)
            assert events == [TotalChanged(Total(130, exact=True)), first, second]
            assert pages.coverage is not None
            assert pages.coverage.complete
            unsubscribe()
            pages.refresh()
            await until(lambda: pages.confirmed(2))
            assert len(events) == 3


async def test_the_end_is_also_searched_while_scrolling_up() -> None:
    api = OddDirectory(people(150))
    api.total = None
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        await idle(session)
        listing.want(145, 149)
        listing.want(110, 149)
        await until(lambda: listing.total == Total(150, exact=True))


async def test_pages_that_succeed_besides_a_failed_one_are_kept() -> None:
    api = FakeDirectory(people(4000))
    original = api.list_users

    async def two_pages(page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        if page > 2:
            raise Unreachable("The connection failed.")
        return await original(page, page_size, priority)

    api.list_users = two_pages  # type: ignore[method-assign]  # a line that dies after two pages
    async with open_session(api) as session:
        for _ in range(20):  # the order of the two is not determined
            result = await sweep(session, lambda progress: None)
            assert (result.loaded, result.note) == (2000, "incomplete: The connection failed.")


async def test_a_complete_sweep_keeps_its_count_despite_later_totals() -> None:
    api = OddDirectory(people(2500))
    api.claims = [2500, 2500, 2600]
    async with open_session(api) as session:
        result = await sweep(session, lambda progress: None)
        assert (result.complete, result.loaded, result.total) == (True, 2500, 2500)


async def test_a_sweep_over_repeated_pages_does_not_report_drift() -> None:
    api = OddDirectory(people(2500))
    api.deaf = True
    async with open_session(api) as session:
        result = await sweep(session, lambda progress: None)
        assert (result.complete, result.loaded, result.total) == (False, 1000, 2500)
        assert result.note == "incomplete: the server sent some pages twice in place of others"
