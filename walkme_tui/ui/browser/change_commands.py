"""The changing side of the browser's screen: which commands may be used, and what is told of jobs."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.commands import Command
from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.jobs import Job
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.pending import Place
from walkme_tui.ui.keys import labels
from walkme_tui.ui.words import number
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from walkme_tui.domain.plans import Plan
    from walkme_tui.ui.browser.screen import BrowserScreen
    from walkme_tui.ui.plan_preload import PlanPreload

LEAST_EXTENT: Final = 3
"""Of so many marked users it is said if they are the whole account or all of a view."""
LOOK_AFTER_SECONDS: Final = 1.0
"""When the journal is asked for unfinished jobs: the first picture and the first page come before."""


class ChangeCommands:
    """Stands between the screen and its ``JobTasks``."""

    def __init__(
        self, browser: "BrowserScreen", work: JobTasks, commands: Sequence[Command], early: "PlanPreload | None"
    ) -> None:
        self._browser = browser
        self._work = work
        self._commands = {command.id: command for command in commands}
        self._early = early
        self.last_command = ""

    def begin(self) -> None:
        """The screen is there: show the plan that it begins with, or offer what an earlier run left."""
        self._work.listener = self._told
        origin = Origin(self._browser)
        if self._early is not None:
            self._start(partial(self._show_early, origin, self._early), "Showing the plan")
        elif self._work.can_change:
            self._browser.set_timer(LOOK_AFTER_SECONDS, partial(self._offer_unfinished, origin))

    def end(self) -> None:
        """The screen goes."""
        self._work.listener = lambda _: None
        self._work.pending.cancel_all()

    def refuses(self, command_id: str) -> bool:
        """True for a command that cannot be used now; the person is told why."""
        command = self._commands.get(command_id)
        reason = self._work.why_not(command) if command is not None else ""
        if command is not None and reason:
            self._browser.app.notify(
                f"{reason[:1].upper()}{reason[1:]}.", title=f"Not possible: {command.title}", markup=False, timeout=6
            )
        return bool(reason)

    @property
    def greyed(self) -> frozenset[str]:
        """Ids of the commands that cannot be used now."""
        return frozenset(command.id for command in self._commands.values() if self._work.why_not(command))

    @property
    def place(self) -> Place:
        """Where the person is."""
        browser = self._browser
        user = browser.user
        return Place(
            browser.arrangement.tab,
            user.user.id if user is not None else None,
            browser.area.jobs_tab.place if browser.arrangement.tab is Tab.JOBS else None,
            browser.filter.has_keys,
            len(browser.app.screen_stack),
        )

    @property
    def openers(self) -> tuple[str, ...]:
        """The keys of the command that was run last."""
        command = self._commands.get(self.last_command)
        return command.keys if command is not None else ()

    async def extent(self, user_ids: Sequence[str]) -> str:
        """What marked users are, where they are all of something; empty where they are not."""
        browser, coverage = self._browser, self._browser.pages.coverage
        table, people = browser.area.table, len(user_ids)
        if coverage is None or table is None or people < LEAST_EXTENT:
            return ""
        if people >= coverage.loaded:
            if coverage.complete:
                return "the whole account"
            of = f" of {number(coverage.total)}" if coverage.total is not None else ""
            return f"everybody who is loaded ({number(coverage.loaded)}{of})"
        total = table.listing.total
        if total is None or total.count != people:
            return ""
        try:
            in_view = await table.listing.all_user_ids()
        except MirrorUnavailable:
            return ""  # the plan is made without this note
        if set(user_ids) != set(in_view):
            return ""
        return f"all {number(people)} in this view"

    async def postpone(self, ready: str) -> Place | None:
        """Say that a dialog is ready, and wait until the person opens it."""
        key = labels(self._commands["dialog.open"]) or "Open what is ready, in the palette,"
        saying = f"{ready}. {key} opens it."
        self._browser.app.notify(saying, markup=False, timeout=8)
        return await self._work.pending.postpone(saying)

    def open_postponed(self) -> None:
        """Open the dialog that became ready while the person was elsewhere."""
        if not self._work.pending.open_latest(self.place):
            self._browser.app.notify("Nothing is ready to be opened.", markup=False, timeout=4)

    @property
    def job(self) -> Job | None:
        """The job under the cursor, None on the other tabs."""
        return self._browser.area.jobs_tab.current if self._browser.arrangement.tab is Tab.JOBS else None

    def show_job(self, job_id: str) -> None:
        """Go to the Jobs tab, with the cursor on this job."""
        self._browser.show_tab(Tab.JOBS)
        self._browser.area.jobs_tab.want(job_id)

    def read_jobs(self, started: str | None = None) -> None:
        """Read the journal again, if the jobs are shown or were; the cursor goes to the job that ``started``."""
        if self._browser.area.has_jobs_tab:
            if started is not None:
                self._browser.area.jobs_tab.want(started)
            reading = self._browser.area.jobs_tab.reload
            start_worker(self._browser, WorkerGroup.JOBS, reading, exclusive=True, name="Reading the jobs")

    def tick(self) -> None:
        """A second went by on the Jobs tab."""
        tab = self._browser.area.jobs_tab
        if tab.moves:
            start_worker(self._browser, WorkerGroup.JOBS, tab.refresh_running, name="Reading the running jobs")
        else:
            tab.jobs.refresh()
            tab.follow()

    # ------------------------------------------------------------ inside

    def _told(self, urgent: bool) -> None:
        """Something that the chrome shows has changed."""
        browser = self._browser
        if not browser.is_attached:
            return
        if urgent:
            browser.situation.tell()
        else:
            browser.situation.tell_soon()
        if browser.arrangement.tab is Tab.JOBS:
            browser.area.jobs_tab.follow()

    def _start(self, work: "Callable[[], Coroutine[object, object, object]]", name: str) -> None:
        start_worker(self._browser, WorkerGroup.WRITE, work, name=name)

    def _offer_unfinished(self, origin: Origin) -> None:
        from walkme_tui.ui.flows.jobs import offer_unfinished

        self._start(partial(offer_unfinished, self._browser, origin), "Reading the unfinished jobs")

    async def _show_early(self, origin: Origin, early: "PlanPreload") -> None:
        """A plan that cannot be made ends the program: whoever asked for it on the command line is told there."""
        from walkme_tui.ui.flows.plan_review import review

        try:
            plan: Plan | None = await self._work.pending.request(
                lambda: f"{early.title}: asking the server… Esc stops.", early.plan
            )
        except WalkmeError as error:
            self._work.unplanned = error
            self._browser.app.exit(0)
            return
        if plan is not None:
            await review(self._browser, origin, plan)
