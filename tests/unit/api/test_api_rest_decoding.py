"""Decoding of REST answers to domain objects."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.answers import ApiAnswer, BrokenJson
from walkme_tui.api.record_answers import LARGEST_TOTAL
from walkme_tui.api.rest.decoding import decode_groups, decode_matches, decode_one, decode_page
from walkme_tui.domain import json_text
from walkme_tui.domain.errors import LookUpIgnored, UnexpectedAnswer
from walkme_tui.domain.groups import Group
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UnreadableRecord, User


def json_answer(value: Any) -> ApiAnswer:
    """An answer with this JSON value."""
    return raw_answer(json.dumps(value).encode())


def raw_answer(body: bytes, content_type: str = "application/json; charset=utf-8") -> ApiAnswer:
    """An answer with these bytes."""
    return ApiAnswer(200, {"content-type": content_type}, body, "api.example.com")


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": f"u{number}", "email": f"u{number}@example.com"} for number in range(count)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["users", "groups", "total", "page", "id", "email", "name", "x"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@given(json_values | st.fixed_dictionaries({"users": st.lists(json_values), "groups": st.lists(json_values)}))
def test_any_json_is_decoded_or_raises_unexpected_answer(value: Any) -> None:
    answer = json_answer(value)
    results: list[object] = []
    for decode in (
        lambda: decode_page(answer, 2, 3).rows,
        lambda: decode_groups(answer)[0],
        lambda: (decode_matches(answer, "a@b.example"),),
        lambda: (decode_one(answer, "u1"),),
    ):
        with suppress(UnexpectedAnswer, LookUpIgnored):
            results.extend(decode())
    assert all(isinstance(result, User | UnreadableRecord | Group | None) for result in results)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_raise_unexpected_answer(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        decode_page(raw_answer(b"\x00" + body), 1, 10)


@given(st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=5), max_size=5))
def test_a_decoded_user_keeps_every_field(extras: list[dict[str, Any]]) -> None:
    sent = [{**extra, "id": f"u{number}"} for number, extra in enumerate(extras)]
    page = decode_page(json_answer({"users": sent, "total": len(sent), "page": 1}), 1, 10)
    back = [encode_user(row) for row in page.rows if isinstance(row, User)]
    assert json_text.dumps(back, sort_keys=True) == json.dumps(
        json.loads(json.dumps(sent), parse_constant=str), sort_keys=True
    )


def test_a_documented_page_is_decoded() -> None:
    page = decode_page(json_answer({"users": rows(2), "total": 250, "page": 125}), 125, 2)
    assert [row.id for row in page.rows if isinstance(row, User)] == ["u0", "u1"]
    assert (page.total, page.first_position, page.warnings) == (250, 248, ())


def test_a_malformed_record_does_not_affect_other_rows() -> None:
    page = decode_page(
        json_answer({"users": [{"id": "a"}, 7, {"email": "x"}, {"id": "b"}], "total": 4, "page": 1}), 1, 10
    )
    assert [type(row) for row in page.rows] == [User, UnreadableRecord, UnreadableRecord, User]
    assert page.warnings == ()


@pytest.mark.parametrize("total", [-1, "250", None, True, 2.5, [], {}, LARGEST_TOTAL + 1, float("nan"), float("inf")])
def test_an_impossible_total_is_unknown_and_reported(total: Any) -> None:
    page = decode_page(json_answer({"users": rows(2), "total": total, "page": 1}), 1, 2)
    assert page.total is None
    assert len(page.warnings) == 1


def test_a_missing_total_is_unknown_and_reported() -> None:
    page = decode_page(json_answer({"users": rows(2), "page": 1}), 1, 2)
    assert (page.total, len(page.warnings)) == (None, 1)


def test_a_total_before_an_empty_page_is_accepted() -> None:
    page = decode_page(json_answer({"users": [], "total": 3, "page": 9}), 9, 100)
    assert (page.total, page.warnings) == (3, ())


@pytest.mark.parametrize("echo", [2, "1", None, -1, 10**30, True])
def test_a_wrong_page_number_is_reported(echo: Any) -> None:
    page = decode_page(json_answer({"users": rows(1), "total": 1, "page": echo}), 1, 10)
    assert len(page.warnings) == 1
    assert "page 1 was requested" in page.warnings[0]


@pytest.mark.parametrize(("total", "asked"), [(9, 3), (3, 100), (900, 100)])
def test_all_sent_rows_are_returned_despite_page_size_and_total(total: int, asked: int) -> None:
    page = decode_page(json_answer({"users": rows(5), "total": total, "page": 1}), 1, asked)
    assert (len(page.rows), page.total, page.page_size, page.warnings) == (5, total, asked, ())


def test_repeated_rows_within_a_page_are_reported() -> None:
    page = decode_page(json_answer({"users": [*rows(2), *rows(1)], "total": 3, "page": 1}), 1, 10)
    assert len(page.rows) == 3
    assert page.warnings == ("1 user is repeated within a page.",)


@pytest.mark.parametrize("value", [{}, {"users": None}, {"users": {}}, [], "users", None, {"error": "quota"}])
def test_an_answer_without_a_list_is_unexpected(value: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match='without a list of "users"') as caught:
        decode_page(json_answer(value), 1, 10)
    if isinstance(value, dict) and "error" in value:
        assert "quota" in caught.value.message


@pytest.mark.parametrize("body", [b"", b"  \n", b"\x00\x00", b"{", b"{'users': []}", b"[" * 200_000, b"\xff\xfe"])
def test_invalid_json_may_be_retried(body: bytes) -> None:
    with pytest.raises(BrokenJson):
        decode_page(raw_answer(body), 1, 10)


def test_a_web_page_is_reported_with_type_and_title() -> None:
    page = b"<html><title>Zscaler &mdash; please sign in</title></html>"
    with pytest.raises(UnexpectedAnswer, match=r"a web page \(text/html, “Zscaler — please sign in”\)") as caught:
        decode_page(raw_answer(page, "text/html"), 1, 10)
    assert "base_url" in caught.value.hint
    assert not isinstance(caught.value, BrokenJson)


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode_page(raw_answer(b'\xef\xbb\xbf{"users": [], "total": 0, "page": 1}'), 1, 10).warnings == ()


def test_invalid_utf8_loses_only_the_invalid_characters() -> None:
    page = decode_page(raw_answer(b'{"users": [{"id": "a", "firstName": "Zo\xeb"}], "total": 1, "page": 1}'), 1, 10)
    assert page.rows[0] == User(id="a", first_name="Zo\ufffd")
    assert page.warnings == ("Some text in the answer was not valid UTF-8.",)


def test_only_the_exact_email_is_a_match() -> None:
    sent = [{"id": "1", "email": "ann@example.com.au"}, {"id": "2"}, 5, {"id": "3", "email": "ANN@example.com"}]
    answer = json_answer({"users": sent})
    found = decode_matches(answer, "ann@example.com")
    assert found is not None
    assert found.id == "3"
    assert decode_matches(json_answer({"users": []}), "ann@example.com") is None
    assert (
        decode_matches(json_answer({"users": sent[:1], "total": 1}), "ann@example.com") is None
    )  # the server searched for a substring


def test_rows_of_other_emails_do_not_prove_that_a_user_is_missing() -> None:
    others = [{"id": "1", "email": "bob@example.com"}, {"id": "2", "email": "ann@example.com"}]
    found = decode_matches(json_answer({"users": others, "total": 250}), "ann@example.com")
    assert found is not None
    assert found.id == "2"
    for ignored in (
        {"users": others, "total": 2},
        {"users": [], "total": 250},
        {"users": [{"id": "1"}]},
        {"users": [5]},
    ):
        with pytest.raises(LookUpIgnored):
            decode_matches(json_answer(ignored), "carl@example.com")


def test_emails_match_in_any_unicode_form() -> None:
    sent = [{"id": "1", "email": "Zo\u0065\u0308@example.com"}]
    for typed in ("zo\u00eb@example.com", "zo\u0065\u0308@example.com", "ZO\u00cb@EXAMPLE.COM"):
        found = decode_matches(json_answer({"users": sent}), typed)
        assert found is not None
        assert found.id == "1"


def test_an_answer_with_one_letter_for_two_is_about_the_email_and_another_person() -> None:
    sent = [{"id": "1", "email": "wei\u00df@example.com"}]
    assert decode_matches(json_answer({"users": sent}), "weiss@example.com") is None


def test_a_match_in_the_same_case_is_preferred() -> None:
    answer = json_answer({"users": [{"id": "1", "email": "ANN@x.example"}, {"id": "2", "email": "ann@x.example"}]})
    found = decode_matches(answer, "ann@x.example")
    assert found is not None
    assert found.id == "2"


def test_a_user_with_another_id_is_unexpected() -> None:
    assert decode_one(json_answer({"id": "U1"}), "u1") == User(id="U1")
    with pytest.raises(UnexpectedAnswer, match="another user"):
        decode_one(json_answer({"id": "u2"}), "u1")
    with pytest.raises(UnexpectedAnswer, match="has no id"):
        decode_one(json_answer({"users": []}), "u1")


def test_groups_that_cannot_be_read_are_left_out_and_counted() -> None:
    sent = [{"id": "1", "name": "Sales"}, {"id": 2}, "x", {"id": "1"}, {"id": "3", "name": None}, {"id": "\ud800"}]
    groups, warnings = decode_groups(json_answer({"groups": sent, "total": 70}))
    assert groups == (Group("1", "Sales"), Group("3", None))
    assert warnings == (
        "3 of 6 groups cannot be read and are left out.",
        "1 of 6 groups are repeated in the list.",
        "The server sent 6 of 70 groups.",
    )
