"""Messages on standard error."""

import sys
from typing import Final

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.text import clean

PROGRAM: Final = "walkme-tui"


def print_message(message: str, hint: str = "") -> None:
    """Print one message, cleaned; line breaks of the hint are kept, those of the message are not.

    If standard error cannot be written, the message is dropped.
    """
    lines = [f"{PROGRAM}: {clean(message)}", *(clean(line) for line in hint.splitlines())]
    try:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def print_error(error: WalkmeError) -> None:
    """Print an expected failure with its hint."""
    print_message(error.message, error.hint)
