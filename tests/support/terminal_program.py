"""A command in its own pseudo-terminal, and the screen that it draws.

with TerminalProgram([sys.executable, "-m", "walkme_tui", "--demo"], {**os.environ}) as program:
    program.wait_for("loaded")
    program.send(b"q")
    assert program.wait() == 0
"""

import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import pyte

ROOT: Final = Path(__file__).parents[2]
PATIENCE_SECONDS: Final = 60.0
BROWSER: Final = (sys.executable, "-m", "walkme_tui")


class TerminalProgram:
    """Runs a command as the leader of a session with a terminal; leaving the context kills the session's processes.

    ``output`` are all bytes that the command wrote. Standard error goes to ``stderr`` if that is given.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 80,
        lines: int = 24,
        stderr: Path | None = None,
    ) -> None:
        self.output = bytearray()
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._terminal, slave = os.openpty()
        _set_size(slave, columns, lines)
        # The environment is handed on as it is: Python itself adds a variable in the locale C.
        starter = (
            "import fcntl, json, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
            "os.execvpe(sys.argv[2], sys.argv[2:], json.loads(sys.argv[1]))"
        )
        with stderr.open("wb") if stderr else os.fdopen(os.dup(slave), "wb") as error_file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", starter, json.dumps(dict(environment)), *command],
                cwd=ROOT,
                stdin=slave,
                stdout=slave,
                stderr=error_file,
                start_new_session=True,
            )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._terminal)  # other processes of the session get SIGHUP

    @property
    def lines(self) -> list[str]:
        """The lines of the screen as plain text."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as plain text, line by line."""
        return "\n".join(self.lines)

    def send(self, data: bytes) -> None:
        """Press keys."""
        os.write(self._terminal, data)

    def garble(self) -> None:
        """Clear the emulated screen, as if another program had drawn over it."""
        self._screen.erase_in_display(2)

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal another size; the kernel sends SIGWINCH."""
        self._screen.resize(lines, columns)
        _set_size(self._terminal, columns, lines)

    def wait_for(self, text: str) -> None:
        """Read until this is on the screen."""
        self.wait_until(lambda: text in self.text)

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Read until this holds; AssertionError with the screen if it does not in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"the condition did not become true; the screen:\n{self.text}"
            self._read(0.1)

    def wait(self) -> int:
        """Wait for the command's end and read the rest; its exit code."""
        self.wait_until(lambda: self.process.poll() is not None)
        while self._read(0.0):
            pass
        return self.process.wait()

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # the last process of the session is gone
            return False
        self.output += data
        self._stream.feed(data)
        return True


def _set_size(descriptor: int, columns: int, lines: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
