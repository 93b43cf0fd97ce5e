"""Has the first rows at hand for the first picture; knows nothing of Textual, whose import it comes before."""

import asyncio
from typing import Final, NamedTuple

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.services.pages import Pages
from walkme_tui.services.ports import Session

FIRST_ROWS: Final = 100
PATIENCE_SECONDS: Final = 0.3


class HeadStart(NamedTuple):
    """The pages of a session, and the task that serves them already."""

    pages: Pages
    serving: asyncio.Task[None]


async def head_start(session: Session) -> HeadStart | None:
    """Ask for the first page where the local copy has no rows; None where it has: they come first then.

    Comes back when the request is on its way: importing Textual holds everything else up.
    """
    try:
        if await session.mirror.positions(0, FIRST_ROWS - 1):
            return None
    except WalkmeError:
        return None
    pages = Pages(session)
    pages.want(session, (1,))
    early = HeadStart(pages, asyncio.create_task(pages.run(), name="pages"))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not session.api.traffic().in_flight and loop.time() < deadline:  # noqa: ASYNC110 - it tells only who asks
        await asyncio.sleep(0.002)
    return early
