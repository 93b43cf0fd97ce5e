"""Runs a program and reads the first line of its output."""

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
"""Set while a program may prompt on the terminal: before the browser draws on it."""
HAS_PROMPTED: Final = threading.Event()
"""Set once a program that could prompt has ended."""


class CommandFailed(Exception):
    """``reason`` completes "it …" and contains no output of the program; ``hint`` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def first_line(argv: Sequence[str], timeout_seconds: float, max_bytes: int) -> bytes:
    """The first line of a program's output; raises ``CommandFailed`` if it does not end with exit code 0 in time.

    While ``MAY_PROMPT`` is set, the program can prompt on the terminal and has ``PROMPT_SECONDS`` to finish. Otherwise
    it gets no standard input and no terminal, its standard error is discarded, and it is killed with all its children
    after ``timeout_seconds``.
    """
    if not MAY_PROMPT.is_set():
        return _first_line(argv, timeout_seconds, max_bytes, may_prompt=False)
    try:
        with _terminal_modes_kept():
            return _first_line(argv, PROMPT_SECONDS, max_bytes, may_prompt=True)
    finally:
        HAS_PROMPTED.set()


@contextlib.contextmanager
def _terminal_modes_kept() -> Iterator[None]:
    """Restore the terminal's modes: a program that is killed at a password prompt leaves the echo off."""
    modes = termios.tcgetattr(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, modes)


def _first_line(argv: Sequence[str], timeout_seconds: float, max_bytes: int, *, may_prompt: bool) -> bytes:
    elsewhere = None if may_prompt else subprocess.DEVNULL
    try:
        # Otherwise a new session: no controlling terminal to prompt on, and one process group to kill.
        process = subprocess.Popen(  # noqa: S603 - configured by the user; a list, no shell
            list(argv), stdin=elsewhere, stdout=subprocess.PIPE, stderr=elsewhere, start_new_session=not may_prompt
        )
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "its arguments are invalid"
        raise CommandFailed(
            f"cannot be run ({cause})",
            "Correct it in config.toml. It is run without a shell, so ~ and $VARIABLES are not expanded.",
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
                "Unlock its password store first, then try again. It can prompt only before the browser opens.",
            ) from None
        except BaseException:
            _end(process)
            raise
    if code != 0:
        how = f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"
        raise CommandFailed(how, "Run it yourself to see its messages.")
    return line


def _read(process: subprocess.Popen[bytes], deadline: float, max_bytes: int) -> bytes:
    """Read all output, so that the program can end; only the first line is kept."""
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
