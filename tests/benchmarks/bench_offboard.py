"""The time from ``walkme-tui offboard EMAIL`` to the plan that can be reviewed, printed and in the browser.

python -m tests.benchmarks.bench_offboard [--quick]

The profile is warm: the mirror is complete. The target is the time of a bare Textual hello in the same run, plus three
times the server's latency, plus 150 ms. Exit code 1 if it takes longer. Figures are medians; hello and both plans run
alternately.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from tests.benchmarks.bench import FULL, QUICK
from tests.benchmarks.fixtures import SEED, complete_mirror, environment, home, own_program, program, simulator
from tests.benchmarks.pty_program import PtyProgram
from walkme_tui.simulator.population import Population

LATENCIES_MS: Final = (0, 100)
ROUND_TRIPS: Final = 3
ALLOWED_MS: Final = 150
FIRST_STEP: Final = "set status"


def measured(users: int, latency_ms: int, starts: int) -> tuple[float, float, float]:
    """Milliseconds of a hello, of a printed plan and of one in the browser.

    The first of each fills the caches and is not counted.
    """
    mirror = complete_mirror(users)
    email = _active_member(users)
    with simulator(users, latency_ms) as account, home(account, mirror) as variables:
        rounds = [(_hello(), _printed(email, variables), _reviewable(email, variables)) for _ in range(starts + 1)][1:]
    hello, printed, reviewable = (median(column) * 1000 for column in zip(*rounds, strict=True))
    return hello, printed, reviewable


def _active_member(users: int) -> str:
    """The email of an active user who is in groups."""
    people = Population(users, SEED, int(time.time() * 1000))
    records = (people.record(number) for number in range(users // 2, users))
    return next(str(each["email"]) for each in records if each["status"] == "active" and each["groups"])


def _hello() -> float:
    with PtyProgram(own_program("hello"), environment()) as hello:
        return hello.wait_for("hello")


def _printed(email: str, variables: Mapping[str, str]) -> float:
    started_at = time.perf_counter()
    ended = subprocess.run(
        program("offboard", email), env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started_at
    if ended.returncode or email not in ended.stdout:
        raise RuntimeError(f"no plan was printed for {email}: {ended.stdout}{ended.stderr}")
    return seconds


def _reviewable(email: str, variables: Mapping[str, str]) -> float:
    with PtyProgram(program("offboard", email), variables) as browser:
        return browser.wait_for(FIRST_STEP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_offboard")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.users} users and fewer turns")
    options = parser.parse_args(arguments)
    effort = QUICK if options.quick else FULL
    holds = True
    for latency_ms in LATENCIES_MS:
        hello, *plans = measured(effort.users, latency_ms, effort.starts)
        target = hello + ROUND_TRIPS * latency_ms + ALLOWED_MS
        for name, plan in zip(("printed", "in the browser"), plans, strict=True):
            holds &= plan <= target
            verdict = "" if plan <= target else "  MISSED"
            sys.stdout.write(
                f"plan {name:14}, latency {latency_ms:>3} ms: {plan:4.0f} ms, target <= {target:.0f} ms "
                f"(hello {hello:.0f} ms){verdict}\n"
            )
        sys.stdout.flush()
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
