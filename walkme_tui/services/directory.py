"""Single users and the list of groups: asked from the server, kept in the mirror."""

from walkme_tui.domain.errors import LookUpIgnored, MirrorUnavailable, NotFound, RequestRejected
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser, Update, changed_fields, merged
from walkme_tui.domain.text import clean, search_key
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.email_lookup import find_by_email, not_proven
from walkme_tui.services.events import GroupsStored, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.ports import Session

UNSAVED_ROW_ID = -1
MAX_NAMED_IDS = 5
MAX_SHOWN_KEY = 120


class Directory:
    """Looks single users up and reads the groups; what the server says is stored and told to ``session.events``.

    A mirror that cannot be written costs the copy, not the answer: the user comes back with ``row_id`` -1.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def look_up(self, key: str) -> MirroredUser:
        """The user with this email or id, asked from the server and stored.

        Raises ``NotFound``, ``LookUpIgnored`` where that is not proven, or another ``ApiError`` where the server could
        not be asked.
        """
        key = key.strip()
        if "@" not in key:
            return await self.reread(key)
        asked_at_ms = self._session.clock()
        try:
            found = await find_by_email(self._session, key)
        except LookUpIgnored:
            raise await not_proven(self._session, [key]) from None
        if found is None:
            raise NotFound(f"No user has the email {clean(key, MAX_SHOWN_KEY)}.", hint="Check the spelling.")
        if found.groups is not UNKNOWN:
            return await self._store(found, asked_at_ms)
        # A lean list: the look-up by email leaves out what the look-up by id tells.
        return await self._store(merged(found, await self._session.api.get_user(found.id)), asked_at_ms)

    async def cached(self, key: str) -> MirroredUser | None:
        """The user with this email or id as the mirror knows it; raises ``MirrorUnavailable``."""
        key = key.strip()
        mirror = self._session.mirror
        return await (mirror.user_by_email(key) if "@" in key else mirror.user(key))

    async def reread(self, user_id: str) -> MirroredUser:
        """Every field of one user from the server; where it says 404 the mirror drops the user, and ``NotFound``."""
        asked_at_ms = self._session.clock()
        try:
            user = await self._session.api.get_user(user_id)
        except NotFound:
            await self._forget(user_id)
            raise
        return await self._store(user, asked_at_ms)

    async def refresh_groups(self) -> tuple[GroupSize, ...]:
        """All groups, asked from the server and stored, with the number of members that the mirror knows."""
        groups = await self._session.api.list_groups()
        try:
            await self._session.mirror.save_groups(groups, self._session.clock())
            sizes = await self._session.mirror.groups()
        except MirrorUnavailable:
            return tuple(GroupSize(group, 0) for group in groups)
        self._session.events.publish(GroupsStored())
        return sizes

    async def groups(self) -> tuple[GroupSize, ...]:
        """All groups that the mirror knows, by name; raises ``MirrorUnavailable``."""
        return await self._session.mirror.groups()

    async def group(self, name_or_id: str) -> Group:
        """The group that the mirror knows by this id or name (case and accents do not matter).

        Raises ``NotFound``, ``RequestRejected`` where several groups have that name (the hint names their ids), or
        ``MirrorUnavailable``.
        """
        known = [size.group for size in await self._session.mirror.groups()]
        shown = clean(name_or_id, MAX_SHOWN_KEY)
        folded = search_key(name_or_id)
        for matches in (
            [group for group in known if group.id == name_or_id],
            [group for group in known if group.name == name_or_id],
            [group for group in known if folded and group.name is not None and search_key(group.name) == folded],
        ):
            if len(matches) == 1:
                return matches[0]
            if matches:
                ids = ", ".join(clean(group.id) for group in matches[:MAX_NAMED_IDS])
                more = ", …" if len(matches) > MAX_NAMED_IDS else ""
                raise RequestRejected(
                    f"{len(matches)} groups are called {shown}.", hint=f"Use one of the ids: {ids}{more}"
                )
        raise NotFound(f"There is no group {shown}.", hint=_similar(folded, known))

    async def _store(self, user: User, asked_at_ms: int) -> MirroredUser:
        """Keep an answer, no newer than its question: a crawl must not count on what was true before it began."""
        try:
            before = await self._session.mirror.user(user.id)
            stored = await self._session.mirror.save_user(user, asked_at_ms)
        except MirrorUnavailable:
            return MirroredUser(UNSAVED_ROW_ID, user, None, asked_at_ms, asked_at_ms)
        self._session.events.publish(UserStored(user.id))
        if before is not None and before.user != stored.user:
            fields = changed_fields(before.user, stored.user)
            self._session.events.publish(UsersChanged((), (Update(user.id, fields),)))
        return stored

    async def _forget(self, user_id: str) -> None:
        try:
            was = await self._session.mirror.forget_user(user_id)
        except MirrorUnavailable:
            return
        self._session.events.publish(UserForgotten(user_id, was))


def _similar(folded: str, known: list[Group]) -> str:
    """What to do about a name that no group has; ``folded`` is its search key."""
    import difflib

    names = {search_key(group.name): group.name for group in known if group.name}
    close = difflib.get_close_matches(folded, names, n=1)
    if close:
        return f"Did you mean {clean(names[close[0]], MAX_SHOWN_KEY)}?"
    return "The groups of the account are listed in the Groups tab."
