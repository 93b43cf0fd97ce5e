"""The change services of a session in the browser: whether they may be used, and the running jobs and their status."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.commands import Command
from walkme_tui.domain.errors import ConfigurationError, PermissionRefused, WalkmeError
from walkme_tui.domain.permissions import refusal, why_not
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session
from walkme_tui.ui import words
from walkme_tui.ui.browser_start import BrowserStart
from walkme_tui.ui.flows.pending import Pending
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from walkme_tui.domain.jobs import Job, JobSummary
    from walkme_tui.domain.plans import Plan
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.job_progress import JobProgress
    from walkme_tui.services.changes.job_runs import JobResult, RunningJob
    from walkme_tui.ui.import_reading import ImportDraft
    from walkme_tui.ui.plan_preload import PlanPreload

SERVER_PAUSE: Final = "the server requested a pause"
READ_ONLY: Final = "This session was opened for reading only."
CLOSING_SECONDS: Final = 1.0
ONE_SURFACE: Final = "The profile has one surface only."


class JobTasks:
    """Opens the change services of a session on first use, and follows its jobs.

    ``open_change_services`` raises ``ConfigurationError``; without one the session is for reading only. ``listener`` is
    called when something visible changed, with True where it must be drawn at once. ``unfinished`` are the jobs that
    stopped in this session with steps left, by id. ``import_draft`` is the import that was set up last and not run.
    ``plan_failure`` is why the plan that the browser was started for could not be made. ``open_other`` opens the tasks
    of the profile's other surface, which are ``other`` from then on and are closed with these.
    """

    def __init__(
        self,
        session: Session,
        open_change_services: "Callable[[], Awaitable[ChangeServices]] | None" = None,
        *,
        open_other: "Callable[[], Awaitable[JobTasks]] | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.monotonic = monotonic
        self.listener: Callable[[bool], None] = lambda _: None
        self.pending = Pending(lambda: self.listener(True))
        self.unfinished: dict[str, Job] = {}
        self.import_draft: ImportDraft | None = None
        self.plan_failure: WalkmeError | None = None
        self.session = session
        self._open_change_services = open_change_services
        self._opening = asyncio.Lock()
        self.other: JobTasks | None = None
        self._open_other = open_other
        self._opening_other = asyncio.Lock()
        self._change_services: ChangeServices | None = None
        self._progress_at: dict[str, float] = {}
        self._refused_scope: str | None = None
        self._leaving = ""
        self._staying = asyncio.Event()
        self._staying.set()

    # ------------------------------------------------------------ permissions and services

    @property
    def can_change(self) -> bool:
        """False if the session was opened for reading only."""
        return self._open_change_services is not None or self._change_services is not None

    def why_not(self, command: Command) -> str:
        """Why a command cannot be used now, as a phrase; empty if it can."""
        if command.writes and not self.can_change:
            return "this session was opened for reading only"
        if command.needs and (reason := getattr(self.session.capabilities, command.needs)):
            return str(reason)
        return why_not(command, self.session.account, self.session.api.scopes, self._refused_scope)

    def why_not_run(self, plan: "Plan") -> str:
        """Why a plan can only be saved now, as a phrase; empty if it can be run."""
        scopes = {step.change.scope for step in plan.steps}
        return refusal(scopes, self.session.account, self.session.api.scopes, self._refused_scope)

    def note_refusal(self, error: WalkmeError | None) -> None:
        """Remember from a 403 that these credentials cannot write."""
        if isinstance(error, PermissionRefused):
            self._refused_scope = error.scope
            self.listener(True)

    async def change_services(self) -> "ChangeServices":
        """The change services, opened by the first call; raises ``ConfigurationError``."""
        async with self._opening:
            if self._change_services is None:
                if self._open_change_services is None:
                    raise ConfigurationError(READ_ONLY)
                self._change_services = await self._open_change_services()
            return self._change_services

    async def other_tasks(self) -> "JobTasks":
        """The tasks of the profile's other surface, whose session the first call opens.

        Raises ``ConfigurationError``.
        """
        async with self._opening_other:
            if self.other is None:
                if self._open_other is None:
                    raise ConfigurationError(ONE_SURFACE)
                self.other = await self._open_other()
                self.other.pending, self.other.unfinished = self.pending, self.unfinished
                self.other.listener = self._other_changed
            return self.other

    def _other_changed(self, urgent: bool) -> None:
        self.listener(urgent)

    # ------------------------------------------------------------ running jobs

    @property
    def running(self) -> "Mapping[str, RunningJob]":
        """The jobs that run in this session and in that of the other surface, by id."""
        own = self._change_services.running if self._change_services is not None else {}
        return own if self.other is None else {**own, **self.other.running}

    async def start(self, job: "JobSummary") -> "RunningJob":
        """Run the remaining steps of a job in the background; raises what ``JobRuns.start`` raises."""
        change_services = await self.change_services()
        from walkme_tui.services.changes.job_control import JobControl

        def show(progress: "JobProgress") -> None:
            self._progress_at[progress.job_id] = self.monotonic()
            self.listener(False)

        # The user sees the job and can stop it, so it may wait for the service without limit.
        running = change_services.job_runs.start(job, JobControl(patience_seconds=None), show)
        self.unfinished.pop(job.id, None)
        running.task.add_done_callback(self._note_result)
        self.listener(True)
        return running

    def _note_result(self, task: "asyncio.Task[JobResult]") -> None:
        if not task.cancelled():
            error = task.exception()
            if error is None:
                result = task.result()
                self.note_refusal(result.problem)
                if result.job.state.resumable and result.job.unsettled:
                    self.unfinished[result.job.id] = result.job
            elif isinstance(error, WalkmeError):
                self.note_refusal(error)
        self.listener(True)

    def job_status(self, running: "RunningJob") -> str:
        """``Offboarding Zoë Çelik: 3 of 5 steps · 1.2/s · 2 s left``."""
        if self.other is not None and running.summary.id in self.other.running:
            return self.other.job_status(running)
        from walkme_tui.domain.surface_checks import other_surface
        from walkme_tui.ui.change_words import MAX_SENTENCE, job_in_progress

        progress, job = running.progress, running.summary
        settled = job.steps - job.unsettled
        parts = [f"{job_in_progress(job)}: {words.number(settled)} of {words.count(job.steps, 'step', 'steps')}"]
        if progress is not None and progress.failures:
            parts.append(f"{words.number(len(progress.failures))} to review")
        if running.control.cancelled:
            parts.append("stopping after what is in flight")
        elif running.checking:
            parts.append(f"checking {other_surface(self.session.account.surface).upper()}")
        elif running.control.paused:
            parts.append("paused, P on the job resumes it")
        elif (seconds := self._seconds_to_retry(job.id, progress)) > 0:
            parts.append(f"retrying in {words.seconds(seconds)}")
            parts.append(clean(progress.paused, MAX_SENTENCE) if progress and progress.paused else SERVER_PAUSE)
        elif progress is not None and progress.paused:
            parts.append(clean(progress.paused, MAX_SENTENCE))
        elif progress is not None and progress.seconds_left is not None:
            parts += [f"{progress.per_second:.1f}/s", f"{words.seconds(progress.seconds_left)} left"]
        return " · ".join(parts)

    def _seconds_to_retry(self, job_id: str, progress: "JobProgress | None") -> float:
        """Seconds until something is sent again: the job's own wait or the pause that the server requested."""
        own = progress.retry_in_seconds if progress is not None else None
        left = 0.0 if own is None else own - (self.monotonic() - self._progress_at[job_id])
        return max(left, self.session.api.traffic().waiting_seconds)

    @property
    def status(self) -> StatusMessage | None:
        """The message for the status line: what is pending, else the running jobs."""
        if self.pending.status is not None or not self.running:
            return self.pending.status
        first, *others = self.running.values()
        more = f" · and {words.count(len(others), 'other job', 'other jobs')}" if others else ""
        leaving = f" · then {self._leaving}" if self._leaving else ""
        return StatusMessage(self.job_status(first) + more + leaving, TextStyle.ACCENT)

    # ------------------------------------------------------------ leaving

    def stop_all(self) -> None:
        """Stop all jobs; what is in flight is settled."""
        if self.other is not None:
            self.other.stop_all()
        if self._change_services is not None and self._change_services.running:
            self._change_services.job_runs.cancel()
            self.listener(True)

    def leave(self, then: str) -> None:
        """Hold back the results of jobs: the user is about to leave, and ``then`` follows ("the program ends")."""
        if self.other is not None:
            self.other.leave(then)
        self._leaving = then
        self._staying.clear()
        self.listener(True)

    def stay(self) -> None:
        """The user stays: show results again, also those that were held back."""
        if self.other is not None:
            self.other.stay()
        self._leaving = ""
        self._staying.set()
        self.listener(True)

    @property
    def leaving(self) -> bool:
        """True while the user is about to leave."""
        return bool(self._leaving)

    async def wait_staying(self) -> None:
        """Return once the user is not about to leave."""
        await self._staying.wait()

    async def aclose(self) -> None:
        """Cancel what is pending, stop the jobs and close the change services; see ``ChangeServices.aclose``."""
        self.pending.cancel_all()
        async with self._opening:
            self._open_change_services = None
            change_services = self._change_services
        if change_services is not None:
            await change_services.aclose()
            self._change_services = None
        async with self._opening_other:
            self._open_other = None
            other, self.other = self.other, None
        if other is not None:
            await other.aclose()
            # The browser's own session is closed next, whatever happens here.
            with suppress(WalkmeError, TimeoutError):
                await asyncio.wait_for(other.session.aclose(), CLOSING_SECONDS)


def job_tasks_of(
    session: Session, start: BrowserStart, preload: "PlanPreload | None", monotonic: Callable[[], float]
) -> JobTasks:
    """The ``JobTasks`` of a session; ``preload`` is already opening its change services."""

    def tasks(of: Session, open_other: "Callable[[], Awaitable[JobTasks]] | None" = None) -> JobTasks:
        open_services = start.open_change_services
        if open_services is None:
            return JobTasks(of, open_other=open_other, monotonic=monotonic)

        def open_with_journal() -> "ChangeServices":
            change_services = open_services(of)
            _ = change_services.journal  # the event loop need not wait for its imports
            return change_services

        opening: Callable[[], Awaitable[ChangeServices]] = partial(asyncio.to_thread, open_with_journal)
        if preload is not None and of is session:
            opening = preload.change_services
        return JobTasks(of, opening, open_other=open_other, monotonic=monotonic)

    async def open_other() -> JobTasks:
        from walkme_tui.domain.surface_checks import other_surface

        account = session.account
        open_session = start.open_demo if account.demo else partial(start.open_session, account.profile)
        return tasks(await opened(partial(open_session, other_surface(account.surface))))

    return tasks(session, None if session.other_api is None else open_other)


async def opened(open_session: Callable[[], Session]) -> Session:
    """Open a session in a thread; where the task is cancelled meanwhile, the session is closed."""
    opening = asyncio.ensure_future(asyncio.to_thread(open_session))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with suppress(WalkmeError):
            await (await opening).aclose()
        raise
