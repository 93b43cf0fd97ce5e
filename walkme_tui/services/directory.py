"""Single users, groups and their members: requested from the server, stored in the mirror, published as events."""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from walkme_tui.domain.errors import LookUpIgnored, MirrorUnavailable, NotFound, RequestRejected
from walkme_tui.domain.group_names import GroupNames
from walkme_tui.domain.groups import Group, GroupMembers, GroupSize
from walkme_tui.domain.mirrored import MirroredUser, Update, changed_fields, merged
from walkme_tui.domain.text import clean, email_forms, email_key, first_named, spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.events import Event, GroupsStored, MembersStored, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.ports import Session

UNSAVED_ROW_ID: Final = -1
MAX_NAMED_IDS: Final = 5
MAX_SHOWN_KEY: Final = 120
IGNORED: Final = "This server ignores look-ups by email."
AGAIN: Final = "Try again when the whole account is loaded."
READ_AGAIN: Final = "Read the account again first: R in the list of users, or walkme-tui export."
LACKS_USERS: Final = "incomplete: the account may have a new user whom no look-up finds"
# Members that are stored at once: the first ones fill a screen, the others take a tenth of a second.
FIRST_MEMBERS: Final = 100
MEMBERS_AT_ONCE: Final = 1000
PUBLISH_SECONDS: Final = 0.5


class Directory:
    """Looks up single users and reads groups and their members; every answer about them enters the mirror here.

    ``store``, ``forget``, ``store_groups`` and ``store_members`` write to the mirror and publish what changed.
    ``publish`` receives the events, ``session.events.publish`` unless another is given.
    """

    def __init__(self, session: Session, publish: Callable[[Event], None] | None = None) -> None:
        self._session = session
        self._publish = publish or session.events.publish

    # ------------------------------------------------------------ storing

    async def store(self, user: User, requested_at_ms: int, *, own: Collection[str] = ()) -> MirroredUser:
        """Store a record that the server sent, as old as its request: a crawl that began later must not count it.

        ``own`` are attributes of ``User`` that this program changed, which is no news; nor is a user whom it created.
        Raises ``MirrorUnavailable``.
        """
        mirror = self._session.mirror
        before = await mirror.user(user.id)
        stored = await mirror.save_user(user, requested_at_ms)
        self._publish(UserStored(user.id))
        if before is None:
            sweep = (await mirror.coverage()).sweep
            if not own and sweep is not None and sweep.knew_all_users:
                self._publish(UsersChanged((user.id,), ()))
        elif fields := changed_fields(before.user, stored.user).difference(own):
            self._publish(UsersChanged((), (Update(user.id, fields),)))
        return stored

    async def forget(self, user_id: str) -> None:
        """Drop a user that the server no longer has, or never had; raises ``MirrorUnavailable``."""
        known = await self._session.mirror.forget_user(user_id)
        was, position = (None, None) if known is None or known.is_only_listed else (known.user, known.position)
        self._publish(UserForgotten(user_id, was, position))

    async def doubt_completeness(self) -> None:
        """Take a complete local copy for incomplete: the server may have a user whom it lacks.

        What needs all users then reads the account again first. Raises ``MirrorUnavailable``.
        """
        coverage = await self._session.mirror.coverage()
        sweep = coverage.sweep
        # While the account is read again, or where that was interrupted, the copy counts as complete too.
        if sweep is not None and (sweep.complete or coverage.complete):
            ended_at_ms = sweep.ended_at_ms or self._session.clock()
            doubted = sweep._replace(ended_at_ms=ended_at_ms, complete=False, renews=sweep.knew_all_users)
            await self._session.mirror.save_sweep(doubted._replace(note=LACKS_USERS))

    async def drop_group(self, group_id: str) -> None:
        """Drop a group that the server no longer has; raises ``MirrorUnavailable``."""
        await self._session.mirror.forget_group(group_id)
        self._publish(GroupsStored())

    async def store_groups(self, groups: Sequence[Group]) -> None:
        """Store the list of groups that the server just sent; raises ``MirrorUnavailable``."""
        complete = not self._session.api.group_warnings
        await self._session.mirror.save_groups(groups, complete=complete)
        self._publish(GroupsStored())

    async def store_members(self, found: GroupMembers, requested_at_ms: int) -> None:
        """Store the members that a group listed, the first ones at once; raises ``MirrorUnavailable``.

        Where entries could not be read, the group keeps its other known members, and is not complete.
        """
        if not (await self._store_members(found, requested_at_ms) or await self._store_members(found, requested_at_ms)):
            raise MirrorUnavailable("The local copy was changed while members were stored.", hint="Try again.")

    async def _store_members(self, found: GroupMembers, requested_at_ms: int) -> bool:
        """Store all parts; False where the mirror was made anew meanwhile, or others read the same group."""
        mirror, group, members = self._session.mirror, found.group, found.members
        row_ids: set[int] = set()
        published_at, start = float("-inf"), 0
        while start < max(1, len(members)):
            end = start + (MEMBERS_AT_ONCE if start else FIRST_MEMBERS)
            row_ids.update(await mirror.add_members(group, members[start:end], requested_at_ms, first=not start))
            start = end
            if time.monotonic() - published_at >= PUBLISH_SECONDS:
                published_at = time.monotonic()
                self._publish(MembersStored(group.id, min(end, len(members)), len(members)))
        if found.unreadable:
            complete = False
        elif not await mirror.end_members(group.id, row_ids, len(members) - len(row_ids), requested_at_ms):
            return False
        else:
            complete = True
        self._publish(MembersStored(group.id, len(members), len(members), complete))
        return True

    # ------------------------------------------------------------ requesting

    async def look_up(self, key: str) -> MirroredUser:
        """The user with this email or id, requested from the server and stored; ``row_id`` -1 where that failed.

        On some surfaces the email may be any user name. Raises ``NotFound``, ``LookUpIgnored`` where that is not
        proven, or another ``ApiError``.
        """
        key = key.strip()
        is_email = "@" in key
        if not is_email:
            try:
                return await self.reread(key)
            except NotFound:
                if self._session.capabilities.user_names:
                    raise
        requested_at_ms = self._session.clock()
        try:
            found = await find_by_email(self._session, key)
        except LookUpIgnored:
            raise await not_proven(self._session, [key]) from None
        if found is None:
            kind = "email" if is_email else "id or user name"
            raise NotFound(f"No user has the {kind} {clean(key, MAX_SHOWN_KEY)}.", hint="Check the spelling.")
        if found.groups is not UNKNOWN:
            return await self._try_to_store(found, requested_at_ms)
        # The look-up by email leaves out fields that the look-up by id has.
        return await self._try_to_store(merged(found, await self._session.api.get_user(found.id)), requested_at_ms)

    async def cached(self, key: str) -> MirroredUser | None:
        """The user with this email or id as the mirror knows it; raises ``MirrorUnavailable``."""
        key = key.strip()
        mirror = self._session.mirror
        return await mirror.user_by_email(key) or await mirror.user(key)

    async def reread(self, user_id: str, priority: Priority = Priority.DEMAND) -> MirroredUser:
        """Every field of one user, requested from the server and stored; ``row_id`` -1 where that failed.

        Raises ``NotFound`` after dropping the user from the mirror, or another ``ApiError``.
        """
        requested_at_ms = self._session.clock()
        try:
            user = await self._session.api.get_user(user_id, priority)
        except NotFound:
            with suppress(MirrorUnavailable):
                await self.forget(user_id)
            raise
        return await self._try_to_store(user, requested_at_ms)

    async def refresh_groups(self) -> tuple[GroupSize, ...]:
        """All groups, requested from the server and stored, with the number of members that the mirror knows."""
        groups = await self._session.api.list_groups()
        try:
            await self.store_groups(groups)
            return await self._session.mirror.groups()
        except MirrorUnavailable:
            return tuple(GroupSize(group, 0) for group in groups)

    async def named_groups(self) -> tuple[GroupSize, ...]:
        """The groups as the mirror knows them; they are requested where it knows no name."""
        groups = await self._session.mirror.groups()
        return groups if any(size.group.name for size in groups) else await self.refresh_groups()

    async def read_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """The members of a group, requested from the group and stored.

        Raises ``NotFound`` after dropping the group from the mirror, ``RequestRejected`` on a surface whose groups do
        not list them, another ``ApiError`` or ``MirrorUnavailable``.
        """
        session = self._session
        if session.group_api is None:
            raise RequestRejected(f"The members cannot be read: {session.capabilities.group_members}.")
        requested_at_ms = session.clock()
        try:
            found = await session.group_api.group_members(group_id, priority)
        except NotFound:
            with suppress(MirrorUnavailable):
                await self.drop_group(group_id)
            raise
        await self.store_members(found, requested_at_ms)
        return found

    async def group(self, name_or_id: str) -> Group:
        """The group that the mirror knows by this id or name (case and accents do not matter).

        Raises ``NotFound``, ``RequestRejected`` where several groups have that name (the hint names their ids), or
        ``MirrorUnavailable``.
        """
        known = GroupNames(size.group for size in await self._session.mirror.groups())
        shown = clean(name_or_id, MAX_SHOWN_KEY)
        matches = known.matches(name_or_id)
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = first_named([clean(group.id) for group in matches], MAX_NAMED_IDS)
            raise RequestRejected(f"{len(matches)} groups are called {shown}.", hint=f"Use one of the ids: {ids}")
        raise NotFound(f"There is no group {shown}.", hint=_similar(name_or_id, known))

    async def _try_to_store(self, user: User, requested_at_ms: int) -> MirroredUser:
        try:
            return await self.store(user, requested_at_ms)
        except MirrorUnavailable:
            return MirroredUser(UNSAVED_ROW_ID, user, None, requested_at_ms, requested_at_ms)


async def find_by_email(session: Session, email: str) -> User | None:
    """The user with this email, compared without case and Unicode form; None where the server has none.

    Some servers compare emails by their bytes: the typed form is requested first, then those of ``email_forms``. A user
    that only the mirror knows by this email is requested by id. Raises ``LookUpIgnored`` where that finds none and the
    server ignores look-ups by email.
    """
    ignored: LookUpIgnored | None = None
    for form in email_forms(email):
        try:
            found = await session.api.find_user(form)
        except LookUpIgnored as error:
            ignored = error
            break
        if found is not None:
            return found
    known = await _known_by_email(session, email)
    if known is None and ignored is not None:
        raise ignored
    return known


async def not_proven(session: Session, emails: Sequence[str]) -> LookUpIgnored:
    """The error for emails that were not found where the server ignores look-ups by email."""
    named = ", ".join(clean(email, MAX_SHOWN_KEY) for email in emails)
    try:
        coverage = await session.mirror.coverage()
    except MirrorUnavailable:
        return LookUpIgnored(f"{IGNORED} The local copy cannot be searched for {named} either.")
    sweep = coverage.sweep
    if not coverage.loaded:
        return LookUpIgnored(f"{IGNORED} No users are loaded yet, so {named} cannot be searched for there.", hint=AGAIN)
    if coverage.complete and sweep is not None and sweep.complete:
        read_at = format_time_ms(sweep.started_at_ms // 1000 * 1000)
        searched = f"all {spaced(coverage.loaded)} users of the account, as read at {read_at}"
        hint = "Check the spelling."
    else:
        of = "an unknown number" if coverage.total is None else spaced(coverage.total)
        searched = f"the {spaced(coverage.loaded)} users loaded of {of}"
        hint = AGAIN if sweep is None or sweep.ended_at_ms is None else READ_AGAIN
    return LookUpIgnored(f"{IGNORED} Searched {searched}: none of them has {named}.", hint=hint)


async def _known_by_email(session: Session, email: str) -> User | None:
    """The user that the mirror knows by this email, as the server has them now; None if their email has changed."""
    try:
        held = await session.mirror.user_by_email(email)
        user = None if held is None else await session.api.get_user(held.user.id)
    except (MirrorUnavailable, NotFound):
        return None
    same = user is not None and isinstance(user.email, str) and email_key(user.email) == email_key(email)
    return user if same else None


def _similar(name: str, known: GroupNames) -> str:
    """A hint for a name that no group has."""
    if close := known.nearest(name):
        return f"Did you mean {clean(close, MAX_SHOWN_KEY)}?"
    return "The Groups tab and “walkme-tui groups” list the groups of the account."
