"""Output to the terminal: control characters, the clipboard, and restoring it at the end."""

import base64
import os
import pty
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color

from walkme_tui.ui.terminal.clipboard import MAX_CLIPBOARD_BASE64, SCREEN_PIECE, clipboard_sequence
from walkme_tui.ui.terminal.control_characters import CONTROL_CHARACTER_FILTER
from walkme_tui.ui.terminal.driver import FRAME_BEGINS, FRAME_ENDS, BrowserDriver
from walkme_tui.ui.terminal.signals import RESTORE

BLACK = Color(0, 0, 0)
ROOT = Path(__file__).parents[3]
CHILD = """
import sys
from textual.app import App
from textual.widgets import Static
from walkme_tui.ui.terminal.driver import BrowserDriver
from walkme_tui.ui.terminal.signals import exit_on_signals

class Child(App):
    def compose(self):
        yield Static("ready")
    def on_mount(self):
        if sys.argv[1] == "hang":
            import time
            self.set_timer(0.3, lambda: time.sleep(60))

app = Child(driver_class=BrowserDriver)
with exit_on_signals(app):
    app.run()
if sys.argv[-1] == "say goodbye":
    sys.stdout.write("goodbye")
sys.exit(app.return_code)
"""


def texts(*parts: str) -> list[str]:
    segments = CONTROL_CHARACTER_FILTER.apply([Segment(part, Style(bold=True)) for part in parts], BLACK)
    assert all(segment.style == Style(bold=True) for segment in segments)
    return [segment.text for segment in segments]


def test_control_characters_become_symbols_of_the_same_width() -> None:
    assert texts("a\x1b]52;c;QUJD\x07", "b\x9bm\x7f\n", "fine ●") == ["a␛]52;c;QUJD␇", "b\ufffdm␡␊", "fine ●"]


def test_segments_without_control_characters_are_returned_unchanged() -> None:
    segments = [Segment("plain"), Segment("山田 ✓")]
    assert CONTROL_CHARACTER_FILTER.apply(segments, BLACK) is segments


# ---------------------------------------------------------------- clipboard


def test_the_clipboard_gets_the_text_as_base64() -> None:
    encoded = base64.b64encode("zoë@example.com".encode()).decode()
    assert clipboard_sequence("zoë@example.com", {"TERM": "xterm"}) == f"\x1b]52;c;{encoded}\a"


def test_tmux_receives_a_bare_and_a_wrapped_sequence() -> None:
    sequence = clipboard_sequence("abc", {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert sequence == "\x1b]52;c;YWJj\a\x1bPtmux;\x1b\x1b]52;c;YWJj\a\x1b\\"


@pytest.mark.parametrize("environment", [{"TERM": "screen", "STY": "1.tty"}, {"TERM": "screen.xterm-256color"}])
def test_screen_receives_pieces(environment: dict[str, str]) -> None:
    sequence = clipboard_sequence("x" * 900, environment)
    assert sequence is not None
    pieces = sequence.split("\x1b\\")[:-1]
    assert all(piece.startswith("\x1bP") and len(piece) <= SCREEN_PIECE + 2 for piece in pieces)
    whole = "".join(piece.removeprefix("\x1bP") for piece in pieces)
    assert whole == clipboard_sequence("x" * 900, {"TERM": "xterm"})


def test_a_terminal_that_may_be_screen_or_tmux_receives_what_both_accept() -> None:
    environment = {"TERM": "screen-256color"}
    in_screen = {**environment, "STY": "1.tty"}
    one_piece = "x" * 378
    assert clipboard_sequence(one_piece, environment) == clipboard_sequence(one_piece, in_screen)
    bare = clipboard_sequence("x" * 379, {"TERM": "xterm"})
    assert clipboard_sequence("x" * 379, environment) == f"{clipboard_sequence('x' * 379, in_screen)}{bare}"


def test_text_that_is_too_long_is_not_sent() -> None:
    most = MAX_CLIPBOARD_BASE64 // 4 * 3
    assert clipboard_sequence("x" * most, {}) is not None
    assert clipboard_sequence("x" * (most + 1), {}) is None


def test_a_lone_surrogate_is_replaced_in_a_copy() -> None:
    assert clipboard_sequence("a\ud800", {}) == f"\x1b]52;c;{base64.b64encode(b'a?').decode()}\a"


# ---------------------------------------------------------------- the end


class Child:
    """A small program in a terminal of its own."""

    def __init__(self, behaviour: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execv(sys.executable, [sys.executable, "-c", CHILD, behaviour])
        self.before = termios.tcgetattr(self.terminal)
        self.output = b""
        self.status: int | None = None

    def read_until(self, text: bytes, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < deadline, self.output[-500:]
            self.read(0.1)

    def read(self, seconds: float) -> bool:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            self.output += os.read(self.terminal, 65536)
        except OSError:
            return False
        return True

    def end(self, seconds: float = 20.0) -> int:
        """Wait for its end, reading what it writes; its exit code."""
        deadline = time.monotonic() + seconds
        while True:
            if self.terminal >= 0:
                self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                while self.terminal >= 0 and self.read(0.05):
                    pass
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.02)

    def hang_up(self) -> None:
        os.close(self.terminal)
        self.terminal = -1


@contextmanager
def child(behaviour: str = "wait") -> Iterator[Child]:
    started = Child(behaviour)
    try:
        started.read_until(b"ready")
        started.read_until(b"\x1b[?1006h")
        yield started
    finally:
        if started.status is None:
            os.kill(started.pid, signal.SIGKILL)
            os.waitpid(started.pid, 0)
        if started.terminal >= 0:
            os.close(started.terminal)


def is_restored(output: bytes) -> bool:
    """The alternate screen is left, the cursor shown, the mouse and the reports off."""
    pairs = ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?1000h", b"\x1b[?1000l"))
    more = ((b"\x1b[?2004h", b"\x1b[?2004l"), (b"\x1b[?1002h", b"\x1b[?1002l"), (b"\x1b[?1006h", b"\x1b[?1006l"))
    return all(output.rfind(off) > output.rfind(on) >= 0 for on, off in (*pairs, *more))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_program_with_the_terminal_restored(number: signal.Signals) -> None:
    with child() as program:
        os.kill(program.pid, number)
        assert program.end() == 128 + number
        assert is_restored(program.output)
        assert termios.tcgetattr(program.terminal) == program.before


def test_a_program_that_hangs_is_ended_by_force_with_the_terminal_restored() -> None:
    with child("hang") as program:
        time.sleep(0.6)
        os.kill(program.pid, signal.SIGTERM)
        assert program.end() == 128 + signal.SIGTERM
        assert RESTORE.encode() in program.output
        assert termios.tcgetattr(program.terminal) == program.before


def test_a_lost_terminal_ends_the_program() -> None:
    with child() as program:
        program.hang_up()
        assert program.end() == 128 + signal.SIGHUP


def test_output_to_a_lost_terminal_is_dropped() -> None:
    with child("say goodbye") as program:
        program.hang_up()
        assert program.end() == 128 + signal.SIGHUP


def test_moving_the_mouse_is_not_reported() -> None:
    with child() as program:
        assert b"\x1b[?1000h" in program.output
        assert b"\x1b[?1003h" not in program.output


async def test_a_frame_that_changes_nothing_is_not_written() -> None:
    written: list[str] = []
    driver = BrowserDriver(App())
    driver._writer_thread = SimpleNamespace(write=written.append)  # type: ignore[assignment]
    frame = (FRAME_BEGINS, "text\x1b[1;1H", FRAME_ENDS)
    empty = (FRAME_BEGINS, "\x1b[1;1H", FRAME_ENDS)
    for piece in (*frame, *empty, *empty, "\x1b[2J", *empty):
        driver.write(piece)
    assert written == ["".join(frame), "\x1b[2J", "".join(empty)]
