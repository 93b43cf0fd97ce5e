"""How far a job has come, kept up to date step by step."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from walkme_tui.domain.inverses import who
from walkme_tui.domain.jobs import Job, StepRecord
from walkme_tui.domain.plans import StepState

RECENT_STEPS: Final = 50
# Fewer say nothing about the speed.
TELLING_STEPS: Final = 3
FAILURES: Final = frozenset({StepState.FAILED, StepState.REFUSED, StepState.NEEDS_REVIEW})


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A running job at a moment.

    ``counts`` are steps by the value of their state, ``done`` how many of ``total`` are settled. ``per_second`` is the
    speed of the last steps, ``seconds_left`` None where nothing tells it. ``current`` is the step begun last, in words.
    ``paused`` says why nothing is sent at present, empty if it is. In ``again_in_seconds`` the service is asked again,
    None where it is not waited for. ``failures`` are the steps that failed, were refused
    or need review, in the order in which that was found out.
    """

    job_id: str
    counts: Mapping[str, int]
    done: int
    total: int
    per_second: float
    seconds_left: float | None
    current: str
    paused: str
    failures: tuple[StepRecord, ...]
    again_in_seconds: float | None = None


class JobCounter:
    """Counts the steps of a job as they go; ``monotonic`` gives seconds."""

    def __init__(self, job: Job, tell: Callable[[JobProgress], None], monotonic: Callable[[], float]) -> None:
        self._job_id = job.id
        self._tell = tell
        self._monotonic = monotonic
        self._people = {subject.user.id: subject.user for subject in job.plan.subjects}
        self._counts = Counter(record.state for record in job.steps)
        self._total = len(job.steps)
        self._failures = tuple(record for record in job.steps if record.state in FAILURES)
        self._settled_at: deque[float] = deque(maxlen=RECENT_STEPS)
        self._current = ""
        self._paused = ""
        self._again_at: float | None = None

    def begun(self, record: StepRecord) -> None:
        """A step is about to be sent."""
        user = self._people.get(record.step.user_id)
        name = f"{who(user)}: " if user is not None else ""
        self._current = f"{name}{record.step.change.describe()}"

    def moved(self, before: StepRecord, after: StepRecord) -> None:
        """A step is in another state."""
        self._counts[before.state] -= 1
        self._counts[after.state] += 1
        if after.state.settled:
            self._settled_at.append(self._monotonic())
        if after.state in FAILURES:
            self._failures = (*self._failures, after)
        self.tell()

    def paused(self, why: str, seconds: float | None = None) -> None:
        """Nothing is sent, for this reason, and the service is asked again after ``seconds``; empty: it goes on."""
        again_at = None if seconds is None else self._monotonic() + seconds
        if (why, again_at) != (self._paused, self._again_at):
            self._paused, self._again_at = why, again_at
            self._settled_at.clear()
            self.tell()

    def tell(self) -> None:
        """Say how it stands."""
        done = sum(count for state, count in self._counts.items() if state.settled)
        speed = self._speed()
        self._tell(
            JobProgress(
                job_id=self._job_id,
                counts={state.value: count for state, count in self._counts.items() if count},
                done=done,
                total=self._total,
                per_second=speed,
                seconds_left=(self._total - done) / speed if speed and not self._paused else None,
                current=self._current,
                paused=self._paused,
                failures=self._failures,
                again_in_seconds=None if self._again_at is None else max(0.0, self._again_at - self._monotonic()),
            )
        )

    def _speed(self) -> float:
        """Settled steps a second, lately."""
        if len(self._settled_at) < TELLING_STEPS:
            return 0.0
        seconds = self._monotonic() - self._settled_at[0]
        return (len(self._settled_at) - 1) / seconds if seconds > 0 else 0.0
