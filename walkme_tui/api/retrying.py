"""Which attempt may be made again, and after how long; pure rules."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from walkme_tui.domain.errors import ApiError


class Fate(Enum):
    """What is known about a request that brought no usable answer."""

    NOT_SENT = "it never left: the connection could not be made"
    AMBIGUOUS = "it left, and may have been carried out"
    TURNED_AWAY = "the server said not now: nothing happened"
    UNAUTHORIZED = "the token was not accepted: nothing happened"
    FINAL = "the answer would be the same again"


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no usable answer.

    ``error`` is what the caller gets when no further attempt is made, ``summary`` a few words for the request log,
    ``retry_after_seconds`` what the server asked for (None: nothing). ``status`` is None where no answer came.
    """

    error: ApiError
    fate: Fate
    summary: str
    status: int | None = None
    retry_after_seconds: float | None = None


SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently to try again.

    ``attempts`` counts all attempts of an ambiguous or turned-away request, ``connection_attempts`` those of one that
    could not be sent (a refused connection is told soon), ``timeout_attempts`` those that ran out of time (each may
    have taken a minute). Back-off doubles from ``base_seconds`` to ``longest_seconds``; up to half of it is random.
    A ``Retry-After`` above ``patience_seconds`` is not waited for.
    """

    attempts: int = 4
    connection_attempts: int = 2
    timeout_attempts: int = 2
    base_seconds: float = 0.4
    longest_seconds: float = 8.0
    patience_seconds: float = 300.0
    jitter: Callable[[], float] = random.random

    def wait_before_retry(self, failure: Failure, *, method: str, attempt: int, timed_out: bool) -> float | None:
        """Seconds to wait after the failed attempt number ``attempt`` (from 1), or None: give up and say so."""
        if attempt >= self._allowed(failure.fate, method, timed_out):
            return None
        if failure.retry_after_seconds is not None:
            asked = failure.retry_after_seconds
            return asked if asked <= self.patience_seconds else None
        return self.back_off(attempt)

    def back_off(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``: doubling, bounded, and not the same for everybody."""
        full = min(self.longest_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 30))
        return full * (0.5 + 0.5 * self.jitter())

    def _allowed(self, fate: Fate, method: str, timed_out: bool) -> int:
        if fate is Fate.NOT_SENT:
            return self.connection_attempts
        if fate is Fate.TURNED_AWAY:
            return self.attempts
        if fate is Fate.AMBIGUOUS and method in SAFE_METHODS:
            return self.timeout_attempts if timed_out else self.attempts
        return 1
