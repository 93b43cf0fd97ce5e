"""What the flows need of the screen that starts them."""

from collections.abc import Mapping
from typing import Any, Protocol

from textual.app import App
from textual.screen import Screen

from walkme_tui.services.directory import Directory
from walkme_tui.services.pages import Pages
from walkme_tui.services.ports import MirroredUser, Session


class View(Protocol):
    """The browser, as far as a flow sees it."""

    session: Session
    pages: Pages
    directory: Directory

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

    def refresh_situation(self) -> None:
        """Something that the status line, the counts or the empty table tell has changed."""
        ...

    def show_group(self, group_id: str) -> None:
        """Go to the Groups tab, with the cursor on this group."""
        ...

    @property
    def screen(self) -> Screen[Any]:
        """The screen itself."""
        ...
