"""Sweeps: one or two walks over the list, then a completeness verdict."""

import asyncio
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
    serving,
    until,
)
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import (
    MirrorUnavailable,
    NotFound,
    PermissionRefused,
    RequestRejected,
    ServerFault,
    UnexpectedAnswer,
    Unreachable,
    WalkmeError,
)
from walkme_tui.domain.mirrored import MirroredUser, Stored
from walkme_tui.domain.text import spaced
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, Known, UnreadableRecord, User, UserPage
from walkme_tui.services.events import CoverageChanged, Event, PageLoaded
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.list_pass import ListPass, SweepProgress
from walkme_tui.services.sync.sweep import SweepResult, can_resume, sweep
from walkme_tui.store.mirror.mirror import open_mirror

# A walk starts when its first page arrives, before any user was fetched.
BEGUN_MS = NOON_MS + 1


async def run_sweep(session: Session, page_size: int = 1000) -> SweepResult:
    return await asyncio.wait_for(sweep(session, lambda progress: None, page_size=page_size), 20)


async def mirrored_ids(session: Session) -> set[str]:
    held = await session.mirror.positions(0, 100_000)
    return {row.user.id for row in held.values() if isinstance(row, MirroredUser)}


async def test_one_walk_reads_all_users_in_the_background() -> None:
    api = FakeDirectory(people(3500))
    progress: list[SweepProgress] = []
    events: list[Event] = []
    async with open_session(api) as session:
        session.events.subscribe(events.append)
        result = await sweep(session, progress.append)
        assert result == SweepResult(True, 3500, 3500, BEGUN_MS, "complete")
        assert [call.priority for call in api.calls] == [Priority.BACKGROUND] * 4
        assert (await session.mirror.coverage()).complete
    assert progress[0] == SweepProgress(1000, 3500, 1, 1)
    assert progress[-1] == SweepProgress(3500, 3500, 1, 4)
    assert sum(change.last - change.first + 1 for change in events if isinstance(change, PageLoaded)) == 3500


async def test_a_limited_number_of_pages_is_requested_concurrently() -> None:
    api = OddDirectory(people(20_000))
    gates: list[asyncio.Event] = []
    api.before = lambda number: None if number else gates.append(api.hold("list_users"))
    async with open_session(api) as session:
        walking = asyncio.create_task(run_sweep(session))
        await until(lambda: api.in_flight >= 2)
        await idle(session)
        assert api.in_flight == session.sync.pages_at_once == 7
        gates[0].set()
        assert (await walking).complete


@pytest.mark.parametrize("count", [0, 1, 1000, 1001])
async def test_a_sweep_of_a_small_account_is_complete(count: int) -> None:
    api = FakeDirectory(people(count))
    async with open_session(api) as session:
        assert await run_sweep(session) == SweepResult(True, count, count, BEGUN_MS, "complete")
        # A full page may not be the last one, even if the total says so.
        assert len(api.calls) == count // 1000 + 1


@pytest.mark.parametrize("count", [0, 1, 7, 30, 100, 250])
@pytest.mark.parametrize("cap", [None, 30])
async def test_without_a_total_a_sweep_is_complete(count: int, cap: int | None) -> None:
    api = OddDirectory(people(count))
    api.total = None
    api.cap = cap
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert (result.complete, result.loaded, result.note) == (True, count, "complete")
        assert await mirrored_ids(session) == {person(number).id for number in range(count)}


@pytest.mark.parametrize(("count", "claim"), [(250, 200), (1200, 1000), (300, 200), (201, 100), (250, 100)])
async def test_a_list_longer_than_its_claimed_total_is_read_to_its_end(count: int, claim: int) -> None:
    api = FakeDirectory(people(count))
    api.total = claim
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert (result.complete, result.loaded, result.total) == (True, count, count)
        assert (result.disproved_total, result.note) == (
            claim,
            f"complete; the server claims {spaced(claim)} users, sent {spaced(count)}",
        )
        assert await mirrored_ids(session) == {person(number).id for number in range(count)}
        coverage = await session.mirror.coverage()
        assert (coverage.loaded, coverage.total, coverage.complete) == (count, count, True)


async def test_a_disproved_total_is_stored_until_it_becomes_true() -> None:
    api = FakeDirectory(people(250))
    api.total = 200
    async with open_session(api) as session:
        await run_sweep(session, 100)
        # Browsing the first pages must not remove the users behind the claimed total.
        async with serving(session) as (pages, listing):
            listing.refresh()
            await until(lambda: pages.confirmed(1))
            assert listing.total is not None
            assert listing.total.count == 250
            assert len(await mirrored_ids(session)) == 250
        del api.users[200:]
        assert (await run_sweep(session, 100)).disproved_total is None
        assert (await run_sweep(session, 100)).note == "complete"


@pytest.mark.parametrize("answer", ["clamped", "404", "400", "other", "500"])
async def test_an_error_behind_the_last_full_page_leaves_the_sweep_complete(answer: str) -> None:
    errors = {
        "404": NotFound("There is no such page.", status=404),
        "400": RequestRejected("page is too large.", status=400),
        "other": UnexpectedAnswer("The answer is no list."),
        "500": ServerFault("The server failed.", status=500),
    }

    class NoPageBehindTheLast(OddDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            if page > 3 and answer in errors:
                raise errors[answer]
            return await super().list_users(page, page_size, priority)

    api = NoPageBehindTheLast(people(300))
    api.clamped = answer == "clamped"
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        if answer in {"other", "500"}:  # this says nothing about the end of the list
            assert result.note == f"incomplete: {errors[answer].message}"
        else:
            assert result == SweepResult(True, 300, 300, BEGUN_MS, "complete")


@pytest.mark.parametrize(
    "error", [NotFound("No."), RequestRejected("No."), ServerFault("No."), UnexpectedAnswer("No.")], ids=type
)
async def test_an_error_behind_the_last_full_page_is_not_shown(error: WalkmeError) -> None:
    class NoPageBehindTheLast(OddDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page > 3:
                raise error
            return answer

    api = NoPageBehindTheLast(people(300))
    async with open_session(api) as session, serving(session, visible=(0, 39)) as (pages, listing):
        await until(lambda: pages.confirmed(1))
        listing.want(200, 239)
        await until(lambda: pages.confirmed(4))
        assert (pages.failure, pages.warnings, listing.total) == (None, (), Total(300, exact=True))


async def test_smaller_pages_are_requested_if_large_ones_are_refused() -> None:
    class RefusesLargePages(FakeDirectory):
        error: Exception = RequestRejected("pageSize is too large.", status=400)

        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            answer = await super().list_users(page, page_size, priority)
            if page_size > 250:
                raise self.error
            return answer

    for error in (RefusesLargePages.error, UnexpectedAnswer("The answer is too large.")):
        api = RefusesLargePages(people(600))
        api.error = error
        async with open_session(api) as session:
            assert (await run_sweep(session)).note == "complete"
        assert [size for _, size in api.asked("list_users")] == [1000, 500, 250, 250, 250]


async def test_a_list_shorter_than_its_claimed_total_is_incomplete() -> None:
    api = OddDirectory(people(250))
    api.claims = [300]
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert not result.complete
        assert result.note == "incomplete: the server claims 300 users, sent 250"


async def test_unreadable_records_are_counted_reported_and_not_requested_again() -> None:
    api = FakeDirectory(people(250))
    api.users[3] = api.users[150] = UnreadableRecord("has no id")
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert (result.complete, result.loaded) == (False, 248)
        assert result.note == "incomplete: 2 records could not be read"
        assert len(api.calls) == 3


async def test_a_second_walk_reports_drift_only_if_the_list_changed() -> None:
    steps: list[SweepProgress] = []
    api = OddDirectory([User(id=person(number).id, email=f"{number}@example.com") for number in range(250)])
    async with open_session(api) as session:
        assert (await sweep(session, steps.append, page_size=100)).note == "complete"
    assert (steps[-1].pass_number, steps[-1].after_drift) == (
        2,
        False,
    )  # without times of creation one walk proves nothing
    api.closed, api.answered = False, 0

    def leave(number: int) -> None:
        if number == 1:
            del api.users[0]

    api.before = leave
    async with open_session(api) as session:
        await sweep(session, steps.append, page_size=100)
    assert (steps[-1].pass_number, steps[-1].after_drift) == (2, True)


@pytest.mark.parametrize("trait", ["deaf", "clamped"])
@pytest.mark.parametrize("total", [None, 150, 5000, 1_000_000])
async def test_repeated_pages_end_the_sweep(trait: str, total: int | None) -> None:
    api = OddDirectory(people(150))
    api.total = total
    setattr(api, trait, True)
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert len(api.calls) < 40
        assert result.complete == (total in {None, 150} and trait == "clamped")


@pytest.mark.parametrize(
    "claims", [[-5], [None], [250, None], [250, -1, 250], [250, 100], [100, 250], [0], [3], [250, 10**9]]
)
async def test_odd_totals_end_the_sweep(claims: list[int | None]) -> None:
    api = OddDirectory(people(250))
    api.claims = claims
    async with open_session(api) as session:
        await run_sweep(session, 50)
        assert len(api.calls) < 60
        assert await mirrored_ids(session) <= {person(number).id for number in range(250)}


async def test_an_endless_list_ends_the_sweep_as_incomplete() -> None:
    class Endless(OddDirectory):
        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            self.users = people(page * page_size + 1)
            return await super().list_users(page, page_size, priority)

    api = Endless()
    async with open_session(api) as session:
        result = await run_sweep(session, 10)
        assert not result.complete
        assert len(api.calls) < 100


async def test_a_list_that_grows_at_its_end_is_complete_as_of_the_start() -> None:
    api = OddDirectory(people(250))

    def grow(number: int) -> None:
        if number:
            api.users.append(person(5000 + number)._replace(created_at_ms=NOON_MS))

    api.before = grow
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert result.complete
        assert result.note == "complete as of 2027-01-15T08:00:00Z, list was changing"
        assert {person(number).id for number in range(250)} <= await mirrored_ids(session)


@pytest.mark.parametrize("created_at_ms", [NOON_MS, UNKNOWN])
async def test_a_list_that_always_grows_at_its_end_can_be_complete(created_at_ms: Known[int]) -> None:
    api = OddDirectory([person(number)._replace(created_at_ms=created_at_ms) for number in range(250)])

    def grow(number: int) -> None:
        page, _ = api.asked("list_users")[number]
        if page != 1:
            api.users.append(person(5000 + number)._replace(created_at_ms=created_at_ms))

    api.before = grow
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert result.complete
        assert {person(number).id for number in range(250)} <= await mirrored_ids(session)


async def test_a_list_that_changed_is_walked_again_with_another_page_size() -> None:
    api = OddDirectory(people(500))

    def shrink(number: int) -> None:
        if number == 2:
            del api.users[0:3]

    api.before = shrink
    async with open_session(api) as session:
        result = await run_sweep(session, 100)
        assert {size for _, size in api.asked("list_users")} == {100, 90}
        assert result.complete
        assert "list was changing" in result.note
        assert {person(number).id for number in range(3, 500)} <= await mirrored_ids(session)


async def test_a_second_walk_knows_that_all_users_were_known_before_the_first() -> None:
    api = OddDirectory(people(500))
    async with open_session(api) as session:
        await run_sweep(session, 100)
        api.before = lambda number: api.users.__delitem__(slice(0, 3)) if number == 7 else None
        await run_sweep(session, 100)
        ended = (await session.mirror.coverage()).sweep
        assert ended is not None
        assert (ended.pass_number, ended.renews, ended.complete) == (2, True, True)


async def test_users_not_seen_by_a_sweep_are_kept() -> None:
    api = FakeDirectory(people(300))
    async with open_session(api) as session:
        await run_sweep(session, 100)
        del api.users[50]
        await run_sweep(session, 100)
        assert await session.mirror.user(person(50).id) is not None
        assert api.asked("get_user") == []


async def test_a_failure_of_the_first_page_is_raised_and_a_later_one_makes_the_sweep_incomplete() -> None:
    api = OddDirectory(people(500))
    async with open_session(api) as session:
        api.offline = Unreachable("The server cannot be reached.")
        with pytest.raises(Unreachable):
            await run_sweep(session, 100)
        api.offline = None

        def fail(number: int) -> None:
            if number == 2:
                raise ServerFault("The server failed.", status=500)

        api.before = fail
        result = await run_sweep(session, 100)
        assert not result.complete
        assert result.note == "incomplete: The server failed."
        assert result.loaded >= 100
        assert api.in_flight == 0


async def test_a_refused_permission_is_raised_at_any_page() -> None:
    api = OddDirectory(people(500))

    def refuse(number: int) -> None:
        if number == 2:
            raise PermissionRefused("The scope users:read is missing.", scope="users:read")

    api.before = refuse
    async with open_session(api) as session:
        with pytest.raises(PermissionRefused):
            await run_sweep(session, 100)


async def test_a_full_disk_is_raised() -> None:
    mirror = BrokenMirror()
    mirror.full = True
    async with open_session(FakeDirectory(people(500)), mirror=mirror) as session:
        with pytest.raises(MirrorUnavailable):
            await run_sweep(session, 100)


async def test_cancelling_a_sweep_leaves_nothing_running() -> None:
    api = OddDirectory(people(5000))

    def hold(number: int) -> None:
        api.hold()

    api.before = hold
    before = asyncio.all_tasks()
    async with open_session(api) as session:
        walking = asyncio.create_task(run_sweep(session))
        await until(lambda: api.in_flight >= 2)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking
        assert api.in_flight == 0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_users_seen_by_an_earlier_walk_do_not_count_for_a_later_one() -> None:
    api = OddDirectory(people(250))
    async with open_session(api) as session:
        assert (await run_sweep(session, 100)).complete
        assert (await session.mirror.coverage()).complete
        api.deaf = True
        result = await run_sweep(session, 100)
        assert (result.complete, result.loaded) == (False, 100)
        assert result.note == "incomplete: the server sent some pages twice in place of others"
        coverage = await session.mirror.coverage()
        assert (coverage.loaded, coverage.total, coverage.complete) == (250, 250, False)


async def test_a_clock_set_back_never_makes_a_sweep_complete() -> None:
    api, time = OddDirectory(people(250)), ManualTime()
    async with open_session(api, time=time) as session:
        await run_sweep(session, 100)
        time.advance(-3600)
        api.deaf = True
        assert not (await run_sweep(session, 100)).complete
        api.deaf = False
        assert (await run_sweep(session, 100)).complete


async def test_a_walk_without_a_total_ends_when_pages_have_no_new_users() -> None:
    class RotatingList(OddDirectory):
        """Every page starts at another place of the same list."""

        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            self.users = self.users[7:] + self.users[:7]
            return (await super().list_users(1, page_size, priority))._replace(page=page)

    api = RotatingList(people(150))
    api.total = None
    async with open_session(api) as session:
        assert (await run_sweep(session, 100)).loaded == 150
        assert len(api.calls) < 100


async def test_the_result_of_a_sweep_is_stored_and_an_outage_leaves_a_resumable_walk() -> None:
    api = OddDirectory(people(500))
    events: list[Event] = []
    async with open_session(api) as session:
        session.events.subscribe(events.append)
        await run_sweep(session, 100)
        coverage = await session.mirror.coverage()
        assert coverage.sweep is not None
        assert (coverage.sweep.complete, coverage.sweep.note, coverage.sweep.ended_at_ms) == (True, "complete", NOON_MS)
        assert events[-1] == CoverageChanged(coverage)
        api.before = lambda number: setattr(api, "offline", Unreachable("Away.")) if number == 7 else None
        await run_sweep(session, 100)
        left = (await session.mirror.coverage()).sweep
        assert left is not None
        assert (left.ended_at_ms, left.next_page > 1, left.renews) == (None, True, True)
        assert can_resume(left)


async def test_only_users_of_the_first_page_itself_count_as_seen_at_the_start() -> None:
    """While the first page is in flight another page stores users who may be newer than the answer."""
    api = OddDirectory([person(number)._replace(created_at_ms=UNKNOWN) for number in range(30)])
    async with open_session(api) as session:
        await run_sweep(session, 10)
        sweeps = [(await session.mirror.coverage()).sweep]
    async with open_session(OddDirectory(api.users), mirror=(mirror := BrokenMirror())) as session:
        saving = mirror.save_page

        async def save(page: UserPage, fetched_at_ms: int) -> Stored:
            if page.page == 1:
                await saving(UserPage(3, 10, tuple(api.users[20:]), 30), NOON_MS)
            return await saving(page, fetched_at_ms)

        mirror.save_page = save  # type: ignore[method-assign]  # a page of a person comes in between
        list_pass = await ListPass.start(session, 10, lambda progress: None)
        sweeps.append(list_pass.sweep)
    assert [sweep.first_new_row_id for sweep in sweeps if sweep] == [31, 1]


async def test_a_mirror_made_anew_during_a_sweep_is_filled_from_the_first_page(tmp_path: Path) -> None:
    class DamagesTheMirror(FakeDirectory):
        """The local copy is damaged while the third page is in flight."""

        async def list_users(self, page, page_size, priority=Priority.DEMAND):  # type: ignore[no-untyped-def]
            if len(self.calls) == 2:
                await damage(mirror)
            return await super().list_users(page, page_size, priority)

    api = DamagesTheMirror(people(500))
    mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="test")
    async with open_session(api, mirror=mirror) as session:
        result = await run_sweep(session, 100)
        assert (result.complete, result.loaded, result.note) == (True, 500, "complete")
        assert {size for _, size in api.asked("list_users")} == {100}
