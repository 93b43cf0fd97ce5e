"""The entry point of ``walkme-tui`` and of ``python -m walkme_tui``."""

import sys


def main() -> int:
    """Run the command line; the number returned is the exit code."""
    from walkme_tui.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
