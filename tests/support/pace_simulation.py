"""Simulates a crawl that uses ``api.pacing`` and servers with rate limits, on a simulated clock."""

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
TIMER_SECONDS: Final = 0.001  # delay of the event loop's timers
RETRY_SECONDS: Final = 0.3


class Clock:
    """A clock whose seconds the simulation sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """The current time in seconds."""
        return self.seconds


class Limit(Protocol):
    """A limit of a server."""

    def permit(self) -> bool:
        """Count a request; False means 429."""
        ...


class WindowLimit:
    """At most ``most`` requests in each window of ``seconds``."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._window = self._count = 0

    def permit(self) -> bool:
        """Permit a request if the window has room."""
        window = int(self._now() // self._seconds)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return self._count <= self._most


class ConcurrencyLimit:
    """At most ``most`` concurrent requests, each of which takes ``seconds``."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._ends: list[float] = []

    def permit(self) -> bool:
        """Permit a request if fewer are running."""
        self._ends = [end for end in self._ends if end > self._now()]
        free = len(self._ends) < self._most
        if free:
            self._ends.append(self._now() + self._seconds)
        return free


class FixedLimit:
    """Permits or refuses all requests."""

    def __init__(self, accepted: bool) -> None:
        self._accepted = accepted

    def permit(self) -> bool:
        """The fixed answer."""
        return self._accepted


class SimulatedAnswer(NamedTuple):
    """One answer: its time and whether the request was accepted."""

    at: float
    accepted: bool


class Event(NamedTuple):
    """An action at a time; ``number`` keeps actions of the same time in order."""

    at: float
    number: int
    action: Callable[[], None]


class CrawlSimulation:
    """A crawl of ``CALLERS`` concurrent tasks, and a server with a round trip of ``latency`` seconds.

    A refused task retries after ``RETRY_SECONDS``. With ``demand_every`` a visible request is made at that interval.
    """

    def __init__(
        self, latency: float, *, retry_after: float | None = None, demand_every: float | None = None, most: float = 10.0
    ) -> None:
        self.clock = Clock()
        self.limit: Limit = FixedLimit(accepted=True)
        self.pace = Pace(max_per_second=most, max_in_flight=8, now=0.0)
        self.answers: list[SimulatedAnswer] = []
        self.demand_waits: list[float] = []
        self._latency = latency
        self._retry_after = retry_after
        self._demand_every = demand_every
        self._crawlers = CALLERS
        self._demands: list[float] = []
        self._events: list[Event] = []
        self._numbers = itertools.count()
        if demand_every is not None:
            self._after(demand_every, self._demand)

    def run(self, until: float) -> None:
        """Run all events before that second."""
        while (moment := min(self._serve(), self._events[0].at if self._events else inf)) <= until:
            self.clock.seconds = moment
            if self._events and self._events[0].at == moment:
                heapq.heappop(self._events).action()
        self.clock.seconds = until

    def accepted(self, first: float, last: float) -> int:
        """The number of accepted requests between these seconds."""
        return sum(answer.accepted for answer in self.answers if first <= answer.at < last)

    def refused(self, first: float, last: float) -> int:
        """The number of refused requests between these seconds."""
        return sum(not answer.accepted for answer in self.answers if first <= answer.at < last)

    def refused_share(self, first: float, last: float) -> float:
        """The share of refused requests between these seconds."""
        refused = self.refused(first, last)
        return refused / max(1, refused + self.accepted(first, last))

    def _serve(self) -> float:
        """Start all permitted requests; the time of the next check, if no event precedes it."""
        while self._demands or self._crawlers:
            priority = Priority.DEMAND if self._demands else Priority.BACKGROUND
            now = self.clock.seconds
            delay = self.pace.delay(priority, now)
            if delay != 0.0:
                return inf if delay is None else now + delay + TIMER_SECONDS
            if self._demands:
                self.demand_waits.append(now - self._demands.pop(0))
            else:
                self._crawlers -= 1
            turn = self.pace.start(priority, now)
            self._after(self._latency / 2, partial(self._arrive, turn))
        return inf

    def _arrive(self, turn: Turn) -> None:
        accepted = self.limit.permit()
        self._after(self._latency / 2, lambda: self._answer(turn, accepted))

    def _answer(self, turn: Turn, accepted: bool) -> None:
        now = self.clock.seconds
        self.answers.append(SimulatedAnswer(now, accepted))
        if accepted:
            self.pace.succeeded(now)
        else:
            self.pace.throttled(turn, now)
            if self._retry_after is not None:
                self.pace.pause(self._retry_after, now)
        self.pace.end()
        if turn.priority is Priority.BACKGROUND:
            self._after(0.0 if accepted else RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._crawlers += 1

    def _demand(self) -> None:
        self._demands.append(self.clock.seconds)
        self._after(self._demand_every or 0.0, self._demand)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, Event(self.clock.seconds + seconds, next(self._numbers), action))


def bucket(simulation: CrawlSimulation, per_second: float) -> RateLimit:
    """The rate limit of the simulator, which permits bursts of one second."""
    return RateLimit(per_second, simulation.clock.now)
