"""Loads the first rows before Textual is imported; imports no Textual itself."""

import asyncio
from typing import Any, Final, NamedTuple

from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader

SEND_TIMEOUT_SECONDS: Final = 0.3


class Preload(NamedTuple):
    """The pages and the users of a session; ``serving`` is the task that fetches pages, where that has begun."""

    pages: PageLoader
    listing: Listing
    serving: asyncio.Task[None] | None


async def preload_rows(session: Session, query: UserQuery) -> Preload:
    """Load the rows of an earlier start from the mirror; if there are none, request the first page.

    In that case it returns once the request was sent, because importing Textual blocks everything else. Otherwise
    the first request follows the first frame. ``query`` is the first query of the users.
    """
    pages = PageLoader(session)
    listing = Listing(session, pages, query)
    await pages.load_from_mirror()
    await listing.load_from_mirror()
    if pages.total is not None:
        return Preload(pages, listing, None)
    pages.want(session, (1,))
    serving = asyncio.create_task(pages.run(), name="pages")
    await request_sent(session, serving)
    return Preload(pages, listing, serving)


async def request_sent(session: Session, requesting: asyncio.Task[Any]) -> None:
    """Return once a request was sent, or its task has ended, or after ``SEND_TIMEOUT_SECONDS``."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SEND_TIMEOUT_SECONDS
    while not (session.api.traffic().in_flight or requesting.done()) and loop.time() < deadline:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.005)  # each look interrupts the import of the client
