"""Edits of single fields: PATCH, and where the server refuses that, the whole record read, merged and put back."""

from collections.abc import Mapping
from contextlib import suppress

from walkme_tui.domain.errors import (
    JournalUnavailable,
    LookUpIgnored,
    MethodRefused,
    MirrorUnavailable,
    NotFound,
    RequestRejected,
)
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.record_merge import lacking, merged_record
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import Json, User
from walkme_tui.services.ports import Session, WriteMemory


class UserUpdater:
    """Edits users of one account; what it learned about PATCH is remembered for the profile."""

    def __init__(self, session: Session, memory: WriteMemory) -> None:
        self._session = session
        self._memory = memory
        self._patch_refused: bool | None = None

    @property
    def replaces(self) -> bool:
        """Edits replace the whole record."""
        return bool(self._patch_refused)

    async def prepare(self) -> None:
        """Look up how this server takes edits; raises ``JournalUnavailable``."""
        if self._patch_refused is None:
            self._patch_refused = await self._memory.patch_refused()

    async def edit(self, user_id: str, fields: Mapping[str, Json]) -> None:
        """Give fields, by their JSON names, other values; every other field keeps its own.

        Raises as ``DirectoryApi.patch_user`` says, ``NotFound`` only where the user is gone, and ``RequestRejected``
        where the server only replaces whole records and tells just parts of this one.
        """
        await self.prepare()
        if not self._patch_refused and await self._patched(user_id, fields):
            return
        whole = merged_record(await self._whole(user_id), fields)
        await self._session.api.put_user(user_id, whole)
        if not self._patch_refused:
            self._patch_refused = True
            # What could not be written down is learned again next time.
            with suppress(JournalUnavailable):
                await self._memory.remember_patch_refused()

    async def _patched(self, user_id: str, fields: Mapping[str, Json]) -> bool:
        """True if PATCH was accepted, False if the server has no such call."""
        try:
            await self._session.api.patch_user(user_id, fields)
        except (MethodRefused, NotFound):
            # Which of the two "not found" means, the reading of the user that follows tells.
            return False
        return True

    async def _whole(self, user_id: str) -> dict[str, Json]:
        """Every field of a user as the server has them now; ``RequestRejected`` where it does not tell them."""
        user = await self._session.api.get_user(user_id)
        known = await self._known(user_id)
        missing = lacking(encode_user(user), known)
        listed: User | None = None
        if missing and isinstance(user.email, str):
            with suppress(LookUpIgnored):
                listed = await self._session.api.find_user(user.email)
            if listed is not None and listed.id == user_id:
                user = merged(listed, user)
                missing = lacking(encode_user(user), known)
        if missing:
            raise RequestRejected(
                "This server takes no change of single fields, and its record of the user lacks "
                f"{' and '.join(missing)}: replacing the record could clear that, so nothing was sent.",
                hint="Make the change in the WalkMe Console.",
            )
        return encode_user(user)

    async def _known(self, user_id: str) -> dict[str, Json]:
        """The user as earlier answers told them."""
        try:
            mirrored = await self._session.mirror.user(user_id)
        except MirrorUnavailable:
            return {}
        return encode_user(mirrored.user if mirrored is not None else User(user_id))
