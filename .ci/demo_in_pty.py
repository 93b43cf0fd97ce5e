"""Start ``walkme-tui --demo`` in a pseudo terminal, wait for users on the screen, quit, and check how it ended.

Usage: demo_in_pty.py PATH_OF_WALKME_TUI. It imports the standard library only, because it runs where only the wheel is.
Exit code 0 if rows were painted, ``q`` ended the program with 0 and the terminal was restored.
"""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
import time

DEADLINE_SECONDS = 60
EMAIL = re.compile(rb"[\w.-]+@[\w.-]+\.\w+")
LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"
CURSOR_SHOWN = b"\x1b[?25h"


def read(terminal: int, seconds: float) -> bytes:
    """The output that arrives within some seconds; empty also at the end of the program."""
    ready, _, _ = select.select([terminal], [], [], seconds)
    if not ready:
        return b""
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the other side closed
        return b""


def main(program: str) -> int:
    """Run the demo once."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        child, terminal = pty.fork()
        if child == 0:
            os.execve(program, [program, "--demo"], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        started = time.monotonic()
        seen = b""
        while len(EMAIL.findall(seen)) < 10:
            if time.monotonic() - started > DEADLINE_SECONDS:
                print(f"no users on the screen after {DEADLINE_SECONDS} s; last bytes: {seen[-2000:]!r}")
                os.kill(child, 9)
                return 1
            seen += read(terminal, 1)
        print(f"users on the screen after {time.monotonic() - started:.1f} s")
        os.write(terminal, b"q")
        finished = 0
        while not finished and time.monotonic() - started < DEADLINE_SECONDS:
            seen += read(terminal, 0.2)
            finished, status = os.waitpid(child, os.WNOHANG)
        if not finished:
            print("q did not end the program")
            os.kill(child, 9)
            return 1
        while more := read(terminal, 0.2):
            seen += more
        code = os.waitstatus_to_exitcode(status)
        restored = LEFT_ALTERNATE_SCREEN in seen and CURSOR_SHOWN in seen
        print(f"q ended it with {code}; terminal restored: {restored}")
        return 0 if code == 0 and restored else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
