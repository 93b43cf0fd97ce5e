"""The SCIM 2.0 API of an account."""

from collections.abc import Mapping
from functools import partial

import httpx

from walkme_tui.api.answers import ApiAnswer, ApiRequest, Endpoint
from walkme_tui.api.connection import Offload, connect
from walkme_tui.api.pacing import Pacer
from walkme_tui.api.retry import Failure, RetryPolicy
from walkme_tui.api.scim.calls import ScimCalls, user_target
from walkme_tui.api.scim.groups import ScimGroups
from walkme_tui.api.scim.memberships import Memberships
from walkme_tui.api.scim.refusals import judged
from walkme_tui.api.scim.sent_attributes import SentAttributes
from walkme_tui.api.scim.service import ServiceReader
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.api.scim.setup_chain import explained
from walkme_tui.api.scim.sign_in import FixedSignIn
from walkme_tui.api.scim.user_lists import UserLists
from walkme_tui.api.scim.user_update import UserUpdater
from walkme_tui.api.signed_in_api import SignedInApi
from walkme_tui.api.transport import Deadlines
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import User, UserPage
from walkme_tui.domain.write_support import WriteSupport


class ScimDirectory(SignedInApi):
    """The users and groups of an account over SCIM; implements ``services.ports.DirectoryApi`` and ``GroupApi``.

    Create it off the event loop (100 ms) and use it on one loop. ``transport`` replaces the network. Raises
    ``ConfigurationError`` for settings that cannot be used; calls raise ``ApiError`` only.
    """

    def __init__(
        self,
        settings: ScimSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        pacer: Pacer | None = None,
        offload: Offload | None = None,
    ) -> None:
        if ":" in settings.username:
            raise ConfigurationError(
                f"The SCIM user name of profile {settings.profile} has a colon, which cannot be sent."
            )
        connection = connect(
            settings,
            transport=transport,
            deadlines=deadlines,
            policy=policy,
            pacer=pacer,
            offload=offload,
            explain=partial(_explained, settings),
        )
        credential = FixedSignIn(settings)
        super().__init__(connection, credential)
        self._calls = ScimCalls(connection, credential, settings.base_url.rstrip("/"))
        self._lists = UserLists(self._calls)
        service = ServiceReader(self._calls)
        self._groups = ScimGroups(self._calls, service)
        self._memberships = Memberships(self._groups, completes=settings.completes_groups)
        self._sent, self._sent_in_lists = SentAttributes(), SentAttributes()
        self._updater = UserUpdater(self._calls, service, self._sent)

    # ------------------------------------------------------------ users

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of the server's list; ``page`` counts from 1, ``page_size`` is 1 to 1000 (else ValueError)."""
        answer = await self._lists.page(page, page_size, priority)
        self._sent.note(answer.rows)
        rows = self._sent_in_lists.completed_rows(answer.rows)
        return answer._replace(rows=await self._memberships.complete_page(rows, priority))

    async def find_user(self, email: str) -> User | None:
        """The user with exactly this email, compared without case, or None; raises ``LookUpIgnored``."""
        user = await self._lists.find(email)
        return user and await self._memberships.complete(self._sent.completed(user), Priority.DEMAND)

    async def find_by_external_id(self, external_id: str) -> User | None:
        """A user with this external id; raises ``LookUpIgnored``."""
        return await self._lists.find_by_external_id(external_id)

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user with every field; ``NotFound`` where there is none, and for an id that cannot be one."""
        return await self._memberships.complete((await self._updater.read(user_id, priority)).user, priority)

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Give attributes of a user other values; raises as ``DirectoryApi.update_user`` says."""
        await self._updater.update(user_id, update, base)

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        """Create a user; raises as ``DirectoryApi.create_user`` says."""
        return await self._updater.create(values)

    async def delete_user(self, user_id: str) -> None:
        """Delete a user, which some servers answer by only deactivating it."""
        await self._calls.write("DELETE", user_target(user_id), "this user", None)

    async def replaces_records(self) -> bool:
        """True where this server refuses PATCH, so that ``update_user`` replaces the whole record."""
        return await self._updater.patch_refusal.known()

    def use_write_support(self, write_support: WriteSupport) -> None:
        """Keep the refusal of PATCH in ``write_support``."""
        self._updater.patch_refusal.store = write_support

    # ------------------------------------------------------------ groups

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups; entries that cannot be read are left out and counted in ``group_warnings``."""
        return await self._groups.read_all(priority)

    @property
    def group_warnings(self) -> tuple[str, ...]:
        """The warnings about the last list of groups, in sentences."""
        return self._groups.warnings

    async def get_group(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        """One group without its members; ``NotFound`` where there is none, and for an id that cannot be one."""
        return await self._groups.get(group_id, priority)

    async def group_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """A group with all of its members; raises like ``get_group``."""
        return await self._memberships.read_members(group_id, priority)

    async def create_group(self, name: str) -> str | None:
        """Create a group; raises as ``GroupApi.create_group`` says."""
        with self._memberships.changing(None):
            return await self._groups.create(name)

    async def rename_group(self, group_id: str, name: str) -> None:
        """Rename a group; raises as ``GroupApi.rename_group`` says."""
        await self._groups.rename(group_id, name)

    async def delete_group(self, group_id: str) -> None:
        """Delete a group, not its members."""
        with self._memberships.changing(group_id):
            await self._groups.delete(group_id)

    async def add_member(self, group_id: str, user_id: str) -> None:
        """Add a user to a group; raises like ``update_user``."""
        with self._memberships.changing(group_id):
            await self._groups.add(group_id, user_id)

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group; raises like ``update_user``."""
        with self._memberships.changing(group_id):
            await self._groups.remove(group_id, user_id)


def _explained(
    settings: ScimSettings, failure: Failure, request: ApiRequest, answer: ApiAnswer | None, endpoint: Endpoint
) -> Failure:
    failure = judged(failure, request, answer)
    is_rest_address = settings.is_rest_address
    return explained(failure, request, answer, endpoint, username=settings.username, is_rest_address=is_rest_address)
