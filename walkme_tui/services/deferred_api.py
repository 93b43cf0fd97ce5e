"""An API client that is built on first use, in a thread, because its imports take longer than the first frame."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar, runtime_checkable

from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.traffic import Priority, RequestRecord, TrafficStatus
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.ports.directory_api import DirectoryApi, GroupApi

if TYPE_CHECKING:
    from walkme_tui.domain.write_support import WriteSupport

IDLE_TRAFFIC: Final = TrafficStatus(
    in_flight=0, permitted_per_second=4.0, recent_per_second=0.0, waiting_seconds=0.0, latency_ms=None, throttled=0
)


@runtime_checkable
class SignInClient(Protocol):
    """A client that can sign in before its first call."""

    async def sign_in(self) -> None:
        """Get a token for the next call; raises ``ApiError``."""
        ...


class DirectoryWithGroups(DirectoryApi, GroupApi, Protocol):
    """The client of a surface whose groups have members and can be changed."""


A = TypeVar("A", bound=DirectoryApi)


class DeferredApi(Generic[A]):
    """A ``DirectoryApi`` that calls ``build`` once, in a thread, on the first call.

    If that fails, every waiting call raises its ``WalkmeError``, and the next call builds again.
    """

    def __init__(self, build: Callable[[], A]) -> None:
        self._build = build
        self._built: A | None = None
        self._building: asyncio.Task[A] | None = None
        self._closed = False
        self._write_support: WriteSupport | None = None

    async def prepare(self) -> None:
        """Build the client and sign in before the first call; raises ``WalkmeError``."""
        api: DirectoryApi = await self._ready()
        if isinstance(api, SignInClient):
            await api.sign_in()

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        return await (await self._ready()).list_users(page, page_size, priority)

    async def find_user(self, email: str) -> User | None:
        return await (await self._ready()).find_user(email)

    async def find_by_external_id(self, external_id: str) -> User | None:
        return await (await self._ready()).find_by_external_id(external_id)

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        return await (await self._ready()).get_user(user_id, priority)

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        return await (await self._ready()).list_groups(priority)

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        await (await self._ready()).update_user(user_id, update, base)

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        return await (await self._ready()).create_user(values)

    async def delete_user(self, user_id: str) -> None:
        await (await self._ready()).delete_user(user_id)

    async def replaces_records(self) -> bool:
        return await (await self._ready()).replaces_records()

    def use_write_support(self, write_support: "WriteSupport") -> None:
        self._write_support = write_support
        if self._built is not None:
            self._built.use_write_support(write_support)

    async def add_member(self, group_id: str, user_id: str) -> None:
        await (await self._ready()).add_member(group_id, user_id)

    async def remove_member(self, group_id: str, user_id: str) -> None:
        await (await self._ready()).remove_member(group_id, user_id)

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use; None before there is a client."""
        return None if self._built is None else self._built.scopes

    @property
    def group_warnings(self) -> Sequence[str]:
        """What was wrong with the last list of groups."""
        return () if self._built is None else self._built.group_warnings

    def traffic(self) -> TrafficStatus:
        """The traffic at this moment; idle before there is a client."""
        return IDLE_TRAFFIC if self._built is None else self._built.traffic()

    def request_log(self) -> Sequence[RequestRecord]:
        """The most recent requests, oldest first."""
        return () if self._built is None else self._built.request_log()

    def forget_sign_in(self) -> None:
        """Drop the token, if there is one."""
        if self._built is not None:
            self._built.forget_sign_in()

    async def aclose(self) -> None:
        """Close the client if there is one, waiting for one that is being built; later calls fail."""
        self._closed = True
        if self._building is not None:
            await asyncio.gather(self._building, return_exceptions=True)
        if self._built is not None:
            await self._built.aclose()

    async def _ready(self) -> A:
        if self._closed:
            raise Unreachable("The connection was closed.")
        if self._built is not None:
            return self._built
        if self._building is None:
            self._building = asyncio.create_task(self._build_client())
        # Shielded: a cancelled caller must not cancel the build for the others.
        api = await asyncio.shield(self._building)
        if self._closed:
            raise Unreachable("The connection was closed.")
        return api

    async def _build_client(self) -> A:
        try:
            built = self._built = await asyncio.to_thread(self._build)
            if self._write_support is not None:
                built.use_write_support(self._write_support)
        finally:
            self._building = None
        return self._built


class DeferredGroupApi(DeferredApi[DirectoryWithGroups]):
    """A ``DeferredApi`` that is a ``GroupApi`` too."""

    async def get_group(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        return await (await self._ready()).get_group(group_id, priority)

    async def group_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        return await (await self._ready()).group_members(group_id, priority)

    async def create_group(self, name: str) -> str | None:
        return await (await self._ready()).create_group(name)

    async def rename_group(self, group_id: str, name: str) -> None:
        await (await self._ready()).rename_group(group_id, name)

    async def delete_group(self, group_id: str) -> None:
        await (await self._ready()).delete_group(group_id)
