"""The time until the dialogs that edit users answer: the form, a letter in it, the picker of groups, and a save.

python -m tests.benchmarks.bench_editors [--quick] [--only NAME]

NAME is one of: opening, typing, picking, saving. The browser runs in a pseudo-terminal of 120x40 over a complete
mirror. Times are from a key to the last byte of the first frame that shows what the key asked for, and figures are
medians; a letter is compared with Textual's own ``Input``, by turns. Exit code 1 if something misses its target.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.bench import FULL, QUICK, Effort, Figure, exit_code_of
from tests.benchmarks.bench_search import DOWN, Screen, browsing
from tests.benchmarks.fixtures import complete_mirror, environment, own_program, simulator
from tests.benchmarks.programs.many_groups import GROUPS
from tests.benchmarks.pty_program import COLUMNS, LINES, PtyProgram

ESCAPE: Final = b"\x1b"
SAVE: Final = b"\x1bOQ"
CLEAR: Final = b"\x15"
MOUNTED_SECONDS: Final = 4.0
"""The form is mounted so long after the start."""
TURNS: Final = 30
WORD: Final = b"abcdefghij"
GROUP_WORDS: Final = (b"support", b"warehouse", b"remote40", b"zzz")
"""They find many groups, a few, and none; ids, which are searched too, have no such letters."""
LATENCIES_MS: Final = (0, 100)
SAVE_MS: Final = 100
"""What a save may take beyond the server's latencies."""


def opening(effort: Effort, turns: int) -> Iterable[Figure]:
    """The form of user after user."""
    measured: list[float] = []
    mirror = complete_mirror(effort.users)
    with simulator(effort.users) as account, browsing(account, mirror) as screen:
        screen.catch_up(MOUNTED_SECONDS)
        for _ in range(turns):
            measured.append(screen.seconds_until(b"e", lambda: _shows_form(screen)))
            _leave_to_next_user(screen)
    yield _median("e to the open form", measured, 50)


def typing(effort: Effort, turns: int) -> Iterable[Figure]:
    """Letters typed into the last name, against Textual's input."""
    stock_ms: list[float] = []
    our_ms: list[float] = []
    mirror = complete_mirror(effort.users)
    with (
        simulator(effort.users) as account,
        browsing(account, mirror) as ours,
        PtyProgram(own_program("stock_input"), environment()) as stock_program,
    ):
        stock_program.wait_for("input 6")
        stock = Screen(stock_program)
        ours.catch_up(MOUNTED_SECONDS)
        for key in (b"e", DOWN, DOWN):
            ours.seconds_until(key, lambda: _shows_form(ours))
        for _ in range(max(2, turns // 3)):
            for length in range(1, len(WORD) + 1):
                letter, typed = WORD[length - 1 : length], WORD[:length].decode()
                for screen, milliseconds in ((stock, stock_ms), (ours, our_ms)):
                    seconds = screen.seconds_until(letter, partial(_shows, screen, typed))
                    milliseconds.append(seconds * 1000)
            for screen in (stock, ours):
                screen.seconds_until(CLEAR, partial(_shows_not, screen, WORD.decode()))
    detail = f"{median(our_ms):.1f} / {median(stock_ms):.1f} ms, at best {min(our_ms):.1f} / {min(stock_ms):.1f} ms"
    yield Figure("a letter in the form", median(our_ms) / median(stock_ms), 1.2, "x", detail)


def picking(effort: Effort, turns: int) -> Iterable[Figure]:
    """Words typed into the filter of the groups."""
    filtered: list[float] = []
    mirror = complete_mirror(effort.users)
    with simulator(effort.users, command=own_program("many_groups")) as account, browsing(account, mirror) as screen:
        screen.catch_up(MOUNTED_SECONDS)
        for _ in range(max(2, turns // 6)):
            screen.seconds_until(b"a", lambda: _shows(screen, "Groups of ", "[ Save ]"))
            screen.catch_up(0.3)
            for word in GROUP_WORDS:
                for length in range(1, len(word) + 1):
                    found = partial(_shows_found, screen, word[:length].decode())
                    filtered.append(screen.seconds_until(word[length - 1 : length], found))
                screen.seconds_until(CLEAR, lambda: _shows(screen, "type to filter"))
            _leave_to_next_user(screen)
    yield _median(f"a key, {GROUPS} groups filtered", filtered, 16)


def saving(effort: Effort, turns: int) -> Iterable[Figure]:
    """An edited name: from F2 to the message that it was verified."""
    mirror = complete_mirror(effort.users)
    for latency_ms in LATENCIES_MS:
        measured: list[float] = []
        calls: list[str] = []
        with _logged(effort.users, latency_ms) as (account, log), browsing(account, mirror) as screen:
            screen.catch_up(MOUNTED_SECONDS)
            for _ in range(max(2, turns // 3)):
                screen.seconds_until(b"e", lambda: _shows_form(screen))
                screen.catch_up(1.0)
                screen.seconds_until(DOWN, lambda: True)
                screen.seconds_until(b"x", lambda: _shows(screen, "x"))
                screen.catch_up(0.5)
                before = log.stat().st_size
                seconds = screen.seconds_until(SAVE, lambda: _shows(screen, "Verified") and not _shows_form(screen))
                measured.append(seconds * 1000)
                calls.append(_calls(log, before))
                screen.catch_up(0.5)
        usual = max(set(calls), key=calls.count)
        yield Figure(
            f"F2 to verified, {latency_ms} ms latency",
            median(measured),
            latency_ms * len(usual.split()) + SAVE_MS,
            "ms",
            f"{len(measured)} saves, {min(measured):.0f} to {max(measured):.0f} ms; {usual}",
        )


@contextmanager
def _logged(users: int, latency_ms: int) -> Iterator[tuple[dict[str, str], Path]]:
    with tempfile.NamedTemporaryFile() as file, simulator(users, latency_ms, log=Path(file.name)) as account:
        yield account, Path(file.name)


def _calls(log: Path, start: int) -> str:
    """The methods of the requests that were answered since."""
    lines = log.read_bytes()[start:].decode().splitlines()
    return " ".join(line.split()[2] for line in lines)


def _median(name: str, measured: Sequence[float], target_ms: float) -> Figure:
    milliseconds = [seconds * 1000 for seconds in measured]
    detail = f"{len(measured)} keys, {min(milliseconds):.1f} to {max(milliseconds):.1f} ms"
    return Figure(name, median(milliseconds), target_ms, "ms", detail)


def _leave_to_next_user(screen: Screen) -> None:
    screen.catch_up(0.3)
    if _shows(screen, "[ Save ]"):
        screen.seconds_until(ESCAPE, lambda: not _shows(screen, "[ Save ]"))
        screen.catch_up(0.3)
    screen.seconds_until(DOWN, lambda: True)
    screen.catch_up(0.3)


def _shows_form(screen: Screen) -> bool:
    return _shows(screen, "Edit ", "External id", "[ Save ]")


def _shows_found(screen: Screen, typed: str) -> bool:
    """True if the group under the cursor of the picker has the typed text, or if no group has it."""
    inside = [screen.text(y, range(COLUMNS)).partition("│")[2].casefold().replace(" ", "") for y in range(LINES)]
    rows = [line for line in inside if line.startswith(("▌", "noneofthe"))]
    return any(line.startswith(f"{typed}│") for line in inside) and any(typed in line for line in rows)


def _shows_not(screen: Screen, text: str) -> bool:
    return not _shows(screen, text)


def _shows(screen: Screen, *texts: str) -> bool:
    lines = "\n".join(screen.text(y, range(COLUMNS)) for y in range(LINES))
    return all(text in lines for text in texts)


BENCHMARKS: Final[Mapping[str, Callable[[Effort, int], Iterable[Figure]]]] = {
    "opening": opening,
    "typing": typing,
    "picking": picking,
    "saving": saving,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.bench_editors", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users and fewer turns")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", metavar="NAME", help="one of them, repeatable")
    options = parser.parse_args(arguments)
    effort, turns = (QUICK, TURNS // 3) if options.quick else (FULL, TURNS)
    return exit_code_of(figure for name in options.only or BENCHMARKS for figure in BENCHMARKS[name](effort, turns))


if __name__ == "__main__":
    sys.exit(main())
