"""How fast requests may go: a rate and a number in flight that grow on success and halve on 429.

``Pace`` holds the rules and takes the time as an argument; ``Pacer`` lets tasks wait by them.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from walkme_tui.domain.traffic import Priority

START_PER_SECOND: Final = 4.0
START_IN_FLIGHT: Final = 4
FLOOR_PER_SECOND: Final = 0.2
GROWTH_PER_SUCCESS: Final = 0.1
# A session opens with a token, a page, the groups and a detail, and perhaps a look-up: none of these waits.
BURST: Final = 6.0
# One request and one place stay free for what a person waits for while a crawl runs.
RESERVE: Final = 1
# A server that asks for more is asked again after this long all the same.
LONGEST_PAUSE_SECONDS: Final = 300.0
RECENT_SECONDS: Final = 5.0
ROUNDING: Final = 1e-9


@dataclass(slots=True, eq=False)
class Turn:
    """Leave to send one request; ``epoch`` tells which slow-down it belongs to."""

    priority: Priority
    epoch: int


class Pace:
    """The rules, without waiting: may a request of this priority start now, and if not, in how many seconds?

    Never more than ``BURST`` plus the rate times the seconds are started in any stretch of time. After the first 429
    the burst shrinks to one second's worth, and nothing saved up survives a pause.
    """

    def __init__(self, *, max_per_second: float, max_in_flight: int, now: float) -> None:
        self.max_per_second = max(FLOOR_PER_SECOND, max_per_second)
        self.max_in_flight = max(1, max_in_flight)
        self.per_second = min(START_PER_SECOND, self.max_per_second)
        self.in_flight_limit = float(min(START_IN_FLIGHT, self.max_in_flight))
        self.in_flight = 0
        self.throttled_count = 0
        self.paused_until = now
        self._epoch = 0
        self._saved = BURST
        self._counted_at = now
        self._starts: deque[float] = deque()

    @property
    def burst(self) -> float:
        """How many requests may be saved up while nothing is sent."""
        return BURST if self.throttled_count == 0 else max(1.0, min(BURST, self.per_second))

    def delay(self, priority: Priority, now: float) -> float | None:
        """Seconds until a request of this priority may start: 0 is now, None is when one under way has ended."""
        self._count(now)
        kept_free = 0 if priority is Priority.DEMAND else RESERVE
        places = int(self.in_flight_limit)
        if self.in_flight >= max(1, places - kept_free):
            return None
        needed = min(1.0 + kept_free, self.burst)
        short = needed - self._saved
        wait = short / self.per_second if short > ROUNDING else 0.0
        return max(0.0, self.paused_until - now) + wait

    def start(self, priority: Priority, now: float) -> Turn:
        """One request starts; ``delay`` has said 0."""
        self._count(now)
        self._saved = max(0.0, self._saved - 1.0)
        self.in_flight += 1
        self._starts.append(now)
        return Turn(priority, self._epoch)

    def end(self) -> None:
        """One request has ended, however it did."""
        self.in_flight -= 1

    def succeeded(self, now: float) -> None:
        """An answer came: a little faster from here."""
        self._count(now)
        self.per_second = min(self.max_per_second, self.per_second + GROWTH_PER_SUCCESS)
        self.in_flight_limit = min(float(self.max_in_flight), self.in_flight_limit + 0.5 / self.in_flight_limit)

    def throttled(self, turn: Turn | None, now: float) -> None:
        """429: half the speed, once for all requests that were under way together; None is a request without a turn."""
        self._count(now)
        self.throttled_count += 1
        if turn is not None and turn.epoch != self._epoch:
            return
        self._epoch += 1
        self.per_second = max(FLOOR_PER_SECOND, self.per_second / 2)
        self.in_flight_limit = max(1.0, self.in_flight_limit / 2)
        self._saved = 0.0

    def pause(self, seconds: float, now: float) -> None:
        """Nothing starts for this long; a running pause is never shortened."""
        until = now + min(max(0.0, seconds), LONGEST_PAUSE_SECONDS)
        self._count(now)
        if until > max(now, self.paused_until):
            self.paused_until = until
            # A pause saves up one request at most: what comes after it must not be the next flood.
            self._saved = min(1.0, self._saved + (until - self._counted_at) * self.per_second)
            self._counted_at = until

    def recent_per_second(self, now: float) -> float:
        """Requests started a second, over the last seconds."""
        self._count(now)
        return len(self._starts) / RECENT_SECONDS

    def _count(self, now: float) -> None:
        """Bring what is saved up, and the list of recent starts, to the present."""
        if now > self._counted_at:
            self._saved = min(self.burst, self._saved + (now - self._counted_at) * self.per_second)
            self._counted_at = now
        while self._starts and self._starts[0] <= now - RECENT_SECONDS:
            self._starts.popleft()


class Waiting:
    """Who waits for a turn: lower priority numbers first, within one in the order of coming."""

    def __init__(self) -> None:
        self._heap: list[tuple[Priority, int, asyncio.Future[Turn]]] = []
        self._order = itertools.count()

    def add(self, priority: Priority, future: "asyncio.Future[Turn]") -> None:
        """One more waits; a finished future drops out by itself."""
        heapq.heappush(self._heap, (priority, next(self._order), future))

    def first(self) -> tuple[Priority, "asyncio.Future[Turn]"] | None:
        """Whose turn is next, or None if nobody waits."""
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)
        return (self._heap[0][0], self._heap[0][2]) if self._heap else None

    def __iter__(self) -> "Iterator[asyncio.Future[Turn]]":
        return (future for _, _, future in self._heap if not future.done())


class Alarm(Protocol):
    """Something that rings later and can be told not to."""

    def cancel(self) -> None:
        """It will not ring."""
        ...


class Pacer:
    """Lets tasks wait for their turn by the rules of ``Pace``.

    ``clock`` gives monotonic seconds and ``call_later`` runs a function after some of them; by default both are the
    running event loop's.
    """

    def __init__(
        self,
        *,
        max_per_second: float = 10.0,
        max_in_flight: int = 8,
        clock: Callable[[], float] | None = None,
        call_later: Callable[[float, Callable[[], None]], Alarm] | None = None,
    ) -> None:
        self._limits = (max_per_second, max_in_flight)
        self._clock = clock
        self._call_later = call_later
        self._rules: Pace | None = None
        self._waiting = Waiting()
        self._alarm: Alarm | None = None

    @property
    def pace(self) -> Pace:
        """The rules with their present numbers."""
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
        """An answer came."""
        self.pace.succeeded(self.now())

    def refused(self, turn: Turn | None, *, too_many: bool, retry_after_seconds: float | None) -> None:
        """The server said not now: 429 (``too_many``) slows down, and what it asks for is waited by everybody."""
        if too_many:
            self.pace.throttled(turn, self.now())
        if retry_after_seconds is not None:
            self.pace.pause(retry_after_seconds, self.now())

    @property
    def pause_seconds(self) -> float:
        """What is left of a pause, 0 if there is none."""
        return max(0.0, self.pace.paused_until - self.now())

    def close(self) -> None:
        """Forget the alarm; whoever still waits is cancelled by whoever made them wait."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _serve(self) -> None:
        """Give turns to whoever may start now, and set the alarm for the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while (first := self._waiting.first()) is not None:
            priority, future = first
            now = self.now()
            delay = self.pace.delay(priority, now)
            if delay == 0.0:
                future.set_result(self.pace.start(priority, now))
                continue
            if delay is not None:
                later = self._call_later or asyncio.get_running_loop().call_later
                self._alarm = later(delay, self._serve)
            return
