"""Users and group names for plans, requested from the server at the same time where possible."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from walkme_tui.domain.consequences import is_kept
from walkme_tui.domain.errors import (
    ApiError,
    ConfigurationError,
    LookUpIgnored,
    MirrorUnavailable,
    NotFound,
    ServerFault,
    ServiceUnavailable,
    SignInRefused,
    UnexpectedAnswer,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.text import clean, email_key, spaced
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.concurrency import ProgressListener, gather_bounded
from walkme_tui.services.directory import Directory, find_by_email, not_proven
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.services.changes.other_surface import OtherRecords

MAX_SHOWN_KEY: Final = 120


class GroupNames:
    """Names of groups: from the mirror, and from the server's list where that is not enough, requested at most once.

    Use it with ``async with``: leaving the block cancels the request.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.known: dict[str, Group] = {}
        """All groups that are known so far, by id."""
        self._request_task: asyncio.Task[None] | None = None
        self.listed: frozenset[str] | None = None
        """The ids in the server's list, None where it was not read."""

    async def __aenter__(self) -> "GroupNames":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._request_task is not None:
            self._request_task.cancel()
            await asyncio.gather(self._request_task, return_exceptions=True)

    async def read_mirror(self, keep: Collection[str] = ()) -> None:
        """Load the mirror's groups; request the server's list if there are none, or one in ``keep`` is missing."""
        try:
            sizes = await self._session.mirror.groups()
        except MirrorUnavailable:
            sizes = ()
        for size in sizes:
            self.known.setdefault(size.group.id, size.group)
        if not sizes or self.unmatched(keep):
            self.request()

    def request(self) -> None:
        """Start to request the server's list, unless that was done before."""
        if self._request_task is None:
            self._request_task = asyncio.create_task(self._read(), name="group names")

    async def load(self, ids: Collection[str]) -> None:
        """Load the names of these groups from the server if one is unknown."""
        if any(self.group(group_id).name is None for group_id in ids):
            self.request()
        await self.wait_listed()

    async def wait_listed(self) -> None:
        """Wait for the server's list if it was requested; raises the ``ApiError`` that makes a plan impossible."""
        if self._request_task is not None:
            await self._request_task

    def group(self, group_id: str) -> Group:
        """The group with its name, if known."""
        return self.known.get(group_id, Group(group_id, None))

    def groups_of(self, user: User) -> tuple[Group, ...]:
        """A user's groups, each once, in the order of the record."""
        ids = user.groups if isinstance(user.groups, tuple) else ()
        return tuple(self.group(group_id) for group_id in dict.fromkeys(ids))

    def unmatched(self, keep: Collection[str]) -> list[str]:
        """The configured names and ids that no known group has."""
        return [wanted for wanted in keep if not any(is_kept(group, (wanted,)) for group in self.known.values())]

    async def _read(self) -> None:
        try:
            groups = await self._session.api.list_groups()
        except (ServerFault, UnexpectedAnswer):
            return
        except (ServiceUnavailable, SignInRefused):
            raise
        except ApiError:
            # Names are only shown: users of an account without them can be offboarded.
            return
        self.listed = frozenset(group.id for group in groups)
        self.known.update((group.id, group) for group in groups)
        with suppress(MirrorUnavailable):
            await Directory(self._session).store_groups(groups)


class PlanLookUps:
    """Single users, requested from the server and stored in the mirror.

    ``find`` and ``current`` also read them into ``elsewhere``, the records of the profile's other surface.
    """

    def __init__(self, session: Session, names: GroupNames, elsewhere: "OtherRecords | None" = None) -> None:
        self._session = session
        self._elsewhere = elsewhere
        self._directory = Directory(session)
        self._names = names
        self._unproven: set[str] = set()

    async def find(self, keys: Sequence[str], on_progress: ProgressListener | None = None) -> list[User]:
        """The users with these emails and ids, each once, with their groups if the server returns them.

        ``on_progress`` receives the number of users read so far. Raises ``NotFound`` with every unknown key, and
        ``LookUpIgnored`` with every email that is not proven to be unknown.
        """
        wanted = {email_key(key) if "@" in key else key: key for key in (key.strip() for key in keys) if key}
        if not wanted:
            raise ConfigurationError("No user was given.", hint="Give at least one email or id.")
        found = await gather_bounded((self._read(self._look_up(key)) for key in wanted.values()), on_progress)
        unknown = [key for key, user in zip(wanted.values(), found, strict=True) if user is None]
        if unproven := [key for key in unknown if key in self._unproven]:
            raise await not_proven(self._session, unproven)
        if unknown:
            raise _unknown(unknown)
        return list({user.id: user for user in found if user is not None}.values())

    async def current(
        self, user_ids: Collection[str], on_progress: ProgressListener | None = None
    ) -> dict[str, User | None]:
        """The users with these ids as they are now, by id; None for those that are gone.

        ``on_progress`` receives the number of users read so far.
        """
        found = await gather_bounded((self._read(self._by_id(user_id)) for user_id in user_ids), on_progress)
        return dict(zip(user_ids, found, strict=True))

    async def by_email(self, emails: Mapping[str, str]) -> dict[str, User | None]:
        """The users with these emails, by the keys of ``emails``; None where none was found, or that is uncertain."""
        found = await gather_bounded(self._by_email(email) for email in emails.values())
        return dict(zip(emails, found, strict=True))

    async def _read(self, look_up: Coroutine[Any, Any, User | None]) -> User | None:
        user = await look_up
        if user is not None and self._elsewhere is not None:
            await self._elsewhere.read(user)
        return user

    async def _by_email(self, email: str) -> User | None:
        with suppress(LookUpIgnored):
            return await find_by_email(self._session, email)
        return None

    async def _look_up(self, key: str) -> User | None:
        if "@" not in key:
            user = await self._by_id(key)
            if user is not None or self._session.capabilities.user_names:
                return user
        requested_at_ms = self._session.clock()
        try:
            found = await find_by_email(self._session, key)
        except LookUpIgnored:
            self._unproven.add(key)
            return None
        if found is None:
            return None
        if found.groups is not UNKNOWN:
            return await self._store(found, requested_at_ms)
        # The list lacks fields. The names are requested along with the record, which will contain groups.
        self._names.request()
        detail = await self._by_id(found.id)
        return None if detail is None else merged(found, detail)

    async def _by_id(self, user_id: str) -> User | None:
        requested_at_ms = self._session.clock()
        try:
            return await self._store(await self._session.api.get_user(user_id), requested_at_ms)
        except NotFound:
            with suppress(MirrorUnavailable):
                await self._directory.forget(user_id)
            return None

    async def _store(self, user: User, requested_at_ms: int) -> User:
        with suppress(MirrorUnavailable):
            await self._directory.store(user, requested_at_ms)
        return user


def require_found(now: Mapping[str, User | None]) -> list[User]:
    """The users that ``PlanLookUps.current`` found; raises ``NotFound`` where all are gone."""
    users = [user for user in now.values() if user is not None]
    if not users:
        named = (
            clean(next(iter(now), ""), MAX_SHOWN_KEY) if len(now) == 1 else f"with one of these {spaced(len(now))} ids"
        )
        raise NotFound(f"There is no user {named}.", hint="Refresh the list.", status=404)
    return users


def gone_texts(now: Mapping[str, User | None]) -> tuple[str, ...]:
    """A sentence for each user that ``PlanLookUps.current`` did not find."""
    gone = (user_id for user_id, user in now.items() if user is None)
    return tuple(f"{clean(user_id, MAX_SHOWN_KEY)}: there is no such user any more." for user_id in gone)


def _unknown(keys: Sequence[str]) -> NotFound:
    named = ", ".join(clean(key, MAX_SHOWN_KEY) for key in keys)
    if len(keys) == 1:
        return NotFound(f"No user has the {'email' if '@' in keys[0] else 'id'} {named}.", hint="Check the spelling.")
    return NotFound(f"No user has these {spaced(len(keys))} emails or ids: {named}.", hint="Check the spelling.")
