"""HTTP statuses and error bodies as errors of the domain."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from walkme_tui.api.answers import (
    LATER_HINT,
    PAGE_START,
    SHORT_TEXT,
    WRONG_PLACE_HINT,
    ApiAnswer,
    ApiRequest,
    Endpoint,
    describe_body,
    error_message,
)
from walkme_tui.api.retry import Failure, FailureKind
from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    MethodRefused,
    NotFound,
    PermissionRefused,
    RateLimited,
    RequestRejected,
    ServerFault,
    ServiceUnavailable,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)
from walkme_tui.domain.text import clean

TARGET_LENGTH: Final = 100
# A bound for numbers that cannot be meant.
LONGEST_WAIT_SECONDS: Final = 86400.0
# Some servers and gateways answer 403 for a rate limit; the code in the body says so.
_CODE_NAMES: Final = frozenset({"code", "errorcode", "error", "errors", "reason", "type", "status", "name"})
_RATE_LIMIT: Final = re.compile(
    r"(ratelimit|requestlimit|quota)(ed|error|exceeded|reached)?$|toomanyrequests|throttl|slowdown|^429$"
)
LONGEST_CODE: Final = 100


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The seconds in a ``Retry-After`` header, which holds seconds or a date; None if it is invalid."""
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text[:20]), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT_SECONDS)


def failure_of_answer(answer: ApiAnswer, request: ApiRequest, endpoint: Endpoint, now: datetime) -> Failure | None:
    """The failure that the status of an answer means; None for 2xx."""
    status = answer.status
    if 200 <= status < 300:
        return None
    wait = retry_after_seconds(answer.headers.get("retry-after"), now)
    error, kind, summary = _classify(answer, request, endpoint, wait)
    return Failure(error, kind, summary, status=status, retry_after_seconds=wait)


def _classify(
    answer: ApiAnswer, request: ApiRequest, endpoint: Endpoint, wait: float | None
) -> tuple[ApiError, FailureKind, str]:
    status, details = answer.status, _details(answer)
    if status == 429 or (status == 403 and (wait is not None or _has_rate_limit_code(answer.body))):
        wait_text = f", and requests a wait of {wait:.0f} s" if wait is not None else ""
        limited = RateLimited(
            f"{endpoint.host} refuses further requests for now{wait_text}{details}.",
            hint=LATER_HINT, status=status, request_id=answer.request_id, retry_after_seconds=wait,
        )  # fmt: skip
        return limited, FailureKind.THROTTLED, "too many requests"
    if status in {405, 501}:
        message = f"{endpoint.host} does not know this call for {request.about} ({status}{details})."
        return MethodRefused(message, status=status, request_id=answer.request_id), FailureKind.FINAL, "method refused"
    if status >= 500:
        refused = status == 503 and wait is not None
        wait_text = f", and requests a wait of {wait:.0f} s" if refused else ""
        message = f"{endpoint.host} failed ({status}{details}){wait_text}."
        fault = ServerFault(message, hint=LATER_HINT, status=status, request_id=answer.request_id)
        kind = FailureKind.FINAL if status == 505 else FailureKind.THROTTLED if refused else FailureKind.UNCERTAIN
        return fault, kind, "server fault"
    if status < 400:
        # After 307 and 308 nothing happened; after the others a change may have been made.
        kind = FailureKind.FINAL if status in {307, 308} else FailureKind.UNEXPECTED
        return _redirected(answer), kind, "redirect" if status >= 300 else "no final answer"
    return _refused(answer, request, endpoint, details)


def _refused(
    answer: ApiAnswer, request: ApiRequest, endpoint: Endpoint, details: str
) -> tuple[ApiError, FailureKind, str]:
    """The error for a 4xx answer that is no rate limit."""
    status, request_id = answer.status, answer.request_id
    if status == 401:
        message = f"{endpoint.host} does not accept the sign-in of profile {endpoint.profile}{details}."
        return (
            SignInRefused(message, hint=secret_hint(endpoint), status=status, request_id=request_id),
            FailureKind.UNAUTHORIZED,
            "sign-in refused",
        )
    if status == 403:
        message = f"Profile {endpoint.profile} may not do this{details}."
        hint = _permission_hint(answer, request)
        refused = PermissionRefused(message, hint=hint, status=status, request_id=request_id, scope=request.scope)
        return refused, FailureKind.FINAL, "permission refused"
    if status == 404:
        hint = f"The host was {endpoint.host}: check base_url." if request.collection else ""
        hint = WRONG_PLACE_HINT if answer.is_web_page else hint
        message = f"{endpoint.host} does not have {request.about}{details}."
        return NotFound(message, hint=hint, status=status, request_id=request_id), FailureKind.FINAL, "not found"
    if status == 407:
        hint = "Put its credentials into HTTPS_PROXY."
        message = "The proxy requires a sign-in."
        return Unreachable(message, hint=hint, status=status, request_id=request_id), FailureKind.FINAL, "proxy sign-in"
    if status == 408:
        message = f"{endpoint.host} gave up waiting for the request."
        late = Unreachable(message, hint=LATER_HINT, status=status, request_id=request_id)
        return late, FailureKind.UNCERTAIN, "request time-out"
    kind = Conflict if status == 409 else RequestRejected
    from walkme_tui.api.field_reasons import field_reasons

    fields = field_reasons(answer.body, conflict=status == 409)
    if fields and not details:
        reasons = "; ".join(
            f"{attribute.replace('_', ' ')}: {reason.rstrip('.')}" for attribute, reason in fields.items()
        )
        details = f": {clean(reasons, SHORT_TEXT)}"
    message = f"{endpoint.host} refused the request ({status}{details})."
    return kind(message, status=status, request_id=request_id, fields=fields), FailureKind.FINAL, "refused"


def failure_of_token_answer(failure: Failure, answer: ApiAnswer, endpoint: Endpoint) -> Failure:
    """The failure of a token call: ``SignInRefused`` where the credentials were refused.

    Another refusal becomes ``UnexpectedAnswer``: the call that needed the token must not take a "not found" for one of
    its user, nor a "method refused" for one of PATCH.
    """
    error = failure.error
    if answer.status not in {400, 401, 403} or failure.rate_limited:
        if isinstance(error, ServiceUnavailable):
            return failure
        status, request_id = answer.status, answer.request_id
        other = UnexpectedAnswer(error.message, hint=WRONG_PLACE_HINT, status=status, request_id=request_id)
        return failure._replace(error=other)
    details = error_message(answer.body)
    shown = f" ({details})" if details else ""
    message = f"The client id and secret of profile {endpoint.profile} were refused by {endpoint.host}{shown}."
    refused = SignInRefused(message, hint=secret_hint(endpoint), status=answer.status, request_id=answer.request_id)
    return Failure(refused, FailureKind.FINAL, "sign-in refused", status=answer.status)


def secret_hint(endpoint: Endpoint) -> str:
    """What to do about a refused sign-in."""
    return f"The secret comes from {endpoint.secret_source}: check the secret there and the client id in the profile."


def _permission_hint(answer: ApiAnswer, request: ApiRequest) -> str:
    if answer.is_web_page:
        return f"{WRONG_PLACE_HINT} If those are right, the scope {request.scope} is missing."
    if not request.scope:
        return ""
    return f"It needs the scope {request.scope}: add it to the API key in the WalkMe Console, then sign in again."


def _redirected(answer: ApiAnswer) -> UnexpectedAnswer:
    """The error for a redirect, which is never followed: the token would be sent to another host."""
    location = answer.headers.get("location", "")
    try:
        target = urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        target = ""
    where = f"to {clean(target, TARGET_LENGTH)}" if target else "elsewhere" if location else "without saying where"
    if not 300 <= answer.status < 400:
        message = f"{answer.host} answered with status {answer.status}, which is not a valid final answer."
    else:
        message = f"{answer.host} redirects {where} ({answer.status}); the redirect was not followed."
    return UnexpectedAnswer(message, hint=WRONG_PLACE_HINT, status=answer.status, request_id=answer.request_id)


def _details(answer: ApiAnswer) -> str:
    """The message in the error body, to append to the last word of a sentence."""
    if answer.is_web_page:
        return f": {describe_body(answer)}"
    words = error_message(answer.body).rstrip(".")
    return f": {words}" if words else ""


def _has_rate_limit_code(body: bytes) -> bool:
    """Whether a JSON error body carries a code for "too many requests", however it is nested."""
    try:
        value = json.loads(body) if len(body) <= PAGE_START else None
    except (ValueError, RecursionError):
        return False
    return _names_rate_limit(value, depth=0)


def _names_rate_limit(value: object, depth: int) -> bool:
    if isinstance(value, str | int):
        code = re.sub(r"[\W_]", "", str(value)[: LONGEST_CODE + 1]).lower()
        return len(code) <= LONGEST_CODE and _RATE_LIMIT.search(code) is not None
    if depth > 3:
        return False
    if isinstance(value, list):
        return any(_names_rate_limit(item, depth + 1) for item in value[:10])
    if isinstance(value, dict):
        named = (part for name, part in value.items() if re.sub(r"[\W_]", "", name).lower() in _CODE_NAMES)
        return any(_names_rate_limit(part, depth + 1) for part in named)
    return False
