"""Has the first rows at hand for the first picture; knows nothing of Textual, whose import it comes before."""

import asyncio
from typing import Final, NamedTuple

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.services.pages import Pages
from walkme_tui.services.ports import Session

FIRST_ROWS: Final = 100
PATIENCE_SECONDS: Final = 0.3


class HeadStart(NamedTuple):
    """The pages of a session; ``serving`` is the task that fetches them, where that has begun."""

    pages: Pages
    serving: asyncio.Task[None] | None


async def head_start(session: Session) -> HeadStart:
    """Recall what an earlier start stored; where that is nothing, ask the server for the first page.

    In that case it comes back when the request is on its way: importing Textual holds everything else up. Otherwise
    the server is asked after the first picture.
    """
    pages = Pages(session)
    await pages.recall()
    if await _holds_rows(session):
        return HeadStart(pages, None)
    pages.want(session, (1,))
    serving = asyncio.create_task(pages.run(), name="pages")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not session.api.traffic().in_flight and loop.time() < deadline:  # noqa: ASYNC110 - it tells only who asks
        await asyncio.sleep(0.002)
    return HeadStart(pages, serving)


async def _holds_rows(session: Session) -> bool:
    """True if the first rows are stored; reading them once makes the next reading quick."""
    try:
        return bool(await session.mirror.positions(0, FIRST_ROWS - 1))
    except MirrorUnavailable:
        return False
