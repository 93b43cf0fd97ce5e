"""The time from a key to its rows on the screen: searching, jumping, sorting and the members of a group.

python -m tests.benchmarks.bench_search [--quick] [--only NAME]

NAME is one of: typing, jumping, sorting, members. The browser runs in a pseudo-terminal of 120x40 over a complete
mirror. Each figure is the time from a key to the last byte of the first frame with the rows that the key
requested, as a terminal would show them. Exit code 1 if something misses its target.
"""

import argparse
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Final, TypeAlias

import pyte

from tests.benchmarks.bench import FULL, QUICK, Figure, exit_code_of
from tests.benchmarks.fixtures import SEED, complete_mirror, home, program, simulator
from tests.benchmarks.pty_program import COLUMNS, LINES, Frame, PtyProgram
from walkme_tui.domain.text import search_key

UP: Final = b"\x1b[A"
DOWN: Final = b"\x1b[B"
PAGE_DOWN: Final = b"\x1b[6~"
CLEAR: Final = b"\x15"
HEADER: Final = 2
ROWS: Final = slice(3, LINES - 2)
USERS: Final = range(76)
"""The columns of the users, left of the details."""
GROUPS: Final = range(36)
MEMBERS: Final = range(38, COLUMNS)
REST_SECONDS: Final = 0.12
"""The time between two letters that a person types; a later answer is still waited for."""
PATIENCE_SECONDS: Final = 5.0
LONGEST: Final = 8
TURNS: Final = 12

Area: TypeAlias = list[list[tuple[str, str]]]
"""Characters with their colours, line by line."""


class Screen:
    """The screen of a program in a terminal, frame by frame; the watched rows are in ``columns``."""

    def __init__(self, browser: PtyProgram) -> None:
        self.columns = USERS
        self._browser = browser
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0

    def catch_up(self, seconds: float = 0.5) -> None:
        """Wait until the program writes nothing, and show all of its output."""
        self._browser.quiet(seconds)
        self._stream.feed(bytes(self._browser.output[self._fed :]))
        self._fed = len(self._browser.output)

    def rows(self) -> Area:
        """The rows of the table."""
        return [self._line(y, self.columns) for y in range(LINES)[ROWS]]

    def text(self, y: int, columns: range = USERS) -> str:
        """The text of a line of the screen in these columns."""
        return "".join(character for character, _ in self._line(y, columns)).rstrip()

    def _line(self, y: int, columns: range) -> list[tuple[str, str]]:
        line = self._screen.buffer[y]
        return [(line[x].data, line[x].fg) for x in columns]

    def seconds_until(self, key: bytes, shown: Callable[[], bool]) -> float:
        """Press a key; seconds until the end of the first frame after which ``shown`` is true; ``TimeoutError``."""
        self.catch_up(0.0)
        frames = self._browser.frames(key, REST_SECONDS)
        answered: float | None = None
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while True:
            for frame in frames:
                self._feed(frame)
                if answered is None and shown():
                    answered = frame.seconds
            if answered is not None:
                return answered
            if time.perf_counter() > deadline:
                lines = "\n".join(self._screen.display)
                raise TimeoutError(f"{key!r} did not lead there:\n{lines}")
            frames = self._browser.more_frames(0.05)

    def _feed(self, frame: Frame) -> None:
        self._stream.feed(frame.data)
        self._fed += len(frame.data)

    def seconds_until_other_rows(self, key: bytes) -> float:
        """Press a key that leads to other rows, or to the same with other letters highlighted."""
        self.catch_up(0.0)
        before = self.rows()
        return self.seconds_until(key, lambda: self.rows() != before and not self._waits_for_rows())

    def _waits_for_rows(self) -> bool:
        return any(self.text(y, self.columns).strip("▌▏ ") == "·" for y in range(LINES)[ROWS])


@contextmanager
def browsing(account: dict[str, str], mirror: Path) -> Iterator[Screen]:
    """The browser over this mirror, at rest, on its first row."""
    with home(account, mirror) as variables, PtyProgram(program("browse"), variables) as browser:
        browser.wait_for("@example")
        screen = Screen(browser)
        screen.catch_up(2.0)
        yield screen


# ---------------------------------------------------------------- what is measured


def typing(account: dict[str, str], mirror: Path, turns: int) -> Iterable[Figure]:
    """Words letter by letter; all letters together, and apart by how many were typed."""
    by_length: dict[int, list[float]] = {length: [] for length in range(1, LONGEST + 1)}
    with browsing(account, mirror) as screen:
        screen.seconds_until(b"/", lambda: True)
        for word in words(mirror, turns):
            for length, letter in enumerate(word, 1):
                by_length[length].append(screen.seconds_until_other_rows(letter.encode()))
            screen.seconds_until_other_rows(CLEAR)
            screen.catch_up(0.3)
    together = [seconds for measured in by_length.values() for seconds in measured]
    yield from figures("key to first results", together, 16, 50)
    for length, measured in by_length.items():
        yield from figures(f"  {length} typed", measured, 16, 50)


def jumping(account: dict[str, str], mirror: Path, turns: int) -> Iterable[Figure]:
    """To the ends and page by page, in the server's list and in an order that is complete."""
    for name, keys in (("the list", b""), ("an order", b"s")):
        ends: list[float] = []
        pages: list[float] = []
        with browsing(account, mirror) as screen:
            if keys:
                screen.seconds_until_other_rows(keys)
                screen.catch_up(3.0)
            for _ in range(turns):
                ends += [screen.seconds_until_other_rows(key) for key in (b"G", b"g")]
                screen.catch_up(0.2)
                pages.append(screen.seconds_until_other_rows(PAGE_DOWN))
                screen.seconds_until_other_rows(b"g")
        yield from figures(f"ends of {name}", ends, 16, 50)
        yield from figures(f"a page of {name}", pages, 16, 50)


def sorting(account: dict[str, str], mirror: Path, turns: int) -> Iterable[Figure]:
    """By every column that is shown: the first screen, and the last, which only the whole order knows."""
    firsts: list[float] = []
    wholes: list[float] = []
    for _ in range(max(1, turns // 6)):
        with browsing(account, mirror) as screen:
            arrows: set[str] = set()
            while True:
                seconds = screen.seconds_until_other_rows(b"s")
                arrow = screen.text(HEADER)
                if arrow in arrows or not set(arrow) & set("↑↓"):
                    break
                arrows.add(arrow)
                firsts.append(seconds)
                screen.catch_up(3.0)
                screen.seconds_until_other_rows(b"S")
                wholes.append(screen.seconds_until_other_rows(b"G"))
                screen.catch_up(1.0)
                screen.seconds_until_other_rows(b"g")
                screen.seconds_until_other_rows(b"S")
                screen.catch_up(3.0)
    yield from figures("first screen of an order", firsts, 100, 100)
    yield from figures("its end, right after", wholes, 1500, 1500)


def members(account: dict[str, str], mirror: Path, turns: int) -> Iterable[Figure]:
    """The first screen of the largest group."""
    name, size = largest_group(mirror)
    measured: list[float] = []
    with browsing(account, mirror) as screen:
        screen.seconds_until(b"2", lambda: True)
        screen.catch_up(1.0)
        while not below_the_cursor(screen).startswith(name):
            screen.seconds_until(DOWN, lambda: True)
        screen.columns = MEMBERS
        for _ in range(turns):
            screen.catch_up(1.0)
            measured.append(screen.seconds_until_other_rows(DOWN))
            screen.catch_up(1.0)
            screen.seconds_until_other_rows(UP)
    yield from figures(f"members, a group of {size}", measured, 50, 50)


def below_the_cursor(screen: Screen) -> str:
    """The text below the cursor in the list of groups."""
    lines = [screen.text(y, GROUPS) for y in range(LINES)]
    at = next(y for y, line in enumerate(lines) if line.startswith("▌"))
    return lines[at + 1].strip()


def figures(name: str, measured: Sequence[float], median_ms: float, almost_all_ms: float) -> Iterator[Figure]:
    """The median and the 99th percentile of these seconds."""
    ordered = sorted(seconds * 1000 for seconds in measured)
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    detail = f"{len(ordered)} keys, {ordered[0]:.1f} to {ordered[-1]:.1f} ms"
    yield Figure(f"{name}, 50 %", cuts[49], median_ms, "ms", detail)
    yield Figure(f"{name}, 99 %", cuts[98], almost_all_ms, "ms", detail)


# ---------------------------------------------------------------- words and groups


def words(mirror: Path, count: int) -> list[str]:
    """Beginnings of names and of emails of people in this mirror, as they are typed; the same ones in every run."""
    choose = random.Random(SEED)
    with closing(sqlite3.connect(mirror)) as connection:
        users = connection.execute("SELECT max(row_id) FROM users").fetchone()[0]
        found: dict[str, None] = {}
        while len(found) < count:
            row = connection.execute(
                "SELECT first_name, last_name, email FROM users WHERE row_id = ?", (choose.randrange(1, users + 1),)
            ).fetchone()
            word = search_key(choose.choice(row) or "")[:LONGEST]
            if word.isascii() and word.isalnum() and len(word) == LONGEST:
                found[word] = None
    return list(found)


def largest_group(mirror: Path) -> tuple[str, int]:
    """The name of the group that has most members, and how many."""
    with closing(sqlite3.connect(mirror)) as connection:
        name, size = connection.execute("SELECT name, members FROM groups ORDER BY members DESC LIMIT 1").fetchone()
    return str(name), int(size)


BENCHMARKS: Final[Mapping[str, Callable[[dict[str, str], Path, int], Iterable[Figure]]]] = {
    "typing": typing,
    "jumping": jumping,
    "sorting": sorting,
    "members": members,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_search", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users and fewer turns")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", metavar="NAME", help="one of them, repeatable")
    options = parser.parse_args(arguments)
    effort, turns = (QUICK, TURNS // 2) if options.quick else (FULL, TURNS)
    mirror = complete_mirror(effort.users)
    with simulator(effort.users) as account:
        return exit_code_of(
            figure for name in options.only or BENCHMARKS for figure in BENCHMARKS[name](account, mirror, turns)
        )


if __name__ == "__main__":
    sys.exit(main())
