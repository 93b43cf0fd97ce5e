"""What the flows need of the screen that starts them."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.screen import Screen

from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import MirroredUser, Session
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.ui.flows.job_tasks import JobTasks

if TYPE_CHECKING:
    from walkme_tui.ui.flows.origin import Place


class JobsView(Protocol):
    """The jobs on the screen, as far as a flow sees them."""

    @property
    def place(self) -> "Place":
        """Where the person is."""
        ...

    @property
    def openers(self) -> tuple[str, ...]:
        """The keys of the command that was run last."""
        ...

    async def extent(self, user_ids: Sequence[str]) -> str:
        """What marked users are, where they are all of something: ``the whole account``; else empty."""
        ...

    async def postpone(self, ready: str) -> "Place | None":
        """Say that something is ready, and wait until the person opens it: where they are then; None if they do not."""
        ...

    def show_job(self, job_id: str) -> None:
        """Go to the Jobs tab, with the cursor on this job."""
        ...

    def read_jobs(self, started: str | None = None) -> None:
        """A job was made, went on, or ended; the cursor goes to the one that ``started``."""
        ...


class FlowContext(Protocol):
    """The browser, as far as a flow sees it."""

    session: Session
    pages: PageLoader
    directory: Directory
    work: JobTasks

    @property
    def changing(self) -> JobsView:
        """Its jobs."""
        ...

    @property
    def app(self) -> App[Any]:
        """The app, for toasts and dialogs."""
        ...

    @property
    def group_names(self) -> Mapping[str, str]:
        """Names of the groups by id, as far as they are known."""
        ...

    @property
    def user(self) -> MirroredUser | None:
        """The user under the cursor."""
        ...

    @property
    def marked(self) -> list[str]:
        """Ids of the marked users of the table that is looked at."""
        ...

    def unmark(self, user_ids: Collection[str]) -> str:
        """Take the marks of these users away; a sentence on that, empty if none was marked."""
        ...

    def refresh_situation(self) -> None:
        """Something that the status line, the counts or the empty table tell has changed."""
        ...

    def show_group(self, group_id: str, opened_from: MirroredUser | None = None) -> None:
        """Go to the Groups tab, with the cursor on this group; Esc leads back to the user it was opened from."""
        ...

    def show_user(self, user_id: str) -> None:
        """Go to the Users tab, with the cursor on this user."""
        ...

    @property
    def screen(self) -> Screen[Any]:
        """The screen itself."""
        ...
