"""Loads the first rows before Textual is imported; imports no Textual itself."""

import asyncio
from typing import Final, NamedTuple

from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader

PATIENCE_SECONDS: Final = 0.3


class Preload(NamedTuple):
    """The pages and the users of a session; ``serving`` is the task that fetches pages, where that has begun."""

    pages: PageLoader
    listing: Listing
    serving: asyncio.Task[None] | None


async def preload_rows(session: Session, query: UserQuery) -> Preload:
    """Recall what an earlier start stored; where that is nothing, ask the server for the first page.

    In that case it comes back when the request is on its way: importing Textual holds everything else up. Otherwise
    the server is asked after the first frame. ``query`` is the first query of the users.
    """
    pages = PageLoader(session)
    listing = Listing(session, pages, query)
    await pages.recall()
    await listing.recall()
    if pages.total is not None:
        return Preload(pages, listing, None)
    pages.want(session, (1,))
    serving = asyncio.create_task(pages.run(), name="pages")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not session.api.traffic().in_flight and loop.time() < deadline:  # noqa: ASYNC110 - it tells only who asks
        await asyncio.sleep(0.002)
    return Preload(pages, listing, serving)
