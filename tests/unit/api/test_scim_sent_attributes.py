"""What a missing name or external id of a SCIM user means."""

from typing import Any

import pytest

from walkme_tui.api.scim.sent_attributes import SentAttributes
from walkme_tui.domain.scim_json import decode_scim_user
from walkme_tui.domain.user_json import USER_SCHEMA
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

RESOURCE = {"schemas": [USER_SCHEMA], "meta": {"created": "2026-01-01T00:00:00Z"}, "active": True}
NAMES = {"name": {"givenName": "Ann", "familyName": "Berg"}}


def user(**attributes: Any) -> User:
    decoded = decode_scim_user({"id": "1", "userName": "ann@example.com", **attributes})
    assert isinstance(decoded, User)
    return decoded


def optional(row: User | UnreadableRecord) -> tuple[Any, ...]:
    assert isinstance(row, User)
    return row.first_name, row.last_name, row.external_id


def test_a_whole_resource_has_no_value_where_the_attribute_is_missing() -> None:
    assert optional(SentAttributes().completed(user(**RESOURCE))) == (None, None, None)
    assert optional(SentAttributes().completed(user(**RESOURCE, name={"givenName": "Ann"}))) == ("Ann", None, None)


@pytest.mark.parametrize("lacking", ["schemas", "meta"])
def test_of_another_record_a_missing_attribute_is_unknown_until_it_was_sent(lacking: str) -> None:
    sent, part = SentAttributes(), user(**{name: value for name, value in RESOURCE.items() if name != lacking})
    assert optional(sent.completed(part)) == (UNKNOWN, UNKNOWN, UNKNOWN)
    sent.note([user(externalId="x"), UnreadableRecord("odd")])
    assert optional(sent.completed(part)) == (UNKNOWN, UNKNOWN, None)
    sent.completed(user(**NAMES))
    assert optional(sent.completed(part)) == (None, None, None)


def test_a_list_without_names_does_not_say_that_users_have_none() -> None:
    sent = SentAttributes()
    rows = sent.completed_rows((user(**RESOURCE), UnreadableRecord("odd")))
    assert optional(rows[0]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert rows[1] == UnreadableRecord("odd")


def test_in_a_list_with_names_missing_values_are_known() -> None:
    sent = SentAttributes()
    rows = sent.completed_rows((user(**RESOURCE), user(**RESOURCE, **NAMES), user(**NAMES)))
    assert [optional(row) for row in rows] == [
        (None, None, UNKNOWN),
        ("Ann", "Berg", None),
        ("Ann", "Berg", UNKNOWN),
    ]
