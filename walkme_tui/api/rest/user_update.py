"""Updates of users: PATCH, and on servers that refuse it, GET, merge and PUT of the whole record."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Protocol

from walkme_tui.domain.errors import JournalUnavailable, LookUpIgnored, MethodRefused, NotFound, RequestRejected
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.user_json import TEXT_FIELDS, encode_user
from walkme_tui.domain.users import Json, User
from walkme_tui.domain.write_support import WriteSupport

JSON_NAMES: Final = {attribute: name for name, attribute in TEXT_FIELDS.items()}
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
        self._write_support: WriteSupport | None = None
        self._patch_refused: bool | None = None

    def use_write_support(self, write_support: WriteSupport) -> None:
        """Store the refusal of PATCH in ``write_support`` as well."""
        self._write_support = write_support

    async def patch_refused(self) -> bool:
        """True where an update replaces the whole record. If the journal cannot be read, one PATCH is refused."""
        if self._patch_refused is None:
            self._patch_refused = False
            if self._write_support is not None:
                with suppress(JournalUnavailable):
                    self._patch_refused = await self._write_support.patch_refused()
        return self._patch_refused

    async def update(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Give attributes other values; see ``services.ports.DirectoryApi.update_user``."""
        fields: dict[str, Json] = {JSON_NAMES[attribute]: value for attribute, value in update.items()}
        patch_refused = await self.patch_refused()
        if not patch_refused and await self._patched(user_id, fields):
            return
        await self._calls.put_user(user_id, await self._whole(user_id, base) | fields)
        if not patch_refused:
            self._patch_refused = True
            if self._write_support is not None:
                with suppress(JournalUnavailable):
                    await self._write_support.remember_patch_refused()

    async def _patched(self, user_id: str, fields: Mapping[str, Json]) -> bool:
        """PATCH; False where the server has no such call."""
        try:
            await self._calls.patch_user(user_id, fields)
        except (MethodRefused, NotFound):
            # A 404 means that either the user or the call is unknown; the GET that follows shows which.
            return False
        return True

    async def _whole(self, user_id: str, base: User) -> dict[str, Json]:
        """Every field of a user as the server has them now; raises ``RequestRejected`` where some are unknown."""
        user = await self._calls.get_user(user_id)
        known = encode_user(base)
        missing = _missing(user, known)
        if missing and isinstance(user.email, str):
            listed: User | None = None
            with suppress(LookUpIgnored):
                listed = await self._calls.find_user(user.email)
            if listed is not None and listed.id == user_id:
                user = merged(listed, user)
                missing = _missing(user, known)
        if missing:
            raise RequestRejected(
                "This server only replaces whole records, and its record of the user lacks "
                f"{' and '.join(missing)}: a replacement could clear that, so nothing was sent.",
                hint="Make the change in the WalkMe Console.",
            )
        return encode_user(user)


def _missing(user: User, known: Mapping[str, Json]) -> list[str]:
    """Names of the fields that a PUT needs and the record lacks: an optional field that had a value counts."""
    raw = encode_user(user)
    needed = (*REQUIRED, *(name for name in OPTIONAL if known.get(name) is not None))
    return [name for name in needed if name not in raw]
