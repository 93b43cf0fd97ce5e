"""The time of the mirror's calls, without a screen: the first users for a word, all of an order, a window of it.

python -m tests.benchmarks.bench_calls [--quick]

Words of 1 to 8 characters from names and emails of the account are searched in a complete mirror; every order is
requested once. Exit code 1 if something misses its target.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tests.benchmarks.bench import FULL, QUICK, Figure, exit_code_of
from tests.benchmarks.bench_search import figures, words
from tests.benchmarks.fixtures import SEED, complete_mirror
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror

R = TypeVar("R")

SCREEN: Final = 80
WORDS: Final = 40
WINDOWS: Final = 200
ORDERS: Final = tuple(key for key in SortKey if key is not SortKey.LISTED)
WORDS_WITHOUT_MATCH: Final = "nobody's yet"


async def timed(call: Awaitable[R], seconds: list[float]) -> R:
    """The result of a call; its time is appended to ``seconds``."""
    started = time.perf_counter()
    result = await call
    seconds.append(time.perf_counter() - started)
    return result


async def measure(mirror: SqliteMirror, typed: Sequence[str]) -> list[Figure]:
    """Search, sort and jump."""
    searches: list[float] = []
    firsts: list[float] = []
    wholes: list[float] = []
    windows: list[float] = []
    choose = random.Random(SEED)
    await mirror.first(UserQuery("a"), SCREEN)
    for word in typed:
        for letters in range(1, len(word) + 1):
            await timed(mirror.first(UserQuery(word[:letters]), SCREEN), searches)
    for key in ORDERS:
        for reverse in (False, True):
            query = UserQuery(sort=Sort(key, reverse))
            await timed(mirror.first(query, SCREEN), firsts)
            order = await timed(mirror.matching(query), wholes)
            for _ in range(WINDOWS // len(ORDERS)):
                at = choose.randrange(max(1, len(order) - SCREEN))
                await timed(mirror.rows(order[at : at + SCREEN]), windows)
    return [
        *figures("the first for a word", searches, 10, 10),
        *figures("the first of an order", firsts, 100, 100),
        *figures("all of an order", wholes, 1500, 1500),
        *figures("a window anywhere", windows, 16, 16),
    ]


async def over(path: Path, typed: Sequence[str]) -> list[Figure]:
    """Measure the mirror in the file at ``path``."""
    mirror = open_mirror(path, account_key=WORDS_WITHOUT_MATCH)
    try:
        await mirror.coverage()
        return await measure(mirror, typed)
    finally:
        await mirror.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_calls", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users")
    users = (QUICK if parser.parse_args(arguments).quick else FULL).users
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder:
        path = Path(shutil.copy(complete_mirror(users), folder))
        return exit_code_of(asyncio.run(over(path, words(path, WORDS))))


if __name__ == "__main__":
    sys.exit(main())
