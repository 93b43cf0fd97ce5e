"""The journal: the durable record of plans, steps and outcomes, in one SQLite file for all profiles."""

import asyncio
import os
import pwd
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from walkme_tui.domain.errors import JournalUnavailable, NotFound, WalkmeError
from walkme_tui.domain.jobs import Actor, Job, JobState, Outcome
from walkme_tui.domain.outcomes import may_have_arrived
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.users import User
from walkme_tui.store.journal.claims import BEAT_SECONDS, Claims
from walkme_tui.store.journal.file import JournalFile
from walkme_tui.store.journal.purge import purge
from walkme_tui.store.journal.rows import Event
from walkme_tui.store.journal.tables import JournalTables
from walkme_tui.store.journal.thread import JournalThread
from walkme_tui.store.journal.write_memory import SqliteWriteMemory
from walkme_tui.store.locks import Locks

DISCARDED_TODO: Final = "Not done: the job was discarded."
DISCARDED_NOT_THERE: Final = (
    "It was sent, no usable answer came, and it was not there when read again; the job was discarded then."
)
DISCARDED_SENT: Final = "It was sent and the answer never came; the job was discarded before anybody looked."


def open_journal(
    folder: Path, *, actor: Actor | None = None, clock: Callable[[], int] | None = None
) -> "SqliteJournal":
    """The journal in the data folder ``folder``; the file is opened by the first call, and made by the first writing.

    ``actor`` is who works with this object, for the audit trail: it may be somebody else than the one who made a job.
    ``clock`` gives milliseconds since the Unix epoch.
    """
    return SqliteJournal(folder, actor, clock or _now_ms)


class SqliteJournal:
    """``services.ports.Journal`` over one SQLite file in the data folder.

    Calls raise ``JournalUnavailable``, ``NotFound`` and ``AccountBusy``. A call that makes no sense (a step that is
    sent twice without having been settled, a job that was never claimed) is a mistake of the caller: ValueError.
    """

    def __init__(self, folder: Path, actor: Actor | None, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self._locks = Locks(folder / "locks")
        self._file = JournalFile(folder, self._locks)
        self._thread = JournalThread(self._file)
        self._actor = _operator() if actor is None else str(actor)
        self._claims = Claims(self._locks, lambda: self._file.on_network, clock, self._actor)
        self._beating: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ jobs

    async def create(self, plan: Plan, actor: Actor) -> Job:
        """Write a plan down as a new job in state READY."""
        return await self._thread.write(lambda connection: JournalTables(connection).create(plan, actor, self._clock()))

    async def job(self, job_id: str) -> Job:
        """One job by its id, an unambiguous beginning of it or of what follows its date; ``NotFound`` otherwise."""

        def found(connection: sqlite3.Connection) -> Job:
            tables = JournalTables(connection)
            return self._as_it_is(connection, tables.job(tables.find(job_id)))

        job = await self._thread.read(found, None)
        if job is None:
            raise NotFound(f"There is no job {job_id}.", hint="No job was made on this machine yet.")
        return job

    async def jobs(self, profile: str | None = None) -> tuple[Job, ...]:
        """All jobs of a profile (None: of all), newest first."""

        def found(connection: sqlite3.Connection) -> tuple[Job, ...]:
            return tuple(self._as_it_is(connection, job) for job in JournalTables(connection).jobs(profile))

        return await self._thread.read(found, ())

    def _as_it_is(self, connection: sqlite3.Connection, job: Job) -> Job:
        """The job, interrupted where its process has died without saying so."""
        if job.state is JobState.RUNNING and not self._claims.is_carried_out(connection, job.id):
            return replace(job, state=JobState.INTERRUPTED)
        return job

    async def add_receipt(self, job_id: str, path: str) -> None:
        """Remember where a receipt was written."""
        told = Event(self._clock(), job_id, self._actor, "receipt", path)
        await self._thread.write(lambda connection: JournalTables(connection).add_receipt(job_id, path, told))

    async def discard(self, job_id: str) -> None:
        """Nothing more is done of this job: what is TODO becomes SKIPPED, what was sent without an answer needs review.

        A job that is done or discarded stays as it is. Raises ``AccountBusy`` while a process carries the job out.
        """
        await self._thread.write(lambda connection: self._discard(connection, job_id))

    def _discard(self, connection: sqlite3.Connection, job_id: str) -> None:
        tables = JournalTables(connection)
        if not tables.state(job_id).resumable:
            return
        if self._claims.is_carried_out(connection, job_id):
            raise self._claims.busy(connection, job_id)
        now = self._clock()
        for record in tables.job(job_id).unsettled:
            after = Outcome(StepState.SKIPPED, DISCARDED_TODO)
            if record.state is StepState.SENT:
                after = Outcome(StepState.NEEDS_REVIEW, DISCARDED_SENT)
            elif may_have_arrived(record):
                after = Outcome(StepState.NEEDS_REVIEW, DISCARDED_NOT_THERE)
            tables.mark_settled(job_id, record.step.number, after, now, self._actor)
        self._claims.drop(connection, job_id)
        tables.set_state(job_id, JobState.DISCARDED, Event(now, job_id, self._actor, "discarded"))

    async def purge(self, before_ms: int) -> int:
        """Drop people's data of settled jobs created before, their receipts in the data folder too; returns how many.

        Jobs that are not settled are kept whole, and counted in the audit trail. Who, when, kind, ticket, counts and
        states stay. The file is compacted; where that fails, calling again completes it.
        """

        def drop() -> int:
            if not self._file.path.exists():
                return 0
            dropped = self._file.write(
                lambda connection: purge(connection, self._folder, before_ms, self._clock(), self._actor)
            )
            self._file.compact()
            return dropped

        return await self._thread.run(drop)

    # ------------------------------------------------------------ carrying out

    async def claim(self, job_id: str) -> None:
        """Lock the job for execution by this process and mark it RUNNING.

        Raises ``AccountBusy`` where another live process carries it out, or another job with one of the same people,
        and ``NotFound`` where nothing is left to do.
        """
        claiming = asyncio.ensure_future(self._thread.run(lambda: self._claim(job_id)))
        try:
            await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # Nobody will know of the claim, so nobody would give it back.
            with suppress(WalkmeError):
                await claiming
                await self._thread.run(lambda: self._release(job_id, JobState.INTERRUPTED))
            raise
        if self._file.on_network and (self._beating is None or self._beating.done()):
            self._beating = asyncio.create_task(self._beat(), name="journal lease")

    def _claim(self, job_id: str) -> None:
        try:
            taken = self._locks.take(job_id)
        except OSError as error:
            raise self._file.failure(error) from error
        try:
            self._file.write(lambda connection: self._claim_taken(connection, job_id, taken))
        except BaseException:
            if taken:
                self._locks.give_back(job_id)
            raise

    def _claim_taken(self, connection: sqlite3.Connection, job_id: str, taken: bool) -> None:
        JournalTables(connection).state(job_id)
        if not taken:
            raise self._claims.busy(connection, job_id)
        self._claims.claim(connection, job_id)

    async def release(self, job_id: str, state: JobState) -> None:
        """Give the lock back and leave the job in this state; the lock is free even if that cannot be written down."""
        if state is JobState.RUNNING:
            raise ValueError("a job that nobody carries out is not running")
        await self._thread.run(lambda: self._release(job_id, state))

    def _release(self, job_id: str, state: JobState) -> None:
        def written(connection: sqlite3.Connection) -> None:
            self._claims.check(connection, job_id)
            tables = JournalTables(connection)
            if not state.resumable and tables.has_open_steps(job_id):
                raise ValueError(f"job {job_id} still has steps to settle, so it is not {state.value}")
            self._claims.drop(connection, job_id)
            tables.set_state(job_id, state, Event(self._clock(), job_id, self._actor, "released", state.value))

        try:
            self._file.write(written)
        finally:
            self._locks.give_back(job_id)

    async def intend(self, job_id: str, number: int, before: User | None, at_ms: int) -> None:
        """Record, before the bytes leave, that a step is being sent (state SENT, one more attempt)."""

        def written(connection: sqlite3.Connection) -> None:
            self._claims.check(connection, job_id)
            tables = JournalTables(connection)
            state = tables.step_state(job_id, number)
            if state is not StepState.TODO:
                raise ValueError(f"step {number} of job {job_id} is {state.value}: it must not be sent")
            tables.mark_sent(job_id, number, before, at_ms, self._actor)

        await self._thread.write(written)

    async def settle(self, job_id: str, number: int, outcome: Outcome, at_ms: int) -> None:
        """Record what became of a step: a settled state, or TODO again where it surely did not happen."""
        if outcome.state is StepState.SENT:
            raise ValueError("to be sent is intended, not settled")

        def written(connection: sqlite3.Connection) -> None:
            self._claims.check(connection, job_id)
            tables = JournalTables(connection)
            state = tables.step_state(job_id, number)
            if state.settled:
                raise ValueError(f"step {number} of job {job_id} is {state.value} already")
            tables.mark_settled(job_id, number, outcome, at_ms, self._actor)

        await self._thread.write(written)

    async def _beat(self) -> None:
        """Renew the lease on what is claimed, where locks alone do not tell other hosts."""
        while self._locks.held:
            await asyncio.sleep(BEAT_SECONDS)
            with suppress(JournalUnavailable):
                await self._thread.write(self._claims.beat)

    # ------------------------------------------------------------ the rest

    def write_memory(self, profile: str, base_url: str) -> SqliteWriteMemory:
        """What is known of how a profile's server takes writes; it lives as long as this object."""
        return SqliteWriteMemory(self._thread, self._clock, profile, base_url)

    async def aclose(self) -> None:
        """Close the file and give every lock back; may be called again."""
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError):
                await self._beating
        await self._thread.aclose(self._locks.give_all_back)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _operator() -> str:
    """The user of the operating system, from its own table: the environment can be set to anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
