"""The server's list, page by page: what is wanted is fetched once, saved to the mirror and told to everyone."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import ListedRow
from walkme_tui.services.changes import Change
from walkme_tui.services.ports import Session


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """Why no page comes; ``retry_at`` in seconds of the monotonic clock, None = only when the person asks."""

    error: WalkmeError
    retry_at: float | None


class Pages:
    """Fetches pages of the server's list: a latest-wins queue, demand first, then one page ahead.

    One a session, shared by all listings. ``page_size`` shrinks once if the server sends smaller pages than asked for.
    """

    def __init__(
        self,
        session: Session,
        page_size: int = 100,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], "asyncio.Future[None]"] | None = None,
    ) -> None:
        raise NotImplementedError

    page_size: int
    total: Total | None
    coverage: Coverage | None
    failure: LoadFailure | None

    @property
    def oddities(self) -> Sequence[str]:
        """What the server did wrong and was tolerated, newest last."""
        raise NotImplementedError

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """The same as ``session.changes.subscribe``."""
        raise NotImplementedError

    def confirmed(self, page: int) -> bool:
        """This page came in this session, or since the last ``refresh``."""
        raise NotImplementedError

    def want(self, owner: object, pages: Sequence[int], ahead: Sequence[int] = ()) -> None:
        """What ``owner`` (a listing) wants now, in this order; it replaces what it wanted before."""
        raise NotImplementedError

    async def ensure(self, pages: Sequence[int]) -> None:
        """Wait until these pages came; raises the ``WalkmeError`` of the first failure."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Forget what is confirmed: every page is fetched again when it is wanted."""
        raise NotImplementedError

    def unsaved(self, first: int, last: int) -> dict[int, ListedRow]:
        """Rows at these positions that the mirror could not store."""
        raise NotImplementedError

    def retry_now(self) -> None:
        """Try again at once; after a refused sign-in the secret is read from its source again."""
        raise NotImplementedError

    async def run(self) -> None:
        """Serve until cancelled."""
        raise NotImplementedError
