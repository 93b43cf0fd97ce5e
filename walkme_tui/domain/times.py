"""Times as milliseconds since the Unix epoch, and as ISO 8601 text."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

# In milliseconds.
SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
MONTH: Final = 30 * DAY
YEAR: Final = 365 * DAY

_SPANS: Final = (
    (YEAR, YEAR, "y"),
    (2 * MONTH, MONTH, "mo"),
    (2 * WEEK, WEEK, "w"),
    (DAY, DAY, "d"),
    (HOUR, HOUR, "h"),
    (MINUTE, MINUTE, "min"),
    (SECOND, SECOND, "s"),
)


def now_ms() -> int:
    """The current time."""
    return time.time_ns() // 1_000_000


def parse_time_ms(value: object) -> int | None:
    """Milliseconds since the Unix epoch of an ISO 8601 text; without a zone it is taken as UTC; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        # In UTC first: the edges of the calendar lie outside of it in some zones, and could not be written back.
        return (moment.astimezone(UTC) - EPOCH) // MILLISECOND
    except (ValueError, OverflowError):
        return None


def format_time_ms(milliseconds: int) -> str:
    """ISO 8601 in UTC with a Z, with milliseconds only where there are some: ``2024-03-12T09:30:00Z``."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def age(now_ms: int, then_ms: int) -> str:
    """How long ago, in one short unit: ``5 h``, ``11 mo``; under a second, and for the future, ``0 s``."""
    passed = max(0, now_ms - then_ms)
    for least, size, unit in _SPANS:
        if passed >= least:
            return f"{passed // size} {unit}"
    return "0 s"
