"""How fast requests may go: a rate and a number in flight that grow on success and halve on 429.

``Pace`` holds the rules and takes the time as an argument, ``Refusals`` remembers for it what the server did not put up
with; ``Pacer`` lets tasks wait by them.
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
# A tenth more each second: from the start to the usual 10 a second in ten seconds.
GROWTH_PER_SECOND: Final = 0.1
# One answer says that the last second went well, and no more, even if it is the first for a long time.
LONGEST_CREDIT_SECONDS: Final = 1.0
# This part of the refused rate is come back to. A server that saves permits up refuses late, at a rate well above its
# own: then this is refused too, and so on, until the mark is just below what the server permits.
MARK: Final = 0.9
# From nothing to the refused rate; from half of it to the mark in under two seconds.
RECOVERY_SECONDS: Final = 4.0
# Above the mark the growth begins at nothing and is whole again after so long without a refusal. The first time is as
# long as the usual window ("300 a minute"): with less, each minute would begin as if nothing had been refused. Each
# refusal that comes sooner doubles it; at the longest, a server that now permits twice as much is used after 90 s.
FIRST_PATIENCE_SECONDS: Final = 60.0
LONGEST_PATIENCE_SECONDS: Final = 600.0
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


class Refusals:
    """The rate that was refused last, in ``per_second`` (None: none yet), and how fast the rate may grow therefore.

    Up to the mark, a bit below it, the rate comes back quickly. Above the mark it grows slowly at first and ever less
    so; ``patience_seconds`` after the refusal it grows as if there had been none, and a server that has become generous
    is used again.
    """

    def __init__(self, now: float) -> None:
        self.per_second: float | None = None
        self.patience_seconds = FIRST_PATIENCE_SECONDS
        self._least = 0.0
        self._quiet_since = now
        self._answered = True

    def note(self, per_second: float, now: float) -> None:
        """This rate was refused."""
        if self.per_second is not None and not self._answered:
            # Still the same refusal: a window that is closed until its end. Not the present rate was too much, but the
            # one that used it up, and the more so the longer it is closed; how much more is not to be guessed.
            self.per_second = max(self._least, self.per_second * MARK)
        else:
            sooner = self.per_second is not None and now - self._quiet_since < self.patience_seconds
            doubled = min(LONGEST_PATIENCE_SECONDS, self.patience_seconds * 2)
            self.patience_seconds = doubled if sooner else FIRST_PATIENCE_SECONDS
            self.per_second = per_second
            self._least = per_second / 2
        self._answered = False
        self._quiet_since = max(self._quiet_since, now)

    def answered(self) -> None:
        """The server answers: the next refusal is a new one."""
        self._answered = True

    def paused(self, until: float) -> None:
        """That nothing is refused during a pause says nothing about the rate."""
        self._quiet_since = until

    def grown(self, per_second: float, seconds: float, now: float) -> float:
        """The rate after so many seconds that went well."""
        if self.per_second is None:
            return per_second * (1 + GROWTH_PER_SECOND * seconds)
        trust = min(1.0, max(0.0, now - self._quiet_since) / self.patience_seconds)
        probed = per_second * (1 + GROWTH_PER_SECOND * seconds * trust)
        back = min(self.per_second * MARK, per_second + self.per_second * seconds / RECOVERY_SECONDS)
        return max(probed, back)


class Pace:
    """The rules, without waiting: may a request of this priority start now, and if not, in how many seconds?

    Never more than ``BURST`` plus the rate times the seconds are started in any stretch of time. After the first 429
    the burst shrinks to one second's worth, and nothing saved up survives a pause.

    The rate grows with the time that went well, not with the number of answers: those that were under way at a
    slow-down do not undo it. It grows only while somebody waits for it, so that a refusal is remembered by a rate that
    was used. The number in flight comes back by one with each answer: a small one would starve the rate on a slow line
    (5/s at 600 ms are 3 in flight), and it is the rate that the server refuses.
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
        self._limited |= wait > 0.0
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
        if self._limited:
            seconds = min(LONGEST_CREDIT_SECONDS, max(0.0, now - self._grown_at))
            self.per_second = min(self.max_per_second, self.refusals.grown(self.per_second, seconds, now))
        self._limited = False
        self._grown_at = now
        self.refusals.answered()
        self.in_flight_limit = min(float(self.max_in_flight), self.in_flight_limit + 1.0)

    def throttled(self, turn: Turn | None, now: float) -> None:
        """429: half the speed, once for all requests that were under way together; None is a request without a turn."""
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
        """Nothing starts for this long; a running pause is never shortened."""
        until = now + min(max(0.0, seconds), LONGEST_PAUSE_SECONDS)
        self._count(now)
        if until > max(now, self.paused_until):
            self.paused_until = until
            self.refusals.paused(until)
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


class TurnQueue:
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


class Timer(Protocol):
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
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _serve(self) -> None:
        """Give turns to whoever may start now, and set the alarm for the next one."""
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
