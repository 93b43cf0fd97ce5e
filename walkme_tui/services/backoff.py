"""How long to leave a server alone that does not answer as it should."""

from dataclasses import dataclass
from typing import Final

from walkme_tui.domain.errors import (
    ConfigurationError,
    PermissionRefused,
    RateLimited,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)

MAX_BACK_OFF_SECONDS: Final = 30.0
# What stays as it is until a person does something about it: the secret is then read from its source again.
NEEDS_USER_ACTION: Final = (SignInRefused, PermissionRefused, ConfigurationError)


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """Why no page comes; ``retry_at`` in seconds of the monotonic clock, None = only when the person asks."""

    error: WalkmeError
    retry_at: float | None


def retry_pause_seconds(error: WalkmeError, streak: int) -> float | None:
    """Seconds to wait after so many failures in a row (from 1), None where waiting does not help."""
    if not isinstance(error, ServiceUnavailable):
        return None
    pause = min(MAX_BACK_OFF_SECONDS, 2.0 ** min(streak - 1, 10))
    asked = error.retry_after_seconds if isinstance(error, RateLimited) else None
    return max(pause, asked or 0.0)
