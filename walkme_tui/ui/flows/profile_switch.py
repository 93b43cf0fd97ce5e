"""From one session to another: choosing a profile, opening it, closing the one before."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from textual.app import App
from textual.await_complete import AwaitComplete

from walkme_tui.config.themes import DEFAULT_DARK, ThemeSpec, load_themes
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.services.browser_start import BrowserStart, ProfileChoice
from walkme_tui.services.ports import Session
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.job_tasks import JobTasks
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.quit import may_leave
from walkme_tui.ui.widgets.text_style import TextStyle

DEMO = ""
"""The answer that means the demo account; no profile has an empty name."""


class Program(Protocol):
    """The app, as far as a change of sessions sees it."""

    session: Session | None
    work: JobTasks | None
    start: BrowserStart

    @property
    def app(self) -> App[Any]:
        """The app itself, for toasts and dialogs."""
        ...

    def show_session(self, session: Session, first: tuple[UserQuery, bool]) -> AwaitComplete:
        """Put a browser over this session in the place of the screen; its users are shown by ``first``, or wide."""
        ...

    def wear(self, spec: ThemeSpec) -> None:
        """Change the colours."""
        ...


async def choose_profile(program: Program, origin: Origin | None) -> None:
    """Ask which, and open it; ``origin`` is where the person is in the account that is open."""
    current = program.session.account.profile if program.session is not None else None
    dialog = _profile_dialog(program.start.profiles, current)
    if origin is not None:
        chosen = await origin.show(dialog, "The list of profiles is ready")
    else:
        chosen = await program.app.push_screen_wait(dialog)
    if chosen == DEMO:
        await _open(program, program.start.open_demo, "the demo", origin)
    elif chosen is not None:
        await _open(program, lambda: program.start.open_session(chosen), chosen, origin)


async def open_demo(program: Program) -> None:
    """Open the demo account."""
    await _open(program, program.start.open_demo, "the demo", None)


async def _open(program: Program, opener: Callable[[], Session], what: str, origin: Origin | None) -> None:
    """Open another session, show it, and close the one before; a failure keeps that one, and so may a running job.

    Where the person has moved on meanwhile, they are asked before the account under their keys becomes another.
    """
    if program.work is not None and not await may_leave(program.app, program.work):
        return
    try:
        session = await asyncio.to_thread(opener)
        first = await asyncio.to_thread(program.start.later_query, session.account.profile)
    except WalkmeError as error:
        report(program.app, error, doing=f"Opening {clean(what, 60)}")
        return
    if origin is not None and not await _reached(origin, session, what):
        return
    before, work = program.session, program.work
    await _wear_its_theme(program, session.account.profile)
    await program.show_session(session, first)
    if work is not None:
        await work.aclose()
    if before is not None:
        await before.aclose()


async def _reached(origin: Origin, session: Session, what: str) -> bool:
    """Whether the session is to be shown; one that is not is closed."""
    reached = False
    try:
        reached = await origin.reached(f"{clean(what, 60)}: the account is ready")
    finally:
        if not reached:
            await session.aclose()
    return reached


async def _wear_its_theme(program: Program, profile: str) -> None:
    """A profile may have a theme of its own, so that production looks like production, and nothing else does."""
    start = program.start
    own = next((choice.theme for choice in start.profiles if choice.name == profile), None)
    if start.no_color or (own is None and start.memory is None):
        return
    chosen = own or (await asyncio.to_thread(start.memory.theme) if start.memory is not None else None)
    spec = load_themes(start.themes_folder).loaded.get(chosen or DEFAULT_DARK)
    if spec is not None:
        program.wear(spec)


def _profile_dialog(profiles: Sequence[ProfileChoice], current: str | None) -> ChoiceDialog:
    """A dialog that answers with the name of a profile, or ``DEMO``."""
    choices = [
        Choice(
            profile.name,
            f"{clean(profile.name, 40)}  {profile.environment.upper()}  {profile.surface.upper()}",
            clean(profile.target, 80),
            TextStyle.WARN if profile.environment is Environment.PRODUCTION else TextStyle.DIM,
        )
        for profile in profiles
    ]
    choices.append(Choice(DEMO, "the demo account", "nothing in it is real"))
    return ChoiceDialog("Open a profile", choices, current)
