"""A bug ends the program with the terminal restored and a crash report without personal data."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.crashing_browser import BREAKS, SECRET

ROOT = Path(__file__).parents[2]
SECONDS = 30.0


def run_browser(where: str, folder: Path, key: bytes, painted: bytes = b"person00001") -> tuple[int, str]:
    """Run the browser in a terminal and press a key once ``painted`` is shown; returns exit code and output."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    command = [sys.executable, "-m", "tests.support.crashing_browser", str(folder), where]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    output, pressed, deadline = b"", False, time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        readable, _, _ = select.select([master], [], [], 0.1)
        if readable:
            try:
                output += os.read(master, 65536)
            except OSError:
                break
        if not pressed and painted in output:
            os.write(master, key)
            pressed = True
        if not readable and process.poll() is not None:
            break
    process.kill()
    code = process.wait()
    os.close(master)
    return code, output.decode(errors="replace")


@pytest.mark.parametrize("where", BREAKS)
def test_a_bug_ends_the_program_with_one_line_and_a_private_report(where: str, tmp_path: Path) -> None:
    code, output = run_browser(where, tmp_path, b"j")
    assert code == 70
    (report,) = tmp_path.iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    after = output.rpartition("\x1b[?1049l")[2]
    assert str(report) in after.replace("\r\n", "")
    assert "Traceback" not in output
    for text in (output, report.read_text()):
        assert SECRET not in text
    assert "person0" not in report.read_text()
    assert "break_" in report.read_text() or "work" in report.read_text()


def test_quitting_restores_the_terminal(tmp_path: Path) -> None:
    code, output = run_browser("verb", tmp_path, b"q")
    assert code == 0
    assert not list(tmp_path.iterdir())
    assert "\x1b[?1049l" in output
    assert output.rpartition("\x1b[?1049l")[2].count("walkme") == 0


def test_the_browser_quits_while_the_secret_is_pending(tmp_path: Path) -> None:
    code, output = run_browser("secret", tmp_path, b"q", painted=b"Requesting")
    assert code == 0
    assert "\x1b[?1049l" in output
