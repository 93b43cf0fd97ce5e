"""The Jobs tab: the jobs of the profile, and the steps of the one under the cursor."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session
from walkme_tui.ui import change_words
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.widgets.job_list import JobList
from walkme_tui.ui.widgets.job_report import job_lines
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped

NONE_YET = "No jobs yet. O on a user offboards, e edits, x deactivates; every change becomes a job in this list."


class StepsPane(Vertical):
    """A heading with the state of a job, over its steps."""

    def __init__(self, surface: Surface, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._surface = surface
        self._heading = TextBar(id="steps-heading")
        self.steps = ScrollingText(id="steps-lines")
        self._job: Job | None = None
        self._jobs: Sequence[Job] = ()
        self._now_ms = 0

    def compose(self) -> ComposeResult:
        """Heading and steps."""
        yield self._heading
        yield self.steps

    def show(self, job: Job | None, jobs: Sequence[Job], progress: str, now_ms: int) -> None:
        """Show a job of ``jobs``; ``progress`` is empty unless it runs."""
        another = job is None or self._job is None or job.id != self._job.id
        self._job, self._jobs, self._now_ms = job, jobs, now_ms
        style = TextStyle.ACCENT if progress else TextStyle.DIM
        heading = progress or (
            f"{change_words.job_title(job)}: {change_words.step_counts(job)}" if job is not None else ""
        )
        self._heading.write([(f" {heading}", style)], [(f"job {job.id} ", TextStyle.DIM)] if job is not None else ())
        self._write()
        if another:
            self.steps.action_first()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap the text again."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        width = self.steps.size.width - 2
        if self._job is None or width < 2:
            self.steps.set_lines([])
            return
        lines = list(job_lines(self._job, self._now_ms, width, self._jobs))
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
        self.was_read = False
        """True once the journal answered, or could not be read."""

    async def reload(self) -> WalkmeError | None:
        """Read all jobs from the journal; returns the error if it cannot be read."""
        try:
            change_services = await self._job_tasks.change_services()
            jobs = await change_services.journal.jobs(self._session.account.profile)
        except WalkmeError as error:
            self.was_read = True
            self.jobs.set_empty_text(clean(f"{error.message} {error.hint}", change_words.MAX_SENTENCE))
            return error
        self.jobs.set_empty_text(NONE_YET)
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
        fresh = {job_id: running.job for job_id, running in self._job_tasks.running.items()}
        try:
            for job in self.jobs.rows:
                if job.id in self._under_way and job.id not in fresh:
                    fresh[job.id] = await (await self._job_tasks.change_services()).journal.refresh(job)
        except WalkmeError:
            return
        self._fill(tuple(fresh.get(job.id, job) for job in self.jobs.rows))

    def _fill(self, jobs: tuple[Job, ...]) -> None:
        self.jobs.fill(tuple(self._as_seen(job) for job in jobs))
        self.was_read = True
        if self._wanted is not None and self.jobs.select(self._wanted):
            self._wanted = None
        self.follow()

    def _as_seen(self, job: Job) -> Job:
        """The job as it runs here: the journal may have been read before it started."""
        running = self._job_tasks.running.get(job.id)
        return running.job if running is not None else job

    def want(self, job_id: str) -> None:
        """Put the cursor on this job, now or when it is known."""
        self._wanted = None if self.jobs.select(job_id) else job_id
        self.follow()

    @property
    def current(self) -> Job | None:
        """The job under the cursor."""
        return self.jobs.current

    @property
    def place(self) -> str | None:
        """Id of the job under the cursor, or of the one that it goes to as soon as it is listed."""
        return self._wanted or (self.current.id if self.current is not None else None)

    def follow(self) -> None:
        """Show the steps of the job under the cursor."""
        job = self.jobs.current
        running = self._job_tasks.running.get(job.id) if job is not None else None
        status = self._job_tasks.job_status(running) if running is not None else ""
        self.steps.show(job, self.jobs.rows, status, self._session.clock())
