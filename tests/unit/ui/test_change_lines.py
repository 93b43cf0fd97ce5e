"""Steps as lines: a review shows every value of an edit whole, and the hidden characters in it."""

from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.users import User
from walkme_tui.ui.change_words import target_lines
from walkme_tui.ui.widgets.job_report import people_lines

LONG_EMAIL = f"{'long.' * 12}name@subdomain.example.com"
EDIT = UpdateUser("u1", (FieldChange("first_name", "Ann", "A\x1b[31mnn"), FieldChange("email", "a@b.c", LONG_EMAIL)))


def test_the_values_of_an_edit_are_wrapped_and_not_cut() -> None:
    lines = target_lines(EDIT, 30)
    assert all(len(line) <= 30 for line in lines)
    assert "".join(lines).replace(" ", "") == f"firstnameAnn->A␛[31mnn;emaila@b.c->{LONG_EMAIL}"


def test_the_name_of_a_group_is_one_line() -> None:
    assert target_lines(AddMember("u1", Group("g1", "A group with a long name")), 12) == ["A group wit…"]


def test_a_job_report_shows_every_value_of_an_edit() -> None:
    plan = Plan(PlanKind.EDIT, "test", "https://walkme.test", 0, (Subject(User("u1"), 0),), numbered([EDIT]))
    steps = (StepRecord(plan.steps[0], StepState.FAILED, "refused"),)
    job = Job("j1", JobState.DONE, plan, Actor("ada", "host", "client"), 0, steps)
    shown = "".join(text for line in people_lines(job, 60) for text, _ in line)
    assert LONG_EMAIL in shown.replace(" ", "")
    assert "\x1b" not in shown
