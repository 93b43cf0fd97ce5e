"""The simulator over TCP, on the loopback interface."""

import errno
import signal
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.simulator.settings import SimulatorSettings

_HOST: Final = "127.0.0.1"
# How long pending answers, such as hanging ones, may take after a signal.
_SHUTDOWN_SECONDS: Final = 1


def serve(
    settings: SimulatorSettings,
    port: int,
    on_listening: Callable[[str], None],
    on_answer: Callable[[str, str, int, float], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; call it on the main thread.

    ``port`` 0 takes any free one. ``on_listening`` is called with the base URL once connections are accepted, and
    ``on_answer`` after every answer, see ``app.OnAnswer``. Raises ``ConfigurationError`` where uvicorn is not installed
    or the port is in use.
    """
    with _Shutdown() as shutdown:
        try:
            import uvicorn
        except ImportError:
            hint = 'Install it with: pip install "walkme-tui[simulator]"'
            raise ConfigurationError("The simulator needs uvicorn, which is not installed.", hint=hint) from None
        from walkme_tui.simulator.app import Simulator

        app = Simulator(settings)
        app.on_answer = on_answer
        with _listener(port) as listener:
            base_url = f"http://{_HOST}:{listener.getsockname()[1]}"

            class Announcing(uvicorn.Server):
                async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                    await super().startup(sockets)
                    on_listening(base_url)

            config = uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
            shutdown.serve(Announcing(config), listener)


class _Shutdown:
    """Ends the server at SIGINT and SIGTERM, from before it exists until after it has ended.

    Uvicorn handles both signals while it serves, and afterwards raises a caught one again for the handlers that were
    installed before: these.
    """

    def __init__(self) -> None:
        self._requested = False
        self._server: Any = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._request) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def serve(self, server: Any, listener: socket.socket) -> None:
        """Run the server, unless the shutdown was requested already."""
        self._server = server
        if not self._requested:
            server.run(sockets=[listener])

    def _request(self, *_: object) -> None:
        self._requested = True
        if self._server is not None:
            self._server.should_exit = True


def _listener(port: int) -> socket.socket:
    """A listening socket; ``ConfigurationError`` where the port cannot be used."""
    # asyncio sets TCP_NODELAY only on sockets with an explicit protocol; without it each answer takes 40 ms longer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Without it a port stays unusable for a minute after the last server.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} is in use by another program."
        elif error.errno == errno.EACCES:
            message = f"This user may not use port {port}."
        else:
            message = f"Port {port} cannot be used: {error.strerror}."
        raise ConfigurationError(message, hint="Choose another port with --port, or 0 for any free one.") from None
    return listener
