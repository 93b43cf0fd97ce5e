"""Carrying out plans: the one place of the program from which an account is changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, WalkmeError
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.services.changes.job_control import JobControl, JobStopped
from walkme_tui.services.changes.job_progress import JobCounter, JobProgress
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate, Sleep
from walkme_tui.services.changes.permissions import require_permission
from walkme_tui.services.changes.read_back import ReadBack
from walkme_tui.services.changes.step_runner import StepRunner
from walkme_tui.services.ports import Journal, Session

__all__ = ["Executor", "JobControl", "JobProgress"]

# Pacing decides how many requests are in flight; more people than that only wait.
PEOPLE_AT_ONCE: Final = 8
SETTLING_SECONDS: Final = 5.0

Work = Callable[[Sequence[StepRecord]], Awaitable[None]]


class Executor:
    """Carries out plans on the account of a session.

    ``actor`` is who does it. ``sleep`` and ``monotonic`` (both in seconds) are the clock of everything that waits here.
    """

    def __init__(
        self,
        session: Session,
        journal: Journal,
        actor: Actor,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._journal = journal
        self._actor = actor
        self._sleep = sleep
        self._monotonic = monotonic

    async def submit(self, plan: Plan) -> Job:
        """Write a plan down as a job; nothing is sent.

        Raises ``ReadOnlyRefused``, ``PermissionRefused`` where a scope is known to be missing, ``ConfigurationError``
        for a plan of another account, and ``JournalUnavailable``.
        """
        require_permission(self._session, plan)
        return await self._journal.create(plan, self._actor)

    async def run(self, job_id: str, control: JobControl, progress: Callable[[JobProgress], None]) -> Job:
        """Carry out what is left of a job; returns it DONE, or INTERRUPTED where ``control`` cancelled it.

        What an earlier run had sent is looked up before anything else is sent. Raises what ``submit`` raises,
        ``NotFound`` where nothing is left to do, ``AccountBusy`` where others change one of the same people, and for
        what stopped it on its way, then INTERRUPTED and to be resumed: ``ServiceUnavailable``, ``SignInRefused``,
        ``PermissionRefused``, ``JournalUnavailable``. A task that is cancelled leaves the job INTERRUPTED too.
        """
        job = await self._journal.job(job_id)
        require_permission(self._session, job.plan)
        await self._journal.claim(job.id)
        state = JobState.INTERRUPTED
        try:
            # Read again: another process may have come further before it gave the job back.
            job = await self._journal.job(job.id)
            run = _Run(self._session, job, self._journal, control, progress, self._sleep, self._monotonic)
            problem = await run.carry_out()
            if run.settled:
                state = JobState.DONE
        except BaseException:
            with suppress(JournalUnavailable, AccountBusy):
                await self._release(job.id, state)
            raise
        try:
            await self._release(job.id, state)
        except (JournalUnavailable, AccountBusy) as error:
            raise problem or error from None
        if problem is not None:
            raise problem
        return await self._journal.job(job.id)

    async def _release(self, job_id: str, state: JobState) -> None:
        """Give the job back, also where the task is cancelled meanwhile."""
        releasing = asyncio.ensure_future(self._journal.release(job_id, state))
        try:
            await asyncio.shield(releasing)
        except asyncio.CancelledError:
            with suppress(JournalUnavailable, AccountBusy):
                await releasing
            raise


class _Run:
    """One run of a job that is claimed."""

    def __init__(
        self,
        session: Session,
        job: Job,
        journal: Journal,
        control: JobControl,
        progress: Callable[[JobProgress], None],
        sleep: Sleep,
        monotonic: Callable[[], float],
    ) -> None:
        self._control = control
        self._sleep = sleep
        self._tally = JobCounter(job, progress, monotonic)
        self._ledger = Ledger(job, journal, session.clock, self._tally)
        self._line = OutageGate(session.api, control, self._tally.paused, sleep=sleep, monotonic=monotonic)
        reconciler = ReadBack(session.api, self._line, sleep)
        self._carrier = StepRunner(session, self._ledger, self._line, reconciler)

    @property
    def settled(self) -> bool:
        """Nothing is left to do."""
        return self._ledger.settled

    async def carry_out(self) -> WalkmeError | None:
        """Do what is left; what stopped it, None if nothing did or somebody wanted it to stop."""
        self._tally.tell()
        await self._for_all(self._carrier.reconcile, lambda record: record.state is StepState.SENT)
        await self._for_all(self._carrier.carry_out, lambda record: record.state is StepState.TODO)
        return self._line.problem

    async def _for_all(self, work: Work, wanted: Callable[[StepRecord], bool]) -> None:
        """Do something with the steps of each person, of several people at a time."""
        people = self._ledger.by_person(wanted)
        if not people or self._line.stopping:
            return
        waiting = iter(people)
        first, *others = [
            asyncio.create_task(self._serve(work, waiting, leads=index == 0), name="job")
            for index in range(min(PEOPLE_AT_ONCE, len(people)))
        ]
        workers = asyncio.gather(first, *others, return_exceptions=True)
        stopping = asyncio.ensure_future(self._stopping())
        try:
            await asyncio.wait((workers, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not workers.done():
                await self._settle_within(SETTLING_SECONDS, workers)
        finally:
            stopping.cancel()
            for task in (first, *others):
                task.cancel()
            ended = await asyncio.gather(first, *others, return_exceptions=True)
            await asyncio.gather(stopping, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def _serve(self, work: Work, people: Iterator[Sequence[StepRecord]], *, leads: bool) -> None:
        """Work off people until there are none left or no step may be taken any more."""
        try:
            if not leads:
                await self._line.wait_proved()
            for records in people:
                if self._line.stopping:
                    return
                await work(records)
        except JobStopped:
            return
        except WalkmeError as error:
            self._line.stop(error)
        except Exception:
            # A mistake of ours: the others must not go on as if nothing were wrong.
            self._line.stop()
            raise
        finally:
            if leads:
                self._line.prove()

    async def _stopping(self) -> None:
        """Return once no further step may be taken."""
        watching = [
            asyncio.ensure_future(wait) for wait in (self._control.wait_cancelled(), self._line.wait_stopping())
        ]
        try:
            await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def _settle_within(self, seconds: float, workers: "asyncio.Future[list[BaseException | None]]") -> None:
        """Let what is in flight end, but no longer than this."""
        alarm = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((workers, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            await asyncio.gather(alarm, return_exceptions=True)
