"""The pace: its rules for any sequence of events, and tasks that wait for their turn, on a fake clock."""

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
    """A clock that only ``advance`` moves; it runs the timers that become due."""

    class Timer:
        """A timer."""

        def __init__(self) -> None:
            self.cancelled = False

        def cancel(self) -> None:
            """Remove the timer."""
            self.cancelled = True

    def __init__(self) -> None:
        self.seconds = 1000.0
        self._timers: list[tuple[float, int, FakeTime.Timer, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> float:
        """The current time in seconds."""
        return self.seconds

    def call_later(self, delay: float, action: Callable[[], None]) -> "FakeTime.Timer":
        """Run an action once the clock has advanced by ``delay``."""
        timer = FakeTime.Timer()
        self._count += 1
        heapq.heappush(self._timers, (self.seconds + delay, self._count, timer, action))
        return timer

    async def advance(self, seconds: float) -> None:
        """Move the clock, run due timers, and let tasks run after each."""
        until = self.seconds + seconds
        await settle()
        while self._timers and self._timers[0][0] <= until:
            moment, _, timer, action = heapq.heappop(self._timers)
            self.seconds = max(self.seconds, moment)
            if not timer.cancelled:
                action()
                await settle()
        self.seconds = until


async def settle() -> None:
    """Let all tasks run until they wait."""
    for _ in range(6):
        await asyncio.sleep(0)


def paced(time: FakeTime, *, max_per_second: float = 10.0, max_in_flight: int = 8) -> Pacer:
    return Pacer(max_per_second=max_per_second, max_in_flight=max_in_flight, clock=time.now, call_later=time.call_later)


# ---------------------------------------------------------------- the rules, for any sequence of events


class PaceDriver:
    """Drives a pace through a sequence of events.

    ``starts`` has two numbers for each started request: how many the rate had permitted until then (the integral of
    the rate over time), and the size of the burst that was permitted at that moment.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.now = 0.0
        self.allowed = 0.0
        self.turns: list[Turn] = []
        self.starts: list[tuple[float, float]] = []

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.allowed += seconds * self.pace.per_second

    def start(self, priority: Priority) -> None:
        """Start a request if it is permitted."""
        if self.pace.delay(priority, self.now) == 0.0:
            assert self.now >= self.pace.paused_until
            self.turns.append(self.pace.start(priority, self.now))
            saved = BURST if self.pace.throttled_count == 0 else max(1.0, min(BURST, self.pace.per_second))
            self.starts.append((self.allowed, saved))

    def burst(self, times: int) -> None:
        """Start as many requests as permitted; each is answered immediately."""
        for _ in range(times):
            self.start(Priority.DEMAND)
            self.end(self.succeed)

    def end(self, how: Callable[[Turn], None]) -> None:
        """End the oldest request in flight."""
        if self.turns:
            how(self.turns.pop(0))
            self.pace.end()

    def succeed(self, turn: Turn) -> None:
        """Record an answer."""
        self.pace.succeeded(self.now)

    def refuse(self, retry_after: float | None) -> Callable[[Turn], None]:
        """Record an answer of 429."""

        def refused(turn: Turn) -> None:
            self.pace.throttled(turn, self.now)
            if retry_after is not None:
                self.pace.pause(retry_after, self.now)

        return refused


Event = Callable[[PaceDriver], None]
events: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(
        st.floats(0.001, 30).map(lambda seconds: lambda driver: driver.wait(seconds)),
        st.sampled_from(Priority).map(lambda priority: lambda driver: driver.start(priority)),
        st.integers(1, 20).map(lambda times: lambda driver: driver.burst(times)),
        st.just(lambda driver: driver.end(driver.succeed)),
        st.none() | st.floats(0, 60).map(lambda wait: lambda driver: driver.end(driver.refuse(wait))),
        st.just(lambda driver: driver.end(lambda turn: None)),
    ).map(lambda event: event or (lambda driver: driver.end(driver.refuse(None)))),
    max_size=150,
)


@given(events, st.floats(0.3, 50), st.integers(1, 20))
def test_no_sequence_of_events_exceeds_the_rate_or_the_number_in_flight(
    happening: list[Event], max_per_second: float, max_in_flight: int
) -> None:
    pace = Pace(max_per_second=max_per_second, max_in_flight=max_in_flight, now=0.0)
    driver = PaceDriver(pace)
    for event in happening:
        event(driver)
        assert pace.in_flight == len(driver.turns) <= max_in_flight
        assert FLOOR_PER_SECOND <= pace.per_second <= max_per_second
        assert 1.0 <= pace.in_flight_limit <= max_in_flight
    for first, (before, saved) in enumerate(driver.starts):
        for count, (after, _) in enumerate(driver.starts[first:], start=1):
            assert count <= saved + (after - before) + SLACK


@given(st.lists(st.booleans(), max_size=60))
def test_429s_for_requests_in_flight_halve_the_rate_once_and_not_below_the_floor(answers: list[bool]) -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    now = 0.0
    for fine in answers:
        now += 10.0
        use_up_burst(pace, now)
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
def test_a_pause_lasts_as_requested_up_to_a_limit(asked: float, rate: float) -> None:
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
        use_up_burst(pace, float(second))
        pace.succeeded(float(second))
    assert (pace.per_second, pace.in_flight_limit) == (10.0, 8.0)


def test_simultaneous_answers_grow_the_rate_once() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    use_up_burst(pace, 0.0)
    pace.succeeded(100.0)
    assert pace.per_second == pytest.approx(START_PER_SECOND * 1.1)
    for _ in range(20):
        use_up_burst(pace, 100.0)
        pace.succeeded(100.0)
    assert pace.per_second == pytest.approx(START_PER_SECOND * 1.1)


def test_a_rate_that_delays_no_request_does_not_grow() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    for second in range(200):
        assert pace.delay(Priority.DEMAND, float(second)) == 0.0
        pace.start(Priority.DEMAND, float(second))
        pace.succeeded(second + 0.2)
        pace.end()
    assert pace.per_second == START_PER_SECOND


def test_an_answer_right_after_a_429_does_not_raise_the_rate() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    use_up_burst(pace, 0.0)
    refused = pace.start(Priority.DEMAND, 0.0)
    pace.throttled(refused, 30.0)
    use_up_burst(pace, 30.0)
    pace.succeeded(30.0)
    assert pace.per_second == START_PER_SECOND / 2


def test_each_answer_raises_the_lowered_in_flight_limit_by_one() -> None:
    pace = Pace(max_per_second=10, max_in_flight=4, now=0.0)
    for second in range(3):
        pace.throttled(None, float(second))
    limits = []
    for second in range(3, 7):
        limits.append(pace.in_flight_limit)
        pace.succeeded(float(second))
    assert [*limits, pace.in_flight_limit] == [1, 2, 3, 4, 4]


def test_after_a_429_the_burst_is_at_most_one_second_of_the_rate() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    pace.throttled(None, 0.0)
    assert pace.delay(Priority.DEMAND, 0.0) == pytest.approx(2 / START_PER_SECOND)
    use_up_burst(pace, 100.0)
    assert pace.recent_per_second(100.0) == pytest.approx(START_PER_SECOND / 2 / 5)


def test_after_any_pause_exactly_one_request_starts_at_once() -> None:
    pace = Pace(max_per_second=10, max_in_flight=8, now=0.0)
    pace.pause(60.0, 0.0)
    assert pace.delay(Priority.DEMAND, 59.0) == pytest.approx(1.0)
    use_up_burst(pace, 60.0)
    assert pace.recent_per_second(60.0) == pytest.approx(1 / 5)


def use_up_burst(pace: Pace, now: float) -> None:
    """Start requests until the next one has to wait for the rate."""
    while pace.delay(Priority.DEMAND, now) == 0.0:
        pace.start(Priority.DEMAND, now)
        pace.end()
    assert pace.delay(Priority.DEMAND, now)


def test_limits_below_the_starting_pace_are_respected_from_the_start() -> None:
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


async def test_visible_requests_precede_prefetch_and_prefetch_precedes_the_crawl() -> None:
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


async def test_a_crawl_leaves_capacity_for_visible_requests() -> None:
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


async def test_a_cancelled_wait_does_not_lose_a_turn() -> None:
    time = FakeTime()
    pacer, log = paced(time, max_in_flight=1), list[str]()
    hold = asyncio.Event()
    first = asyncio.create_task(use(pacer, Priority.DEMAND, "first", log, hold))
    await settle()
    second = asyncio.create_task(use(pacer, Priority.DEMAND, "second", log))
    third = asyncio.create_task(use(pacer, Priority.DEMAND, "third", log))
    await settle()
    # The second one is cancelled just as its turn is granted.
    hold.set()
    await asyncio.sleep(0)
    second.cancel()
    await time.advance(5.0)
    await asyncio.gather(first, third)
    assert log[-1] == "third"
    assert pacer.pace.in_flight == 0


async def test_a_requested_pause_holds_all_requests() -> None:
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
