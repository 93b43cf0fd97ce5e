"""What is known of the server's list while its pages come in: no I/O, only what an answer means."""

from dataclasses import replace
from typing import Final

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.users import User, UserPage

MAX_PAGE_SIZE: Final = 1000
MAX_ODDITIES: Final = 50


def believable(answer: UserPage) -> UserPage:
    """The answer without a total that its own rows refute; ``oddities`` then says so."""
    if answer.total is not None and answer.rows and answer.first_position + len(answer.rows) > answer.total:
        oddity = f"The server claims {answer.total} users and sends more, so its total is not used."
        return replace(answer, total=None, oddities=(*answer.oddities, oddity))
    return answer


def suits(answer: UserPage) -> UserPage:
    """A first page, its ``page_size`` the one that the server keeps: servers cap or ignore what was asked for.

    Where the total is not known a short first page may be all there is; the next one, asked in that size, tells.
    """
    sent = len(answer.rows)
    if answer.page != 1 or sent == answer.page_size or not 0 < sent <= MAX_PAGE_SIZE:
        return answer
    if sent > answer.page_size:
        oddity = f"The server sends {sent} users a page, whatever is asked for."
        return replace(answer, page_size=sent, oddities=(*answer.oddities, oddity))
    if answer.total is None:
        return replace(answer, page_size=sent)
    if answer.total > sent:
        oddity = f"The server sends at most {sent} users a page."
        return replace(answer, page_size=sent, oddities=(*answer.oddities, oddity))
    return answer


def trimmed(answer: UserPage) -> UserPage:
    """The answer without rows past its page size; ``oddities`` then says so."""
    if len(answer.rows) <= answer.page_size:
        return answer
    oddity = "The server sent more users than asked for; the surplus was left out."
    return replace(answer, rows=answer.rows[: answer.page_size], oddities=(*answer.oddities, oddity))


class PageTracker:
    """Which pages came, how long the list is, and what was odd.

    ``page_size`` is settled by the first answer. ``total`` is None before anything is known.
    """

    def __init__(self, page_size: int) -> None:
        self.page_size = page_size
        self.total: Total | None = None
        self.oddities: tuple[str, ...] = ()
        self.settled = False
        self.disproved: int | None = None
        """The total that the server claimed last of those that its own rows disprove."""
        self._claimed = False
        self._refuted: set[int] = set()
        self._rows_of: dict[int, int] = {}
        self._empty: set[int] = set()
        self._last = 0
        self._page_of: dict[int, int] = {}

    def note(self, *oddities: str) -> None:
        """Remember what a server did wrong and was tolerated: each sentence once, the newest ones."""
        new = dict.fromkeys(oddity for oddity in oddities if oddity not in self.oddities)
        self.oddities = (*self.oddities, *new)[-MAX_ODDITIES:]

    def begin(self, coverage: Coverage, reach: int) -> None:
        """Start from what the mirror holds; ``reach`` is how far its positions go where no total is known."""
        self.distrust(coverage.sweep)
        if coverage.total is not None:
            self.total = Total(coverage.total, exact=True)
        elif reach:
            self.total = Total(reach, exact=False)

    def distrust(self, sweep: Sweep | None) -> None:
        """Do not use a total that the latest walk over the whole list disproved."""
        if sweep is not None and sweep.disproved_total is not None:
            self._refuted.add(sweep.disproved_total)

    def resume(self, page_size: int, next_page: int, claimed: int) -> None:
        """Go on where an earlier look at a list of a claimed length stopped: the pages before ``next_page`` came."""
        self.page_size, self.settled = page_size, True
        starts = {page: (page - 1) * page_size for page in range(1, next_page)}
        self._rows_of = {page: min(page_size, max(0, claimed - start)) for page, start in starts.items()}
        self._last = next_page - 1
        self.follow(claimed)

    def follow(self, claimed: int) -> bool:
        """Somebody else heard the server claim this length; True if that changed the total."""
        before = self.total
        if claimed in self._refuted:
            return False
        self._claimed = True
        self._become(Total(claimed, exact=True))
        return self.total != before

    def confirmed(self, page: int) -> bool:
        """This page came, with rows or without."""
        return page in self._rows_of

    def exists(self, page: int) -> bool:
        """The list reaches to this page, as far as is known; one page past an end that is not certain counts.

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
        """This page (or every one) may be fetched again."""
        if page is None:
            self._page_of.clear()
        for gone in tuple(self._rows_of) if page is None else (page,):
            self._rows_of.pop(gone, None)
            self._empty.discard(gone)
        if self._last not in self._rows_of:
            self._last = max((other for other, rows in self._rows_of.items() if rows), default=0)

    def judge(self, answer: UserPage) -> UserPage | None:
        """What of an answer is to be saved; None if it only repeats another page. Settles the page size."""
        settles = answer.page == 1 and not self.settled
        if not settles:
            answer = trimmed(answer)
            if self._repeats(answer):
                self.note(*answer.oddities)
                return None
        claim, answer = answer.total, believable(answer)
        if claim is not None and answer.total is None:
            self._refuted.add(claim)
            self.disproved, self._claimed = claim, False
        elif claim in self._refuted:
            # Another page disproved it; this one is only too early in the list, or empty.
            self.disproved = claim
            answer = replace(answer, total=None)
        if settles:
            answer = trimmed(suits(answer))
            self.page_size, self.settled = answer.page_size, True
            self._repeats(answer)
        self.note(*answer.oddities)
        expected = 0 if answer.total is None else min(answer.page_size, answer.total - answer.first_position)
        if len(answer.rows) < expected:
            self.note(f"Page {answer.page} of the list has {len(answer.rows)} users where {expected} were expected.")
        return answer

    def _repeats(self, answer: UserPage) -> bool:
        """The rows are those of another page that came; remembers them for the pages to come."""
        ids = tuple(row.id for row in answer.rows if isinstance(row, User))
        original = self._page_of.setdefault(hash(ids), answer.page) if ids else answer.page
        if original == answer.page or not self.confirmed(original):
            return False
        if not self.past_claim(answer.page):  # past the end some servers send another page again
            self.note(f"Page {answer.page} of the list repeats page {original}; the repetition was left out.")
        return True

    def settle(self, page: int, rows: int, claimed: int | None) -> bool:
        """A page with so many new rows came; True if that changed the total."""
        before = self.total
        self.forget(page)
        self._rows_of[page] = rows
        if rows:
            self._last = max(self._last, page)
        else:
            self._empty.add(page)
        self._claimed = self._claimed or claimed is not None
        self._become(self._estimate() if claimed is None else Total(claimed, exact=True), page)
        return self.total != before

    def _become(self, total: Total, page: int | None = None) -> None:
        """Take a total; ``page`` is the one that told it, and has come whatever it says."""
        if self.total is not None and total.count < self.total.count:
            # Whole pages past the end left the mirror: should the list grow again, they are missing.
            end = -(-total.count // self.page_size)
            for gone in [other for other in self._rows_of if other > end and other != page]:
                self.forget(gone)
        self.total = total

    def _estimate(self) -> Total:
        """The length of the list after an answer that claimed none, from the pages that came."""
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
