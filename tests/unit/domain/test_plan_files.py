"""Plans as JSON: loading restores the stored plan, and an invalid file is refused with the place of the error."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import person
from tests.support.plan_strategies import plans
from walkme_tui.domain import plan_files
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.json_text import dumps, loads
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_json, plan_from_text, plan_to_json
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, Subject, numbered
from walkme_tui.domain.users import UNKNOWN

ZOE = person(1)
SALES = Group("g1", "Sales")
PLAN = Plan(
    PlanKind.OFFBOARD,
    "acme",
    "https://api.walkme.com",
    1_795_437_822_702,
    (Subject(ZOE, 1_795_437_822_000, (SALES,), frozenset({"g9"}), (Consequence(Gravity.WARNING, "last member"),)),),
    numbered([SetStatus(ZOE.id, "active", "inactive"), RemoveMember(ZOE.id, SALES)]),
    ticket="HR-17",
)


@given(plans())
def test_a_plan_is_loaded_as_it_was_stored(plan: Plan) -> None:
    text = "".join(plan_file_parts(plan))
    assert text.isascii()
    assert plan_from_text(text) == plan


@given(plans())
def test_unknown_null_and_empty_are_distinguished(plan: Plan) -> None:
    again = plan_from_json(loads(dumps(plan_to_json(plan))))
    for before, after in zip(plan.subjects, again.subjects, strict=True):
        assert repr(after.user) == repr(before.user)


def test_the_text_of_a_plan_is_readable_json() -> None:
    data = plan_to_json(PLAN)
    assert data["format"] == 1
    assert data["kind"] == "offboard"
    assert data["created_at"] == "2026-11-23T12:43:42.702Z"
    assert data["steps"] == [
        {"number": 1, "call": "set status", "user": ZOE.id, "before": "active", "after": "inactive", "strict": False},
        {
            "number": 2,
            "call": "remove member",
            "user": ZOE.id,
            "group": {"id": "g1", "name": "Sales"},
            "strict": False,
        },
    ]


def test_each_user_and_each_step_is_a_line_of_the_file() -> None:
    text = "".join(plan_file_parts(EDITS))
    lines = text.splitlines()
    assert [json.loads(line.rstrip(",")) for line in lines if line.startswith("    {")] == [
        *json.loads(text)["subjects"],
        *json.loads(text)["steps"],
    ]


def test_a_plan_that_is_too_large_for_a_file_is_refused_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_files, "MAX_BYTES", 2 << 20)
    many = replace(PLAN, left_out=("x" * 1000,) * 1000)
    assert "".join(plan_file_parts(many))
    with pytest.raises(ConfigurationError, match="larger than a plan file may be: 2 MB, for 2 steps"):
        "".join(plan_file_parts(replace(many, left_out=many.left_out * 3)))


EDITS = Plan(
    PlanKind.CREATE,
    "acme",
    "https://api.walkme.com",
    1_795_437_822_000,
    (Subject(CreateUser.of("Ann@example.com", {}).new_user(), 0), Subject(ZOE, 0)),
    numbered(
        [
            CreateUser.of("Ann@example.com", {"role": "Editor"}),
            AddMember("ann@example.com", Group("g1", "Sales")),
            UpdateUser(ZOE.id, (FieldChange("first_name", UNKNOWN, None), FieldChange("role", "Viewer", "Admin"))),
            DeleteUser(ZOE.id),
        ]
    ),
)


def test_the_steps_of_a_plan_file_name_fields_as_the_api_does() -> None:
    data: Any = plan_to_json(EDITS)
    assert plan_from_json(data) == EDITS
    assert [step | {"strict": None} for step in data["steps"]] == [
        {
            "number": 1,
            "call": "create user",
            "user": "ann@example.com",
            "email": "Ann@example.com",
            "values": {"role": "Editor"},
            "strict": None,
        },
        {
            "number": 2,
            "call": "add member",
            "user": "ann@example.com",
            "group": {"id": "g1", "name": "Sales"},
            "strict": None,
        },
        {
            "number": 3,
            "call": "update user",
            "user": ZOE.id,
            "fields": [
                {"name": "firstName", "after": None},
                {"name": "role", "before": "Viewer", "after": "Admin"},
            ],
            "strict": None,
        },
        {"number": 4, "call": "delete user", "user": ZOE.id, "strict": None},
    ]


def test_optional_fields_of_a_plan_file_have_defaults() -> None:
    data: Any = plan_to_json(PLAN)
    for name in ("ticket", "undoes", "left_out", "surface"):
        del data[name]
    for name in ("kept", "consequences", "groups"):
        del data["subjects"][0][name]
    del data["steps"][0]["strict"]
    plan = plan_from_json(data)
    assert (plan.ticket, plan.surface) == ("", Surface.REST)
    assert plan.steps == PLAN.steps
    assert plan.subjects[0].user == ZOE


Damage = Callable[[Any], None]


def _set(*path: str | int, to: object) -> Damage:
    def damage(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = to

    return damage


def _drop(*path: str | int) -> Damage:
    def damage(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        del data[path[-1]]

    return damage


SECOND_CREATION = {
    "number": 2,
    "call": "create user",
    "user": "ann@example.com",
    "email": "ann@example.com",
    "values": {},
}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_set("steps", 0, "user", to=ZOE.id), "steps[0].user is not the email of the new user, in lower case"),
        (_set("steps", 1, to=SECOND_CREATION), "steps[1] creates a user that an earlier step changes"),
        (_set("steps", 0, "email", to=""), "steps[0].email is empty"),
        (_set("steps", 0, "values", to=[]), "steps[0].values is not an object"),
        (_set("steps", 0, "values", to={"status": "active"}), "steps[0].values.status is not a field"),
        (_set("steps", 0, "values", to={"role": ""}), "steps[0].values.role is empty"),
        (_set("steps", 2, "fields", to=[]), "steps[2].fields is empty"),
        (_set("steps", 2, "fields", 1, "name", to="firstName"), "steps[2].fields names the same field twice"),
        (_set("steps", 2, "fields", 0, "name", to="groups"), "steps[2].fields[0].name is not one of: email, firstName"),
        (_set("steps", 2, "fields", 0, "after", to=7), "steps[2].fields[0].after is not text"),
        (_drop("steps", 2, "fields", 0, "after"), "steps[2].fields[0].after is missing"),
        (_set("steps", 3, "email", to="x"), "steps[3].email is not a field that this version knows"),
    ],
)
def test_an_invalid_edit_is_refused_with_the_place_of_the_error(damage: Damage, message: str) -> None:
    data = json.loads("".join(plan_file_parts(EDITS)))
    damage(data)
    with pytest.raises(ConfigurationError) as caught:
        plan_from_json(data)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_drop("format"), "format is missing"),
        (_set("format", to=True), "format is not 1"),
        (_set("format", to=2), "newer version of this program (format 2)"),
        (_drop("kind"), "kind is missing"),
        (_set("kind", to="erase"), "kind is not one of: offboard, deactivate, reactivate, undo"),
        (_set("base_url", to=7), "base_url is not text"),
        (_set("created_at", to=1795437822702), "created_at is not a time such as"),
        (_set("surprise", to=1), "surprise is not a field that this version knows"),
        (_set("subjects", to={}), "subjects is not a list"),
        (_set("subjects", 0, "user", to=[]), "subjects[0].user is no user: not an object"),
        (_set("subjects", 0, "user", to={"email": "a@b.c"}), "subjects[0].user is no user: has no id"),
        (_set("subjects", 0, "groups", 0, "id", to=""), "subjects[0].groups[0].id is empty"),
        (_set("subjects", 0, "groups", 0, "id", to="\ud800"), "subjects[0].groups[0].id holds half a character"),
        (_set("subjects", 0, "consequences", 0, "gravity", to="dire"), "gravity is not one of: note, warning"),
        (_set("subjects", 0, "consequences", 0, "step", to=0), "consequences[0].step is not a whole number from 1"),
        (
            _set("steps", 0, "call", to="erase user"),
            "steps[0].call is not one of: create user, update user",
        ),
        (_set("steps", 0, "after", to=""), "steps[0].after is empty"),
        (_set("steps", 0, "group", to={"id": "g"}), "steps[0].group is not a field"),
        (_drop("steps", 1, "group"), "steps[1].group is missing"),
        (_set("steps", 1, "strict", to=1), "steps[1].strict is neither true nor false"),
        (_set("steps", 1, "number", to=3), "steps[1].number is not 2"),
        (_set("steps", 1, "number", to=True), "steps[1].number is not a whole number"),
        (_set("steps", 1, "user", to="somebody else"), "steps[1].user is in none of the subjects"),
        (_set("steps", 1, to="remove"), "steps[1] is not an object"),
    ],
)
def test_an_invalid_file_is_refused_with_the_place_of_the_error(damage: Damage, message: str) -> None:
    data = json.loads("".join(plan_file_parts(PLAN)))
    damage(data)
    with pytest.raises(ConfigurationError) as caught:
        plan_from_json(data)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"user": "u1", "outcome": "unchanged"}, "source.rows[0] has a user and an outcome, too"),
        ({}, "source.rows[0] has neither a user nor an outcome"),
        ({"outcome": "created"}, "source.rows[0].outcome is not one of: unchanged, skipped, failed"),
    ],
)
def test_a_row_says_nothing_else_than_its_steps(row: dict[str, str], message: str) -> None:
    data: Any = plan_to_json(PLAN)
    row = {name: PLAN.subjects[0].id if name == "user" else value for name, value in row.items()}
    data["source"] = {"file": "people.csv", "columns": [], "rows": [{"line": 2, "on_conflict": "skip", **row}]}
    with pytest.raises(ConfigurationError) as caught:
        plan_from_json(data)
    assert message in caught.value.message


def test_a_user_may_not_be_described_twice() -> None:
    data: Any = plan_to_json(PLAN)
    data["subjects"] *= 2
    with pytest.raises(ConfigurationError, match="describes the same person twice"):
        plan_from_json(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is not JSON"),
        ('{"format": 1,\n"kind"', "line 2 is not JSON"),
        ("[]", "it is not an object"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"format": ' + "9" * 5000 + "}", "format is not 1"),
    ],
)
def test_text_that_is_no_plan_is_refused_with_a_message(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plan_from_text(text)


@given(plans(), st.data())
def test_a_damaged_file_is_loaded_or_refused_with_a_message(plan: Plan, choices: st.DataObject) -> None:
    """Any change of one value leads to a plan or to a ``ConfigurationError``; nothing else is raised."""
    data: Any = json.loads("".join(plan_file_parts(plan)))
    place = data
    while isinstance(place, (dict, list)) and place:
        key = choices.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or choices.draw(st.booleans()):
            place[key] = choices.draw(st.sampled_from([None, True, -1, "", "x", [], {}, 1.5, [[]]]))
            break
        place = inner
    with suppress(ConfigurationError):
        read = plan_from_json(data)
        assert plan_from_json(plan_to_json(read)) == read
