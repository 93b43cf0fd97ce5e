"""A simulated account behind a fault proxy, in which others are faster and SCIM ignores some changes.

with harness_account(seed, share, settings, Surface.SCIM) as account:
    account.server.rivals = {"ann@example.com": {"email": "ann@example.com"}}   # others create her first
    run_job(account.proxy.url, account.folder)
    account.records()
"""

import asyncio
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.fault_proxy import IGNORED, NOT_THE_API, READING, TOKEN_PATH, TRANSIENT, Fault, FaultPlan, FaultProxy
from tests.support.job_verdict import GROUP_NAME, Record
from tests.support.journals import IN_MEMORY
from tests.support.killed_program import job_under
from tests.support.scim_exchanges import SCIM_ROOT
from tests.support.scim_exchanges import USERS as SCIM_USERS
from tests.support.tcp import asgi_server
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import User
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

IGNORED_SHARE = 0.05
JOBS_A_JOURNAL = 10
# A run ends at the first read that another server answers, so these faults are rarer.
WEIGHTS = dict.fromkeys(TRANSIENT, 1.0) | dict.fromkeys(NOT_THE_API, 0.2)


class RacingServer:
    """A simulator in which others create a user just before the request to create that user.

    ``rivals`` are the fields of those users by email, and ``created`` the records. A share of the SCIM writes is
    accepted and ignored, and with ``replaces_users`` there is no PATCH for users over SCIM.
    """

    def __init__(self, simulator: Simulator, seed: int, *, replaces_users: bool) -> None:
        self._simulator = simulator
        self._chance = random.Random(seed)
        self._replaces_users = replaces_users
        self._writing = asyncio.Lock()
        self.rivals: dict[str, Record] = {}
        self.created: list[Record] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["method"] in READING or scope["path"] == TOKEN_PATH:
            await self._simulator(scope, receive, send)
            return
        first = await receive()
        assert not first.get("more_body")
        if (scope["method"], scope["path"]) in {("POST", "/users"), ("POST", SCIM_USERS)}:
            body = json.loads(first["body"])
            rival = self.rivals.pop(body.get("email") or body.get("userName"), None)
            if rival is not None:
                self.created.append(self._simulator.account.create(rival))
        messages = [first]

        async def replay() -> Any:
            return messages.pop() if messages else await receive()

        if not scope["path"].startswith(SCIM_ROOT):
            await self._simulator(scope, replay, send)
            return
        # One at a time, because the oddities are those of all requests.
        async with self._writing:
            await self._serve_oddly(scope, replay, send)

    async def _serve_oddly(self, scope: Any, receive: Any, send: Any) -> None:
        odd = self._simulator.scim.odd
        ignored = self._chance.random() < IGNORED_SHARE
        refused = self._replaces_users and scope["method"] == "PATCH" and scope["path"].startswith(SCIM_USERS)
        more = {ScimOddity.SSO_OFF} if ignored else {ScimOddity.PATCH_405} if refused else set()

        async def send_marked(message: Any) -> None:
            if ignored and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], tuple(IGNORED.split(b": "))]
            await send(message)

        odd |= more
        try:
            await self._simulator(scope, receive, send_marked)
        finally:
            odd -= more


@dataclass(slots=True)
class HarnessAccount:
    """A simulated account behind a fault proxy, and the folder of its journal; ``url`` has no faults."""

    url: str
    simulator: Simulator
    server: RacingServer
    proxy: FaultProxy
    root: Path
    jobs: int = 0

    @property
    def folder(self) -> Path:
        """The folder of the journal; a new one after some jobs, because every run reads all jobs."""
        return self.root / str(self.jobs // JOBS_A_JOURNAL)

    def records(self) -> dict[str, Record]:
        """Every user and group as the server has them; call it only while no request is in flight."""
        account = self.simulator.account
        groups = [{"id": group["id"], GROUP_NAME: group["name"], "groups": []} for group in account.groups()]
        users = [deepcopy(dict(record)) for record in account.users(0, account.total)]
        return {str(record["id"]): record for record in (*users, *groups)}

    def users(self) -> list[User]:
        """Every user of ``records``."""
        found = (decode_user(record) for record in self.records().values() if GROUP_NAME not in record)
        return [user for user in found if isinstance(user, User)]

    def groups(self) -> list[Group]:
        """Every group of ``records``."""
        return [Group(str(group["id"]), str(group["name"])) for group in self.simulator.account.groups()]

    def job(self, ticket: str) -> Job | None:
        """The job with this ticket in the journal."""

        async def read() -> Job | None:
            journal = open_journal(self.folder)
            try:
                return await job_under(journal, ticket)
            finally:
                await journal.aclose()

        return asyncio.run(read())


@contextmanager
def harness_account(
    seed: int, share: float, settings: SimulatorSettings, surface: Surface = Surface.REST
) -> Iterator[HarnessAccount]:
    """A simulated account that is removed at the end."""
    simulator = Simulator(settings)
    server = RacingServer(simulator, seed, replaces_users=settings.patch == "405")
    weights = WEIGHTS
    if surface is Surface.SCIM:
        # A SCIM token does not expire, and its users are not pending.
        weights = {fault: weight for fault, weight in WEIGHTS.items() if fault is not Fault.EXPIRED}
        for record in list(simulator.account.users(0, settings.users)):
            if record["status"] == "pending":
                simulator.account.change(str(record["id"]), {"status": "active"})
    with (
        tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder,
        asgi_server(server) as url,
        FaultProxy(url, FaultPlan(seed, share, weights), delay_seconds=0.002) as proxy,
    ):
        yield HarnessAccount(url, simulator, server, proxy, Path(folder) / "data")
