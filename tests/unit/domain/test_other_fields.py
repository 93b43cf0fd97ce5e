"""What is shown of the fields that the program has no name for."""

from walkme_tui.domain.other_fields import other_fields
from walkme_tui.domain.scim_json import decode_scim_user
from walkme_tui.domain.user_json import USER_SCHEMA, decode_user
from walkme_tui.domain.users import User

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def scim_user(**fields: object) -> User:
    user = decode_scim_user({"schemas": [USER_SCHEMA], "id": "1", "userName": "a@b.example", **fields})
    assert isinstance(user, User)
    return user


def test_extensions_and_meta_are_shown_member_by_member() -> None:
    user = scim_user(
        accessRole=["3", "4"],
        meta={"resourceType": "User", "version": 'W/"1"', "location": "https://x", "lastLogin": "2026-01-01T00:00:00Z"},
        **{ENTERPRISE: {"department": "North", "manager": {"value": "7", "$ref": "../7", "displayName": "Bo"}}},
    )
    assert other_fields(user) == {
        "accessRole": ["3", "4"],
        "lastLogin": "2026-01-01T00:00:00Z",
        "department": "North",
        "manager": "Bo",
    }


def test_what_is_shown_anyway_is_left_out() -> None:
    name = {"givenName": "Zoë", "familyName": "Çelik", "formatted": "Zoë Çelik", "middleName": "M."}
    user = scim_user(name=name, displayName="Zoë Çelik", emails=[{"value": "a@b.example", "type": "work"}])
    assert other_fields(user) == {"middleName": "M."}


def test_what_differs_is_shown() -> None:
    emails = [{"value": "a@b.example"}, {"value": "other@b.example"}]
    user = scim_user(displayName="Zoë", name={"givenName": "Zoë", "familyName": "Çelik"}, emails=emails)
    assert other_fields(user) == {"displayName": "Zoë", "emails": emails}


def test_members_of_two_extensions_with_one_name_are_both_shown() -> None:
    user = scim_user(**{"urn:a": {"level": 1}, "urn:b": {"level": 2}, "role": "x"})
    assert other_fields(user) == {"level": 1, "urn:b:level": 2, "role": "x"}


def test_a_time_that_was_read_is_not_shown_again() -> None:
    user = decode_user({"id": "1", "createdAt": "2026-01-01T00:00:00+02:00", "updatedAt": "yesterday", "x": None})
    assert isinstance(user, User)
    assert other_fields(user) == {"x": None, "updatedAt": "yesterday"}
