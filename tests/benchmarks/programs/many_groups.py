"""The simulated account with 5 000 groups, most of them empty; the arguments are those of ``walkme-tui simulator``."""

import sys
from typing import Final

from walkme_tui.cli.main import run
from walkme_tui.simulator import population
from walkme_tui.simulator.names import GROUP_NAMES

GROUPS: Final = 5000


def add_groups() -> None:
    """Add numbered groups to those that every simulated account has."""
    first = len(GROUP_NAMES)
    more = (f"{GROUP_NAMES[number % first]} {number:04}" for number in range(first, GROUPS))
    vars(population)["GROUP_NAMES"] = (*GROUP_NAMES, *more)  # read by every new Population


if __name__ == "__main__":
    add_groups()
    sys.exit(run(["simulator", *sys.argv[1:]]))
