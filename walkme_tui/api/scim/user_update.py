"""Creating and updating users: PATCH, and on servers that refuse it, GET, merge and PUT of the whole resource."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from walkme_tui.api.patch_refusal import PatchRefusal
from walkme_tui.api.scim.calls import BAD_REQUEST, USERS, Operation, ScimCalls, first_accepted, user_target
from walkme_tui.api.scim.decoding import created_id, decode_one, version_of
from walkme_tui.api.scim.sent_attributes import SentAttributes
from walkme_tui.api.scim.service import ServiceReader
from walkme_tui.api.scim.user_lists import ABOUT as ABOUT_ALL
from walkme_tui.api.whole_records import refuse_changed, refuse_incomplete, refuse_not_json
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.changes.edit import same_value
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, RequestRejected
from walkme_tui.domain.scim_json import PATHS, encode_scim_user, member, primary_email_replaced, set_member
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.user_json import USER_SCHEMA
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, Json, Status, User

ABOUT: Final = "this user"
CAPABILITIES: Final = capabilities(Surface.SCIM)
# A PUT without one of these may change whether the user is active, or reset their rights.
REQUIRED: Final = ("active", "accessRole")
# The version sent is not the present one, or the server requires one.
OUTDATED: Final = frozenset({412, 428})
MOST_ATTEMPTS: Final = 4
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


def strict_new_user(values: Mapping[str, str]) -> dict[str, Json]:
    """The same user with what some servers require besides, and without what some do not know."""
    raw = new_user(values)
    raw["emails"] = [{"value": raw["userName"]}]
    full_name = " ".join(values[name] for name in ("first_name", "last_name") if values.get(name))
    if full_name and isinstance(raw["name"], dict):
        raw |= {"displayName": full_name, "name": {**raw["name"], "formatted": full_name}}
    return raw


def _fields(update: Mapping[str, str | None]) -> dict[str, Json]:
    """New values by their SCIM paths; raises ``RequestRejected`` for what SCIM does not have."""
    fields: dict[str, Json] = {}
    for attribute, value in update.items():
        if reason := CAPABILITIES.refusal(attribute, value):
            raise RequestRejected(f"Nothing was sent: {reason}.")
        fields[PATHS[attribute]] = ACTIVE[value] if attribute == "status" else value
    return fields


class Resource(NamedTuple):
    """A user as just read: the resource as it came, and its version for ``If-Match``, empty where it has none."""

    user: User
    raw: dict[str, Any]
    version: str


class UserUpdater:
    """Updates users of one account, and notes whether its server refuses PATCH."""

    def __init__(self, calls: ScimCalls, service: ServiceReader, sent: SentAttributes) -> None:
        self._calls = calls
        self._service = service
        self.patch_refusal = PatchRefusal()
        self._uses_versions = True
        self._sent = sent

    async def read(self, user_id: str, priority: Priority = Priority.DEMAND) -> Resource:
        """GET one user."""
        decode = partial(decode_one, user_id=user_id)
        user, raw, version = await self._calls.read_one(user_target(user_id), ABOUT, decode, priority)
        return Resource(self._sent.completed(user), raw, version)

    async def create(self, values: Mapping[str, str]) -> str | None:
        """POST a new user; its id, None where the answer lacks it. Raises as ``DirectoryApi.create_user`` says."""
        forms = (new_user(values), strict_new_user(values))
        return (await first_accepted([partial(self._post, form) for form in forms]))[1]

    async def _post(self, resource: Mapping[str, Json]) -> str | None:
        created: str | None = await self._calls.write("POST", USERS, ABOUT_ALL, resource, created_id)
        return created

    async def update(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Give attributes other values; see ``services.ports.DirectoryApi.update_user``."""
        fields = _fields(update)
        service = await self._service.service()
        if fixed := service.fixed_paths(USER_SCHEMA, fields):
            raise RequestRejected(f"This server does not let {' and '.join(fixed)} be changed, so nothing was sent.")
        self._uses_versions = self._uses_versions and service.etag
        if not service.patch:
            self.patch_refusal.note(refused=True)
        known = await self.patch_refusal.known()
        refusal = None if known else await self._patch(user_id, update, base)
        if refusal is None and not known:
            return
        try:
            await self._replace(user_id, update, base)
        except MethodRefused:
            # What was known of PATCH was wrong, or is outdated.
            if not known or await self._patch(user_id, update, base) is not None:
                raise
            self.patch_refusal.note(refused=False)
            return
        if refusal is not None and refusal.status == BAD_REQUEST:
            self.patch_refusal.note(refused=True)  # only a path is unknown: after a start, others are patched again
        elif refusal is not None:
            await self.patch_refusal.remember()

    async def _patch(self, user_id: str, update: Mapping[str, str | None], base: User) -> ApiError | None:
        """PATCH; the refusal where the server has no such call or does not know a path, None where it was accepted."""
        operations = _operations(_fields(update), base)
        version = version_of(dict(base.extra)) if self._uses_versions else ""
        attempts_left = MOST_ATTEMPTS
        while True:
            attempts_left -= 1
            try:
                await self._calls.patch(user_target(user_id), ABOUT, operations, version)
            except (RequestRejected, NotFound) as error:
                if error.status == BAD_REQUEST and operations[-1]["path"] == "emails":
                    operations = operations[:-1]  # this server may derive the list of emails
                elif isinstance(error, MethodRefused | NotFound):
                    # A 404 means that either the user or the call is unknown; the GET that follows shows which.
                    return error
                elif error.status in OUTDATED and attempts_left > 0:
                    version = self._newer(await self._unchanged(user_id, update, base), version)
                else:
                    raise
            else:
                return None

    async def _replace(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """PUT the whole resource as the server has it now, with the new values."""
        version = ""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            now = await self._unchanged(user_id, update, base)
            version = self._newer(now, version)
            whole = merged_resource(now.raw, _fields(update), base)
            try:
                await self._calls.write("PUT", user_target(user_id), ABOUT, whole, if_match=version)
            except RequestRejected as error:
                if error.status not in OUTDATED or attempt == MOST_ATTEMPTS:
                    raise
            else:
                return

    def _newer(self, now: Resource, refused: str) -> str:
        """The version to send; empty from now on where the server refused the one that it still sends."""
        if refused and now.version == refused:
            self._uses_versions = False
        return now.version if self._uses_versions else ""

    async def _unchanged(self, user_id: str, update: Mapping[str, str | None], base: User) -> Resource:
        """The user as the server has them now; raises ``ChangedMeanwhile`` where a value is neither old nor new."""
        now = await self.read(user_id)
        changed = []
        for attribute, value in update.items():
            seen, theirs = getattr(base, attribute), getattr(now.user, attribute)
            if UNKNOWN not in (seen, theirs) and not same_value(theirs, seen) and not same_value(theirs, value):
                changed.append(FIELD_LABELS[attribute])
        refuse_changed(changed)
        return now


def merged_resource(raw: Mapping[str, Json], fields: Mapping[str, Json], base: User) -> dict[str, Json]:
    """A whole resource with new values by their paths; what has none is left out.

    Raises ``RequestRejected`` where the resource lacks what a replacement would clear, or has NaN or Infinity.
    """
    missing = [name for name in REQUIRED if member(raw, name) is UNKNOWN and name in encode_scim_user(base)]
    refuse_incomplete(missing)
    whole = dict(raw)
    for path, value in fields.items():
        parent, _, name = path.rpartition(".")
        inner = whole
        if parent:
            known = member(whole, parent)
            inner = dict(known) if isinstance(known, dict) else {}
            set_member(whole, parent, inner)
        set_member(inner, name, value)
    old, new = member(raw, "userName"), fields.get("userName")
    if isinstance(old, str) and isinstance(new, str):
        emails = primary_email_replaced(member(raw, "emails"), old, new)
        if emails is not None:
            set_member(whole, "emails", emails)
    refuse_not_json(whole)
    return whole


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
