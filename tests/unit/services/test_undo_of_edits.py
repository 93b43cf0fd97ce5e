"""Undoing edits, creations, deletions and changes of groups, from the journal and from receipts."""

import json
from pathlib import Path

import pytest

from tests.support.executor_bench import GROUPS, ExecutorBench, open_executor, outcomes_of, states_of
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_text
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.receipt_text import receipt_markdown
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.users import User
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.changes.recheck import rechecked
from walkme_tui.services.changes.undo import UndoPlanner

SALES, SUPPORT, BETA = GROUPS
ANN = person(3)._replace(
    email="Ann@example.com", first_name="Ann", role="Editor", status="active", groups=("g1", "g2"), external_id="okta|7"
)
ANN_VALUES = {"first_name": "Ann", "last_name": "Weber", "role": "Editor", "external_id": "okta|7"}
NEW = "new@example.com"


def account(*users: User) -> FakeDirectory:
    api = FakeDirectory(users or (ANN, person(6)), groups=GROUPS)
    api.clock = lambda: NOON_MS
    return api


def having(api: FakeDirectory, email: str) -> User:
    """The user with this email."""
    (found,) = [user for user in api.users if isinstance(user, User) and user.email == email]
    return found


async def undo(desk: ExecutorBench, job: Job) -> Plan:
    """The undo of a job, which is the same from the receipt and after a round trip through a plan file."""
    planner = UndoPlanner(desk.session)
    plan = await planner.of_job(job)
    content = receipt(job, job.plan.subjects[0], desk.session.account, 0, None)
    assert receipt_markdown(content, "receipt.json")
    by_receipt = await planner.of_receipt(json.loads(json.dumps(content)))
    assert by_receipt.steps == plan.steps
    assert by_receipt.left_out == plan.left_out
    assert plan_from_text("".join(plan_file_parts(plan))) == plan
    return plan


async def assert_undone(desk: ExecutorBench, job: Job) -> None:
    """The list of jobs shows that a job was undone."""
    listed = await desk.journal.summary(job.id)
    assert listed.undone == listed.changed == len(job.changed_subjects)


# ------------------------------------------------------------ edits and groups


async def test_an_edit_is_undone_field_by_field(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        edit = await EditPlanner(desk.session).edit(ANN, {"first_name": "Anne", "external_id": ""})
        job = await desk.run(edit)
        assert (api.now(ANN.id).first_name, api.now(ANN.id).external_id) == ("Anne", "")
        plan = await undo(desk, job)
        assert [step.change for step in plan.steps] == [
            UpdateUser(ANN.id, (FieldChange("first_name", "Anne", "Ann"), FieldChange("external_id", "", "okta|7")))
        ]
        undone = await desk.run(plan)
        assert undone.clean
        await assert_undone(desk, job)
    assert api.now(ANN.id)._replace(updated_at_ms=ANN.updated_at_ms) == ANN


async def test_a_field_that_others_changed_since_stays_and_the_others_are_restored(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).edit(ANN, {"first_name": "Anne", "role": "Admin"}))
        api.edit(ANN.id, first_name="Theirs")
        plan = await undo(desk, job)
        assert [step.change for step in plan.steps] == [UpdateUser(ANN.id, (FieldChange("role", "Admin", "Editor"),))]
        assert plan.left_out == (
            "Ann@example.com: the first name is Theirs now, not Anne: it was changed since, so it stays.",
        )
        await desk.run(plan)
    assert (api.now(ANN.id).first_name, api.now(ANN.id).role) == ("Theirs", "Editor")


async def test_a_refused_pending_does_not_keep_other_fields_from_being_restored(tmp_path: Path) -> None:
    api = account(ANN._replace(status="pending"))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(
            await EditPlanner(desk.session).edit(api.now(ANN.id), {"status": "active", "first_name": "Anne"})
        )
        undone = await desk.run(await undo(desk, job))
        assert states_of(undone) == ["done", "needs review"]
    assert (api.now(ANN.id).first_name, api.now(ANN.id).status) == ("Ann", "active")


async def test_changed_groups_are_undone(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).change_groups([ANN.id], [BETA], [SALES]))
        assert set(api.now(ANN.id).groups or ()) == {"g2", "g3"}  # type: ignore[arg-type]  # known
        assert (await desk.run(await undo(desk, job))).clean
    assert set(api.now(ANN.id).groups or ()) == {"g1", "g2"}  # type: ignore[arg-type]  # known


# ------------------------------------------------------------ creations


async def test_a_created_user_is_deactivated_and_leaves_the_groups_but_is_not_deleted(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).create(NEW, {"first_name": "Nu"}, [SALES]))
        new = having(api, NEW)
        plan = await undo(desk, job)
        assert [step.change for step in plan.steps] == [
            RemoveMember(new.id, SALES),
            SetStatus(new.id, "pending", "inactive"),
        ]
        assert [subject.user.id for subject in plan.subjects] == [new.id]
        assert (await desk.run(plan)).clean
        await assert_undone(desk, job)
    assert (having(api, NEW).status, having(api, NEW).groups) == ("inactive", ())
    assert not api.asked("delete_user")


async def test_a_created_user_who_was_activated_since_stays(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).create(NEW, {}, []))
        api.edit(having(api, NEW).id, status="active")
        plan = await undo(desk, job)
    assert not plan.steps
    assert plan.left_out == (f"{NEW}: the status is active now, not pending: it was changed since, so it stays.",)


async def test_a_user_who_was_not_created_needs_no_undo(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = await EditPlanner(desk.session).create(NEW, {}, [SALES])
        api.users.append(person(99)._replace(email=NEW))
        job = await desk.run(plan)
        assert states_of(job) == ["failed", "skipped"]
        calls = len(api.asked("get_user"))
        undone = await undo(desk, job)
    assert (undone.steps, undone.left_out) == ((), ())
    assert len(api.asked("get_user")) == calls


async def test_the_receipt_of_a_creation_names_the_new_id_and_the_state_before_and_after(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).create(NEW, {"role": "Editor"}, [SALES]))
        content = receipt(job, job.plan.subjects[0], desk.session.account, 0, None)
    new = having(api, NEW)
    text = receipt_markdown(content, "receipt.json")
    assert content["person"] == {
        "id": new.id,
        "email": NEW,
        "firstName": None,
        "lastName": None,
        "role": "Editor",
        "externalId": None,
    }
    assert "# Creation of `new@example.com` in" in text
    assert "- Status: none -> `pending`" in text
    assert "- Groups before: none" in text
    assert "- Groups after: `Sales`" in text
    assert "- created `new@example.com`: role `Editor`; joined `Sales`" in text
    assert "1. create `new@example.com`: role `Editor`: done" in text


# ------------------------------------------------------------ deletions


@pytest.mark.parametrize("status", ["active", "inactive"])
async def test_a_deleted_user_comes_back_as_a_new_one(tmp_path: Path, status: str) -> None:
    api = account(ANN._replace(status=status))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).delete(ANN.id))
        plan = await undo(desk, job)
        create = CreateUser.of("Ann@example.com", ANN_VALUES)
        inactive = [SetStatus("ann@example.com", "pending", "inactive")] if status == "inactive" else []
        assert [step.change for step in plan.steps] == [
            create,
            *inactive,
            AddMember("ann@example.com", SALES),
            AddMember("ann@example.com", SUPPORT),
        ]
        assert not any(step.strict for step in plan.steps)
        (subject,) = plan.subjects
        assert (subject.user.id, subject.user.email) == ("ann@example.com", "Ann@example.com")
        (warning,) = [each.text for each in subject.consequences if each.step == 1]
        assert warning.startswith("a new user with a new id: the server sets the status and may send an invitation")
        undone = await desk.run(plan)
        assert undone.clean
        await assert_undone(desk, job)
        # The new user can be deactivated by undoing the undo.
        again = await undo(desk, undone)
        assert all(step.subject_id == having(api, "Ann@example.com").id for step in again.steps)
    back = having(api, "Ann@example.com")
    assert back.id != ANN.id
    assert back.status == ("inactive" if status == "inactive" else "pending")
    assert set(back.groups or ()) == {"g1", "g2"}  # type: ignore[arg-type]  # known
    assert (back.first_name, back.role, back.external_id) == ("Ann", "Editor", "okta|7")


async def test_a_deleted_user_is_not_created_where_somebody_has_the_email(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).delete(ANN.id))
        plan = await undo(desk, job)
        api.users.append(person(99)._replace(email="ann@example.com"))
        late = await undo(desk, job)
        assert states_of(await desk.run(plan)) == ["failed", "skipped", "skipped"]
    assert late.steps == ()
    assert late.left_out == (
        "Ann@example.com: a user with the email Ann@example.com exists already, so no new user is created.",
    )


async def test_a_user_who_is_there_again_is_left_alone(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(await EditPlanner(desk.session).delete(ANN.id))
        api.users.append(ANN)
        plan = await undo(desk, job)
    assert plan.steps == ()
    assert plan.left_out == ("Ann@example.com: the user is there again, so there is nothing to undo.",)


async def test_a_deletion_that_found_nobody_has_no_undo(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = await EditPlanner(desk.session).delete(ANN.id)
        api.remove(ANN.id)
        job = await desk.run(plan)
        assert outcomes_of(job) == [("done", "already gone: nothing was sent")]
        assert not (await undo(desk, job)).steps


# ------------------------------------------------------------ older plans


async def test_an_older_creation_is_rechecked_by_email(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = await EditPlanner(desk.session).create(NEW, {}, [Group("g1", "Sales")])
        assert await rechecked(desk.session, plan) == plan
        api.users.append(person(99)._replace(email=NEW))
        again = await rechecked(desk.session, plan)
        assert again.subjects[0].user == plan.subjects[0].user
        assert again.subjects[0].consequences[-1].text == (
            f"Since the plan was made: a user with the email {NEW} exists now. Not sent."
        )
