"""A program that executes jobs until it is killed: the child side of the kill harness.

``python -m tests.support.killed_program`` imports everything, then forks one process for each line on standard input
(a JSON object, see ``Order``) and answers with two lines: the id of the process, and later its result.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401
import gc
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# What each forked process would import at its first request.
import anyio._backends._asyncio  # noqa: F401
import certifi  # noqa: F401
import httpcore._async.http11  # noqa: F401
import httpx

from tests.support.mutants import MUTANTS, SCIM_MUTANTS
from tests.support.scim_exchanges import SCIM_ROOT
from tests.support.sessions import open_session
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Actor, Job
from walkme_tui.domain.plan_files import plan_from_json
from walkme_tui.domain.secrets import Secret
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.journal import Journal
from walkme_tui.store.journal import creation
from walkme_tui.store.journal.journal import SqliteJournal, open_journal
from walkme_tui.store.journal.tables import JournalTables

PROFILE = "harness"
ACTOR = Actor("ada", "jump-host", "demo")
QUICK = RetryPolicy(base_seconds=0.001, longest_seconds=0.004)
LONGEST_SECONDS = 60
JOURNAL_CALLS = ("create", "claim", "intend", "settle", "release")
UNCOMMITTED = {"add_rows": "create", "mark_sent": "intend", "mark_settled": "settle", "set_state": "state"}
POINTS = (
    *(f"{side} {name}" for name in JOURNAL_CALLS for side in ("before", "after")),
    *(f"within {name}, not committed" for name in UNCOMMITTED.values()),
    "before a write leaves",
    "after a write was answered",
    "before a read leaves",
    "after a read was answered",
)


@dataclass(frozen=True, slots=True)
class Order:
    """One run of a job: the plan, its surface, the folder of the journal, the mutant, and the point of the kill.

    The process kills itself when it reaches ``point`` (one of ``POINTS``) for the ``number``-th time; empty: never.
    """

    plan: dict[str, Any]
    url: str
    folder: str
    mutant: str = ""
    point: str = ""
    number: int = 1

    def to_json_line(self) -> str:
        """The order as a line of JSON."""
        return json.dumps(asdict(self)) + "\n"


class KillSwitch:
    """Kills this process when it reaches a point for the given time."""

    def __init__(self, point: str, number: int) -> None:
        self._point = point
        self._number = number
        self._reached: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        """Count a point, and kill the process if it is the one."""
        self._reached[point] += 1
        if point == self._point and self._reached[point] == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


class KillingJournal:
    """A journal with a point before and after each writing call."""

    def __init__(self, real: SqliteJournal, switch: KillSwitch) -> None:
        self._real = real
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name not in JOURNAL_CALLS:
            return real

        async def call(*arguments: object) -> object:
            self._switch.reach(f"before {name}")
            result = await real(*arguments)
            self._switch.reach(f"after {name}")
            return result

        return call


class KillingTransport(httpx.AsyncHTTPTransport):
    """An HTTP transport with a point before and after each request."""

    def __init__(self, switch: KillSwitch) -> None:
        # To load the certificates takes half of a run, and the server is on http.
        super().__init__(verify=False, limits=httpx.Limits(max_connections=50, max_keepalive_connections=50))
        self._switch = switch

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; token calls have no points."""
        if request.url.path.endswith("/token"):
            return await super().handle_async_request(request)
        what = "read" if request.method == "GET" else "write"
        self._switch.reach(f"before a {what} leaves")
        response = await super().handle_async_request(request)
        self._switch.reach(f"after a {what} was answered")
        return response


def add_points_before_commits(switch: KillSwitch) -> None:
    """Add a point between the statements of each transaction and its commit."""
    for method, name in UNCOMMITTED.items():
        real: Callable[..., None] = getattr(JournalTables, method)

        def with_point(*arguments: Any, real: Callable[..., None] = real, name: str = name) -> None:
            real(*arguments)
            switch.reach(f"within {name}, not committed")

        setattr(JournalTables, method, with_point)


async def yield_to_tasks(seconds: float) -> None:
    """Let other tasks run, without sleeping."""
    await asyncio.sleep(0)


def client(surface: Surface, url: str, transport: httpx.AsyncBaseTransport) -> RestDirectory | ScimDirectory:
    """A client of the simulator at ``url``."""
    if surface is Surface.SCIM:
        scim = ScimSettings(PROFILE, f"{url}{SCIM_ROOT}", lambda: Secret("demo"), "the harness")
        return ScimDirectory(scim, transport=transport, policy=QUICK, pacer=unpaced())
    rest = RestSettings(PROFILE, url, "demo", lambda: Secret("demo"), "the harness")
    return RestDirectory(rest, transport=transport, policy=QUICK, pacer=unpaced())


@asynccontextmanager
async def harness_session(
    api: RestDirectory | ScimDirectory, surface: Surface, base_url: str
) -> AsyncIterator[Session]:
    """A session of the account at ``base_url``, with an empty mirror in memory."""
    account = Account(PROFILE, Environment.SANDBOX, surface, base_url)
    async with open_session(api) as opened:
        session = Session(account, api, opened.mirror, opened.clock, 0, "the harness", Events())
        yield session._replace(group_api=api if isinstance(api, ScimDirectory) else None)


async def job_under(journal: Journal, ticket: str) -> Job | None:
    """The job with this ticket."""
    found = [summary.id for summary in await journal.summaries(None) if summary.ticket == ticket]
    return await journal.job(found[0]) if found else None


async def work(order: Order) -> dict[str, str]:
    """Submit the plan unless its job exists, and execute its remaining steps."""
    switch = KillSwitch(order.point, order.number)
    add_points_before_commits(switch)
    if order.mutant:
        (MUTANTS | SCIM_MUTANTS)[order.mutant]()
    plan = plan_from_json(order.plan)
    api = client(plan.surface, order.url, KillingTransport(switch))
    real = open_journal(Path(order.folder), actor=ACTOR)
    journal: Any = KillingJournal(real, switch)
    async with harness_session(api, plan.surface, plan.base_url) as session:
        api.use_write_support(real.write_support(PROFILE, plan.base_url))
        executor = Executor(session, journal, ACTOR, sleep=yield_to_tasks)
        try:
            job = await job_under(journal, plan.ticket) or await executor.submit(plan)
            if job.state.resumable:
                job = await executor.run(job, JobControl(patience_seconds=0), lambda progress: None)
        except WalkmeError as error:
            return {"state": "interrupted", "error": f"{type(error).__name__}: {error.message}"}
        finally:
            await real.aclose()
    return {"state": job.state.value, "error": ""}


def run(order: Order, answer_pipe: int) -> None:
    """Run one forked process; it never returns."""
    signal.alarm(LONGEST_SECONDS)
    status = 1
    try:
        result = asyncio.run(work(order))
        os.write(answer_pipe, json.dumps(result).encode())
        status = 0
    except BaseException as error:  # noqa: BLE001 - the harness reports any error
        os.write(answer_pipe, json.dumps({"state": "broken", "error": repr(error)}).encode())
    finally:
        os._exit(status)


def serve() -> None:
    """Fork a process for every order until standard input ends."""
    gc.collect()
    gc.freeze()
    creation.PART = 5  # type: ignore[misc]
    for line in sys.stdin:
        order = Order(**json.loads(line))
        result_pipe, answer_pipe = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(result_pipe)
            run(order, answer_pipe)
        os.close(answer_pipe)
        print_json({"pid": pid})
        with os.fdopen(result_pipe, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        result = {"state": "killed", "error": ""} if killed else json.loads(said or b'{"state":"broken","error":""}')
        print_json(result)


def print_json(value: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
