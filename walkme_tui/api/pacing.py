"""Pacing of requests: a rate and a number in flight that grow on success and halve on 429.

``Pace`` holds the rules and takes the time as an argument, ``Refusals`` keeps the rate that the server refused last,
and ``Pacer`` makes tasks wait.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from walkme_tui.domain.traffic import Priority

START_PER_SECOND: Final = 4.0
START_IN_FLIGHT: Final = 4
FLOOR_PER_SECOND: Final = 0.2
# A tenth more each second: from the start to the usual 10 a second in ten seconds.
GROWTH_PER_SECOND: Final = 0.1
# One answer counts for the last second at most, even if it is the first for a long time.
LONGEST_CREDIT_SECONDS: Final = 1.0
# The rate returns quickly to this part of the refused one. A server that accumulates permits refuses late, at a rate
# well above its own: then this is refused too, and so on, until it is just below what the server permits.
THRESHOLD: Final = 0.9
# The time from zero to the refused rate; from half of it to the threshold takes less than two seconds.
RECOVERY_SECONDS: Final = 4.0
# Above the threshold the growth starts at zero and reaches its full speed after this time without a refusal. The first
# value is the usual window ("300 a minute"): with less, each minute would begin as if nothing had been refused. Each
# refusal that comes sooner doubles it; with the longest, a server that now permits twice as much is used after 90 s.
FIRST_SLOW_GROWTH_SECONDS: Final = 60.0
LONGEST_SLOW_GROWTH_SECONDS: Final = 600.0
# The first requests of a session do not wait: a token, a page, the groups, a detail, perhaps a look-up.
BURST: Final = 6.0
# One request and one place stay free for requests of the user while a crawl runs.
RESERVE: Final = 1
# A longer pause than this is not observed, whatever the server requests.
LONGEST_PAUSE_SECONDS: Final = 300.0
RECENT_SECONDS: Final = 5.0
ROUNDING: Final = 1e-9


class Turn:
    """Permission to send one request; ``epoch`` counts the slow-downs before it."""

    def __init__(self, priority: Priority, epoch: int) -> None:
        self.priority = priority
        self.epoch = epoch


class Refusals:
    """The rate that was refused last, in ``per_second`` (None: none yet), and the growth that it allows.

    Up to the threshold, a little below it, the rate returns quickly. Above the threshold it grows slowly at first, and
    ``slow_growth_seconds`` after the refusal at full speed again, so that a server that permits more by then is used.
    """

    def __init__(self, now: float) -> None:
        self.per_second: float | None = None
        self.slow_growth_seconds = FIRST_SLOW_GROWTH_SECONDS
        self._least = 0.0
        self._quiet_since = now
        self._answered = True

    def note(self, per_second: float, now: float) -> None:
        """Store that this rate was refused."""
        if self.per_second is not None and not self._answered:
            # The same refusal: the server's time window is used up until its end. The rate before it was too high, the
            # more so the longer the rest of the window lasts.
            self.per_second = max(self._least, self.per_second * THRESHOLD)
        else:
            sooner = self.per_second is not None and now - self._quiet_since < self.slow_growth_seconds
            doubled = min(LONGEST_SLOW_GROWTH_SECONDS, self.slow_growth_seconds * 2)
            self.slow_growth_seconds = doubled if sooner else FIRST_SLOW_GROWTH_SECONDS
            self.per_second = per_second
            self._least = per_second / 2
        self._answered = False
        self._quiet_since = max(self._quiet_since, now)

    def answered(self) -> None:
        """Store that the server answers: the next refusal is a new one."""
        self._answered = True

    def paused(self, until: float) -> None:
        """Do not count a pause as time without refusals."""
        self._quiet_since = until

    def grown(self, per_second: float, seconds: float, now: float) -> float:
        """The rate after so many seconds without a refusal."""
        if self.per_second is None:
            return per_second * (1 + GROWTH_PER_SECOND * seconds)
        trust = min(1.0, max(0.0, now - self._quiet_since) / self.slow_growth_seconds)
        probed = per_second * (1 + GROWTH_PER_SECOND * seconds * trust)
        back = min(self.per_second * THRESHOLD, per_second + self.per_second * seconds / RECOVERY_SECONDS)
        return max(probed, back)


class Pace:
    """The rules, without waiting: in how many seconds a request of a priority may start.

    At most ``BURST`` plus the rate times the seconds are started in any period. After the first 429 the burst shrinks
    to one second of the rate, and a pause discards saved permits.

    The rate grows with the time without refusals, not with the number of answers, so that answers under way at a
    slow-down do not undo it. It grows only while requests wait for it, so that a refused rate is one that was used. The
    number in flight grows by one with each answer: a small one would limit the rate on a slow connection (5/s at 600 ms
    are 3 in flight), and it is the rate that the server refuses.
    """

    def __init__(self, *, max_per_second: float, max_in_flight: int, now: float) -> None:
        self.max_per_second = max(FLOOR_PER_SECOND, max_per_second)
        self.max_in_flight = max(1, max_in_flight)
        self.per_second = min(START_PER_SECOND, self.max_per_second)
        self.in_flight_limit = float(min(START_IN_FLIGHT, self.max_in_flight))
        self.in_flight = 0
        self.throttled_count = 0
        self.paused_until = now
        self.refusals = Refusals(now)
        self._limited = False
        self._grown_at = now
        self._epoch = 0
        self._saved = BURST
        self._counted_at = now
        self._starts: deque[float] = deque()

    @property
    def burst(self) -> float:
        """How many permits accumulate while nothing is sent."""
        return BURST if self.throttled_count == 0 else max(1.0, min(BURST, self.per_second))

    def delay(self, priority: Priority, now: float) -> float | None:
        """Seconds until a request of this priority may start: 0 for now, None until one in flight has ended."""
        self._count(now)
        kept_free = 0 if priority is Priority.DEMAND else RESERVE
        places = int(self.in_flight_limit)
        if self.in_flight >= max(1, places - kept_free):
            return None
        needed = min(1.0 + kept_free, self.burst)
        short = needed - self._saved
        wait = short / self.per_second if short > ROUNDING else 0.0
        self._limited |= wait > 0.0
        return max(0.0, self.paused_until - now) + wait

    def start(self, priority: Priority, now: float) -> Turn:
        """Start a request; ``delay`` returned 0."""
        self._count(now)
        self._saved = max(0.0, self._saved - 1.0)
        self.in_flight += 1
        self._starts.append(now)
        return Turn(priority, self._epoch)

    def end(self) -> None:
        """End a request, with or without an answer."""
        self.in_flight -= 1

    def succeeded(self, now: float) -> None:
        """Count an answer: the rate may grow."""
        self._count(now)
        if self._limited:
            seconds = min(LONGEST_CREDIT_SECONDS, max(0.0, now - self._grown_at))
            self.per_second = min(self.max_per_second, self.refusals.grown(self.per_second, seconds, now))
        self._limited = False
        self._grown_at = now
        self.refusals.answered()
        self.in_flight_limit = min(float(self.max_in_flight), self.in_flight_limit + 1.0)

    def throttled(self, turn: Turn | None, now: float) -> None:
        """Halve the rate after a 429, once for all requests in flight together; ``turn`` is None for the token call."""
        self._count(now)
        self.throttled_count += 1
        if turn is not None and turn.epoch != self._epoch:
            return
        self._epoch += 1
        self.refusals.note(self.per_second, now)
        self._grown_at = now
        self.per_second = max(FLOOR_PER_SECOND, self.per_second / 2)
        self.in_flight_limit = max(1.0, self.in_flight_limit / 2)
        self._saved = 0.0

    def pause(self, seconds: float, now: float) -> None:
        """Start nothing for this long; a running pause is never shortened."""
        until = now + min(max(0.0, seconds), LONGEST_PAUSE_SECONDS)
        self._count(now)
        if until > max(now, self.paused_until):
            self.paused_until = until
            self.refusals.paused(until)
            # A pause accumulates one permit at most: no burst must follow it.
            self._saved = min(1.0, self._saved + (until - self._counted_at) * self.per_second)
            self._counted_at = until

    def recent_per_second(self, now: float) -> float:
        """Requests started a second, over the last seconds."""
        self._count(now)
        return len(self._starts) / RECENT_SECONDS

    def _count(self, now: float) -> None:
        """Update the saved permits and the list of recent starts."""
        if now > self._counted_at:
            self._saved = min(self.burst, self._saved + (now - self._counted_at) * self.per_second)
            self._counted_at = now
        while self._starts and self._starts[0] <= now - RECENT_SECONDS:
            self._starts.popleft()


class TurnQueue:
    """The queue for turns: by priority number, then by arrival."""

    def __init__(self) -> None:
        self._heap: list[tuple[Priority, int, asyncio.Future[Turn]]] = []
        self._order = itertools.count()

    def add(self, priority: Priority, future: "asyncio.Future[Turn]") -> None:
        """Add a future; it leaves the queue when it is done."""
        heapq.heappush(self._heap, (priority, next(self._order), future))

    def first(self) -> tuple[Priority, "asyncio.Future[Turn]"] | None:
        """The next in the queue, None if it is empty."""
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)
        return (self._heap[0][0], self._heap[0][2]) if self._heap else None

    def __iter__(self) -> "Iterator[asyncio.Future[Turn]]":
        return (future for _, _, future in self._heap if not future.done())


class Timer(Protocol):
    """A scheduled call that can be cancelled."""

    def cancel(self) -> None:
        """Cancel the call."""
        ...


class Pacer:
    """Makes tasks wait for their turn by the rules of ``Pace``.

    ``clock`` gives monotonic seconds and ``call_later`` runs a function after some of them; by default both are the
    running event loop's.
    """

    def __init__(
        self,
        *,
        max_per_second: float = 10.0,
        max_in_flight: int = 8,
        clock: Callable[[], float] | None = None,
        call_later: Callable[[float, Callable[[], None]], Timer] | None = None,
    ) -> None:
        self._limits = (max_per_second, max_in_flight)
        self._clock = clock
        self._call_later = call_later
        self._rules: Pace | None = None
        self._waiting = TurnQueue()
        self._timer: Timer | None = None

    @property
    def pace(self) -> Pace:
        """The rules in their present state."""
        if self._rules is None:
            per_second, in_flight = self._limits
            self._rules = Pace(max_per_second=per_second, max_in_flight=in_flight, now=self.now())
        return self._rules

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock() if self._clock is not None else asyncio.get_running_loop().time()

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[Turn]:
        """Wait for a turn and hold a place in flight for the body of the ``with``; the wait can be cancelled."""
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.add(priority, future)
        self._serve()
        try:
            granted = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.pace.end()
            self._serve()
            raise
        try:
            yield granted
        finally:
            self.pace.end()
            self._serve()

    def succeeded(self) -> None:
        """Count an answer."""
        self.pace.succeeded(self.now())

    def refused(self, turn: Turn | None, *, too_many: bool, retry_after_seconds: float | None) -> None:
        """Slow down after a refusal: halve the rate for ``too_many`` requests, and pause as the server requests."""
        if too_many:
            self.pace.throttled(turn, self.now())
        if retry_after_seconds is not None:
            self.pace.pause(retry_after_seconds, self.now())

    @property
    def pause_seconds(self) -> float:
        """The remaining seconds of a pause, 0 if there is none."""
        return max(0.0, self.pace.paused_until - self.now())

    def close(self) -> None:
        """Cancel the timer; the callers cancel the tasks that still wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _serve(self) -> None:
        """Give turns to the requests that may start now, and set the timer for the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (first := self._waiting.first()) is not None:
            priority, future = first
            now = self.now()
            delay = self.pace.delay(priority, now)
            if delay == 0.0:
                future.set_result(self.pace.start(priority, now))
                continue
            if delay is not None:
                later = self._call_later or asyncio.get_running_loop().call_later
                self._timer = later(delay, self._serve)
            return
