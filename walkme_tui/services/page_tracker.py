"""Pages of the server's list as they arrive: judged, stored, counted and published, for the table and for the crawl."""

from collections.abc import Callable
from typing import Final, NamedTuple

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.mirrored import Stored
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.events import CoverageChanged, PageLoaded, UsersChanged
from walkme_tui.services.ports import Session

MAX_PAGE_SIZE: Final = 1000
MAX_WARNINGS: Final = 50


class ReceivedPage(NamedTuple):
    """A page that arrived: ``page`` is what was kept of it, without rows where it ``repeats`` another page.

    ``stored`` is what storing it changed, None where nothing was stored; ``coverage`` is the mirror's after that.
    ``total_before`` and ``total`` are the length of the list as known before and after it.
    """

    page: UserPage
    stored: Stored | None
    coverage: Coverage | None
    repeats: bool
    total_before: Total | None
    total: Total | None

    @property
    def total_changed(self) -> bool:
        """The page changed what is known of the length of the list."""
        return self.total != self.total_before

    @property
    def end_found(self) -> bool:
        """The end of the list was found by requesting the page behind it, not by a claim of the server."""
        return self.total_changed and self.page.total is None and self.total is not None and self.total.exact


class PageReceiver:
    """Judges, stores and counts each page that arrives, then publishes it.

    ``keep`` takes a page that the mirror could not store, the time of its request and the error; without it
    ``receive`` raises ``MirrorUnavailable``.
    """

    def __init__(
        self,
        session: Session,
        tracker: "PageTracker",
        keep: Callable[[UserPage, int, MirrorUnavailable], None] | None = None,
    ) -> None:
        self._session = session
        self._tracker = tracker
        self._keep = keep

    async def receive(self, answer: UserPage, requested_at_ms: int) -> ReceivedPage:
        """Store a page, as old as its request, and count it; ``publish`` it next."""
        judged = self._tracker.judge(answer)
        stored = None if judged is None else await self._store(judged, requested_at_ms)
        page = judged or answer._replace(rows=(), total=None)
        before = self._tracker.total
        self._tracker.count(page.page, len(page.rows), page.total)
        coverage = None if stored is None else stored.coverage
        received = ReceivedPage(page, stored, coverage, judged is None, before, self._tracker.total)
        if received.end_found and received.total is not None:
            # The mirror takes a length from a page that claims it: here from an empty one behind the end.
            size, count = self._tracker.page_size, received.total.count
            end = await self._store(UserPage(count // size + 2, size, (), count), requested_at_ms)
            received = received._replace(coverage=coverage if end is None else end.coverage)
        return received

    def publish(self, received: ReceivedPage, sweep: Sweep | None = None) -> None:
        """Publish what a page changed; ``sweep`` is the one that requested it, which changes the coverage as well."""
        publish, stored, first = self._session.events.publish, received.stored, received.page.first_position
        if sweep is not None and received.coverage is not None:
            publish(CoverageChanged(received.coverage._replace(sweep=sweep)))
        only_new = stored is not None and not stored.updated and not stored.moved
        publish(PageLoaded(received.page.page, first, first + len(received.page.rows) - 1, only_new))
        if stored is not None and (changed := UsersChanged.by(stored)) is not None:
            publish(changed)

    async def _store(self, page: UserPage, requested_at_ms: int) -> Stored | None:
        try:
            return await self._session.mirror.save_page(page, requested_at_ms)
        except MirrorUnavailable as error:
            if self._keep is None:
                raise
            self._keep(page, requested_at_ms, error)
            return None


def publish_pages_of_another_process(session: Session, coverage: Coverage) -> None:
    """Publish that another process stored pages in this mirror; which ones is not known."""
    session.events.publish(CoverageChanged(coverage))
    session.events.publish(PageLoaded(1, 0, max(coverage.total or 0, coverage.loaded) - 1))


class PageTracker:
    """Which pages arrived, how long the list is, and what was wrong with the answers; no I/O.

    ``page_size`` is the server's own once the first page arrived (``size_known``). ``total`` is None before anything
    is known. ``disproved`` is the last total that the server claimed and its own rows disprove.
    """

    def __init__(self, page_size: int) -> None:
        self.page_size = page_size
        self.total: Total | None = None
        self.warnings: tuple[str, ...] = ()
        self.size_known = False
        self.disproved: int | None = None
        self._claimed = False
        self._refuted: set[int] = set()
        self._rows_of: dict[int, int] = {}
        self._empty: set[int] = set()
        self._last = 0
        self._page_of: dict[int, int] = {}
        self._ids_of: dict[int, frozenset[str]] = {}

    def note(self, *warnings: str) -> None:
        """Add what a server did wrong and was tolerated: each sentence once, the newest ``MAX_WARNINGS``."""
        new = dict.fromkeys(warning for warning in warnings if warning not in self.warnings)
        self.warnings = (*self.warnings, *new)[-MAX_WARNINGS:]

    def begin(self, coverage: Coverage, reach: int) -> None:
        """Start from the mirror's coverage; without a total, ``reach`` is the number of positions it holds."""
        self.distrust(coverage.sweep)
        if coverage.total is not None:
            self.total = Total(coverage.total, exact=True)
        elif reach:
            self.total = Total(reach, exact=False)

    def distrust(self, sweep: Sweep | None) -> None:
        """Ignore a total that the latest sweep disproved."""
        if sweep is not None and sweep.disproved_total is not None:
            self._refuted.add(sweep.disproved_total)

    def resume(self, page_size: int, next_page: int, claimed: int) -> None:
        """Continue an earlier sweep over a list of a claimed length: the pages before ``next_page`` arrived."""
        self.page_size, self.size_known = page_size, True
        starts = {page: (page - 1) * page_size for page in range(1, next_page)}
        self._rows_of = {page: min(page_size, max(0, claimed - start)) for page, start in starts.items()}
        self._last = next_page - 1
        self.follow(claimed)

    def follow(self, claimed: int) -> bool:
        """Take a length that the server claimed in another request; True if that changed the total."""
        before = self.total
        if claimed in self._refuted:
            return False
        self._claimed = True
        self._become(Total(claimed, exact=True))
        return self.total != before

    def confirmed(self, page: int) -> bool:
        """This page arrived, with rows or without."""
        return page in self._rows_of

    def exists(self, page: int) -> bool:
        """The list reaches this page, as far as is known; one page past an end that is not certain counts.

        A claimed end is not certain where the page before it is full: the claim may be too small.
        """
        if page == 1 or self.total is None:
            return page == 1
        start = (page - 1) * self.page_size
        if self.past_claim(page) and self._rows_of.get(page - 1) == self.page_size:
            return True
        return start < self.total.count or (not self.total.exact and start < self.total.count + self.page_size)

    def past_claim(self, page: int) -> bool:
        """This is the page that follows a full last page, if the claimed total is true."""
        return self._claimed and self.total is not None and (page - 1) * self.page_size == self.total.count

    def forget(self, page: int | None = None) -> None:
        """Count this page (None: every page) as not arrived."""
        if page is None:
            self._page_of.clear()
        for gone in tuple(self._rows_of) if page is None else (page,):
            self._rows_of.pop(gone, None)
            self._empty.discard(gone)
        if self._last not in self._rows_of:
            self._last = max((other for other, rows in self._rows_of.items() if rows), default=0)

    def judge(self, answer: UserPage) -> UserPage | None:
        """The part of an answer to store; None if it only repeats another page. Takes the page size of the first."""
        is_first = answer.page == 1 and not self.size_known
        if not is_first:
            answer = _without_surplus(answer)
            if self._repeats(answer):
                self.note(*answer.warnings)
                return None
        claim, answer = answer.total, _without_refuted_total(answer)
        if claim is not None and answer.total is None:
            self._refuted.add(claim)
            self.disproved, self._claimed = claim, False
        elif claim in self._refuted:
            # Another page disproved it; this one is too early in the list to do so, or empty.
            self.disproved = claim
            answer = answer._replace(total=None)
        if is_first:
            answer = _without_surplus(_with_page_size_of_server(answer))
            self.page_size, self.size_known = answer.page_size, True
            self._repeats(answer)
        self.note(*answer.warnings)
        expected = 0 if answer.total is None else min(answer.page_size, answer.total - answer.first_position)
        if len(answer.rows) < expected:
            self.note(f"Page {answer.page} of the list has {len(answer.rows)} users where {expected} were expected.")
        return answer

    def _repeats(self, answer: UserPage) -> bool:
        """The rows are those of another page that arrived."""
        ids = tuple(row.id for row in answer.rows if isinstance(row, User))
        original = self._page_of.setdefault(hash(ids), answer.page) if ids else answer.page
        before = answer.page - 1
        if original == answer.page and ids and self._ids_near(before).issuperset(ids):
            original = before  # past the end some servers send the last users again, which two pages may share
        if original == answer.page or not self.confirmed(original):
            self._ids_of[answer.page] = frozenset(ids)
            self._ids_of = {page: self._ids_of[page] for page in self._ids_of if page >= before}
            return False
        if not self.past_claim(answer.page):  # past the end some servers send another page again
            self.note(f"Page {answer.page} of the list repeats page {original}; the repetition was left out.")
        return True

    def _ids_near(self, page: int) -> frozenset[str]:
        """The ids of a page that arrived recently and of the one before it."""
        return self._ids_of.get(page, frozenset()) | self._ids_of.get(page - 1, frozenset())

    def count(self, page: int, rows: int, claimed: int | None) -> None:
        """Count a page that arrived with so many rows."""
        self.forget(page)
        self._rows_of[page] = rows
        if rows:
            self._last = max(self._last, page)
        else:
            self._empty.add(page)
        self._claimed = self._claimed or claimed is not None
        self._become(self._estimate() if claimed is None else Total(claimed, exact=True), page)

    def _become(self, total: Total, page: int | None = None) -> None:
        """Set the total; ``page`` is the one it came with, which counts as arrived whatever the total is."""
        if self.total is not None and total.count < self.total.count:
            # The mirror dropped whole pages past the end: should the list grow again, they are missing.
            end = -(-total.count // self.page_size)
            for gone in [other for other in self._rows_of if other > end and other != page]:
                self.forget(gone)
        self.total = total

    def _estimate(self) -> Total:
        """The length of the list after an answer that claimed none, from the pages that arrived."""
        known = self.total.count if self.total is not None else 0
        reach = (self._last - 1) * self.page_size + self._rows_of[self._last] if self._last else 0
        if self._claimed and reach <= known:
            return Total(known, exact=True)
        if self._last + 1 in self._empty:
            return Total(reach, exact=True)
        ends = min((page for page in self._empty if page > self._last), default=None)
        if ends is not None:
            known = min(known, (ends - 1) * self.page_size)
        return Total(max(known, reach), exact=False)


def _without_refuted_total(answer: UserPage) -> UserPage:
    """The page without a total that its own rows disprove."""
    if answer.total is not None and answer.rows and answer.first_position + len(answer.rows) > answer.total:
        warning = f"The server claims {answer.total} users and sends more, so its total is not used."
        return answer._replace(total=None, warnings=(*answer.warnings, warning))
    return answer


def _with_page_size_of_server(answer: UserPage) -> UserPage:
    """A first page whose ``page_size`` is the server's own, which may cap or ignore the one requested.

    Where the total is not known a short first page may be all there is; the next one, requested in that size, shows it.
    """
    sent = len(answer.rows)
    if answer.page != 1 or sent == answer.page_size or not 0 < sent <= MAX_PAGE_SIZE:
        return answer
    if sent > answer.page_size:
        warning = f"The server sends {sent} users a page, whatever page size is requested."
        return answer._replace(page_size=sent, warnings=(*answer.warnings, warning))
    if answer.total is None:
        return answer._replace(page_size=sent)
    if answer.total > sent:
        warning = f"The server sends at most {sent} users a page."
        return answer._replace(page_size=sent, warnings=(*answer.warnings, warning))
    return answer


def _without_surplus(answer: UserPage) -> UserPage:
    """The page without rows past its page size."""
    if len(answer.rows) <= answer.page_size:
        return answer
    warning = "The server sent more users than requested; the surplus was left out."
    return answer._replace(rows=answer.rows[: answer.page_size], warnings=(*answer.warnings, warning))
