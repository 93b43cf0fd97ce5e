"""HTTP statuses and error bodies as domain errors."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.answers import SHORT_TEXT, ApiAnswer, ApiRequest, Endpoint, error_message, page_title
from walkme_tui.api.retry import Failure, FailureKind
from walkme_tui.api.status_errors import LONGEST_WAIT_SECONDS, failure_of_answer, retry_after_seconds
from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    MethodRefused,
    NotFound,
    PermissionRefused,
    RateLimited,
    RequestRejected,
    ServerFault,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLACE = Endpoint("acme", "api.example.com", "the variable ACME_SECRET")
USERS = ApiRequest("GET", "/users?page=1&pageSize=100", "users:read", "the list of users", collection=True)
ONE = ApiRequest("GET", "/users/7", "users:read", "this user")
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>\n Sign &amp; in\x1b </title></head></html>"


def failed(status: int, body: bytes = b"", request: ApiRequest = ONE, **headers: str) -> Failure:
    """The error for an answer with this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    failure = failure_of_answer(ApiAnswer(status, named, body, PLACE.host), request, PLACE, NOW)
    assert failure is not None
    return failure


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_status_raises_nothing(status: int) -> None:
    assert failure_of_answer(ApiAnswer(status, {}, b"", PLACE.host), ONE, PLACE, NOW) is None


@pytest.mark.parametrize(
    ("status", "kind", "failure_kind"),
    [
        (400, RequestRejected, FailureKind.FINAL),
        (401, SignInRefused, FailureKind.UNAUTHORIZED),
        (403, PermissionRefused, FailureKind.FINAL),
        (404, NotFound, FailureKind.FINAL),
        (405, MethodRefused, FailureKind.FINAL),
        (407, Unreachable, FailureKind.FINAL),
        (408, Unreachable, FailureKind.UNCERTAIN),
        (409, Conflict, FailureKind.FINAL),
        (429, RateLimited, FailureKind.THROTTLED),
        (101, UnexpectedAnswer, FailureKind.UNEXPECTED),
        (302, UnexpectedAnswer, FailureKind.UNEXPECTED),
        (303, UnexpectedAnswer, FailureKind.UNEXPECTED),
        (304, UnexpectedAnswer, FailureKind.UNEXPECTED),
        (307, UnexpectedAnswer, FailureKind.FINAL),
        (308, UnexpectedAnswer, FailureKind.FINAL),
        (500, ServerFault, FailureKind.UNCERTAIN),
        (501, MethodRefused, FailureKind.FINAL),
        (502, ServerFault, FailureKind.UNCERTAIN),
        (503, ServerFault, FailureKind.UNCERTAIN),
        (504, ServerFault, FailureKind.UNCERTAIN),
        (505, ServerFault, FailureKind.FINAL),
    ],
)
@pytest.mark.parametrize("body", [b"", b"plain text", LOGIN_PAGE, b'{"message": "x"}', b"\xff\xfe", b"[" * 5000])
def test_the_status_determines_the_error_for_any_body(
    status: int, kind: type[ApiError], failure_kind: FailureKind, body: bytes
) -> None:
    failure = failed(status, body)
    assert type(failure.error) is kind
    assert failure.kind is failure_kind
    assert failure.error.status == failure.status == status
    assert len(failure.error.message) < 400


def test_a_refused_permission_has_the_scope() -> None:
    error = failed(403, b'{"message": "no"}').error
    assert isinstance(error, PermissionRefused)
    assert error.scope == "users:read"
    assert "users:read" in error.hint


def test_a_503_with_retry_after_was_not_executed() -> None:
    failure = failed(503, retry_after="9")
    assert (failure.kind, failure.retry_after_seconds) == (FailureKind.THROTTLED, 9.0)
    assert "requests a wait of 9 s" in failure.error.message


def test_a_429_has_the_requested_wait() -> None:
    error = failed(429, retry_after="120").error
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == 120.0
    assert "120 s" in error.message


@pytest.mark.parametrize(
    "body",
    [
        b'{"code": "rate_limit_exceeded", "message": "no"}',
        b'{"error": {"errors": [{"reason": "userRateLimitExceeded"}], "code": 403}}',
        b'{"errorCode": "TooManyRequests"}',
        b'{"error": "Rate limit exceeded"}',
        b'{"__type": "ThrottlingException"}',
        b'{"type": "https://example.com/errors/rate-limit", "title": "no"}',
        b'{"code": 429}',
    ],
)
def test_a_403_with_a_rate_limit_code_is_a_rate_limit(body: bytes) -> None:
    failure = failed(403, body)
    assert isinstance(failure.error, RateLimited)
    assert (failure.kind, failure.rate_limited, failure.error.status) == (FailureKind.THROTTLED, True, 403)


def test_a_403_with_retry_after_is_a_rate_limit() -> None:
    failure = failed(403, LOGIN_PAGE, retry_after="9")
    assert isinstance(failure.error, RateLimited)
    assert failure.error.retry_after_seconds == failure.retry_after_seconds == 9.0


@pytest.mark.parametrize(
    "body",
    [
        b'{"code": "forbidden", "message": "The rate limit is 10"}',
        b'{"error": "You may not change the rate limit settings"}',
        b'{"code": 403, "reason": ["insufficient_scope"]}',
        b'{"code": 42900, "status": true}',
    ],
)
def test_another_403_is_a_refused_permission(body: bytes) -> None:
    assert isinstance(failed(403, body).error, PermissionRefused)


def test_a_redirect_is_reported_with_the_host_of_its_target_only() -> None:
    error = failed(302, location="https://user:pw@login.example.org/saml?token=secret").error
    assert "login.example.org" in error.message
    assert "secret" not in error.message
    assert "pw" not in error.message
    assert "base_url" in error.hint


@pytest.mark.parametrize("location", ["", "/login", "https://[bad", "\x1b]52;c;x\x07"])
def test_invalid_redirects_are_reported(location: str) -> None:
    message = failed(307, location=location).error.message
    assert "redirects" in message
    assert message.isprintable()


def test_a_404_for_a_list_suggests_to_check_the_base_url() -> None:
    assert "base_url" in failed(404, request=USERS).error.hint
    assert failed(404, request=ONE).error.hint == ""


@pytest.mark.parametrize(
    ("header", "value"), [("x-request-id", "abc-1"), ("x-amzn-requestid", "abc-2"), ("x-correlation-id", "abc-3")]
)
def test_the_request_id_is_taken_from_the_usual_headers(header: str, value: str) -> None:
    failure = failure_of_answer(ApiAnswer(500, {header: value}, b"", PLACE.host), ONE, PLACE, NOW)
    assert failure is not None
    assert failure.error.request_id == value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"message": "Too bad"}, "Too bad"),
        ({"error": "invalid"}, "invalid"),
        ({"error": {"code": 7, "message": "deep"}}, "deep"),
        ({"errors": [{"detail": "in a list"}]}, "in a list"),
        ({"error": "code", "error_description": "in words"}, "in words"),
        ({"title": "a\n\tb"}, "a b"),
        ({"message": 5}, ""),
        ({}, ""),
        ([], ""),
        ("text", "text"),
        (None, ""),
    ],
)
def test_the_message_is_found_in_every_form_of_error_body(body: object, expected: str) -> None:
    assert error_message(json.dumps(body).encode()) == expected


def test_the_message_of_a_body_is_truncated_and_cleaned() -> None:
    words = error_message(json.dumps({"message": "\x1b[31m" + "x" * 1000}).encode())
    assert len(words) <= SHORT_TEXT
    assert words.isprintable()


@given(st.binary(max_size=300))
def test_any_error_body_gives_a_printable_message(body: bytes) -> None:
    assert len(error_message(body)) <= SHORT_TEXT
    assert failed(418, body).error.message.isprintable()


def test_a_page_title_is_cleaned() -> None:
    assert page_title(LOGIN_PAGE) == "Sign & in␛"
    assert page_title(b"<title>" + b"x" * 5000) == ""


# ---------------------------------------------------------------- Retry-After


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("9" * 300, LONGEST_WAIT_SECONDS),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        ("Sun, 01 Mar 2026 12:00:30 +0000", 30.0),
        ("Sun, 01 Mar 2026 12:00:30", 30.0),
        ("Sun, 01 Mar 2020 12:00:30 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("inf", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    assert retry_after_seconds(value, NOW) == expected


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,9} [A-Z][a-z]{2} \d{1,9} \d+:\d+:\d+ \S{0,6}"))
def test_any_retry_after_is_parsed_or_ignored(value: str) -> None:
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS
