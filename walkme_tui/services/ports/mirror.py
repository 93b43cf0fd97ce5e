"""Protocol of the mirror, the local copy of the account."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group, GroupSize, MembershipGaps
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored, Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.users import User, UserPage

if TYPE_CHECKING:
    from walkme_tui.domain.reconcile.records import ComparedUser


class Mirror(Protocol):
    """The local copy of the account. Calls raise ``MirrorUnavailable`` and no other expected error."""

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        """Store a page's rows at their positions and update its users; absent fields keep their stored value.

        Positions at or past ``page.total`` are dropped. All of the page is stored, or nothing.
        """
        ...

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store the answer to a request for one user; absent fields keep their stored value."""
        ...

    async def forget_user(self, user_id: str) -> MirroredUser | None:
        """Drop a user that the server no longer has; the last known record, None if there is none.

        The id of a user that only groups described is a stranger in these groups from now on.
        """
        ...

    async def forget_group(self, group_id: str) -> None:
        """Drop a group that the server no longer has, with all memberships."""
        ...

    async def save_groups(self, groups: Sequence[Group], *, complete: bool = True) -> None:
        """Replace the list of groups; ids that occur only in users stay, without a name.

        A group that listed its members and is not in the list any more has no members, if the list is ``complete``.
        """
        ...

    async def add_members(
        self, group: Group, members: Sequence[User], read_at_ms: int, *, first: bool
    ) -> Sequence[int]:
        """Store the first or another part of the members that a group listed; returns their row ids.

        They were requested at ``read_at_ms``, which identifies this reading.

        Members who are not known become users without a position; of known users only the groups change. Ids that no
        user has are left out.
        """
        ...

    async def end_members(self, group_id: str, row_ids: Collection[int], strangers: int, read_at_ms: int) -> bool:
        """Every part is stored: the group has these members, and no others; ``strangers`` ids were left out.

        False where another reading of this group has begun since the first part, or the mirror was made anew.
        """
        ...

    async def undescribed_members(self, group_id: str, since_ms: int, limit: int) -> Sequence[str]:
        """Ids of at most ``limit`` members of a group that no answer described since ``since_ms``.

        Lists of members do not count.
        """
        ...

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """The rows at positions ``first`` to ``last`` (inclusive) of the server's list; unknown ones are missing."""
        ...

    async def first(self, query: UserQuery, limit: int) -> Sequence[MirroredUser]:
        """The first users that match a query, at most ``limit``, in its order: the first screen of a view.

        A user with exactly the typed email comes first. A call whose task is cancelled stops the search
        behind it, so that typing never queues up.
        """
        ...

    async def matching(self, query: UserQuery, after: int = 0) -> Sequence[int]:
        """Row ids of all loaded users that match a query, in its order; they start with those of ``first``.

        Only those with a row id above ``after``: without a sort those are the users stored since, in ascending order.
        Stops like ``first`` when its task is cancelled.
        """
        ...

    async def undecided(self, query: UserQuery, since_ms: int = 0, absent: Collection[str] = ()) -> Undecided:
        """How many loaded users may or may not match a query: a field that it needs is unknown.

        An ``absent`` attribute of ``User`` is not unknown: no user of the surface has one.
        Users that no answer described since ``since_ms`` are not counted.
        """
        ...

    async def unknown_fields(self) -> frozenset[str]:
        """The attributes of ``User`` that are unknown of some loaded user; reads all users, like ``undecided``."""
        ...

    async def nearest(self, words: Collection[str]) -> Mapping[str, str]:
        """For each folded word that no loaded user has, the nearest word of a name or an email.

        Only users who share a part of the word are looked at, and not all of them; a word that is near to nothing is
        missing. Ends like ``first`` when its task is cancelled.
        """
        ...

    async def values(self) -> tuple[Sequence[str], Sequence[str]]:
        """The statuses and the roles of loaded users; of very many only the first hundreds."""
        ...

    async def prepare_sorting(self) -> None:
        """Create the indexes for all sort orders; takes seconds in the background."""
        ...

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids; unknown ids are missing."""
        ...

    async def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        ...

    async def users(self, user_ids: Collection[str]) -> Mapping[str, MirroredUser]:
        """Users by id; unknown ids are missing."""
        ...

    async def user_by_email(self, email: str) -> MirroredUser | None:
        """One user by email, compared without case."""
        ...

    async def users_by_emails(self, emails: Collection[str]) -> Mapping[str, MirroredUser]:
        """Users by ``text.email_key`` of their emails; an email that no loaded user has is missing.

        It reads all emails where there are many to find, a second for a million users.
        """
        ...

    async def compared_users(
        self, since_ms: int = 0, like: "Sequence[ComparedUser] | None" = None
    ) -> "Sequence[ComparedUser]":
        """What is compared of every user that an answer described since ``since_ms``, by row id.

        With ``like`` only of those who have the id, the email or the external id of one of these, which indexes find:
        emails are compared as filters compare them. All of 100 000 users take half a second.
        """
        ...

    async def groups(self) -> tuple[GroupSize, ...]:
        """All known groups with their number of known members, by name."""
        ...

    async def roles(self) -> Sequence[tuple[str, int]]:
        """The roles of loaded users with the number of users who have each, the most frequent first.

        Of very many only the first hundreds. A tenth of a second for a million users: ``values`` is faster.
        """
        ...

    async def membership_gaps(self) -> MembershipGaps:
        """How many loaded users are in no group, inactive but still in groups, and of unknown groups.

        It scans all users, half a second for a million: do not call it for every page.
        """
        ...

    async def namesakes(self, names: Collection[str], limit: int) -> Mapping[str, Sequence[User]]:
        """Loaded users by their full names, which are given and come back as ``text.search_key`` folds them.

        At most ``limit`` of each name; a name without users is missing.
        """
        ...

    async def has_active(self, role: str, besides: Collection[str]) -> bool:
        """True if a loaded user with this role (compared without case) and status active has none of these ids."""
        ...

    async def coverage(self) -> Coverage:
        """How much of the account is loaded."""
        ...

    async def next_row_id(self) -> int:
        """The row id of the next new user, above all known ones."""
        ...

    async def save_sweep(self, sweep: Sweep) -> None:
        """Store the state of the sweep, which ``coverage`` returns."""
        ...

    async def count_seen(self, since_ms: int, before_row_id: int, created_before_ms: int) -> SeenCount:
        """How many listed users an answer described since ``since_ms``.

        Those of them are ``sure`` whose row id is below ``before_row_id`` or who were created before
        ``created_before_ms``.
        """
        ...

    async def not_seen(self, since_ms: int, limit: int) -> Sequence[str]:
        """Ids of at most ``limit`` users that no answer described since ``since_ms``."""
        ...

    async def acquire_crawl_lock(self) -> bool:
        """Hold the lock that lets one process sweep into this mirror; False while another process holds it.

        ``release_crawl_lock`` and ``aclose`` release it, and so does the end of the process, however it ends. For a
        mirror in memory this is always True.
        """
        ...

    async def release_crawl_lock(self) -> None:
        """Release the lock, so that other processes can sweep."""
        ...

    @property
    def notices(self) -> Sequence[str]:
        """Messages for the user, in full sentences: a corrupt file that was moved, a fallback."""
        ...

    async def aclose(self) -> None:
        """Finish the queued calls and close the file."""
        ...
