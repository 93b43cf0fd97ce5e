"""What the program's exit code says."""

from enum import IntEnum
from typing import Final

from walkme_tui.cli.output.streams import OutputFailed
from walkme_tui.domain.errors import (
    AccountBusy,
    ApiError,
    ConfigurationError,
    JournalUnavailable,
    MirrorUnavailable,
    PermissionRefused,
    ReadOnlyRefused,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)


class ExitCode(IntEnum):
    """The codes that a script may rely on."""

    DONE = 0
    NOT_FOUND_OR_INCOMPLETE = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    READ_ONLY = 5
    BUSY = 6
    BROKEN = 70
    OUTPUT_FAILED = 74
    INTERRUPTED = 130
    PIPE_CLOSED = 141


# The first row whose class fits counts: the special ones come before the general ones.
_BY_ERROR: Final[tuple[tuple[type[WalkmeError], ExitCode], ...]] = (
    (ConfigurationError, ExitCode.USAGE),
    (MirrorUnavailable, ExitCode.USAGE),
    (JournalUnavailable, ExitCode.USAGE),
    (SignInRefused, ExitCode.REFUSED),
    (PermissionRefused, ExitCode.REFUSED),
    (ServiceUnavailable, ExitCode.UNREACHABLE),
    (ApiError, ExitCode.NOT_FOUND_OR_INCOMPLETE),
    (ReadOnlyRefused, ExitCode.READ_ONLY),
    (AccountBusy, ExitCode.BUSY),
    (OutputFailed, ExitCode.OUTPUT_FAILED),
)

MEANINGS: Final = (
    (ExitCode.DONE, "done, also when there was nothing to do"),
    (ExitCode.NOT_FOUND_OR_INCOMPLETE, "not found, the answer is incomplete, or some steps failed or need review"),
    (ExitCode.USAGE, "usage or configuration"),
    (ExitCode.REFUSED, "sign-in or permission refused"),
    (ExitCode.UNREACHABLE, "the service cannot be reached; what was begun can be resumed"),
    (ExitCode.READ_ONLY, "refused by read-only"),
    (ExitCode.BUSY, "another process is changing the same users"),
    (ExitCode.BROKEN, "a fault of this program; a crash report names the place"),
    (ExitCode.OUTPUT_FAILED, "the output could not be written, as on a full disk; what was done stays done"),
    (ExitCode.INTERRUPTED, "interrupted; what was begun can be resumed"),
)


def exit_code(error: WalkmeError) -> ExitCode:
    """The code that an expected failure ends the program with."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.NOT_FOUND_OR_INCOMPLETE
