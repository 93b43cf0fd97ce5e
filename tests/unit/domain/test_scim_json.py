"""SCIM resources as users: read as far as possible, and written back without loss."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.json_text import dumps, loads
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.scim_json import (
    decode_scim_user,
    email_among,
    encode_scim_user,
    primary_email_replaced,
    set_member,
)
from walkme_tui.domain.user_json import altered_names, decode_user, encode_user
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

CREATED = "2024-03-12T09:30:00Z"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WHOLE: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "2819c223-7f76-453a-919d-413861904646",
    "externalId": "okta|004211",
    "userName": "ann.lee@example.com",
    "name": {"givenName": "Ann", "familyName": "Lee", "formatted": "Ann Lee"},
    "displayName": "Ann Lee",
    "emails": [{"value": "ann.lee@example.com", "type": "work", "primary": True}],
    "active": True,
    "accessRole": ["7", "9"],
    "allowedSystems": [],
    "groups": [{"value": "g1"}, {"value": "g2"}],
    ENTERPRISE: {"department": "Sales", "manager": {"value": "b7"}},
    "meta": {"created": CREATED, "lastModified": "2025-03-12T09:30:00.123Z", "version": 'W/"3"', "lastLogin": None},
}


def read(**members: Any) -> User:
    """The user of a resource with an id and these members."""
    user = decode_scim_user({"id": "u1", **members})
    assert isinstance(user, User)
    return user


def test_a_whole_resource_is_read_and_written_back() -> None:
    user = decode_scim_user(WHOLE)
    assert user == User(
        WHOLE["id"], "ann.lee@example.com", "Ann", "Lee", UNKNOWN, "active", "okta|004211", 1710235800000,
        1741771800123, ("g1", "g2"), user.extra if isinstance(user, User) else {},
    )  # fmt: skip
    assert user.extra == {
        **{name: WHOLE[name] for name in ("schemas", "displayName", "emails", "accessRole", "allowedSystems")},
        ENTERPRISE: WHOLE[ENTERPRISE],
        "name": {"formatted": "Ann Lee"},
        "meta": {"version": 'W/"3"', "lastLogin": None},
    }
    assert encode_scim_user(user) == WHOLE
    assert list(encode_scim_user(user))[:5] == ["schemas", "id", "externalId", "userName", "name"]
    assert decode_user(encode_user(user)) == user


@pytest.mark.parametrize(
    ("members", "attribute", "value"),
    [
        ({}, "email", UNKNOWN),
        ({"userName": None}, "email", None),
        ({"userName": ""}, "email", ""),
        ({"userName": 7}, "email", UNKNOWN),
        ({"USERNAME": "a@b.c"}, "email", "a@b.c"),
        ({"username": "x@b.c", "userName": "a@b.c"}, "email", "a@b.c"),
        ({"emails": [{"value": "a@b.c"}]}, "email", "a@b.c"),
        ({"userName": "", "emails": [{"value": "x@b.c"}, {"Value": "a@b.c", "Primary": "True"}]}, "email", "a@b.c"),
        ({"emails": ["a@b.c"]}, "email", "a@b.c"),
        ({"emails": {"value": "a@b.c"}}, "email", UNKNOWN),
        ({"userName": "half \ud800"}, "email", "half \ufffd"),
        ({"active": True}, "status", "active"),
        ({"active": "True"}, "status", "active"),
        ({"active": "false"}, "status", "inactive"),
        ({"ACTIVE": False}, "status", "inactive"),
        ({"active": 0}, "status", "inactive"),
        ({"active": None}, "status", None),
        ({"active": "maybe"}, "status", UNKNOWN),
        ({"active": [True]}, "status", UNKNOWN),
        ({}, "status", UNKNOWN),
        ({"status": "pending"}, "status", UNKNOWN),
        ({"role": "Admin"}, "role", UNKNOWN),
        ({"name": {"GivenName": "Ann"}}, "first_name", "Ann"),
        ({"name": {"familyName": ""}}, "last_name", ""),
        ({"name": {"familyName": 5}}, "last_name", UNKNOWN),
        ({"name": None}, "first_name", None),
        ({"name": "Ann"}, "first_name", UNKNOWN),
        ({"externalId": 12}, "external_id", UNKNOWN),
        ({"EXTERNALID": "x"}, "external_id", "x"),
        ({"meta": {"created": CREATED}}, "created_at_ms", 1710235800000),
        ({"meta": {"Created": "2024-03-12T10:30:00.000001+01:00"}}, "created_at_ms", 1710235800000),
        ({"meta": {"created": "yesterday"}}, "created_at_ms", UNKNOWN),
        ({"meta": {"created": None}}, "created_at_ms", None),
        ({"meta": "x"}, "updated_at_ms", UNKNOWN),
        ({"createdAt": CREATED}, "created_at_ms", UNKNOWN),
        ({"groups": []}, "groups", ()),
        ({"groups": None}, "groups", None),
        ({}, "groups", UNKNOWN),
        ({"groups": [{"Value": "g1", "display": "Sales", "$ref": "…"}, "g2", 3]}, "groups", ("g1", "g2", "3")),
        ({"groups": [{"value": "g1"}, {"display": "Sales"}]}, "groups", UNKNOWN),
        ({"groups": {"value": "g1"}}, "groups", UNKNOWN),
        ({"groups": [{"value": ""}]}, "groups", UNKNOWN),
    ],
)
def test_attributes_are_read_in_every_form(members: dict[str, Any], attribute: str, value: object) -> None:
    user = read(**members)
    assert getattr(user, attribute) == value
    assert decode_scim_user(encode_scim_user(user)) == user
    assert decode_user(encode_user(user)) == user


@pytest.mark.parametrize(
    "change",
    [
        {"groups": [{"value": "g1", "since": 3}]},
        {"groups": [{"value": "\ud800"}]},
        {"externalId": None},
        {"userName": "half \ud800"},
        {"name": {"givenName": "half \udfff", "familyName": "é"}},
        {"meta": {"created": "2024-03-12T09:30:00.000Z", "lastModified": CREATED}},
        {"meta": {"created": "1969-12-31T23:59:59.999Z", "lastModified": "2024-02-30T09:30:00Z"}},
        {"role": "x", "scim:email": "y"},
    ],
)
def test_a_change_of_a_usual_resource_is_kept(change: dict[str, Any]) -> None:
    user = decode_scim_user(WHOLE | change)
    assert isinstance(user, User)
    assert encode_scim_user(user) == WHOLE | change
    assert decode_user(encode_user(user)) == user


@pytest.mark.parametrize(("raw_id", "user_id"), [(7, "7"), (-7, "-7"), ("7", "7"), ("a b", "a b")])
def test_a_whole_number_is_an_id(raw_id: object, user_id: str) -> None:
    user = decode_scim_user({"id": raw_id})
    assert isinstance(user, User)
    assert user.id == user_id
    assert encode_scim_user(user) == {"id": raw_id}


BAD_IDS: tuple[object, ...] = (None, "", True, 1.5, [], {}, "x" * 257, "\ud800")


@pytest.mark.parametrize("raw", [None, [], "text", 5, {}, *({"id": bad} for bad in BAD_IDS)])
def test_what_is_no_user_is_unreadable(raw: object) -> None:
    assert isinstance(decode_scim_user(raw), UnreadableRecord)


def test_a_whole_resource_replaces_the_attributes_that_it_does_not_have_any_more() -> None:
    before = decode_scim_user(WHOLE | {"active": "True"})
    after = decode_scim_user({name: value for name, value in WHOLE.items() if name not in {ENTERPRISE, "accessRole"}})
    entry = User(WHOLE["id"], extra={"displayName": "Ann"})  # of a list of members
    assert isinstance(before, User)
    assert isinstance(after, User)
    assert merged(before, after) == after
    assert merged(after, entry).extra == {**after.extra, "displayName": "Ann"}


def test_a_password_is_not_kept() -> None:
    for changes in ({"password": "x"}, {"PassWord": "x"}):
        user = decode_scim_user(WHOLE | changes)
        assert isinstance(user, User)
        assert encode_scim_user(user) == WHOLE


def test_a_shown_name_is_used_where_there_is_no_other() -> None:
    assert read(displayName="Ann L").full_name == "Ann L"
    assert read(displayName="Ann L", name={"givenName": "Ann"}).full_name == "Ann"
    assert read(displayName=5).full_name == ""
    # The mirror stores the name as UTF-8.
    assert read(displayName="\ud83d half").full_name == "\ufffd half"


def test_names_of_the_other_surface_are_kept_apart() -> None:
    raw = {"id": "u1", "email": "e", "role": "r", "firstName": 1, "scim:role": "s", "scim:scim:x": 0}
    user = decode_scim_user(raw)
    assert isinstance(user, User)
    assert user[1:10] == (UNKNOWN,) * 9
    assert encode_scim_user(user) == raw
    assert decode_user(encode_user(user)) == user


def test_a_changed_user_is_written_with_the_new_values() -> None:
    user = read(
        userName="\ud800", emails=[], active="True", name={"givenName": 5, "formatted": "x"}, externalId=4,
        groups=["g1", {"value": "g2", "since": 3}], meta={"created": "2024-03-12T09:30:00+00:00"},
    )  # fmt: skip
    changed = user._replace(
        email="n@b.c", status="inactive", first_name="Ann", external_id="x", groups=("g2", "g3"), created_at_ms=0
    )
    assert encode_scim_user(changed) == {
        "id": "u1", "userName": "n@b.c", "emails": [], "active": False, "externalId": "x",
        "name": {"givenName": "Ann", "formatted": "x"}, "groups": [{"value": "g2", "since": 3}, {"value": "g3"}],
        "meta": {"created": "1970-01-01T00:00:00Z"},
    }  # fmt: skip


def test_what_follows_from_a_change_is_no_other_change() -> None:
    before = read(userName="a@b.c", emails=[{"value": "a@b.c"}], name={"givenName": "A", "formatted": "A"}, title="x")
    after = read(
        userName="n@b.c", emails=[{"value": "n@b.c"}], name={"givenName": "N", "formatted": "N"}, title="y",
        meta={"version": "2"},
    )  # fmt: skip
    assert altered_names(before, after, ("email", "first_name")) == ("title",)
    assert set(altered_names(before, after, ())) == {"email", "emails", "firstName", "name", "title"}


@pytest.mark.parametrize(
    ("emails", "first"),
    [
        ([{"value": "a"}, {"value": "b", "primary": True}, {"value": "c", "primary": True}], "b"),
        ([{"value": ""}, {"type": "work"}, None, {"value": "c", "primary": "false"}], "c"),
        ([], None),
        ("a@b.c", None),
    ],
)
def test_the_primary_email_counts_else_the_first(emails: object, first: str | None) -> None:
    assert email_among(emails) == first


def test_an_email_is_replaced_and_the_rest_is_kept() -> None:
    emails = [{"VALUE": "a", "x": 1}, {"value": "b"}, "a", 5]
    assert primary_email_replaced(emails, "a", "n") == [{"VALUE": "n", "x": 1}, {"value": "b"}, "n", 5]
    assert primary_email_replaced(emails, "z", "n") is None
    assert primary_email_replaced(None, "a", "n") is None
    target: dict[str, Any] = {"USERNAME": "a"}
    set_member(target, "userName", "b")
    assert target == {"USERNAME": "b"}


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
times = st.sampled_from([CREATED, "2024-03-12T09:30:00.120Z", "2024-03-12T09:30:00+02:00", "0001-01-01T00:00:00Z", "x"])


def parts(*names: str, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), value, max_size=len(names))


NAMES = (
    "userName", "externalId", "active", "displayName", "emails", "groups", "name", "meta", "schemas", "status", "role",
    "email", "createdAt", "accessRole", "scim:role", "id ", "Title",
)  # fmt: skip
likely = {
    "name": parts("givenName", "familyName", "formatted", "givenname", value=values),
    "meta": parts("created", "lastModified", "version", "LASTMODIFIED", value=values | times),
    "groups": st.lists(parts("value", "display", "extra", value=st.text(max_size=4) | values) | values, max_size=3),
    "emails": st.lists(parts("value", "primary", "Value", value=values) | values, max_size=3),
    "active": st.booleans() | st.sampled_from(["True", "false", "FALSE", 0, 1]),
}
members = st.fixed_dictionaries({}, optional={name: likely.get(name, values) | values for name in NAMES})


def test_a_group_that_is_listed_twice_keeps_both_entries() -> None:
    groups = [{"value": "g1"}, {"value": "g1", "since": "2024"}]
    assert encode_scim_user(read(groups=groups))["groups"] == groups


@given(st.text(min_size=1, max_size=6) | st.integers(-5, 5), members, st.lists(st.sampled_from(NAMES), max_size=2))
def test_no_resource_loses_anything(user_id: str | int, raw: dict[str, Any], upper: list[str]) -> None:
    raw = {(name.upper() if name in upper else name): value for name, value in raw.items()} | {"id": user_id}
    user = decode_scim_user(raw)
    assert isinstance(user, User)
    encoded = encode_scim_user(user)
    assert decode_scim_user(encoded) == user
    assert decode_user(loads(dumps(encode_user(user)))) == user
    if "username" not in map(str.lower, raw) and user.email is not UNKNOWN:
        del encoded["userName"]  # it came from the emails
    assert _comparable(encoded) == _comparable(raw)


def _comparable(raw: dict[str, Any]) -> list[tuple[str, object]]:
    """The members with folded names and their values as text, in which 1 and true differ; without derived ones."""
    shown: list[tuple[str, object]] = []
    for name, value in raw.items():
        folded = name.lower()
        if folded in {"name", "meta"} and isinstance(value, dict):
            shown.append((folded, sorted((part.lower(), dumps(inner)) for part, inner in value.items())))
        elif folded == "groups" and isinstance(value, list):
            shown.append((folded, dumps([_without_derived(group) for group in value])))
        else:
            shown.append((folded, dumps(value)))
    return sorted(shown, key=str)


def _without_derived(group: object) -> object:
    return {name: value for name, value in group.items() if name != "display"} if isinstance(group, dict) else group
