"""The backfill, which reads users one by one if lists lack their groups."""

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
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.mirror import Mirror
from walkme_tui.services.sync.group_backfill import (
    MAX_CONCURRENT,
    MAX_WITHOUT_GROUPS,
    UNKNOWN_GROUPS,
    BackfillCost,
    BackfillProgress,
    GroupBackfill,
)

EVERYONE = UserQuery()


class Bench:
    """A backfill of a lean account whose list is loaded, and the events published so far."""

    def __init__(self, session: Session, api: FakeDirectory, time: ManualTime) -> None:
        self.session, self.api, self.time = session, api, time
        self.backfill = GroupBackfill(session, monotonic=time.monotonic, sleep=time.sleep)
        self.events: list[Event] = []
        session.events.subscribe(self.events.append)

    async def load(self) -> None:
        """Load the whole list."""
        page = await self.api.list_users(1, 1000)
        await self.session.mirror.save_page(page, self.time())

    @property
    def asked(self) -> list[object]:
        """Ids of the requested users, in order."""
        return [call.arguments[0] for call in self.api.calls if call.name == "get_user"]

    async def unknown(self) -> int:
        """The number of users whose groups are unknown."""
        return len(await self.session.mirror.matching(UNKNOWN_GROUPS))

    @asynccontextmanager
    async def running(self, first: UserQuery = EVERYONE) -> AsyncIterator["asyncio.Task[BackfillProgress]"]:
        """The running backfill."""
        task = asyncio.create_task(self.backfill.run(first))
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
    """A bench of ``count`` users."""
    api = api or FakeDirectory(people(count))
    api.lean = True
    time = ManualTime()
    async with open_session(api, time=time, mirror=mirror) as session:
        bench = Bench(session, api, time)
        await bench.load()
        yield bench


def ids(*numbers: int) -> list[object]:
    return [person(number).id for number in numbers]


# ------------------------------------------------------------ which users are read


async def test_every_user_is_requested_once_in_the_background() -> None:
    async with lean(10) as bench:
        ended = await bench.backfill.run(EVERYONE)
        assert bench.asked == ids(*range(10))
        assert {call.priority for call in bench.api.calls if call.name == "get_user"} == {Priority.BACKGROUND}
        assert (ended.total, ended.read, ended.done) == (10, 10, 10)
        assert await bench.unknown() == 0
        assert [size.known_members for size in await bench.session.mirror.groups()] == [4, 2]


async def test_users_with_known_groups_are_not_requested() -> None:
    async with lean(10) as bench:
        await bench.session.mirror.save_user(person(3), 1)
        await bench.backfill.run(EVERYONE)
        assert bench.asked == ids(0, 1, 2, 4, 5, 6, 7, 8, 9)
        before = len(bench.asked)
        assert (await bench.backfill.run(EVERYONE)).total == 0
        assert len(bench.asked) == before


async def test_users_of_the_view_are_requested_first() -> None:
    async with lean(10) as bench:
        ended = await bench.backfill.run(UserQuery(text="status:pending"))
        assert bench.asked == ids(4, 9, 0, 1, 2, 3, 5, 6, 7, 8)
        assert (ended.total, ended.read) == (10, 10)


async def test_only_users_of_the_view_are_requested_if_asked() -> None:
    async with lean(10) as bench:
        ended = await bench.backfill.run(UserQuery(group_id="g1", hide_inactive=True, text="person"), only=True)
        assert bench.asked == ids(0, 1, 2, 4, 5, 6, 7, 9)
        assert (ended.total, ended.read) == (8, 8)
        assert await bench.unknown() == 2


async def test_users_opened_meanwhile_are_not_requested() -> None:
    async with lean(250) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            await bench.session.mirror.save_user(person(200), bench.time())
            gate.set()
            assert (await task).read == 250
            assert person(200).id not in bench.asked


async def test_users_loaded_meanwhile_are_requested() -> None:
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


async def test_concurrent_requests_are_limited() -> None:
    async with lean(50) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running():
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            for _ in range(20):
                await asyncio.sleep(0)
            assert bench.api.in_flight == MAX_CONCURRENT
            gate.set()


async def test_a_stopped_backfill_continues_with_the_remaining_users() -> None:
    async with lean(50) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running() as task:
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            bench.backfill.stop()
            gate.set()
            ended = await task
        assert (ended.read, ended.total) == (MAX_CONCURRENT, 50)  # requests in flight were stored
        assert not bench.backfill.running
        assert (await bench.backfill.run(EVERYONE)).read == 50 - MAX_CONCURRENT
        assert len(bench.asked) == len(set(bench.asked)) == 50


# ------------------------------------------------------------ failures


async def test_deleted_users_are_deleted_from_the_mirror() -> None:
    async with lean(3) as bench:
        del bench.api.users[1]
        ended = await bench.backfill.run(EVERYONE)
        assert (ended.read, ended.gone) == (2, 1)
        assert await bench.session.mirror.user(person(1).id) is None
        (forgotten,) = [change for change in bench.events if isinstance(change, UserForgotten)]
        assert (forgotten.user_id, forgotten.was and forgotten.was.email) == (person(1).id, "person00001@example.com")


async def test_after_an_outage_every_user_is_read() -> None:
    async with lean(10) as bench:
        bench.api.offline = Unreachable("The name cannot be found.")
        async with bench.running() as task:
            for pause in (1.0, 2.0, 4.0):
                await until(lambda pause=pause: pause in bench.time.pauses)  # type: ignore[misc]
                assert isinstance(bench.backfill.progress.failure, Unreachable)
                assert bench.backfill.progress.waiting_seconds == pause
                asked = len(bench.asked)
                bench.time.advance(pause)
                await until(lambda asked=asked: len(bench.asked) > asked)  # type: ignore[misc]
            await until(lambda: 8.0 in bench.time.pauses)
            bench.api.offline = None
            bench.time.advance(8.0)
            ended = await task
        assert (ended.read, ended.refused, ended.failure) == (10, 0, None)


async def test_a_pause_requested_by_the_server_is_respected() -> None:
    async with lean(1) as bench:
        bench.api.fail_next(RateLimited("Too many requests.", retry_after_seconds=40.0), name="get_user")
        async with bench.running() as task:
            await until(lambda: 40.0 in bench.time.pauses)
            bench.time.advance(39.0)
            await asyncio.sleep(0.01)
            assert len(bench.asked) == 1
            bench.time.advance(1.0)
            assert (await task).read == 1


async def test_stopping_ends_a_wait_at_once() -> None:
    async with lean(10) as bench:
        bench.api.offline = Unreachable("The name cannot be found.")
        async with bench.running() as task:
            await until(lambda: bench.time.pauses)
            bench.backfill.stop()
            ended = await task
        assert (ended.done, ended.total) == (0, 10)


async def test_a_permanent_failure_ends_the_backfill_and_keeps_what_was_read() -> None:
    async with lean(10) as bench:
        bench.api.fail_next(SignInRefused("The credentials were refused.", status=401), name="get_user")
        with pytest.raises(SignInRefused):
            await bench.backfill.run(EVERYONE)
        assert bench.backfill.progress.read == 10 - await bench.unknown() == len(bench.asked) - 1
        assert len(bench.asked) <= MAX_CONCURRENT
        assert not bench.backfill.running


async def test_users_whose_request_is_refused_are_skipped() -> None:
    async with lean(10) as bench:
        bench.api.fail_next(RequestRejected("The account refused the id (400).", status=400), name="get_user")
        ended = await bench.backfill.run(EVERYONE)
        assert (ended.read, ended.refused, len(bench.asked)) == (9, 1, 10)


class OneFailingUser(FakeDirectory):
    """An account whose record of one user always fails."""

    def __init__(self, users: Sequence[User], broken: str) -> None:
        super().__init__(users)
        self.broken = broken

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        user = await super().get_user(user_id, priority)
        if user_id == self.broken:
            raise ServerFault("The server failed (500).", status=500)
        return user


@pytest.mark.parametrize("others", [450, 0])
async def test_a_user_who_always_fails_does_not_block_the_others(others: int) -> None:
    api = OneFailingUser([person(number) for number in range(others + 1)], person(0).id)
    async with lean(api=api) as bench:
        async with bench.running() as task:
            while not task.done():
                bench.time.advance(1.0)
                await idle(bench.session)
            ended = await task
        assert (ended.read, ended.refused) == (others, 1)
        requests = bench.asked.count(person(0).id)
        # A failure counts only if another user was read since the last one; that depends on the order.
        assert 3 <= requests < 10 if others else requests == 10


async def test_the_backfill_ends_soon_if_the_server_never_returns_groups() -> None:
    async with lean(200) as bench:
        bench.api.unread = {"groups"}
        ended = await bench.backfill.run(EVERYONE)
        assert MAX_WITHOUT_GROUPS <= ended.without_groups == len(bench.asked) < MAX_WITHOUT_GROUPS + MAX_CONCURRENT
        assert ended.read == 0


async def test_every_user_is_requested_once_if_the_server_returns_groups_of_some() -> None:
    class GroupsOfOneUser(FakeDirectory):
        async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
            user = await super().get_user(user_id, priority)
            return user if user_id == person(0).id else User(user.id, user.email)

    async with lean(api=GroupsOfOneUser(people(2 * MAX_WITHOUT_GROUPS))) as bench:
        ended = await bench.backfill.run(EVERYONE)
        assert (ended.read, ended.without_groups, len(bench.asked)) == (
            1,
            2 * MAX_WITHOUT_GROUPS - 1,
            2 * MAX_WITHOUT_GROUPS,
        )


async def test_an_answer_with_another_id_is_not_retried_forever() -> None:
    class AnswersWithAnotherId(FakeDirectory):
        async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
            user = await super().get_user(user_id, priority)
            return user._replace(id="somebody else") if user_id == person(1).id else user

    async with lean(api=AnswersWithAnotherId(people(3))) as bench:
        ended = await bench.backfill.run(EVERYONE)
        assert (ended.read, ended.refused, len(bench.asked)) == (2, 1, 3)


async def test_a_full_disk_ends_the_backfill() -> None:
    mirror = BrokenMirror()
    async with lean(10, mirror=mirror) as bench:
        mirror.full = True
        with pytest.raises(MirrorUnavailable):
            await bench.backfill.run(EVERYONE)
        assert len(bench.asked) <= MAX_CONCURRENT
        mirror.full = False
        assert (await bench.backfill.run(EVERYONE)).read == 10


# ------------------------------------------------------------ events and progress


async def test_users_are_published_in_batches() -> None:
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
        assert sorted(change.user_id for change in bench.events if isinstance(change, UserStored)) == ids(*range(30))
        assert len(set(at)) == 1


async def test_changed_fields_are_published_and_newly_known_ones_are_not() -> None:
    async with lean(3) as bench:
        bench.api.edit(person(1).id, status="pending")
        await bench.backfill.run(EVERYONE)
        changed = [change for change in bench.events if isinstance(change, UsersChanged)]
        assert changed == [UsersChanged((), (Update(person(1).id, frozenset({"status"})),))]


async def test_progress_has_the_speed_and_the_remaining_time() -> None:
    async with lean(30) as bench:
        gate = bench.api.hold("get_user")
        async with bench.running():
            await until(lambda: bench.api.in_flight == MAX_CONCURRENT)
            assert bench.backfill.progress == BackfillProgress(total=30)
            assert bench.backfill.running
            for _ in range(3):
                gate.set()
                done = bench.backfill.progress.done
                await until(lambda done=done: bench.backfill.progress.done > done)  # type: ignore[misc]
                gate.clear()
                bench.time.advance(1.0)
            progress = bench.backfill.progress
            assert progress.per_second > 0
            assert progress.seconds_left is not None


async def test_the_cost_is_one_request_for_each_user_with_unknown_groups() -> None:
    async with lean(10) as bench:
        await bench.session.mirror.save_user(person(3), 1)
        bench.api.status = bench.api.status._replace(permitted_per_second=9.8)
        assert await bench.backfill.cost(EVERYONE) == BackfillCost(9, 9, 0, 9.8)
        assert await bench.backfill.cost(UserQuery(text="status:pending")) == BackfillCost(9, 2, 0, 9.8)
        bench.api.total = 250
        await bench.load()
        assert (await bench.backfill.cost(EVERYONE)).not_loaded == 240
        assert not bench.asked


async def test_a_deleted_user_counts_as_done() -> None:
    async with lean(2) as bench:
        bench.api.fail_next(NotFound("There is no such user.", status=404), name="get_user", times=2)
        ended = await bench.backfill.run(EVERYONE)
        assert (ended.done, ended.gone, await bench.unknown()) == (2, 2, 0)
