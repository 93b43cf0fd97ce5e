"""How another session takes the place of the one on the screen, and what has to be settled before."""

import asyncio
from typing import TYPE_CHECKING

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.services.browsing import BrowserStart
from walkme_tui.ui.errors import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.services.ports import Session
    from walkme_tui.ui.app import WalkmeApp


async def choose_profile(app: "WalkmeApp", start: BrowserStart) -> None:
    """Ask which profile, then open it."""
    from walkme_tui.ui.flows.switching import DEMO, profile_dialog

    current = app.session.account.profile if app.session is not None else None
    chosen = await app.push_screen_wait(profile_dialog(start.profiles, current))
    if chosen == DEMO:
        await open_demo(app, start)
    elif chosen is not None:
        await _open(app, lambda: start.open_session(chosen), chosen)


async def open_demo(app: "WalkmeApp", start: BrowserStart) -> None:
    """Open the demo account."""
    await _open(app, start.open_demo, "the demo")


async def leave(app: "WalkmeApp") -> None:
    """End the program, once no job runs any more or the person lets it go on without them."""
    if await _may_leave(app):
        app.exit(0)


async def _may_leave(app: "WalkmeApp") -> bool:
    from walkme_tui.ui.flows.leaving import may_leave

    return app.work is None or await may_leave(app, app.work)


async def _open(app: "WalkmeApp", opener: "Callable[[], Session]", what: str) -> None:
    """Open another session, show it, and close the one before; a failure keeps that one."""
    if not await _may_leave(app):
        return
    try:
        session = await asyncio.to_thread(opener)
    except WalkmeError as error:
        report(app, error, doing=f"Opening {what}")
        return
    before, work = app.session, app.work
    await app.show_session(session)
    if work is not None:
        await work.aclose()
    if before is not None:
        await before.aclose()
