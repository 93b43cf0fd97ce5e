"""Protocols of the API client: the calls of every surface, and those of a surface whose groups can be changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.traffic import Priority, RequestRecord, TrafficStatus
from walkme_tui.domain.users import User, UserPage

if TYPE_CHECKING:
    # Commands that only read start without it.
    from walkme_tui.domain.write_support import WriteSupport


class DirectoryApi(Protocol):
    """The client of an account. Calls raise ``domain.errors.ApiError`` and no other expected error.

    The implementation retries, paces and signs in.
    """

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of the server's list; ``page`` counts from 1, ``page_size`` is 1 to 1000."""
        ...

    async def find_user(self, email: str) -> User | None:
        """The user with exactly this email, or None; raises ``LookUpIgnored`` where the server ignores the email.

        Services use ``services.directory``.
        """
        ...

    async def find_by_external_id(self, external_id: str) -> User | None:
        """The user with exactly this external id, or None; ``LookUpIgnored`` where the surface has no such look-up."""
        ...

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user with every field; ``NotFound`` also for a malformed id."""
        ...

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups."""
        ...

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Change attributes of ``User``, except groups: ``update`` maps each to its new value.

        ``base`` is the user as last read: where the server only replaces whole records, a field that it contains is
        not cleared. Only ``services.changes`` calls this and the other writes.

        Returns when the server accepted it; reading the user again shows the effect. Raises ``OutcomeUnknown`` where it
        may have happened all the same. Any other ``ApiError`` means that nothing happened: ``NotFound`` that the user
        is gone, ``RequestRejected`` also that the server only replaces whole records and returns just parts of them,
        ``Conflict`` that another user has the email, ``ChangedMeanwhile`` that one of the values differs from ``base``
        by now, which is noticed only where whole records are replaced.
        """
        ...

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        """Create a user; ``values`` are attributes of ``User``, the email among them, but no status and no groups.

        Returns the new user's id, None where the answer lacks it. Raises like ``update_user``: ``Conflict`` where a
        user with this email exists, ``NotFound`` where the server has no such call.
        """
        ...

    async def delete_user(self, user_id: str) -> None:
        """Delete a user permanently. Raises like ``update_user``; ``NotFound`` where there is none."""
        ...

    async def replaces_records(self) -> bool:
        """True where ``update_user`` replaces the whole record and so may change other fields."""
        ...

    def use_write_support(self, write_support: "WriteSupport") -> None:
        """Store what the server refuses in ``write_support``."""
        ...

    async def add_member(self, group_id: str, user_id: str) -> None:
        """Add a user to a group. Raises like ``update_user``."""
        ...

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group. Raises like ``update_user``; ``NotFound`` where it was not a member."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use, None before there is one or where the server did not send them."""
        ...

    @property
    def group_warnings(self) -> Sequence[str]:
        """Tolerated errors in the last list of groups, in short sentences."""
        ...

    def traffic(self) -> TrafficStatus:
        """The traffic at this moment."""
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


class GroupApi(Protocol):
    """The calls of a surface whose groups have members and can be changed; raises like ``DirectoryApi``."""

    async def get_group(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        """One group without its members; ``NotFound`` also for a malformed id."""
        ...

    async def group_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """A group with all of its members; raises like ``get_group``."""
        ...

    async def create_group(self, name: str) -> str | None:
        """Create a group without members; returns its id, None where the answer lacks it.

        Raises like ``DirectoryApi.update_user``; ``Conflict`` where a group with this name exists.
        """
        ...

    async def rename_group(self, group_id: str, name: str) -> None:
        """Give a group another name; raises like ``create_group``, ``RequestRejected`` where names are fixed."""
        ...

    async def delete_group(self, group_id: str) -> None:
        """Delete a group, not its members; raises like ``get_group`` and ``DirectoryApi.update_user``."""
        ...
