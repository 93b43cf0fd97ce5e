"""A program that carries out jobs until it is killed: the child side of the kill harness.

``python -m tests.support.doomed`` imports everything, then forks one process for each line on standard input (a JSON
object, see ``Order``) and answers with two lines: the process's id as soon as there is one, and how it ended.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio._backends._asyncio  # noqa: F401 - what the client would import at its first request
import httpx

from tests.support.mutants import MUTANTS
from tests.support.sessions import open_session
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Actor, Job
from walkme_tui.domain.plan_files import plan_from_json
from walkme_tui.domain.secrets import Secret
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session
from walkme_tui.store.journal.journal import SqliteJournal, open_journal
from walkme_tui.store.journal.tables import JournalTables

PROFILE = "doomed"
ACTOR = Actor("ada", "jump-host", "demo")
QUICK = RetryPolicy(base_seconds=0.001, longest_seconds=0.004)
LONGEST_SECONDS = 60
JOURNAL_CALLS = ("create", "claim", "intend", "settle", "release")
UNCOMMITTED = {"mark_sent": "intend", "mark_settled": "settle", "set_state": "state"}
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
    """One run of a job: the plan, its account, where the journal is, what is wrong with the program, when it dies.

    ``point`` is one of ``POINTS``, met for the ``number``-th time; empty: it dies by nobody's hand but its parent's.
    """

    plan: dict[str, Any]
    url: str
    folder: str
    mutant: str = ""
    point: str = ""
    number: int = 1

    def as_line(self) -> str:
        """The order for the wire."""
        return json.dumps(asdict(self)) + "\n"


class Fuse:
    """Kills this process when a point is met often enough."""

    def __init__(self, point: str, number: int) -> None:
        self._point = point
        self._number = number
        self._met: Counter[str] = Counter()

    def met(self, point: str) -> None:
        """A point is met."""
        self._met[point] += 1
        if point == self._point and self._met[point] == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedJournal:
    """A journal with a point on each side of each writing call."""

    def __init__(self, real: SqliteJournal, fuse: Fuse) -> None:
        self._real = real
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name not in JOURNAL_CALLS:
            return real

        async def call(*arguments: object) -> object:
            self._fuse.met(f"before {name}")
            result = await real(*arguments)
            self._fuse.met(f"after {name}")
            return result

        return call


class FusedTransport(httpx.AsyncHTTPTransport):
    """The network with a point on each side of each request."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__(limits=httpx.Limits(max_connections=50, max_keepalive_connections=50))
        self._fuse = fuse

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; signing in has no points."""
        if request.url.path.endswith("/token"):
            return await super().handle_async_request(request)
        what = "read" if request.method == "GET" else "write"
        self._fuse.met(f"before a {what} leaves")
        response = await super().handle_async_request(request)
        self._fuse.met(f"after a {what} was answered")
        return response


def fuse_commits(fuse: Fuse) -> None:
    """Put a point between the statements of a transaction and its commit."""
    for method, name in UNCOMMITTED.items():
        real: Callable[..., None] = getattr(JournalTables, method)

        def fused(*arguments: Any, real: Callable[..., None] = real, name: str = name) -> None:
            real(*arguments)
            fuse.met(f"within {name}, not committed")

        setattr(JournalTables, method, fused)


async def at_once(seconds: float) -> None:
    """Sleep without sleeping."""
    await asyncio.sleep(0)


async def work(order: Order) -> dict[str, str]:
    """Submit the plan unless that was done before, and carry out what is left of it."""
    fuse = Fuse(order.point, order.number)
    fuse_commits(fuse)
    if order.mutant:
        MUTANTS[order.mutant]()
    api = RestDirectory(
        RestSettings(PROFILE, order.url, "demo", lambda: Secret("demo"), "the harness"),
        transport=FusedTransport(fuse),
        policy=QUICK,
        pacer=unpaced(),
    )
    real = open_journal(Path(order.folder), actor=ACTOR)
    journal: Any = FusedJournal(real, fuse)
    account = Account(PROFILE, Environment.SANDBOX, Surface.REST, order.plan["base_url"])
    async with open_session(api) as opened:
        session = Session(account, api, opened.mirror, opened.clock, 0, "the harness", Events())
        api.use_write_memory(real.write_memory(PROFILE, account.base_url))
        executor = Executor(session, journal, ACTOR, sleep=at_once)
        try:
            plan = plan_from_json(order.plan)
            made = [job for job in await journal.jobs() if job.plan.ticket == plan.ticket]
            job: Job = made[0] if made else await executor.submit(plan)
            if job.state.resumable:
                job = await executor.run(job.id, JobControl(patience_seconds=0), lambda progress: None)
        except WalkmeError as error:
            return {"state": "interrupted", "error": f"{type(error).__name__}: {error.message}"}
        finally:
            await real.aclose()
    return {"state": job.state.value, "error": ""}


def run(order: Order, told: int) -> None:
    """The life of one forked process; it never returns."""
    signal.alarm(LONGEST_SECONDS)
    status = 1
    try:
        result = asyncio.run(work(order))
        os.write(told, json.dumps(result).encode())
        status = 0
    except BaseException as error:  # noqa: BLE001 - whatever it is, the harness must hear of it
        os.write(told, json.dumps({"state": "broken", "error": repr(error)}).encode())
    finally:
        os._exit(status)


def serve() -> None:
    """Fork for every order until standard input ends."""
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = Order(**json.loads(line))
        listening, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(listening)
            run(order, told)
        os.close(told)
        say({"pid": pid})
        with os.fdopen(listening, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        result = {"state": "killed", "error": ""} if killed else json.loads(said or b'{"state":"broken","error":""}')
        say(result)


def say(value: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
