"""What the program says on standard error."""

import sys

from walkme_tui.cli.parser import PROGRAM
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.text import clean


def print_message(message: str, hint: str = "") -> None:
    """One message on standard error, cleaned; the line breaks of a hint are ours and stay, those of a message do not.

    A standard error that is gone costs the message, nothing else.
    """
    lines = [f"{PROGRAM}: {clean(message)}", *(clean(line) for line in hint.splitlines())]
    try:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def print_error(error: WalkmeError) -> None:
    """An expected failure, with what to do about it."""
    print_message(error.message, error.hint)
