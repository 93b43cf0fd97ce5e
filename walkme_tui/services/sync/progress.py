"""How the crawl does, in plain values for whoever shows it."""

from collections import deque
from enum import StrEnum
from typing import Final, NamedTuple

from walkme_tui.services.backoff import LoadFailure
from walkme_tui.services.sync.walk import SweepProgress

RECENT_SECONDS: Final = 10.0
LEAST_SECONDS: Final = 0.5


class CrawlPhase(StrEnum):
    """What the crawl is at."""

    IDLE = "idle"  # nothing was read, and nothing is by itself
    CRAWLING = "crawling"
    CHECKING = "checking"  # asks for those whom a whole walk did not meet, one by one
    PAUSED = "paused"
    WAITING = "waiting"  # something failed: ``failure`` says what, and when it is tried again
    ELSEWHERE = "elsewhere"  # another process reads the account into the same mirror
    DONE = "done"  # the last walk ended: ``note`` says how


class CrawlProgress(NamedTuple):
    """Where the crawl stands.

    In this ``walk`` (1, or 2 where the first proved nothing) ``loaded`` users came of ``total``, with ``pages_done`` of
    ``pages`` (None: not known), lately ``users_per_second`` (0: nothing came lately), so that ``seconds_left`` are
    needed for the rest (None: nobody can tell). ``after_drift``: the first walk saw the list change. ``checked`` of
    ``to_check`` users who were not met were asked for. ``complete``: the last walk saw everyone; ``note`` is how
    it ended, as in ``SweepResult``, or nothing.
    """

    phase: CrawlPhase = CrawlPhase.IDLE
    loaded: int = 0
    total: int | None = None
    pages_done: int = 0
    pages: int | None = None
    walk: int = 1
    users_per_second: float = 0.0
    seconds_left: float | None = None
    checked: int = 0
    to_check: int = 0
    note: str = ""
    failure: LoadFailure | None = None
    after_drift: bool = False
    complete: bool = False


class Speed:
    """Users a second over the last seconds of one walk."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()

    def reset(self) -> None:
        """What comes now has nothing to do with what came before."""
        self._steps.clear()

    def note(self, now: float, users: int) -> None:
        """So many came in all; ``now`` in seconds of the monotonic clock."""
        if self._steps and users < self._steps[-1][1]:
            self.reset()
        self._steps.append((now, users))
        while now - self._steps[0][0] > RECENT_SECONDS:
            self._steps.popleft()

    def per_second(self, now: float) -> float:
        """Users a second, 0 where too little came lately to tell."""
        while self._steps and now - self._steps[0][0] > RECENT_SECONDS:
            self._steps.popleft()
        if not self._steps or now - self._steps[0][0] < LEAST_SECONDS:
            return 0.0
        return (self._steps[-1][1] - self._steps[0][1]) / (now - self._steps[0][0])


def seconds_left(steps: SweepProgress, users_per_second: float) -> float | None:
    """How long the rest of a walk takes at this speed, None where nobody can tell."""
    if steps.total is None or users_per_second <= 0:
        return None
    return max(0, steps.total - steps.loaded) / users_per_second
