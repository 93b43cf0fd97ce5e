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
# After a signal, how long answers under way (a hanging one, say) may take to end.
_LAST_SECONDS: Final = 1


def serve(
    settings: SimulatorSettings,
    port: int,
    on_listening: Callable[[str], None],
    on_answer: Callable[[str, str, int, float], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; call it on the main thread.

    ``port`` 0 takes any free one. ``on_listening`` gets the base URL when connections are taken; ``on_answer`` is told
    of every answer, as ``app.OnAnswer`` says. Raises ``ConfigurationError`` where uvicorn is missing or the port taken.
    """
    with _Ending() as ending:
        try:
            import uvicorn
        except ImportError:
            hint = 'Install it with: pip install "walkme-tui[simulator]"'
            raise ConfigurationError("The simulator needs uvicorn, which is not installed.", hint=hint) from None
        from walkme_tui.simulator.app import build_app

        app = build_app(settings)
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
                timeout_graceful_shutdown=_LAST_SECONDS,
            )
            ending.serve(Announcing(config), listener)


class _Ending:
    """Lets SIGINT and SIGTERM end the server and nothing else, from before it exists until after it is gone.

    uvicorn takes both signals while it serves, and raises them once more when it is done for whoever had them before:
    these handlers.
    """

    def __init__(self) -> None:
        self._asked = False
        self._server: Any = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def serve(self, server: Any, listener: socket.socket) -> None:
        """Run the server, unless the end was asked for already."""
        self._server = server
        if not self._asked:
            server.run(sockets=[listener])

    def _end(self, *_: object) -> None:
        self._asked = True
        if self._server is not None:
            self._server.should_exit = True


def _listener(port: int) -> socket.socket:
    """A bound socket; ``ConfigurationError`` where the port cannot be had."""
    # Only a socket that names its protocol gets TCP_NODELAY from asyncio; else each answer waits 40 ms for Nagle.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Without it, a port that served a moment ago is refused for a minute.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} is taken by another program."
        elif error.errno == errno.EACCES:
            message = f"Port {port} may not be used by this user."
        else:
            message = f"Port {port} cannot be used: {error.strerror}."
        raise ConfigurationError(message, hint="Choose another with --port, or 0 for any free one.") from None
    return listener
