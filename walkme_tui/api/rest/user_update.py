"""Updates of users: PATCH, and on servers that refuse it, GET, merge and PUT of the whole record."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol

from walkme_tui.api.patch_refusal import PatchRefusal
from walkme_tui.api.whole_records import refuse_changed, refuse_incomplete, refuse_not_json
from walkme_tui.domain.errors import LookUpIgnored, MethodRefused, NotFound
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.user_json import JSON_NAMES, TIME_FIELDS, encode_user
from walkme_tui.domain.users import Json, User

# A PUT without one of these may clear it, change what the user sees or reset their rights.
REQUIRED: Final = ("email", "role", "status", "groups")
OPTIONAL: Final = ("firstName", "lastName", "externalId")


class UserCalls(Protocol):
    """The calls that an update consists of; ``api.rest.client.RestDirectory`` has them."""

    async def get_user(self, user_id: str) -> User:
        """GET a user by id."""
        ...

    async def find_user(self, email: str) -> User | None:
        """GET a user by email."""
        ...

    async def patch_user(self, user_id: str, fields: Mapping[str, Json]) -> None:
        """PATCH fields of a user, by their JSON names."""
        ...

    async def put_user(self, user_id: str, whole: Mapping[str, Json]) -> None:
        """PUT the whole record of a user."""
        ...


class UserUpdater:
    """Updates users of one account, and notes whether its server refuses PATCH."""

    def __init__(self, calls: UserCalls) -> None:
        self._calls = calls
        self.patch_refusal = PatchRefusal()

    async def update(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Give attributes other values; see ``services.ports.DirectoryApi.update_user``."""
        fields: dict[str, Json] = {JSON_NAMES[attribute]: value for attribute, value in update.items()}
        patch_refused = await self.patch_refusal.known()
        if not patch_refused and await self._patched(user_id, fields):
            return
        await self._calls.put_user(user_id, await self._whole(user_id, base, fields))
        if not patch_refused:
            await self.patch_refusal.remember()

    async def _patched(self, user_id: str, fields: Mapping[str, Json]) -> bool:
        """PATCH; False where the server has no such call."""
        try:
            await self._calls.patch_user(user_id, fields)
        except (MethodRefused, NotFound):
            # A 404 means that either the user or the call is unknown; the GET that follows shows which.
            return False
        return True

    async def _whole(self, user_id: str, base: User, fields: Mapping[str, Json]) -> dict[str, Json]:
        """Every field of a user as the server has them now, with the new values of ``fields``.

        Raises ``RequestRejected`` where some are unknown or NaN or Infinity, and ``ChangedMeanwhile`` where one of
        ``fields`` has neither the value of ``base`` nor the new one.
        """
        user = await self._calls.get_user(user_id)
        _check_unchanged(encode_user(base), encode_user(user), fields)
        known = [name for name, value in encode_user(base).items() if value is not None and name not in TIME_FIELDS]
        if _lacking(user, fields, (*REQUIRED, *known)) and isinstance(user.email, str):
            listed: User | None = None
            with suppress(LookUpIgnored):
                listed = await self._calls.find_user(user.email)
            if listed is not None and listed.id == user_id:
                user = merged(listed, user)
        # An unknown field that neither answer has any more was removed; a known one that had a value may be left out.
        missing = _lacking(user, fields, (*REQUIRED, *(name for name in OPTIONAL if name in known)))
        refuse_incomplete(missing)
        whole = encode_user(user) | dict(fields)
        refuse_not_json(whole)
        return whole


def _check_unchanged(base: Mapping[str, Json], now: Mapping[str, Json], fields: Mapping[str, Json]) -> None:
    """Raise ``ChangedMeanwhile`` where others changed one of ``fields`` since ``base`` was read."""
    changed = [
        name for name, value in fields.items() if name in base and name in now and now[name] not in (base[name], value)
    ]
    refuse_changed(changed)


def _lacking(user: User, fields: Mapping[str, Json], names: Iterable[str]) -> list[str]:
    """Those of the names that are neither in a user's record nor given a new value."""
    raw = encode_user(user)
    return [name for name in names if name not in raw and name not in fields]
