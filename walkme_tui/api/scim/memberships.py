"""The groups of users, read from the groups, for servers whose users do not have them."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from walkme_tui.api.scim.groups import MembersNotListed, ScimGroups
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, RateLimited, SignInRefused, Unreachable
from walkme_tui.domain.groups import GroupMembers
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

MAX_AGE_SECONDS: Final = 60.0
# While a list is read in the background, very many groups are read again after so many times as long as that took.
READINGS_APART: Final = 10
# A server without groups has none that could contradict the user's record.
NO_GROUPS: Final = (NotFound, MethodRefused)

Rows = tuple[User | UnreadableRecord, ...]


class Memberships:
    """Completes the ``groups`` of users.

    A user without groups may still be a member: some servers leave the groups out of users, or send an empty list. That
    a user is in no group is believed of the user's record only once another record had groups; until then, and for a
    record without any list, the members of all groups are read, at most once a minute, and again for a group that this
    client changed. Without ``completes``, no group is read, and the record is believed.
    """

    def __init__(self, groups: ScimGroups, *, completes: bool = True) -> None:
        self._groups = groups
        self._completes = completes
        self._carried = False
        self._members: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._changes = 0
        self._read_at: float | None = None
        self._took_seconds = self._pages_read_from = 0.0
        self._failure: ApiError | None = None
        self._failed_at = 0.0
        self._reading = asyncio.Lock()

    @contextmanager
    def changing(self, group_id: str | None) -> Iterator[None]:
        """The block changes a group, or, with None, creates one: what is known of it is outdated, however it ends."""
        try:
            yield
        finally:
            self._changes += 1
            if group_id is None:
                self._read_at = None
            else:
                self._changed.add(group_id)

    async def read_members(self, group_id: str, priority: Priority) -> GroupMembers:
        """The members of a group, which from now on are those that users without groups are completed with.

        Else a user would lose for a minute a group that has just listed them.
        """
        changes = self._changes
        found = await self._groups.members(group_id, priority)
        if self._read_at is not None and changes == self._changes and not self._reading.locked():
            self._members[group_id] = frozenset(user.id for user in found.members)
        return found

    async def complete_page(self, rows: Rows, priority: Priority) -> Rows:
        """The rows as ``complete_rows`` gives them; in the background the groups are read for them before."""
        self._note_carried(rows)
        background = priority is Priority.BACKGROUND and time.monotonic() >= self._pages_read_from
        if background and self._completes and not self._are_believed(rows):
            try:
                await self._read(priority, self._pages_max_age_seconds)
            except ApiError:
                self._pages_read_from = time.monotonic() + MAX_AGE_SECONDS
        return self.complete_rows(rows)

    def complete_rows(self, rows: Rows) -> Rows:
        """The rows of a list, with groups as far as they are known without a request, else UNKNOWN."""
        self._note_carried(rows)
        if self._are_believed(rows) or isinstance(self._failure, NO_GROUPS):
            return rows
        fresh = self._failure is None and not self._changed and not self._is_older(self._pages_max_age_seconds)
        open_ids = {row.id for row in rows if isinstance(row, User) and not self._is_believed(row)}
        groups = self._of(open_ids) if fresh else {}
        return tuple(
            row._replace(groups=groups.get(row.id, UNKNOWN)) if isinstance(row, User) and row.id in open_ids else row
            for row in rows
        )

    async def complete(self, user: User, priority: Priority) -> User:
        """The user with their groups; UNKNOWN where the groups cannot be read.

        Raises ``ServiceUnavailable`` and ``SignInRefused`` where trying again may help.
        """
        self._note_carried((user,))
        if not self._completes or self._is_believed(user):
            return user
        try:
            await self._read(priority, MAX_AGE_SECONDS)
        except MembersNotListed:
            return user._replace(groups=UNKNOWN)
        if self._failure is None:
            return user._replace(groups=self._of({user.id})[user.id])
        return user if isinstance(self._failure, NO_GROUPS) else user._replace(groups=UNKNOWN)

    async def _read(self, priority: Priority, max_age_seconds: float) -> None:
        """Read what is older from the groups; ``_failure`` says why that is not possible."""
        async with self._reading:
            if self._failed_recently():
                return
            try:
                await self._refresh(priority, max_age_seconds)
            except (Unreachable, RateLimited, SignInRefused, MembersNotListed):
                raise
            except ApiError as error:
                self._failure, self._failed_at = error, time.monotonic()

    def _failed_recently(self) -> bool:
        """The groups could not be read, so that they are not requested again for each user."""
        return self._failure is not None and not self._changed and time.monotonic() < self._failed_at + MAX_AGE_SECONDS

    def _note_carried(self, rows: Rows) -> None:
        if not self._carried:
            self._carried = any(isinstance(row, User) and isinstance(row.groups, tuple) and row.groups for row in rows)

    def _is_believed(self, user: User) -> bool:
        return user.groups is not UNKNOWN and (self._carried or bool(user.groups))

    def _are_believed(self, rows: Rows) -> bool:
        return all(isinstance(row, UnreadableRecord) or self._is_believed(row) for row in rows)

    def _of(self, user_ids: set[str]) -> dict[str, tuple[str, ...]]:
        """The groups of each of these users."""
        found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
        for group_id, members in self._members.items():
            for user_id in members & user_ids:  # as long as the smaller one of the two: most groups are small
                found[user_id].append(group_id)
        return {user_id: tuple(groups) for user_id, groups in found.items()}

    @property
    def _pages_max_age_seconds(self) -> float:
        return max(MAX_AGE_SECONDS, READINGS_APART * self._took_seconds)

    def _is_older(self, seconds: float) -> bool:
        return self._read_at is None or time.monotonic() >= self._read_at + seconds

    async def _refresh(self, priority: Priority, max_age_seconds: float) -> None:
        self._failure = None
        if self._is_older(max_age_seconds):
            started_at = time.monotonic()
            self._changed.clear()
            self._members = await self._groups.read_memberships(priority)
            self._read_at, self._took_seconds = started_at, time.monotonic() - started_at
        while self._changed:
            group_id = self._changed.pop()
            try:
                self._members[group_id] = await self._groups.member_ids(group_id, priority)
            except NotFound:
                self._members.pop(group_id, None)
            except BaseException:
                self._changed.add(group_id)
                raise
