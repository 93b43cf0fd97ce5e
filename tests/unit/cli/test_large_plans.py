"""Plans about many people, or one person in many groups: what is looked through for each step must not be all of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.fake_directory import person
from walkme_tui.cli.output import plan_text
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.plan_list import PlanRow, PlanRows

COUNT = 60
MOST_LOOKS = 6


class Counted(tuple[Any, ...]):  # noqa: SLOT001 - it counts
    """A tuple that knows how often it was looked through."""

    looks = 0

    def __iter__(self) -> Iterator[object]:
        type(self).looks += 1
        return super().__iter__()


def one_person_in_many_groups() -> Plan:
    groups = tuple(Group(f"many-{number}", f"Group {number}") for number in range(COUNT))
    user = person(1)
    notes = (Consequence(Gravity.WARNING, "last member", None, number) for number in range(1, COUNT + 1))
    steps = numbered(RemoveMember(user.id, group) for group in groups)
    return Plan(
        PlanKind.OFFBOARD, "acme", "https://x", 0, (Subject(user, 0, groups, consequences=Counted(notes)),), steps
    )


def many_people() -> Plan:
    people = [person(number) for number in range(COUNT)]
    steps = Counted(numbered(RemoveMember(user.id, Group("g1", "Sales")) for user in people))
    return Plan(PlanKind.OFFBOARD, "acme", "https://x", 0, Counted(Subject(user, 0) for user in people), steps)


def as_job(plan: Plan) -> Job:
    records = Counted(StepRecord(step, StepState.TODO) for step in plan.steps)
    return Job("1", JobState.READY, plan, Actor("ada", "host", "id"), 0, records)


def in_the_browser(plan: Plan) -> list[PlanRow]:
    rows = PlanRows(PlanDraft(plan), 0, 80)
    rows.measure(1_000_000)
    return list(rows)


SHOWN: dict[str, Callable[[Plan], object]] = {
    "on the command line": plan_text.plan_lines,
    "in the browser": in_the_browser,
    "as the steps of a job": lambda plan: list(map(as_job(plan).records_of, [step.user_id for step in plan.steps])),
}


@pytest.mark.parametrize("make", [one_person_in_many_groups, many_people])
@pytest.mark.parametrize("shown", SHOWN)
def test_nothing_is_looked_through_once_for_each_step(make: Callable[[], Plan], shown: str) -> None:
    plan = make()
    Counted.looks = 0
    assert SHOWN[shown](plan)
    assert Counted.looks <= MOST_LOOKS
