"""A program in a pseudo-terminal of its own, watched frame by frame.

The terminal says that it can hold back half-drawn frames (DEC 2026), so that every frame's end is visible in what the
program writes, and a key's answer can be timed to its last byte.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

COLUMNS: Final = 120
LINES: Final = 40
FRAME_END: Final = b"\x1b[?2026l"
FRAME_QUERY: Final = b"\x1b[?2026$p"
FRAME_ANSWER: Final = b"\x1b[?2026;2$y"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a key: seconds to the last byte of the first frame and its bytes; all bytes until quiet."""

    seconds: float
    frame_size: int
    size: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What was written up to the end of a frame, or of a pause: the last byte came ``seconds`` after the key."""

    seconds: float
    data: bytes


class PtyProgram:
    """Starts ``arguments`` at 120x40 with these environment variables; leaving the context kills it."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> None:
        self.started_at = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:  # the child
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            if folder is not None:
                os.chdir(folder)
            os.execvpe(arguments[0], list(arguments), dict(environment))
        self.output = bytearray()
        self._asked = False
        self._pressed_at = self.started_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the program and wait for its end."""
        if self._terminal < 0:
            return
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)
        self._terminal = -1

    def read(self, seconds: float) -> bytes:
        """What it writes next, or nothing within ``seconds``. The query for frames is answered on the way."""
        if not select.select([self._terminal], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:
            raise EOFError(f"the program ended; it wrote at last: {bytes(self.output[-2000:])!r}") from None
        self.output += data
        if not self._asked and FRAME_QUERY in self.output:
            self._asked = True
            os.write(self._terminal, FRAME_ANSWER)
        return data

    def wait_for(self, text: str, seconds: float = 30.0) -> float:
        """Wait until ``text`` was written by the end of a frame or of a write; seconds since the program's start."""
        wanted = text.encode()
        deadline = time.perf_counter() + seconds
        while wanted not in self.output:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{text!r} never came; it wrote at last: {bytes(self.output[-2000:])!r}")
            self.read(deadline - time.perf_counter())
        return time.perf_counter() - self.started_at

    def quiet(self, seconds: float = 0.1, at_most: float = 5.0) -> None:
        """Read until nothing came for ``seconds``."""
        deadline = time.perf_counter() + at_most
        while self.read(seconds) and time.perf_counter() < deadline:
            pass

    def press(self, key: bytes, quiet_seconds: float = 0.04) -> Answer:
        """Press a key and take its answer."""
        at = len(self.output)
        pressed_at = time.perf_counter()
        os.write(self._terminal, key)
        answered_at = None
        while True:
            data = self.read(2.0 if answered_at is None else quiet_seconds)
            if not data:
                break
            if answered_at is None and FRAME_END in self.output[at:]:
                answered_at = time.perf_counter()
        if answered_at is None:
            raise TimeoutError(f"no frame for {key!r}; it wrote at last: {bytes(self.output[-2000:])!r}")
        frame_size = self.output.index(FRAME_END, at) + len(FRAME_END) - at
        return Answer(answered_at - pressed_at, frame_size, len(self.output) - at)

    def frames(self, key: bytes, quiet_seconds: float) -> list[Frame]:
        """Press a key and take all that comes until nothing did for ``quiet_seconds``, frame by frame."""
        self._pressed_at = time.perf_counter()
        os.write(self._terminal, key)
        return self.more_frames(quiet_seconds)

    def more_frames(self, quiet_seconds: float) -> list[Frame]:
        """The same for what comes later; seconds are counted from that key."""
        taken: list[Frame] = []
        pending = b""
        while data := self.read(quiet_seconds):
            seconds = time.perf_counter() - self._pressed_at
            *whole, pending = (pending + data).split(FRAME_END)
            taken += [Frame(seconds, frame + FRAME_END) for frame in whole]
        if pending:
            taken.append(Frame(time.perf_counter() - self._pressed_at, pending))
        return taken

    def send(self, keys: bytes) -> None:
        """Press keys and do not wait for their answers."""
        os.write(self._terminal, keys)

    def go(self, key: bytes) -> None:
        """Press a key whose answer does not matter, or may be none."""
        os.write(self._terminal, key)
        self.quiet(0.3)

    def processor_seconds(self) -> float:
        """The processor time of its threads until now."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def resident_bytes(self) -> int:
        """Memory that the program has in RAM now."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise LookupError("the system does not tell the resident memory")
