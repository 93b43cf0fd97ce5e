"""What the services need from the outside, and the ``Session`` that the browser and the command line see.

``api`` and ``store`` satisfy the protocols; ``session.py`` puts real ones in, tests put fakes in.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, UnreadableRow
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import Priority as Priority  # noqa: PLC0414 - callers take it from here, with the ports
from walkme_tui.domain.traffic import RequestRecord, TrafficStatus
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.changes import Changes

__all__ = [
    "Clock",
    "DirectoryApi",
    "ListedRow",
    "Mirror",
    "MirroredUser",
    "Priority",
    "Session",
    "UnreadableRow",
]


class DirectoryApi(Protocol):
    """The account on the other side of the line. Calls raise ``domain.errors.ApiError`` and nothing else expected.

    Retries, pacing and signing in happen below this line.
    """

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of the server's list; ``page`` counts from 1, ``page_size`` is 1 to 1000."""
        ...

    async def find_user(self, email: str) -> User | None:
        """The user with exactly this email, or None."""
        ...

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user with every field; ``NotFound`` where there is none (also for an id that cannot be one)."""
        ...

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups."""
        ...

    @property
    def group_oddities(self) -> Sequence[str]:
        """What was wrong with the last list of groups and was tolerated, in short sentences."""
        ...

    def traffic(self) -> TrafficStatus:
        """How the line does at this moment."""
        ...

    def request_log(self) -> Sequence[RequestRecord]:
        """The most recent requests, oldest first."""
        ...

    def forget_sign_in(self) -> None:
        """Drop the token and read the secret from its source again before the next call."""
        ...

    async def aclose(self) -> None:
        """Close the connections; calls under way fail with ``Unreachable``."""
        ...


class Mirror(Protocol):
    """The local copy of the account. Every call raises ``MirrorUnavailable`` and nothing else expected."""

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Coverage:
        """Put a page's rows at their positions and update its users; absent fields keep what is stored.

        Positions at or past ``page.total`` are dropped. In one transaction.
        """
        ...

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store what a look-up of one user answered; absent fields keep what is stored."""
        ...

    async def forget_user(self, user_id: str) -> None:
        """The server says 404: drop the user from every view."""
        ...

    async def save_groups(self, groups: Sequence[Group], fetched_at_ms: int) -> None:
        """Replace the list of groups; ids that only users mention stay, without a name."""
        ...

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """What stands at positions ``first`` to ``last`` (inclusive) of the server's list; absent ones are missing."""
        ...

    async def matching(self, query: UserQuery) -> Sequence[int]:
        """Row ids of the loaded users that a query keeps, by position, then those without one.

        A call whose task is cancelled stops the scan behind it, so that typing never queues up.
        """
        ...

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids; gone ones are missing."""
        ...

    async def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        ...

    async def user_by_email(self, email: str) -> MirroredUser | None:
        """One user by email, compared without case."""
        ...

    async def groups(self) -> tuple[GroupSize, ...]:
        """All known groups with their known number of members, by name."""
        ...

    async def coverage(self) -> Coverage:
        """How much of the account is here."""
        ...

    @property
    def notices(self) -> Sequence[str]:
        """What the person should know: a corrupt file moved aside, a fallback, in full sentences."""
        ...

    async def aclose(self) -> None:
        """Finish what is queued and close the file."""
        ...


Clock = Callable[[], int]
"""Milliseconds since the Unix epoch, now."""


@dataclass(frozen=True, slots=True)
class Session:
    """An open profile: everything the browser and the command line need of it.

    ``started_at_ms`` is when it was opened: rows fetched before are shown dimmed until they are confirmed.
    ``secret_source`` says in words where the credential comes from, for messages. ``changes`` is where pages and
    look-ups say what they stored. ``warm_up`` and ``after_close`` belong to whoever opened the session.
    """

    account: Account
    api: DirectoryApi
    mirror: Mirror
    clock: Clock
    started_at_ms: int
    secret_source: str
    changes: Changes = field(default_factory=Changes)
    warm_up: Callable[[], Awaitable[None]] | None = None
    after_close: Callable[[], Awaitable[None]] | None = None

    async def prepare(self) -> None:
        """Do early what the first call would wait for (imports, connection, sign-in); raises ``WalkmeError``.

        May be left out, and its failure ignored: the first call then does it and says what is wrong.
        """
        if self.warm_up is not None:
            await self.warm_up()

    async def aclose(self) -> None:
        """Close the connections, then the mirror, then what the session was opened with (the demo's account)."""
        try:
            await self.api.aclose()
        finally:
            try:
                await self.mirror.aclose()
            finally:
                if self.after_close is not None:
                    await self.after_close()
