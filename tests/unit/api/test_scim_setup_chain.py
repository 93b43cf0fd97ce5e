"""The link of the SCIM set-up that a failure shows to be missing, from what the server answered."""

import socket
from datetime import UTC, datetime

import httpx
import pytest

from walkme_tui.api.answers import ApiAnswer, ApiRequest, Endpoint, read_json
from walkme_tui.api.retry import Failure, FailureKind
from walkme_tui.api.scim.setup_chain import NO_COLLECTION, NO_HOST, NOT_SCIM, REFUSED, REST_ADDRESS, explained
from walkme_tui.api.status_errors import failure_of_answer
from walkme_tui.api.transport import Deadlines
from walkme_tui.api.transport_errors import failure_of_exception
from walkme_tui.domain.errors import UnexpectedAnswer
from walkme_tui.domain.setup_chain import SetupFinding, SetupLink

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLACE = Endpoint("acme", "papi.example.com", "the variable ACME_SCIM")
LIST = ApiRequest("GET", "/Users?startIndex=1&count=100", about="the list of users", collection=True)
ONE = ApiRequest("GET", "/Users/7", about="this user")
GROUPS = ApiRequest("GET", "/Groups?startIndex=1", about="the list of groups", collection=True)
FILTERED = ApiRequest("GET", "/Users?filter=userName%20eq%20%22a%22", about="the list of users", collection=True)
WRITE = ApiRequest("PATCH", "/Users/7", about="this user", changes=True)
PAGE = {"content-type": "text/html"}
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"
BASE_URL = SetupFinding(SetupLink.BASE_URL)
PAGE_NOT_FOUND = ApiAnswer(404, PAGE, LOGIN_PAGE, PLACE.host)


def answered(status: int, body: bytes = b"", **headers: str) -> ApiAnswer:
    return ApiAnswer(status, {"content-type": "application/scim+json", **headers}, body, PLACE.host)


def judged(answer: ApiAnswer, request: ApiRequest) -> Failure:
    """The failure before it is explained; an answer with status 2xx is taken for one without a SCIM list."""
    failure = failure_of_answer(answer, request, PLACE, NOW)
    if failure is not None:
        return failure
    try:
        read_json(answer)
    except UnexpectedAnswer as error:
        return Failure(error, FailureKind.UNEXPECTED, "")
    return Failure(UnexpectedAnswer("no list", hint="?"), FailureKind.UNEXPECTED, "")


@pytest.mark.parametrize(
    ("answer", "request_", "finding", "hint"),
    [
        (answered(403), LIST, SetupFinding(SetupLink.ENABLED, (SetupLink.PLAN,)), REFUSED),
        (answered(404), LIST, SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,)), NO_COLLECTION),
        (answered(405), LIST, SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,)), NO_COLLECTION),
        (PAGE_NOT_FOUND, LIST, SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,)), NO_COLLECTION),
        (ApiAnswer(200, PAGE, LOGIN_PAGE, PLACE.host), LIST, BASE_URL, NOT_SCIM),
        (ApiAnswer(200, PAGE, LOGIN_PAGE, PLACE.host), ONE, BASE_URL, NOT_SCIM),
        (answered(302, location="https://login.example.org/saml?secret=1"), LIST, BASE_URL, NOT_SCIM),
        (answered(307, location="https://login.example.org/saml"), WRITE, BASE_URL, NOT_SCIM),
        (answered(200, b'{"users":[]}'), LIST, BASE_URL, NOT_SCIM),
    ],
)  # fmt: skip
def test_an_answer_shows_the_missing_link(
    answer: ApiAnswer, request_: ApiRequest, finding: SetupFinding, hint: str
) -> None:
    error = explained(judged(answer, request_), request_, answer, PLACE).error
    assert (error.setup, error.hint) == (finding, hint)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        (answered(404), ONE),
        (answered(404), GROUPS),
        (answered(404), FILTERED),
        (answered(405), WRITE),
        (answered(403), WRITE),
        (ApiAnswer(403, PAGE, LOGIN_PAGE, PLACE.host), LIST),
        (ApiAnswer(403, {"retry-after": "5"}, b"", PLACE.host), LIST),
        (answered(400), LIST),
        (answered(429), LIST),
        (answered(500), LIST),
        (ApiAnswer(503, PAGE, LOGIN_PAGE, PLACE.host), LIST),
        (answered(200, b'{"Resources":['), LIST),
        (answered(200, b'{"users":[]}'), ONE),
    ],
)
def test_an_answer_that_proves_nothing_stays_as_it_is(answer: ApiAnswer, request_: ApiRequest) -> None:
    before = judged(answer, request_).error
    error = explained(judged(answer, request_), request_, answer, PLACE, is_rest_address=answer.status != 403).error
    assert error.setup is None
    assert str(error) == str(before)


@pytest.mark.parametrize(
    ("username", "words"), [("", "The token was rotated"), ("ann", "The user name or the password")]
)
@pytest.mark.parametrize("request_", [LIST, ONE, WRITE])
def test_a_401_is_a_rotated_token_or_sso_that_is_off(request_: ApiRequest, username: str, words: str) -> None:
    answer = answered(401, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}')
    error = explained(judged(answer, request_), request_, answer, PLACE, username=username).error
    assert error.setup == SetupFinding(SetupLink.TOKEN, (SetupLink.SSO,))
    assert error.hint.startswith(words)
    assert "or SSO is off" in error.hint
    assert "the variable ACME_SCIM" in error.hint


@pytest.mark.parametrize(
    "answer",
    [answered(401), answered(403), answered(404), answered(200, b'{"users":[]}'), ApiAnswer(200, PAGE, LOGIN_PAGE, "")],
)
def test_the_rest_address_as_base_url_is_named(answer: ApiAnswer) -> None:
    error = explained(judged(answer, LIST), LIST, answer, PLACE, is_rest_address=True).error
    assert (error.setup, error.hint) == (BASE_URL, REST_ADDRESS)


@pytest.mark.parametrize(
    ("code", "finding"), [(socket.EAI_NONAME, BASE_URL), (socket.EAI_AGAIN, None)], ids=["no such name", "no answer"]
)
def test_only_a_name_that_does_not_exist_is_a_wrong_base_url(code: int, finding: SetupFinding | None) -> None:
    failed = httpx.ConnectError("no")
    failed.__cause__ = socket.gaierror(code, "no")
    error = explained(failure_of_exception(failed, PLACE, Deadlines()), LIST, None, PLACE).error
    assert error.setup == finding
    assert (error.hint == NO_HOST) is (finding is not None)
    # Behind a proxy it is the name of the proxy.
    behind = PLACE._replace(proxy="proxy.example.org (HTTPS_PROXY)")
    assert explained(failure_of_exception(failed, behind, Deadlines()), LIST, None, behind).error.setup is None
