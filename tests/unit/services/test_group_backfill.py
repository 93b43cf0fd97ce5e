"""Reading users one by one, where lists do not tell their groups."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import BrokenMirror, ManualTime, idle, open_session, until
from walkme_tui.domain.errors import (
    MirrorUnavailable,
    NotFound,
    RateLimited,
    RequestRejected,
    ServerFault,
    SignInRefused,
    Unreachable,
)
from walkme_tui.domain.mirrored import Update
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User
from walkme_tui.services.events import Event, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.ports import Mirror, Session
from walkme_tui.services.sync.group_backfill import (
    MAX_CONCURRENT,
    MAX_SILENT,
    UNKNOWN_GROUPS,
    BackfillCost,
    BackfillProgress,
    GroupBackfill,
)

EVERYONE = UserQuery()


class Bench:
    """A lean account whose list is loaded, a reading of it, and what was told."""

    def __init__(self, session: Session, api: FakeDirectory, time: ManualTime) -> None:
        self.session, self.api, self.time = session, api, time
        self.reading = GroupBackfill(session, monotonic=time.monotonic, sleep=time.sleep)
        self.told: list[Event] = []
        session.events.subscribe(self.told.append)

    async def load(self) -> None:
        """Read the list, all of it."""
        page = await self.api.list_users(1, 1000)
        await self.session.mirror.save_page(page, self.time())

    @property
    def asked(self) -> list[object]:
        """Ids of who was asked for, in order."""
        return [call.arguments[0] for call in self.api.calls if call.name == "get_user"]

    async def unknown(self) -> int:
        """How many there are of whom nobody knows the groups."""
        return len(await self.session.mirror.matching(UNKNOWN_GROUPS))

    @asynccontextmanager
    async def running(self, first: UserQuery = EVERYONE) -> AsyncIterator["asyncio.Task[BackfillProgress]"]:
        """The reading under way."""
        task = asyncio.create_task(self.reading.run(first))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def lean(
    count: int = 10, *, mirror: Mirror | None = None, api: FakeDirectory | None = None
) -> AsyncIterator[Bench]:
    """A bench of so many people."""
    api = api or FakeDirectory(people(count))
    api.lean = True
    time = ManualTime()
    async with open_session(api, time=time, mirror=mirror) as session:
        bench = Bench(session, api, time)
        await bench.load()
        yield bench


def ids(*numbers: int) -> list[object]:
    return [person(number).id for number in numbers]


# ------------------------------------------------------------ who is read


async def test_everybody_is_asked_for_once_behind_all_others() -> None:
    async with lean(10) as bench:
        ended = await bench.reading.run(EVERYONE)
        assert bench.asked == ids(*range(10))
        assert {call.priority for call in bench.api.calls if call.name == "get_user"} == {Priority.BACKGROUND}
        assert (ended.total, ended.read, ended.done) == (10, 10, 10)
        assert await bench.unknown() == 0
        assert [size.known_members for size in await bench.session.mirror.groups()] == [4, 2]


async def test_who_is_known_is_not_asked_for_again() -> None:
    async with lean(10) as bench:
        await bench.session.mirror.save_user(person(3), 1)
        await bench.reading.run(EVERYONE)
        assert bench.asked == ids(0, 1, 2, 4, 5, 6, 7, 8, 9)
        before = len(bench.asked)
        assert (await bench.reading.run(EVERYONE)).total == 0
        assert len(bench.asked) == before


async def test_those_of_the_view_come_first() -> None:
    async with lean(10) as bench:
        ended = await bench.reading.run(UserQuery(text="status:pending"))
        assert bench.asked == ids(4, 9, 0, 1, 2, 3, 5, 6, 7, 8)
        assert (ended.total, ended.read) == (10, 10)


async def test_those_of_the_view_alone() -> None:
    async with lean(10) as bench:
        ended = await bench.reading.run(UserQuery(group_id="g1", hide_inactive=True, text="person"), only=True)
        assert bench.asked == ids(0, 1, 2, 4, 5, 6, 7, 9)
        assert (ended.total, ended.read) == (8, 8)
        assert await bench.unknown() == 2


async def test_who_was_opened_meanwhile_is_not_asked_for() -> None:
    async with lean(250) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            await bench.session.mirror.save_user(person(200), bench.time())
            gate.set()
            assert (await task).read == 250
            assert person(200).id not in bench.asked


async def test_who_is_loaded_meanwhile_is_read_too() -> None:
    async with lean(3) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == 3)
            bench.api.users += people(2, start=3)
            await bench.load()
            gate.set()
            ended = await task
        assert bench.asked == ids(0, 1, 2, 3, 4)
        assert (ended.total, ended.read) == (5, 5)


async def test_few_are_asked_for_at_once() -> None:
    async with lean(50) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running():
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            for _ in range(20):
                await asyncio.sleep(0)
            assert bench.api.in_flight == MAX_CONCURRENT
            gate.set()


async def test_it_goes_on_where_it_was_stopped() -> None:
    async with lean(50) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            bench.reading.stop()
            gate.set()
            ended = await task
        assert (ended.read, ended.total) == (MAX_CONCURRENT, 50)  # what was under way was stored
        assert not bench.reading.running
        assert (await bench.reading.run(EVERYONE)).read == 50 - MAX_CONCURRENT
        assert len(bench.asked) == len(set(bench.asked)) == 50


# ------------------------------------------------------------ what goes wrong


async def test_who_is_gone_is_forgotten() -> None:
    async with lean(3) as bench:
        del bench.api.users[1]
        ended = await bench.reading.run(EVERYONE)
        assert (ended.read, ended.gone) == (2, 1)
        assert await bench.session.mirror.user(person(1).id) is None
        (forgotten,) = [change for change in bench.told if isinstance(change, UserForgotten)]
        assert (forgotten.user_id, forgotten.was and forgotten.was.email) == (person(1).id, "person00001@example.com")


async def test_an_outage_is_waited_out_and_nobody_is_left_out() -> None:
    async with lean(10) as bench:
        bench.api.offline = Unreachable("The name cannot be found.")
        async with bench.running() as task:
            for pause in (1.0, 2.0, 4.0):
                await until(lambda pause=pause: pause in bench.time.pauses)  # type: ignore[misc]
                assert isinstance(bench.reading.progress.failure, Unreachable)
                assert bench.reading.progress.waiting_seconds == pause
                asked = len(bench.asked)
                bench.time.advance(pause)
                await until(lambda asked=asked: len(bench.asked) > asked)  # type: ignore[misc]
            await until(lambda: 8.0 in bench.time.pauses)
            bench.api.offline = None
            bench.time.advance(8.0)
            ended = await task
        assert (ended.read, ended.refused, ended.failure) == (10, 0, None)


async def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    async with lean(1) as bench:
        bench.api.fail_next(RateLimited("Too many requests.", retry_after_seconds=40.0), name="get_user")
        async with bench.running() as task:
            await until(lambda: 40.0 in bench.time.pauses)
            bench.time.advance(39.0)
            await asyncio.sleep(0.01)
            assert len(bench.asked) == 1
            bench.time.advance(1.0)
            assert (await task).read == 1


async def test_a_wait_ends_at_once_when_it_is_to_stop() -> None:
    async with lean(10) as bench:
        bench.api.offline = Unreachable("The name cannot be found.")
        async with bench.running() as task:
            await until(lambda: bench.time.pauses)
            bench.reading.stop()
            ended = await task
        assert (ended.done, ended.total) == (0, 10)


async def test_what_only_a_person_can_mend_ends_it_and_keeps_what_came() -> None:
    async with lean(10) as bench:
        bench.api.fail_next(SignInRefused("The credentials were refused.", status=401), name="get_user")
        with pytest.raises(SignInRefused):
            await bench.reading.run(EVERYONE)
        assert bench.reading.progress.read == 10 - await bench.unknown() == len(bench.asked) - 1
        assert len(bench.asked) <= MAX_CONCURRENT
        assert not bench.reading.running


async def test_who_is_refused_is_left_out() -> None:
    async with lean(10) as bench:
        bench.api.fail_next(RequestRejected("The account refused the id (400).", status=400), name="get_user")
        ended = await bench.reading.run(EVERYONE)
        assert (ended.read, ended.refused, len(bench.asked)) == (9, 1, 10)


class OneIsBroken(FakeDirectory):
    """An account that cannot tell anything of one user."""

    def __init__(self, users: Sequence[User], broken: str) -> None:
        super().__init__(users)
        self.broken = broken

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        user = await super().get_user(user_id, priority)
        if user_id == self.broken:
            raise ServerFault("The server failed (500).", status=500)
        return user


@pytest.mark.parametrize("others", [450, 0])
async def test_one_who_fails_again_and_again_does_not_hold_up_the_others(others: int) -> None:
    api = OneIsBroken([person(number) for number in range(others + 1)], person(0).id)
    async with lean(api=api) as bench:
        async with bench.running() as task:
            while not task.done():
                bench.time.advance(1.0)
                await idle(bench.session)
            ended = await task
        assert (ended.read, ended.refused) == (others, 1)
        requests = bench.asked.count(person(0).id)
        # A failure counts as one beside others where another user was read since the last; that depends on the order.
        assert 3 <= requests < 10 if others else requests == 10


async def test_a_server_that_never_tells_groups_is_soon_left_alone() -> None:
    async with lean(200) as bench:
        bench.api.unread = {"groups"}
        ended = await bench.reading.run(EVERYONE)
        assert MAX_SILENT <= ended.silent == len(bench.asked) < MAX_SILENT + MAX_CONCURRENT
        assert ended.read == 0


async def test_where_the_groups_of_some_are_told_everybody_is_asked_for_once() -> None:
    class OnlyOneIsTold(FakeDirectory):
        async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
            user = await super().get_user(user_id, priority)
            return user if user_id == person(0).id else User(user.id, user.email)

    async with lean(api=OnlyOneIsTold(people(2 * MAX_SILENT))) as bench:
        ended = await bench.reading.run(EVERYONE)
        assert (ended.read, ended.silent, len(bench.asked)) == (1, 2 * MAX_SILENT - 1, 2 * MAX_SILENT)


async def test_an_answer_about_somebody_else_is_not_asked_for_for_ever() -> None:
    class Confused(FakeDirectory):
        async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
            user = await super().get_user(user_id, priority)
            return user._replace(id="somebody else") if user_id == person(1).id else user

    async with lean(api=Confused(people(3))) as bench:
        ended = await bench.reading.run(EVERYONE)
        assert (ended.read, ended.refused, len(bench.asked)) == (2, 1, 3)


async def test_a_full_disk_ends_it() -> None:
    mirror = BrokenMirror()
    async with lean(10, mirror=mirror) as bench:
        mirror.full = True
        with pytest.raises(MirrorUnavailable):
            await bench.reading.run(EVERYONE)
        assert len(bench.asked) <= MAX_CONCURRENT
        mirror.full = False
        assert (await bench.reading.run(EVERYONE)).read == 10


# ------------------------------------------------------------ what is told


async def test_what_came_is_told_together() -> None:
    async with lean(30) as bench:
        at: list[float] = []
        bench.session.events.subscribe(lambda _: at.append(bench.time.monotonic()))
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            gate.set()
            await until(lambda: len(bench.asked) >= 8)
            assert at == []
            bench.time.advance(2.0)
            await task
        assert sorted(change.user_id for change in bench.told if isinstance(change, UserStored)) == ids(*range(30))
        assert len(set(at)) == 1


async def test_whoever_is_different_now_is_told_and_what_only_came_to_be_known_is_not() -> None:
    async with lean(3) as bench:
        bench.api.edit(person(1).id, status="pending")
        await bench.reading.run(EVERYONE)
        changed = [change for change in bench.told if isinstance(change, UsersChanged)]
        assert changed == [UsersChanged((), (Update(person(1).id, frozenset({"status"})),))]


async def test_progress_tells_the_speed_and_what_is_left() -> None:
    async with lean(30) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running():
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            assert bench.reading.progress == BackfillProgress(total=30)
            assert bench.reading.running
            for _ in range(3):
                gate.set()
                done = bench.reading.progress.done
                await until(lambda done=done: bench.reading.progress.done > done)  # type: ignore[misc]
                gate.clear()
                bench.time.advance(1.0)
            progress = bench.reading.progress
            assert progress.per_second > 0
            assert progress.seconds_left is not None


async def test_the_cost_is_a_request_for_each_of_whom_nothing_is_known() -> None:
    async with lean(10) as bench:
        await bench.session.mirror.save_user(person(3), 1)
        bench.api.status = bench.api.status._replace(permitted_per_second=9.8)
        assert await bench.reading.cost(EVERYONE) == BackfillCost(9, 9, 0, 9.8)
        assert await bench.reading.cost(UserQuery(text="status:pending")) == BackfillCost(9, 2, 0, 9.8)
        bench.api.total = 250
        await bench.load()
        assert (await bench.reading.cost(EVERYONE)).to_come == 240
        assert not bench.asked


async def test_a_gone_user_counts_as_done() -> None:
    async with lean(2) as bench:
        bench.api.fail_next(NotFound("There is no such user.", status=404), name="get_user", times=2)
        ended = await bench.reading.run(EVERYONE)
        assert (ended.done, ended.gone, await bench.unknown()) == (2, 2, 0)
