"""One pass over the server's list from the first page to the last, and what it proves."""

import asyncio
from collections.abc import Callable
from typing import Final

from walkme_tui.domain.errors import (
    ApiError,
    PermissionRefused,
    RequestRejected,
    SignInRefused,
    UnexpectedAnswer,
)
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.changes import PageLoaded
from walkme_tui.services.ports import Session
from walkme_tui.services.serverlist import ServerList

SMALLER_PAGES: Final = (500, 250, 100)
PAGES_IN_FLIGHT: Final = 4
BARREN_PAGES: Final = 2
CLOCK_SKEW_MS: Final = 5 * 60 * 1000
MAX_USERS: Final = 10_000_000


class Walk:
    """One pass: pages are saved to the mirror as they come; nobody is forgotten.

    ``seen`` holds hashes of ids, ``unsure`` those of them who may have come after the beginning. ``drifted`` tells that
    the list changed or repeated itself, ``repeated`` that a whole page came twice, ``failure`` why it ended early.
    ``total_at_start`` is what the first answer claimed, None where it claimed nothing that can be true.
    """

    def __init__(self, session: Session, page_size: int, report: Callable[[int, int | None], None]) -> None:
        self.seen: set[int] = set()
        self.unsure: set[int] = set()
        self.unreadable = 0
        self.drifted = self.repeated = False
        self.failure: ApiError | None = None
        self.started_at_ms = session.clock()
        self._session = session
        self._report = report
        self._list = ServerList(page_size)
        self.total_at_start: int | None = None
        self._barren = 0
        self._next = 2

    @classmethod
    async def over(cls, session: Session, page_size: int, report: Callable[[int, int | None], None]) -> "Walk":
        """Walk the whole list in pages of this size, in smaller ones where the server refuses it.

        Raises the ``ApiError`` of the first page, or of a lost right to read, and ``MirrorUnavailable``.
        """
        sizes = (page_size, *(size for size in SMALLER_PAGES if size < page_size))
        for size in sizes:
            walk = cls(session, size, report)
            try:
                first = await walk._ask(1)
            except (RequestRejected, UnexpectedAnswer):
                if size == sizes[-1]:
                    raise
                continue
            await walk._take(first)
            await walk._go_on()
            return walk
        raise AssertionError("the last size either answers or raises")

    @property
    def page_size(self) -> int:
        """Users a page, as the server kept it."""
        return self._list.page_size

    @property
    def total(self) -> int | None:
        """Length of the list, as claimed last or found; None where neither tells."""
        total = self._list.total
        return total.count if total is not None and total.exact else None

    @property
    def proves_itself(self) -> bool:
        """As many users as the first answer claimed surely stood in the list then: so these were all."""
        return self.failure is None and len(self.seen) - len(self.unsure) == self.total_at_start

    @property
    def lacks_only_unreadable(self) -> bool:
        """Walking again would not bring more: what is missing came, but cannot be read."""
        missing = (self.total_at_start or 0) - len(self.seen)
        return not self.drifted and self.unreadable == missing > 0

    def confirms(self, earlier: "Walk") -> bool:
        """The same, with the users of an earlier walk: who was seen before and after the beginning stood there then.

        Where no total is claimed, both walks saw the same users.
        """
        if self.failure is not None or earlier.failure is not None:
            return False
        if self.total_at_start is None:
            return self.seen == earlier.seen and not self.unreadable
        return len(self.seen) - len(self.unsure - earlier.seen) == self.total_at_start

    # ------------------------------------------------------------ walking

    def _ask(self, page: int) -> "asyncio.Task[UserPage]":
        call = self._session.api.list_users(page, self.page_size, Priority.BACKGROUND)
        return asyncio.ensure_future(call)

    async def _go_on(self) -> None:
        """Ask for the pages after the first, several at once where the length is known, until nothing new comes."""
        arrived: set[asyncio.Task[UserPage]] = set()
        under_way: set[asyncio.Task[UserPage]] = set()
        try:
            while True:
                under_way |= self._ask_more(len(under_way))
                if not under_way:
                    return
                arrived, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                # Those that came first: what one failure ends must not cost the pages that came beside it.
                for task in sorted(arrived, key=lambda task: task.exception() is not None):
                    await self._take(task.result())
        except (SignInRefused, PermissionRefused):
            raise
        except ApiError as error:
            self.failure = error
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*arrived, *under_way, return_exceptions=True)

    def _ask_more(self, under_way: int) -> "set[asyncio.Task[UserPage]]":
        asked: set[asyncio.Task[UserPage]] = set()
        total = self._list.total
        limit = PAGES_IN_FLIGHT if total is not None and total.exact else 1
        most = MAX_USERS if self.total_at_start is None else 2 * self.total_at_start + 10 * self.page_size
        while (
            under_way + len(asked) < limit
            and self._barren < BARREN_PAGES
            and len(self.seen) <= most
            and self._list.exists(self._next)
        ):
            asked.add(self._ask(self._next))
            self._next += 1
        return asked

    async def _take(self, answer: UserPage) -> None:
        """Count and save one page."""
        before = self._list.total
        page = self._list.judge(answer)
        if page is not None and page.page == 1:
            self.total_at_start = page.total
        if page is None:
            self.drifted = self.repeated = True
            new, claimed = 0, None
        else:
            new, claimed = self._count(page), page.total
            if new or page.page == 1:
                await self._session.mirror.save_page(page, self._session.clock())
        self._barren = 0 if new else self._barren + 1
        changed = self._list.settle(answer.page, new, claimed)
        if changed and before is not None and before.exact:
            self.drifted = True
        self._report(len(self.seen), self.total)
        if page is not None and new:
            first = page.first_position
            self._session.changes.publish(PageLoaded(page.page, first, first + len(page.rows) - 1))

    def _count(self, page: UserPage) -> int:
        """Number of users in this page that the walk had not seen; unreadable records count as new."""
        new = 0
        for row in page.rows:
            if not isinstance(row, User):
                self.unreadable += 1
                new += 1
                continue
            mark = hash(row.id)
            if mark in self.seen:
                self.drifted = True
                continue
            self.seen.add(mark)
            new += 1
            # The first answer carries its own proof: its users and its total are of one moment.
            if page.page != 1 and not self._is_old(row):
                self.unsure.add(mark)
        return new

    def _is_old(self, user: User) -> bool:
        """The user surely existed when the walk began, whatever the difference of the clocks."""
        created = user.created_at_ms
        return isinstance(created, int) and created < self.started_at_ms - CLOCK_SKEW_MS
