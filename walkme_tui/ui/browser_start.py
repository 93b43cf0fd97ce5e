"""The settings that the command line passes to the browser; nothing is opened yet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.views import SavedView, TableLayout, TableName
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.config.state import StateFile
    from walkme_tui.domain.plans import Plan
    from walkme_tui.services.changes.change_services import ChangeServices


class ProfileChoice(NamedTuple):
    """One profile as the switcher lists it: ``target`` is the base URL of its surface, ``theme`` its own theme."""

    name: str
    environment: Environment
    surface: Surface
    target: str
    theme: str | None = None


class StartPlan(NamedTuple):
    """A change that the browser begins with: the plan is made, then shown for review over the list of users.

    ``title`` says in a few words what it is about until the plan is there. ``make_plan`` asks the server, writes
    nothing, and raises ``WalkmeError``: then nothing of the task can be done, and the browser ends and raises that
    error from ``run_browser``, so that the command line says it and ends with its exit code.
    """

    title: str
    make_plan: Callable[[Session, "ChangeServices"], Awaitable["Plan"]]


class BrowserStart(NamedTuple):
    """How the browser begins.

    ``profile`` is the name of the one to open; None means that none can be, and ``problem`` says why in full
    sentences (empty: there simply is none yet), so that the screen explains the three ways in. ``open_session`` opens
    a profile by name and raises ``ConfigurationError``; ``open_demo`` starts the demo account. Both block for a moment:
    call them in a thread. ``demo`` means to begin with the demo. ``keymap`` gives the Textual key names of the commands
    that the person bound anew, never none. ``theme`` is a theme's name, None for the default. ``no_color``
    wins over it. ``state_folder`` takes crash reports, ``themes_folder`` holds the person's own
    themes; None: there is none. ``open_change_services`` opens what changes the account of an open session; it blocks
    for a moment. ``task`` is the change to begin with, None for none. ``query`` is the whole filter to begin with.
    ``view`` is the saved view that was asked for, None for none: its order and columns go before the remembered ones,
    and its text is ``query``, with what was written after its name. ``memory`` outlasts the program, except in the
    demo; None: nothing is remembered. ``secret_command`` is the command that gives the profile's secret, in words;
    empty where the secret comes from elsewhere.
    """

    profiles: Sequence[ProfileChoice]
    profile: str | None
    open_session: Callable[[str], Session]
    open_demo: Callable[[], Session]
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
    memory: "StateFile | None" = None
    secret_command: str = ""

    def first_query(self, profile: str) -> tuple[UserQuery, bool]:
        """What the users are shown by when the program begins with this profile, and whether in wide columns.

        The view that was asked for goes before how the table was left. May take as long as a disk does.
        """
        if self.view is not None:
            view = self.view
            return UserQuery(self.query, hide_inactive=view.hide_inactive, sort=view.sort), view.wide
        query, wide = self.later_query(profile)
        return query._replace(text=self.query), wide

    def later_query(self, profile: str) -> tuple[UserQuery, bool]:
        """The same where the person goes to this profile: the filter of the command line was for the first one."""
        look = self.memory.table_layout(profile, TableName.USERS) if self.memory is not None else TableLayout()
        return UserQuery(sort=look.sort), look.wide
