"""Plans as JSON: nothing is lost on the way, and a bad file is told where it is bad."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import person
from tests.support.plan_strategies import plans
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plan_files import plan_from_json, plan_from_text, plan_to_json, plan_to_text
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, Subject, numbered

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
def test_a_plan_survives_the_way_to_text_and_back(plan: Plan) -> None:
    text = plan_to_text(plan)
    assert text.isascii()
    assert plan_from_text(text) == plan


@given(plans())
def test_unknown_null_and_empty_stay_apart(plan: Plan) -> None:
    again = plan_from_json(json.loads(json.dumps(plan_to_json(plan))))
    for before, after in zip(plan.subjects, again.subjects, strict=True):
        assert repr(after.user) == repr(before.user)


def test_a_plan_reads_well() -> None:
    told = plan_to_json(PLAN)
    assert told["format"] == 1
    assert told["kind"] == "offboard"
    assert told["created_at"] == "2026-11-23T12:43:42.702Z"
    assert told["steps"] == [
        {"number": 1, "call": "set status", "user": ZOE.id, "before": "active", "after": "inactive", "strict": False},
        {
            "number": 2,
            "call": "remove member",
            "user": ZOE.id,
            "group": {"id": "g1", "name": "Sales"},
            "strict": False,
        },
    ]


def test_what_may_be_left_out_of_a_file() -> None:
    told: Any = plan_to_json(PLAN)
    for name in ("ticket", "undoes", "left_out"):
        del told[name]
    for name in ("kept", "consequences", "groups"):
        del told["subjects"][0][name]
    del told["steps"][0]["strict"]
    plan = plan_from_json(told)
    assert plan.ticket == ""
    assert plan.steps == PLAN.steps
    assert plan.subjects[0].user == ZOE


Spoil = Callable[[Any], None]


def _set(*path: str | int, to: object) -> Spoil:
    def spoil(told: Any) -> None:
        for part in path[:-1]:
            told = told[part]
        told[path[-1]] = to

    return spoil


def _drop(*path: str | int) -> Spoil:
    def spoil(told: Any) -> None:
        for part in path[:-1]:
            told = told[part]
        del told[path[-1]]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
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
        (_set("steps", 0, "call", to="delete user"), "steps[0].call is not one of: set status, remove member"),
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
def test_a_bad_file_is_told_where_it_is_bad(spoil: Spoil, said: str) -> None:
    told = json.loads(plan_to_text(PLAN))
    spoil(told)
    with pytest.raises(ConfigurationError) as caught:
        plan_from_json(told)
    assert said in caught.value.message
    assert caught.value.hint


def test_the_same_person_is_described_once() -> None:
    told: Any = plan_to_json(PLAN)
    told["subjects"] *= 2
    with pytest.raises(ConfigurationError, match="describes the same person twice"):
        plan_from_json(told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 is not JSON"),
        ('{"format": 1,\n"kind"', "line 2 is not JSON"),
        ("[]", "it is not an object"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"format": ' + "9" * 5000 + "}", "not JSON that can be read"),
    ],
)
def test_what_is_no_plan_at_all_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        plan_from_text(text)


@given(plans(), st.data())
def test_no_damage_to_a_file_ends_otherwise_than_in_words(plan: Plan, data: st.DataObject) -> None:
    """Whatever is done to one place of a plan, it is read as a plan or refused; nothing else is raised."""
    told: Any = json.loads(plan_to_text(plan))
    place = told
    while isinstance(place, (dict, list)) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(st.sampled_from([None, True, -1, "", "x", [], {}, 1.5, [[]]]))
            break
        place = inner
    with suppress(ConfigurationError):
        read = plan_from_json(told)
        assert plan_from_json(plan_to_json(read)) == read
