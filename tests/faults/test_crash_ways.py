"""Unexpected exceptions in every place: one crash report without values, and exit code 70."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.breaking_program import SECRET, WAYS

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 120
NOT_FATAL = {"in_a_future"}
WAITS_FOR_THE_SERVER = {"in_a_task_that_is_not_awaited", "in_a_callback", "on_a_thread"}


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("way", WAYS)
def test_an_unexpected_exception_gives_one_report_without_values(way: str, tmp_path: Path, silent_server: str) -> None:
    folders = {f"WALKME_TUI_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    account = {"WALKME_BASE_URL": silent_server, "WALKME_CLIENT_ID": "demo", "WALKME_CLIENT_SECRET": "demo"}
    words = ["whois", "nobody@example.com", *([] if way in WAITS_FOR_THE_SERVER else ["--demo"])]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.breaking_program", way, *words],
        cwd=ROOT, env={**os.environ, **folders, **account}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS,
    )  # fmt: skip
    assert SECRET not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    if way in NOT_FATAL:
        assert ended.returncode == 1, ended.stderr
        return
    assert ended.returncode == 70, ended.stderr
    (report,) = (tmp_path / "STATE").glob("crash-*.txt")
    assert ended.stderr.count("The program crashed because of a bug") == 1
    assert str(report) in ended.stderr
    assert SECRET not in report.read_text()
    assert "breaking_program.py" in report.read_text()
