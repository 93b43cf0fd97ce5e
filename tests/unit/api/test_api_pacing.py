"""The pace: its rules for any course of events, and tasks that wait by them, without real time."""

import asyncio
import heapq
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.pacing import (
    BURST,
    FLOOR_PER_SECOND,
    LONGEST_PAUSE_SECONDS,
    START_PER_SECOND,
    Pace,
    Pacer,
    Turn,
)
from walkme_tui.domain.traffic import Priority

SLACK = 1e-6


class FakeTime:
    """A clock that stands still until it is advanced, and alarms that ring on the way."""

    class Ring:
        """One alarm."""

        def __init__(self) -> None:
            self.cancelled = False

        def cancel(self) -> None:
            """It will not ring."""
            self.cancelled = True

    def __init__(self) -> None:
        self.seconds = 1000.0
        self._rings: list[tuple[float, int, FakeTime.Ring, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> float:
        """The seconds it shows."""
        return self.seconds

    def call_later(self, delay: float, action: Callable[[], None]) -> "FakeTime.Ring":
        """Run an action once the clock has advanced so far."""
        ring = FakeTime.Ring()
        self._count += 1
        heapq.heappush(self._rings, (self.seconds + delay, self._count, ring, action))
        return ring

    async def advance(self, seconds: float) -> None:
        """Let time pass, ring what is due, and let tasks run after each ring."""
        until = self.seconds + seconds
        await settle()
        while self._rings and self._rings[0][0] <= until:
            moment, _, ring, action = heapq.heappop(self._rings)
            self.seconds = max(self.seconds, moment)
            if not ring.cancelled:
                action()
                await settle()
        self.seconds = until


async def settle() -> None:
    """Let everything that can run, run."""
    for _ in range(6):
        await asyncio.sleep(0)


def paced(time: FakeTime, *, max_per_second: float = 10.0, max_in_flight: int = 8) -> Pacer:
    return Pacer(max_per_second=max_per_second, max_in_flight=max_in_flight, clock=time.now, call_later=time.call_later)


# ---------------------------------------------------------------- the rules, for any course of events


class Course:
    """Drives a pace through events.

    ``starts`` has for each request that started how many the rate had allowed until then (the rate times the seconds,
    added up), and how many might be saved up at that moment.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.now = 0.0
        self.allowed = 0.0
        self.turns: list[Turn] = []
        self.starts: list[tuple[float, float]] = []

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.allowed += seconds * self.pace.per_second

    def start(self, priority: Priority) -> None:
        """A request starts if it may."""
        if self.pace.delay(priority, self.now) == 0.0:
            assert self.now >= self.pace.paused_until
            self.turns.append(self.pace.start(priority, self.now))
            saved = BURST if self.pace.throttled_count == 0 else max(1.0, min(BURST, self.pace.per_second))
            self.starts.append((self.allowed, saved))

    def hurry(self, times: int) -> None:
        """As many requests as may, each answered at once."""
        for _ in range(times):
            self.start(Priority.DEMAND)
            self.end(self.succeed)

    def end(self, how: Callable[[Turn], None]) -> None:
        """The oldest request under way ends."""
        if self.turns:
            how(self.turns.pop(0))
            self.pace.end()

    def succeed(self, turn: Turn) -> None:
        """It was answered."""
        self.pace.succeeded(self.now)

    def refuse(self, retry_after: float | None) -> Callable[[Turn], None]:
        """It was answered with 429."""

        def refused(turn: Turn) -> None:
            self.pace.throttled(turn, self.now)
            if retry_after is not None:
                self.pace.pause(retry_after, self.now)

        return refused


Event = Callable[[Course], None]
events: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(
        st.floats(0.001, 30).map(lambda seconds: lambda course: course.wait(seconds)),
        st.sampled_from(Priority).map(lambda priority: lambda course: course.start(priority)),
        st.integers(1, 20).map(lambda times: lambda course: course.hurry(times)),
        st.just(lambda course: course.end(course.succeed)),
        st.none() | st.floats(0, 60).map(lambda wait: lambda course: course.end(course.refuse(wait))),
        st.just(lambda course: course.end(lambda turn: None)),
    ).map(lambda event: event or (lambda course: course.end(course.refuse(None)))),
    max_size=150,
)


@given(events, st.floats(0.3, 50), st.integers(1, 20))
def test_no_course_of_events_exceeds_the_rate_or_the_number_in_flight(
    happening: list[Event], max_per_second: float, max_in_flight: int
) -> None:
    pace = Pace(max_per_second=max_per_second, max_in_flight=max_in_flight, now=0.0)
    course = Course(pace)
    for event in happening:
        event(course)
        assert pace.in_flight == len(course.turns) <= max_in_flight
        assert FLOOR_PER_SECOND <= pace.per_second <= max_per_second
        assert 1.0 <= pace.in_flight_limit <= max_in_flight
    for first, (before, saved) in enumerate(course.starts):
        for count, (after, _) in enumerate(course.starts[first:], start=1):
            assert count <= saved + (after - before) + SLACK


@given(st.lists(st.booleans(), max_size=60))
def test_a_429_halves_once_for_all_that_were_under_way_and_never_goes_below_the_floor(answers: list[bool]) -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    now = 0.0
    for fine in answers:
        now += 10.0
        hold_up(pace, now)
        first, second = pace.start(Priority.DEMAND, now), pace.start(Priority.DEMAND, now)
        before = pace.per_second
        if fine:
            pace.succeeded(now)
            assert before <= pace.per_second <= 10
        else:
            pace.throttled(first, now)
            pace.throttled(second, now)
            assert pace.per_second == max(FLOOR_PER_SECOND, before / 2)
        pace.end()
        pace.end()


@given(st.floats(0, 1e9), st.floats(0.01, 20))
def test_a_pause_holds_for_what_was_asked_up_to_its_bound(asked: float, rate: float) -> None:
    pace = Pace(max_per_second=rate, max_in_flight=4, now=0.0)
    pace.pause(asked, 0.0)
    expected = min(asked, LONGEST_PAUSE_SECONDS)
    delay = pace.delay(Priority.DEMAND, 0.0)
    assert delay is not None
    assert delay >= expected
    pace.pause(expected / 2, 0.0)
    assert pace.paused_until == expected
    assert pace.delay(Priority.DEMAND, expected + 1 / FLOOR_PER_SECOND) == 0.0


def test_growth_reaches_the_limits_of_the_profile_and_stops_there() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    assert (pace.per_second, pace.in_flight_limit) == (4.0, 4.0)
    for second in range(200):
        hold_up(pace, float(second))
        pace.succeeded(float(second))
    assert (pace.per_second, pace.in_flight_limit) == (10.0, 8.0)


def test_the_answers_of_one_moment_count_once_and_so_does_the_first_after_a_long_time() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    hold_up(pace, 0.0)
    pace.succeeded(100.0)
    assert pace.per_second == pytest.approx(START_PER_SECOND * 1.1)
    for _ in range(20):
        hold_up(pace, 100.0)
        pace.succeeded(100.0)
    assert pace.per_second == pytest.approx(START_PER_SECOND * 1.1)


def test_a_rate_that_nobody_waits_for_does_not_grow() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    for second in range(200):
        assert pace.delay(Priority.DEMAND, float(second)) == 0.0
        pace.start(Priority.DEMAND, float(second))
        pace.succeeded(second + 0.2)
        pace.end()
    assert pace.per_second == START_PER_SECOND


def test_an_answer_that_was_under_way_at_a_slow_down_does_not_undo_it() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    hold_up(pace, 0.0)
    refused = pace.start(Priority.DEMAND, 0.0)
    pace.throttled(refused, 30.0)
    hold_up(pace, 30.0)
    pace.succeeded(30.0)
    assert pace.per_second == START_PER_SECOND / 2


def test_the_number_in_flight_comes_back_by_one_with_each_answer() -> None:
    pace = Pace(max_per_second=10, max_in_flight=4, now=0.0)
    for second in range(3):
        pace.throttled(None, float(second))
    limits = []
    for second in range(3, 7):
        limits.append(pace.in_flight_limit)
        pace.succeeded(float(second))
    assert [*limits, pace.in_flight_limit] == [1, 2, 3, 4, 4]


def test_after_a_429_nothing_is_saved_up_and_later_one_second_s_worth() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    pace.throttled(None, 0.0)
    assert pace.delay(Priority.DEMAND, 0.0) == pytest.approx(2 / START_PER_SECOND)
    hold_up(pace, 100.0)
    assert pace.recent_per_second(100.0) == pytest.approx(START_PER_SECOND / 2 / 5)


def test_after_a_pause_one_request_starts_at_once_however_long_it_was() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    pace.pause(60.0, 0.0)
    assert pace.delay(Priority.DEMAND, 59.0) == pytest.approx(1.0)
    hold_up(pace, 60.0)
    assert pace.recent_per_second(60.0) == pytest.approx(1 / 5)


def hold_up(pace: Pace, now: float) -> None:
    """Start requests until the next one has to wait for the rate."""
    while pace.delay(Priority.DEMAND, now) == 0.0:
        pace.start(Priority.DEMAND, now)
        pace.end()
    assert pace.delay(Priority.DEMAND, now)


def test_a_profile_below_the_starting_pace_is_never_exceeded() -> None:
    pace = Pace(max_per_second=1.5, max_in_flight=2, now=0.0)
    assert (pace.per_second, pace.in_flight_limit) == (1.5, 2.0)


def test_recent_requests_are_counted_over_five_seconds() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    for second in (0.0, 1.0, 4.0):
        pace.start(Priority.DEMAND, second)
    assert pace.recent_per_second(4.5) == pytest.approx(3 / 5)
    assert pace.recent_per_second(20.0) == 0.0


# ---------------------------------------------------------------- tasks that wait


async def use(pacer: Pacer, priority: Priority, name: str, log: list[str], hold: asyncio.Event | None = None) -> None:
    async with pacer.turn(priority):
        log.append(name)
        if hold is not None:
            await hold.wait()


async def test_the_first_requests_of_a_session_never_wait_for_the_rate() -> None:
    time = FakeTime()
    pacer, log = paced(time), list[str]()
    for number in range(4):
        await use(pacer, Priority.DEMAND, str(number), log)
    assert log == ["0", "1", "2", "3"]
    assert time.seconds == 1000.0


async def test_after_the_burst_requests_start_at_the_rate() -> None:
    time = FakeTime()
    pacer, log = paced(time), list[str]()
    tasks = [asyncio.create_task(use(pacer, Priority.DEMAND, str(number), log)) for number in range(20)]
    await settle()
    assert len(log) == BURST
    await time.advance(1.0)
    assert len(log) == BURST + START_PER_SECOND
    await time.advance(10.0)
    await asyncio.gather(*tasks)
    assert log == [str(number) for number in range(20)]


async def test_demand_overtakes_prefetch_and_both_overtake_the_crawl() -> None:
    time = FakeTime()
    pacer, log = paced(time, max_in_flight=1), list[str]()
    hold = asyncio.Event()
    tasks = [asyncio.create_task(use(pacer, Priority.DEMAND, "first", log, hold))]
    await settle()
    for priority in (Priority.BACKGROUND, Priority.BACKGROUND, Priority.PREFETCH, Priority.DEMAND, Priority.DEMAND):
        tasks.append(asyncio.create_task(use(pacer, priority, priority.name, log)))
        await settle()
    hold.set()
    await time.advance(10.0)
    await asyncio.gather(*tasks)
    assert log == ["first", "DEMAND", "DEMAND", "PREFETCH", "BACKGROUND", "BACKGROUND"]


async def test_a_crawl_leaves_a_place_and_a_request_free_for_demand() -> None:
    time = FakeTime()
    pacer, log = paced(time), list[str]()
    hold = asyncio.Event()
    tasks = [asyncio.create_task(use(pacer, Priority.BACKGROUND, "crawl", log, hold)) for _ in range(20)]
    await time.advance(60.0)
    assert log == ["crawl"] * 3
    tasks.append(asyncio.create_task(use(pacer, Priority.DEMAND, "demand", log, hold)))
    await settle()
    assert log[-1] == "demand"
    hold.set()
    await time.advance(60.0)
    await asyncio.gather(*tasks)


async def test_a_cancelled_wait_costs_nobody_their_turn() -> None:
    time = FakeTime()
    pacer, log = paced(time, max_in_flight=1), list[str]()
    hold = asyncio.Event()
    first = asyncio.create_task(use(pacer, Priority.DEMAND, "first", log, hold))
    await settle()
    second = asyncio.create_task(use(pacer, Priority.DEMAND, "second", log))
    third = asyncio.create_task(use(pacer, Priority.DEMAND, "third", log))
    await settle()
    # The second is cancelled in the very moment in which its turn is given.
    hold.set()
    await asyncio.sleep(0)
    second.cancel()
    await time.advance(5.0)
    await asyncio.gather(first, third)
    assert log[-1] == "third"
    assert pacer.pace.in_flight == 0


async def test_what_the_server_asks_for_pauses_everybody() -> None:
    time = FakeTime()
    pacer, log = paced(time), list[str]()
    async with pacer.turn(Priority.DEMAND) as turn:
        pacer.refused(turn, too_many=True, retry_after_seconds=7)
    assert pacer.pause_seconds == 7
    task = asyncio.create_task(use(pacer, Priority.DEMAND, "later", log))
    await time.advance(6.9)
    assert log == []
    await time.advance(0.2)
    await task
    assert log == ["later"]
    assert pacer.pace.per_second == START_PER_SECOND / 2
    pacer.close()
