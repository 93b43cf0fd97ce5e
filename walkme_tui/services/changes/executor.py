"""Executes jobs: claims a job, runs its steps for several users at once, and releases it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from walkme_tui.domain.errors import AccountBusy, JournalUnavailable, WalkmeError
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.services.changes.creation import UserCreation
from walkme_tui.services.changes.group_steps import GroupCreation, GroupReadBack
from walkme_tui.services.changes.job_control import JobControl, JobStopped
from walkme_tui.services.changes.job_progress import JobProgress, ProgressTracker
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.changes.permissions import require_permission
from walkme_tui.services.changes.read_back import UserReadBack
from walkme_tui.services.changes.step_runner import Readers, StepRunner
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.journal import Journal
from walkme_tui.services.waiting import Sleep, wait_for_first

# Pacing decides how many requests are in flight. Between two of them a user waits for the journal and the mirror, and
# others use the place meanwhile.
USERS_A_PLACE: Final = 2
SETTLE_SECONDS: Final = 5.0
"""How long a job that is being cancelled waits for what is in flight."""

RunSteps = Callable[[Sequence[StepRecord]], Awaitable[None]]


class Executor:
    """Executes the jobs of one session; only ``JobRuns`` calls it.

    ``actor`` is recorded as the author. ``sleep`` and ``monotonic`` (both in seconds) are the clock of every wait.
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
        """Store a plan as a job and send nothing.

        Raises ``ReadOnlyRefused``, ``PermissionRefused`` where a scope is known to be missing, ``ConfigurationError``
        for a plan of another account, and ``JournalUnavailable``.
        """
        require_permission(self._session, plan)
        return await self._journal.create(plan, self._actor)

    async def run(self, job: Job, control: JobControl, listener: Callable[[JobProgress], None]) -> Job:
        """Execute the remaining steps of a job; returns it DONE, or INTERRUPTED where ``control`` cancelled it.

        ``job`` may have been read earlier: steps that were executed since are read again. Steps that an earlier run
        sent without an answer are read back before anything else is sent. Raises what
        ``submit`` raises, ``NotFound`` where no step is left, and ``AccountBusy`` where another process changes one of
        the same users. ``ServiceUnavailable``, ``SignInRefused``, ``PermissionRefused`` and ``JournalUnavailable`` stop
        the run and leave the job INTERRUPTED, to be resumed; so does a cancelled task.
        """
        require_permission(self._session, job.plan)
        await self._journal.claim(job.id)
        state = JobState.INTERRUPTED
        try:
            # Read again: another process may have executed more steps before it released the job.
            job = await self._journal.refresh(job)
            run = _Run(self._session, job, self._journal, control, listener, self._sleep, self._monotonic)
            problem = await run.execute()
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
        return await self._journal.refresh(job)

    async def _release(self, job_id: str, state: JobState) -> None:
        """Release the job, also where the task is cancelled meanwhile."""
        releasing = asyncio.ensure_future(self._journal.release(job_id, state))
        try:
            await asyncio.shield(releasing)
        except asyncio.CancelledError:
            with suppress(JournalUnavailable, AccountBusy):
                await releasing
            raise


class _Run:
    """One run of a claimed job."""

    def __init__(
        self,
        session: Session,
        job: Job,
        journal: Journal,
        control: JobControl,
        listener: Callable[[JobProgress], None],
        sleep: Sleep,
        monotonic: Callable[[], float],
    ) -> None:
        self._control = control
        self._sleep = sleep
        self._users_at_once = session.max_in_flight * USERS_A_PLACE
        self._progress = ProgressTracker(job, listener, monotonic)
        self._ledger = Ledger(job, journal, session.clock, self._progress)
        self._gate = OutageGate(session.api, control, self._progress.pause, sleep=sleep, monotonic=monotonic)
        parts = (session, self._gate, sleep)
        readers = Readers(UserCreation(*parts), UserReadBack(*parts), GroupCreation(*parts), GroupReadBack(*parts))
        self._steps = StepRunner(session, self._ledger, self._gate, readers)

    @property
    def settled(self) -> bool:
        """True if no step is left."""
        return self._ledger.settled

    async def execute(self) -> WalkmeError | None:
        """Execute the remaining steps; returns what stopped the run, None if nothing did or it was cancelled."""
        self._progress.publish()
        await self._for_all_users(self._steps.read_back_sent, lambda record: record.state is StepState.SENT)
        await self._for_all_users(self._steps.execute, lambda record: record.state is StepState.TODO)
        return self._gate.problem

    async def _for_all_users(self, run_steps: RunSteps, wanted: Callable[[StepRecord], bool]) -> None:
        """Call ``run_steps`` with the wanted steps of each user, for several users at once."""
        users = self._ledger.by_user(wanted)
        if not users or self._gate.stopping:
            return
        waiting = iter(users)
        tasks = [
            asyncio.create_task(self._work(run_steps, waiting, first=index == 0), name="job worker")
            for index in range(min(self._users_at_once, len(users)))
        ]
        all_done = asyncio.gather(*tasks, return_exceptions=True)
        try:
            await wait_for_first(asyncio.wait([all_done]), self._control.wait_cancelled(), self._gate.wait_stopping())
            if not all_done.done():
                await wait_for_first(asyncio.wait([all_done]), self._sleep(SETTLE_SECONDS))
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _work(self, run_steps: RunSteps, users: Iterator[Sequence[StepRecord]], *, first: bool) -> None:
        """Take users one after another until none is left or the run stops; the others wait for the first worker."""
        try:
            if not first:
                await self._gate.wait_settled()
            for records in users:
                if self._gate.stopping:
                    return
                await run_steps(records)
        except JobStopped:
            return
        except WalkmeError as error:
            self._gate.stop(error)
        except Exception:
            # A bug: stop the other workers too.
            self._gate.stop()
            raise
        finally:
            if first:
                self._gate.note_settled()
