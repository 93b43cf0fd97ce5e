"""Protocol of the journal, the durable record of plans, steps and outcomes."""

from collections.abc import Sequence
from typing import Protocol

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.jobs import Actor, Job, JobState, JobSummary, Outcome, SurfaceCheck
from walkme_tui.domain.plans import Plan


class Journal(Protocol):
    """The durable record of plans, steps and outcomes; append-only, never rebuilt.

    Every writing call has reached the disk (synchronous=FULL) when it returns, and raises ``JournalUnavailable`` if it
    could not: then nothing may be sent. Only what ``settle`` records may follow within a moment, at the latest with the
    next writing call, before a read, and before ``release``: after a crash in between the step is still SENT.
    """

    async def create(self, plan: Plan, actor: Actor) -> Job:
        """Record a plan as a new job in state READY."""
        ...

    async def job(self, job_id: str) -> Job:
        """One job with its steps; an unambiguous beginning of the id, or of what follows its date, is enough.

        Raises ``NotFound``.
        """
        ...

    async def refresh(self, job: Job) -> Job:
        """The same job now; only the steps are read that changed since ``job`` was read."""
        ...

    async def summaries(self, profile: str | None = None) -> tuple[JobSummary, ...]:
        """All jobs of a profile (None: of all) as lists show them, newest first; reads no plans and no steps."""
        ...

    async def summary(self, job_id: str) -> JobSummary:
        """One job as lists show it; raises like ``job``."""
        ...

    async def excerpt(self, job_id: str, most: int) -> Job:
        """The job with at most so many of its users or groups, those that need attention first; raises like ``job``.

        ``Job.whole`` is its summary.
        """
        ...

    async def excerpt_about(self, job_id: str, wanted: str) -> Job:
        """The job with one of its users or groups, given by id, email or name, and without its source.

        ``Job.whole`` is its summary. Raises ``NotFound`` unless exactly one is meant; a purged job has none.
        """
        ...

    async def jobs_about(self, subject_id: str, profile: str, *, about_groups: bool = False) -> tuple[Job, ...]:
        """The jobs of a profile with steps about a user or a group, newest first.

        Each has only the steps, the subject and the checks that concern it, and no source. The id may be that of now,
        or the key that stands for it in the plan that creates it.
        """
        ...

    async def claim(self, job_id: str) -> None:
        """Lock the job for execution by this process and mark it RUNNING.

        Raises ``AccountBusy``, naming the holder, where another process executes it or another job with one of the
        same users. The claims of a process that ended do not count.
        """
        ...

    async def release(self, job_id: str, state: JobState) -> None:
        """Release the lock and leave the job in this state."""
        ...

    async def intend(self, job_id: str, number: int, before: Record | None, at_ms: int) -> None:
        """Record, before the bytes leave, that a step is being sent (state SENT, one more attempt)."""
        ...

    async def settle(self, job_id: str, number: int, outcome: Outcome, at_ms: int) -> None:
        """Record the outcome of a step: a settled state, or TODO again where it certainly did not happen."""
        ...

    async def add_receipt(self, job_id: str, path: str) -> None:
        """Record the path of a receipt."""
        ...

    async def add_checks(self, job_id: str, checks: Sequence[SurfaceCheck]) -> None:
        """Record the checks of a job, in place of earlier ones."""
        ...

    async def discard(self, job_id: str) -> None:
        """Nothing more will be done of this job: what is TODO becomes SKIPPED, what was sent without an answer
        needs review.
        """
        ...

    async def purge(self, before_ms: int) -> int:
        """Drop personal data of settled jobs created before; keep who, when and what kind. Returns how many jobs."""
        ...

    async def aclose(self) -> None:
        """Close the file."""
        ...
