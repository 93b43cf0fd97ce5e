"""How long it takes from ``walkme-tui offboard EMAIL`` to the plan that can be reviewed, headless.

python -m tests.benchmarks.bench_offboard [--quick]

The profile is warm: the mirror is complete. Wanted is what a bare Textual hello takes in the same run, three times the
server's latency, and 150 ms. Exit code 1 if it takes longer. Figures are medians, hello and plan run by turns.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from tests.benchmarks.bench import FULL, QUICK
from tests.benchmarks.pty_program import PtyProgram
from tests.benchmarks.surroundings import SEED, complete_mirror, environment, home, own_program, program, simulator
from walkme_tui.simulator.population import Population

LATENCIES_MS: Final = (0, 100)
ROUND_TRIPS: Final = 3
ALLOWED_MS: Final = 150


def measured(users: int, latency_ms: int, starts: int) -> tuple[float, float]:
    """Milliseconds of a hello and of a printed plan; the first of each fills the caches and is not counted."""
    mirror = complete_mirror(users)
    email = str(Population(users, SEED, int(time.time() * 1000)).record(users // 2)["email"])
    with simulator(users, latency_ms) as account, home(account, mirror) as variables:
        pairs = [(_hello(), _plan(email, variables)) for _ in range(starts + 1)][1:]
    hello, plan = (median(column) * 1000 for column in zip(*pairs, strict=True))
    return hello, plan


def _hello() -> float:
    with PtyProgram(own_program("hello"), environment()) as hello:
        return hello.wait_for("hello")


def _plan(email: str, variables: Mapping[str, str]) -> float:
    started_at = time.perf_counter()
    ended = subprocess.run(
        program("offboard", email), env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started_at
    if ended.returncode or email not in ended.stdout:
        raise RuntimeError(f"no plan was printed for {email}: {ended.stdout}{ended.stderr}")
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_offboard")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users and fewer turns")
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else FULL
    holds = True
    for latency_ms in LATENCIES_MS:
        hello, plan = measured(effort.users, latency_ms, effort.starts)
        wanted = hello + ROUND_TRIPS * latency_ms + ALLOWED_MS
        holds &= plan <= wanted
        verdict = "" if plan <= wanted else "  MISSED"
        sys.stdout.write(
            f"offboard, latency {latency_ms:>3} ms: {plan:.0f} ms, wanted <= {wanted:.0f} ms "
            f"(hello {hello:.0f} ms){verdict}\n"
        )
        sys.stdout.flush()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
