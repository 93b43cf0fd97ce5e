"""Creating and updating users: PATCH, and on servers that refuse it, GET, merge and PUT of the whole resource."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from walkme_tui.api.scim.calls import Operation, ScimCalls, user_target
from walkme_tui.domain.errors import JournalUnavailable, RequestRejected
from walkme_tui.domain.scim_json import USER_SCHEMA, primary_email_replaced
from walkme_tui.domain.users import Json, Status, User
from walkme_tui.domain.write_support import WriteSupport

ABOUT: Final = "this user"
PATHS: Final = {
    "email": "userName",
    "first_name": "name.givenName",
    "last_name": "name.familyName",
    "external_id": "externalId",
    "status": "active",
}
ACTIVE: Final[Mapping[str | None, bool]] = {Status.ACTIVE: True, Status.INACTIVE: False}


def new_user(values: Mapping[str, str]) -> dict[str, Json]:
    """The resource of a user to create; ``values`` are attributes of ``User``. Raises ``RequestRejected``."""
    fields = _fields(values)
    name = {path.removeprefix("name."): value for path, value in fields.items() if path.startswith("name.")}
    raw: dict[str, Json] = {"schemas": [USER_SCHEMA], "userName": fields["userName"]}
    raw |= {path: value for path, value in fields.items() if not path.startswith("name.")}
    if name:
        raw["name"] = dict(name)
    raw["emails"] = [{"value": fields["userName"], "type": "work", "primary": True}]
    return raw | {"active": fields.get("active", True)}


def _fields(update: Mapping[str, str | None]) -> dict[str, Json]:
    """New values by their SCIM paths; raises ``RequestRejected`` for what SCIM does not have."""
    if "role" in update:
        raise RequestRejected("SCIM has no role, so nothing was sent.")
    fields: dict[str, Json] = {}
    for attribute, value in update.items():
        if attribute == "status" and value not in ACTIVE:
            raise RequestRejected("SCIM has only active and inactive users, so nothing was sent.")
        fields[PATHS[attribute]] = ACTIVE[value] if attribute == "status" else value
    return fields


class UserUpdater:
    """Updates users of one account, and notes whether its server refuses PATCH."""

    def __init__(self, calls: ScimCalls) -> None:
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
        operations = _operations(_fields(update), base)
        await self._calls.patch(user_target(user_id), ABOUT, operations)


def _operations(fields: Mapping[str, Json], base: User) -> list[Operation]:
    """The operations of a PATCH: a value is replaced, and an empty one removed."""
    operations: list[Operation] = [
        {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}
        for path, value in fields.items()
    ]
    email = fields.get("userName")
    if isinstance(email, str) and isinstance(base.email, str):
        emails = primary_email_replaced(base.extra.get("emails"), base.email, email)
        if emails is not None:
            operations.append({"op": "replace", "path": "emails", "value": emails})
    return operations
