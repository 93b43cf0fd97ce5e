"""The speed at which an account is stored in the mirror while it is searched, and the size of the mirror.

python -m tests.benchmarks.bench_store [--users N]

Pages of 1000 users are read from answers as the REST client gets them, decoded and saved, eight under way at once;
meanwhile words are searched and rows are read ten times a second. Exit code 1 if something misses its target.
"""

import argparse
import asyncio
import gc
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, quantiles
from typing import Final

from tests.benchmarks.bench import MEGABYTE, Figure, exit_code_of
from tests.benchmarks.fixtures import SEED, today_ms
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.rest.decoding import decode_page
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.simulator.population import Population
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.ui.start import GARBAGE_AT, SWITCH_SECONDS

PAGE_SIZE: Final = 1000
UNDER_WAY: Final = 8
LOOKS_PER_SECOND: Final = 10
LAST_PART: Final = 10


def answers(users: int) -> Path:
    """A file with the answer to every page, a line each: made once, so that making it is not measured."""
    folder = Path(tempfile.gettempdir()) / "walkme-tui-benchmarks"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"answers-{users}.jsonl.gz"
    if not path.exists():
        sys.stderr.write(f"Making the answers of {users} users in {folder} …\n")
        people = Population(users, SEED, today_ms())
        unfinished = path.with_suffix(".unfinished")
        with gzip.open(unfinished, "wt", compresslevel=1, encoding="ascii") as file:
            for first in range(0, users, PAGE_SIZE):
                rows = [people.record(number) for number in range(first, min(first + PAGE_SIZE, users))]
                file.write(json.dumps({"users": rows, "total": users, "page": first // PAGE_SIZE + 1}) + "\n")
        unfinished.replace(path)
    return path


UNPACK: Final = "import gzip, shutil, sys; shutil.copyfileobj(gzip.open(sys.argv[1]), sys.stdout.buffer, 1 << 20)"


def _bodies(path: Path) -> Iterator[bytes]:
    """The answers, unpacked by another process: this one would have to share Python's lock with it."""
    with subprocess.Popen([sys.executable, "-c", UNPACK, str(path)], stdout=subprocess.PIPE) as unpacking:
        assert unpacking.stdout is not None
        yield from unpacking.stdout


async def _take(mirror: SqliteMirror, page: int, body: bytes) -> None:
    answer = ApiAnswer(200, {"content-type": "application/json"}, body, "127.0.0.1")
    # As the REST client does.
    decoded = await mirror.run_on_writer_thread(partial(decode_page, answer, page, PAGE_SIZE), urgent=False)
    await mirror.save_page(decoded, int(time.time() * 1000))


def machine() -> float:
    """Seconds that a constant amount of work takes now, because other processes share the machine."""
    started, value = time.thread_time(), 0
    for number in range(200_000):
        value += number * number % 7
    return time.thread_time() - started


async def fill(mirror: SqliteMirror, path: Path, users: int, pace: list[float]) -> list[float]:
    """Save every page; the times at which each tenth of the account was in. ``pace`` gets the machine's own."""
    laps = [time.perf_counter()]
    pages = users // PAGE_SIZE
    under_way: set[asyncio.Task[None]] = set()
    for page, body in enumerate(_bodies(path), start=1):
        under_way.add(asyncio.create_task(_take(mirror, page, body)))
        if len(under_way) >= UNDER_WAY:
            _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        if page % (pages // LAST_PART) == 0:
            laps.append(time.perf_counter())
            pace += [machine() for _ in range(3)]
            sys.stderr.write(f"{page * PAGE_SIZE} users, {users // LAST_PART / (laps[-1] - laps[-2]):.0f}/s\n")
    await asyncio.gather(*under_way)
    laps[-1] = time.perf_counter()
    return laps


async def look(mirror: SqliteMirror, words: Sequence[str], seconds: list[float]) -> None:
    """Search words and read the users that were found, until cancelled."""
    while True:
        started = time.perf_counter()
        found = await mirror.first(UserQuery(random.choice(words)), 80)
        await mirror.rows([user.row_id for user in found])
        seconds.append(time.perf_counter() - started)
        await asyncio.sleep(1 / LOOKS_PER_SECOND)


async def measure(users: int) -> list[Figure]:
    """Fill a mirror and search it meanwhile."""
    path = answers(users)
    people = Population(users, SEED, today_ms())
    sample = [str(people.record(number)["email"]).split("@")[0] for number in range(0, users, max(1, users // 500))]
    words = [name[: random.randint(1, 8)] for name in sample]
    seconds: list[float] = []
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder:
        file = Path(folder) / "mirror.sqlite3"
        mirror = open_mirror(file, account_key="bench")
        await mirror.save_groups([Group(group_id, name) for group_id, name in people.groups.items()])
        looking = asyncio.create_task(look(mirror, words, seconds))
        pace: list[float] = []
        laps = await fill(mirror, path, users, pace)
        looking.cancel()
        started = time.perf_counter()
        await mirror.prepare_sorting()
        sorting = time.perf_counter() - started
        await mirror.aclose()
        size = sum(each.stat().st_size for each in Path(folder).iterdir())  # noqa: ASYNC240 - at the very end
    rate, last = users / (laps[-1] - laps[0]), users / LAST_PART / (laps[-1] - laps[-2])
    hundredths = quantiles(seconds, n=100)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    slower = fmean(pace) / min(pace)
    return [
        Figure(
            "us a user, undisturbed", 1e6 / rate / slower, 1e6 / 12_000, "us", f"the machine was {slower:.2f} x slower"
        ),
        Figure("us a user, all", 1e6 / rate, 1e6 / 12_000, "us", f"{rate:.0f} users/s"),
        Figure("us a user, last tenth", 1e6 / last, 1e6 / 12_000, "us", f"{last:.0f} users/s"),
        Figure(
            "search and rows meanwhile", hundredths[98] * 1000, 50, "ms", f"99 %; half {hundredths[49] * 1000:.1f} ms"
        ),
        Figure(
            "on disk, orders included",
            size / MEGABYTE * 1e6 / users,
            600,
            "MB",
            f"a million; orders took {sorting:.0f} s",
        ),
        Figure("resident memory at most", memory / MEGABYTE, 120, "MB", "of this script"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_store", description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000, help="how large the account is (%(default)s)")
    # As the browser does.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(GARBAGE_AT)
    return exit_code_of(asyncio.run(measure(parser.parse_args(arguments).users)))


if __name__ == "__main__":
    sys.exit(main())
