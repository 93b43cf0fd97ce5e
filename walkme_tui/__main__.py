"""The entry point of ``walkme-tui`` and of ``python -m walkme_tui``."""

import gc
import sys

from walkme_tui.config import crash_hooks

# Start-up creates no garbage: with the default threshold of 700 objects the GC would take a tenth of its time.
gc.set_threshold(50_000, 20, 20)


def main() -> int:
    """Run the command line and return the exit code."""
    crash_hooks.install()
    from walkme_tui.cli.main import run

    code = run(sys.argv[1:])
    crash_hooks.mark_main_ended()
    return code


if __name__ == "__main__":
    sys.exit(main())
