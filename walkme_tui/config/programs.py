"""Running a program for the first line that it prints."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence


class ProgramFailed(Exception):
    """``reason`` completes "it …", without what the program printed; ``hint`` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def first_line(argv: Sequence[str], timeout_seconds: float, max_bytes: int) -> bytes:
    """The first line of what a program prints, once it has ended well; ``ProgramFailed`` otherwise.

    It gets no standard input and no terminal, so that it can neither wait for nor draw over the person, and is ended
    with all its children when its time is up. What it prints to standard error goes nowhere.
    """
    try:
        # A session of its own: no controlling terminal to prompt on, and one group to end.
        process = subprocess.Popen(  # noqa: S603 - the person named it; a list, no shell
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "its words cannot be passed on"
        raise ProgramFailed(
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
            raise ProgramFailed(
                f"did not finish within {timeout_seconds:g} seconds",
                "Unlock what it reads from first, then try again; it cannot ask you for anything from here.",
            ) from None
        except BaseException:
            _end(process)
            raise
    if code != 0:
        how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise ProgramFailed(how, "Run it by hand to see what it says.")
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
