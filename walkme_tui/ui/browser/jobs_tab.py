"""The Jobs tab: the jobs of the profile, and the steps of the one under the cursor."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job, JobState, JobSummary
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session
from walkme_tui.ui import change_words
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.flows.plan_review import results_of_rows
from walkme_tui.ui.widgets.job_list import JobList
from walkme_tui.ui.widgets.job_report import MOST_PEOPLE, job_lines
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.domain.imports.results import RowResult

NONE_YET = "No jobs yet. O on a user offboards, e edits, x deactivates; every change becomes a job in this list."


MIN_PAUSE: Final = 10.0
"""The steps of a running job are drawn again after so many times the time that drawing them took."""


class StepsPane(Vertical):
    """A heading with the state of a job, over its steps."""

    def __init__(self, surface: Surface, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._surface = surface
        self._heading = TextBar(id="steps-heading")
        self.steps = ScrollingText(id="steps-lines")
        self._job: Job | None = None
        self._shown: str | None = None
        self._rows: Sequence[RowResult] = ()
        self._jobs: Sequence[JobSummary] = ()
        self._now_ms = 0

    def compose(self) -> ComposeResult:
        """Heading and steps."""
        yield self._heading
        yield self.steps

    def show_heading(self, job: JobSummary | None, progress: str) -> None:
        """Show the heading of a job; ``progress`` is empty unless it runs."""
        style = TextStyle.ACCENT if progress else TextStyle.DIM
        heading = progress or (
            f"{change_words.job_title(job)}: {change_words.step_counts(job)}" if job is not None else ""
        )
        self._heading.write([(f" {heading}", style)], [(f"job {job.id} ", TextStyle.DIM)] if job is not None else ())

    def show(self, job: Job | None, rows: "Sequence[RowResult]", jobs: Sequence[JobSummary], now_ms: int) -> None:
        """Show the steps of a job of ``jobs``, nothing for None; ``rows`` are those of an import."""
        self._job, self._rows, self._jobs, self._now_ms = job, rows, jobs, now_ms
        self._write()
        if job is not None and job.id != self._shown:
            self._shown = job.id
            self.steps.action_first()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap the text again."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        width = self.steps.size.width - 2
        if self._job is None or width < 2:
            self.steps.set_lines([])
            return
        lines = list(job_lines(self._job, self._rows, self._now_ms, width, self._jobs))
        surface = self._job.plan.surface
        if surface is not self._surface:
            text = (
                f"This job was made through {surface.upper()}. C switches to it: jobs are continued and undone there."
            )
            lines = [*wrapped(text, width, TextStyle.WARN, "! "), (), *lines]
        self.steps.set_lines([[(" ", TextStyle.PLAIN), *line] for line in lines])


class JobsTab:
    """Connects the two panes, and updates them while jobs run."""

    def __init__(self, session: Session, job_tasks: JobTasks) -> None:
        self.jobs = JobList(session.account.surface, session.clock, id="jobs")
        self.jobs.set_empty_text("Reading the journal…")
        self.steps = StepsPane(session.account.surface, id="steps")
        self._session = session
        self._job_tasks = job_tasks
        self._wanted: str | None = None
        self._job: Job | None = None
        self._rows: Sequence[RowResult] = ()
        self._outdated = False
        self._reading = False
        self._drawn_at = 0.0
        self._drawing_seconds = 0.0
        self.was_read = False
        """True once the journal answered, or could not be read."""

    async def reload(self) -> WalkmeError | None:
        """Read all jobs from the journal; returns the error if it cannot be read."""
        try:
            journal = (await self._job_tasks.change_services()).journal
            jobs = await journal.summaries(self._session.account.profile)
        except WalkmeError as error:
            self.was_read = True
            self.jobs.set_empty_text(clean(str(error), change_words.MAX_SENTENCE))
            return error
        self.jobs.set_empty_text(NONE_YET)
        # Its receipts and checks may be new, which its summary does not show.
        self._outdated = True
        self._fill(jobs)
        return None

    @property
    def moves(self) -> bool:
        """True while a job is under way, here or elsewhere."""
        return bool(self._under_way)

    @property
    def _under_way(self) -> set[str]:
        return {job.id for job in self.jobs.rows if job.state is JobState.RUNNING or job.id in self._job_tasks.running}

    async def refresh_running(self) -> None:
        """Update the running jobs: those of this session from their progress, only others from the journal."""
        fresh = {job_id: running.summary for job_id, running in self._job_tasks.running.items()}
        try:
            for job in self.jobs.rows:
                if job.id in self._under_way and job.id not in fresh:
                    fresh[job.id] = await (await self._job_tasks.change_services()).journal.summary(job.id)
        except WalkmeError:
            return
        self._fill(tuple(fresh.get(job.id, job) for job in self.jobs.rows))

    async def _read_steps(self) -> None:
        """Read the steps of the job under the cursor, and of the one that is under it by then."""
        self._reading = True
        try:
            journal = (await self._job_tasks.change_services()).journal
            while (wanted := self.jobs.current) is not None:
                self._outdated = False
                job = await journal.excerpt(wanted.id, MOST_PEOPLE)
                rows = await results_of_rows(job)
                if self.jobs.current is not None and self.jobs.current.id == job.id:
                    self._job, self._rows = job, rows
                    self._draw_steps()
                    return
        except WalkmeError:
            return  # the list shows why
        finally:
            self._reading = False

    def _fill(self, jobs: tuple[JobSummary, ...]) -> None:
        self.jobs.show(tuple(self._as_seen(job) for job in jobs))
        self.was_read = True
        if self._wanted is not None and self.jobs.select(self._wanted):
            self._wanted = None
        self.follow()

    def _as_seen(self, job: JobSummary) -> JobSummary:
        """The job as it runs here: the journal may have been read before it started."""
        running = self._job_tasks.running.get(job.id)
        return running.summary if running is not None else job

    def want(self, job_id: str) -> None:
        """Put the cursor on this job, now or when it is known."""
        self._wanted = None if self.jobs.select(job_id) else job_id
        self.follow()

    @property
    def current(self) -> JobSummary | None:
        """The job under the cursor."""
        return self.jobs.current

    @property
    def place(self) -> str | None:
        """Id of the job under the cursor, or of the one that it goes to as soon as it is listed."""
        return self._wanted or (self.current.id if self.current is not None else None)

    def follow(self) -> None:
        """Show the job under the cursor; its steps as soon as they are read, and again as often as it costs little."""
        summary = self.jobs.current
        running = self._job_tasks.running.get(summary.id) if summary is not None else None
        self.steps.show_heading(summary, self._job_tasks.job_status(running) if running is not None else "")
        is_known = self._job is not None and summary is not None and self._job.id == summary.id
        if not is_known:
            self._job, self._rows = None, ()
        if running is None and summary is not None and self._job_is_old(summary):
            self._start_reading()
        since = self._job_tasks.monotonic() - self._drawn_at
        if not is_known or since >= self._drawing_seconds * MIN_PAUSE:
            if running is not None:
                self._job, self._rows = running.job, ()
            self._draw_steps()

    def _job_is_old(self, summary: JobSummary) -> bool:
        """True if the steps under the list are not those of now."""
        job = self._job
        return job is None or self._outdated or (job.state, job.summary.counts) != (summary.state, summary.counts)

    def _start_reading(self) -> None:
        if self.steps.is_attached and not self._reading:
            start_worker(self.steps, WorkerGroup.JOB_STEPS, self._read_steps, name="Reading the steps of the job")

    def _draw_steps(self) -> None:
        begun = self._job_tasks.monotonic()
        self.steps.show(self._job, self._rows, self.jobs.rows, self._session.clock())
        self._drawn_at = self._job_tasks.monotonic()
        self._drawing_seconds = self._drawn_at - begun
