"""The program whose requests begin at any rate, as a process: ``python -m tests.support.unpaced_program WORD…``.

As usual it sends six requests at once and four a second then, so that a short command waits most of its time.
"""

import sys

from walkme_tui.__main__ import main
from walkme_tui.api import pacing

if __name__ == "__main__":
    pacing.BURST = 1e6  # type: ignore[misc]  # a constant of the program
    sys.exit(main())
