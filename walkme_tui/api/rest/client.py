"""The WalkMe REST API."""

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx

from walkme_tui.api.answers import LIST_LIMIT_BYTES, ONE_RECORD_SECONDS, ApiAnswer, ApiRequest, without_secret
from walkme_tui.api.auth import TOKEN_PATH, Grant, SignIn, SignInImpossible, read_grant, token_request
from walkme_tui.api.connection import Offload, connect
from walkme_tui.api.ids import path_segment
from walkme_tui.api.pacing import Pacer
from walkme_tui.api.record_answers import check_written
from walkme_tui.api.rest.decoding import created_id, decode_groups, decode_matches, decode_one, decode_page
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.rest.user_update import UserUpdater
from walkme_tui.api.rest.write_requests import (
    add_member_request,
    create_request,
    delete_request,
    patch_request,
    put_request,
    remove_member_request,
)
from walkme_tui.api.retry import Failure, RetryPolicy
from walkme_tui.api.signed_in_api import SignedInApi
from walkme_tui.api.status_errors import failure_of_token_answer
from walkme_tui.api.transport import Deadlines
from walkme_tui.domain.errors import LookUpIgnored, SecretUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.user_json import JSON_NAMES, KNOWN_NAMES
from walkme_tui.domain.users import Json, User, UserPage
from walkme_tui.domain.write_support import WriteSupport

T = TypeVar("T")

LARGEST_PAGE: Final = 1000
READ: Final = "users:read"
# A membership call answers with both ids, or, on some servers, with the user or the group.
MEMBERSHIP_NAMES: Final = KNOWN_NAMES | {"groupId", "userId", "name"}
TOKEN_LIMIT_BYTES: Final = 256 * 1024


class RestDirectory(SignedInApi):
    """The users of an account over REST; implements ``services.ports.DirectoryApi``.

    Create it off the event loop (100 ms) and use it on one loop. ``transport`` replaces the network. Raises
    ``ConfigurationError`` for a base URL, ``ca_bundle`` or proxy that cannot be used; calls raise ``ApiError`` only.
    """

    def __init__(
        self,
        settings: RestSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        pacer: Pacer | None = None,
        offload: Offload | None = None,
    ) -> None:
        self._settings = settings
        connection = connect(
            settings,
            transport=transport,
            deadlines=deadlines,
            policy=policy,
            pacer=pacer,
            offload=offload,
        )
        super().__init__(connection, SignIn(self._request_token))
        self._secret: Secret | None = None
        self._updater = UserUpdater(self)
        self._look_up_ignored: LookUpIgnored | None = None
        self.group_warnings: tuple[str, ...] = ()
        """The warnings about the last list of groups, in sentences."""

    # ------------------------------------------------------------ reading

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of the server's list; ``page`` counts from 1, ``page_size`` is 1 to 1000 (else ValueError)."""
        if page < 1 or not 1 <= page_size <= LARGEST_PAGE:
            raise ValueError(f"page counts from 1 and page_size is 1 to {LARGEST_PAGE}")
        target = "/users?" + urlencode({"page": page, "pageSize": page_size})
        request = ApiRequest("GET", target, READ, "the list of users", LIST_LIMIT_BYTES, collection=True)
        return await self._call(request, priority, lambda answer: decode_page(answer, page, page_size))

    async def find_user(self, email: str) -> User | None:
        """The user with exactly this email, compared without case, or None.

        Raises ``LookUpIgnored`` where the server ignores the email; no further request is made then.
        """
        if self._look_up_ignored is not None:
            raise self._look_up_ignored
        target = "/users?" + urlencode({"email": email}, errors="replace")
        request = ApiRequest("GET", target, READ, "the list of users", LIST_LIMIT_BYTES, collection=True)
        try:
            return await self._call(request, Priority.DEMAND, lambda answer: decode_matches(answer, email))
        except LookUpIgnored as error:
            self._look_up_ignored = error
            raise

    async def find_by_external_id(self, external_id: str) -> User | None:  # noqa: ARG002 - the protocol's
        """Raises ``LookUpIgnored``: the REST API has no such look-up."""
        raise LookUpIgnored("The REST API looks users up by id and email only.")

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user with every field; ``NotFound`` where there is none, and for an id that cannot be one."""
        target = f"/users/{path_segment(user_id, 'user')}"
        request = ApiRequest("GET", target, READ, "this user", total_seconds=ONE_RECORD_SECONDS)
        return await self._call(request, priority, lambda answer: decode_one(answer, user_id))

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups; entries that cannot be read are left out and counted in ``group_warnings``."""
        request = ApiRequest("GET", "/groups", READ, "the list of groups", LIST_LIMIT_BYTES, collection=True)
        groups, self.group_warnings = await self._call(request, priority, decode_groups)
        return groups

    # ------------------------------------------------------------ writing

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Give attributes of a user other values; raises as ``DirectoryApi.update_user`` says."""
        await self._updater.update(user_id, update, base)

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        """Create a user; raises as ``DirectoryApi.create_user`` says."""
        request = create_request({JSON_NAMES[attribute]: value for attribute, value in values.items()})
        return await self._call(request, Priority.DEMAND, created_id)

    async def delete_user(self, user_id: str) -> None:
        """Delete a user; raises like ``patch_user``."""
        await self._write(delete_request(user_id), KNOWN_NAMES)

    async def replaces_records(self) -> bool:
        """True where this server refuses PATCH, so that ``update_user`` replaces the whole record."""
        return await self._updater.patch_refusal.known()

    def use_write_support(self, write_support: WriteSupport) -> None:
        """Keep the refusal of PATCH in ``write_support``."""
        self._updater.patch_refusal.store = write_support

    async def patch_user(self, user_id: str, fields: Mapping[str, Json]) -> None:
        """PATCH fields, by their JSON names; raises like ``update_user``, ``MethodRefused`` for an unknown call."""
        await self._write(patch_request(user_id, fields), KNOWN_NAMES)

    async def put_user(self, user_id: str, whole: Mapping[str, Json]) -> None:
        """PUT the whole record: fields left out may be cleared. Raises like ``patch_user``."""
        await self._write(put_request(user_id, whole), KNOWN_NAMES)

    async def add_member(self, group_id: str, user_id: str) -> None:
        """Add a user to a group; raises like ``patch_user``."""
        await self._write(add_member_request(group_id, user_id), MEMBERSHIP_NAMES)

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group; raises like ``patch_user``, ``NotFound`` where it was not a member."""
        await self._write(remove_member_request(group_id, user_id), MEMBERSHIP_NAMES)

    async def _call(self, request: ApiRequest, priority: Priority, decode: Callable[[ApiAnswer], T]) -> T:
        return await self._connection.call(request, self._credential, priority, decode)

    async def _write(self, request: ApiRequest, names: Set[str]) -> None:
        await self._connection.call(
            request, self._credential, Priority.DEMAND, lambda answer: check_written(answer, names)
        )

    # ------------------------------------------------------------ signing in

    def forget_sign_in(self) -> None:
        """Drop the token, and the secret too."""
        self._secret = None
        super().forget_sign_in()

    async def _request_token(self) -> Grant:
        """The token call, retried like a GET, since it changes nothing. It needs no turn: its caller has one."""
        secret = self._secret
        if secret is None:
            secret = self._secret = await self._read_secret()
        headers, form = token_request(self._settings.auth, self._settings.client_id, secret)
        request = ApiRequest(
            "POST",
            TOKEN_PATH,
            about="the token call",
            limit_bytes=TOKEN_LIMIT_BYTES,
            content=form,
            total_seconds=ONE_RECORD_SECONDS,
        )

        def judge(answer: ApiAnswer) -> Failure | None:
            failure = self._connection.judge(answer, request, (secret,))
            return failure and failure_of_token_answer(
                failure, without_secret(answer, secret), self._connection.endpoint
            )

        attempt = 0
        while True:
            attempt += 1
            outcome = await self._connection.attempt(request, headers=headers, attempt=attempt, judge=judge)
            if isinstance(outcome, ApiAnswer):
                return read_grant(outcome)
            self._connection.slow_down(outcome, None)
            await self._connection.wait_or_give_up(outcome, request, attempt)

    async def _read_secret(self) -> Secret:
        """The secret from its source; raises ``SignInImpossible``, which names the source."""
        try:
            return await asyncio.to_thread(self._settings.read_secret)
        except SecretUnavailable as error:
            message = f"Profile {self._settings.profile} cannot sign in: {error.message}"
            raise SignInImpossible(message, hint=error.hint) from error
