"""The fields that error bodies of many shapes name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.answers import PAGE_START, SHORT_TEXT, ApiAnswer, ApiRequest, Endpoint, without_secret
from walkme_tui.api.field_reasons import MOST_REASONS, NO_REASON, field_reasons
from walkme_tui.api.status_errors import failure_of_answer
from walkme_tui.domain.errors import ApiError, Conflict, RequestRejected
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.text import clean
from walkme_tui.domain.times import EPOCH
from walkme_tui.domain.user_json import TEXT_FIELDS

HOST = Endpoint("acme", "api.example.com", "the variable ACME_SECRET")
SAVE = ApiRequest("POST", "/users", "users:write", "the list of users", changes=True)


def reasons(body: object, *, conflict: bool = False) -> dict[str, str]:
    """The reasons in a body."""
    return dict(field_reasons(json.dumps(body).encode(), conflict=conflict))


def refused(status: int, body: object) -> ApiError:
    """The error of an answer with this status and body."""
    failure = failure_of_answer(ApiAnswer(status, {}, json.dumps(body).encode(), HOST.host), SAVE, HOST, EPOCH)
    assert failure is not None
    return failure.error


BOTH = {"email": "is taken", "first_name": "too long"}
SHAPES: dict[str, Any] = {
    "RFC 9457": {
        "type": "https://example.com/validation",
        "title": "Your request is not valid.",
        "status": 422,
        "errors": [
            {"detail": "is taken", "pointer": "#/email"},
            {"detail": "too long", "pointer": "#/firstName"},
        ],
    },
    "RFC 7807": {
        "title": "Your request is not valid.",
        "invalid-params": [{"name": "email", "reason": "is taken"}, {"name": "firstName", "reason": "too long"}],
    },
    "lists by field": {"message": "Invalid", "errors": {"email": ["is taken"], "firstName": ["too long"]}},
    "texts by field": {"errors": {"email": "is taken", "first_name": "too long"}},
    "objects by field": {
        "errors": {
            "email": {"name": "ValidatorError", "message": "is taken", "path": "email", "value": "a@example.com"},
            "firstName": {"message": "too long", "kind": "maxlength"},
        }
    },
    "fields without a container": {"email": ["is taken"], "firstName": ["too long"]},
    "names in capitals": {"errors": {"Email": ["is taken"], "FirstName": ["too long"]}},
    "one object a field": {"errors": [{"email": "is taken"}, {"firstName": "too long"}]},
    "a list": [{"field": "email", "message": "is taken"}, {"field": "firstName", "message": "too long"}],
    "a list of details": {
        "error": {
            "code": "INVALID_ARGUMENT",
            "details": [
                {
                    "fieldViolations": [
                        {"field": "email", "description": "is taken"},
                        {"field": "user.first_name", "description": "too long"},
                    ]
                }
            ],
        }
    },
    "paths": {
        "detail": [
            {"loc": ["body", "email"], "msg": "is taken", "type": "value_error"},
            {"loc": ["body", "firstName"], "msg": "too long", "type": "value_error"},
        ]
    },
    "JSON:API": {
        "errors": [
            {"status": "422", "title": "is taken", "source": {"pointer": "/data/attributes/email"}},
            {"status": "422", "title": "too long", "source": {"pointer": "/data/attributes/first-name"}},
        ]
    },
    "constraints": {
        "message": [
            {"property": "email", "constraints": {"isEmail": "is taken"}},
            {"property": "firstName", "constraints": {"maxLength": "too long"}},
        ]
    },
    "inside what is wrong with the user": {"errors": {"user": {"email": "is taken", "firstName": ["too long"]}}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_reason_of_each_field_is_found(shape: str) -> None:
    assert reasons(SHAPES[shape]) == BOTH
    error = refused(422, SHAPES[shape])
    assert isinstance(error, RequestRejected)
    assert error.fields == BOTH


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"field": "role", "message": "no such role"}, {"role": "no such role"}),
        ({"error": {"code": "x", "message": "not valid", "field": "email", "requestId": "r"}}, {"email": "not valid"}),
        ({"error": {"target": "externalId", "message": "in use"}}, {"external_id": "in use"}),
        ({"errors": [{"field": "email"}]}, {"email": NO_REASON}),
        ({"errors": {"email": True, "role": [1003]}}, {"email": NO_REASON, "role": NO_REASON}),
        ({"errors": {"email": ["bad", "worse", "bad"]}}, {"email": "bad; worse"}),
        ({"field": "email", "message": "bad", "errors": [{"field": "role", "message": "no"}]},
         {"email": "bad", "role": "no"}),
    ],
)  # fmt: skip
def test_single_fields_and_those_without_a_reason(body: object, expected: dict[str, str]) -> None:
    assert reasons(body) == expected


@pytest.mark.parametrize(
    ("sentence", "fields"),
    [
        ('"email" is not a valid address', {"email"}),
        ("The field 'lastName' is required", {"last_name"}),
        ("firstName must not equal lastName", {"first_name", "last_name"}),
        ("First name is too long", {"first_name"}),
        ("Email must be unique", {"email"}),
        ("Invalid role: Boss", {"role"}),
        ("The status pending cannot be set", {"status"}),
        ("EXTERNAL_ID_IN_USE", {"external_id"}),
        ("The value of “email” is refused", {"email"}),
        ("Status 400: bad request", set()),
        ("status code 422", set()),
        ("Role-based access is required", set()),
        ("We sent an email to the administrator", set()),
        ("Your plan has no further seats", set()),
    ],
)
def test_a_sentence_about_a_field_is_its_reason(sentence: str, fields: set[str]) -> None:
    for body in ({"message": sentence}, {"error": {"message": sentence}}, {"message": [sentence]}, sentence):
        assert reasons(body) == dict.fromkeys(fields, clean(sentence))


def test_a_conflict_that_mentions_the_email_is_about_it() -> None:
    body = {"message": "A user with the email ann@example.com already exists"}
    assert reasons(body) == {}
    error = refused(409, body)
    assert isinstance(error, Conflict)
    assert error.fields == {"email": body["message"]}
    assert refused(409, {"error": "EMAIL_ALREADY_EXISTS"}).fields == {"email": "EMAIL_ALREADY_EXISTS"}


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Bad request", "request": {"email": "ann@example.com", "status": "active"}},
        {"status": "422", "errors": [{"status": "422", "title": "Bad request"}]},
        {"errors": [{"message": "Bad request", "email": "ann@example.com"}]},
        {"errors": {"status": 422, "role": None, "email": [], "firstName": "", "lastName": False}},
        {"errors": [{"field": "manager.email", "message": "unknown"}]},
        {"errors": [{"field": "department", "message": "unknown"}]},
        {"errors": {"password": ["too short"], "token": "expired"}},
        {"code": "email", "id": "email"},
        None,
        17,
    ],
)
def test_what_names_no_refused_field_gives_none(body: object) -> None:
    assert reasons(body) == {}


def test_without_another_message_the_reasons_are_in_the_message() -> None:
    error = refused(422, {"errors": {"email": ["is taken."], "firstName": ["too long"]}})
    assert error.message == "api.example.com refused the request (422: email: is taken; first name: too long)."


# ---------------------------------------------------------------- hostile bodies


def test_control_characters_are_shown_and_line_breaks_become_blanks() -> None:
    body = {"errors": {"email": ["\x1b]52;c;aGk=\x07 bad\n\nvalue \u202e"]}}
    assert reasons(body) == {"email": "␛]52;c;aGk=␇ bad value ⟨202E⟩"}


def test_an_endless_reason_and_many_reasons_are_cut() -> None:
    long = reasons({"errors": {"email": ["x" * 5000]}})["email"]
    assert long == "x" * SHORT_TEXT + "…"
    many = reasons({"errors": {"email": [f"reason {number}" for number in range(1000)]}})["email"]
    assert many == "; ".join(f"reason {number}" for number in range(MOST_REASONS))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b"[" * 10_000,
        b'{"errors":' * 1_500,
        b'{"errors":{"email":["' + b"x" * PAGE_START + b'"]}}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"errors":' + b"[" * 900 + b'{"field":"email","message":"m"}' + b"]" * 900 + b"}",
    ],
    ids=["empty", "text", "bytes", "brackets", "objects", "huge", "a large number", "deep"],
)
def test_a_body_that_is_broken_huge_or_deep_names_nothing(body: bytes) -> None:
    assert field_reasons(body) == {}


def test_of_very_many_values_only_the_first_are_looked_at() -> None:
    assert reasons({"errors": [{"message": "m"}] * 400 + [{"field": "email", "message": "m"}]}) == {}


@pytest.mark.parametrize("body", [{"errors": {"email": ["s3cret-token"]}}, {"message": "email s3cret%2Dtoken"}])
def test_a_body_that_repeats_the_token_is_not_read(body: object) -> None:
    answer = ApiAnswer(422, {}, json.dumps(body).encode(), HOST.host)
    assert field_reasons(without_secret(answer, Secret("s3cret-token")).body) == {}


NAMES = [*TEXT_FIELDS, "errors", "error", "message", "field", "pointer", "loc", "source", "detail", "constraints", "x"]
TEXTS = st.sampled_from([*NAMES, "#/email", "body.role", "", "400", "\x1b[2J", "\ud800"]) | st.text(max_size=30)
BODIES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=6),
    max_leaves=40,
)


@given(BODIES, st.booleans())
def test_any_json_gives_clean_and_bounded_reasons_for_known_fields(body: object, conflict: bool) -> None:
    for attribute, reason in reasons(body, conflict=conflict).items():
        assert attribute in TEXT_FIELDS.values()
        assert reason
        assert reason == clean(reason)
        assert len(reason) <= 2 * SHORT_TEXT + 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read(body: bytes) -> None:
    assert set(field_reasons(body)) <= set(TEXT_FIELDS.values())
