"""Records are loaded from the mirror as the API sent them."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkme_tui.domain.user_json import ATTRIBUTES, decode_user, encode_user
from walkme_tui.domain.users import Json, User, UserPage
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.store.mirror.rows import id_from_stored, stored_id, uuid_range

# Characters of every kind, with lone surrogates and NUL: JSON can contain all of them.
TEXT = st.text(st.characters(), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
UUIDS = st.uuids().map(str)
RECORDS: st.SearchStrategy[dict[str, Json]] = st.builds(
    lambda known, other: other | known,
    st.fixed_dictionaries(
        {"id": UUIDS | UUIDS.map(str.upper) | TEXT.filter(bool)},
        optional={name: VALUES | TEXT | TIMES | st.lists(TEXT, max_size=3) for name in ATTRIBUTES},
    ),
    st.dictionaries(TEXT, VALUES, max_size=3),
)


async def stored_and_read(user: User) -> dict[str, Json]:
    mirror = open_mirror(None, account_key="account")
    try:
        await mirror.save_page(UserPage(1, 1, (user,), 1), 1000)
        listed = (await mirror.positions(0, 0))[0]
        looked_up = await mirror.user(user.id)
        assert looked_up == listed
        assert looked_up is not None
        return encode_user(looked_up.user)
    finally:
        await mirror.aclose()


@settings(max_examples=150, deadline=None)
@given(raw=RECORDS)
def test_any_readable_record_is_loaded_as_it_was_stored(raw: dict[str, Json]) -> None:
    user = decode_user(json.loads(json.dumps(raw)))
    if isinstance(user, User):
        assert json.dumps(asyncio.run(stored_and_read(user)), sort_keys=True) == json.dumps(raw, sort_keys=True)


@pytest.mark.parametrize(
    "raw",
    [
        {"id": "u", "firstName": "n" * 4000, "lastName": "\N{COMBINING ACUTE ACCENT}" * 4000},
        {"id": "u", "email": "a\0b@example.com", "role": "\0", "groups": ["\0", "a,b", "a,b"]},
        {"id": "u", "seat": 2**200, "half": "\ud83d", "\udcff": [1e308, -0.0, True, 1]},
        {"id": "u", "email": "\ud800", "groups": ["\ud800"], "createdAt": "yesterday"},
        {"id": "u", "email": None, "groups": None, "createdAt": None},
        {"id": "u", "groups": []},
        {"id": "u", "createdAt": "0001-01-01T00:00:00Z", "updatedAt": "9999-12-31T23:59:59.999Z"},
    ],
    ids=["long", "nul", "numbers", "halves", "null", "empty", "times"],
)
async def test_odd_records_are_loaded_as_they_were_stored(raw: dict[str, Json]) -> None:
    user = decode_user(raw)
    assert isinstance(user, User)
    assert json.dumps(await stored_and_read(user), sort_keys=True) == json.dumps(raw, sort_keys=True)


@given(user_id=UUIDS | UUIDS.map(str.upper) | st.text(st.characters(codec="utf-8")))
def test_ids_are_loaded_as_they_were_stored(user_id: str) -> None:
    assert id_from_stored(stored_id(user_id)) == user_id


@given(user_id=UUIDS, other=UUIDS, length=st.integers(0, 36))
def test_the_range_of_a_beginning_contains_exactly_the_ids_that_begin_so(user_id: str, other: str, length: int) -> None:
    word = user_id[:length]
    ends = uuid_range(word)
    if length < 4:
        assert ends is None
        return
    assert ends is not None
    for candidate in (user_id, other, word + other[length:]):
        stored = stored_id(candidate)
        assert isinstance(stored, bytes)
        assert (ends[0] <= stored <= ends[1]) == candidate.startswith(word)


@pytest.mark.parametrize("word", ["2819-", "2819c2237", "zoe1", "----", "2819c223-7f76-453a-919d-4138619046460"])
def test_a_word_that_no_uuid_begins_with_has_no_range(word: str) -> None:
    assert uuid_range(word) is None


async def test_a_change_between_values_that_python_compares_as_equal_is_stored() -> None:
    mirror = open_mirror(None, account_key="account")
    for value in (1, True, 1.0):
        saved = await mirror.save_user(User("u", extra={"seat": value}), 1000)
        assert saved == await mirror.user("u")
        assert repr((await mirror.rows([saved.row_id]))[saved.row_id].user.extra) == repr({"seat": value})
    await mirror.aclose()


async def test_a_page_requested_before_a_look_up_does_not_overwrite_it() -> None:
    mirror = open_mirror(None, account_key="account")
    await mirror.save_user(User("u", status="inactive", groups=()), 5000)
    listed = User("u", role="Viewer", status="active", groups=("sales",))
    await mirror.save_page(UserPage(1, 10, (listed,), 1), 4000)
    held = await mirror.user("u")
    assert held is not None
    assert held.user == User("u", role="Viewer", status="inactive", groups=())
    assert held.fetched_at_ms == 5000
    await mirror.save_page(UserPage(1, 10, (listed,), 1), 6000)
    held = await mirror.user("u")
    assert held is not None
    assert held.user == listed
    await mirror.aclose()


async def test_a_clock_that_was_set_back_does_not_hide_new_answers() -> None:
    mirror = open_mirror(None, account_key="account")
    await mirror.save_user(User("u", status="active"), 10_000_000)
    await mirror.save_page(UserPage(1, 10, (User("u", status="inactive"),), 1), 5_000_000)
    held = await mirror.user("u")
    assert held is not None
    assert held.user.status == "inactive"
    await mirror.aclose()


async def test_many_users_are_read_by_id_at_once_and_unknown_ids_are_missing() -> None:
    users = tuple(User(f"u{number}", f"u{number}@example.com") for number in range(450))
    mirror = open_mirror(None, account_key="account")
    try:
        await mirror.save_page(UserPage(1, 1000, users, len(users)), 1000)
        found = await mirror.users([*(user.id for user in reversed(users)), "unknown", "u1"])
    finally:
        await mirror.aclose()
    assert {user_id: each.user for user_id, each in found.items()} == {user.id: user for user in users}
