"""Pages of the list of users, and look-ups by email, on servers that page and filter in their own ways."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from walkme_tui.api.scim.calls import USERS, ScimCalls, equals
from walkme_tui.api.scim.decoding import UserRows, decode_matches, decode_users
from walkme_tui.api.scim.page_counts import FULL_PAGE, PageCount, paging
from walkme_tui.domain.errors import LookUpIgnored, NotFound, RequestRejected, ServerFault
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UnreadableRecord, User, UserPage

LARGEST_PAGE: Final = 1000
ABOUT: Final = "the list of users"
TOTAL_OF_PAGE: Final = "The number of users that the server gives is the number on the page."
# Users of the list among which one is chosen to check filters with.
CHECKED_USERS: Final = 10


class UserLists:
    """Reads the list of users of one account."""

    def __init__(self, calls: ScimCalls) -> None:
        self._calls = calls
        self._count = PageCount(LARGEST_PAGE)
        self._head: str | None = None
        self._first_ids: frozenset[str] = frozenset()
        self._start_ignored = False
        self._total_checked = self._totals_of_pages = False
        self._checking = asyncio.Lock()
        self._filter_checked = self._compares_case = False
        self._ignored: LookUpIgnored | None = None

    async def page(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page; see ``services.ports.DirectoryApi.list_users``.

        Where the server refuses so many users at once, a first page has fewer, and the others are read in parts.
        """
        if page < 1 or not 1 <= page_size <= LARGEST_PAGE:
            raise ValueError(f"page counts from 1 and page_size is 1 to {LARGEST_PAGE}")
        first = (page - 1) * page_size
        part = await self._rows(first, page_size, priority)
        rows, warnings = part.rows, list(part.warnings)
        while page > 1 and self._count.largest < page_size and 0 < len(rows) < page_size:
            part = await self._rows(first + len(rows), page_size - len(rows), priority)
            if not _has_new(part.rows, rows):
                break
            rows = (*rows, *part.rows)
            warnings += part.warnings
        return UserPage(page, page_size, rows, part.total, tuple(dict.fromkeys(warnings)))

    async def _rows(self, first: int, count: int, priority: Priority = Priority.DEMAND) -> UserRows:
        """The rows from position ``first`` on, also of a server that always starts with the first user."""
        part = await self._read(first, count, priority)
        head = _first_id(part)
        if not first:
            self._head, self._first_ids = head, frozenset(row.id for row in part.rows if isinstance(row, User))
            await self._check_total(part, count, priority)
        elif head is not None and (head == self._head or (self._start_ignored and head in self._first_ids)):
            # Known for sure, even where the first user is deleted meanwhile, if it is no page past the end.
            self._start_ignored = self._start_ignored or (part.total is not None and first < part.total)
            if len(part.rows) <= first and (part.total is None or first < part.total):
                part = await self._read(0, first + count, priority)
            part = part._replace(rows=part.rows[first : first + count])
        elif not part.rows and not part.total:
            # A server that counts the rows of the page claims none behind the end; an empty list shows on page 1.
            part = part._replace(total=None)
        if self._totals_of_pages:
            part = part._replace(total=None, warnings=(*part.warnings, TOTAL_OF_PAGE))
        return part

    async def _check_total(self, part: UserRows, count: int, priority: Priority) -> None:
        """Look once whether a user follows a first page that claims to be the whole list.

        Where it is as long as requested, or too short for a page, that is not necessary.
        """
        if self._total_checked or part.total != len(part.rows) or not FULL_PAGE <= len(part.rows) < count:
            return
        behind = paging(len(part.rows), 1)
        try:
            following = await self._calls.read_list(USERS, behind, ABOUT, decode_users, priority, patient=False)
            self._totals_of_pages = _has_new(following.rows, part.rows)
        except (NotFound, RequestRejected, ServerFault):
            pass  # a request behind the end fails on some servers
        self._total_checked = True

    async def _read(self, first: int, count: int, priority: Priority) -> UserRows:
        async def read(count: int) -> UserRows:
            patient = self._count.is_accepted(count)
            return await self._calls.read_list(
                USERS, paging(first, count), ABOUT, decode_users, priority, patient=patient
            )

        return await self._count.read(count, read)

    # ------------------------------------------------------------ look-ups

    async def find(self, email: str) -> User | None:
        """The user with this email; see ``services.ports.DirectoryApi.find_user``.

        That there is none is believed only after the filter was seen to find a user who is in the list.
        """
        if self._ignored is not None:
            raise self._ignored
        found = await self._filtered(email)
        if found is not None:
            return found
        await self._check_filter()
        if self._compares_case:
            found = await self._filtered(email.lower()) if email != email.lower() else None
            if found is None:
                raise LookUpIgnored("This server compares the case of emails in look-ups.")
        return found

    async def find_by_external_id(self, external_id: str) -> User | None:
        """A user with this external id, None is no proof; raises ``LookUpIgnored`` where such filters are refused."""
        wanted = {"filter": equals("externalId", external_id)}
        try:
            found = await self._calls.read_list(USERS, wanted, ABOUT, decode_users)
        except NotFound:
            return None
        except (RequestRejected, ServerFault) as error:
            raise LookUpIgnored("This server refuses filters by external id.", status=error.status) from error
        users = (row for row in found.rows if isinstance(row, User) and row.external_id == external_id)
        return next(users, None)

    async def _filtered(self, email: str) -> User | None:
        try:
            return await self._calls.read_list(
                USERS, {"filter": equals("userName", email)}, ABOUT, partial(decode_matches, email=email)
            )
        except NotFound:
            return None  # some servers answer so where no user matches
        except LookUpIgnored as error:
            self._ignored = error
            raise
        except (RequestRejected, ServerFault) as error:
            await self._rows(0, 1)  # raises where not the filter is what fails
            self._ignored = LookUpIgnored("This server refuses filters by user name.", status=error.status)
            raise self._ignored from error

    async def _check_filter(self) -> None:
        """Find a listed user by the filter, once; raises ``LookUpIgnored`` where that fails."""
        async with self._checking:
            if self._ignored is not None:
                raise self._ignored
            if self._filter_checked:
                return
            listed = await self._rows(0, CHECKED_USERS)
            if not listed.rows and not listed.total:
                return  # an account without users
            emails = [row.email for row in listed.rows if isinstance(row, User)]
            name = _checkable([email for email in emails if isinstance(email, str)])
            compares_case = name is None or await self._filtered(name.swapcase()) is None
            if name is None or (compares_case and await self._filtered(name) is None):
                self._ignored = LookUpIgnored("This server does not find users by user name.")
                raise self._ignored
            self._compares_case = compares_case
            self._filter_checked = True


def _checkable(names: Sequence[str]) -> str | None:
    """A name whose case can be changed and changed back, None where there is none."""
    return next((name for name in names if name and name.swapcase().swapcase() == name), None)


def _first_id(part: UserRows) -> str | None:
    """The id of the first row, None where there is none."""
    return part.rows[0].id if part.rows and isinstance(part.rows[0], User) else None


def _has_new(more: Sequence[User | UnreadableRecord], rows: Sequence[User | UnreadableRecord]) -> bool:
    known = {row.id for row in rows if isinstance(row, User)}
    return any(not isinstance(row, User) or row.id not in known for row in more)
