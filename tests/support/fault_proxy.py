"""A TCP proxy that injects faults by a seeded plan, and records exactly which requests were executed.

with FaultProxy(simulator_url, FaultPlan(seed=7, share=0.2)) as proxy:
    run_job(base_url=proxy.url)       # also in another process
    proxy.settle()                    # after that process was killed: its requests have ended
    proxy.writes                      # [(number, method, path, body)] that the server answered with 2xx
    proxy.always = Fault.RESET        # a total outage, until it is None again
    proxy.refuse(); proxy.accept()    # stop listening; listen again

Requests are numbered in the order in which they came in whole. A request is either never forwarded, or forwarded once
and awaited to the end, whatever becomes of the caller: unless the server itself breaks off, nothing is in doubt.
"""

import asyncio
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from tests.support.http_wire import HEAD_LIMIT, Reply, Request, Upstream, ok_answer, read_request, reset, simple_answer

T = TypeVar("T")

TOKEN_PATH = "/accounts/connect/token"
READING = frozenset({"GET", "HEAD"})
# A token serves at least so many requests, so that a fresh one is never expired at once.
TOKEN_USES = 20
PATIENCE_SECONDS = 10.0
# The header of a server for tests that ignored the request on purpose.
IGNORED = b"x-ignored: 1"


WEB_PAGE = ok_answer("text/html", b"<!doctype html><html><head><title>Sign in to the network</title></head></html>")
OTHER_JSON = ok_answer("application/json", b'{"message":"Sign in to the network."}')


class Fault(StrEnum):
    """What happens to one request; "before": it is not forwarded, "after": it was executed."""

    RESET = "reset before"
    TOO_MANY = "429 before"
    TOO_MANY_WAIT = "429 before, with Retry-After"
    BUSY = "503 before, with Retry-After"
    EXPIRED = "401 before, for this token from now on"
    ERROR_500_BEFORE = "500 before"
    ERROR_502_BEFORE = "502 before"
    ERROR_503_BEFORE = "503 before"
    LOST = "reset after"
    CUT = "answer cut after"
    ERROR_500_AFTER = "500 after"
    ERROR_502_AFTER = "502 after"
    ERROR_503_AFTER = "503 after"
    PAGE_BEFORE = "200 with a web page before"
    PAGE_AFTER = "200 with a web page after"
    SHAPE_BEFORE = "200 with other JSON before"
    SHAPE_AFTER = "200 with other JSON after"
    DELAY = "delay"
    REJECTED = "400 before"


_AFTER = frozenset(
    {
        Fault.LOST,
        Fault.CUT,
        Fault.ERROR_500_AFTER,
        Fault.ERROR_502_AFTER,
        Fault.ERROR_503_AFTER,
        Fault.PAGE_AFTER,
        Fault.SHAPE_AFTER,
    }
)
_STATUS: Mapping[Fault, str] = {
    Fault.TOO_MANY: "429 Too Many Requests",
    Fault.TOO_MANY_WAIT: "429 Too Many Requests",
    Fault.BUSY: "503 Service Unavailable",
    Fault.EXPIRED: "401 Unauthorized",
    Fault.ERROR_500_BEFORE: "500 Internal Server Error",
    Fault.ERROR_500_AFTER: "500 Internal Server Error",
    Fault.ERROR_502_BEFORE: "502 Bad Gateway",
    Fault.ERROR_502_AFTER: "502 Bad Gateway",
    Fault.ERROR_503_BEFORE: "503 Service Unavailable",
    Fault.ERROR_503_AFTER: "503 Service Unavailable",
    Fault.REJECTED: "400 Bad Request",
}
NOT_THE_API: Mapping[Fault, bytes] = {
    Fault.PAGE_BEFORE: WEB_PAGE,
    Fault.PAGE_AFTER: WEB_PAGE,
    Fault.SHAPE_BEFORE: OTHER_JSON,
    Fault.SHAPE_AFTER: OTHER_JSON,
}
_WAITING = frozenset({Fault.TOO_MANY_WAIT, Fault.BUSY})

Plan = Callable[[int, str, str], Fault | None]
"""What happens to the request with this number, method and path."""


TRANSIENT = tuple(fault for fault in Fault if fault is not Fault.REJECTED)
"""The faults after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The same faults for the same numbers at every run: a ``share`` of all requests, drawn by ``weights``."""

    seed: int
    share: float = 0.2
    weights: Mapping[Fault, float] = field(default_factory=lambda: dict.fromkeys(TRANSIENT, 1.0))

    def __call__(self, number: int, method: str, path: str) -> Fault | None:
        """What is drawn for a request."""
        chance = random.Random(f"{self.seed}:{number}")
        if chance.random() >= self.share:
            return None
        return chance.choices(tuple(self.weights), tuple(self.weights.values()))[0]


def no_faults(number: int, method: str, path: str) -> Fault | None:
    """A plan without faults."""
    return None


class Write(NamedTuple):
    """A write that the server executed; ``path`` is without query, ``body`` as it was sent."""

    number: int
    method: str
    path: str
    body: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that came in whole; ``status`` is the server's own answer, None where it never saw the request.

    ``unsure``: the server broke off by itself, and only it knows what it did. ``ignored``: it accepted a change and
    made nothing of it.
    """

    number: int
    method: str
    path: str
    body: str
    fault: Fault | None
    status: int | None
    unsure: bool = False
    ignored: bool = False

    @property
    def executed(self) -> bool:
        """True if the server executed the request."""
        return self.status is not None and 200 <= self.status < 300 and not self.ignored

    @property
    def is_write(self) -> bool:
        """True for a change; the token call is none."""
        return self.method not in READING and self.path != TOKEN_PATH


class FaultProxy:
    """The proxy, on a thread and an event loop of its own; ``url`` is good from ``start`` to ``stop``.

    ``retry_after`` is what faults with ``Retry-After`` send, ``delay_seconds`` what a delayed answer waits. ``log`` has
    every request; it and what is counted from it may be read from any thread at any time. ``always`` overrules the plan
    while it is set. ``broken`` counts requests that never came in whole.
    """

    def __init__(
        self, server_url: str, plan: Plan = no_faults, *, retry_after: str = "0", delay_seconds: float = 0.02
    ) -> None:
        host, _, port = server_url.removeprefix("http://").rstrip("/").partition(":")
        self._server = (host, int(port))
        self._plan = plan
        self._retry_after = retry_after
        self._delay_seconds = delay_seconds
        self.always: Fault | None = None
        self.url = ""
        self.log: list[Exchange] = []
        self.broken = 0
        self._received = 0
        self._token_uses: Counter[str] = Counter()
        self._expired: set[str] = set()
        self._open: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._listening: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    # ------------------------------------------------------------ the log

    @property
    def writes(self) -> list[Write]:
        """The executed writes, in the order in which the server answered."""
        return [Write(e.number, e.method, e.path, e.body) for e in tuple(self.log) if e.is_write and e.executed]

    @property
    def sent(self) -> Counter[tuple[str, str]]:
        """How often each (method, path) was received, executed or not."""
        return Counter((exchange.method, exchange.path) for exchange in tuple(self.log))

    @property
    def executed(self) -> Counter[tuple[str, str]]:
        """How often each (method, path) was executed."""
        return Counter((exchange.method, exchange.path) for exchange in tuple(self.log) if exchange.executed)

    @property
    def faults(self) -> Counter[Fault]:
        """How often each fault was injected."""
        return Counter(exchange.fault for exchange in tuple(self.log) if exchange.fault is not None)

    # ------------------------------------------------------------ from start to stop

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._do(self._listen(0))}"

    def stop(self) -> None:
        """Wait for forwarded requests, close everything and end the thread."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the proxy did not stop"
        self._loop.close()

    def settle(self) -> None:
        """Wait until no connection is open, so that requests of ended processes are done."""
        self._do(self._wait_until_closed())

    def refuse(self) -> None:
        """Break every connection and stop listening; forwarded requests are logged when this returns."""
        self._do(self._hang_up())

    def accept(self) -> None:
        """Listen again, on the same port."""
        self._do(self._listen(int(self.url.rpartition(":")[2])))

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _listen(self, port: int) -> int:
        listening = self._listening = socket.create_server(("127.0.0.1", port), backlog=1000)
        listening.setblocking(False)
        self._loop.add_reader(listening, self._take, listening)
        found: int = listening.getsockname()[1]
        return found

    def _take(self, listening: socket.socket) -> None:
        """Accept waiting connections; by hand, because asyncio's server drops those that come while it closes."""
        with suppress(BlockingIOError, ConnectionError):
            while True:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                task = self._loop.create_task(self._serve(connection))
                self._open.add(task)
                task.add_done_callback(self._open.discard)

    async def _hang_up(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS / 2):
                await self._wait_until_closed(self._break)

    async def _end(self) -> None:
        await self._hang_up()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)

    def _break(self) -> None:
        for client in tuple(self._clients):
            reset(client)

    async def _wait_until_closed(self, each_round: Callable[[], None] = lambda: None) -> None:
        """Wait until no connection is open; for a few rounds, so that those about to be accepted are seen too."""
        quiet = 0
        while quiet < 5:
            each_round()
            await asyncio.sleep(0.001)
            quiet = 0 if self._open else quiet + 1

    # ------------------------------------------------------------ one connection

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=HEAD_LIMIT)
        self._clients.add(writer)
        upstream = Upstream(*self._server)
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._answer(request, upstream, writer):
                    break
        except asyncio.IncompleteReadError:
            self.broken += 1
        except ConnectionError:
            pass
        finally:
            upstream.close()
            writer.close()
            self._clients.discard(writer)

    async def _answer(self, request: Request, upstream: Upstream, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False if the connection is at its end."""
        self._received += 1
        number = self._received
        fault = self._draw(number, request)
        if fault is Fault.DELAY:
            await asyncio.sleep(self._delay_seconds)
        forwarded = fault is None or fault is Fault.DELAY or fault in _AFTER
        reply = await upstream.exchange(request) if forwarded else None
        unsure = forwarded and reply is None
        status = None if reply is None else reply.status
        body = request.body.decode("utf-8", "replace")
        ignored = reply is not None and IGNORED in reply.raw
        self.log.append(Exchange(number, request.method, request.path, body, fault, status, unsure, ignored))
        return await self._send_with_fault(Fault.LOST if unsure else fault, number, reply, writer)

    async def _send_with_fault(
        self, fault: Fault | None, number: int, reply: Reply | None, writer: asyncio.StreamWriter
    ) -> bool:
        if fault in {Fault.RESET, Fault.LOST}:
            reset(writer)
            return False
        if fault is not None and fault in _STATUS:
            headers = {"Retry-After": self._retry_after} if fault in _WAITING else {}
            writer.write(simple_answer(_STATUS[fault], headers))
        elif fault is not None and fault in NOT_THE_API:
            writer.write(NOT_THE_API[fault])
        else:
            assert reply is not None
            if fault is Fault.CUT:
                writer.write(reply.raw[: random.Random(number).randrange(1, len(reply.raw))])
                writer.close()
                return False
            writer.write(reply.raw)
        await writer.drain()
        return True

    def _draw(self, number: int, request: Request) -> Fault | None:
        """The fault of a request; an expired token stays so."""
        token = request.headers.get("authorization", "")
        if token in self._expired:
            return Fault.EXPIRED
        fault = self.always or self._plan(number, request.method, request.path)
        self._token_uses[token] += 1
        if fault is Fault.EXPIRED:
            if request.path == TOKEN_PATH or self._token_uses[token] <= TOKEN_USES:
                return None
            self._expired.add(token)
        return fault
