"""The progress of the crawl, as plain values."""

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    # A plan measures its speed without the modules of a sweep.
    from walkme_tui.services.backoff import LoadFailure
    from walkme_tui.services.sync.list_pass import SweepProgress

RECENT_SECONDS: Final = 10.0
MIN_SECONDS: Final = 0.5


class CrawlPhase(StrEnum):
    """What the crawl is doing."""

    IDLE = "idle"  # no sweep has ended, and none is due
    CRAWLING = "crawling"
    CHECKING = "checking"  # requests the users that a complete sweep did not see, one by one
    PAUSED = "paused"
    WAITING = "waiting"  # ``failure`` says why, and when the next attempt is made
    ELSEWHERE = "elsewhere"  # another process sweeps into the same mirror
    DONE = "done"  # the last sweep ended: ``note`` says how


class CrawlProgress(NamedTuple):
    """The state of the crawl.

    In this pass (``pass_number`` is 1, or 2 after an inconclusive first pass) ``loaded`` of ``total`` users arrived, in
    ``pages_done`` pages, at ``users_per_second`` over the last seconds; ``seconds_left`` is None while unknown.
    ``after_drift``: the list changed during the first pass. ``checked`` of ``to_check`` unseen users were requested.
    ``note`` is the one of the last ``SweepResult``, or empty.
    """

    phase: CrawlPhase = CrawlPhase.IDLE
    loaded: int = 0
    total: int | None = None
    pages_done: int = 0
    pass_number: int = 1
    users_per_second: float = 0.0
    seconds_left: float | None = None
    checked: int = 0
    to_check: int = 0
    note: str = ""
    failure: "LoadFailure | None" = None
    after_drift: bool = False
    complete: bool = False


class Speed:
    """Users a second over the last ``RECENT_SECONDS`` of one pass."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()

    def reset(self) -> None:
        """Start measuring again."""
        self._steps.clear()

    def note(self, now: float, users: int) -> None:
        """Add a measurement: ``users`` arrived so far; ``now`` in seconds of the monotonic clock."""
        if self._steps and users < self._steps[-1][1]:
            self.reset()
        self._steps.append((now, users))
        while now - self._steps[0][0] > RECENT_SECONDS:
            self._steps.popleft()

    def per_second(self, now: float) -> float:
        """Users a second, 0 where there are too few measurements."""
        while self._steps and now - self._steps[0][0] > RECENT_SECONDS:
            self._steps.popleft()
        if not self._steps or now - self._steps[0][0] < MIN_SECONDS:
            return 0.0
        return (self._steps[-1][1] - self._steps[0][1]) / (now - self._steps[0][0])


def seconds_left(steps: "SweepProgress", users_per_second: float) -> float | None:
    """Seconds that the rest of a pass takes at this speed, None where that is unknown."""
    if steps.total is None or users_per_second <= 0:
        return None
    return max(0, steps.total - steps.loaded) / users_per_second
