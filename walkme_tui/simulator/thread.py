"""A simulator on a thread with its own event loop, called from other loops without a network."""

import asyncio
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

from walkme_tui.simulator.settings import SimulatorSettings

if TYPE_CHECKING:
    from walkme_tui.simulator.app import Simulator

RawHeaders = list[tuple[bytes, bytes]]
Answer = tuple[int, RawHeaders, bytes]

_STOP_TIMEOUT_SECONDS: Final = 2.0
_STOPPED: Final = "The simulator was stopped."


class SimulatorThread:
    """Runs a simulator beside the caller's event loop, so that building a page never blocks that loop.

    ``start`` returns at once: the new thread imports the framework and makes the account, and calls wait for it. It can
    be started once. The context manager starts and stops it.
    """

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self._ready: Future[tuple[asyncio.AbstractEventLoop, Simulator]] = Future()
        self._thread = threading.Thread(target=self._run, name="walkme-simulator", daemon=True)
        # Held while a call is submitted and while ``stop`` begins, so that no call is submitted after it.
        self._lock = threading.Lock()
        self._stopping = asyncio.Event()
        self._stopped = False
        self._calls: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread, unless it was stopped before; RuntimeError the second time."""
        with self._lock:
            if not self._stopped:
                self._thread.start()

    def stop(self) -> None:
        """Stop the thread; pending calls fail with ``ConnectionResetError``. Does nothing the second time."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            started = self._thread.ident is not None
            if not started:
                self._ready.set_exception(ConnectionResetError(_STOPPED))
            elif self._ready.done() and self._ready.exception() is None:
                self._ready.result()[0].call_soon_threadsafe(self._stopping.set)
        if started:
            self._thread.join(_STOP_TIMEOUT_SECONDS)

    def simulator(self, timeout_seconds: float = 10) -> "Simulator":
        """The application; blocks until it is made. For tests that inspect it or set faults."""
        return self._ready.result(timeout_seconds)[1]

    async def handle(self, method: str, target: str, headers: RawHeaders, body: bytes) -> Answer:
        """Send one request, from any event loop; if it is cancelled, the call in the simulator is cancelled too.

        ``target`` is the path with query. Returns status, headers and the whole body. Raises ``ConnectionResetError``
        where the simulator was stopped or closed the connection.
        """
        if self._ready.done():
            loop, simulator = self._ready.result()
        else:
            # Shielded, so that a cancelled call does not cancel the future that other calls wait for.
            loop, simulator = await asyncio.shield(asyncio.wrap_future(self._ready))
        with self._lock:
            if self._stopped:
                raise ConnectionResetError(_STOPPED)
            call = asyncio.run_coroutine_threadsafe(self._call(simulator, method, target, headers, body), loop)
        return await asyncio.wrap_future(call)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            # Raised by all calls.
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        """Make the simulator, wait for ``stop``, and cancel pending calls."""
        from walkme_tui.simulator.app import Simulator

        simulator = Simulator(self.settings)
        with self._lock:
            if self._stopped:
                self._ready.set_exception(ConnectionResetError(_STOPPED))
                return
            self._ready.set_result((asyncio.get_running_loop(), simulator))
        await self._stopping.wait()
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _call(self, simulator: "Simulator", method: str, target: str, headers: RawHeaders, body: bytes) -> Answer:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - run_coroutine_threadsafe makes a task
        self._calls.add(task)
        try:
            return await _exchange(simulator, method, target, headers, body)
        except asyncio.CancelledError:
            if self._stopped:
                raise ConnectionResetError(_STOPPED) from None
            raise
        finally:
            self._calls.discard(task)


async def _exchange(simulator: "Simulator", method: str, target: str, headers: RawHeaders, body: bytes) -> Answer:
    """Execute one request through the ASGI interface; ``ConnectionResetError`` where the answer is incomplete."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "server": ("simulator", 80),
        "client": ("127.0.0.1", 0),
    }
    requests = [{"type": "http.request", "body": body, "more_body": False}]
    status = 0
    answer_headers: RawHeaders = []
    chunks: list[bytes] = []
    complete = False

    async def receive() -> dict[str, Any]:
        if not requests:
            # The client never disconnects: a cancelled call is cancelled here too.
            await asyncio.get_running_loop().create_future()
        return requests.pop()

    async def send(message: Any) -> None:
        nonlocal status, answer_headers, complete
        if message["type"] == "http.response.start":
            status, answer_headers = message["status"], list(message["headers"])
        else:
            chunks.append(message.get("body", b""))
            complete = not message.get("more_body", False)

    await simulator(scope, receive, send)
    if not complete:
        raise ConnectionResetError("The simulator closed the connection.")
    return status, answer_headers, b"".join(chunks)
