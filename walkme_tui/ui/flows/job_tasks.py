"""The changing side of an open session: its change services, what is being asked, and the jobs under way."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from walkme_tui.domain.commands import Command
from walkme_tui.domain.errors import ConfigurationError, JournalUnavailable, PermissionRefused, WalkmeError
from walkme_tui.domain.permissions import why_not
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session
from walkme_tui.ui import words
from walkme_tui.ui.change_words import MAX_SENTENCE, doing
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from walkme_tui.domain.jobs import Job
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.job_control import JobControl
    from walkme_tui.services.changes.job_progress import JobProgress
    from walkme_tui.ui.flows.origin import Place
    from walkme_tui.ui.plan_preload import PlanPreload

T = TypeVar("T")

SETTLING_SECONDS: Final = 5.0
TIDYING_SECONDS: Final = 1.0
SERVER_PAUSE: Final = "the server asks for a pause"
FRESH_SECONDS: Final = 300.0
"""So long a dialog that is ready waits to be opened; what it shows is out of date then."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a run of a job ended: ``problem`` is why it stopped early, ``unwritten`` why a receipt is missing.

    ``note`` is one more sentence for the person.
    """

    job: "Job"
    problem: WalkmeError | None = None
    unwritten: WalkmeError | None = None
    note: str = ""


@dataclass(slots=True)
class RunningJob:
    """A job on its way, and how far it has come; ``server_wait`` gives the seconds of a pause that the server wants."""

    job: "Job"
    control: "JobControl"
    monotonic: Callable[[], float]
    server_wait: Callable[[], float]
    progress: "JobProgress | None" = None
    progress_at: float = 0.0
    task: "asyncio.Task[JobResult]" = field(init=False)

    @property
    def told(self) -> str:
        """``Offboarding Zoë Çelik: 3 of 5 steps · 1.2/s · 2 s left``."""
        progress, total = self.progress, len(self.job.steps)
        settled = progress.done if progress is not None else total - len(self.job.unsettled)
        parts = [f"{doing(self.job.plan)}: {words.number(settled)} of {words.count(total, 'step', 'steps')}"]
        if progress is not None and progress.failures:
            parts.append(f"{len(progress.failures)} to look at")
        if self.control.cancelled:
            parts.append("stopping after what is in flight")
        elif self.control.paused:
            parts.append("paused, P on its job goes on")
        elif (seconds := self._wait_seconds()) > 0:
            parts.append(f"going on in {words.seconds(seconds)}")
            parts.append(clean(progress.paused, MAX_SENTENCE) if progress and progress.paused else SERVER_PAUSE)
        elif progress is not None and progress.paused:
            parts.append(clean(progress.paused, MAX_SENTENCE))
        elif progress is not None and progress.seconds_left is not None:
            parts += [f"{progress.per_second:.1f}/s", f"{words.seconds(progress.seconds_left)} left"]
        return " · ".join(parts)

    def _wait_seconds(self) -> float:
        """Seconds until something is sent again, as far as the server's pauses and the run's own ones tell."""
        own = self.progress.again_in_seconds if self.progress is not None else None
        left = 0.0 if own is None else own - (self.monotonic() - self.progress_at)
        return max(left, self.server_wait())


@dataclass(frozen=True, slots=True, eq=False)
class Asked(Generic[T]):
    """A question to the server that is under way; ``saying`` is for the status line, ``long`` takes minutes."""

    saying: Callable[[], str]
    task: "asyncio.Task[T]"
    long: bool


@dataclass(frozen=True, slots=True, eq=False)
class Postponed:
    """A dialog that is ready while the person is elsewhere; ``opened`` gets the place where it is opened."""

    saying: str
    opened: "asyncio.Future[Place]"


class JobTasks:
    """Opens the change services on first use, runs jobs in tasks that outlive the screen, and settles them.

    ``opener`` raises ``ConfigurationError``; None: nothing can be changed here. ``listener`` is called when something
    that is shown has changed, with True where it should be seen at once. ``left`` are the jobs that ended here with
    steps left, by id. ``unplanned`` is why the plan that the browser should begin with could not be made.
    """

    def __init__(
        self,
        session: Session,
        opener: "Callable[[], Awaitable[ChangeServices]] | None" = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.monotonic = monotonic
        self._session = session
        self._opener = opener
        self._change_services: ChangeServices | None = None
        self._opening = asyncio.Lock()
        self._running: dict[str, RunningJob] = {}
        self._asking: list[Asked[Any]] = []
        self._postponed: list[Postponed] = []
        self._refused: str | None = None
        self.leaving = False
        self.left: dict[str, Job] = {}
        self.unplanned: WalkmeError | None = None
        self.listener: Callable[[bool], None] = lambda _: None

    # ------------------------------------------------------------ what may be done

    def why_not(self, command: Command) -> str:
        """Why a command cannot be used now, as a phrase; empty if it can."""
        if command.writes and self._opener is None and self._change_services is None:
            return "this session was opened for reading only"
        return why_not(command, self._session.account, self._session.api.scopes, self._refused)

    def note_refusal(self, error: WalkmeError | None) -> None:
        """Learn from a 403 that these credentials do not write."""
        if isinstance(error, PermissionRefused):
            self._refused = error.scope
            self.listener(True)

    async def change_services(self) -> "ChangeServices":
        """The change services, opened by the first call; ``ConfigurationError`` where that cannot be done."""
        async with self._opening:
            if self._change_services is None:
                if self._opener is None:
                    raise ConfigurationError("This session was opened for reading only.")
                self._change_services = await self._opener()
            return self._change_services

    @property
    def opens(self) -> bool:
        """True if changes can be made in this session."""
        return self._opener is not None or self._change_services is not None

    # ------------------------------------------------------------ asking

    async def ask(
        self, saying: Callable[[], str], question: "Callable[[], Coroutine[object, object, T]]", *, long: bool = False
    ) -> T | None:
        """What the server says; the status line shows ``saying`` meanwhile. None where the person took it back.

        Raises what the question raises. A new question takes the place of the one before, but never of a ``long`` one,
        which goes on behind it.
        """
        for before in [each for each in self._asking if each.long is long]:
            self._asking.remove(before)
            before.task.cancel()
        asked = Asked(saying, asyncio.create_task(question()), long)
        self._asking.insert(0 if long else len(self._asking), asked)
        self.listener(True)
        try:
            return await asked.task
        except asyncio.CancelledError:
            if asked.task.cancelled() and not _is_cancelled():
                return None
            asked.task.cancel()
            raise
        finally:
            if asked in self._asking:
                self._asking.remove(asked)
            self.listener(True)

    def take_back(self) -> bool:
        """Ask the latest question no more; False if nothing is being asked."""
        if not self._asking:
            return False
        self._asking.pop().task.cancel()
        return True

    def take_all_back(self) -> None:
        """Ask nothing more."""
        while self.take_back():
            pass

    async def postpone(self, saying: str) -> "Place | None":
        """Wait until ``open_postponed``; where the person is then, None if they do not open it while it is fresh."""
        postponed = Postponed(saying, asyncio.get_running_loop().create_future())
        self._postponed.append(postponed)
        self.listener(True)
        try:
            return await asyncio.wait_for(postponed.opened, FRESH_SECONDS)
        except TimeoutError:
            return None
        finally:
            self._postponed.remove(postponed)
            self.listener(True)

    def open_postponed(self, place: "Place") -> bool:
        """Open the dialog that became ready last; False if none is."""
        waiting = [each for each in self._postponed if not each.opened.done()]
        if waiting:
            waiting[-1].opened.set_result(place)
        return bool(waiting)

    @property
    def saying(self) -> StatusMessage | None:
        """What the status line says of it all."""
        if self._asking:
            return StatusMessage(self._asking[-1].saying(), TextStyle.PLAIN)
        if self._postponed:
            return StatusMessage(self._postponed[-1].saying, TextStyle.ACCENT)
        if not self._running:
            return None
        first, *others = self._running.values()
        more = f" · and {words.count(len(others), 'other job', 'other jobs')}" if others else ""
        leaving = " · then the program ends" if self.leaving else ""
        return StatusMessage(first.told + more + leaving, TextStyle.ACCENT)

    # ------------------------------------------------------------ jobs

    @property
    def running(self) -> Mapping[str, RunningJob]:
        """The jobs under way, by id."""
        return self._running

    async def start(self, job: "Job") -> RunningJob:
        """Carry out what is left of a job, in the background."""
        change_services = await self.change_services()
        from walkme_tui.services.changes.job_control import JobControl

        # Whoever looks at it can stop it, so that it may wait for the service as long as it takes.
        api = self._session.api
        running = RunningJob(
            job, JobControl(patience_seconds=None), self.monotonic, lambda: api.traffic().waiting_seconds
        )
        self._running[job.id] = running
        self.left.pop(job.id, None)
        running.task = asyncio.create_task(self._carry_out(change_services, running), name=f"job {job.id}")
        self.listener(True)
        return running

    async def _carry_out(self, change_services: "ChangeServices", running: RunningJob) -> JobResult:
        def progress(told: "JobProgress") -> None:
            running.progress, running.progress_at = told, self.monotonic()
            self.listener(False)

        problem: WalkmeError | None = None
        try:
            try:
                await change_services.executor.run(running.job.id, running.control, progress)
            except WalkmeError as error:
                problem = error
            ended = await self._ended(change_services, running.job, problem)
            if ended.job.state.resumable and ended.job.unsettled:
                self.left[ended.job.id] = ended.job
            return ended
        finally:
            del self._running[running.job.id]
            self.note_refusal(problem)
            self.listener(True)

    async def _ended(self, change_services: "ChangeServices", job: "Job", problem: WalkmeError | None) -> JobResult:
        """The job as the journal tells it now, with its receipts."""
        unwritten: WalkmeError | None = None
        try:
            job = await change_services.journal.job(job.id)
            await change_services.receipts.write(job)
            job = await change_services.journal.job(job.id)
        except JournalUnavailable as error:
            unwritten = error
        return JobResult(job, problem, unwritten)

    def stop(self, job_id: str | None = None) -> None:
        """Take no more steps of one job, or of all; what is in flight is settled."""
        for running in self._running.values():
            if job_id in {None, running.job.id}:
                running.control.cancel()
        self.listener(True)

    async def idle(self) -> None:
        """Wait until no job is under way."""
        while self._running:
            await asyncio.wait([running.task for running in self._running.values()])

    # ------------------------------------------------------------ the end

    async def aclose(self) -> None:
        """Stop the jobs, give what is in flight 5 s to settle, and close the change services.

        What does not settle in time stays as sent in the journal, and is read again before its job goes on.
        """
        self.take_all_back()
        self.stop()
        tasks = {running.task for running in self._running.values()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SETTLING_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=TIDYING_SECONDS)
        self._opener = None
        if self._change_services is not None:
            change_services, self._change_services = self._change_services, None
            await change_services.aclose()


def work_of(
    session: Session,
    opener: "Callable[[Session], ChangeServices] | None",
    early: "PlanPreload | None",
    monotonic: Callable[[], float],
) -> JobTasks:
    """The changing side of a session; ``opener`` blocks for a moment, ``early`` has begun to open it already."""
    if early is not None:
        return JobTasks(session, early.change_services, monotonic=monotonic)
    if opener is None:
        return JobTasks(session, monotonic=monotonic)
    return JobTasks(session, lambda: asyncio.to_thread(opener, session), monotonic=monotonic)


def _is_cancelled() -> bool:
    """True if the task that runs now was told to end itself."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0
