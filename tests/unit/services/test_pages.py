"""Pages of the server's list: what is asked for, in which order, how often, and what happens when it does not come."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import (
    BrokenMirror,
    ManualTime,
    OddDirectory,
    emails,
    idle,
    open_session,
    running,
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
from walkme_tui.domain.users import UnreadableRecord
from walkme_tui.services.changes import Change, LoadFailed, LoadRecovered, PageLoaded, TotalChanged
from walkme_tui.services.listing import Phase
from walkme_tui.services.pages import Pages


def pages_asked(api: FakeDirectory) -> list[int]:
    return [int(str(page)) for page, _ in api.asked("list_users")]


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


# ------------------------------------------------------------ failures


async def test_a_failure_keeps_what_is_wanted_and_is_tried_again_after_longer_and_longer_pauses() -> None:
    api = FakeDirectory(people(150))
    api.offline = Unreachable("The server cannot be reached.")
    time = ManualTime()
    told: list[Change] = []
    async with open_session(api, time=time) as session:
        session.changes.subscribe(told.append)
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
            assert told.count(LoadRecovered()) == 1
            assert [change.retry_in_seconds for change in told if isinstance(change, LoadFailed)] == time.pauses


async def test_cached_rows_go_on_being_shown_while_the_server_is_away() -> None:
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


async def test_retry_now_does_not_wait() -> None:
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


async def test_a_rate_limit_is_waited_for_as_long_as_the_server_asks() -> None:
    api = FakeDirectory(people(10))
    api.fail_next(RateLimited("Too many requests.", retry_after_seconds=77))
    time = ManualTime()
    async with open_session(api, time=time) as session, serving(session, time=time, visible=(0, 9)):
        await until(lambda: time.pauses == [77])


async def test_a_refused_sign_in_is_tried_again_only_when_the_person_asks_and_with_the_secret_read_anew() -> None:
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


async def test_requests_that_fail_together_lengthen_the_pause_once() -> None:
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


async def test_one_page_that_never_comes_does_not_hold_up_the_others() -> None:
    class OneBad(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page == 3:
                raise UnexpectedAnswer("The answer was cut short.")
            return answer

    api = OneBad(people(600))
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


async def test_of_two_pages_that_fail_the_one_that_would_come_gets_its_turn() -> None:
    class TwoBad(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page == 3 or (page == 4 and pages_asked(self).count(4) == 1):
                raise UnexpectedAnswer("The answer was cut short.")
            return answer

    api = TwoBad(people(400))
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


async def test_after_a_recovery_the_pauses_begin_anew() -> None:
    api = FakeDirectory(people(1000))
    time = ManualTime()
    api.fail_next(Unreachable("Away."), times=3)
    pauses: list[float | None] = []
    async with open_session(api, time=time) as session:
        session.changes.subscribe(lambda it: pauses.append(it.retry_in_seconds) if isinstance(it, LoadFailed) else None)
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


async def test_a_page_that_is_refused_costs_itself_only() -> None:
    class Shallow(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page > 5:
                raise RequestRejected("The page is too far away.", status=400)
            return answer

    api = Shallow(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.want(960, 999)
        await until(lambda: pages.confirmed(10))
        assert pages.failure is None
        assert "refused page 10" in pages.oddities[0]
        assert listing.total == Total(1000, exact=True)
        listing.want(400, 439)
        await until(lambda: listing.row(439) is not None)
        assert pages_asked(api).count(10) == 1


async def test_a_disk_that_is_full_costs_the_copy_and_not_the_browsing() -> None:
    api = FakeDirectory(people(5000))
    mirror = BrokenMirror()
    mirror.full = True
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])
        assert listing.total == Total(5000, exact=True)
        assert "no space left" in pages.oddities[0]
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


async def test_a_broken_mirror_is_said_and_survived() -> None:
    api = FakeDirectory(people(50))
    mirror = BrokenMirror()
    mirror.broken = True
    async with open_session(api, mirror=mirror) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])
        assert any("cannot be read" in oddity for oddity in pages.oddities)


async def test_a_bug_is_loud() -> None:
    class Buggy(FakeDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            raise KeyError("a bug")

    async with open_session(Buggy()) as session:
        pages = Pages(session)
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


# ------------------------------------------------------------ refresh, ensure


async def test_refresh_reads_the_visible_pages_again_and_the_others_when_they_are_seen() -> None:
    api = FakeDirectory(people(1000))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        listing.want(500, 539)
        await until(lambda: pages.confirmed(7))
        api.calls.clear()
        api.users[510] = replace(person(510), first_name="Changed")
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


# ------------------------------------------------------------ odd servers


async def everything(api: FakeDirectory, session_pages: Pages, want: int) -> None:
    """Want every page that exists until nothing is left to fetch."""
    for _ in range(want):
        page = next((page for page in range(1, want + 1) if not session_pages.confirmed(page)), None)
        if page is None or not session_pages.exists(page):
            return
        session_pages.want("test", [page])
        await until(lambda page=page: session_pages.confirmed(page) or session_pages.failure)  # type: ignore[misc]


async def test_a_server_that_caps_the_page_size_is_followed() -> None:
    api = OddDirectory(people(95))
    api.cap = 30
    async with open_session(api) as session, serving(session, visible=(0, 94)) as (pages, listing):
        await until(lambda: listing.row(94) is not None)
        assert pages.page_size == 30
        assert pages.oddities == ("The server sends at most 30 users a page.",)
        assert emails(listing, 0, 94) == [f"person{number:05d}@example.com" for number in range(95)]
        assert api.asked("list_users") == [(1, 100), (2, 30), (3, 30), (4, 30)]


@pytest.mark.parametrize(
    ("count", "cap"), [(0, None), (1, None), (40, None), (100, None), (250, None), (95, 30), (60, 30)]
)
async def test_without_a_total_the_end_is_found_by_looking(count: int, cap: int | None) -> None:
    api = OddDirectory(people(count))
    api.total = None
    api.cap = cap
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(1))
        while listing.total is None or not listing.total.exact:
            total = listing.total.count if listing.total is not None else 0
            assert total <= count
            listing.want(max(0, total - 40), max(0, total - 1))
            await idle(session)
        assert listing.total == Total(count, exact=True)
        assert listing.phase is (Phase.READY if count else Phase.EMPTY)
        assert len(pages_asked(api)) == len(set(pages_asked(api)))
        await until(lambda: pages.coverage and (pages.coverage.total, pages.coverage.loaded) == (count, count))


@pytest.mark.parametrize("trait", ["deaf", "clamped"])
async def test_a_server_that_repeats_itself_brings_the_list_to_an_end(trait: str) -> None:
    api = OddDirectory(people(150))
    api.total = None
    setattr(api, trait, True)
    async with open_session(api) as session, serving(session) as (pages, listing):
        await everything(api, pages, 10)
        await until(lambda: listing.total is not None and listing.total.exact)
        assert listing.total == Total(100 if trait == "deaf" else 150, exact=True)
        assert any("repeats page" in oddity for oddity in pages.oddities)
        assert len(api.calls) <= 3
        listing.want(0, 39)
        await until(lambda: emails(listing, 0, 0) == ["person00000@example.com"])


async def test_repeated_pages_under_a_claimed_total_are_not_taken_for_other_people() -> None:
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


async def test_a_total_below_what_is_sent_is_not_believed() -> None:
    for claim in (-1, 0, 3):
        api = OddDirectory(people(250))
        api.claims = [claim]
        async with open_session(api) as session, serving(session) as (pages, listing):
            await everything(api, pages, 10)
            await until(lambda listing=listing: listing.total == Total(250, exact=True))  # type: ignore[misc]
            assert any("claims" in oddity for oddity in pages.oddities)


async def test_a_shrinking_total_trims_the_list() -> None:
    api = FakeDirectory(people(300))
    told: list[Change] = []
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        session.changes.subscribe(told.append)
        await until(lambda: pages.confirmed(2))
        del api.users[120:]
        listing.want(160, 239)
        await until(lambda: pages.confirmed(3))
        assert listing.total == Total(120, exact=True)
        assert TotalChanged(Total(120, exact=True)) in told
        await until(lambda: listing.row(160) is None)
        listing.want(80, 119)
        await until(lambda: listing.row(119) is not None)


async def test_a_total_that_is_missing_now_and_then_is_remembered() -> None:
    api = OddDirectory(people(300))
    api.claims = [300, None]
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        assert listing.total == Total(300, exact=True)


async def test_a_list_that_is_claimed_but_not_sent_stays_a_list_of_unknown_people() -> None:
    api = OddDirectory()
    api.claims = [250]
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(2))
        await idle(session)
        assert listing.total == Total(250, exact=True)
        assert listing.row(0) is None
        assert pages_asked(api) == [1, 2]
        assert any("empty although" in oddity for oddity in pages.oddities)


async def test_an_unreadable_record_costs_its_place_only() -> None:
    api = FakeDirectory(people(50))
    api.users[7] = UnreadableRecord("has no id")
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(8) is not None)
        row = listing.row(7)
        assert row is not None
        assert getattr(row, "reason", "") == "has no id"


async def test_oddities_are_said_once_and_are_bounded() -> None:
    api = FakeDirectory(people(900))
    api.oddities = ("The server is odd.",)
    async with open_session(api) as session, serving(session) as (pages, _):
        await everything(api, pages, 9)
        assert list(pages.oddities) == ["The server is odd."]
        for number in range(200):
            pages.note(f"Oddity {number}.")
        assert len(pages.oddities) == 50
        assert pages.oddities[-1] == "Oddity 199."


async def test_everyone_hears_of_a_page() -> None:
    api = FakeDirectory(people(130))
    told: list[Change] = []
    async with open_session(api) as session:
        pages = Pages(session)
        unsubscribe = pages.subscribe(told.append)
        async with running(pages.run):
            pages.want("test", [1, 2])
            await until(lambda: pages.confirmed(2) and len(told) == 3)
            assert told == [TotalChanged(Total(130, exact=True)), PageLoaded(1, 0, 99), PageLoaded(2, 100, 129)]
            assert pages.coverage is not None
            assert pages.coverage.complete
            unsubscribe()
            pages.refresh()
            await until(lambda: pages.confirmed(2))
            assert len(told) == 3
