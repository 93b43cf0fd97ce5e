"""Pauses before failed requests are retried."""

from typing import Final, NamedTuple

from walkme_tui.domain.errors import (
    ConfigurationError,
    PermissionRefused,
    RateLimited,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)

MAX_BACK_OFF_SECONDS: Final = 30.0
# Errors that no retry ends: the user has to act, and the secret is then read from its source again.
NEEDS_USER_ACTION: Final = (SignInRefused, PermissionRefused, ConfigurationError)


class LoadFailure(NamedTuple):
    """A failure to load; ``retry_at`` in seconds of the monotonic clock, None: no retry until the user requests one."""

    error: WalkmeError
    retry_at: float | None


def retry_pause_seconds(error: WalkmeError, streak: int) -> float | None:
    """Seconds to wait after ``streak`` failures in a row (from 1), None where a retry cannot help."""
    if not isinstance(error, ServiceUnavailable):
        return None
    pause = min(MAX_BACK_OFF_SECONDS, 2.0 ** min(streak - 1, 10))
    retry_after = error.retry_after_seconds if isinstance(error, RateLimited) else None
    return max(pause, retry_after or 0.0)
