"""Odd answers of SCIM servers: an odd record costs itself at most, an odd envelope nothing or the page."""

import json
from typing import Any

import pytest

from tests.support.scim_desk import GONE, ScimDesk, raw, resources, scim, user
from walkme_tui.api.answers import BrokenJson
from walkme_tui.domain.errors import UnexpectedAnswer
from walkme_tui.domain.users import UnreadableRecord, User

HALF = "\ud800"
# Python does not write a number of 5 001 digits.
HUGE = "HUGE"
DEEP: Any = None
for _ in range(200):
    DEEP = [DEEP]

# Between two usual users, each is read as a user.
READABLE: dict[str, dict[str, Any]] = {
    "empty email": user(5, userName=""),
    "no email": user(5, userName=GONE),
    "null email": user(5, userName=None),
    "email is a number": user(5, userName=7),
    "email is a list": user(5, userName=["a@example.com"]),
    "email is no email": user(5, userName="bjensen"),
    "email with blanks": user(5, userName="  a b  "),
    "email of 10 000 characters": user(5, userName="x" * 10_000 + "@example.com"),
    "half a character": user(5, userName=HALF, externalId=HALF, name={"givenName": HALF}, displayName=HALF),
    "zero bytes": user(5, userName="a\0b@example.com", name={"givenName": "\0"}),
    "right to left": user(5, name={"givenName": "\u202eevil", "familyName": "\u2066"}),
    "markup": user(5, name={"givenName": "<b>x</b>", "familyName": "[red]x[/]"}, displayName="\x1b[31mred"),
    "integer id": user(5, id=5),
    "negative id": user(5, id=-5),
    "id with a slash": user(5, id="a/b"),
    "id of blanks": user(5, id="   "),
    "two primaries": user(5, emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
    "emails are text": user(5, emails="a@example.com"),
    "emails of texts": user(5, userName=GONE, emails=["a@example.com", "b@example.com"]),
    "emails with nulls": user(5, userName="", emails=[None, {}, {"value": None}, {"value": 7}]),
    "empty emails": user(5, emails=[]),
    "no schemas": user(5, schemas=GONE),
    "null schemas": user(5, schemas=None),
    "other schemas": user(5, schemas=["urn:x", 7]),
    "unknown attributes": user(5, favourite={"colour": ["red", {"x": None}]}, x=1, accessRole=[3], allowedSystems=[]),
    "deeply nested": user(5, extra=DEEP),
    "nested nulls": user(5, name={"givenName": None, "familyName": None}, meta={"created": None}, manager={"x": None}),
    "active True": user(5, active="True"),
    "active false": user(5, active="false"),
    "active yes": user(5, active="yes"),
    "active is a number": user(5, active=1),
    "active is null": user(5, active=None),
    "active is a list": user(5, active=[True]),
    "active is an object": user(5, active={"value": True}),
    "no active": user(5, active=GONE),
    "upper case": {name.upper(): value for name, value in user(5).items()},
    "lower case": {name.lower(): value for name, value in user(5).items()},
    "the same name twice": {**user(5), "USERNAME": "other@example.com"},
    "name is text": user(5, name="Ann Lee"),
    "name is a list": user(5, name=["Ann", "Lee"]),
    "name is null": user(5, name=None),
    "empty name": user(5, name={}),
    "names are numbers": user(5, name={"givenName": 5, "familyName": True}),
    "name of a million characters": user(5, name={"givenName": "x" * 1_000_000, "familyName": "y"}),
    "external id is a number": user(5, externalId=12),
    "external id is huge": user(5, externalId=10**400),
    "external id is an object": user(5, externalId={"value": "x"}),
    "no meta": user(5, meta=GONE),
    "meta is null": user(5, meta=None),
    "meta is a list": user(5, meta=[]),
    "bad dates": user(5, meta={"created": "yesterday", "lastModified": "2024-02-30T00:00:00Z"}),
    "far dates": user(5, meta={"created": "0000-01-01T00:00:00Z", "lastModified": "99999-01-01T00:00:00Z"}),
    "edge of the calendar": user(5, meta={"created": "0001-01-01T00:00:00+14:00"}),
    "times are numbers": user(5, meta={"created": 1710235800, "lastModified": 1.5}),
    "other time zones": user(5, meta={"created": "2024-03-12T09:30:00.123456+05:30"}),
    "huge numbers": user(5, x=HUGE, y=1e308),
    "groups are null": user(5, groups=None),
    "groups are text": user(5, groups="g1"),
    "groups of texts": user(5, groups=["g1", "g2"]),
    "groups of numbers": user(5, groups=[{"value": 1}, {"value": 2}]),
    "groups without ids": user(5, groups=[{"display": "Sales"}]),
    "groups with nulls": user(5, groups=[None, {"value": "g1"}]),
    "groups twice": user(5, groups=[{"value": "g1"}, {"value": "g1"}]),
    "10 000 groups": user(5, groups=[{"value": f"g{number}"} for number in range(10_000)]),
    "REST names": user(5, email="x@example.com", role="Admin", status="pending", createdAt="x", firstName=1),
    "only an id": {"id": "u5"},
}

# Between two usual users, each costs itself.
UNREADABLE: dict[str, Any] = {
    "null": None,
    "text": "u5",
    "a number": 5,
    "a list": [user(5)],
    "empty": {},
    "no id": user(5, id=GONE),
    "null id": user(5, id=None),
    "empty id": user(5, id=""),
    "true as id": user(5, id=True),
    "half a character as id": user(5, id=HALF),
    "a fraction as id": user(5, id=1.5),
    "an object as id": user(5, id={"value": "u5"}),
    "id of 1 000 characters": user(5, id="x" * 1000),
    "id of 5 000 digits": user(5, id=HUGE),
}


RECORDS = {**READABLE, **UNREADABLE}


@pytest.mark.parametrize("case", RECORDS)
async def test_an_odd_record_costs_itself_at_most(case: str) -> None:
    desk = ScimDesk()
    body = json.dumps({"totalResults": 3, "Resources": [user(1), RECORDS[case], user(2)]})
    desk.on("GET /Users", raw(body.replace(json.dumps(HUGE), "1" + "0" * 5000).encode()))
    async with desk.directory() as api:
        page = await api.list_users(1, 100)
    assert len(page.rows) == 3
    assert page.total == 3
    assert [row.id for row in (page.rows[0], page.rows[2]) if isinstance(row, User)] == ["u1", "u2"]
    assert isinstance(page.rows[1], User) == (case in READABLE)


ROWS = [user(1), user(2)]
ENVELOPES: dict[str, tuple[Any, int, int | None]] = {
    "usual": (resources(*ROWS), 2, 2),
    "no startIndex and itemsPerPage": (resources(*ROWS, startIndex=GONE, itemsPerPage=GONE), 2, 2),
    "odd startIndex and itemsPerPage": (resources(*ROWS, startIndex="x", itemsPerPage=-1), 2, 2),
    "no totalResults": (resources(*ROWS, totalResults=GONE), 2, None),
    "totalResults is text": (resources(*ROWS, totalResults="2"), 2, 2),
    "totalResults is a fraction": (resources(*ROWS, totalResults=2.0), 2, 2),
    "totalResults is null": (resources(*ROWS, totalResults=None), 2, None),
    "totalResults is negative": (resources(*ROWS, totalResults=-1), 2, None),
    "totalResults is huge": (resources(*ROWS, totalResults=10**20), 2, None),
    "totalResults is true": (resources(*ROWS, totalResults=True), 2, None),
    "upper case": (scim({"TOTALRESULTS": 2, "RESOURCES": ROWS}), 2, 2),
    "lower case": (scim({"totalresults": 2, "resources": ROWS}), 2, 2),
    "a bare list": (scim(ROWS), 2, None),
    "no Resources, none expected": (resources(totalResults=0, Resources=GONE), 0, 0),
    "null Resources": (resources(totalResults=0, Resources=None), 0, 0),
    "plain JSON": (raw(json.dumps({"Resources": ROWS, "totalResults": 2}).encode(), content_type="text/plain"), 2, 2),
    "no content type": (raw(json.dumps({"Resources": ROWS, "totalResults": 2}).encode(), content_type=""), 2, 2),
    "a charset": (raw(json.dumps(ROWS).encode(), content_type="application/scim+json; charset=UTF-8"), 2, None),
    "byte order mark": (raw(b"\xef\xbb\xbf" + json.dumps({"Resources": ROWS, "totalResults": 2}).encode()), 2, 2),
    "no UTF-8": (raw(b'{"totalResults":1,"Resources":[{"id":"u1","displayName":"\xff"}]}'), 1, 1),
    "10 000 rows": (resources(*(user(number) for number in range(10_000))), 10_000, 10_000),
}


@pytest.mark.parametrize(("reply", "rows", "total"), ENVELOPES.values(), ids=ENVELOPES)
async def test_an_odd_envelope_costs_nothing(reply: Any, rows: int, total: int | None) -> None:
    desk = ScimDesk()
    desk.on("GET /Users", reply)
    async with desk.directory() as api:
        page = await api.list_users(1, 1000)
    assert len(page.rows) == rows
    assert page.total == total
    assert not any(isinstance(row, UnreadableRecord) for row in page.rows)


NO_LISTS: dict[str, tuple[Any, type[Exception]]] = {
    "a web page": (raw(b"<!doctype html><title>Sign in</title>", content_type="text/html"), UnexpectedAnswer),
    "a web page as JSON": (raw(b"<html>", content_type="application/json"), UnexpectedAnswer),
    "an empty body": (raw(b""), BrokenJson),
    "blanks": (raw(b" \r\n"), BrokenJson),
    "broken JSON": (raw(b'{"Resources":['), BrokenJson),
    "text": (raw(b"OK", content_type="text/plain"), UnexpectedAnswer),
    "null": (raw(b"null"), UnexpectedAnswer),
    "a text": (raw(b'"x"'), UnexpectedAnswer),
    "an empty object": (raw(b"{}"), UnexpectedAnswer),
    "an error": (scim({"detail": "Sorry", "status": "500"}), UnexpectedAnswer),
    "Resources are text": (resources(Resources="x"), UnexpectedAnswer),
    "Resources are an object": (resources(Resources={"id": "u1"}), UnexpectedAnswer),
    "the REST shape": (scim({"users": ROWS, "total": 2}), UnexpectedAnswer),
    "nested too deeply": (raw(b"[" * 100_000), BrokenJson),
}


@pytest.mark.parametrize(("reply", "error"), NO_LISTS.values(), ids=NO_LISTS)
async def test_what_is_no_list_is_an_error(reply: Any, error: type[Exception]) -> None:
    desk = ScimDesk()
    desk.on("GET /Users", reply)
    async with desk.directory() as api:
        with pytest.raises(error):
            await api.list_users(1, 100)
