"""The entry point of ``walkme-tui`` and of ``python -m walkme_tui``."""

import gc
import sys

# Nothing that a start makes is garbage; with the usual 700 objects a tenth of it would be spent on looking.
gc.set_threshold(50_000, 20, 20)


def main() -> int:
    """Run the command line; the number returned is the exit code."""
    from walkme_tui.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
