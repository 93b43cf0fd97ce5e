"""The settings that the command line passes to the browser; nothing is opened yet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.queries import SortKey, UserQuery
from walkme_tui.domain.views import SavedView, TableName
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.config.state import StateFile
    from walkme_tui.domain.plans import Plan
    from walkme_tui.services.changes.change_services import ChangeServices


class ProfileChoice(NamedTuple):
    """One surface of a profile as the switcher lists it: ``target`` is its base URL, ``theme`` the profile's own."""

    name: str
    environment: Environment
    surface: Surface
    target: str
    theme: str | None = None


class StartPlan(NamedTuple):
    """A change that the browser begins with: the plan is made, then shown for review over the list of users.

    ``title`` is shown until the plan is ready. ``make_plan`` reads from the server and writes nothing. If it raises
    ``WalkmeError``, the browser ends and ``run_browser`` raises that error, so that the command line prints it.
    """

    title: str
    make_plan: Callable[[Session, "ChangeServices"], Awaitable["Plan"]]


class BrowserStart(NamedTuple):
    """What the command line passes to the browser.

    ``profile`` is the name of the profile to open, on ``surface``. If it is None, none can be opened: ``problem`` says
    why in full sentences, empty if there is no profile yet. ``open_session`` opens a surface of a profile by name and
    raises ``ConfigurationError``; ``open_demo`` one of the demo account, and ``demo`` means to start with it. Both
    block: call them in a thread, like ``open_change_services``, which opens the services that change the account of a
    session.
    ``keymap`` contains the keys of the commands with other keys than the default, at least one for each.
    ``theme`` is the name of a theme, None for the default; ``no_color`` takes precedence. Crash reports are written to
    ``state_folder``, and ``themes_folder`` contains the user's own themes; None: there is no such folder. ``task`` is
    the change to start with. ``query`` is the filter to start with, including the text of ``view``, the saved view to
    start with, whose order and columns take precedence over the stored ones. ``state_file`` stores preferences; None in
    the demo. ``secret_command`` is the command that prints the profile's secret, for messages; empty for other sources.
    """

    profiles: Sequence[ProfileChoice]
    profile: str | None
    open_session: Callable[[str, Surface], Session]
    open_demo: Callable[[Surface], Session]
    demo: bool
    query: str
    keymap: Mapping[str, tuple[str, ...]]
    theme: str | None
    no_color: bool
    problem: str
    state_folder: Path | None = None
    themes_folder: Path | None = None
    open_change_services: Callable[[Session], "ChangeServices"] | None = None
    task: StartPlan | None = None
    view: SavedView | None = None
    state_file: "StateFile | None" = None
    secret_command: str = ""
    surface: Surface = Surface.REST

    def first_query(self, account: Account) -> tuple[UserQuery, bool]:
        """The first query when the program starts with this account, and True for wide columns.

        A requested view takes precedence over the stored layout. May wait for a disk.
        """
        if self.view is not None:
            view = self.view
            return UserQuery(self.query, hide_inactive=view.hide_inactive, sort=view.sort), view.wide
        query, wide = self.later_query(account)
        return query._replace(text=self.query), wide

    def later_query(self, account: Account) -> tuple[UserQuery, bool]:
        """The same when the user switches to this account, without the filter of the command line."""
        if self.state_file is None:
            return UserQuery(), False
        look = self.state_file.table_layout(account.profile, TableName.USERS)
        sorts_by_nothing = (
            look.sort is not None and look.sort.key is SortKey.ROLE and capabilities(account.surface).roles
        )
        return UserQuery(sort=None if sorts_by_nothing else look.sort), look.wide
