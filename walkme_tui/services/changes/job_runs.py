"""The only place where jobs run: submits plans, runs and stops their jobs, writes receipts, discards jobs."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, WalkmeError
from walkme_tui.domain.jobs import Job, JobState, JobSummary
from walkme_tui.domain.plans import Plan
from walkme_tui.services.changes.executor import SETTLE_SECONDS, Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.job_progress import JobProgress
from walkme_tui.services.changes.receipts import Receipts
from walkme_tui.services.ports.journal import Journal
from walkme_tui.services.waiting import wait_for_first

if TYPE_CHECKING:
    # Only a profile with two surfaces needs it.
    from walkme_tui.services.changes.other_surface import OtherSurface

CANCEL_SECONDS: Final = 1.0
"""How long ``aclose`` waits for a task that it cancelled."""

JobListener = Callable[[JobProgress], None]


class JobResult(NamedTuple):
    """The result of one run of a job.

    ``problem`` is why the run stopped early, ``receipt_problem`` why a receipt is missing; None if neither happened.
    """

    job: Job
    problem: WalkmeError | None = None
    receipt_problem: JournalUnavailable | None = None


class RunningJob:
    """A job that runs in ``task``; ``progress`` is its latest progress, None before the first.

    ``checking`` is true once all steps are done, while the users are read on the other surface.
    """

    task: asyncio.Task[JobResult]
    checking = False

    def __init__(self, before: JobSummary, control: JobControl) -> None:
        self.control = control
        self.progress: JobProgress | None = None
        self._before = before
        self.read: Job | None = None
        """The job as the run found it, None until it was read."""

    @property
    def summary(self) -> JobSummary:
        """The job as lists show it now, without reading the journal."""
        counts = self._before.counts if self.progress is None else self.progress.counts
        return replace(self._before, state=JobState.RUNNING, counts=counts)

    @property
    def job(self) -> Job | None:
        """The job as it is now, without reading the journal; None until the run has read it."""
        if self.read is None:
            return None
        steps = self.read.steps if self.progress is None else tuple(self.progress.records.values())
        return replace(self.read, state=JobState.RUNNING, steps=steps)


class JobRuns:
    """Runs the jobs of one session, each in its own task; ``other`` is the other surface of its profile, if any."""

    def __init__(
        self, executor: Executor, journal: Journal, receipts: Receipts, other: "OtherSurface | None" = None
    ) -> None:
        self._executor = executor
        self._journal = journal
        self._receipts = receipts
        self._other = other
        self._running: dict[str, RunningJob] = {}
        self._submitted: dict[str, Job] = {}

    @property
    def running(self) -> Mapping[str, RunningJob]:
        """The running jobs by id."""
        return self._running

    async def submit(self, plan: Plan) -> Job:
        """Store a plan as a job and send nothing; raises what ``Executor.submit`` raises."""
        job = await self._executor.submit(plan)
        self._submitted[job.id] = job
        return job

    def start(self, job: JobSummary, control: JobControl, listener: JobListener) -> RunningJob:
        """Run the remaining steps of a job in a task and write its receipts.

        The task raises ``AccountBusy`` where another process changes one of the same users: a job just submitted is
        then discarded, because its plan is out of date, and a resumed job stays as it is. It raises ``WalkmeError``
        where the journal cannot be read after the run. Raises ``AccountBusy`` where the job already runs here.
        """
        if job.id in self._running:
            raise AccountBusy(f"Job {job.id} is already running in this program.")
        running = self._running[job.id] = RunningJob(job, control)
        running.task = asyncio.create_task(self._run(job.id, running, listener), name=f"job {job.id}")
        return running

    async def discard(self, job_id: str) -> Job:
        """Discard the remaining steps of a job and write its receipts.

        Raises ``AccountBusy`` and ``JournalUnavailable``.
        """
        await self._journal.discard(job_id)
        return await self._receipts.write(await self._journal.job(job_id))

    async def write_receipt_of_one(self, job: Job) -> tuple[Job, str]:
        """Write the receipt of the one user or group of ``Journal.excerpt_about``; see ``Receipts.write_one``.

        Raises ``JournalUnavailable``.
        """
        return await self._receipts.write_one(job)

    def receipt_text(self, job: Job) -> str:
        """The receipts of all users of a job, for a ticket."""
        return self._receipts.text(job)

    def cancel(self) -> None:
        """Start no further step of any job; what is in flight is settled."""
        for running in self._running.values():
            running.control.cancel()

    async def aclose(self) -> None:
        """Stop all jobs; what is not settled in ``SETTLE_SECONDS`` stays sent, and a resumed run reads it back."""
        self.cancel()
        tasks = [running.task for running in self._running.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=CANCEL_SECONDS)

    async def _run(self, job_id: str, running: RunningJob, listener: JobListener) -> JobResult:
        def publish(progress: JobProgress) -> None:
            running.progress = progress
            listener(progress)

        problem: WalkmeError | None = None
        try:
            try:
                running.read = self._submitted.get(job_id) or await self._journal.job(job_id)
                job = await self._executor.run(running.read, running.control, publish)
            except AccountBusy:
                await self._discard_not_started(job_id)
                raise
            except WalkmeError as error:
                problem = error
                try:
                    known = running.read
                    job = await (self._journal.job(job_id) if known is None else self._journal.refresh(known))
                except JournalUnavailable:
                    raise problem from None
            result = await self._with_receipts(job, problem)
            if self._other is None or job.state is not JobState.DONE:
                return result
            running.checking = True
            if running.progress is not None:
                listener(running.progress)
            return await self._checked(result, self._other, running.control)
        finally:
            del self._running[job_id]
            self._submitted.pop(job_id, None)

    async def _discard_not_started(self, job_id: str) -> None:
        # Another process may have claimed it in between: then it is no longer ours to discard.
        with suppress(WalkmeError):
            if job_id in self._submitted and (await self._journal.summary(job_id)).state is JobState.READY:
                await self._journal.discard(job_id)

    async def _checked(self, result: JobResult, other: "OtherSurface", control: JobControl) -> JobResult:
        """The result with the checks on the other surface, in the journal and the receipts too.

        The receipts are there before the checks begin: those may be cancelled, and the process may end.
        """
        checking = asyncio.ensure_future(other.check(result.job))
        await wait_for_first(asyncio.wait([checking]), control.wait_cancelled())
        if not checking.done():
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            return result
        checks = checking.result()
        if not checks:
            return result
        try:
            await self._journal.add_checks(result.job.id, checks)
        except JournalUnavailable as error:
            return result._replace(job=replace(result.job, checks=checks), receipt_problem=error)
        return await self._with_receipts(replace(result.job, checks=checks), result.problem)

    async def _with_receipts(self, job: Job, problem: WalkmeError | None) -> JobResult:
        try:
            return JobResult(await self._receipts.write(job), problem)
        except JournalUnavailable as error:
            return JobResult(job, problem, error)
