"""A listing: the rows of one view of the users that a table shows."""

import asyncio
from array import array
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.events import Event, MembersStored, PageLoaded, TotalChanged, UserForgotten, UserStored
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.page_demand import PageDemand
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.reading.row_window import RowWindow
from walkme_tui.services.reading.view import EVERYONE, ViewRows, chunks
from walkme_tui.services.waiting import DelayedCall

SETTLE_SECONDS: Final = 0.15
RETRY_SECONDS: Final = 5.0


class Phase(StrEnum):
    """How much is known of a view."""

    LOADING = "loading"
    READY = "ready"
    EMPTY = "empty"


class RowsChanged(NamedTuple):
    """Rows ``first`` to ``last`` (inclusive) may answer ``row()`` differently now."""

    first: int
    last: int


class ListingChanged(NamedTuple):
    """The query, total, order or phase changed: every index may stand for another user now."""


ListingChange: TypeAlias = RowsChanged | ListingChanged


class Listing:
    """A window over one view: the server's list (positions, some not loaded) or a selection of the loaded users.

    ``row`` reads a bounded cache; ``want`` sets the visible rows. ``run`` must be running, and that of ``pages`` too.
    After ``show`` the old view stays until the new one is ready (``ListingChanged``).
    """

    listener: Callable[[ListingChange], None] | None = None
    """Called on the event loop with every change."""

    failure: MirrorUnavailable | None = None
    """Why the view is not up to date, None while it is; the last view stays, and the mirror is read again soon."""

    def __init__(
        self,
        session: Session,
        pages: PageLoader,
        query: UserQuery = EVERYONE,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._mirror = session.mirror
        self._events = session.events
        self._pages = pages
        self._demand = PageDemand(pages)
        self._settle_seconds = settle_seconds
        self._retry_seconds = retry_seconds
        self._requested = query
        self._view = ViewRows(query, None if query.is_list else array("i"))
        self._searched = False
        self._again = False
        self._window = RowWindow()
        self._stale = True
        self._loaded_from_mirror = False
        self._building: asyncio.Task[None] | None = None
        self._build_seconds = 0.0
        self._view_wanted = asyncio.Event()
        self._window_wanted = asyncio.Event()
        self._settling = DelayedCall(self._view_wanted.set)
        self._retrying = DelayedCall(self._retry)

    # ------------------------------------------------------------ rows

    @property
    def query(self) -> UserQuery:
        """The query of the view that ``row`` and ``total`` describe."""
        return self._view.query

    @property
    def total(self) -> Total | None:
        """Number of rows, None while unknown; for a narrowed or sorted view the number of loaded users.

        That one is not exact while only the first rows are known.
        """
        if self._view.order is None:
            return self._pages.total
        return Total(len(self._view.order), exact=self._view.whole) if self._searched else None

    @property
    def phase(self) -> Phase:
        """How much is known."""
        total = self.total
        if total is None or (total.count == 0 and not total.exact):
            return Phase.LOADING
        return Phase.READY if total.count else Phase.EMPTY

    @property
    def settled(self) -> bool:
        """The view is the one that was requested last, or ``failure`` says why it cannot be read."""
        return self._requested == self._view.query or self.failure is not None

    def is_requested(self, query: UserQuery) -> bool:
        """True if this is the view that was requested last."""
        return self._requested == query

    def row(self, index: int) -> ListedRow | None:
        """The row at ``index``, None while it is not loaded; a dictionary access."""
        return self._window.rows.get(index)

    # ------------------------------------------------------------ requests

    def want(self, first: int, last: int) -> None:
        """Set the visible rows, ``first`` to ``last`` (inclusive); latest wins."""
        if self._window.move(first, last):
            self._window_wanted.set()

    def show(self, query: UserQuery) -> None:
        """Change the view; latest wins."""
        if query == self._requested:
            return
        self._requested, self.failure = query, None
        if self._building is not None:
            self._building.cancel()
        self._view_wanted.set()

    def refresh(self) -> None:
        """Request the pages of the visible rows again."""
        self._demand.refresh(self._window.visible_rows())
        self._request_pages()

    async def locate(self, user_id: str) -> int | None:
        """Index of a user in this view, None where it is not in it or not loaded; raises ``MirrorUnavailable``."""
        index = self._window.index_of(user_id)
        return index if index is not None else await self._view.locate(self._mirror, user_id)

    async def users(self, first: int, last: int) -> list[MirroredUser]:
        """The users at ``first`` to ``last``, with missing pages requested first; raises ``WalkmeError``."""
        view, total = self._view, self.total
        first, last = max(0, first), min(last, total.count - 1 if total is not None else -1)
        if view.order is None:
            missing: dict[int, None] = {}
            for start, end in chunks(first, last):
                held = await self._loaded(view, start, end)
                gaps = (index for index in range(start, end + 1) if index not in held)
                missing.update((gap // self._pages.page_size + 1, None) for gap in gaps)
            await self._pages.ensure(tuple(missing))
        users: list[MirroredUser] = []
        for start, end in chunks(first, last):
            held = await self._loaded(view, start, end)
            rows = (held.get(index) for index in range(start, end + 1))
            users += [row for row in rows if isinstance(row, MirroredUser)]
        return users

    async def all_user_ids(self) -> list[str]:
        """Ids of all loaded users of this view, in its order; raises ``MirrorUnavailable``."""
        return await self._view.user_ids(self._mirror)

    # ------------------------------------------------------------ running

    async def load_from_mirror(self) -> None:
        """Load the first rows of the server's list from the mirror, for the first frame; call ``run`` next.

        No page may be stored in between: ``run`` does not read them again.
        """
        if self._view.order is None:
            span = self._window.span()
            self._put(await self._read(self._view, span), span)
            self._loaded_from_mirror = bool(self._window.rows)

    async def run(self) -> None:
        """Run until cancelled; no task is left then."""
        unsubscribe = self._events.subscribe(self._on_event)
        self._stale, self._loaded_from_mirror = not self._loaded_from_mirror, False
        self._window_wanted.set()
        self._notify(ListingChanged())
        if not self._requested.is_list:
            self._view_wanted.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_view())
                tasks.create_task(self._keep_window())
        finally:
            unsubscribe()
            self._demand.end()
            self._settling.cancel()
            self._retrying.cancel()

    def _on_event(self, event: Event) -> None:
        if self._view.order is not None:
            self._on_event_narrowed(event)
        elif isinstance(event, PageLoaded):
            self._stale = self._stale or self._window.overlaps(event.first, event.last)
        elif isinstance(event, TotalChanged):
            self._window.limit(event.total.count)
            self._notify(ListingChanged())
        elif isinstance(event, UserStored | UserForgotten | MembersStored):
            self._stale = True
        self._window_wanted.set()

    def _on_event_narrowed(self, event: Event) -> None:
        if isinstance(event, PageLoaded):
            if event.first <= event.last:
                self._search_soon(again=not event.only_new)
        elif isinstance(event, UserStored | UserForgotten | MembersStored):
            self._stale = True
            if not isinstance(event, UserStored) or self._window.index_of(event.user_id) is None:
                self._search_soon(at_once=isinstance(event, MembersStored) and not self._view.order)

    def _notify(self, change: ListingChange) -> None:
        if self.listener is not None:
            self.listener(change)

    # ------------------------------------------------------------ the view

    def _search_soon(self, *, again: bool = True, at_once: bool = False) -> None:
        """Search after a pause that collects several pages, and takes at least half of the time; or ``at_once``.

        Without ``again`` only new users arrived: in a view without a sort the matching ones are appended.
        """
        self._again = self._again or again or self._requested.sort is not None
        if at_once:
            self._view_wanted.set()
        else:
            self._settling.request(max(self._settle_seconds, self._build_seconds))

    async def _keep_view(self) -> None:
        """Build the view that was requested last; a newer request cancels the build of an older one."""
        while True:
            await self._view_wanted.wait()
            self._view_wanted.clear()
            if self._requested.is_list and self._requested == self._view.query:
                continue
            building = self._building = asyncio.create_task(self._build(self._requested))
            try:
                await asyncio.wait((building,))
            finally:
                self._building = None
                building.cancel()
                await asyncio.gather(building, return_exceptions=True)
            if not building.cancelled():
                building.result()

    async def _build(self, query: UserQuery) -> None:
        """Build the view from the mirror, the first screen of a new one before the rest."""
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            if query.is_list:
                await self._show_list(query)
            elif self._searched and self._view.whole and query == self._view.query and not self._again:
                await self._grow()
            else:
                await self._search(query)
        except MirrorUnavailable as error:
            self._fail(error)
        self._build_seconds = clock() - started
        self._window_wanted.set()

    async def _show_list(self, query: UserQuery) -> None:
        view = ViewRows(query, None)
        span = self._window.span(0)
        rows = await self._read(view, span)
        self._searched = True
        self._exchange(view, rows, span)

    async def _search(self, query: UserQuery) -> None:
        """Show the first rows of another view at once, then all of it; the same view only when it is whole."""
        if not self._searched or query != self._view.query:
            limit = 2 * self._window.height
            users = await self._mirror.first(query, limit)
            order, whole = array("i", [user.row_id for user in users]), len(users) < limit
            self._searched = True
            self._exchange(ViewRows(query, order, whole), dict(enumerate(users)), (0, len(users) - 1))
            if whole:
                self._again, self.failure = False, None
                return
        self._again = False
        try:
            found = await self._mirror.matching(query)
        except asyncio.CancelledError:
            self._again = True  # the view lacks what changed since the last search
            raise
        view = ViewRows(query, found if isinstance(found, array) else array("i", found))
        span = self._window.span()
        rows = await self._read(view, span)
        self.failure = None
        if view.order == self._view.order:
            self._view = view
            self._put(rows, span)
        else:
            self._exchange(view, rows, span)

    async def _grow(self) -> None:
        """Append the users who were stored since to a view without a sort."""
        view = self._view
        found = await self._mirror.matching(view.query, view.highest)
        if found and view.order is not None:
            view = ViewRows(view.query, view.order + array("i", found))
            span = self._window.span()
            self._exchange(view, await self._read(view, span), span)

    def _exchange(self, view: ViewRows, rows: Mapping[int, ListedRow], span: tuple[int, int]) -> None:
        self._view = view
        self._window.hold(rows, span)
        self._notify(ListingChanged())

    # ------------------------------------------------------------ reading the mirror

    async def _loaded(self, view: ViewRows, first: int, last: int) -> dict[int, ListedRow]:
        """The rows ``first`` to ``last`` as far as they are loaded; raises ``MirrorUnavailable``."""
        rows = await view.read(self._mirror, first, last)
        return rows if view.order is not None else rows | self._pages.unsaved(first, last)

    async def _read(self, view: ViewRows, span: tuple[int, int]) -> dict[int, ListedRow]:
        """The rows of a span, for the table; raises ``MirrorUnavailable`` for a narrowed view.

        The server's list is shown without the mirror as well, as far as its pages are in memory.
        """
        try:
            rows = await self._loaded(view, *span)
        except MirrorUnavailable as error:
            if view.order is not None:
                raise
            self._fail(error)
            held = self._window.rows if self._view.order is None else {}
            rows = {index: row for index, row in held.items() if span[0] <= index <= span[1]}
            return rows | self._pages.unsaved(*span)
        if view.order is None and view.query == self._requested:
            self.failure = None
        return rows

    def _fail(self, error: MirrorUnavailable) -> None:
        """Keep what is shown, report the failure, and read again after a pause."""
        self._pages.note(error.message)
        self._again = self._stale = True
        self.failure = error
        self._retrying.request(self._retry_seconds)
        self._notify(ListingChanged())

    def _retry(self) -> None:
        self._view_wanted.set()
        self._window_wanted.set()

    # ------------------------------------------------------------ the window

    async def _keep_window(self) -> None:
        """Keep the rows around the visible ones in the cache, and request pages that are missing or old there."""
        while True:
            await self._window_wanted.wait()
            self._window_wanted.clear()
            visible, order = self._window.visible, self._view.order
            if self._stale or not self._window.holds_near(len(order) if order is not None else None):
                self._stale = False
                view, span = self._view, self._window.span()
                try:
                    rows = await self._read(view, span)
                except MirrorUnavailable as error:
                    self._fail(error)
                    continue
                if view is not self._view:
                    continue
                if view.order is not None and self._window.holds_other_values(rows):
                    self._search_soon()
                self._put(rows, span)
            if visible == self._window.visible:  # else the rows that are visible by now are not read yet
                self._request_pages()

    def _put(self, rows: dict[int, ListedRow], span: tuple[int, int]) -> None:
        """Replace the cache and report which rows differ."""
        total = self.total
        if self._view.order is None and total is not None:
            rows = {index: row for index, row in rows.items() if index < total.count}
        changed = self._window.differences(rows, span)
        self._window.hold(rows, span)
        if changed:
            self._notify(RowsChanged(changed[0], changed[-1]))

    def _request_pages(self) -> None:
        if self._view.order is not None:
            self._demand.request_narrowed()
        else:
            self._demand.request(self._window.visible, self._window.rows, downwards=self._window.downwards)
