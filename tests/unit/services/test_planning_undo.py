"""Undo: restores status and removed groups, and skips and reports later changes by others."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.executed_jobs import JOB_ID, condition, executed_job, job_of, without_reads
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import AccountBusy, ConfigurationError, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import Plan, PlanKind, StepState, numbered
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.users import UNKNOWN, Json, Status, User
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.ports import Session

GROUPS = tuple(Group(f"g{number}", f"Group {number}") for number in range(1, 6))
SALES, BETA, OTHER = GROUPS[0], GROUPS[1], GROUPS[4]
ZOE = person(1)._replace(email="zoe@example.com", status="active", groups=("g1", "g2"), external_id=None)
BO = person(2)._replace(email="bo@example.com", status="active", groups=("g2",), external_id=None)
ACCOUNT = Account("test", Environment.SANDBOX, Surface.REST, "https://walkme.test")


def account(*users: User) -> FakeDirectory:
    return FakeDirectory(users or (ZOE, BO), groups=GROUPS)


async def offboarded(session: Session, api: FakeDirectory, *emails: str) -> Job:
    plan = await Planner(session).offboard(emails or ["zoe@example.com"])
    return await executed_job(api, plan.with_ticket("INC-42"))


def receipt_of(job: Job) -> dict[str, Json]:
    """The receipt of a job's first user, as it is loaded from a file."""
    made = receipt(job, job.plan.subjects[0], ACCOUNT, NOON_MS, None)
    read: dict[str, Json] = json.loads(json.dumps(made))
    return read


async def from_job(planner: UndoPlanner, job: Job) -> Plan:
    return await planner.of_job(job)


async def from_receipt(planner: UndoPlanner, job: Job) -> Plan:
    return await planner.of_receipt(receipt_of(job))


Undo: TypeAlias = Callable[[UndoPlanner, Job], Awaitable[Plan]]
EITHER = pytest.mark.parametrize("undo", [from_job, from_receipt])


# ---------------------------------------------------------------- steps


@EITHER
async def test_an_undo_has_the_strict_inverses_in_reverse_order(undo: Undo) -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api)
        plan = await undo(UndoPlanner(session), job)
        assert [step.change for step in plan.steps] == [
            AddMember(ZOE.id, BETA),
            AddMember(ZOE.id, SALES),
            SetStatus(ZOE.id, "inactive", "active"),
        ]
        assert all(step.strict for step in plan.steps)
        assert (plan.kind, plan.undoes, plan.ticket, plan.left_out) == (PlanKind.UNDO, JOB_ID, "INC-42", ())
        assert plan.subjects[0].user == api.now(ZOE.id)
        await executed_job(api, plan)
        assert condition(api.now(ZOE.id)) == ("active", {"g1", "g2"})


async def test_several_users_are_restored_in_one_plan_and_an_undo_can_be_undone() -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api, "zoe@example.com", "bo@example.com")
        undone = await executed_job(api, await UndoPlanner(session).of_job(job))
        assert {user.id: condition(user) for user in (api.now(ZOE.id), api.now(BO.id))} == {
            ZOE.id: ("active", {"g1", "g2"}),
            BO.id: ("active", {"g2"}),
        }
        again = await UndoPlanner(session).of_job(undone)
        assert again.kind is PlanKind.UNDO
        await executed_job(api, again)
        assert (api.now(ZOE.id).status, api.now(ZOE.id).groups) == ("inactive", ())


async def test_only_executed_steps_with_an_effect_are_undone() -> None:
    api = account(ZOE._replace(status="inactive"))
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
        api.edit(ZOE.id, groups=("g2",))
        job = await executed_job(api, plan)
        assert [(record.state, record.changed) for record in job.steps] == [
            (StepState.DONE, False),
            (StepState.DONE, True),
        ]
        back = await UndoPlanner(session).of_job(job)
        assert [step.change for step in back.steps] == [AddMember(ZOE.id, BETA)]


async def test_leaving_and_joining_a_group_again_is_undone_step_by_step() -> None:
    api = account()
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
        there_and_back = numbered([RemoveMember(ZOE.id, SALES), AddMember(ZOE.id, SALES), RemoveMember(ZOE.id, BETA)])
        job = await executed_job(api, replace(plan, steps=there_and_back))
        back = await UndoPlanner(session).of_job(job)
        assert [step.change for step in back.steps] == [
            AddMember(ZOE.id, BETA),
            RemoveMember(ZOE.id, SALES),
            AddMember(ZOE.id, SALES),
        ]
        assert back.left_out == ()
        await executed_job(api, back)
    assert condition(api.now(ZOE.id)) == condition(ZOE)


@EITHER
async def test_an_undo_restores_the_value_before_the_step_and_not_that_of_the_plan(undo: Undo) -> None:
    api = account()
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
        api.edit(ZOE.id, status="pending")
        back = await undo(UndoPlanner(session), await executed_job(api, plan))
        assert back.steps[-1].change == SetStatus(ZOE.id, "inactive", "pending")
        said = [each.text for each in back.subjects[0].consequences if each.step == back.steps[-1].number]
        assert said == ["the server may refuse pending"]


# ---------------------------------------------------------------- changes by others


@EITHER
async def test_later_changes_by_others_are_kept_and_reported(undo: Undo) -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api)
        api.edit(ZOE.id, status="pending", groups=("g1", "g5"))
        plan = await undo(UndoPlanner(session), job)
    assert [step.change for step in plan.steps] == [AddMember(ZOE.id, BETA)]
    assert plan.left_out == (
        "zoe@example.com: the person was put into Group 1 since, so there is nothing to undo.",
        "zoe@example.com: the status is pending now, not inactive: it was changed since, so it stays.",
        "zoe@example.com: was put into Group 5 since, and stays there.",
    )


async def test_changes_by_others_outside_the_plan_are_reported() -> None:
    api = account(ZOE._replace(status="inactive"))
    async with open_session(api) as session:
        planner = Planner(session, keep_groups=["Group 1"])
        job = await executed_job(api, await planner.offboard(["zoe@example.com"]))
        api.edit(ZOE.id, status="active", groups=())
        plan = await UndoPlanner(session).of_job(job)
    assert [step.change for step in plan.steps] == [AddMember(ZOE.id, BETA)]
    assert plan.left_out == (
        "zoe@example.com: the status is active now, it was inactive: it was changed since, so it stays.",
        "zoe@example.com: was taken out of Group 1 since, and stays out.",
    )


@EITHER
async def test_what_a_later_job_of_this_journal_changed_is_not_attributed_to_others(undo: Undo) -> None:
    api = account()
    async with open_session(api) as session:
        planner = UndoPlanner(session)
        first = await executed_job(api, await Planner(session).set_status(ZOE.id, Status.INACTIVE))
        second = await offboarded(session, api)
        said = list((await undo(planner, first)).left_out)
        await executed_job(api, await undo(planner, second))
        said += (await undo(planner, second)).left_out
    assert said == [
        "zoe@example.com: was taken out of Group 1 since, and stays out.",
        "zoe@example.com: was taken out of Group 2 since, and stays out.",
        "zoe@example.com: the person was put into Group 2 since, so there is nothing to undo.",
        "zoe@example.com: the person was put into Group 1 since, so there is nothing to undo.",
    ]


@EITHER
async def test_a_deleted_user_is_reported_once(undo: Undo) -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api)
        api.remove(ZOE.id)
        plan = await undo(UndoPlanner(session), job)
    assert (plan.steps, plan.subjects) == ((), ())
    assert plan.left_out == ("zoe@example.com: there is no such user any more, so nothing is restored.",)


async def test_a_group_missing_in_the_list_is_restored_with_a_warning() -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api)
        api.groups.remove(SALES)
        plan = await UndoPlanner(session).of_job(job)
    numbers = {step.number for step in plan.steps if step.change == AddMember(ZOE.id, SALES)}
    warned = [each for each in plan.subjects[0].consequences if each.text == "not in the list of groups any more"]
    assert {each.step for each in warned} == numbers
    assert len(warned) == 1


# ---------------------------------------------------------------- impossible undos


@pytest.mark.parametrize("status", [None, UNKNOWN])
async def test_a_status_unknown_before_is_not_restored(status: object) -> None:
    api = account(ZOE._replace(status=status))  # type: ignore[arg-type]  # one of the two
    async with open_session(api) as session:
        plan = await UndoPlanner(session).of_job(await offboarded(session, api))
    assert not any(isinstance(step.change, SetStatus) for step in plan.steps)
    assert "zoe@example.com: the old status is unknown, so the status stays inactive." in plan.left_out


async def test_a_refused_pending_status_is_reported_when_the_undo_is_undone() -> None:
    api = account(ZOE._replace(status="pending"))
    async with open_session(api) as session:
        job = await offboarded(session, api)
        undone = await executed_job(api, await UndoPlanner(session).of_job(job))
        assert undone.steps[-1].state is StepState.NEEDS_REVIEW
        plan = await UndoPlanner(session).of_job(undone)
    assert all(isinstance(step.change, RemoveMember) for step in plan.steps)
    assert plan.left_out == (
        "zoe@example.com: it is not known whether “set status pending” happened, so it is not undone.",
    )


async def test_an_unfinished_job_is_undone_up_to_its_last_step_with_a_note() -> None:
    api = account()
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
        job = await executed_job(api, plan, upto=2)
        sent = replace(job.steps[2], state=StepState.SENT)
        back = await UndoPlanner(session).of_job(replace(job, steps=(*job.steps[:2], sent)))
    assert [step.change for step in back.steps] == [
        AddMember(ZOE.id, SALES),
        SetStatus(ZOE.id, "inactive", "active"),
    ]
    assert back.left_out == (
        f"The job {JOB_ID} is unfinished, 1 step is left: resume or discard the job first.",
        "zoe@example.com: it is not known whether “leave Group 2” happened, so it is not undone.",
    )


async def test_jobs_of_another_account_running_jobs_and_purged_jobs_are_refused() -> None:
    api = account()
    async with open_session(api) as session:
        planner = UndoPlanner(session)
        job = await offboarded(session, api)
        with pytest.raises(ConfigurationError, match="belongs to another account: profile acme") as raised:
            await planner.of_job(replace(job, plan=replace(job.plan, profile="acme")))
        assert "--profile acme" in raised.value.hint
        with pytest.raises(ConfigurationError, match="another account"):
            await planner.of_job(replace(job, plan=replace(job.plan, base_url="https://elsewhere.test")))
        with pytest.raises(ConfigurationError, match="was made through SCIM") as raised:
            await planner.of_job(replace(job, plan=replace(job.plan, surface=Surface.SCIM)))
        assert "--surface scim" in raised.value.hint
        with pytest.raises(AccountBusy):
            await planner.of_job(replace(job, state=JobState.RUNNING))
        with pytest.raises(ConfigurationError, match="purged"):
            await planner.of_job(replace(job, purged_at_ms=1))
        assert api.asked("get_user")[-1] == (ZOE.id,)


async def test_an_unreachable_server_makes_no_undo() -> None:
    api = account()
    async with open_session(api) as session:
        job = await offboarded(session, api)
        api.offline = Unreachable("Away.")
        with pytest.raises(Unreachable):
            await UndoPlanner(session).of_job(job)


# ---------------------------------------------------------------- receipts


async def test_a_receipt_of_the_same_address_under_another_profile_is_undone_with_a_warning() -> None:
    api = account()
    async with open_session(api) as session:
        made = receipt_of(await offboarded(session, api))
        assert isinstance(made["account"], dict)
        made["account"]["profile"] = "acme\x1b"
        plan = await UndoPlanner(session).of_receipt(made)
        assert len(plan.steps) == 3
        assert plan.profile == "test"
        said = plan.consequences[-1].text
        assert said == "The receipt was written under the profile acme␛: is it the same account?"
        del made["account"]["surface"]
        assert await UndoPlanner(session).of_receipt(made) == plan
        made["account"]["surface"] = "scim"
        with pytest.raises(ConfigurationError, match="The receipt was made through SCIM"):
            await UndoPlanner(session).of_receipt(made)
        made["account"] |= {"surface": "rest", "base_url": "https://elsewhere.test"}
        with pytest.raises(ConfigurationError, match="another account"):
            await UndoPlanner(session).of_receipt(made)


# ---------------------------------------------------------------- any account


IDS = [group.id for group in GROUPS]
MEMBERSHIPS = st.lists(st.sampled_from(IDS), unique=True).map(tuple)
STATUSES = st.sampled_from(["active", "inactive"])


@settings(max_examples=150)
@given(
    people=st.lists(st.tuples(STATUSES, MEMBERSHIPS), min_size=1, max_size=3),
    keep=st.sets(st.sampled_from([group.label for group in GROUPS]), max_size=2),
    touched=st.none() | st.tuples(STATUSES | st.just("pending"), MEMBERSHIPS),
    reads=st.booleans(),
    by_receipt=st.booleans(),
)
async def test_an_undo_restores_all_fields_except_reported_ones(
    people: list[tuple[str, tuple[str, ...]]],
    keep: set[str],
    touched: tuple[str, tuple[str, ...]] | None,
    reads: bool,
    by_receipt: bool,
) -> None:
    users = [person(index)._replace(status=status, groups=groups) for index, (status, groups) in enumerate(people)]
    api = account(*users)
    async with open_session(api) as session:
        planner = Planner(session, keep_groups=sorted(keep))
        job = await executed_job(api, await planner.offboard([user.id for user in users]))
        left = {user.id: api.now(user.id) for user in users}
        first = users[0].id
        if touched is not None:
            api.edit(first, status=touched[0], groups=touched[1])
        found = api.now(first)
        seen = job if reads else without_reads(job)
        plans = [await UndoPlanner(session).of_job(seen)]
        if by_receipt:
            receipts = [receipt(seen, subject, ACCOUNT, NOON_MS, None) for subject in seen.plan.subjects]
            plans = [await UndoPlanner(session).of_receipt(each) for each in receipts]
        for plan in plans:
            undone = await executed_job(api, plan)
            assert {record.state for record in undone.steps} <= {StepState.DONE}
        said = "\n".join(sentence for plan in plans for sentence in plan.left_out)

    for user in users[1:]:
        assert condition(api.now(user.id)) == condition(user)
    before, now = users[0], api.now(first)
    # Users without steps in the job have no consequences in the undo.
    named = said if job.records_of(first) else f"{[group.label for group in GROUPS]} the status is {now.status}"
    if found.status == left[first].status:
        assert now.status == before.status
    else:
        assert now.status == found.status
        assert f"the status is {now.status}" in named or f"the status was set to {now.status}" in named
    for group in GROUPS:
        was, then, meanwhile, is_now = (group.id in condition(user)[1] for user in (before, left[first], found, now))
        if then == meanwhile:
            assert is_now == was
        else:
            assert is_now == meanwhile
            assert group.label in named
    if touched is None:
        assert not said


@pytest.mark.parametrize("kind", [Status.INACTIVE, Status.ACTIVE])
async def test_a_change_of_status_is_undone(kind: Status) -> None:
    before = "active" if kind is Status.INACTIVE else "inactive"
    api = account(ZOE._replace(status=before))
    async with open_session(api) as session:
        job = await executed_job(api, await Planner(session).set_status(ZOE.id, kind))
        assert api.now(ZOE.id).status == kind
        await executed_job(api, await UndoPlanner(session).of_job(job))
    assert (api.now(ZOE.id).status, api.now(ZOE.id).groups) == (before, ZOE.groups)


async def test_a_job_without_executed_steps_has_nothing_to_undo() -> None:
    api = account()
    async with open_session(api) as session:
        job = job_of(await Planner(session).offboard(["zoe@example.com"]), state=JobState.DISCARDED)
        plan = await UndoPlanner(session).of_job(job)
    assert (plan.steps, plan.left_out) == ((), ())
