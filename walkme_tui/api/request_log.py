"""What went over the wire lately, without tokens and emails, and how quickly it was answered."""

import re
import statistics
from collections import deque
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from walkme_tui.domain.traffic import RequestRecord

CAPACITY: Final = 500
LATENCY_SAMPLES: Final = 21
REDACTED: Final = "…"
SHOWN_AS_THEY_ARE: Final = frozenset({"page", "pageSize", "startIndex", "count"})
_EMAIL: Final = re.compile(r"[^/\s]+@[^/\s]+")


def redact(target: str) -> str:
    """A request target for the eye: no query value but page numbers, and nothing that looks like an email."""
    path, question_mark, query = target.partition("?")
    decoded = unquote(path)
    shown = REDACTED.join(_EMAIL.split(decoded)) if "@" in decoded else path
    if not question_mark:
        return shown
    parts = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        kept = value if name in SHOWN_AS_THEY_ARE and value.isdecimal() else REDACTED
        parts.append(f"{name}={kept}" if equals else REDACTED)
    return f"{shown}?{'&'.join(parts)}"


class RequestLog:
    """The latest attempts, bounded, and the median time that recent answers took."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=capacity)
        self._latencies: deque[int] = deque(maxlen=LATENCY_SAMPLES)

    def add(self, record: RequestRecord) -> None:
        """Keep one more; ``record.path`` has been through ``redact``."""
        self._records.append(record)
        if record.status is not None:
            self._latencies.append(record.duration_ms)

    def records(self) -> Sequence[RequestRecord]:
        """Everything that is kept, oldest first."""
        return tuple(self._records)

    @property
    def latency_ms(self) -> int | None:
        """Median milliseconds of recent answers, None before the first."""
        return round(statistics.median(self._latencies)) if self._latencies else None
