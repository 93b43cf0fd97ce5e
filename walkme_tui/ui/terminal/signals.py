"""The end of the program by SIGINT, SIGTERM, SIGHUP or the loss of its terminal."""

import contextlib
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TextIO

from walkme_tui.config import crash_hooks

if TYPE_CHECKING:
    from textual.app import App

GRACE_SECONDS: Final = 3.0
ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Restores a terminal if Textual could not: mouse modes, bracketed paste, focus reports and keyboard protocol off, line
# wrap on, no pending frame, main screen, cursor shown, default style.
RESTORE: Final = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    "\x1b[<u\x1b[?7h\x1b[?2026l\x1b[?1049l\x1b[?25h\x1b[0m"
)


class _Ending:
    """Ends the app after a signal: an orderly exit, then a forced one if that takes too long."""

    def __init__(self, app: "App[Any]", descriptor: int, grace: Callable[[], float]) -> None:
        self._app = app
        self._descriptor = descriptor
        self._grace = grace
        self._attributes = _line_settings(descriptor)
        self._begun_at: float | None = None
        self.finished = threading.Event()

    def begin(self, signal_number: int) -> None:
        """Ask the app to exit; a repeated signal, or no exit within the grace period, ends the process at once."""
        code = 128 + signal_number
        now = time.monotonic()
        if self._begun_at is not None:
            # The loss of a terminal raises SIGHUP twice, from the kernel and from us; a person repeats a signal later.
            if now - self._begun_at > 1.0:
                self._force(code)
            return
        self._begun_at = now
        threading.Thread(target=self._watch, args=(code, self._grace()), name="walkme-ending", daemon=True).start()
        loop = self._app._loop  # noqa: SLF001 - App.exit must be called on the loop, signals arrive anywhere
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(lambda: self._app.exit(return_code=code))

    def _watch(self, code: int, seconds: float) -> None:
        if not self.finished.wait(seconds):
            self._force(code)

    def _force(self, code: int) -> None:
        restore_terminal(self._descriptor, self._attributes)
        os._exit(crash_hooks.final_code(code))


@contextlib.contextmanager
def exit_on_signals(app: "App[Any]", grace: Callable[[], float] = lambda: GRACE_SECONDS) -> Iterator[None]:
    """End the app on SIGINT, SIGTERM, SIGHUP and when its terminal is lost; ``grace`` is the time to exit in seconds.

    ``with exit_on_signals(app): app.run()``, on the main thread. The app's return code is then 128 + the
    signal's number, SIGHUP's for a lost terminal.
    """
    descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    ending = _Ending(app, descriptor, grace)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        ending.begin(number)

    before = {number: signal.signal(number, on_signal) for number in ENDING_SIGNALS}
    on_terminal = os.isatty(descriptor)
    # A lost terminal is not a terminal any more, so this is checked before.
    streams = [stream for stream in (sys.__stdout__, sys.__stderr__) if stream is not None and stream.isatty()]
    if on_terminal:
        watcher = threading.Thread(target=_await_hang_up, args=(descriptor,), name="walkme-terminal", daemon=True)
        watcher.start()
    try:
        yield
    finally:
        ending.finished.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        if on_terminal and _is_hung_up(descriptor):
            _redirect_to_null(streams)


def _is_hung_up(descriptor: int) -> bool:
    """True if the other end of the terminal is closed."""
    watched = select.poll()
    watched.register(descriptor, 0)  # hang-ups are always reported
    return any(event & select.POLLHUP for _, event in watched.poll(0))


def _redirect_to_null(streams: Iterable[TextIO]) -> None:
    """Redirect the streams of a lost terminal: otherwise flushing them at exit fails with exit code 120."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(null, stream.fileno())
    os.close(null)


def restore_terminal(descriptor: int, attributes: list[Any] | None) -> None:
    """Write ``RESTORE`` and the line settings straight to the terminal; never blocks for long, never raises."""
    with contextlib.suppress(OSError, termios.error):
        if attributes is not None:
            termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    with contextlib.suppress(OSError):
        os.set_blocking(descriptor, False)
        os.write(descriptor, RESTORE.encode("ascii"))
        os.set_blocking(descriptor, True)


def _line_settings(descriptor: int) -> list[Any] | None:
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None


def _await_hang_up(descriptor: int) -> None:
    """Wait until the other end of the terminal is closed, then raise SIGHUP, which the kernel may not have sent."""
    poll = select.poll()
    poll.register(descriptor, 0)
    for _, event in poll.poll():
        if event & select.POLLHUP:
            os.kill(os.getpid(), signal.SIGHUP)
