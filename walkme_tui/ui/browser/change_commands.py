"""The commands of the browser that change the account, and its jobs: which are enabled, shown or waiting."""

import asyncio
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from walkme_tui.config.key_names import textual_key
from walkme_tui.domain.commands import Command
from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.browser.view_state import ACT_ON_MARKS, OF_USER
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.pending import Place
from walkme_tui.ui.keys import labels
from walkme_tui.ui.words import number
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from walkme_tui.domain.jobs import JobSummary
    from walkme_tui.domain.plans import Plan
    from walkme_tui.ui.browser.filter_control import FilterControl
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.plan_preload import PlanPreload

MIN_USERS_OF_EXTENT: Final = 3
"""From so many marked users on, the title of a plan says if they are the whole account or all of a view."""
UNFINISHED_AFTER_SECONDS: Final = 1.0
"""The journal is read for unfinished jobs after the first frame and the first page."""
FORM_AFTER_SECONDS: Final = 2.0
"""The form of a user is mounted then, so that it opens without a delay."""


class ChangeCommands:
    """Listens to the ``JobTasks`` of the session for its screen, and offers unfinished jobs or the plan to begin with.

    ``update_soon`` updates the status line, now or with the next tick.
    """

    def __init__(
        self,
        view: "FlowContext",
        area: "PaneArea",
        box: "FilterControl",
        commands: Sequence[Command],
        preload: "PlanPreload | None",
        *,
        update_soon: "Callable[[], None]",
    ) -> None:
        self._view, self._area, self._box = view, area, box
        self._update_soon = update_soon
        self._job_tasks = view.job_tasks
        self._commands = {command.id: command for command in commands}
        self._plan_preload = preload
        self.last_command = ""

    def begin(self) -> None:
        """Start listening; show the plan to begin with, or offer the jobs that an earlier run did not finish."""
        self._job_tasks.listener = self._jobs_changed
        origin = Origin(self._view)
        if self._plan_preload is not None:
            self._start(partial(self._show_preloaded, origin, self._plan_preload), "Showing the plan")
        elif self._job_tasks.can_change:
            self._view.screen.set_timer(UNFINISHED_AFTER_SECONDS, partial(self._offer_unfinished, origin))
            self._view.screen.set_timer(FORM_AFTER_SECONDS, self._mount_form)

    def end(self) -> None:
        """Stop listening, and cancel the pending requests."""
        self._job_tasks.listener = lambda _: None
        self._job_tasks.pending.cancel_all()

    def refuses(self, command_id: str) -> bool:
        """True for a command that is disabled; a message says why."""
        command = self._commands.get(command_id)
        reason = self._job_tasks.why_not(command) if command is not None else ""
        if command is not None and reason:
            self._view.app.notify(
                f"{reason[:1].upper()}{reason[1:]}.", title=f"Not possible: {command.title}", markup=False, timeout=6
            )
        elif (
            command is not None
            and command.needs_view
            and command_id.startswith(OF_USER)
            and self._area.arrangement.tab is Tab.RECONCILE
            and (reason := self._area.reconcile_tab.without_record(marks=command_id in ACT_ON_MARKS))
        ):
            self._view.app.notify(reason, markup=False, timeout=6)
        return bool(reason)

    @property
    def disabled(self) -> frozenset[str]:
        """Ids of the disabled commands."""
        return frozenset(command.id for command in self._commands.values() if self._job_tasks.why_not(command))

    @property
    def place(self) -> Place:
        """Where the user of the program is now."""
        area, user = self._area, self._view.user
        user_id = user.user.id if user is not None else None
        return Place(
            area.arrangement.tab,
            area.reconcile_tab.place if area.arrangement.tab is Tab.RECONCILE else user_id,
            area.jobs_tab.place if area.arrangement.tab is Tab.JOBS else None,
            self._box.has_focus,
            len(self._view.app.screen_stack),
        )

    @property
    def opening_keys(self) -> tuple[str, ...]:
        """The keys of the command that was run last, by their Textual names."""
        command = self._commands.get(self.last_command)
        return tuple(map(textual_key, command.keys)) if command is not None else ()

    async def extent(self, user_ids: Sequence[str]) -> str:
        """A phrase if the marked users are a whole set (``the whole account``); else empty."""
        coverage, table, count = self._view.pages.coverage, self._area.table, len(user_ids)
        if coverage is None or table is None or count < MIN_USERS_OF_EXTENT:
            return ""
        if count >= coverage.loaded:
            if coverage.complete:
                return "the whole account"
            of = f" of {number(coverage.total)}" if coverage.total is not None else ""
            return f"all loaded users ({number(coverage.loaded)}{of})"
        total = table.listing.total
        if total is None or total.count != count:
            return ""
        try:
            in_view = await table.listing.all_user_ids()
        except MirrorUnavailable:
            return ""  # the plan is made without this note
        if set(user_ids) != set(in_view):
            return ""
        return f"all {number(count)} in this view"

    async def postpone(self, ready: str) -> Place | None:
        """Show that a dialog is ready and wait until it is opened; where that is, None if it is not opened."""
        key = labels(self._commands["dialog.open"]) or "Open what is ready, in the palette,"
        message = f"{ready}. {key} opens it."
        self._view.app.notify(message, markup=False, timeout=8)
        return await self._job_tasks.pending.postpone(message)

    def open_postponed(self) -> None:
        """Open the dialog that became ready on another tab or row."""
        if not self._job_tasks.pending.open_latest(self.place):
            self._view.app.notify("No dialog is ready.", markup=False, timeout=4)

    @property
    def job(self) -> "JobSummary | None":
        """The job under the cursor, None on the other tabs."""
        return self._area.jobs_tab.current if self._area.arrangement.tab is Tab.JOBS else None

    def read_jobs(self, started: str | None = None) -> None:
        """Read the jobs again if they were shown before; move the cursor to the job that ``started``."""
        if self._area.has_jobs_tab:
            if started is not None:
                self._area.jobs_tab.want(started)
            reading = self._area.jobs_tab.reload
            start_worker(self._view.screen, WorkerGroup.JOBS, reading, exclusive=True, name="Reading the jobs")

    def tick(self) -> None:
        """Update the Jobs tab; call it once a second while it is shown."""
        tab = self._area.jobs_tab
        if tab.moves:
            start_worker(self._view.screen, WorkerGroup.JOBS, tab.refresh_running, name="Reading the running jobs")
        else:
            tab.jobs.refresh()
            tab.follow()

    # ------------------------------------------------------------ inside

    def _jobs_changed(self, urgent: bool) -> None:
        if not self._view.screen.is_attached:
            return
        if urgent:
            self._view.update_status()
        else:
            self._update_soon()
        if self._area.arrangement.tab is Tab.JOBS:
            self._area.jobs_tab.follow()

    def _start(self, work: "Callable[[], Coroutine[object, object, object]]", name: str) -> None:
        start_worker(self._view.screen, WorkerGroup.WRITE, work, name=name)

    def _offer_unfinished(self, origin: Origin) -> None:
        from walkme_tui.ui.flows.jobs import offer_unfinished

        self._start(partial(offer_unfinished, self._view, origin), "Reading the unfinished jobs")

    def _mount_form(self) -> None:
        async def mount() -> None:
            # Its modules are imported on a thread: that takes as long as mounting it.
            await asyncio.to_thread(import_module, "walkme_tui.ui.flows.user_editor")
            from walkme_tui.ui.flows.open_form import mount_form

            mount_form(self._view.app, self._job_tasks.monotonic)

        start_worker(self._view.screen, WorkerGroup.EDITOR, mount, name="Mounting the form")

    async def _show_preloaded(self, origin: Origin, preload: "PlanPreload") -> None:
        """Show the plan to begin with; one that cannot be made ends the browser, and the command line prints why."""
        from walkme_tui.ui.flows.plan_review import review

        try:
            plan: Plan | None = await self._job_tasks.pending.request(
                lambda: f"{preload.title}: reading from the server… Esc stops.", preload.plan
            )
        except WalkmeError as error:
            self._job_tasks.plan_failure = error
            self._view.app.exit(0)
            return
        if plan is not None:
            await review(self._view, origin, plan)
