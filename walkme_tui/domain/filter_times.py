"""Dates and ages in filters, in milliseconds: ``2024``, ``2024-03``, ``2024-03-12``, ``30d``."""

import re
from datetime import date
from typing import Final

_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
# Months and years as long as the ages in the table count them.
_UNITS_MS: Final = {"h": 3_600_000, "d": _DAY_MS, "w": 7 * _DAY_MS, "mo": 30 * _DAY_MS, "y": 365 * _DAY_MS}
_AGE: Final = re.compile(r"([0-9]{1,4})(h|d|w|mo|y)", re.IGNORECASE | re.ASCII)
# A dash at the end is ignored: the month or the day is not typed yet.
_DATE: Final = re.compile(r"([0-9]{4})(?:-(?:([0-9]{2})(?:-([0-9]{2})?)?)?)?")
_ALMOST_DATE: Final = re.compile(r"([0-9]{4})[^0-9]([0-9]{1,2})(?:[^0-9]([0-9]{1,2}))?")


def age_ms(text: str) -> int | None:
    """How long an age such as ``30d`` or ``6mo`` is; None if it is none."""
    found = _AGE.fullmatch(text)
    return int(found[1]) * _UNITS_MS[found[2].lower()] if found else None


def period_ms(text: str) -> tuple[int, int] | None:
    """The start of a year, month or day and of the next one, in UTC; None if ``text`` is none of them."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1)).toordinal()
    except ValueError:
        return None
    if day:
        days = 1
    elif month:
        days = _days_in(int(year), int(month))
    else:
        days = date(int(year), 12, 31).toordinal() - first + 1
    return (first - _EPOCH) * _DAY_MS, (first + days - _EPOCH) * _DAY_MS


def nearest_date(text: str) -> str | None:
    """The date that is nearest to one that the calendar lacks or that is written a little otherwise; None if neither.

    ``2024-13-01`` gives ``2024-12-31``, ``2024/2/30`` gives ``2024-02-29``.
    """
    found = _ALMOST_DATE.fullmatch(text)
    if not found:
        return None
    year, typed_month = max(1, int(found[1])), int(found[2])
    month = min(max(1, typed_month), 12)
    if found[3] is None:
        return f"{year:04}-{month:02}"
    last = _days_in(year, month)
    day = last if typed_month > 12 else 1 if typed_month < 1 else min(max(1, int(found[3])), last)
    return f"{year:04}-{month:02}-{day:02}"


def _days_in(year: int, month: int) -> int:
    return 31 if month == 12 else (date(year, month + 1, 1) - date(year, month, 1)).days
