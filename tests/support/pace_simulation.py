"""A crawl at the pace of ``api.pacing``, and servers that refuse what is too much, on a clock that nobody waits for."""

import heapq
import itertools
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final, NamedTuple, Protocol

from walkme_tui.api.pacing import Pace, Turn
from walkme_tui.domain.traffic import Priority
from walkme_tui.simulator.sign_in import RateLimit

CALLERS: Final = 8
TIMER_SECONDS: Final = 0.001  # an event loop's timers are late by so much
RETRY_SECONDS: Final = 0.3


class Clock:
    """Seconds that stand still until somebody sets them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """The seconds it shows."""
        return self.seconds


class Limit(Protocol):
    """Who is let through."""

    def permit(self) -> bool:
        """One more request comes; False is 429."""
        ...


class Window:
    """So many requests in each window of some seconds; the rest is refused until it ends."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._window = self._count = 0

    def permit(self) -> bool:
        """One more, if there is room in this window."""
        window = int(self._now() // self._seconds)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return self._count <= self._most


class Places:
    """So many requests at a time, each of which takes some seconds."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._ends: list[float] = []

    def permit(self) -> bool:
        """One more, if a place is free."""
        self._ends = [end for end in self._ends if end > self._now()]
        free = len(self._ends) < self._most
        if free:
            self._ends.append(self._now() + self._seconds)
        return free


class Constant:
    """Everything, or nothing."""

    def __init__(self, fine: bool) -> None:
        self._fine = fine

    def permit(self) -> bool:
        """What it always says."""
        return self._fine


class Seen(NamedTuple):
    """One answer: when it came and whether it was fine."""

    at: float
    fine: bool


class Event(NamedTuple):
    """Something that happens at a moment; ``number`` keeps those of one moment in order."""

    at: float
    number: int
    happen: Callable[[], None]


class Line:
    """A crawl that keeps ``CALLERS`` requests waiting, and a server behind a line that takes ``latency`` seconds.

    A refused caller comes back after ``RETRY_SECONDS``. With ``look_every`` a person looks at something that often.
    """

    def __init__(
        self, latency: float, *, retry_after: float | None = None, look_every: float | None = None, most: float = 10.0
    ) -> None:
        self.clock = Clock()
        self.limit: Limit = Constant(fine=True)
        self.pace = Pace(max_per_second=most, max_in_flight=8, now=0.0)
        self.answers: list[Seen] = []
        self.person_waited: list[float] = []
        self._latency = latency
        self._retry_after = retry_after
        self._look_every = look_every
        self._crawlers = CALLERS
        self._looks: list[float] = []
        self._events: list[Event] = []
        self._numbers = itertools.count()
        if look_every is not None:
            self._after(look_every, self._look)

    def run(self, until: float) -> None:
        """Let everything happen that happens before that second."""
        while (moment := min(self._serve(), self._events[0].at if self._events else inf)) <= until:
            self.clock.seconds = moment
            if self._events and self._events[0].at == moment:
                heapq.heappop(self._events).happen()
        self.clock.seconds = until

    def fine(self, first: float, last: float) -> int:
        """How many good answers came in these seconds."""
        return sum(seen.fine for seen in self.answers if first <= seen.at < last)

    def refused(self, first: float, last: float) -> int:
        """How many were refused in these seconds."""
        return sum(not seen.fine for seen in self.answers if first <= seen.at < last)

    def refused_share(self, first: float, last: float) -> float:
        """The part of the answers that was refused in these seconds."""
        refused = self.refused(first, last)
        return refused / max(1, refused + self.fine(first, last))

    def _serve(self) -> float:
        """Start what may start; the second to look again, if nothing happens before."""
        while self._looks or self._crawlers:
            priority = Priority.DEMAND if self._looks else Priority.BACKGROUND
            now = self.clock.seconds
            delay = self.pace.delay(priority, now)
            if delay != 0.0:
                return inf if delay is None else now + delay + TIMER_SECONDS
            if self._looks:
                self.person_waited.append(now - self._looks.pop(0))
            else:
                self._crawlers -= 1
            turn = self.pace.start(priority, now)
            self._after(self._latency / 2, partial(self._arrive, turn))
        return inf

    def _arrive(self, turn: Turn) -> None:
        fine = self.limit.permit()
        self._after(self._latency / 2, lambda: self._answer(turn, fine))

    def _answer(self, turn: Turn, fine: bool) -> None:
        now = self.clock.seconds
        self.answers.append(Seen(now, fine))
        if fine:
            self.pace.succeeded(now)
        else:
            self.pace.throttled(turn, now)
            if self._retry_after is not None:
                self.pace.pause(self._retry_after, now)
        self.pace.end()
        if turn.priority is Priority.BACKGROUND:
            self._after(0.0 if fine else RETRY_SECONDS, self._come_back)

    def _come_back(self) -> None:
        self._crawlers += 1

    def _look(self) -> None:
        self._looks.append(self.clock.seconds)
        self._after(self._look_every or 0.0, self._look)

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, Event(self.clock.seconds + seconds, next(self._numbers), happen))


def bucket(line: Line, per_second: float) -> RateLimit:
    """The simulator's own limit: permits of one second can be saved up."""
    return RateLimit(per_second, line.clock.now)
