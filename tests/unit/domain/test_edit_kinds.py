"""Edits, creations and deletions of users as values, and how the edits of two people merge."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import person
from tests.support.plan_strategies import creations, users
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser, same_value
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.edits import EDITABLE, changed_by_others, merge_edit
from walkme_tui.domain.errors import EditConflict
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, User

ZOE = person(5)
# Few values, so that two people often choose the same one; none of them is equal to another for a server.
VALUES = st.sampled_from(["a", "b", "c", "", None])
EDITS = st.dictionaries(st.sampled_from(EDITABLE), VALUES, min_size=1)


@st.composite
def records(draw: st.DrawFn) -> User:
    """A record of one user, in which some fields may be unknown."""
    values: dict[str, Any] = {attribute: draw(VALUES | st.just(UNKNOWN)) for attribute in EDITABLE}
    return User("u1", **values)


def edit_of(user: User, values: dict[str, Any]) -> UpdateUser:
    """The edit of a user that was planned for this very record."""
    return UpdateUser(user.id, tuple(FieldChange(name, getattr(user, name), after) for name, after in values.items()))


@given(records(), EDITS)
def test_an_edit_holds_once_it_is_applied_and_changes_nothing_else(user: User, values: dict[str, Any]) -> None:
    change = edit_of(user, values)
    after = change.apply(user)
    assert change.holds(after) is True
    assert change.as_planned(user) is True
    assert all(getattr(after, name) == getattr(user, name) for name in EDITABLE if name not in values)
    assert set(change.attributes) == set(values)


@given(records(), EDITS)
def test_the_inverses_of_an_edit_restore_the_known_values(user: User, values: dict[str, Any]) -> None:
    after = edit_of(user, values).apply(user)
    restored = after
    for inverse in edit_of(user, values).inverses(user, after):
        assert inverse.as_planned(restored) is not False
        restored = inverse.apply(restored)
    for name in values:
        old = getattr(user, name)
        assert getattr(restored, name) == (getattr(after, name) if old is UNKNOWN else old)


@given(records(), records(), EDITS, st.sets(st.sampled_from(EDITABLE)))
def test_a_merge_overwrites_no_third_value_that_was_not_allowed(
    base: User, now: User, values: dict[str, Any], overwrite: set[str]
) -> None:
    def third(name: str) -> bool:
        seen, theirs = getattr(base, name), getattr(now, name)
        different = not same_value(theirs, values[name]) and not same_value(seen, theirs)
        return UNKNOWN not in (seen, theirs) and different

    expected = {name for name in values if third(name)} - overwrite
    if expected:
        with pytest.raises(EditConflict) as caught:
            merge_edit(base, now, values, overwrite)
        assert {(each.attribute, each.mine) for each in caught.value.conflicts} == {
            (name, values[name]) for name in expected
        }
        return
    changes = merge_edit(base, now, values, overwrite)
    after = UpdateUser(now.id, changes).apply(now)
    for name in EDITABLE:
        wished = values.get(name, getattr(now, name))
        assert getattr(after, name) == wished or same_value(getattr(after, name), wished)
    assert not {change.attribute for change in changes} & set(changed_by_others(base, now, values))


@given(records(), EDITS)
def test_an_edit_to_the_present_values_has_no_changes(base: User, values: dict[str, Any]) -> None:
    now = base._replace(**values)
    assert merge_edit(base, now, values, EDITABLE) == ()
    assert merge_edit(now, now, dict(values)) == ()


@given(creations(), users())
def test_a_new_user_holds_the_values_of_the_creation(change: CreateUser, other: User) -> None:
    assert change.holds(change.new_user()) is True
    assert change.holds(change.apply(other)) is True
    assert change.subject_id == new_user_key(change.email)
    (inverse,) = change.inverses(after=change.apply(other))
    assert inverse == SetStatus(other.id, "pending", "inactive")


def test_a_creation_cannot_be_undone_by_a_deletion_and_needs_no_undo_where_it_is_inactive() -> None:
    create = CreateUser.of("a@example.com", {})
    assert create.inverses() == ()
    assert create.inverses(after=ZOE._replace(status="inactive")) == ()


def test_a_deletion_restores_what_is_known() -> None:
    delete = DeleteUser(ZOE.id)
    lean = User(ZOE.id, "a@example.com", groups=("g1", "g1"))
    assert delete.inverses(lean) == (
        CreateUser("a@example.com", "a@example.com"),
        AddMember("a@example.com", Group("g1", None)),
    )
    assert delete.inverses(User(ZOE.id)) == ()
    assert delete.inverses() == ()


def test_anonymous_changes_have_no_personal_values() -> None:
    email, first, last, external = personal = ("§1", "§2", "§3", "§4")
    values: dict[str, Any] = {"first_name": first, "last_name": last, "external_id": external, "role": "Editor"}
    changes: list[Any] = [
        CreateUser.of(email, values),
        edit_of(ZOE._replace(email="x"), {**values, "email": email}),
        edit_of(ZOE._replace(email=email, **values), dict.fromkeys(values)),
        DeleteUser(email),
    ]
    for change in changes:
        left = change.anonymous("person-1", lambda group_id: group_id)
        assert left.subject_id == "person-1"
        dumped = json.dumps(left.to_json(), ensure_ascii=False)
        assert not any(text in dumped for text in personal)
        read = CHANGE_KINDS[change.kind].target_in_json(left.to_json(), str)
        assert isinstance(read, str)


@pytest.mark.parametrize("email", ["Ann@Example.com", "ANN@EXAMPLE.COM"])
def test_the_key_of_a_new_user_is_the_folded_email(email: str) -> None:
    assert new_user_key(email) == "ann@example.com"
    assert len(new_user_key("x" * 5_000)) <= 256
