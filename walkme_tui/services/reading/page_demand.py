"""The pages of the server's list that a listing requests: those of its visible rows, and one page ahead."""

from collections.abc import Iterable, Mapping

from walkme_tui.domain.mirrored import ListedRow
from walkme_tui.services.reading.pages import PageLoader


class PageDemand:
    """Requests what is missing or old among the visible rows of one listing."""

    def __init__(self, pages: PageLoader) -> None:
        self._pages = pages
        self._reread: tuple[int, ...] = ()

    def refresh(self, rows: Iterable[ListedRow]) -> None:
        """Request every page again when it is needed, and with the next request those of these rows."""
        positions = (row.position for row in rows if row.position is not None)
        self._reread = tuple(dict.fromkeys(position // self._pages.page_size + 1 for position in positions)) or (1,)
        self._pages.refresh()

    def request_narrowed(self) -> None:
        """Request what a narrowed or sorted view needs: the pages to be read again."""
        self._reread = tuple(page for page in self._reread if not self._pages.confirmed(page))
        # The first page contains the size of the account, which the counts of such a view need.
        self._pages.want(self, self._reread, () if self._pages.confirmed(1) else (1,))

    def request(self, visible: tuple[int, int], rows: Mapping[int, ListedRow], *, downwards: bool) -> None:
        """Request the pages that are missing or not confirmed among the visible rows, and one page ahead."""
        size, total = self._pages.page_size, self._pages.total
        first, last = (index // size + 1 for index in visible)
        if total is None or not self._pages.exists(first):
            first = last = 1
        pages = [page for page in range(first, last + 1) if self._pages.exists(page)]
        nearby = [pages[-1] + 1] if downwards or (total is not None and not total.exact) else []
        nearby += [] if downwards else [pages[0] - 1]
        wanted = [page for page in (pages if downwards else reversed(pages)) if not self._is_fresh(page, rows)]
        ahead = [page for page in nearby if page >= 1 and self._pages.exists(page) and not self._is_fresh(page, rows)]
        self._pages.want(self, wanted, ahead)

    def end(self) -> None:
        """Request nothing any more."""
        self._pages.want(self, ())

    def _is_fresh(self, page: int, rows: Mapping[int, ListedRow]) -> bool:
        """The page arrived in this session, or all its rows were read otherwise."""
        if self._pages.confirmed(page):
            return True
        total = self._pages.total
        first = (page - 1) * self._pages.page_size
        last = min(page * self._pages.page_size, total.count if total is not None and total.exact else first) - 1
        found = [rows.get(index) for index in range(first, last + 1)]
        return bool(found) and all(row is not None and row.fetched_at_ms >= self._pages.fresh_from_ms for row in found)
