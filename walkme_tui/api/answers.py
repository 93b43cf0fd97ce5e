"""Requests and answers as plain data, and the JSON in an answer's body."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, unquote_plus

from walkme_tui.domain.errors import UnexpectedAnswer
from walkme_tui.domain.json_text import loads
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.text import clean

LIST_LIMIT_BYTES: Final = 32 * 1024 * 1024
OBJECT_LIMIT_BYTES: Final = 4 * 1024 * 1024
# A call about one record that takes longer is given up, so that a job stops within a minute, its read-back included.
ONE_RECORD_SECONDS: Final = 15.0
SHORT_TEXT: Final = 200
TITLE_LENGTH: Final = 80
# How much of a web page is searched for its title.
PAGE_START: Final = 16 * 1024
SHORTEST_SECRET: Final = 4
LATER_HINT: Final = "Try again later."
WRONG_PLACE_HINT: Final = "Check base_url, and the proxy or VPN in between."

_TITLE: Final = re.compile(r"<title[^>]{0,200}>(.{0,2000}?)</title", re.IGNORECASE | re.DOTALL)
_REQUEST_ID_HEADERS: Final = (
    "x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "x-trace-id", "cf-ray",
)  # fmt: skip
_MESSAGE_NAMES: Final = ("message", "error_description", "detail", "title", "error", "errors")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One call: ``target`` is the encoded path with query, below the base URL.

    ``scope`` is the right that the call needs, ``about`` names what it requests in messages ("the list of users").
    ``total_seconds`` limits one attempt (None: ``Deadlines`` does). A request that ``changes``
    something is sent again only if the first attempt certainly had no effect. An error status refuses it, even where
    the body breaks off; an accepted change needs a body that this API can have sent. Every account has a
    ``collection``: where the server does not know it, the base URL is wrong. ``headers`` are added to the usual ones,
    or replace them. ``patient``: a fault of the server is waited out; else the request is repeated once, because the
    request itself may be what fails.
    """

    method: str
    target: str
    scope: str = ""
    about: str = "the answer"
    limit_bytes: int = OBJECT_LIMIT_BYTES
    content: bytes = field(default=b"", repr=False)
    total_seconds: float | None = None
    changes: bool = False
    collection: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    patient: bool = True


class ApiAnswer(NamedTuple):
    """What came back: ``headers`` have lower-case names, ``host`` is that of the request.

    ``cut``: the body broke off and was dropped.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str
    cut: bool = False

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str:
        """The server's own id of the call, if it sent one that can be shown."""
        for name in _REQUEST_ID_HEADERS:
            value = self.headers.get(name, "").strip()
            if value and value.isascii() and value.isprintable():
                return value[:100]
        return ""

    @property
    def is_web_page(self) -> bool:
        """True if the body is HTML, by its content type or its first bytes."""
        if self.content_type in {"text/html", "application/xhtml+xml"}:
            return True
        start = self.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return start.startswith((b"<!doctype html", b"<html"))


class BrokenJson(UnexpectedAnswer):
    """The answer claims to be JSON and is broken or incomplete; another attempt may succeed."""


class AnswerTooLarge(UnexpectedAnswer):
    """The body exceeds the limit of the request; another request may have a smaller answer."""


class Endpoint(NamedTuple):
    """The server of a profile: the profile's name, the host (with port, if unusual) and the source of the secret.

    ``proxy`` names the proxy in between, with the variable that it comes from; empty for a direct connection.
    """

    profile: str
    host: str
    secret_source: str
    proxy: str = ""


def read_json(
    answer: ApiAnswer, object_hook: Callable[[dict[str, Any]], Any] | None = None
) -> tuple[Any, tuple[str, ...]]:
    """The body's JSON value and its warnings about it, in sentences; raises ``UnexpectedAnswer`` if it is no JSON.

    ``object_hook`` is that of ``json_text.loads``.
    """
    warnings: tuple[str, ...] = ()
    try:
        text = answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = answer.body.decode("utf-8-sig", "replace")
        warnings = ("Some text in the answer was not valid UTF-8.",)
    if answer.body.strip(b" \t\r\n\0"):
        try:
            return loads(text, object_hook), warnings
        except (ValueError, RecursionError):
            pass
    may_pass = answer.content_type.endswith("json") and not answer.is_web_page
    raise (BrokenJson if may_pass else UnexpectedAnswer)(
        f"{answer.host} answered with {describe_body(answer)} instead of data.",
        hint=LATER_HINT if may_pass else WRONG_PLACE_HINT,
        status=answer.status,
        request_id=answer.request_id,
    )


def describe_body(answer: ApiAnswer) -> str:
    """The kind of body, in words: "a web page (text/html, “Sign in”)", "an empty body", "broken JSON"."""
    if not answer.body.strip(b" \t\r\n\0"):
        return "an empty body"
    kind = clean(answer.content_type, 60)
    if answer.is_web_page:
        title = page_title(answer.body)
        return f"a web page ({kind or 'no content type'}{f', “{title}”' if title else ''})"
    if kind.endswith("json"):
        return f"broken or cut JSON ({kind}, {len(answer.body)} bytes)"
    return f"something else ({kind or 'no content type'}, {len(answer.body)} bytes)"


def page_title(body: bytes) -> str:
    """The title of a web page, cleaned for display; empty if it has none."""
    import html

    found = _TITLE.search(body[:PAGE_START].decode("utf-8", "replace"))
    return clean(" ".join(html.unescape(found[1]).split()), TITLE_LENGTH) if found else ""


def without_secret(answer: ApiAnswer, secret: Secret) -> ApiAnswer:
    """The answer, with an empty body where that repeats the secret in any usual spelling: messages quote bodies.

    A secret of up to three characters occurs in any text, so it is not searched for.
    """
    import html

    value = secret.reveal()
    if len(value) < SHORTEST_SECRET:
        return answer
    text = answer.body[:PAGE_START].decode("utf-8", "replace")
    spellings = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], value}
    spellings |= {spelling.replace("/", "\\/") for spelling in spellings}
    readings = {text, unquote(text), unquote_plus(text), html.unescape(text)}
    repeated = any(spelling in reading for spelling in spellings for reading in readings)
    return answer._replace(body=b"") if repeated else answer


def error_message(body: bytes) -> str:
    """The message in a JSON error body, cleaned, at most 200 characters; empty if there is none."""
    if len(body) > PAGE_START:
        return ""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return clean(" ".join(_first_text(value).split()), SHORT_TEXT - 1)


def _first_text(value: object, depth: int = 0) -> str:
    """The first text under one of the usual names, at any depth up to four."""
    if isinstance(value, str):
        return value
    if depth > 3:
        return ""
    if isinstance(value, list):
        return _first_text(value[0], depth + 1) if value else ""
    if isinstance(value, dict):
        for name in _MESSAGE_NAMES:
            text = _first_text(value.get(name), depth + 1)
            if text.strip():
                return text
    return ""
