"""Speed and memory of the browser, as ratios to Textual itself, measured in the same run.

python -m tests.benchmarks.bench [--quick] [--only NAME]

NAME is one of: moving, warm, cold, scim, whois. Exit code 1 if something misses its target. The compared programs
run alternately, in pseudo-terminals of 120x40; figures are medians.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

from tests.benchmarks.fixtures import any_email, complete_mirror, environment, home, own_program, program, simulator
from tests.benchmarks.pty_program import Answer, PtyProgram
from walkme_tui.domain.accounts import Surface

DOWN: Final = b"\x1b[B"
PAGE_DOWN: Final = b"\x1b[6~"
SCREENFUL: Final = 30  # fewer than both tables have rows on the screen, so that nothing scrolls
PAGES: Final = 20  # fewer than stock has
MEGABYTE: Final = 1_000_000
COLD_LATENCY_MS: Final = 100

Pairs: TypeAlias = tuple[list[Answer], list[Answer]]
"""The answers of Textual's DataTable and of our table, in the order of the keys."""


@dataclass(frozen=True, slots=True)
class Effort:
    """The size of the account and the numbers of measurements."""

    users: int
    rounds: int
    starts: int


FULL: Final = Effort(users=1_000_000, rounds=4, starts=9)
QUICK: Final = Effort(users=20_000, rounds=2, starts=3)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: ``measured`` is to be at most ``target``."""

    name: str
    measured: float
    target: float
    unit: str
    detail: str

    @property
    def holds(self) -> bool:
        """True if the target is met."""
        return self.measured <= self.target

    def line(self) -> str:
        """The printed line."""
        verdict = "" if self.holds else "  MISSED"
        measured, target = (f"{value:.3g} {self.unit}" for value in (self.measured, self.target))
        return f"{self.name:30} {measured:>11} {'<= ' + target:>11}  {self.detail}{verdict}\n"


def exit_code_of(figures: Iterable[Figure]) -> int:
    """Print each figure at once; returns the exit code: 1 if one of them misses its target."""
    holds = True
    sys.stdout.write(f"{'':30} {'measured':>11} {'target':>11}\n")
    for figure in figures:
        holds &= figure.holds
        sys.stdout.write(figure.line())
        sys.stdout.flush()
    return 0 if holds else 1


# ---------------------------------------------------------------- moving


def moving(effort: Effort) -> Iterable[Figure]:
    """Cursor and pages on a complete mirror with the detail pane closed, against DataTable with 1 000 rows."""
    mirror = complete_mirror(effort.users)
    moves: Pairs = ([], [])
    pages: Pairs = ([], [])
    memory = 0
    with simulator(effort.users) as account:
        for _ in range(effort.rounds):
            # Both remember the rows that they drew, so every round begins with fresh programs.
            with (
                home(account, mirror) as variables,
                PtyProgram(own_program("stock_table"), environment()) as stock,
                PtyProgram(program("browse"), variables) as ours,
            ):
                stock.wait_for("EMAIL")
                ours.wait_for("@example")
                stock.quiet(0.5)
                ours.quiet(0.5)
                ours.press(b"p", 0.3)
                _by_turns(stock, ours, DOWN, SCREENFUL, moves)
                _by_turns(stock, ours, PAGE_DOWN, PAGES, pages)
                memory = max(memory, ours.resident_bytes())
    yield _time_ratio("cursor down, time", moves, 0.5)
    stock_bytes, our_bytes = (median(answer.size for answer in answers) for answers in moves)
    yield Figure("cursor down, bytes", our_bytes / stock_bytes, 0.35, "x", f"{our_bytes:.0f} / {stock_bytes:.0f} bytes")
    largest = sorted(answer.frame_size for answer in moves[1])
    almost_all = largest[len(largest) * 95 // 100]
    yield Figure("bytes of a cursor move, 95 %", almost_all, 450, "B", f"least {largest[0]}, most {largest[-1]}")
    yield _time_ratio("page down, time", pages, 0.2)
    yield Figure("resident memory", memory / MEGABYTE, 80, "MB", f"{effort.users} users in the mirror")


def _by_turns(stock: PtyProgram, ours: PtyProgram, key: bytes, presses: int, answers: Pairs) -> None:
    """Press a key in both programs alternately; the first press warms up and is not counted."""
    for press in range(presses):
        pair = stock.press(key), ours.press(key)
        if press:
            answers[0].append(pair[0])
            answers[1].append(pair[1])


def _time_ratio(name: str, answers: Pairs, target: float) -> Figure:
    theirs, ours = (median(answer.seconds for answer in side) * 1000 for side in answers)
    return Figure(name, ours / theirs, target, "x", f"{ours:.2f} / {theirs:.2f} ms")


# ---------------------------------------------------------------- starting


def warm(effort: Effort) -> Iterable[Figure]:
    """The first painted rows from a complete mirror, against a bare Textual hello."""
    with simulator(effort.users) as account, home(account, complete_mirror(effort.users)) as variables:
        hello, ours = _starts(effort.starts, lambda: _until_rows(variables))
    yield Figure("warm start", ours / hello, 1.3, "x", f"{ours * 1000:.0f} / {hello * 1000:.0f} ms")


def cold(effort: Effort) -> Iterable[Figure]:
    """The first painted rows without a mirror from a server that takes 100 ms for an answer."""
    with simulator(effort.users, COLD_LATENCY_MS) as account:

        def start() -> float:
            with home(account) as variables:
                return _until_rows(variables)

        hello, ours = _starts(effort.starts, start)
    allowed = hello + 2 * COLD_LATENCY_MS / 1000 + 0.1
    yield Figure("cold start", ours * 1000, allowed * 1000, "ms", f"hello {hello * 1000:.0f} ms")


def scim(effort: Effort) -> Iterable[Figure]:
    """The same two starts on SCIM, against those on REST: the processor time of the warm one, the time of the cold."""
    for name, latency_ms, mirror in (("warm", 0, complete_mirror(effort.users)), ("cold", COLD_LATENCY_MS, None)):
        with simulator(effort.users, latency_ms) as account:
            seconds: dict[Surface, list[float]] = {surface: [] for surface in Surface}
            for turn in range(effort.starts + 1):
                for surface in Surface:
                    with (
                        home(account, mirror, surface) as variables,
                        PtyProgram(program("browse", "--surface", surface), variables) as ours,
                    ):
                        until_rows = ours.wait_for("@example")
                        took = until_rows if mirror is None else ours.processor_seconds()
                    if turn:
                        seconds[surface].append(took)
        on_rest, on_scim = (median(seconds[surface]) for surface in Surface)
        yield Figure(
            f"{name} start on SCIM", on_scim / on_rest, 1.05, "x", f"{on_scim * 1000:.0f} / {on_rest * 1000:.0f} ms"
        )


def whois(effort: Effort) -> Iterable[Figure]:
    """``whois --cached`` from start to end, against a bare Textual hello."""
    mirror = complete_mirror(effort.users)
    email = any_email(mirror)
    with simulator(effort.users) as account, home(account, mirror) as variables:

        def ask() -> float:
            before = time.perf_counter()
            answer = subprocess.run(
                program("whois", "--cached", email), env=variables, capture_output=True, text=True, check=False
            )
            seconds = time.perf_counter() - before
            if answer.returncode or email not in answer.stdout:
                raise RuntimeError(f"whois did not find {email}: {answer.stdout}{answer.stderr}")
            return seconds

        hello, ours = _starts(effort.starts, ask)
    yield Figure("whois --cached", ours / hello, 0.6, "x", f"{ours * 1000:.0f} / {hello * 1000:.0f} ms")


def _starts(times: int, start: Callable[[], float]) -> tuple[float, float]:
    """Seconds of a hello and of ``start``, by turns; the first of each fills the caches and is not counted."""
    hellos, starts = [], []
    for turn in range(times + 1):
        with PtyProgram(own_program("hello"), environment()) as hello:
            pair = hello.wait_for("hello"), start()
        if turn:
            hellos.append(pair[0])
            starts.append(pair[1])
    return median(hellos), median(starts)


def _until_rows(variables: Mapping[str, str]) -> float:
    with PtyProgram(program("browse"), variables) as ours:
        return ours.wait_for("@example")


# ---------------------------------------------------------------- the table


BENCHMARKS: Final[Mapping[str, Callable[[Effort], Iterable[Figure]]]] = {
    "moving": moving,
    "warm": warm,
    "cold": cold,
    "scim": scim,
    "whois": whois,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users and fewer turns")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", metavar="NAME", help="one of them, repeatable")
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else FULL
    return exit_code_of(figure for name in options.only or BENCHMARKS for figure in BENCHMARKS[name](effort))


if __name__ == "__main__":
    sys.exit(main())
