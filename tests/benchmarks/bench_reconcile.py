"""REST compared with SCIM, both mirrored: the time, the memory, and how long the event loop stands still meanwhile.

python -m tests.benchmarks.bench_reconcile [--users N]

The SCIM mirror is a copy of the REST mirror in which every twentieth user differs. Exit code 1 if something misses its
target.
"""

import argparse
import asyncio
import gc
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import MEGABYTE, Figure, exit_code_of
from tests.benchmarks.fixtures import complete_mirror
from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import open_session
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.services.reconcile.comparison import Sides, compared
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.start import GARBAGE_AT, SWITCH_SECONDS

ACCOUNT_KEY: Final = "nobody's yet"
TICK_SECONDS: Final = 0.002
DRIFT: Final = (
    "UPDATE users SET status = 'inactive' WHERE row_id % 80 = 0 AND status = 'active'",
    "UPDATE users SET last_name = last_name || ' x' WHERE row_id % 80 = 20",
    "UPDATE users SET groups = '', group_count = 0 WHERE row_id % 80 = 60 AND groups <> ''",
    "UPDATE users SET id = 'other ' || row_id, external_id = NULL, email = row_id || '@x' WHERE row_id % 80 = 40",
)


async def longest_pause(done: asyncio.Event) -> float:
    """The longest time in seconds, until ``done``, in which the event loop did not run a task that was due."""
    longest, last = 0.0, time.perf_counter()
    while not done.is_set():
        await asyncio.sleep(TICK_SECONDS)
        now = time.perf_counter()
        longest, last = max(longest, now - last - TICK_SECONDS), now
    return longest


async def measure(files: Sequence[Path], users: int) -> list[Figure]:
    """The time of the comparison of both mirrors, the most memory, and the longest pause of the event loop."""
    before = _most_memory()
    rest, scim = (open_mirror(file, account_key=ACCOUNT_KEY) for file in files)
    async with open_session(FakeDirectory(()), mirror=rest) as one, open_session(FakeDirectory(()), mirror=scim) as two:
        for session in (one, two):
            await session.mirror.coverage()
        done = asyncio.Event()
        pausing = asyncio.create_task(longest_pause(done))
        started = time.perf_counter()
        found = await compared(Sides(one, two))
        seconds = time.perf_counter() - started
        done.set()
        pause = await pausing
        counts = ", ".join(f"{found.counts[each]} {each.value}" for each in PairClass if found.counts[each])
        return [
            Figure(f"{users} against {users}", seconds, 5, "s", counts),
            Figure("memory at most", _most_memory(), 300, "MB", f"before {before:.0f} MB"),
            Figure("longest pause of the event loop", pause * 1000, 50, "ms", f"ticks of {TICK_SECONDS * 1000:.0f} ms"),
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    users = parser.parse_args(arguments).users
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder:
        files = [Path(folder) / name for name in ("rest.sqlite3", "scim.sqlite3")]
        for file in files:
            shutil.copy(complete_mirror(users), file)
        with closing(sqlite3.connect(files[1])) as connection, connection:
            for statement in DRIFT:
                connection.execute(statement)
        # As the browser does it.
        gc.set_threshold(GARBAGE_AT)
        sys.setswitchinterval(SWITCH_SECONDS)
        return exit_code_of(asyncio.run(measure(files, users)))


def _most_memory() -> float:
    """The most memory that this process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


if __name__ == "__main__":
    sys.exit(main())
