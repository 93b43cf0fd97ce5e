"""One pass over the pages of the server's list: several requests under way, each page stored as it arrives.

The mirror counts the users seen since the pass began: a million ids in memory would be too many, and the count survives
a restart.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import NotFound, RequestRejected, UnexpectedAnswer, WalkmeError
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.concurrency import gather_bounded
from walkme_tui.services.page_tracker import PageReceiver, PageTracker, ReceivedPage
from walkme_tui.services.ports import Session

SMALLER_PAGES: Final = (500, 250, 100)
MAX_EMPTY_PAGES: Final = 2
CLOCK_SKEW_MS: Final = 5 * 60 * 1000
MAX_USERS: Final = 10_000_000
# Pages that are stored together: the mirror stores several faster, and the others wait in memory.
MAX_STORED_AT_ONCE: Final = 4
# When a page fails, each other page under way may still arrive within this time.
GRACE_SECONDS: Final = 1.0


class SweepProgress(NamedTuple):
    """``loaded`` of ``total`` (None: unknown) users arrived in this ``pass_number`` (2: the first was inconclusive).

    ``pages_done`` pages arrived. ``after_drift``: the list changed during the first pass.
    """

    loaded: int
    total: int | None
    pass_number: int = 1
    pages_done: int = 0
    after_drift: bool = False


Report: TypeAlias = Callable[[SweepProgress], None]


class MirrorRenewed(Exception):
    """The mirror was replaced during the pass, so that earlier pages are missing from it."""


class _PageRequest(NamedTuple):
    """A page that is being requested."""

    page: int
    requested_at_ms: int


_PageRequests: TypeAlias = dict["asyncio.Task[UserPage]", _PageRequest]


class ListPass:
    """One pass over the list: ``sweep`` is its state, also stored in the mirror. It deletes no user.

    ``failure`` is why ``run`` returned before the end, and ``failed_page`` the page; ``arrived`` counts the pages that
    arrived since the call. ``repeated``: the server sent a page in place of another. ``skipped`` pages were left out.
    """

    def __init__(self, session: Session, sweep: Sweep, known: PageTracker, report: Report) -> None:
        self.sweep = sweep
        self.failure: WalkmeError | None = None
        self.failed_page: int | None = None
        self.arrived = 0
        self.repeated = False
        self._session = session
        self._known = known
        self._receiver = PageReceiver(session, known)
        self._report = report
        self._halted = False
        self._next = sweep.next_page
        self._users = 0
        self._early: dict[int, int] = {}  # unreadable records of pages that arrived before an earlier page
        self._skipped: dict[int, WalkmeError] = {}
        self._empty_pages = 0
        self._seen_at_last_check = 0
        self._next_check = 2
        self._noted: Sweep | None = None

    @classmethod
    async def start(
        cls, session: Session, page_size: int, report: Report, *, first: Sweep | None = None, renews: bool = False
    ) -> "ListPass":
        """Request and store the first page of this size, or of a smaller one where the server refuses it.

        ``first`` is the inconclusive first pass, if this is the second. Raises ``ApiError``, ``ConfigurationError`` or
        ``MirrorUnavailable``.
        """
        sizes = (page_size, *(size for size in SMALLER_PAGES if size < page_size))
        for size in sizes:
            row_id = await session.mirror.next_row_id()
            try:
                answer = await session.api.list_users(1, size, Priority.BACKGROUND)
            except (RequestRejected, UnexpectedAnswer):
                if size == sizes[-1]:
                    raise
                continue
            sweep = Sweep(0, size, 1, None, row_id, renews=renews)
            if first is not None:
                sweep = sweep._replace(pass_number=2, after_drift=first.drifted, renews=first.renews)
            return await cls._started(session, answer, report, sweep)
        raise AssertionError("the last size either answers or raises")

    @classmethod
    async def _started(cls, session: Session, answer: UserPage, report: Report, sweep: Sweep) -> "ListPass":
        """Store the first page; ``sweep.first_new_row_id`` is from before its request."""
        mirror, known = session.mirror, PageTracker(sweep.page_size)
        known.distrust((await mirror.coverage()).sweep)
        started_at_ms = await _unused_moment(session)
        received = await PageReceiver(session, known).receive(answer, started_at_ms)
        row_id = await mirror.next_row_id()
        if received.stored is not None and row_id - sweep.first_new_row_id == len(received.stored.added):
            # Only this page added users meanwhile: they were in the list when the server counted its total.
            sweep = sweep._replace(first_new_row_id=row_id)
        sweep = sweep._replace(
            started_at_ms=started_at_ms, page_size=known.page_size, total_at_start=received.page.total
        )
        sweep = sweep._replace(disproved_total=known.disproved)
        list_pass = cls(session, sweep, known, report)
        list_pass._count(received)
        await list_pass._report_stored([received])
        return list_pass

    @classmethod
    def resumed(cls, session: Session, coverage: Coverage, sweep: Sweep, report: Report) -> "ListPass":
        """Continue ``sweep``, which has a claimed total; ``coverage`` is the mirror's."""
        known = PageTracker(sweep.page_size)
        claimed = coverage.total or sweep.total_at_start or 0
        known.resume(sweep.page_size, sweep.next_page, claimed)
        list_pass = cls(session, sweep, known, report)
        list_pass._noted = sweep
        # An estimate: all pages but the last are full.
        list_pass._users = min((sweep.next_page - 1) * sweep.page_size, claimed) - sweep.unreadable
        return list_pass

    @property
    def total(self) -> int | None:
        """Length of the list, as claimed last or found; None while unknown."""
        total = self._known.total
        return total.count if total is not None and total.exact else None

    @property
    def unreadable(self) -> int:
        """The number of records that arrived and cannot be read."""
        return self.sweep.unreadable + sum(self._early.values())

    @property
    def skipped(self) -> Mapping[int, WalkmeError]:
        """Pages that were left out, and why."""
        return self._skipped

    async def count_seen(self) -> SeenCount:
        """How many users this pass saw; users that arrived twice show that the list changed."""
        sweep = self.sweep
        before_ms = sweep.started_at_ms - CLOCK_SKEW_MS
        seen_count = await self._session.mirror.count_seen(sweep.started_at_ms, sweep.first_new_row_id, before_ms)
        if self._users > seen_count.seen:
            self.sweep = sweep._replace(drifted=True)
        return seen_count

    # ------------------------------------------------------------ requesting

    def halt(self) -> None:
        """Request nothing more: ``run`` returns when the responses under way are stored."""
        self._halted = True

    def skip(self, page: int, error: WalkmeError) -> None:
        """Leave out this page."""
        self._skipped[page] = error
        self._advance()

    async def run(self) -> None:
        """Request the missing pages until the list ends, a page fails, or ``halt`` is called.

        Raises ``MirrorUnavailable`` and ``MirrorRenewed``.
        """
        self.failure = self.failed_page = None
        self.arrived, self._halted, self._next = 0, False, self.sweep.next_page
        requests: _PageRequests = {}
        try:
            while True:
                self._request_more(requests)
                if not requests:
                    return
                if any(task.done() for task in requests):
                    await self._receive_done(requests)
                    continue
                if not await self._wait_for_one(requests):
                    return
        finally:
            for task in requests:
                task.cancel()
            await asyncio.gather(*requests, return_exceptions=True)

    async def _wait_for_one(self, requests: "_PageRequests") -> bool:
        """Wait for a page; False where one has failed and the others do not arrive in time."""
        grace = None if self.failure is None else GRACE_SECONDS
        done, _ = await asyncio.wait(requests, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)

    async def _receive_done(self, requests: "_PageRequests") -> None:
        """Store the pages that arrived; report a failure only where none did, so that none is lost."""
        done = [task for task in requests if task.done()]
        came = [task for task in done if task.exception() is None][:MAX_STORED_AT_ONCE]
        arrived = [(task.result(), requests.pop(task)) for task in came]
        if arrived:
            self.arrived += len(arrived)
            # Before the pages are stored: a slow disk must not delay the requests.
            self._request_more(requests)
            await self._store(arrived)
            return
        for task in done:
            request = requests.pop(task)
            try:
                task.result()
            except (NotFound, RequestRejected) as error:
                if self._known.past_claim(request.page):
                    # The list ends where the server says.
                    await self._store([(UserPage(request.page, self.sweep.page_size, (), None), request)])
                else:
                    self._note_failure(request.page, error)
            except WalkmeError as error:
                self._note_failure(request.page, error)

    def _note_failure(self, page: int, error: WalkmeError) -> None:
        if self.failure is None:
            self.failure, self.failed_page = error, page

    def _request_more(self, requests: "_PageRequests") -> None:
        """Keep as many requests under way as permitted; pages that are not stored yet count."""
        total = self._known.total
        limit = self._session.sync.pages_at_once if total is not None and total.exact else 1
        while len(requests) < limit and (page := self._following()) is not None:
            call = self._session.api.list_users(page, self.sweep.page_size, Priority.BACKGROUND)
            requests[asyncio.ensure_future(call)] = _PageRequest(page, self._session.clock())
            self._next = page + 1

    def _following(self) -> int | None:
        """The next page to request, None where there is none."""
        if self._halted or self.failure is not None or self._empty_pages >= MAX_EMPTY_PAGES:
            return None
        sweep = self.sweep
        page = max(self._next, sweep.next_page)
        while page in self._early or page in self._skipped:
            page += 1
        most = MAX_USERS if sweep.total_at_start is None else 2 * sweep.total_at_start + 10 * sweep.page_size
        return page if (page - 1) * sweep.page_size <= most and self._known.exists(page) else None

    # ------------------------------------------------------------ one page

    async def _store(self, arrived: Sequence[tuple[UserPage, _PageRequest]]) -> None:
        """Store pages that arrived together."""
        received = await gather_bounded(self._receive(answer, request) for answer, request in arrived)
        if any(each.stored is not None and each.stored.coverage.sweep is None for each in received):
            raise MirrorRenewed
        await self._report_stored(received)

    async def _receive(self, answer: UserPage, request: _PageRequest) -> ReceivedPage:
        past_claim = self._known.past_claim(answer.page)
        received = await self._receiver.receive(answer, max(request.requested_at_ms, self.sweep.started_at_ms))
        if received.repeats and not past_claim:
            self.repeated = True
            self.sweep = self.sweep._replace(drifted=True)
        self._count(received)
        return received

    def _count(self, received: ReceivedPage) -> None:
        """Update the sweep by a page that was stored."""
        page, before, disproved = received.page, received.total_before, self._known.disproved
        if disproved is not None and disproved != self.sweep.disproved_total:
            # The claim was wrong from the beginning, so the pass cannot be measured by it.
            self.sweep = self.sweep._replace(total_at_start=None, disproved_total=disproved)
        expected = page.total is None and before is not None and before.count == disproved
        if received.total_changed and before is not None and before.exact and not expected:
            self.sweep = self.sweep._replace(drifted=True)
        self._empty_pages = 0 if page.rows else self._empty_pages + 1
        unreadable = sum(not isinstance(row, User) for row in page.rows)
        self._users += len(page.rows) - unreadable
        self._early[page.page] = unreadable
        self._advance()

    async def _report_stored(self, received: Sequence[ReceivedPage]) -> None:
        """Store the state of the sweep, then report its progress and publish the pages."""
        sweep = self.sweep
        if sweep != self._noted:
            self._noted = sweep
            await self._session.mirror.save_sweep(sweep)
        await self._stop_if_nothing_new()
        done = sweep.next_page - 1 + len(self._early)
        self._report(SweepProgress(self._users, self.total, sweep.pass_number, done, sweep.after_drift))
        for each in received:
            self._receiver.publish(each, self.sweep)

    def _advance(self) -> None:
        """Move ``next_page`` to the first page that is missing."""
        next_page, unreadable = self.sweep.next_page, self.sweep.unreadable
        while next_page in self._early or next_page in self._skipped:
            unreadable += self._early.pop(next_page, 0)
            next_page += 1
        self.sweep = self.sweep._replace(next_page=next_page, unreadable=unreadable)

    async def _stop_if_nothing_new(self) -> None:
        """Without a known length, end the pass where no new user arrived after 2, 4, 8, … pages."""
        done = self.sweep.next_page - 1
        if self.sweep.total_at_start is None and done >= self._next_check:
            self._next_check = 2 * done
            seen = (await self._session.mirror.count_seen(self.sweep.started_at_ms, 0, 0)).seen
            if seen == self._seen_at_last_check:
                self._empty_pages = MAX_EMPTY_PAGES
            self._seen_at_last_check = seen


async def _unused_moment(session: Session) -> int:
    """A time in milliseconds that no stored answer has reached: now, or later where the clock was set back.

    What is stored with this time or a later one was requested by this pass.
    """
    moment_ms, step_ms = session.clock() + 1, 1000
    while (await session.mirror.count_seen(moment_ms, 0, 0)).seen:
        moment_ms, step_ms = moment_ms + step_ms, 2 * step_ms
    return moment_ms
