"""Creating, renaming and deleting groups: planned, executed, read back and undone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.executor_bench import ACTIVE, GROUPS, ExecutorBench, account, open_executor, outcomes_of
from tests.support.fake_directory import FakeDirectory
from tests.support.journals import ACTOR
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.errors import (
    ApiError,
    ChangedMeanwhile,
    ConfigurationError,
    Conflict,
    NotFound,
    RequestRejected,
    Unreachable,
)
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.jobs import Job, JobState, Outcome, OutcomeReason
from walkme_tui.domain.plans import Gravity, Plan, PlanKind, StepState
from walkme_tui.domain.receipt_text import receipt_markdown
from walkme_tui.domain.receipts import receipt
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.group_planner import GroupPlanner
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.recheck import rechecked
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.events import GroupsStored

SALES, SUPPORT, BETA = GROUPS


class ProcessEnds(Exception):
    """Stands for the end of the process."""


EXISTS = "a group with the name EMEA exists already"


@asynccontextmanager
async def bench(api: FakeDirectory, folder: Path) -> AsyncIterator[ExecutorBench]:
    """An executor on the SCIM surface."""
    async with open_executor(api, folder, surface=Surface.SCIM) as desk:
        yield desk


def fake() -> FakeDirectory:
    """An account in which no user is in Beta."""
    api = account()
    for user in list(api.users):
        api.edit(user.id, groups=tuple(group for group in user.groups if group != "g3"))  # type: ignore[union-attr]
    return api


def names(api: FakeDirectory) -> list[str | None]:
    """The names of all groups."""
    return [group.name for group in api.groups]


def members(api: FakeDirectory, group: Group) -> tuple[str, ...]:
    """The ids of the members of a group."""
    return tuple(user.id for user in api.users if group.id in user.groups)  # type: ignore[union-attr,operator]


async def created(desk: ExecutorBench) -> Job:
    """The job that creates EMEA."""
    return await desk.run(await GroupPlanner(desk.session).create("EMEA"))


# ---------------------------------------------------------------- planning


async def test_the_plan_of_a_creation_warns_of_nearly_the_same_name(tmp_path: Path) -> None:
    async with bench(fake(), tmp_path) as desk:
        plan = await GroupPlanner(desk.session).create("  sales ")
        assert [step.change for step in plan.steps] == [CreateGroup("sales", "sales")]
        assert (plan.kind, plan.surface) == (PlanKind.CREATE_GROUP, Surface.SCIM)
        (subject,) = plan.groups
        assert (subject.group, subject.members) == (Group("sales", "sales"), 0)
        warnings = [each.text for each in subject.consequences if each.gravity is Gravity.WARNING]
        assert warnings == ["There is a group with nearly the same name: Sales (id g1)."]


async def test_a_name_in_use_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        for plan in (planner.create("Sales"), planner.rename(SUPPORT, "Sales")):
            with pytest.raises(Conflict, match="A group with the name Sales exists already: the group g1"):
                await plan
    assert not api.writes


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\ud800", "x" * 10_001])
async def test_a_name_that_cannot_be_sent_is_refused(tmp_path: Path, name: str) -> None:
    async with bench(fake(), tmp_path) as desk:
        with pytest.raises(ConfigurationError, match="The group cannot have this name"):
            await GroupPlanner(desk.session).create(name)


async def test_a_renaming_to_the_same_name_has_nothing_to_do(tmp_path: Path) -> None:
    async with bench(fake(), tmp_path) as desk:
        assert not (await GroupPlanner(desk.session).rename(SALES, "Sales")).steps


async def test_a_group_that_others_renamed_or_deleted_is_not_planned(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        seen = Group("g1", "Vertrieb")
        for plan in (planner.rename(seen, "EMEA"), planner.delete(seen)):
            with pytest.raises(ChangedMeanwhile, match="Others renamed the group Vertrieb to Sales"):
                await plan
        gone = Group("g9", "Gone")
        for plan in (planner.rename(gone, "EMEA"), planner.delete(gone)):
            with pytest.raises(NotFound, match="There is no group Gone"):
                await plan
        # It already has the new name.
        assert not (await planner.rename(Group("g1", "Vertrieb"), "Sales")).steps


async def test_the_plan_of_a_deletion_counts_the_members(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        plan = await GroupPlanner(desk.session).delete(SALES)
        count = len(members(api, SALES))
        assert plan.groups[0].members == count > 1
        assert any(f"It has {count} members. The people stay" in each.text for each in plan.groups[0].consequences)


async def test_a_surface_without_such_calls_plans_and_executes_nothing(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        plan = await GroupPlanner(desk.session).create("EMEA")
        rest = desk.session._replace(account=desk.session.account._replace(surface=Surface.REST), group_api=None)
        planner = GroupPlanner(rest)
        for work in (planner.create("EMEA"), planner.rename(SALES, "EMEA"), planner.delete(SALES)):
            with pytest.raises(ConfigurationError, match="the REST API has no call that changes groups"):
                await work
        with pytest.raises(ConfigurationError, match="REST API has no call that changes groups"):
            await Executor(rest, desk.journal, ACTOR).submit(replace(plan, surface=Surface.REST))
    assert not api.writes


# ---------------------------------------------------------------- executing


async def test_a_group_is_created_renamed_and_deleted(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        events: list[object] = []
        desk.session.events.subscribe(events.append)
        job = await created(desk)
        assert outcomes_of(job) == [("done", "created the group EMEA")]
        assert job.clean
        assert job.steps[0].created == GroupRecord(Group("group-1", "EMEA"))
        assert [call.name for call in api.calls] == [
            "list_groups",  # the plan
            "list_groups",  # before sending
            "create_group",
            "get_group",
            "list_groups",  # the mirror
        ]
        planner = GroupPlanner(desk.session)
        job = await desk.run(await planner.rename(Group("group-1", "EMEA"), "APAC"))
        assert outcomes_of(job) == [("done", "was called EMEA, is called APAC")]
        assert names(api) == ["Sales", "Support", "Beta", "APAC"]
        before = members(api, SALES)
        job = await desk.run(await planner.delete(SALES))
        assert outcomes_of(job) == [("done", f"deleted; it had {len(before)} members")]
        assert job.steps[0].before == GroupRecord(SALES, before)
        assert names(api) == ["Support", "Beta", "APAC"]
        assert len(api.users) == 12
        assert [write.name for write in api.writes] == ["create_group", "rename_group", "delete_group"]
        assert {size.group.name for size in await desk.session.mirror.groups()} == {"Support", "Beta", "APAC"}
        assert events.count(GroupsStored()) >= 3
        assert (await desk.journal.job(job.id)).steps == job.steps


@pytest.mark.parametrize("without_id", [True, False])
async def test_a_group_that_appears_late_is_found(tmp_path: Path, *, without_id: bool) -> None:
    api = fake()
    api.created_without_id, api.stale_reads = without_id, 1
    async with bench(api, tmp_path) as desk:
        assert (await created(desk)).clean


async def test_changes_that_appear_late_are_verified(tmp_path: Path) -> None:
    api = fake()
    api.stale_reads = 1
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        assert (await desk.run(await planner.rename(SALES, "EMEA"))).clean
        assert (await desk.run(await planner.delete(SUPPORT))).clean


async def test_a_server_that_changes_nothing_is_noticed(tmp_path: Path) -> None:
    api = fake()
    api.inert = True
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        jobs = [
            await created(desk),
            await desk.run(await planner.rename(SALES, "EMEA")),
            await desk.run(await planner.delete(SALES)),
        ]
    assert [record.state for job in jobs for record in job.steps] == [
        StepState.NEEDS_REVIEW,
        StepState.FAILED,
        StepState.FAILED,
    ]
    assert {record.reason for job in jobs for record in job.steps} == {OutcomeReason.IGNORED}
    assert outcomes_of(jobs[0])[0][1].startswith("the server accepted it, and no such group was found when read again")
    assert names(api) == ["Sales", "Support", "Beta"]


async def test_a_lost_creation_is_found_by_its_name(tmp_path: Path) -> None:
    api = fake()
    api.lose_answer()
    async with bench(api, tmp_path) as desk:
        job = await created(desk)
        assert outcomes_of(job) == [("done", "no usable answer came; the change was there when read again")]
        assert job.steps[0].created == GroupRecord(Group("group-1", "EMEA"), ())
    assert len(api.writes) == 1


async def test_a_creation_that_was_not_executed_is_sent_again(tmp_path: Path) -> None:
    api = fake()
    api.lose_answer(executed=False)
    async with bench(api, tmp_path) as desk:
        job = await created(desk)
        assert (job.clean, job.steps[0].attempts) == (True, 2)
    assert names(api).count("EMEA") == 1


def others_create(api: FakeDirectory, count: int = 1) -> None:
    """Others create groups with the name EMEA."""
    api.groups += [Group(f"theirs-{number}", "EMEA") for number in range(count)]


async def test_after_a_lost_answer_a_group_that_others_may_have_made_needs_review(tmp_path: Path) -> None:
    api = fake()
    api.group_names_unique = False
    api.lose_answer()
    api.meanwhile("create_group", lambda: others_create(api))
    async with bench(api, tmp_path) as desk:
        job = await created(desk)
    text = f"{EXISTS} (id theirs-0), and it may not be from this job: there are 2"
    assert outcomes_of(job) == [("needs review", text)]
    assert job.steps[0].created is None


async def test_after_a_lost_answer_a_group_with_members_needs_review(tmp_path: Path) -> None:
    api = fake()
    api.lose_answer(executed=False)

    def others() -> None:
        others_create(api)
        api.edit(ACTIVE.id, groups=("theirs-0",))

    api.meanwhile("create_group", others)
    async with bench(api, tmp_path) as desk:
        job = await created(desk)
    text = f"{EXISTS} (id theirs-0), and it may not be from this job: it has members"
    assert outcomes_of(job) == [("needs review", text)]
    assert not api.writes


async def test_a_group_that_others_made_since_the_plan_is_not_made_again(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        plan = await GroupPlanner(desk.session).create("EMEA")
        others_create(api)
        job = await desk.run(plan)
        assert outcomes_of(job) == [("failed", f"{EXISTS} (id theirs-0): nothing was sent")]
        assert job.steps[0].reason is OutcomeReason.EXISTS
    assert not api.writes


async def test_a_409_to_a_creation_is_no_success(tmp_path: Path) -> None:
    api = fake()
    api.meanwhile("create_group", lambda: others_create(api))
    async with bench(api, tmp_path) as desk:
        job = await created(desk)
    assert [(record.state, record.reason) for record in job.steps] == [(StepState.FAILED, OutcomeReason.EXISTS)]


@pytest.mark.parametrize("executed", [True, False])
async def test_lost_renamings_and_deletions_are_read_back(tmp_path: Path, *, executed: bool) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        api.lose_answer(executed=executed)
        renamed = await desk.run(await planner.rename(SALES, "EMEA"))
        plan = await planner.delete(SUPPORT)
        api.lose_answer(executed=executed)
        deleted = await desk.run(plan)
    for job in (renamed, deleted):
        assert (job.clean, job.steps[0].changed, job.steps[0].attempts) == (True, True, 1 if executed else 2)
    assert names(api) == ["EMEA", "Beta"]


@pytest.mark.parametrize("change", ["create", "rename", "delete"])
@pytest.mark.parametrize("executed", [True, False])
async def test_an_interrupted_step_is_read_back_before_it_is_sent_again(
    tmp_path: Path, change: str, *, executed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        plans = {
            "create": lambda: planner.create("EMEA"),
            "rename": lambda: planner.rename(SALES, "EMEA"),
            "delete": lambda: planner.delete(BETA),
        }
        plan = await plans[change]()

        async def settle(self: Ledger, record: object, outcome: Outcome) -> None:
            raise ProcessEnds

        # The process ends once the step was sent, or before.
        if not executed:
            api.fail_next(ApiError("never sent"), name=f"{change}_group")
        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "settle", settle)
            with pytest.raises(ProcessEnds):
                await desk.run(plan)
        job = await desk.only()
        assert (job.state, job.steps[0].state) == (JobState.INTERRUPTED, StepState.SENT)
        job = await desk.resume(job)
        assert (job.clean, job.steps[0].changed) == (True, True)
    assert len(api.writes) == 1


async def test_others_who_rename_between_plan_and_execution_are_not_overwritten(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        plans = [await planner.rename(SALES, "EMEA"), await planner.delete(SALES)]
        api.groups[0] = Group("g1", "Vertrieb")
        for plan in plans:
            job = await desk.run(plan)
            text = "the group is called Vertrieb now, not Sales: changed since, left unchanged"
            assert outcomes_of(job) == [("skipped", text)]
            assert job.steps[0].reason is OutcomeReason.CONFLICT
    assert not api.writes


async def test_a_name_that_others_took_since_the_plan_is_not_given_twice(tmp_path: Path) -> None:
    api = fake()
    api.group_names_unique = False
    async with bench(api, tmp_path) as desk:
        plan = await GroupPlanner(desk.session).rename(SALES, "EMEA")
        others_create(api)
        job = await desk.run(plan)
        assert outcomes_of(job) == [("failed", "another group has the name EMEA (id theirs-0): nothing was sent")]
    assert not api.writes


async def test_a_group_that_is_gone(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        plans = [await planner.rename(BETA, "EMEA"), await planner.delete(BETA)]
        del api.groups[2]
        api._known_groups.discard("g3")
        jobs = [await desk.run(plan) for plan in plans]
    assert [outcomes_of(job)[0] for job in jobs] == [
        ("failed", "there is no such group any more"),
        ("done", "already gone: nothing was sent"),
    ]


async def test_a_refused_renaming_fails_with_the_reason_of_the_server(tmp_path: Path) -> None:
    api = fake()
    api.fail_next(RequestRejected("Names of groups are fixed.", status=400), name="rename_group")
    async with bench(api, tmp_path) as desk:
        job = await desk.run(await GroupPlanner(desk.session).rename(SALES, "EMEA"))
    assert outcomes_of(job) == [("failed", "Names of groups are fixed.")]


async def test_an_outage_stops_the_job_and_a_resumed_run_completes_it(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        plan = await GroupPlanner(desk.session).create("EMEA")
        api.offline = Unreachable("Away.")
        with pytest.raises(Unreachable):
            await desk.run(plan, JobControl(patience_seconds=1))
        api.offline = None
        assert (await desk.resume(await desk.only())).clean


async def test_a_group_that_the_server_lists_but_does_not_return_is_renamed_and_deleted(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        api.fail_next(NotFound("no such call", status=404), name="get_group", times=99)
        api.fail_next(NotFound("no such call", status=404), name="group_members", times=99)
        assert (await desk.run(await planner.rename(SALES, "EMEA"))).clean
        job = await desk.run(await planner.delete(SUPPORT))
        assert outcomes_of(job) == [("done", "deleted")]
    assert names(api) == ["EMEA", "Beta"]


# ---------------------------------------------------------------- recheck, undo, receipts


async def test_a_recheck_names_what_others_changed(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        planner = GroupPlanner(desk.session)
        plans = [
            await planner.create("EMEA"),
            await planner.rename(SALES, "APAC"),
            await planner.delete(SUPPORT),
            await planner.delete(BETA),
        ]
        assert [warnings(await rechecked(desk.session, plan)) for plan in plans] == [[], [], [], []]
        others_create(api)
        api.groups[0] = Group("g1", "Vertrieb")
        api.edit(ACTIVE.id, groups=("g2",))
        count = len(members(api, SUPPORT))
        del api.groups[2]
        api._known_groups.discard("g3")
        assert [warnings(await rechecked(desk.session, plan)) for plan in plans] == [
            ["another group has the name EMEA. Not sent."],
            ["the group is called Vertrieb now, not Sales. Not sent."],
            [f"the group has {count} members now, it had {count - 1} members."],
            ["the group was deleted. Nothing is left to send for it."],
        ]


def warnings(plan: Plan) -> list[str]:
    """What a recheck found."""
    found = [each.text for subject in plan.groups for each in subject.consequences if each.found_by_recheck]
    return [text.removeprefix("Since the plan was made: ") for text in found]


@pytest.mark.parametrize("by_receipt", [True, False])
async def test_creations_and_renamings_are_undone(tmp_path: Path, *, by_receipt: bool) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        undo = UndoPlanner(desk.session)

        async def undo_of(job: Job) -> Plan:
            if not by_receipt:
                return await undo.of_job(job)
            return await undo.of_receipt(json.loads(json.dumps(receipt_of(desk, job))))

        made = await created(desk)
        renamed = await desk.run(await GroupPlanner(desk.session).rename(SALES, "APAC"))
        plan = await undo_of(renamed)
        assert [step.change for step in plan.steps] == [RenameGroup("g1", "APAC", "Sales")]
        assert (plan.kind, plan.undoes, plan.steps[0].strict) == (PlanKind.UNDO, renamed.id, True)
        assert (await desk.run(plan)).clean
        plan = await undo_of(made)
        assert [step.change for step in plan.steps] == [DeleteGroup("group-1", "EMEA", only_empty=True)]
        assert made.changed_subjects == {"EMEA"}
        assert (await desk.run(plan)).clean
        assert names(api) == ["Sales", "Support", "Beta"]
        undone = {job.id: (job.changed, job.undone) for job in await desk.journal.summaries() if job.undone}
        assert undone == {renamed.id: (1, 1), made.id: (1, 1)}
        assert (await undo_of(made)).left_out == ("EMEA: there is no such group any more, so nothing is restored.",)


async def test_a_created_group_that_has_members_by_now_stays(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        undo = UndoPlanner(desk.session)
        made = await created(desk)
        plan = await undo.of_job(made)
        api.edit(ACTIVE.id, groups=("group-1",))
        # Others use it since the undo was planned, or before.
        job = await desk.run(plan)
        text = "the group has 1 member now"
        assert outcomes_of(job) == [("skipped", f"{text}: changed since, left unchanged")]
        plan = await undo.of_job(made)
        assert (plan.steps, plan.left_out) == ((), (f"EMEA: {text}: it was changed since, so it stays.",))
    assert names(api)[-1] == "EMEA"


async def test_a_renaming_is_not_undone_onto_a_name_in_use(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        renamed = await desk.run(await GroupPlanner(desk.session).rename(SALES, "APAC"))
        api.groups.append(Group("theirs", "Sales"))
        plan = await UndoPlanner(desk.session).of_job(renamed)
        text = "Sales: another group has the old name by now, so this one keeps its name."
        assert (plan.steps, plan.left_out) == ((), (text,))


async def test_a_deletion_is_not_undone(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        job = await desk.run(await GroupPlanner(desk.session).delete(SALES))
        plan = await UndoPlanner(desk.session).of_job(job)
        assert not plan.steps
        assert plan.left_out[0].startswith("Sales: a deleted group cannot be restored")
        assert not job.undoable_subjects
        made = receipt_of(desk, job)
        count = len(job.steps[0].before.members)  # type: ignore[union-attr,arg-type]
        assert made["before"] == {"name": "Sales", "members": count}
        assert made["after"] is None
        text = receipt_markdown(made, "receipt.json")
        assert text.startswith("# Deletion of the group `Sales` in `test` (sandbox)\n")
        assert f"- Before: `Sales`, {count} members\n- After: no group\n" in text
        assert "- Undo: a deleted group cannot be restored\n" in text


async def test_receipts_of_creations_and_renamings_name_the_group(tmp_path: Path) -> None:
    api = fake()
    async with bench(api, tmp_path) as desk:
        made = receipt_of(desk, await created(desk))
        assert (made["group"], made["before"], made["after"]) == (
            {"id": "group-1", "name": "EMEA"},
            None,
            {"name": "EMEA", "members": 0},
        )
        renamed = receipt_of(desk, await desk.run(await GroupPlanner(desk.session).rename(SALES, "APAC")))
        assert "- renamed group `Sales` -> `APAC`\n" in receipt_markdown(renamed, "receipt.json")


def receipt_of(desk: ExecutorBench, job: Job) -> dict[str, object]:
    """The receipt of the only group of a job."""
    return dict(receipt(job, job.plan.groups[0], desk.session.account, desk.time(), None))
