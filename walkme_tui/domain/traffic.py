"""The request log, and the state of the traffic."""

import re
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.accounts import Account, Surface

REDACTED: Final = "…"
FORM: Final = "application/x-www-form-urlencoded"

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values; a value that may be secret or personal is ``REDACTED``."""


class Priority(IntEnum):
    """The priority of a request; a lower number starts first."""

    DEMAND = 0
    PREFETCH = 1
    BACKGROUND = 2


class RequestRecord(NamedTuple):
    """One attempt of a request in the request log; emails and tokens are redacted before it is created.

    ``path`` is the redacted path with query. ``status`` is None where no answer came; ``outcome`` then says why, in a
    few words. ``started_at_ms`` is milliseconds since the Unix epoch, ``attempt`` counts from 1. ``response_body`` is
    kept for refused requests only. Bodies are redacted text, cut to some thousand characters.
    """

    started_at_ms: int
    method: str
    path: str
    status: int | None
    outcome: str
    duration_ms: int
    attempt: int
    request_headers: Headers = ()
    request_body: str = ""
    response_headers: Headers = ()
    response_body: str = ""


def curl_command(record: RequestRecord, account: Account) -> str:
    """The request as a curl command line; each redacted value is a shell variable.

    ``$WALKME_TOKEN`` is the access token, ``$WALKME_PASSWORD`` the password of a SCIM user name; a field of the query
    or of a form is a variable like ``$WALKME_EMAIL``.
    """
    from shlex import quote

    path, _, query = record.path.partition("?")
    parts = ["curl", "--request", record.method]
    content_type = dict(record.request_headers).get("content-type", "application/json")
    if content_type.startswith(FORM):
        parts += _fields(record.request_body)
    else:
        if account.surface is Surface.SCIM and account.client_id and not account.demo:
            parts.append(f'--user {quote(account.client_id)}:"$WALKME_PASSWORD"')
        else:
            parts.append('--header "Authorization: Bearer $WALKME_TOKEN"')
        if record.request_body:
            parts += [f"--header {quote(f'Content-Type: {content_type}')}", f"--data {quote(record.request_body)}"]
    if query:
        parts += ["--get", *_fields(query)]
    return " ".join([*parts, quote(f"{account.base_url.rstrip('/')}{path}")])


def curl_of_user(user_id: str, account: Account) -> str:
    """The request for one user as a curl command line, with the access token as ``$WALKME_TOKEN``."""
    from urllib.parse import quote

    collection = "Users" if account.surface is Surface.SCIM else "users"
    path = f"/{collection}/{quote(user_id, safe='')}"
    return curl_command(RequestRecord(0, "GET", path, None, "", 0, 1), account)


def _fields(encoded: str) -> list[str]:
    """The options of curl for ``name=value&…``."""
    from shlex import quote

    options = []
    for pair in encoded.split("&"):
        name, _, value = pair.partition("=")
        variable = re.sub(r"\W", "_", f"WALKME_{name}").upper()
        quoted = f'{quote(name)}="${variable}"' if value == REDACTED else quote(f"{name}={value}")
        options.append(f"--data-urlencode {quoted}")
    return options


class TrafficStatus(NamedTuple):
    """The traffic to the account at this moment.

    ``permitted_per_second`` is the adaptive rate now, ``recent_per_second`` what was sent over the last seconds.
    ``waiting_seconds`` is the countdown that ``Retry-After`` or a back-off imposes, 0 when none does. ``latency_ms`` is
    the median of recent answers, None before the first. ``throttled`` counts 429 answers since the start.
    """

    in_flight: int
    permitted_per_second: float
    recent_per_second: float
    waiting_seconds: float
    latency_ms: int | None
    throttled: int
