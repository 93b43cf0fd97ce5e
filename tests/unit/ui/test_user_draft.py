"""The draft of a user: what was edited, and what a save would send."""

from random import Random

import pytest

from tests.support.odd_people import OddPeople
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.ui.user_draft import EDITED_FIELDS, MAX_SHOWN, UserDraft

ANN = User("u1", "ann@example.com", "Ann", "Lee", "Editor", "active", "okta|1", extra={"seat": 4})


def test_untouched_drafts_of_10_000_hostile_records_send_nothing() -> None:
    people = OddPeople(Random(10), many_roles=True)
    for number in range(10_000):
        draft = UserDraft.of(people.user(number))
        for name in EDITED_FIELDS:
            # What a widget reports that only shows the value.
            draft = draft.with_text(name, draft.shown(name)).with_value(name, draft.raw(name))
        assert not draft.values
        assert not draft.is_changed
        assert draft.error is None


def test_only_edited_fields_are_sent() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss").with_value("status", "inactive")
    assert draft.values == {"last_name": "Moss", "status": "inactive"}


def test_a_field_typed_back_is_not_sent() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss").with_text("last_name", "Lee")
    assert not draft.is_changed


def test_an_emptied_field_is_cleared() -> None:
    assert UserDraft.of(ANN).with_text("external_id", "").values == {"external_id": None}


@pytest.mark.parametrize("value", [None, "", UNKNOWN])
def test_an_empty_value_that_stays_empty_is_not_sent(value: str | None) -> None:
    draft = UserDraft.of(ANN._replace(last_name=value)).with_text("last_name", "x").with_text("last_name", "")
    assert not draft.is_changed


@pytest.mark.parametrize(
    "raw", ["Zo\u200be", "\x1b[31mZoe", "Jose\u0301", "\u202eeoZ", "x" * (MAX_SHOWN + 1), "a\u00a0b"]
)
def test_a_value_that_is_shown_otherwise_is_replaced_whole(raw: str) -> None:
    draft = UserDraft.of(ANN._replace(first_name=raw))
    assert not draft.is_literal("first_name")
    assert draft.raw("first_name") == raw
    shown = draft.shown("first_name")
    assert not draft.with_text("first_name", shown).is_changed
    assert draft.with_text("first_name", "Z").with_text("first_name", shown).values == {"first_name": shown}


def test_a_hidden_role_that_is_chosen_again_is_sent_raw() -> None:
    draft = UserDraft.of(ANN).with_value("role", "Edi\u200btor")
    assert draft.values == {"role": "Edi\u200btor"}


def test_a_newer_record_replaces_what_was_not_edited() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss")
    newer = draft.reread(ANN._replace(first_name="Anna", extra={"seat": 5}))
    assert newer.shown("first_name") == "Anna"
    assert newer.values == {"last_name": "Moss"}
    assert newer.base is not None
    assert newer.base.extra == {"seat": 5}


def test_a_newer_record_keeps_the_base_of_an_edited_field() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss").reread(ANN._replace(last_name="Hall"))
    assert draft.before("last_name") == "Lee"
    assert draft.by_others("last_name") == "Hall"
    assert draft.by_others("first_name") is UNKNOWN
    assert draft.restored("last_name").shown("last_name") == "Hall"


def test_others_who_made_the_same_edit_are_not_named() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss").reread(ANN._replace(last_name="Moss"))
    assert draft.by_others("last_name") is UNKNOWN


def test_a_refusal_stays_until_its_field_is_edited() -> None:
    draft = UserDraft.of(ANN).with_text("email", "a@b").refused({"email": "too short", "role": "unknown"})
    assert draft.with_text("email", "a@b.c").refusals == {"role": "unknown"}
    assert draft.with_value("role", "Viewer").refusals == {"email": "too short"}


def test_a_new_user_needs_an_email() -> None:
    assert UserDraft().error is not None
    draft = UserDraft().with_text("email", "ann@example.com").with_text("first_name", "Ann")
    assert draft.error is None
    assert draft.values == {"email": "ann@example.com", "first_name": "Ann"}
    assert "status" not in draft.fields


def test_an_edit_becomes_a_new_user_without_its_status() -> None:
    draft = UserDraft.of(ANN).with_text("last_name", "Moss").with_value("status", "inactive").as_new()
    assert draft.base is None
    assert draft.values == {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Moss",
        "role": "Editor",
        "external_id": "okta|1",
    }


def test_a_new_user_becomes_an_edit_of_an_existing_one() -> None:
    draft = (
        UserDraft().with_text("email", "ann@example.com").with_text("last_name", "Moss").with_text("first_name", "Ann")
    )
    assert draft.overwriting(ANN).values == {"last_name": "Moss"}
