"""The latest requests, without tokens and emails, and their latency."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from walkme_tui.api.answers import ApiAnswer, without_secret
from walkme_tui.domain.json_text import dumps, loads
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import FORM, REDACTED, Headers, RequestRecord

CAPACITY: Final = 500
LATENCY_SAMPLES: Final = 21
LONGEST_BODY: Final = 4_000
"""Characters of a body that are kept."""
LONGEST_PARSED_BYTES: Final = 16 * 1024
SHOWN_PARAMETERS: Final = frozenset({"page", "pageSize", "startIndex", "count", "excludedAttributes"})
SHOWN_HEADERS: Final = frozenset(
    {
        "accept", "accept-encoding", "allow", "cf-ray", "connection", "content-encoding", "content-length",
        "content-type", "date", "etag", "if-match", "request-id", "retry-after", "server", "transfer-encoding",
        "user-agent", "via", "x-amzn-requestid", "x-correlation-id", "x-ratelimit-limit", "x-ratelimit-remaining",
        "x-ratelimit-reset", "x-request-id", "x-trace-id",
    }
)  # fmt: skip
_EMAIL: Final = re.compile(r"[^/\s]+@[^/\s]+")
_EMAIL_IN_TEXT: Final = re.compile(r"[^\s\"'<>()/,;:=&]+@[^\s\"'<>()/,;:=&]+")
_SECRET_NAME: Final = re.compile(r"token|secret|password|authorization|credential", re.IGNORECASE)


def redact(target: str) -> str:
    """A request target to show: the only query values are those of paging, and emails are redacted."""
    path, question_mark, query = target.partition("?")
    decoded = unquote(path)
    shown = REDACTED.join(_EMAIL.split(decoded)) if "@" in decoded else path
    if not question_mark:
        return shown
    parts = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        kept = value if name in SHOWN_PARAMETERS and value.isascii() and value.isalnum() else REDACTED
        parts.append(f"{name}={kept}" if equals else REDACTED)
    return f"{shown}?{'&'.join(parts)}"


def redact_headers(headers: Mapping[str, str]) -> Headers:
    """Headers to show: values that may be secret are redacted."""
    return tuple(
        (name.lower(), value if name.lower() in SHOWN_HEADERS else REDACTED) for name, value in headers.items()
    )


def redact_body(body: bytes, content_type: str) -> str:
    """A body to show, without emails and secrets, at most ``LONGEST_BODY`` characters."""
    text = body[: 4 * LONGEST_PARSED_BYTES].decode("utf-8", "replace")
    if content_type.startswith(FORM):
        text = _redact_form(text)
    elif len(body) <= LONGEST_PARSED_BYTES:
        with suppress(ValueError, RecursionError):
            text = dumps(_redact_value(loads(text)), ensure_ascii=False)
    return _EMAIL_IN_TEXT.sub(REDACTED, text)[:LONGEST_BODY]


def with_answer(record: RequestRecord, answer: ApiAnswer, secrets: Iterable[Secret]) -> RequestRecord:
    """The record with the answer's headers, and with its body if it refuses the request."""
    body = ""
    if answer.status >= 400:
        for secret in secrets:
            answer = without_secret(answer, secret)
        body = redact_body(answer.body, answer.content_type)
    return record._replace(response_headers=redact_headers(answer.headers), response_body=body)


def _redact_form(text: str) -> str:
    pairs = (pair.partition("=") for pair in text.split("&"))
    return "&".join(f"{name}={value if name == 'grant_type' else REDACTED}" for name, _, value in pairs)


def _redact_value(value: object) -> object:
    if isinstance(value, dict):
        return {name: REDACTED if _SECRET_NAME.search(name) else _redact_value(part) for name, part in value.items()}
    return [_redact_value(part) for part in value] if isinstance(value, list) else value


class RequestLog:
    """The latest attempts, and the median latency of recent answers."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=capacity)
        self._latencies: deque[int] = deque(maxlen=LATENCY_SAMPLES)

    def add(self, record: RequestRecord) -> None:
        """Add a redacted record."""
        self._records.append(record)
        if record.status is not None:
            self._latencies.append(record.duration_ms)

    def records(self) -> Sequence[RequestRecord]:
        """The records, oldest first."""
        return tuple(self._records)

    @property
    def latency_ms(self) -> int | None:
        """Median milliseconds of recent answers, None before the first."""
        # The module statistics would import fractions and decimals at every start that sends a request.
        return sorted(self._latencies)[len(self._latencies) // 2] if self._latencies else None
