"""Numbers, ages and dates as text; text cut, padded and wrapped to cells."""

import re
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.text import spaced
from walkme_tui.domain.times import MINUTE, SECOND, WEEK
from walkme_tui.domain.times import age as age  # noqa: PLC0414 - callers take it from here, with the other words
from walkme_tui.domain.users import Status

number: Final = spaced
"""A whole number with blanks between the thousands: ``154 210``."""
NO_USER: Final = "There is no user under the cursor."
NO_GROUP: Final = "There is no group under the cursor."
ELLIPSIS: Final = "…"
UPWARDS: Final = "↑"
DOWNWARDS: Final = "↓"
_BREAK: Final = re.compile(r"(?<!\d) | (?!\d{3}(?!\d))")
"""A blank at which a line may end: none between the thousands of a number."""
STATUS_SIGNS: Final[dict[str, str]] = {Status.ACTIVE: "●", Status.INACTIVE: "○", Status.PENDING: "◌"}


def count(value: int, one: str, many: str) -> str:
    """A number with its noun: ``1 user``, ``812 users``."""
    return f"{number(value)} {one if value == 1 else many}"


def ago(now_ms: int, then_ms: int) -> str:
    """How long ago, as the end of a sentence: ``3 s ago``, ``just now``, ``in the future``."""
    if then_ms > now_ms + MINUTE:
        return "in the future"
    return "just now" if now_ms - then_ms < 2 * SECOND else f"{age(now_ms, then_ms)} ago"


def seconds(value: float) -> str:
    """A countdown: ``8 s``, ``3 min``."""
    whole = max(1, round(value))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"


def day(milliseconds: int) -> str:
    """A date in UTC: ``12 Mar 2024``; a time beyond the calendar gives ``?``."""
    moment = _moment(milliseconds)
    return f"{moment.day} {moment:%b} {moment.year}" if moment else "?"


def ago_and_date(now_ms: int, then_ms: int) -> str:
    """An age with its date, within a week also the time of day: ``5 h ago, 12 Mar 09:30 UTC``."""
    moment = _moment(then_ms)
    if moment is None:
        return "?"
    if abs(now_ms - then_ms) < WEEK:
        return f"{ago(now_ms, then_ms)}, {moment.day} {moment:%b %H:%M} UTC"
    return f"{ago(now_ms, then_ms)}, {day(then_ms)}"


def clock_time(milliseconds: int) -> str:
    """The local time of day: ``10:42:07``; a time beyond the calendar gives ``?``."""
    moment = _moment(milliseconds)
    return f"{moment.astimezone():%H:%M:%S}" if moment else "?"


def _moment(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def loaded_share(coverage: Coverage) -> str:
    """The loaded share of the account: ``62 % loaded``; below one percent the number: ``200 loaded``."""
    if not coverage.percent:
        return f"{number(coverage.loaded)} loaded"
    return f"{coverage.percent} % loaded"


def cut(text: str, width: int) -> str:
    """The beginning of a clean text that fits ``width`` cells; an ellipsis marks a cut.

    A wide character is never cut in half, so that the result may be one cell shorter.
    """
    if text.isascii():
        if len(text) <= width:
            return text
        return text[: width - 1] + ELLIPSIS if width > 0 else ""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    low, high = 0, min(len(text), width * 4)
    while low < high:
        middle = (low + high + 1) // 2
        if cell_len(text[:middle]) < width:
            low = middle
        else:
            high = middle - 1
    return text[:low] + ELLIPSIS


def cut_email(text: str, width: int) -> str:
    """An email in at most ``width`` cells: cut in the middle of its local part, its domain whole where that fits."""
    local, _, domain = text.rpartition("@")
    room = width - cell_len(domain) - 2
    if cell_len(text) <= width or room < 1 or not local:
        return cut(text, width)
    head = cut(local, room - room // 2 + 1).removesuffix(ELLIPSIS)
    return f"{head}{ELLIPSIS}{_end(local, room // 2)}@{domain}"


def _end(text: str, width: int) -> str:
    """The end of a clean text that fits ``width`` cells."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]


def fit(text: str, width: int) -> str:
    """Clean text in exactly ``width`` cells: padded with blanks, or cut with an ellipsis."""
    shown = cut(text, width)
    return shown + " " * (width - cell_len(shown))


def fit_right(text: str, width: int) -> str:
    """Clean text at the right end of exactly ``width`` cells."""
    missing = width - cell_len(text)
    return " " * missing + text if missing >= 0 else fit(text, width)


def wrap(text: str, width: int) -> list[str]:
    """Clean text in lines of at most ``width`` cells, broken at blanks where possible; never empty.

    A number stays whole, ``2 939``: a no-break space would not do, because Textual breaks its own texts there.
    """
    width = max(2, width)
    lines: list[str] = []
    line = ""
    for word in _BREAK.split(text):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        pieces = chop(word, width)
        lines += pieces[:-1]
        line = pieces[-1]
    lines.append(line)
    return lines


def chop(word: str, width: int) -> list[str]:
    """Text in pieces of at most ``width`` cells, broken anywhere; never empty."""
    pieces, piece, used = [], "", 0
    for character in word:
        cells = cell_len(character)
        if used + cells > width:
            pieces.append(piece)
            piece, used = "", 0
        piece += character
        used += cells
    return [*pieces, piece]
