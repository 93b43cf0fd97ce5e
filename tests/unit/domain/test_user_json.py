"""Decoding and encoding of a user's JSON object."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.text import storable
from walkme_tui.domain.times import format_time_ms, parse_time_ms
from walkme_tui.domain.user_json import KNOWN_NAMES, altered_names, decode_user, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, UnreadableRecord, User

TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXT)
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=6
)
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(
        [
            "2024-03-12T09:30:00Z",
            "2024-03-12T09:30:00.5Z",
            "2024-03-12",
            "2024-03-12T09:30:00+14:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59.999999-14:00",
            "20240312T093000Z",
            "yesterday",
        ]
    ),
)
VALUES = st.one_of(JSON, TIMES, st.lists(st.text(max_size=5), max_size=4))
RECORD = st.dictionaries(st.one_of(st.sampled_from(sorted(KNOWN_NAMES)), TEXT), VALUES, max_size=10)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(RECORD, IDS)
@example({"createdAt": "0001-01-01T00:00:00+14:00"}, "a")
@example({"updatedAt": "9999-12-31T23:59:59-14:00"}, "a")
@example({"status": True, "groups": [1, "a"], "email": "\ud800"}, "a")
@example({"groups": ["", "\udfff"], "firstName": 0}, "a")
def test_a_decoded_user_is_encoded_as_it_was(raw: dict[str, Json], user_id: str) -> None:
    raw["id"] = user_id
    user = decode_user(raw)
    assert isinstance(user, User)
    # As text: 1, 1.0 and true are equal to Python and not to a server.
    assert json.dumps(encode_user(user), sort_keys=True) == json.dumps(raw, sort_keys=True)


@given(RECORD, IDS)
def test_an_absent_field_is_unknown_and_null_is_a_value(raw: dict[str, Json], user_id: str) -> None:
    raw["id"] = user_id
    user = decode_user(raw)
    assert isinstance(user, User)
    for name, attribute in (("email", user.email), ("status", user.status), ("groups", user.groups)):
        if name not in raw:
            assert attribute is UNKNOWN
        elif raw[name] is None:
            assert attribute is None


@given(JSON)
def test_any_json_is_decoded_or_unreadable(raw: Json) -> None:
    found = decode_user(raw)
    if isinstance(found, UnreadableRecord):
        assert found.reason
        assert len(found.reason) < 60
    else:
        assert isinstance(raw, dict)


@given(RECORD, IDS)
def test_decoded_text_can_always_be_encoded_as_utf_8(raw: dict[str, Json], user_id: str) -> None:
    raw["id"] = user_id
    user = decode_user(raw)
    assert isinstance(user, User)
    texts = [user.id, user.email, user.first_name, user.last_name, user.role, user.status, user.external_id]
    texts += list(user.groups) if isinstance(user.groups, tuple) else []
    for text in texts:
        if isinstance(text, str):
            text.encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "not an object but null"),
        ([], "not an object but a list"),
        ("x", "not an object but text"),
        (True, "not an object but true or false"),
        (1.5, "not an object but a number"),
        ({}, "has no id"),
        ({"id": None}, "has no id"),
        ({"id": 7}, "its id is a number, not text"),
        ({"id": ""}, "its id is empty"),
        ({"id": "x" * 257}, "its id is too long"),
        ({"id": "a\ud800"}, "its id holds half a character"),
    ],
)
def test_an_unreadable_record_has_a_reason(raw: object, reason: str) -> None:
    assert decode_user(raw) == UnreadableRecord(reason)


def test_the_documented_example_is_decoded() -> None:
    raw = {
        "id": "2819c223-7f76-453a-919d-413861904646",
        "email": "zoe.celik@example.com",
        "firstName": "Zoë",
        "lastName": None,
        "role": "Editor",
        "status": "active",
        "createdAt": "2024-03-12T09:30:00Z",
        "groups": ["g1", "g2"],
        "department": "North",
    }
    user = decode_user(raw)
    assert isinstance(user, User)
    assert user.email == "zoe.celik@example.com"
    assert user.last_name is None
    assert user.external_id is UNKNOWN
    assert user.updated_at_ms is UNKNOWN
    assert user.created_at_ms == 1_710_235_800_000
    assert user.groups == ("g1", "g2")
    assert user.extra == {"department": "North"}


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_encoded_times_are_decoded_to_the_same_time(milliseconds: int) -> None:
    text = format_time_ms(milliseconds)
    assert parse_time_ms(text) == milliseconds
    assert text.endswith("Z")


@given(st.one_of(TEXT, TIMES, JSON))
def test_decoded_times_can_be_encoded(value: object) -> None:
    milliseconds = parse_time_ms(value)
    if milliseconds is not None:
        assert parse_time_ms(format_time_ms(milliseconds)) == milliseconds


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time_ms("2024-03-12T09:30:00") == parse_time_ms("2024-03-12T09:30:00Z")
    assert parse_time_ms("2024-03-12T11:30:00+02:00") == parse_time_ms("2024-03-12T09:30:00Z")


@given(TEXT)
def test_lone_surrogates_are_replaced_and_other_text_is_kept(text: str) -> None:
    text = storable(text)
    text.encode()
    assert storable(text) == text


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("groups", ["a", "b"], ["b", "a"]),
        ("groups", [], None),
        ("updatedAt", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
        ("status", "active", "inactive"),
    ],
)
def test_equivalent_records_are_not_altered(name: str, before: Json, after: Json) -> None:
    one, other = decode_user({"id": "u", name: before}), decode_user({"id": "u", name: after})
    assert isinstance(one, User)
    assert isinstance(other, User)
    assert altered_names(one, other, ("status",)) == ()


@pytest.mark.parametrize(
    ("before", "after"), [("Viewer", "Editor"), (["a"], []), (["a"], None), (None, "x"), (False, None), (0, False)]
)
def test_different_records_are_altered(before: Json, after: Json) -> None:
    one, other = User("u", extra={"thing": before}), User("u", extra={"thing": after})
    assert altered_names(one, other, ("status",)) == ("thing",)
    assert altered_names(one, User("u"), ("status",)) == ()
