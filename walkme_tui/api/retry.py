"""Which attempt may be made again, and after how long; pure rules."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from walkme_tui.domain.errors import ApiError, OutcomeUnknown, RateLimited


class FailureKind(Enum):
    """What is known about a request that brought no usable answer."""

    NOT_SENT = "it never left: the connection could not be made"
    UNCERTAIN = "it left, and may have been carried out"
    THROTTLED = "the server said not now: nothing happened"
    UNAUTHORIZED = "the token was not accepted: nothing happened"
    UNEXPECTED = "something else answered, and would again; what became of the request is open"
    FINAL = "the answer would be the same again, and nothing happened"


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no usable answer.

    ``error`` is what the caller gets when no further attempt is made, ``summary`` a few words for the request log,
    ``retry_after_seconds`` what the server asked for (None: nothing). ``status`` is None where no answer came, and
    ``timed_out`` is true where none came in time.
    """

    error: ApiError
    kind: FailureKind
    summary: str
    status: int | None = None
    retry_after_seconds: float | None = None
    timed_out: bool = False

    @property
    def rate_limited(self) -> bool:
        """The server said that there are too many requests, by 429 or by a 403 that means the same."""
        return isinstance(self.error, RateLimited)


# After these a change may have been carried out all the same.
UNCERTAIN_KINDS: Final = frozenset({FailureKind.UNCERTAIN, FailureKind.UNEXPECTED})
# These say that the other side is there and works, whatever it answers.
ANSWERED_KINDS: Final = frozenset({FailureKind.FINAL, FailureKind.UNAUTHORIZED})
RETRIES_WITHOUT_ANSWER: Final = 10


def final_error(failure: Failure, *, changes: bool) -> ApiError:
    """What the caller gets when no further attempt is made: ``OutcomeUnknown`` for a change that may have happened."""
    if changes and failure.kind in UNCERTAIN_KINDS:
        return outcome_unknown(failure.error)
    return failure.error


def outcome_unknown(error: ApiError) -> OutcomeUnknown:
    """What went wrong with a change, and that nobody knows whether it was carried out."""
    message = f"{error.message} Whether the change was carried out is not known."
    unknown = OutcomeUnknown(message, hint=error.hint, status=error.status, request_id=error.request_id)
    unknown.__cause__ = error
    return unknown


class RetryBudget:
    """How many retries all calls of a connection share while nothing answers.

    Each call has its own number of attempts; in an outage a thousand calls would knock four thousand times. A retry
    takes one from the budget, an answer puts one back: what fails now and then is retried as it should be, and when
    all is down, calls fail at their first attempt.
    """

    def __init__(self, capacity: int = RETRIES_WITHOUT_ANSWER) -> None:
        self._capacity = capacity
        self._left = capacity

    def note(self, failure: Failure | None) -> None:
        """An attempt has ended; None: well."""
        if failure is None or failure.kind in ANSWERED_KINDS or failure.rate_limited:
            self._left = min(self._capacity, self._left + 1)

    def take(self, failure: Failure) -> bool:
        """May the attempt that failed so be made again? One after a rate limit may: pacing bounds those."""
        if failure.rate_limited:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently to try again.

    ``attempts`` counts all attempts of an ambiguous or turned-away request, ``connection_attempts`` those of one that
    could not be sent (a refused connection is told soon), ``timeout_attempts`` those that ran out of time (each may
    have taken a minute). Back-off doubles from ``base_seconds`` to ``longest_seconds``; up to half of it is random.
    A ``Retry-After`` above ``patience_seconds`` is not waited for, nor, for a change, one above
    ``change_patience_seconds``: jobs have a patience of their own, and show the wait.
    """

    attempts: int = 4
    connection_attempts: int = 2
    timeout_attempts: int = 2
    base_seconds: float = 0.4
    longest_seconds: float = 8.0
    patience_seconds: float = 300.0
    change_patience_seconds: float = 5.0
    jitter: Callable[[], float] = random.random

    def wait_before_retry(self, failure: Failure, *, changes: bool, attempt: int) -> float | None:
        """Seconds to wait after the failed attempt number ``attempt`` (from 1), or None: give up and say so."""
        if attempt >= self._allowed(failure, changes):
            return None
        if failure.retry_after_seconds is not None:
            asked = failure.retry_after_seconds
            longest = self.change_patience_seconds if changes else self.patience_seconds
            return asked if asked <= longest else None
        return self.back_off(attempt)

    def back_off(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``: doubling, bounded, and not the same for everybody."""
        full = min(self.longest_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 30))
        return full * (0.5 + 0.5 * self.jitter())

    def _allowed(self, failure: Failure, changes: bool) -> int:
        kind = failure.kind
        if kind is FailureKind.NOT_SENT:
            return self.connection_attempts
        if kind is FailureKind.THROTTLED:
            return self.attempts
        if kind is FailureKind.UNCERTAIN and not changes:
            return self.timeout_attempts if failure.timed_out else self.attempts
        return 1
