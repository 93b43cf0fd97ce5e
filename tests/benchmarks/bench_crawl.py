"""The browser during a crawl: stalls of the event loop, bytes written, memory, and the speed of the crawl.

python -m tests.benchmarks.bench_crawl [--users N]

The browser runs in a pseudo-terminal of 120x40 over a simulated account that allows any rate, with the default limits
of the rate. First no key is pressed, then one is held down. Exit code 1 if something misses its target.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from typing import Final

from tests.benchmarks.bench import DOWN, MEGABYTE, Figure, exit_code_of
from tests.benchmarks.fixtures import home, own_program, simulator
from tests.benchmarks.pty_program import PtyProgram

RAMP_SECONDS: Final = 15
QUIET_SECONDS: Final = 15
HELD_SECONDS: Final = 15
KEYS_PER_SECOND: Final = 30
PERMITTED_PER_SECOND: Final = 10
PAGE_SIZE: Final = 1000
LATENCY_MS: Final = 50


class Watched:
    """The running browser, with the delays of its event loop."""

    def __init__(self, program: PtyProgram, lateness: Path) -> None:
        self.program = program
        self._lateness = lateness

    def stalls(self) -> list[float]:
        """Delays of the event loop in seconds, since the last call."""
        if not self._lateness.exists():
            return []
        text = self._lateness.read_text(encoding="ascii")
        self._lateness.write_text("", encoding="ascii")
        return [float(line) for line in text.split()]

    def for_seconds(self, seconds: float, keys_per_second: int = 0) -> int:
        """Read for so long, a key held down or none; the bytes that came."""
        before, until = len(self.program.output), time.perf_counter() + seconds
        press_at = time.perf_counter()
        while (now := time.perf_counter()) < until:
            if keys_per_second and now >= press_at:
                self.program.send(DOWN)
                press_at += 1 / keys_per_second
            self.program.read(0.01)
        return len(self.program.output) - before


def measure(users: int) -> list[Figure]:
    """Read an account and measure meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder,
        simulator(users, LATENCY_MS) as account,
        home(account) as variables,
    ):
        lateness = Path(folder) / "lateness"
        lateness.touch()
        with PtyProgram(own_program("watched_browser"), {**variables, "LATENESS": str(lateness)}) as program:
            program.wait_for("@example")
            watched = Watched(program, lateness)
            watched.for_seconds(RAMP_SECONDS)
            watched.stalls()
            rows = _stored(variables)
            bytes_per_second = watched.for_seconds(QUIET_SECONDS) / QUIET_SECONDS
            share = (_stored(variables) - rows) / QUIET_SECONDS / PAGE_SIZE / PERMITTED_PER_SECOND
            quiet = watched.stalls()
            watched.for_seconds(HELD_SECONDS, KEYS_PER_SECOND)
            held = watched.stalls()
            memory = _memory_until_read(watched, variables, users)
    return [
        Figure("not used of the rate", 1 - share, 0.10, "", f"{share:.0%} of {PERMITTED_PER_SECOND}/s used"),
        Figure("repainting meanwhile", bytes_per_second / 1000, 2, "kB/s", "no key is pressed"),
        *_late("stalls while it is read", quiet),
        *_late("stalls, a key held down", held),
        Figure("resident memory at most", memory / MEGABYTE, 120, "MB", f"until {users} users were read, and after"),
    ]


def _late(name: str, seconds: Sequence[float]) -> list[Figure]:
    hundredths = quantiles(seconds, n=100)
    return [
        Figure(f"{name}, 99 %", hundredths[98] * 1000, 16, "ms", f"half {hundredths[49] * 1000:.1f} ms"),
        Figure(f"{name}, worst", max(seconds) * 1000, 50, "ms", f"{len(seconds)} beats"),
    ]


def _stored(variables: dict[str, str]) -> int:
    """How many users are in the mirror."""
    path = Path(variables["WALKME_TUI_CACHE_DIR"]) / "env" / "mirror.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT loaded FROM state").fetchone()[0])


def _memory_until_read(watched: Watched, variables: dict[str, str], users: int) -> int:
    """The most memory that it used until all users were read, and for half a minute after."""
    most, until = 0, time.perf_counter() + 600
    done_at: float | None = None
    while time.perf_counter() < until and (done_at is None or time.perf_counter() < done_at + 30):
        watched.for_seconds(1.0)
        most = max(most, watched.program.resident_bytes())
        if done_at is None and _stored(variables) >= users:
            done_at = time.perf_counter()
    return most


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_crawl", description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000, help="how large the account is (%(default)s)")
    return exit_code_of(measure(parser.parse_args(arguments).users))


if __name__ == "__main__":
    sys.exit(main())
