"""How long ago something was, as short as a column wants it."""

from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
MONTH: Final = 2_629_746 * SECOND  # a twelfth of 365.2425 days
YEAR: Final = 12 * MONTH

_STEPS: Final = ((YEAR, "y"), (MONTH, "mo"), (WEEK, "w"), (DAY, "d"), (HOUR, "h"), (MINUTE, "min"))


def short_age(milliseconds: int) -> str:
    """An age in its largest whole unit: ``now`` (below a minute, or in the future), ``5 min``, ``3 w``, ``11 mo``."""
    for length, unit in _STEPS:
        if milliseconds >= length:
            return f"{milliseconds // length} {unit}"
    return "now"
