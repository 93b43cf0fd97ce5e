"""A long run of the kill harness: ``python -m tests.faults.kill_campaign [--seed N] [--kills N] …``.

Prints each change that was lost, executed twice or is unexplained as it is found, and exits with 1 if any was.
"""

import argparse
import sys
import time

from tests.support.harness_plans import JobKind
from tests.support.kill_harness import Figures, Harness
from walkme_tui.domain.accounts import Surface


def main() -> int:
    """Run one campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same seed makes the same plans")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.35, help="how many of the requests meet a fault")
    parser.add_argument("--surface", type=Surface, choices=list(Surface), default=Surface.REST)
    kinds = ", ".join(JobKind)
    parser.add_argument("--kind", type=JobKind, action="append", default=[], help=f"only these kinds of jobs: {kinds}")
    parser.add_argument("--mutant", default="", help="plant a mistake: a name from tests.support.mutants")
    options = parser.parse_args()
    begun = time.monotonic()

    printed = 0

    def tell(figures: Figures) -> None:
        nonlocal printed
        for violation in figures.violations[printed:]:
            sys.stdout.write(f"{violation.kind}: {violation.about}\n")
            sys.stdout.flush()
        printed = len(figures.violations)
        if figures.jobs % 10 == 0:
            sys.stderr.write(f"{time.monotonic() - begun:6.0f} s  {figures.summary()}\n")

    harness = Harness(
        options.seed, mutant=options.mutant, share=options.share, surface=options.surface, kinds=options.kind
    )
    figures = harness.run(kills=options.kills, faults=options.faults, operations=options.operations, tell=tell)
    sys.stdout.write(f"seed {options.seed}, {time.monotonic() - begun:.0f} s: {figures.summary()}\n")
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
