"""The journal: the durable record of plans, steps and outcomes, in one SQLite file for all profiles."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import JournalUnavailable, NotFound, WalkmeError
from walkme_tui.domain.jobs import Actor, Job, JobState, JobSummary, Outcome, OutcomeReason, SurfaceCheck
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.times import now_ms
from walkme_tui.store.journal.claims import RENEWAL_SECONDS, Claims, operator
from walkme_tui.store.journal.creation import PAUSE_SECONDS, JobCreation, delete_unfinished
from walkme_tui.store.journal.discard import discard
from walkme_tui.store.journal.file import JournalFile
from walkme_tui.store.journal.job_reads import (
    about_one,
    excerpt,
    find,
    head,
    jobs_about,
    refreshed,
    source,
    whole,
    with_source,
)
from walkme_tui.store.journal.purge import purge, settled_jobs, steps_without_names
from walkme_tui.store.journal.rows import CHECKED, AuditEntry, DamagedContents
from walkme_tui.store.journal.summaries import summaries, summary_of_job
from walkme_tui.store.journal.tables import JournalTables, subject_key
from walkme_tui.store.journal.unwritten import SettledStep, UnwrittenOutcomes
from walkme_tui.store.journal.write_memory import SqliteWriteSupport
from walkme_tui.store.locks import Locks
from walkme_tui.store.sqlite_thread import SqliteThread, Steps, Urgency

R = TypeVar("R")
J = TypeVar("J", Job, JobSummary)

SETTLED_SECONDS: Final = 0.2
"""After so long the outcome of a step is written in a commit of its own, unless it was written before."""
MOST_UNWRITTEN: Final = 100


def open_journal(
    folder: Path, *, actor: Actor | None = None, clock: Callable[[], int] | None = None
) -> "SqliteJournal":
    """The journal in the data folder ``folder``; the first call opens the file, and the first write makes it.

    ``actor`` is recorded in the audit trail for every write of this object; the actor of a job may be another one.
    ``clock`` gives milliseconds since the Unix epoch.
    """
    return SqliteJournal(folder, actor, clock or now_ms)


class SqliteJournal:
    """``services.ports.Journal`` over one SQLite file in the data folder.

    Outcomes of steps are written with the next write, after ``SETTLED_SECONDS``, or before a read or the end, whichever
    is first. A crash before that loses them: on the disk the steps are still SENT, and a resumed run reads them back,
    so that no change is sent twice. It finds that the change is there or is not, but no longer why the server refused
    it: a step that was refused is sent once more, or needs review where it does not show who made the change. What
    others did is written at once, since read back it could be taken for the step's own: that the email or the name of
    what a step creates is in use, and that what a step asked for was there before.

    Calls raise ``JournalUnavailable``, ``NotFound`` and ``AccountBusy``. A call out of order (a step that is sent again
    before it was settled, a job that was never claimed) is a mistake of the caller: ValueError.
    """

    def __init__(self, folder: Path, actor: Actor | None, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._locks = Locks(folder / "locks")
        self._file = JournalFile(folder, self._locks)
        # Nothing is ever interrupted: reads are short, and a write is completed or not done at all.
        self._thread = SqliteThread("journal", closed_error=lambda: JournalUnavailable("The journal is closed."))
        self._actor = operator() if actor is None else str(actor)
        self._claims = Claims(self._locks, lambda: self._file.on_network, clock, self._actor)
        self._lease_task: asyncio.Task[None] | None = None
        # Only the thread reads and changes it.
        self._unwritten = UnwrittenOutcomes(self._claims, self._actor)
        self._settled_task: asyncio.Task[None] | None = None
        self._closed = False
        self._is_tidy = False

    # ------------------------------------------------------------ jobs

    async def create(self, plan: Plan, actor: Actor) -> Job:
        """Store a plan as a new job in state READY, in parts, between which the journal is free for other calls.

        The job is there once it is whole: what is left of a creation that did not end is deleted, at the latest by the
        first write of a later program.
        """
        creation = await asyncio.to_thread(JobCreation, plan, actor, self._clock(), self._locks)
        try:
            while not await self._thread.run(lambda: creation.store_part(self._write), Urgency.WRITE):  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)  # the event that it waits for is one of another program
        except BaseException:
            self._thread.post(self._delete_unfinished(creation))
            raise
        # At once: until the caller has the job, others take it for one that does not run.
        return creation.job()

    def _delete_unfinished(self, own: JobCreation | None = None) -> Steps[None]:
        """Delete what is left of ``own`` and of creations whose process ended."""
        if own is not None:
            own.release()
        yield from delete_unfinished(self._write, self._locks, lambda: self._file.on_network, self._clock)

    async def job(self, job_id: str) -> Job:
        """One job by its id, or by an unambiguous beginning of it or of what follows its date; ``NotFound``."""
        job, source = await self._thread.share(self._whole(job_id))
        return await self._with_source(job, source)

    def _whole(self, job_id: str) -> Steps[tuple[Job, str | None]]:
        found = self._read_job(lambda tables: find(tables.connection, job_id))
        return (yield from whole(self._read_job, found, self._head_of(found)))

    def _head_of(self, job_id: str) -> Callable[[JournalTables], Job]:
        return lambda tables: self._with_current_state(tables, head(tables.connection, job_id))

    async def _with_source(self, job: Job, source: str | None) -> Job:
        """The job with its source, which takes a second to decode where it has 100 000 rows."""
        try:
            return job if source is None else await asyncio.to_thread(with_source, job, source)
        except DamagedContents as error:
            raise self._file.failure(error) from error

    async def refresh(self, job: Job) -> Job:
        """The same job now; only the steps are read that changed since ``job`` was read."""
        now = await self._thread.share(refreshed(self._read_job, self._head_of(job.id), job))
        return now if now.purged_at_ms == job.purged_at_ms else await self.job(job.id)

    async def summaries(self, profile: str | None = None) -> tuple[JobSummary, ...]:
        """All jobs of a profile (None: of all) as lists show them, newest first."""

        def read(tables: JournalTables) -> tuple[JobSummary, ...]:
            return tuple(self._with_current_state(tables, each) for each in summaries(tables.connection, profile))

        return await self.read(read, ())

    async def summary(self, job_id: str) -> JobSummary:
        """One job as lists show it; raises like ``job``."""
        return await self._thread.run(lambda: self._read_job(partial(self._summary, job_id)), Urgency.READ)

    def _summary(self, job_id: str, tables: JournalTables) -> JobSummary:
        found = summary_of_job(tables.connection, find(tables.connection, job_id))
        return self._with_current_state(tables, found)

    async def excerpt(self, job_id: str, most: int) -> Job:
        """The job with at most so many of its users or groups, those that need attention first; raises like ``job``."""

        def read(tables: JournalTables) -> tuple[Job, str | None]:
            summary = self._summary(job_id, tables)
            job = replace(excerpt(tables.connection, summary, most), state=summary.state)
            return job, source(tables.connection, job.id) if summary.subjects <= most else None

        return await self._with_source(*await self._thread.run(lambda: self._read_job(read), Urgency.READ))

    async def excerpt_about(self, job_id: str, wanted: str) -> Job:
        """The job with one of its users or groups, given by id, email or name; raises like ``job``."""
        return await self._thread.share(self._about_one(job_id, wanted))

    def _about_one(self, job_id: str, wanted: str) -> Steps[Job]:
        found = self._read_job(lambda tables: find(tables.connection, job_id))
        return (yield from about_one(self._read_job, found, wanted, partial(self._summary, found)))

    async def jobs_about(self, subject_id: str, profile: str, *, about_groups: bool = False) -> tuple[Job, ...]:
        """The jobs of a profile with steps about a user or a group, newest first.

        Each has only the steps, the subject and the checks that concern it, and no source. The id may be that of now,
        or the key that stands for it in the plan that creates it.
        """
        key = subject_key(subject_id, about_group=about_groups)

        def read(tables: JournalTables) -> tuple[Job, ...]:
            return tuple(self._with_current_state(tables, each) for each in jobs_about(tables.connection, key, profile))

        return await self.read(read, ())

    def _with_current_state(self, tables: JournalTables, job: J) -> J:
        """The job, in state INTERRUPTED where the process that ran it has ended without releasing it."""
        if job.state is JobState.RUNNING and not self._claims.is_held(tables, job.id):
            return replace(job, state=JobState.INTERRUPTED)
        return job

    async def add_receipt(self, job_id: str, path: str) -> None:
        """Store where a receipt was written."""
        entry = AuditEntry(self._clock(), job_id, self._actor, "receipt", path)
        await self.write(lambda tables: tables.add_receipt(job_id, path, entry))

    async def add_checks(self, job_id: str, checks: Sequence[SurfaceCheck]) -> None:
        """Store the checks of a job, in place of earlier ones."""
        wrong = sum(check.wrong for check in checks)
        entry = AuditEntry(self._clock(), job_id, self._actor, CHECKED, f"users: {len(checks)}; wrong: {wrong}")
        await self.write(lambda tables: tables.set_checks(job_id, checks, entry))

    async def discard(self, job_id: str) -> None:
        """End a job: TODO steps become SKIPPED, steps that were sent without an answer need review.

        A job that is done or discarded stays as it is. Raises ``AccountBusy`` while a process executes the job.
        """
        await self.write(lambda tables: discard(tables, self._claims, job_id, self._clock(), self._actor))

    async def purge(self, before_ms: int) -> int:
        """Delete people's data of settled jobs created before ``before_ms``, with their receipts in the data folder.

        Returns the number of jobs. Jobs that are not settled are kept whole, and counted in the audit trail. Who, when,
        kind, ticket, counts and states stay. Each job is purged at once; then the file is compacted. What fails is
        completed by another call.
        """

        found = await self.read(partial(settled_jobs, before_ms), None)
        if found is None:
            return 0
        jobs, kept = found
        for job_id in jobs:
            steps = await self._thread.share(steps_without_names(self._read_job, job_id))
            await self.write(partial(purge, job_id, steps, self._folder, self._clock(), self._actor))
        detail = f"jobs: {len(jobs)}; kept, because not settled: {kept}"
        entry = AuditEntry(self._clock(), None, self._actor, "purged", detail)
        await self.write(lambda tables: tables.log(entry))
        await self._thread.run(self._file.compact, Urgency.WRITE)
        return len(jobs)

    # ------------------------------------------------------------ executing

    async def claim(self, job_id: str) -> None:
        """Lock the job for execution by this process and mark it RUNNING.

        Raises ``AccountBusy`` where another process executes it, or another job that changes one of its users, and
        ``NotFound`` where no step is left.
        """
        claiming = asyncio.ensure_future(self._thread.run(lambda: self._claim(job_id), Urgency.WRITE))
        try:
            await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The cancelled caller cannot release what it does not know it claimed.
            with suppress(WalkmeError):
                await claiming
                await self._thread.run(lambda: self._release(job_id, JobState.INTERRUPTED), Urgency.WRITE)
            raise
        if self._file.on_network and not self._closed and (self._lease_task is None or self._lease_task.done()):
            self._lease_task = asyncio.create_task(self._renew_leases(), name="journal lease")

    def _claim(self, job_id: str) -> None:
        try:
            acquired = self._locks.acquire(job_id)
        except OSError as error:
            raise self._file.failure(error) from error

        def written(tables: JournalTables) -> None:
            tables.state(job_id)
            if not acquired:
                raise self._claims.busy(tables, job_id)
            self._claims.claim(tables, job_id)

        try:
            self._write(written)
        except BaseException:
            if acquired:
                self._locks.release(job_id)
            raise

    async def release(self, job_id: str, state: JobState) -> None:
        """Release the lock and leave the job in ``state``; the lock is released even if the state cannot be stored."""
        if state is JobState.RUNNING:
            raise ValueError("a job that is released is not running")
        await self._thread.run(lambda: self._release(job_id, state), Urgency.WRITE)

    def _release(self, job_id: str, state: JobState) -> None:
        def written(tables: JournalTables) -> None:
            self._claims.check(tables, job_id)
            if not state.resumable and tables.has_open_steps(job_id):
                raise ValueError(f"job {job_id} still has steps to settle, so it is not {state.value}")
            self._claims.delete(tables, job_id)
            tables.set_state(job_id, state, AuditEntry(self._clock(), job_id, self._actor, "released", state.value))

        try:
            self._write(written)
        finally:
            self._locks.release(job_id)

    async def intend(self, job_id: str, number: int, before: Record | None, at_ms: int) -> None:
        """Record, before the bytes leave, that a step is being sent (state SENT, one more attempt)."""

        def written(tables: JournalTables) -> None:
            self._claims.check(tables, job_id)
            state = tables.step_state(job_id, number)
            if state is not StepState.TODO:
                raise ValueError(f"step {number} of job {job_id} is {state.value}: it must not be sent")
            tables.mark_sent(job_id, number, before, at_ms, self._actor)

        await self.write(written)

    async def settle(self, job_id: str, number: int, outcome: Outcome, at_ms: int) -> None:
        """Record the outcome of a step: a settled state, or TODO again where it certainly had no effect.

        It reaches the disk later, see the class.
        """
        if outcome.state is StepState.SENT:
            raise ValueError("SENT is recorded by intend, not by settle")
        settled = SettledStep(job_id, number, outcome, at_ms)
        await self._thread.run(lambda: self._settle(settled), Urgency.WRITE)
        if self._settled_task is None or self._settled_task.done():
            self._settled_task = asyncio.create_task(self._write_settled_later(), name="journal outcomes")

    def _settle(self, settled: SettledStep) -> None:
        if len(self._unwritten.outcomes) >= MOST_UNWRITTEN:
            self._write_settled()
        state, outcome = self._file.read(partial(self._unwritten.state_before, settled), None), settled.outcome
        self._unwritten.outcomes.append(settled)
        by_others = state is StepState.SENT and outcome.state is StepState.DONE and not outcome.changed
        if by_others or outcome.reason is OutcomeReason.EXISTS:
            self._write_settled()

    async def _write_settled_later(self) -> None:
        await asyncio.sleep(SETTLED_SECONDS)
        with suppress(JournalUnavailable):  # the next write raises it
            await self._thread.run(self._write_settled, Urgency.WRITE)

    def _write_settled(self) -> None:
        if self._unwritten.outcomes:
            self._write(lambda _: None)

    async def _renew_leases(self) -> None:
        """Renew the leases of claimed jobs, where other hosts may not see the locks."""
        while self._locks.held:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(JournalUnavailable):
                await self.write(self._claims.renew_leases)

    # ------------------------------------------------------------ file

    def write_support(self, profile: str, base_url: str) -> SqliteWriteSupport:
        """What is known of how a profile's server takes writes; valid as long as this object."""
        return SqliteWriteSupport(self.read, self.write, self._clock, profile, base_url)

    async def aclose(self) -> None:
        """Complete what is queued, close the file and release every lock; may be called again."""
        self._closed = True
        for task in (self._lease_task, self._settled_task):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])

        def close() -> None:
            try:
                with suppress(JournalUnavailable):  # a resumed run reads back what is not written
                    self._write_settled()
                self._locks.release_all()
            finally:
                self._file.close()

        await self._thread.aclose(close)

    async def read(self, work: Callable[[JournalTables], R], otherwise: R) -> R:
        """The result of ``work``, all of one moment; ``otherwise`` where there is no journal yet."""
        return await self._thread.run(lambda: self._read(work, otherwise), Urgency.READ)

    def _read(self, work: Callable[[JournalTables], R], otherwise: R) -> R:
        with suppress(JournalUnavailable):  # then the result is what has reached the disk
            self._write_settled()
        return self._file.read(work, otherwise)

    def _read_job(self, work: Callable[[JournalTables], R]) -> R:
        """The result of ``work``; ``NotFound`` where there is no journal yet."""
        found: list[R] = []
        self._read(lambda tables: found.append(work(tables)), None)
        if not found:
            raise NotFound("There is no such job: no job was made on this machine yet.")
        return found[0]

    async def write(self, work: Callable[[JournalTables], R]) -> R:
        """Do ``work`` in one transaction that has reached the disk when this returns."""
        return await self._thread.run(lambda: self._write(work), Urgency.WRITE)

    def _write(self, work: Callable[[JournalTables], R]) -> R:
        """Do ``work`` in one transaction with the outcomes that are due."""
        if not self._is_tidy:
            self._is_tidy = True
            for _ in self._delete_unfinished():
                pass

        def whole(tables: JournalTables) -> R:
            self._unwritten.write(tables)
            return work(tables)

        result = self._file.write(whole)
        self._unwritten.outcomes.clear()
        return result
