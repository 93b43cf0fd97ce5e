"""Plans with many steps: printing and drawing them takes linear time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.fake_directory import person
from walkme_tui.cli.output import plan_text
from walkme_tui.cli.plan_io import print_plan
from walkme_tui.cli.session_run import run_async
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plan_files import plan_to_json
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.plan_rows import PlanRow, PlanRows

COUNT = 60
MAX_ITERATIONS = 6


class CountedTuple(tuple[Any, ...]):  # noqa: SLOT001 - it counts
    """A tuple that counts its iterations."""

    iterations = 0

    def __iter__(self) -> Iterator[object]:
        type(self).iterations += 1
        return super().__iter__()


def one_person_in_many_groups() -> Plan:
    groups = tuple(Group(f"many-{number}", f"Group {number}") for number in range(COUNT))
    user = person(1)
    notes = (Consequence(Gravity.WARNING, "last member", None, number) for number in range(1, COUNT + 1))
    steps = numbered(RemoveMember(user.id, group) for group in groups)
    return Plan(
        PlanKind.OFFBOARD, "acme", "https://x", 0, (Subject(user, 0, groups, consequences=CountedTuple(notes)),), steps
    )


def many_people() -> Plan:
    people = [person(number) for number in range(COUNT)]
    steps = CountedTuple(numbered(RemoveMember(user.id, Group("g1", "Sales")) for user in people))
    return Plan(PlanKind.OFFBOARD, "acme", "https://x", 0, CountedTuple(Subject(user, 0) for user in people), steps)


def as_job(plan: Plan) -> Job:
    records = CountedTuple(StepRecord(step, StepState.TODO) for step in plan.steps)
    return Job("1", JobState.READY, plan, Actor("ada", "host", "id"), 0, records)


def in_the_browser(plan: Plan) -> list[PlanRow]:
    rows = PlanRows(PlanDraft(plan), 0, 80)
    rows.measure(1_000_000)
    return list(rows)


PRESENTATIONS: dict[str, Callable[[Plan], object]] = {
    "on the command line": plan_text.plan_lines,
    "in the browser": in_the_browser,
    "as the steps of a job": lambda plan: list(map(as_job(plan).records_of, [step.subject_id for step in plan.steps])),
}


def test_the_first_people_of_a_large_plan_are_printed_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_text, "MAX_LISTED", 5)
    lines = plan_text.plan_lines(replace(many_people(), left_out=tuple(map(str, range(7)))))
    assert [line for line in lines if "@example.com" in line] == [
        line for line in lines if any(f"person{number:05}@" in line for number in range(5))
    ]
    assert f"And {COUNT - 5} more people. --json prints all of them." in lines
    assert lines[-4:] == ["  - 4", "  And 2 more.", "", f"{COUNT} steps, each one call: {COUNT} leave."]


def test_the_json_of_a_plan_is_printed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr("sys.stdout", SimpleNamespace(write=written.append, writelines=written.extend, flush=lambda: 0))
    plan = many_people()
    print_plan(plan, json=True)
    assert json.loads("".join(written)) == {"plan": plan_to_json(plan)}
    assert max(map(len, written)) < 1_000


@pytest.mark.parametrize("make", [one_person_in_many_groups, many_people])
@pytest.mark.parametrize("shown", PRESENTATIONS)
def test_no_sequence_of_a_plan_is_iterated_once_per_step(make: Callable[[], Plan], shown: str) -> None:
    plan = make()
    CountedTuple.iterations = 0
    assert PRESENTATIONS[shown](plan)
    assert CountedTuple.iterations <= MAX_ITERATIONS


def test_no_repr_is_made_of_what_was_read() -> None:
    made = []

    class Read:
        """A job of many people, whose repr takes seconds and hundreds of megabytes."""

        def __repr__(self) -> str:
            made.append(self)
            return "Read"

    async def work() -> Read:
        return Read()

    run_async(work())
    assert not made
