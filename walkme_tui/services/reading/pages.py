"""The page loader: requests the pages of the server's list that listings need."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import (
    MirrorUnavailable,
    NotFound,
    RequestRejected,
    ServerFault,
    UnexpectedAnswer,
    WalkmeError,
)
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, UnreadableRow
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.backoff import NEEDS_USER_ACTION, LoadFailure, retry_pause_seconds
from walkme_tui.services.events import (
    CoverageChanged,
    Event,
    LoadFailed,
    LoadRecovered,
    PageLoaded,
    TotalChanged,
    UserForgotten,
    UserStored,
)
from walkme_tui.services.page_tracker import PageReceiver, PageTracker
from walkme_tui.services.ports import Session
from walkme_tui.services.waiting import Sleep, Wakeup

MAX_UNSAVED_ROWS: Final = 2000
# The number of pages under way up to which one more of this priority may start: visible rows come first.
IN_FLIGHT: Final = {Priority.DEMAND: 4, Priority.PREFETCH: 2, Priority.BACKGROUND: 2}


class _Want(NamedTuple):
    """The pages that one listing or caller needs: ``pages`` are visible, ``ahead`` are next, ``rest`` are awaited."""

    pages: tuple[int, ...] = ()
    ahead: tuple[int, ...] = ()
    rest: dict[int, None] | None = None


class PageLoader:
    """Requests pages of the server's list: a latest-wins queue, visible pages first, then one page ahead.

    One a session, shared by all listings. ``page_size`` changes once if the server sends pages of another size than
    requested. A page that arrived is not requested again before ``refresh``, even if rows are missing from it.
    """

    def __init__(
        self,
        session: Session,
        page_size: int = 100,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.coverage: Coverage | None = None
        self.failure: LoadFailure | None = None
        self.fresh_from_ms = session.started_at_ms
        self._session = session
        self._monotonic = monotonic
        self._wakeup = Wakeup(sleep)
        self._list = PageTracker(page_size)
        self._receiver = PageReceiver(session, self._list, self._keep_unsaved)
        self._wants: dict[object, _Want] = {}
        self._in_flight: set[int] = set()
        self._tries: dict[int, int] = {}
        self._streak = 0
        self._epoch = 0
        self._unsaved: dict[int, dict[int, ListedRow]] = {}
        self._recount = False

    # ------------------------------------------------------------ state

    @property
    def page_size(self) -> int:
        """Rows of a page, as the server sends it."""
        return self._list.page_size

    @property
    def total(self) -> Total | None:
        """Length of the server's list, None before anything is known."""
        return self._list.total

    @property
    def warnings(self) -> Sequence[str]:
        """Tolerated errors of the server and the mirror, newest last."""
        return self._list.warnings

    def note(self, warning: str) -> None:
        """Add a sentence to the warnings."""
        self._list.note(warning)

    def confirmed(self, page: int) -> bool:
        """This page arrived in this session, or since the last ``refresh``."""
        return self._list.confirmed(page)

    def exists(self, page: int) -> bool:
        """The list reaches this page, as far as is known; one page past an end that is not certain counts."""
        return self._list.exists(page)

    def unsaved(self, first: int, last: int) -> dict[int, ListedRow]:
        """Rows at these positions that the mirror could not store."""
        if not self._unsaved:
            return {}
        return {
            position: row
            for rows in self._unsaved.values()
            for position, row in rows.items()
            if first <= position <= last
        }

    # ------------------------------------------------------------ requests

    def want(self, owner: object, pages: Sequence[int], ahead: Sequence[int] = ()) -> None:
        """Set the pages that ``owner`` (a listing) needs now, in this order."""
        if pages or ahead:
            self._wants[owner] = _Want(tuple(pages), tuple(ahead))
        else:
            self._wants.pop(owner, None)
        self._wakeup.call()

    async def ensure(self, pages: Sequence[int]) -> None:
        """Wait until these pages arrived; raises the ``WalkmeError`` of the first failure."""
        missing = {page: None for page in pages if not self._is_settled(page)}
        if not missing:
            return
        if self.failure is not None:
            raise self.failure.error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def on_event(event: Event) -> None:
            if isinstance(event, LoadFailed) and not done.done():
                done.set_exception(event.error)
            if isinstance(event, PageLoaded | TotalChanged):
                for page in [page for page in missing if self._is_settled(page)]:
                    del missing[page]
                if not missing and not done.done():
                    done.set_result(None)

        unsubscribe = self._session.events.subscribe(on_event)
        self._wants[done] = _Want(rest=missing)
        self._wakeup.call()
        try:
            await done
        finally:
            unsubscribe()
            del self._wants[done]
            if done.done() and not done.cancelled():
                done.exception()  # a cancelled caller does not retrieve it

    def refresh(self) -> None:
        """Request every page again when it is needed."""
        self._epoch += 1
        self.fresh_from_ms = self._session.clock() + 1
        self._list.forget()
        self._tries.clear()
        self._wakeup.call()

    def retry_now(self) -> None:
        """Retry at once; after refused credentials the secret is read from its source again."""
        if self.failure is None:
            return
        if isinstance(self.failure.error, NEEDS_USER_ACTION):
            self._session.api.forget_sign_in()
        self.failure = self.failure._replace(retry_at=self._monotonic())
        self._wakeup.call()

    # ------------------------------------------------------------ running

    async def run(self) -> None:
        """Run until cancelled; no task is left then."""
        unsubscribe = self._session.events.subscribe(self._on_event)
        try:
            async with asyncio.TaskGroup() as tasks:
                if self.coverage is None:
                    await self.load_from_mirror()
                while True:
                    while (following := self._following()) is not None:
                        page, priority = following
                        self._in_flight.add(page)
                        tasks.create_task(self._fetch(page, priority))
                    if self._recount:
                        self._recount = False
                        tasks.create_task(self._count())
                    retry_at = None if self.failure is None else self.failure.retry_at
                    pause = 0.0 if retry_at is None else retry_at - self._monotonic()
                    await self._wakeup.wait(pause if pause > 0 else None)
        finally:
            unsubscribe()
            self._in_flight.clear()

    async def load_from_mirror(self) -> None:
        """Load the last known coverage from the mirror; ``run`` does it unless it was done before."""
        try:
            self.coverage = await self._session.mirror.coverage()
            reach = 0
            if self.coverage.total is None and self.coverage.loaded:
                held = await self._session.mirror.positions(0, 2 * self.page_size)
                reach = max(held, default=-1) + 1
        except MirrorUnavailable as error:
            self._list.note(error.message)
            return
        if self._list.total is None:
            self._list.begin(self.coverage, reach)
        self._publish_total()

    async def _count(self) -> None:
        try:
            self.coverage = await self._session.mirror.coverage()
        except MirrorUnavailable as error:
            self._list.note(error.message)
        else:
            self._session.events.publish(CoverageChanged(self.coverage))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, UserStored | UserForgotten):
            if isinstance(event, UserForgotten) and event.position is not None:
                # Its row is empty now, and the users after it moved up.
                self._list.forget(event.position // self.page_size + 1)
            self._recount = True
            self._wakeup.call()
        elif isinstance(event, CoverageChanged) and event.coverage is not self.coverage:
            self._follow(event.coverage)

    def _follow(self, coverage: Coverage) -> None:
        """Take the coverage after the crawl, here or in another process, stored a page."""
        self.coverage = coverage
        self._list.distrust(coverage.sweep)
        if coverage.total is not None and self._list.follow(coverage.total):
            self._publish_total()
            self._wakeup.call()
        self._want_end()

    def _following(self) -> tuple[int, Priority] | None:
        """The page to request next, None while none may be."""
        if self.failure is not None:
            due = self.failure.retry_at is not None and self.failure.retry_at <= self._monotonic()
            if self._in_flight or not due:
                return None
        if not self._list.size_known:
            # The first page shows how many users a page has, on which every position depends.
            return (1, Priority.DEMAND) if self._wants and not self._in_flight else None
        best: tuple[int, Priority] | None = None
        for page, priority in self._queue():
            if len(self._in_flight) >= IN_FLIGHT[priority]:
                break
            if page in self._in_flight or self._is_settled(page):
                continue
            tries = self._tries.get(page, 0)
            if tries == 0:
                return page, priority
            if best is None or tries < self._tries[best[0]]:
                best = page, priority
        return best

    def _queue(self) -> Iterator[tuple[int, Priority]]:
        wants = tuple(self._wants.values())
        yield from ((page, Priority.DEMAND) for want in wants for page in want.pages)
        yield from ((page, Priority.PREFETCH) for want in wants for page in want.ahead)
        yield from ((page, Priority.BACKGROUND) for want in wants for page in want.rest or ())

    def _is_settled(self, page: int) -> bool:
        """This page needs no request: it arrived, or the list ends before it."""
        known = self._list.total is not None
        return self._list.confirmed(page) or (known and not self._list.exists(page))

    # ------------------------------------------------------------ one page

    async def _fetch(self, page: int, priority: Priority) -> None:
        epoch, streak, requested_at_ms = self._epoch, self._streak, self._session.clock()
        # A failure behind the claimed end of the list is not reported: there may be no page, which the crawl finds out.
        past_claim = self._list.past_claim(page)
        tolerated: tuple[type[WalkmeError], ...] = (NotFound, RequestRejected)
        if past_claim:
            tolerated = (*tolerated, ServerFault, UnexpectedAnswer)
        try:
            answer = await self._session.api.list_users(page, self.page_size, priority)
        except WalkmeError as error:
            if page == 1 or not isinstance(error, tolerated):
                self._fail(page, error, streak)
                return
            if not past_claim:
                self._list.note(f"The server refused page {page} of the list. {error.message}")
            self._recover(page)
            await self._receive(UserPage(page, self.page_size, (), None), epoch, requested_at_ms)
        else:
            self._recover(page)
            await self._receive(answer, epoch, requested_at_ms)
        finally:
            self._in_flight.discard(page)
            self._wakeup.call()

    async def _receive(self, answer: UserPage, epoch: int, requested_at_ms: int) -> None:
        received = await self._receiver.receive(answer, requested_at_ms)
        if received.stored is not None:
            self._unsaved.pop(received.page.page, None)
        self.coverage = received.coverage or self.coverage
        if epoch != self._epoch:
            self._list.forget(received.page.page)
        if received.total_changed:
            self._publish_total()
        self._receiver.publish(received)
        self._want_end()

    def _want_end(self) -> None:
        """Request the end of a list that became longer by a page at most since it was read: new users are appended.

        Otherwise they would count as not loaded, and the account as incomplete, until it is read again.
        """
        coverage, total = self.coverage, self.total
        self._wants.pop(self, None)
        if (
            coverage is None
            or coverage.sweep is None
            or not coverage.sweep.complete
            or total is None
            or not total.exact
        ):
            return
        if coverage.loaded < total.count <= coverage.loaded + self.page_size:
            first, last = (position // self.page_size + 1 for position in (coverage.loaded, total.count - 1))
            self._wants[self] = _Want(rest=dict.fromkeys(range(first, last + 1)))
            self._wakeup.call()

    def _keep_unsaved(self, page: UserPage, requested_at_ms: int, error: MirrorUnavailable) -> None:
        """Keep a page that the mirror could not store, in a bounded memory."""
        self._list.note(f"{error.message} Pages are kept in memory as far as they fit.")
        if page.rows:
            self._unsaved.pop(page.page, None)
            self._unsaved[page.page] = _rows(page, requested_at_ms)
        while len(self._unsaved) > max(1, MAX_UNSAVED_ROWS // self.page_size):
            oldest = next(iter(self._unsaved))
            del self._unsaved[oldest]
            self._list.forget(oldest)

    def _publish_total(self) -> None:
        if self._list.total is not None:
            self._session.events.publish(TotalChanged(self._list.total))

    def _recover(self, page: int) -> None:
        self._tries.pop(page, None)
        self._streak = 0
        if self.failure is not None:
            self.failure = None
            self._session.events.publish(LoadRecovered())

    def _fail(self, page: int, error: WalkmeError, streak: int) -> None:
        """Report a failure; concurrent failures lengthen the pause only once."""
        self._tries[page] = self._tries.get(page, 0) + 1
        pause = retry_pause_seconds(error, streak + 1)
        if pause is not None:
            self._streak = streak + 1
        self.failure = LoadFailure(error, None if pause is None else self._monotonic() + pause)
        self._session.events.publish(LoadFailed(error, pause))


def _rows(page: UserPage, now: int) -> dict[int, ListedRow]:
    """The rows by position; their row ids are negative, so that they match no row of the mirror."""
    rows: dict[int, ListedRow] = {}
    for position, row in enumerate(page.rows, page.first_position):
        if isinstance(row, User):
            rows[position] = MirroredUser(-2 - position, row, position, now, None)
        else:
            rows[position] = UnreadableRow(position, row.reason, now)
    return rows
