"""Rules for retries: which failed attempt may be repeated, and after how long."""

import random
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from walkme_tui.domain.errors import ApiError, OutcomeUnknown, RateLimited


class FailureKind(Enum):
    """What a failed attempt says about the effect of its request."""

    NOT_SENT = "no connection: the request was not sent"
    UNCERTAIN = "it was sent and may have taken effect"
    THROTTLED = "the server refuses it for now: it had no effect"
    UNAUTHORIZED = "the token was not accepted: it had no effect"
    UNEXPECTED = "the answer is from something else, and would be again: its effect is unknown"
    FINAL = "the answer would be the same again: it had no effect"


class Failure(NamedTuple):
    """An attempt without a usable answer.

    ``error`` is what the caller gets when no further attempt is made, ``summary`` a few words for the request log,
    ``retry_after_seconds`` what the server requested (None: nothing). ``status`` is None where no answer came, and
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
        """True for too many requests: 429, or a 403 that means the same."""
        return isinstance(self.error, RateLimited)


# After these a change may have taken effect.
UNCERTAIN_KINDS: Final = frozenset({FailureKind.UNCERTAIN, FailureKind.UNEXPECTED})
# After these the server is known to work.
ANSWERED_KINDS: Final = frozenset({FailureKind.FINAL, FailureKind.UNAUTHORIZED})
RETRIES_WITHOUT_ANSWER: Final = 10


def final_error(failure: Failure, *, changes: bool) -> ApiError:
    """The error after the last attempt: ``OutcomeUnknown`` for a change that may have taken effect."""
    if changes and failure.kind in UNCERTAIN_KINDS:
        return outcome_unknown(failure.error)
    return failure.error


def outcome_unknown(error: ApiError) -> OutcomeUnknown:
    """The error of a change that may have taken effect."""
    message = f"{error.message} Whether the change was made is unknown."
    unknown = OutcomeUnknown(message, hint=error.hint, status=error.status, request_id=error.request_id)
    unknown.__cause__ = error
    return unknown


class RetryBudget:
    """The number of retries that all calls of a connection share in an outage.

    Each call has its own number of attempts, so that in an outage a thousand calls would make four thousand. A retry
    takes one from the budget, an answer adds one: single failures are retried as usual, and in an outage calls fail at
    their first attempt.
    """

    def __init__(self, capacity: int = RETRIES_WITHOUT_ANSWER) -> None:
        self._capacity = capacity
        self._left = capacity

    def note(self, failure: Failure | None) -> None:
        """Count an attempt; None: it succeeded."""
        if failure is None or failure.kind in ANSWERED_KINDS or failure.rate_limited:
            self._left = min(self._capacity, self._left + 1)

    def take(self, failure: Failure) -> bool:
        """True if the failed attempt may be repeated. After a rate limit it always may: pacing bounds those."""
        if failure.rate_limited:
            return True
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RetryPolicy(NamedTuple):
    """How often a request is attempted, and how long each retry waits.

    ``attempts`` counts all attempts of an uncertain or throttled request, ``connection_attempts`` those of one that was
    not sent (a refused connection is reported soon), ``timeout_attempts`` those that timed out (each may have taken a
    minute). Back-off doubles from ``base_seconds`` to ``longest_seconds``; up to half of it is random.
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
        """Seconds to wait after the failed attempt number ``attempt`` (from 1), or None: make no further attempt."""
        if attempt >= self._allowed(failure, changes):
            return None
        if failure.retry_after_seconds is not None:
            requested = failure.retry_after_seconds
            longest = self.change_patience_seconds if changes else self.patience_seconds
            return requested if requested <= longest else None
        return self.back_off(attempt)

    def back_off(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``: doubling, bounded, with a random part."""
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
