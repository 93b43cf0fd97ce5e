"""Receipts as JSON: their fields, and that an undo reads the same from them as from the journal."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.executed_jobs import SETTLED_MS, job_of
from tests.support.journals import plan_for
from tests.support.plan_strategies import group_records, plans, users
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.jobs import Job, JobState, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.receipts import read_receipt, receipt
from walkme_tui.domain.users import UNKNOWN, User

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")
KYIV = timezone(timedelta(hours=2))


def written(job: Job, number: int = 0) -> dict[str, Any]:
    """A receipt as it is loaded from its file."""
    data = receipt(job, job.plan.all_subjects[number], ACCOUNT, SETTLED_MS, KYIV)
    read: dict[str, Any] = json.loads(json.dumps(data))
    return read


def offboarding() -> Job:
    plan = plan_for(2, 3)
    looks = {subject.user.id: subject.user for subject in plan.subjects}
    records = []
    for step in plan.steps:
        before = looks[step.subject_id]
        after = before._replace(status="inactive") if step.number in {1, 4} else before._replace(groups=())
        records.append(StepRecord(step, StepState.DONE, "Verified.", True, 1, 1000, 2000, before, after))
        looks[step.subject_id] = after
    return job_of(plan, records)


def test_a_receipt_has_operator_account_times_and_undo_commands() -> None:
    job = offboarding()
    data = written(job)
    assert data["format"] == 1
    assert (data["job"], data["kind"], data["state"], data["ticket"]) == (job.id, "offboard", "done", "HR-17")
    assert data["operator"] == {"os_user": "ada", "host": "jump-host", "client_id": "client-7"}
    assert data["account"] == {
        "profile": "acme",
        "base_url": "https://api.walkme.com",
        "surface": "rest",
        "environment": "production",
    }
    assert data["settled_at"] == {"utc": "2027-01-15T08:01:00Z", "local": "2027-01-15T10:01:00+02:00"}
    assert data["person"]["email"] == "person00002@example.com"
    assert data["before"] == {
        "status": "active",
        "groups": [{"id": "g1", "name": "Gruppe Ø1"}],
    }
    assert data["after"] == {"status": "inactive", "groups": []}
    assert [(step["call"], step["state"], step["detail"]) for step in data["steps"]] == [
        ("set status", "done", "Verified."),
        ("remove member", "done", "Verified."),
        ("remove member", "done", "Verified."),
    ]
    assert (data["undo"], data["undo_people"]) == (f"walkme-tui undo {job.id}", 2)
    assert data["warning"] == ""
    assert "person00003" not in json.dumps(data)


def test_before_is_the_user_at_the_first_step_and_after_the_last_read_user() -> None:
    job = offboarding()
    before = job.plan.subjects[0].user._replace(status="pending", groups=("g2", "g9"))
    records = (replace(job.steps[0], before=before, after=None, state=StepState.FAILED, changed=False), *job.steps[1:])
    data = written(replace(job, steps=records[:1]))
    assert data["before"]["status"] == data["after"]["status"] == "pending"
    assert data["after"]["groups"] == [{"id": "g2", "name": "Gruppe Ø2"}, {"id": "g9", "name": None}]


def test_unknown_values_are_absent() -> None:
    plan = plan_for(1)
    unknown = plan.subjects[0].user._replace(status=UNKNOWN, groups=UNKNOWN)
    job = job_of(replace(plan, subjects=(replace(plan.subjects[0], user=unknown),)), state=JobState.INTERRUPTED)
    data = written(job)
    assert (data["before"], data["after"], data["settled_at"]) == ({}, {}, None)


@pytest.mark.parametrize(("state", "expected"), [(JobState.RUNNING, "interrupted"), (JobState.DISCARDED, "discarded")])
def test_a_running_job_is_stored_as_interrupted(state: JobState, expected: str) -> None:
    assert written(replace(offboarding(), state=state))["state"] == expected


def same(one: Record | None, other: Record | None) -> bool:
    """True if both are equal for an undo; receipts have no members."""
    if isinstance(one, GroupRecord) and isinstance(other, GroupRecord):
        return one.group == other.group
    if not isinstance(one, User) or not isinstance(other, User):
        return one is other
    return (one.id, one.status, one.groups) == (other.id, other.status, other.groups)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    plan = draw(plans())
    records = []
    for step in plan.steps:
        ids = st.just(step.subject_id)
        looks: st.SearchStrategy[Record | None] = st.none() | (
            group_records(ids) if step.change.about_group else users(ids)
        )
        state = draw(st.sampled_from(StepState))
        records.append(StepRecord(step, state, "", draw(st.booleans()), before=draw(looks), after=draw(looks)))
    return job_of(plan, records)


@given(jobs())
def test_an_undo_reads_the_same_from_receipts_as_from_the_journal(job: Job) -> None:
    for number, subject in enumerate(job.plan.all_subjects):
        read = read_receipt(written(job, number))
        records = job.records_of(subject.id)
        assert (read.job_id, read.profile, read.base_url) == (job.id, job.plan.profile, job.plan.base_url)
        assert [(each.step.number, each.step.change, each.state, each.changed) for each in read.steps] == [
            (each.step.number, each.step.change, each.state, each.changed) for each in records
        ]
        for each, record in zip(read.steps, records, strict=True):
            assert same(each.before, record.before)
            assert same(each.after, record.after)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("format",), 2, "people is not a list"),
        (("format",), 3, "format is neither 1 nor 2"),
        (("format",), True, "format is neither 1 nor 2"),
        (("account",), None, "account is not an object"),
        (("account", "base_url"), 7, "account.base_url is not text"),
        (("person",), {}, "person is no user: has no id"),
        (("steps",), {}, "steps is not a list"),
        (("steps", 1), 7, r"steps\[1\] is not an object"),
        (("steps", 1, "call"), "drop tables", r"steps\[1\].call is not one of"),
        (("steps", 1, "state"), "odd", r"steps\[1\].state is not one of"),
        (("steps", 1, "state"), [], r"steps\[1\].state is not one of"),
        (("steps", 1, "changed"), 1, r"steps\[1\].changed is neither"),
        (("steps", 0, "met"), [], r"steps\[0\].met is not an object"),
        (("before",), None, "before is not an object"),
        (("job",), None, "job is not text"),
    ],
)
def test_an_invalid_receipt_is_refused_with_the_reason(path: tuple[str | int, ...], value: object, said: str) -> None:
    data: Any = written(offboarding())
    place = data
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ConfigurationError, match=f"The receipt cannot be used: {said}"):
        read_receipt(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_any_json_is_loaded_as_a_receipt_or_refused(choices: st.DataObject) -> None:
    data: Any = written(offboarding())
    place, key = data, choices.draw(st.sampled_from(sorted(data)))
    while isinstance(place[key], dict | list) and place[key] and choices.draw(st.booleans()):
        place = place[key]
        key = choices.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = choices.draw(JSON)
    with suppress(ConfigurationError):
        read = read_receipt(data)
        assert {record.step.subject_id for record in read.steps} <= set(read.subjects)


def test_groups_are_stored_with_their_names() -> None:
    assert Group("g1", "Gruppe Ø1") in read_receipt(written(offboarding())).groups


def test_an_identity_provider_is_warned_about_but_no_other_external_id() -> None:
    job = offboarding()
    for external_id, said in (("okta|004211", "okta|004211: an identity provider owns this record"), ("4211", "")):
        subject = job.plan.subjects[0]
        owned = replace(subject, user=subject.user._replace(external_id=external_id))
        data = written(replace(job, plan=replace(job.plan, subjects=(owned, *job.plan.subjects[1:]))))
        assert data["warning"].startswith(said)
        assert bool(data["warning"]) is bool(said)
