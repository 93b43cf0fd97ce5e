"""What went over the wire, and how fast it may go."""

from enum import IntEnum
from typing import NamedTuple


class Priority(IntEnum):
    """Who goes first when the rate allows only one request: the lower number."""

    DEMAND = 0
    PREFETCH = 1
    BACKGROUND = 2


class RequestRecord(NamedTuple):
    """One attempt of one request, as the request log keeps it: emails and tokens are redacted before it is made.

    ``path`` is the redacted path with query. ``status`` is None where no answer came; ``outcome`` then says why, in a
    few words. ``started_at_ms`` is milliseconds since the Unix epoch, ``attempt`` counts from 1.
    """

    started_at_ms: int
    method: str
    path: str
    status: int | None
    outcome: str
    duration_ms: int
    attempt: int


class TrafficStatus(NamedTuple):
    """How the line to the account does at this moment.

    ``permitted_per_second`` is the adaptive rate now, ``recent_per_second`` what was sent over the last seconds.
    ``waiting_seconds`` is the countdown that ``Retry-After`` or a back-off imposes, 0 when none does, and
    ``waiting_reason`` says in a few words what imposed it ("too many requests", "connection refused"), empty when
    nothing does. ``latency_ms`` is the median of recent answers, None before the first. ``throttled`` counts 429
    answers since the start.
    """

    in_flight: int
    permitted_per_second: float
    recent_per_second: float
    waiting_seconds: float
    latency_ms: int | None
    throttled: int
    waiting_reason: str = ""
