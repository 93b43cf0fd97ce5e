"""Users on the other surface of a profile: looked up for plans, and checked after jobs. Nothing here writes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import (
    ConfigurationError,
    LookUpIgnored,
    NotFound,
    PermissionRefused,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)
from walkme_tui.domain.jobs import Job, SurfaceCheck
from walkme_tui.domain.surface_checks import OtherRecord, after_job, other_surface, to_check
from walkme_tui.domain.text import email_forms
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.concurrency import gather_bounded
from walkme_tui.services.ports import DirectoryApi, Session
from walkme_tui.services.waiting import Sleep

if TYPE_CHECKING:
    from walkme_tui.domain.accounts import Surface

# The two surfaces may show a change one after the other.
WAITS_SECONDS: Final = (0.0, 1.0, 2.0)
"""The waits before each reading of users whose state is still the old one."""


class OtherSurface:
    """The other surface of a session's profile. No failure is raised: it is the problem of a record."""

    def __init__(self, session: Session, api: DirectoryApi, sleep: Sleep = asyncio.sleep) -> None:
        self.surface: Surface = other_surface(session.account.surface)
        self._api = api
        self._sleep = sleep
        self._shares_ids = True

    async def find(self, users: Sequence[User]) -> list[OtherRecord]:
        """The records of these users there; once it cannot be reached, no further one is requested."""
        problem = ""

        async def record(user: User) -> OtherRecord:
            nonlocal problem
            if problem:
                return OtherRecord(None, problem)
            try:
                return OtherRecord(await self._record(user))
            except (ConfigurationError, ServiceUnavailable, SignInRefused, PermissionRefused) as error:
                problem = str(error)
                return OtherRecord(None, problem)
            except WalkmeError as error:
                return OtherRecord(None, str(error))

        return await gather_bounded(record(user) for user in users)

    async def check(self, job: Job) -> tuple[SurfaceCheck, ...]:
        """Whether the users whose status a job set have it there; those who do not are read again."""
        checks: dict[str, SurfaceCheck] = {}
        wanted = to_check(job)
        left = [user for user, _ in wanted.values()]
        for seconds in WAITS_SECONDS:
            if seconds:
                await self._sleep(seconds)
            for user, found in zip(left, await self.find(left), strict=True):
                checks[user.id] = after_job(user, found, self.surface, active=wanted[user.id][1])
            left = [user for user in left if checks[user.id].wrong]
            if not left:
                break
        return tuple(checks.values())

    async def _record(self, user: User) -> User | None:
        """The record with this id, else with this external id, else with this email; None where there is none."""
        if self._shares_ids:
            with suppress(NotFound):
                return await self._api.get_user(user.id)
        found = await self._by_external_id(user) or await self._by_email(user)
        if found is None or found.id == user.id:
            return found
        # The surfaces have ids of their own.
        self._shares_ids = False
        return await self._api.get_user(found.id) if found.external_id is UNKNOWN or found.status is UNKNOWN else found

    async def _by_external_id(self, user: User) -> User | None:
        if isinstance(user.external_id, str) and user.external_id:
            with suppress(LookUpIgnored):
                return await self._api.find_by_external_id(user.external_id)
        return None

    async def _by_email(self, user: User) -> User | None:
        for form in email_forms(user.email) if isinstance(user.email, str) and user.email else ():
            found = await self._api.find_user(form)
            if found is not None:
                return found
        return None
