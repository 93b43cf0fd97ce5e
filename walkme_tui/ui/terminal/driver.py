"""The driver: mouse modes, frames, keys that are not UTF-8, suspending, and a terminal that may be lost."""

import errno
import os
import selectors
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

from textual.drivers.linux_driver import LinuxDriver

from walkme_tui.ui.terminal.key_parser import KeyParser
from walkme_tui.ui.terminal.shown_cells import ShownCells

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

GONE: Final = frozenset({errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF})

INPUT_BYTES: Final = 4096
INPUT_POLL_SECONDS: Final = 0.1  # as in Textual's own loop: a pause after Esc shows that it is not part of a sequence

FRAME_BEGINS: Final = "\x1b[?2026h"
FRAME_ENDS: Final = "\x1b[?2026l"

_AnyApp: TypeAlias = "App[Any]"


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
        self.shown = ShownCells()
        self._frame: list[str] | None = None
        self._last_frame = ""
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
            self._last_frame = ""
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
            # A frame without changes only puts the cursor where the one before it left it.
            if not self._last_frame.endswith(frame.removeprefix(FRAME_BEGINS)):
                super().write(frame)
                self._last_frame = frame

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
        parser = KeyParser(self._debug)
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


def repaint(app: _AnyApp) -> None:
    """Clear the terminal and write every cell again."""
    driver = app._driver  # noqa: SLF001
    if driver is not None:
        driver.write("\x1b[0m\x1b[2J")
        if isinstance(driver, BrowserDriver):
            driver.shown.forget()
        below = app._background_screens  # noqa: SLF001 - Textual has no public method to repaint unchanged cells
        with app._context():  # noqa: SLF001 - a signal has none
            whole = app.screen._compositor.render_update(full=True, screen_stack=below)  # noqa: SLF001
            app._display(app.screen, whole)  # noqa: SLF001
