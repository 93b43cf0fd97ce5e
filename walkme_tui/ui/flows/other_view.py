"""The browser's screen for flows that change the other surface of its profile."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.screen import Screen

from walkme_tui.services.directory import Directory
from walkme_tui.ui.flows.context import FlowContext, JobsView, NavigationView
from walkme_tui.ui.flows.job_tasks import JobTasks

if TYPE_CHECKING:
    from walkme_tui.domain.jobs import Job


class OtherView:
    """A ``FlowContext`` with the session and the jobs of the other surface; everything else is that of ``view``.

    It has no users: those of the tables have ids of the browser's own surface.
    """

    user = None
    listing = None

    def __init__(self, view: FlowContext, job_tasks: JobTasks) -> None:
        self._view = view
        self.session = job_tasks.session
        self.pages = view.pages
        self.directory = Directory(job_tasks.session)
        self.job_tasks = job_tasks

    @property
    def change_commands(self) -> JobsView:
        """The part of the screen that shows jobs and plans."""
        return self._view.change_commands

    @property
    def navigation(self) -> NavigationView:
        """Where else to go."""
        return self._view.navigation

    @property
    def app(self) -> App[Any]:
        """The app, for toasts and dialogs."""
        return self._view.app

    @property
    def group_names(self) -> Mapping[str, str]:
        """None: flows here show groups as plans name them."""
        return {}

    @property
    def marked(self) -> list[str]:
        """None."""
        return []

    def unmark(self, job: "Job") -> str:
        """Remove the marks of the people that a job handled."""
        return self._view.unmark(job)

    def update_status(self) -> None:
        """Draw the status line again."""
        self._view.update_status()

    @property
    def screen(self) -> Screen[Any]:
        """The screen itself."""
        return self._view.screen
