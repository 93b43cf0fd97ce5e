"""The exit codes, and which error has which."""

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
    """The exit codes; scripts rely on them."""

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


# The first matching row counts: subclasses come before their base class.
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
    (ExitCode.DONE, "done, or nothing to do"),
    (ExitCode.NOT_FOUND_OR_INCOMPLETE, "not found, incomplete, or some steps failed or need review"),
    (ExitCode.USAGE, "usage or configuration error"),
    (ExitCode.REFUSED, "sign-in or permission refused"),
    (ExitCode.UNREACHABLE, "service unreachable; an unfinished job can be resumed"),
    (ExitCode.READ_ONLY, "refused: read-only"),
    (ExitCode.BUSY, "another process is changing the same users"),
    (ExitCode.BROKEN, "bug in this program; see the crash report"),
    (ExitCode.OUTPUT_FAILED, "output could not be written, for example to a full disk; finished changes stay"),
    (ExitCode.INTERRUPTED, "interrupted; an unfinished job can be resumed"),
)


def exit_code(error: WalkmeError) -> ExitCode:
    """The exit code of an expected failure."""
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    return ExitCode.NOT_FOUND_OR_INCOMPLETE
