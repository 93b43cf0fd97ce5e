"""Running a program for the first line that it prints."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

PROMPT_SECONDS: Final = 120.0
MAY_PROMPT: Final = threading.Event()
"""Set while a program may ask on the terminal: before the browser draws on it."""
HAS_PROMPTED: Final = threading.Event()
"""Set once a program that might have asked has ended."""


class CommandFailed(Exception):
    """``reason`` completes "it …", without what the program printed; ``hint`` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def first_line(argv: Sequence[str], timeout_seconds: float, max_bytes: int) -> bytes:
    """The first line of what a program prints, once it has ended well; ``CommandFailed`` otherwise.

    While ``MAY_PROMPT`` is set, the program can prompt on the terminal and has ``PROMPT_SECONDS`` to finish. Otherwise
    it gets no standard input and no terminal, its standard error is discarded, and it is killed with all its children
    after ``timeout_seconds``.
    """
    if not MAY_PROMPT.is_set():
        return _first_line(argv, timeout_seconds, max_bytes, may_ask=False)
    try:
        with _terminal_modes_kept():
            return _first_line(argv, PROMPT_SECONDS, max_bytes, may_ask=True)
    finally:
        HAS_PROMPTED.set()


@contextlib.contextmanager
def _terminal_modes_kept() -> Iterator[None]:
    """Set the terminal's modes back: a program that is ended while it asks leaves the echo off."""
    modes = termios.tcgetattr(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, modes)


def _first_line(argv: Sequence[str], timeout_seconds: float, max_bytes: int, *, may_ask: bool) -> bytes:
    elsewhere = None if may_ask else subprocess.DEVNULL
    try:
        # Else a session of its own: no controlling terminal to prompt on, and one group to end.
        process = subprocess.Popen(  # noqa: S603 - the person named it; a list, no shell
            list(argv), stdin=elsewhere, stdout=subprocess.PIPE, stderr=elsewhere, start_new_session=not may_ask
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "its words cannot be passed on"
        raise CommandFailed(
            f"cannot be run ({said})",
            "Correct it in config.toml. It is run without a shell: ~ and $VARIABLES mean nothing to it.",
        ) from error
    deadline = time.monotonic() + timeout_seconds
    with process:
        try:
            line = _read(process, deadline, max_bytes)
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, TimeoutError):
            _end(process)
            raise CommandFailed(
                f"did not finish within {timeout_seconds:g} seconds",
                "Unlock what it reads from first, then try again. It can ask you only before the browser draws.",
            ) from None
        except BaseException:
            _end(process)
            raise
    if code != 0:
        how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise CommandFailed(how, "Run it by hand to see what it says.")
    return line


def _read(process: subprocess.Popen[bytes], deadline: float, max_bytes: int) -> bytes:
    """Everything up to the end of the output is taken, so that the program can end; the first line is kept."""
    stream = process.stdout
    if stream is None:
        return b""
    kept = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            chunk = os.read(stream.fileno(), max_bytes)
            if not chunk:
                return bytes(kept.partition(b"\n")[0])
            if b"\n" not in kept:
                kept += chunk[: max_bytes - len(kept)]


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
