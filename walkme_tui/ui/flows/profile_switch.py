"""Switching profiles: choose one, open its session, close the session before."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from textual.app import App
from textual.await_complete import AwaitComplete

from walkme_tui.config.themes import DEFAULT_DARK, ThemeSpec, load_themes
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import BrowserStart, ProfileChoice
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.job_tasks import JobTasks, opened
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.quit import may_leave
from walkme_tui.ui.widgets.text_style import TextStyle

MAX_NAME: Final = 60


class Program(Protocol):
    """The part of the app that a profile switch uses."""

    session: Session | None
    job_tasks: JobTasks | None
    start: BrowserStart

    @property
    def app(self) -> App[Any]:
        """The app itself, for toasts and dialogs."""
        ...

    def show_session(self, session: Session, first: tuple[UserQuery, bool]) -> AwaitComplete:
        """Replace the screen by a browser for this session; ``first`` is its query, and True for wide columns."""
        ...

    def apply_theme(self, spec: ThemeSpec) -> None:
        """Change the colours."""
        ...


async def choose_profile(program: Program, origin: Origin | None) -> None:
    """Let the user choose a profile and open it; ``origin`` is where they are in the account that is open."""
    account = program.session.account if program.session is not None else None
    current = _answer("" if account.demo else account.profile, account.surface) if account is not None else None
    dialog = _profile_dialog(program.start.profiles, current)
    if origin is not None:
        chosen = await origin.show(dialog, "The list of profiles is ready")
    else:
        chosen = await program.app.push_screen_wait(dialog)
    if chosen is None:
        return
    value, _, profile = chosen.partition(":")
    surface = Surface(value)
    open_session = partial(program.start.open_session, profile) if profile else program.start.open_demo
    name = f"{clean(profile, MAX_NAME) or 'the demo'} ({surface.upper()})"
    await _switch(program, partial(open_session, surface), name, origin)


async def open_demo(program: Program) -> None:
    """Open the demo account."""
    await _switch(program, partial(program.start.open_demo, Surface.REST), "the demo", None)


async def _switch(program: Program, open_session: Callable[[], Session], name: str, origin: Origin | None) -> None:
    """Close the open session once another one is open and shown; a running job or a failure may keep the old one."""
    job_tasks = program.job_tasks
    try:
        if job_tasks is None or await may_leave(program.app, job_tasks, f"{name} opens"):
            await _open_and_show(program, open_session, name, origin)
    except WalkmeError as error:
        report(program.app, error, doing=f"Opening {name}")
    finally:
        if job_tasks is not None and job_tasks is program.job_tasks:
            job_tasks.stay()


async def _open_and_show(
    program: Program, open_session: Callable[[], Session], name: str, origin: Origin | None
) -> None:
    """Open a session and show it, unless the user declines because they are elsewhere; one not shown is closed."""
    session = await opened(open_session)
    before, job_tasks = program.session, program.job_tasks
    try:
        query = await asyncio.to_thread(program.start.later_query, session.account)
        if origin is not None and not await origin.wait_opened(f"{name}: the account is ready"):
            return
        # A job may have been started while the session was opened.
        if job_tasks is not None and not await may_leave(program.app, job_tasks, f"{name} opens"):
            return
        await _use_theme_of(program, session.account.profile)
        await program.show_session(session, query)
    finally:
        if program.session is not session:
            await session.aclose()
    if job_tasks is not None:
        await job_tasks.aclose()
    if before is not None:
        await before.aclose()


async def _use_theme_of(program: Program, profile: str) -> None:
    """Change to the theme of a profile, so that production looks like production."""
    start = program.start
    own = next((choice.theme for choice in start.profiles if choice.name == profile), None)
    if start.no_color or (own is None and start.state_file is None):
        return
    chosen = own or (await asyncio.to_thread(start.state_file.theme) if start.state_file is not None else None)
    spec = load_themes(start.themes_folder).loaded.get(chosen or DEFAULT_DARK)
    if spec is not None:
        program.apply_theme(spec)


def _answer(profile: str, surface: Surface) -> str:
    """The answer for a surface of a profile; the demo has no name, and no profile has an empty one."""
    return f"{surface}:{profile}"


def _profile_dialog(profiles: Sequence[ProfileChoice], current: str | None) -> ChoiceDialog:
    """A dialog that returns an ``_answer``."""
    choices = [
        Choice(
            _answer(profile.name, profile.surface),
            f"{clean(profile.name, 40)}  {profile.environment.upper()}  {profile.surface.upper()}",
            clean(profile.target, 80),
            TextStyle.WARN if profile.environment is Environment.PRODUCTION else TextStyle.DIM,
        )
        for profile in profiles
    ]
    choices += [
        Choice(_answer("", surface), f"the demo account  {surface.upper()}", "nothing in it is real")
        for surface in Surface
    ]
    return ChoiceDialog("Open a profile", choices, current)
