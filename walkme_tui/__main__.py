"""The entry point of ``walkme-tui`` and of ``python -m walkme_tui``."""

import gc
import sys

from walkme_tui.config import crash_hooks

# Nothing that a start makes is garbage; with the usual 700 objects a tenth of it would be spent on looking.
gc.set_threshold(50_000, 20, 20)


def main() -> int:
    """Run the command line; the number returned is the exit code."""
    crash_hooks.install()
    from walkme_tui.cli.main import run

    code = run(sys.argv[1:])
    crash_hooks.mark_main_ended()
    return code


if __name__ == "__main__":
    sys.exit(main())
