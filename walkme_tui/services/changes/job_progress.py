"""The progress of a running job, updated with each step."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.domain.jobs import Job, StepRecord
from walkme_tui.domain.plans import NEED_ATTENTION
from walkme_tui.domain.users import user_label

RECENT_STEPS: Final = 50
MIN_STEPS_FOR_SPEED: Final = 3


class JobProgress(NamedTuple):
    """A running job at one moment.

    ``counts`` is the number of steps by the value of their state; ``done`` of ``total`` steps are settled.
    ``per_second`` is the speed of the last steps. ``seconds_left`` is None where it is unknown. ``current`` describes
    the step that began last. ``paused`` is the reason why nothing is sent at present, empty if something is.
    ``retry_in_seconds`` is the time until the next request, None where the job does not wait for the service.
    ``failures`` are the failed and refused steps and those that need review, in the order in which they happened.
    ``records`` are all steps by number. Both stay up to date while the job runs, unlike the rest.
    """

    job_id: str
    counts: Mapping[str, int]
    done: int
    total: int
    per_second: float
    seconds_left: float | None
    current: str
    paused: str
    failures: Sequence[StepRecord]
    retry_in_seconds: float | None = None
    records: Mapping[int, StepRecord] = MappingProxyType({})


class ProgressTracker:
    """Holds the steps of a running job and publishes a ``JobProgress`` for each change; ``monotonic`` is in seconds."""

    def __init__(self, job: Job, listener: Callable[[JobProgress], None], monotonic: Callable[[], float]) -> None:
        self.records = {record.step.number: record for record in sorted(job.steps, key=lambda each: each.step.number)}
        """All steps by number, in order."""
        self._job_id = job.id
        self._listener = listener
        self._monotonic = monotonic
        self._users = {subject.user.id: subject.user for subject in job.plan.subjects}
        self._counts = Counter(record.state for record in job.steps)
        self._failures = [record for record in job.steps if record.state in NEED_ATTENTION]
        self._settled_at: deque[float] = deque(maxlen=RECENT_STEPS)
        self._current = ""
        self._paused = ""
        self._retry_at: float | None = None

    def begin(self, record: StepRecord) -> None:
        """Make this step the current one."""
        user = self._users.get(record.step.subject_id)
        name = f"{user_label(user)}: " if user is not None else ""
        self._current = f"{name}{record.step.change.describe()}"

    def update(self, record: StepRecord) -> StepRecord:
        """Replace the record of a step; returns it."""
        self._counts[self.records[record.step.number].state] -= 1
        self._counts[record.state] += 1
        self.records[record.step.number] = record
        if record.state.settled:
            self._settled_at.append(self._monotonic())
        if record.state in NEED_ATTENTION:
            self._failures.append(record)
        self.publish()
        return record

    def pause(self, why: str, seconds: float | None = None) -> None:
        """Set the reason of a pause and the seconds until the next request; an empty reason ends it."""
        retry_at = None if seconds is None else self._monotonic() + seconds
        if (why, retry_at) != (self._paused, self._retry_at):
            self._paused, self._retry_at = why, retry_at
            self._settled_at.clear()
            self.publish()

    def publish(self) -> None:
        """Send the current progress to the listener."""
        total = len(self.records)
        done = sum(count for state, count in self._counts.items() if state.settled)
        speed = self._speed()
        self._listener(
            JobProgress(
                job_id=self._job_id,
                counts={state.value: count for state, count in self._counts.items() if count},
                done=done,
                total=total,
                per_second=speed,
                seconds_left=(total - done) / speed if speed and not self._paused else None,
                current=self._current,
                paused=self._paused,
                failures=self._failures,
                retry_in_seconds=None if self._retry_at is None else max(0.0, self._retry_at - self._monotonic()),
                records=self.records,
            )
        )

    def _speed(self) -> float:
        """Steps settled per second, over the last ones."""
        if len(self._settled_at) < MIN_STEPS_FOR_SPEED:
            return 0.0
        seconds = self._monotonic() - self._settled_at[0]
        return (len(self._settled_at) - 1) / seconds if seconds > 0 else 0.0
