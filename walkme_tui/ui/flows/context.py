"""What the flows need of the screen that starts them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.screen import Screen

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.flows.pending import Place

if TYPE_CHECKING:
    from walkme_tui.domain.jobs import Job


class JobsView(Protocol):
    """The part of the browser that shows jobs and plans."""

    @property
    def place(self) -> Place:
        """Where the user is."""
        ...

    @property
    def opening_keys(self) -> tuple[str, ...]:
        """The keys of the command that was run last."""
        ...

    async def extent(self, user_ids: Sequence[str]) -> str:
        """A phrase if the marked users are a whole set (``the whole account``); else empty."""
        ...

    async def postpone(self, ready: str) -> Place | None:
        """Show that a dialog is ready and wait until the user opens it; returns where, None if they do not."""
        ...

    def read_jobs(self, started: str | None = None) -> None:
        """Read the jobs again; the cursor moves to the job that ``started``."""
        ...


class NavigationView(Protocol):
    """Goes to tabs, users, groups and jobs."""

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab."""
        ...

    def open_details(self) -> None:
        """Open the details of the user under the cursor and give them the focus."""
        ...

    def show_job(self, job_id: str) -> None:
        """Go to the Jobs tab and move the cursor to this job."""
        ...

    def show_user(self, user_id: str) -> None:
        """Go to the Users tab and move the cursor to this user."""
        ...

    def show_group(self, group_id: str, opened_from: MirroredUser | None = None) -> None:
        """Go to the Groups tab and move the cursor to this group; Esc returns to the user it was opened from."""
        ...


class FlowContext(Protocol):
    """The part of the browser screen that flows use."""

    session: Session
    pages: PageLoader
    directory: Directory
    job_tasks: JobTasks

    @property
    def change_commands(self) -> JobsView:
        """The part of the screen that shows jobs and plans."""
        ...

    @property
    def navigation(self) -> NavigationView:
        """Where else to go."""
        ...

    @property
    def app(self) -> App[Any]:
        """The app, for toasts and dialogs."""
        ...

    @property
    def group_names(self) -> Mapping[str, str]:
        """Names of the known groups by id."""
        ...

    @property
    def user(self) -> MirroredUser | None:
        """The user under the cursor."""
        ...

    @property
    def marked(self) -> list[str]:
        """Ids of the marked users of the table that is shown."""
        ...

    @property
    def listing(self) -> Listing | None:
        """The users of the table that is shown, None on a tab without one."""
        ...

    def unmark(self, job: "Job") -> str:
        """Remove the marks of the users that a job handled; returns a sentence about it, empty if none was marked."""
        ...

    def update_status(self) -> None:
        """Draw the status line, the counts and the message of an empty table again."""
        ...

    @property
    def screen(self) -> Screen[Any]:
        """The screen itself."""
        ...
