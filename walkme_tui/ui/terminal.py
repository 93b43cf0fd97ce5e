"""The connection to the terminal: control characters, mouse modes, suspending, the clipboard, and its loss.

``BrowserDriver`` replaces Textual's own driver, ``exit_on_signals`` handles SIGINT, SIGTERM, SIGHUP and a lost
terminal, ``ControlCharacterFilter`` is the last of three layers against hostile text.
"""

import base64
import contextlib
import errno
import os
import select
import selectors
import signal
import sys
import termios
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

from rich.segment import Segment
from textual._xterm_parser import XTermParser
from textual.color import Color
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter

from walkme_tui.config import crash_hooks

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

GRACE_SECONDS: Final = 3.0
ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GONE: Final = frozenset({errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF})

INPUT_BYTES: Final = 4096
INPUT_POLL_SECONDS: Final = 0.1  # as in Textual's own loop: a pause after Esc shows that it is not part of a sequence

FRAME_BEGINS: Final = "\x1b[?2026h"
FRAME_ENDS: Final = "\x1b[?2026l"

MAX_CLIPBOARD_BASE64: Final = 74_994  # xterm takes 100 000 bytes in a sequence, several others 74 994
SCREEN_PIECE: Final = 512  # screen drops longer device control strings

# Restores a terminal if Textual could not: mouse modes, bracketed paste, focus reports and keyboard protocol off, line
# wrap on, no pending frame, main screen, cursor shown, default style.
RESTORE: Final = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    "\x1b[<u\x1b[?7h\x1b[?2026l\x1b[?1049l\x1b[?25h\x1b[0m"
)

_CONTROLS: Final = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_CONTROLS.update(dict.fromkeys(range(0x80, 0xA0), 0xFFFD))
_CONTROLS.update(dict.fromkeys((0x2028, 0x2029), 0xFFFD))

_AnyApp: TypeAlias = "App[Any]"


class ControlCharacterFilter(LineFilter):
    """Replaces control characters with symbols, so that the terminal never executes them.

    Everything that a widget draws passes ``App.get_line_filters()``; put ``CONTROL_CHARACTER_FILTER`` first.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the base's signature
        """The segments with replacements, which keep the number of columns."""
        if all(text.isprintable() or control for text, _, control in segments):
            return segments
        return [
            segment if segment.control else Segment(segment.text.translate(_CONTROLS), segment.style)
            for segment in segments
        ]


CONTROL_CHARACTER_FILTER: Final = ControlCharacterFilter()
"""The shared instance: Textual caches filtered lines by filter instance."""


class Multiplexer(StrEnum):
    """What the program runs in; the value is its name in messages."""

    NONE = "the terminal"
    TMUX = "tmux (needs set-clipboard on)"
    SCREEN = "screen"
    EITHER = "tmux (needs set-clipboard on) or screen"


class _Output:
    """A terminal file that may be lost: then output is dropped and SIGHUP is raised once.

    Otherwise the error would end Textual's writer thread, and the event loop would wait for it forever.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        self._attempt(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            action()
        except OSError as error:
            if error.errno not in GONE:
                raise
            self._gone = True
            os.kill(os.getpid(), signal.SIGHUP)


class BrowserDriver(LinuxDriver):
    """Textual's driver without reports of mouse movement, and robust against the loss of its terminal.

    Clicks, drags and the wheel are reported.
    """

    def __init__(
        self, app: _AnyApp, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._frame: list[str] | None = None
        self._is_continuing = False
        if sys.__stdout__ is not None:
            # Textual draws on standard error, which may be a file. Standard output is known to be a terminal.
            self._file = _Output(sys.__stdout__)  # type: ignore[assignment]  # the writer thread needs only these methods

    def send_message(self, message: "Message") -> None:
        """Post a message to the app without creating a task."""
        self._loop.call_soon_threadsafe(self._app.post_message, message)

    def write(self, data: str) -> None:
        """Pass data to the writer thread; a frame is passed in one piece, because every piece wakes the thread."""
        if data == FRAME_BEGINS:
            self._write_frame()
            self._frame = [data]
        elif self._frame is None:
            super().write(data)
        else:
            self._frame.append(data)
            if data == FRAME_ENDS:
                self._write_frame()

    def start_application_mode(self) -> None:
        """Set up the terminal and handle the signals of job control."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        signal.signal(signal.SIGCONT, self._sigcont_application)

    def stop_application_mode(self) -> None:
        """Restore the terminal after writing everything pending."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self._write_frame()
        super().stop_application_mode()

    def suspend(self) -> None:
        """Restore the terminal and stop, as ctrl+z does in other programs; return when continued in the foreground.

        The whole process group stops, so that the shell notices if another program started this one. Without a shell
        that could continue it (an orphaned process group) the system does not stop it, and this returns at once.
        """
        self.suspend_application_mode()
        os.kill(0, signal.SIGTSTP)
        self._resume_in_foreground()

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self.suspend)

    def _sigcont_application(self, *_: object) -> None:
        """Set the terminal up again after a SIGSTOP, which left no time to restore it: the shell changed its modes."""
        if not self._is_continuing:
            self._is_continuing = True
            self._loop.call_soon_threadsafe(self._set_up_again)

    def _set_up_again(self) -> None:
        self._is_continuing = False
        self.suspend_application_mode()
        self._resume_in_foreground()

    def _resume_in_foreground(self) -> None:
        """Stop while the program is in the background, then repaint everything."""
        while self._is_in_background():
            os.kill(0, signal.SIGSTOP)
        self.start_application_mode()
        repaint(self._app)

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:
            return False

    def _write_frame(self) -> None:
        if self._frame is not None:
            frame, self._frame = "".join(self._frame), None
            super().write(frame)

    def _run_input_thread(self) -> None:
        """Read the keyboard; an error ends the program with the crash report instead of a printed traceback."""
        try:
            self.run_input_thread()
        except Exception as error:  # noqa: BLE001 - top level of a thread
            if isinstance(error, OSError) and error.errno in GONE:
                os.kill(os.getpid(), signal.SIGHUP)
            else:
                self._loop.call_soon_threadsafe(self._app._handle_exception, error)  # noqa: SLF001

    def run_input_thread(self) -> None:
        """Read the keyboard until ``exit_event`` is set; Textual's own loop fails at a byte that is not UTF-8."""
        parser = XTermParser(self._debug)
        encoding = sys.__stdin__.encoding if sys.__stdin__ is not None else "utf-8"
        decode = getincrementaldecoder(encoding)("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                readable = selector.select(INPUT_POLL_SECONDS)
                if readable and self._is_in_background():
                    # The keys are the shell's. A read would stop the process, and after fg block until the next key.
                    self.exit_event.wait(INPUT_POLL_SECONDS)
                elif readable:
                    data = os.read(self.fileno, INPUT_BYTES)
                    if not data:
                        return
                    # An empty text is the beginning of a character; the parser would take it for the end of the input.
                    text = decode(data)
                    for message in parser.feed(text) if text else ():
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
            self.flush()

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1002l\x1b[?1000l\x1b[?1006l")
            self.flush()

    def _enable_mouse_pixels(self) -> None:
        """Do nothing: cells are precise enough, and reports in pixels are longer."""


class _Ending:
    """Ends the app after a signal: an orderly exit, then a forced one if that takes too long."""

    def __init__(self, app: _AnyApp, descriptor: int, grace: Callable[[], float]) -> None:
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
def exit_on_signals(app: _AnyApp, grace: Callable[[], float] = lambda: GRACE_SECONDS) -> Iterator[None]:
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


def send_to_clipboard(app: _AnyApp, text: str) -> bool:
    """Send ``text`` to the terminal's clipboard; False if it is too long.

    No terminal acknowledges it: ``sent_message`` only names the receiver.
    """
    sequence = clipboard_sequence(text, os.environ)
    if sequence is None:
        return False
    driver = app._driver  # noqa: SLF001 - App.copy_to_clipboard neither wraps for multiplexers nor limits the size
    if driver is not None:
        driver.write(sequence)
        driver.flush()
        if multiplexer(os.environ) is Multiplexer.EITHER:
            repaint(app)
    return True


def repaint(app: _AnyApp) -> None:
    """Clear the terminal and write every cell again."""
    driver = app._driver  # noqa: SLF001
    if driver is not None:
        driver.write("\x1b[0m\x1b[2J")
        below = app._background_screens  # noqa: SLF001 - Textual has no public method to repaint unchanged cells
        with app._context():  # noqa: SLF001 - a signal has none
            whole = app.screen._compositor.render_update(full=True, screen_stack=below)  # noqa: SLF001
            app._display(app.screen, whole)  # noqa: SLF001


def sent_message(what: str) -> str:
    """The message after ``send_to_clipboard``: what was sent and to which terminal program."""
    return f"Sent to {multiplexer(os.environ)}: {what}"


def clipboard_sequence(text: str, environment: Mapping[str, str]) -> str | None:
    """The OSC 52 sequence for ``text``, wrapped for tmux and screen; None if it is longer than terminals take."""
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(encoded) > MAX_CLIPBOARD_BASE64:
        return None
    bare = f"\x1b]52;c;{encoded}\a"
    pieces = [f"\x1bP{bare[at : at + SCREEN_PIECE]}\x1b\\" for at in range(0, len(bare), SCREEN_PIECE)]
    match multiplexer(environment):
        case Multiplexer.NONE:
            return bare
        case Multiplexer.TMUX:
            # tmux takes the bare one with "set-clipboard on" and the wrapped one with "allow-passthrough on".
            wrapped = bare.replace("\x1b", "\x1b\x1b")
            return f"{bare}\x1bPtmux;{wrapped}\x1b\\"
        case Multiplexer.SCREEN:
            return "".join(pieces)
        case Multiplexer.EITHER:
            # Both take one piece. Of several, tmux takes only the bare one, which screen prints if it is long.
            return "".join(pieces) + (bare if len(pieces) > 1 else "")


def multiplexer(environment: Mapping[str, str]) -> Multiplexer:
    """The multiplexer around the program; over SSH only ``TERM`` shows it, and older tmux sets ``screen``."""
    terminal = environment.get("TERM", "")
    if "TMUX" in environment or terminal.startswith("tmux"):
        return Multiplexer.TMUX
    if "STY" in environment or terminal.startswith("screen."):
        return Multiplexer.SCREEN
    return Multiplexer.EITHER if terminal.startswith("screen") else Multiplexer.NONE


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
