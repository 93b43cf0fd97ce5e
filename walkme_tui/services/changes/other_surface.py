"""Users on the other surface of a profile: looked up for plans, and checked after jobs. Nothing here writes."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import (
    ConfigurationError,
    LookUpIgnored,
    NotFound,
    PermissionRefused,
    RequestRejected,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)
from walkme_tui.domain.surface_checks import LONG_ID, OtherRecord, expected_states, other_surface, surface_check
from walkme_tui.domain.text import email_forms
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.concurrency import gather_bounded
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.directory_api import DirectoryApi
from walkme_tui.services.waiting import Sleep

if TYPE_CHECKING:
    # A plan is shown without the module of jobs.
    from walkme_tui.domain.jobs import Job, SurfaceCheck

# The two surfaces may show a change one after the other.
WAITS_SECONDS: Final = (0.0, 1.0, 2.0)
"""The waits before each reading of users whose state is still the old one."""


class OtherSurface:
    """The other surface of a session's profile."""

    def __init__(self, session: Session, api: DirectoryApi, sleep: Sleep = asyncio.sleep) -> None:
        self.surface = other_surface(session.account.surface)
        self._api = api
        self._sleep = sleep
        self._shares_ids = True

    async def check(self, job: "Job") -> "tuple[SurfaceCheck, ...]":
        """Whether the users whose status a job set have it there; those who do not are read again."""
        checks: dict[str, SurfaceCheck] = {}
        wanted = expected_states(job)
        left = [user for user, _ in wanted.values()]
        for seconds in WAITS_SECONDS:
            if seconds:
                await self._sleep(seconds)
            records = OtherRecords(self)
            await gather_bounded(records.read(user) for user in left)
            for user in left:
                found, active = records.by_user[user.id], wanted[user.id][1]
                checks[user.id] = surface_check(user, found, self.surface, active=active)
            left = [user for user in left if checks[user.id].wrong]
            if not left:
                break
        return tuple(checks.values())

    async def find(self, user: User) -> User | None:
        """The record with this id, else with this external id, else with this email; None where there is none.

        Raises ``WalkmeError``.
        """
        if self._shares_ids:
            # Some servers refuse an id that does not have the form of theirs.
            with suppress(NotFound, RequestRejected):
                found = await self._api.get_user(user.id)
                if len(user.id) >= LONG_ID or found.email == user.email:
                    return found
        other = await self._by_external_id(user) or await self._by_email(user)
        if other is None or other.id == user.id:
            return other
        # The surfaces have ids of their own.
        self._shares_ids = False
        return await self._api.get_user(other.id) if other.external_id is UNKNOWN or other.status is UNKNOWN else other

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


class OtherRecords:
    """The records of users on the other surface, by their ids on this one, read for one plan or one check.

    No failure is raised: it is the problem of a record. Once the surface cannot be reached, nothing more is requested.
    """

    def __init__(self, other: OtherSurface) -> None:
        self.other = other
        self.by_user: dict[str, OtherRecord] = {}
        self._problem = ""

    async def read(self, user: User) -> None:
        """Read the record of a user, unless that was done."""
        if user.id not in self.by_user:
            self.by_user[user.id] = await self._record(user)

    async def _record(self, user: User) -> OtherRecord:
        if self._problem:
            return OtherRecord(None, self._problem)
        try:
            return OtherRecord(await self.other.find(user))
        except (ConfigurationError, ServiceUnavailable, SignInRefused, PermissionRefused) as error:
            self._problem = str(error)
            return OtherRecord(None, self._problem)
        except WalkmeError as error:
            return OtherRecord(None, str(error))
