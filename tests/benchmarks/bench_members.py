"""The members of a large group, read from the group over TCP: the first screen after the answer, and the memory.

python -m tests.benchmarks.bench_members [--members N]

The browser runs in a pseudo-terminal of 120x40 on a SCIM account; the cursor moves to the group. Once with a mirror
that knows none of the members, once with all of them. Exit code 1 if something misses its target.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import MEGABYTE, Figure, exit_code_of
from tests.benchmarks.fixtures import ROOT, environment, own_program, program
from tests.benchmarks.programs.large_group import OTHERS, email
from tests.benchmarks.pty_program import PtyProgram
from walkme_tui.ui import words

DOWN: Final = b"\x1b[B"
EMAIL: Final = re.compile(rb"member(\d{6})@")
STORED_SECONDS: Final = 120.0
# The account is read at the start, before the group is looked at.
LEAST_SECONDS: Final = 8.0
READ_PER_SECOND: Final = 2500


@contextmanager
def _server(users: int, listed: int) -> Iterator[tuple[dict[str, str], "subprocess.Popen[str]"]]:
    """The account over TCP: the variables that make a profile of it, and its process."""
    command = [*own_program("large_group"), str(users), str(listed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT, text=True)
    try:
        assert process.stdout is not None
        yield {"WALKME_SCIM_BASE_URL": process.stdout.readline().strip(), "WALKME_SCIM_TOKEN": "demo"}, process
    finally:
        process.kill()
        process.wait()


def measure(members: int) -> Iterable[Figure]:
    """Both mirrors."""
    yield from _measure(members, OTHERS, "unknown members")
    yield from _measure(members, OTHERS + members, "known members")


def _measure(members: int, listed: int, name: str) -> Iterable[Figure]:
    with (
        _server(members, listed) as (account, server),
        tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder,
        PtyProgram(program("browse"), environment(**account, **_folders(Path(folder)))) as browser,
    ):
        browser.wait_for(email(0))
        browser.quiet(10.0, at_most=LEAST_SECONDS + listed / READ_PER_SECOND)  # ages of records change every second
        browser.go(b"2")
        browser.quiet(1.0)
        resting = browser.resident_bytes()
        from_byte, sent_at, busy = len(browser.output), time.perf_counter(), _busy_seconds(browser.pid)
        browser.send(DOWN)
        shown_at = _shown(browser, from_byte)
        busy = _busy_seconds(browser.pid) - busy
        answers = [at for at in _answers(server) if at > sent_at]
        answered_at = answers[0] if answers else shown_at
        browser.wait_for(f"{words.number(members)} members, read", STORED_SECONDS)
        stored_at = time.perf_counter()
        memory = _peak_bytes(browser.pid)
    first = max(0.0, shown_at - answered_at) * 1000
    detail = f"{busy * 1000:.0f} ms of processor time since the key; all stored after {stored_at - answered_at:.1f} s"
    yield Figure(f"{name}: first screen", first, 300, "ms", detail)
    yield Figure(
        f"{name}: memory at most", memory / MEGABYTE, 120, "MB", f"before the group {resting / MEGABYTE:.0f} MB"
    )


def _answers(server: "subprocess.Popen[str]") -> list[float]:
    """The moments at which lists of members were sent so far: details of users may have needed some before."""
    assert server.stdout is not None
    os.set_blocking(server.stdout.fileno(), False)
    return [float(line) for line in server.stdout.read().split()]


def _shown(browser: PtyProgram, from_byte: int) -> float:
    """The moment at which the program had written the email of a member of the large group."""
    deadline = time.perf_counter() + STORED_SECONDS
    while not any(int(number) >= OTHERS for number in EMAIL.findall(browser.output, from_byte)):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"no member came; it wrote at last: {bytes(browser.output[-2000:])!r}")
        browser.read(1.0)
    return time.perf_counter()


def _busy_seconds(pid: int) -> float:
    """The processor time that the program has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_bytes(pid: int) -> int:
    """The most memory that the program has had in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("the system does not tell the resident memory")


def _folders(folder: Path) -> dict[str, str]:
    return {f"WALKME_TUI_{part}_DIR": str(folder / part.lower()) for part in ("CONFIG", "CACHE", "DATA", "STATE")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.bench_members", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--members", type=int, default=50_000, help="the size of the group (%(default)s)")
    return exit_code_of(measure(parser.parse_args(arguments).members))


if __name__ == "__main__":
    sys.exit(main())
