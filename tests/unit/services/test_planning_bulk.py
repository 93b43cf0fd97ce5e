"""Plans that change many users in the same way: their steps, who needs none, and what is said once for all."""

from collections.abc import Sequence

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain import bulk_consequences as consequences
from walkme_tui.domain import edit_consequences
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import ConfigurationError, NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_text
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.domain.users import UNKNOWN, Status, User, UserPage
from walkme_tui.services.changes.bulk_planner import BulkPlanner
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.ports import Session

BETA = Group("g2", "Beta")
ANN = person(1)._replace(email="ann@x.test", role="Admin", status="active", groups=("g1",), external_id="okta|1")
BO = person(2)._replace(email="bo@x.test", role="Viewer", status="pending", groups=(), external_id="hr-7")
CAL = person(3)._replace(email="cal@x.test", role="Viewer", status="inactive", groups=("g2",), external_id=None)
IDS = [ANN.id, BO.id, CAL.id]


def account(*users: User) -> FakeDirectory:
    return FakeDirectory(users or (ANN, BO, CAL), groups=[Group("g1", "Sales"), BETA])


async def load(session: Session, api: FakeDirectory) -> None:
    await session.mirror.save_groups(api.groups)
    await session.mirror.save_page(UserPage(1, 1000, tuple(api.users), len(api.users)), NOON_MS)


def texts(plan: Plan) -> list[str]:
    return [consequence.text for consequence in plan.consequences]


def ids(subjects: Sequence[object]) -> list[str]:
    return [getattr(subject, "id", "") for subject in subjects]


async def test_a_field_of_many_users_is_one_strict_step_for_each_who_has_another_value() -> None:
    read: list[int] = []
    async with open_session(account()) as session:
        plan = await BulkPlanner(session).set_field([*IDS, ANN.id, "gone"], "role", "Viewer", on_progress=read.append)
    (step,) = plan.steps
    assert step.strict
    assert step.change == UpdateUser(ANN.id, (FieldChange("role", "Admin", "Viewer"),))
    assert plan.kind is PlanKind.EDIT
    assert (ids(plan.changed_subjects), ids(plan.unchanged_subjects)) == ([ANN.id], [BO.id, CAL.id])
    assert plan.left_out == ("gone: there is no such user any more.",)
    assert read == [1, 2, 3, 4]


async def test_an_empty_value_clears_a_field_and_an_empty_field_needs_no_step() -> None:
    async with open_session(account()) as session:
        plan = await BulkPlanner(session).set_field(IDS, "external_id", "")
    assert [step.change for step in plan.steps] == [
        UpdateUser(ANN.id, (FieldChange("external_id", "okta|1", None),)),
        UpdateUser(BO.id, (FieldChange("external_id", "hr-7", None),)),
    ]


async def test_the_status_of_many_users_is_set_where_it_differs() -> None:
    async with open_session(account()) as session:
        off = await BulkPlanner(session).set_status(IDS, Status.INACTIVE)
        on = await BulkPlanner(session).set_status(IDS, Status.ACTIVE)
    assert [step.change for step in off.steps] == [
        SetStatus(ANN.id, "active", "inactive"),
        SetStatus(BO.id, "pending", "inactive"),
    ]
    assert [step.change for step in on.steps] == [
        SetStatus(BO.id, "pending", "active"),
        SetStatus(CAL.id, "inactive", "active"),
    ]
    assert (off.kind, on.kind) == (PlanKind.DEACTIVATE, PlanKind.REACTIVATE)
    assert texts(on)[-1].startswith("An external id ties the records of 1 person")


async def test_many_users_are_deleted_one_step_each() -> None:
    api = account()
    async with open_session(api) as session:
        plan = await BulkPlanner(session).delete(IDS)
    assert [step.change for step in plan.steps] == [DeleteUser.of(api.now(user_id)) for user_id in IDS]
    assert plan.kind is PlanKind.DELETE
    assert texts(plan)[0] == edit_consequences.PERMANENT
    assert consequences.NEW_IDS in texts(plan)
    assert not api.writes


async def test_what_concerns_many_is_said_once_with_their_number_and_warnings_come_first() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        plan = await BulkPlanner(session).set_status(IDS, Status.INACTIVE)
    assert texts(plan) == [
        "No active Admin is left afterwards.",
        "1 person never accepted the invitation. An undo sets pending again, which the server may refuse.",
        f"An identity provider owns the records of 1 person and may push the old state back. {consequences.UNASSIGN}",
        "An external id ties the records of 1 person to another system, which may push them back.",
    ]
    assert not any(subject.consequences for subject in plan.subjects)
    assert plan_from_text("".join(plan_file_parts(plan))) == plan


@pytest.mark.parametrize(
    ("others", "value"), [([BO, person(4)._replace(role="Admin", status="active")], "Viewer"), ([BO], "Admin")]
)
async def test_no_last_admin_is_said_where_another_one_is_active_or_the_role_is_admin(
    others: list[User], value: str
) -> None:
    api = account(ANN, *others)
    async with open_session(api) as session:
        await load(session, api)
        plan = await BulkPlanner(session).set_field([ANN.id, BO.id], "role", value)
    assert plan.steps
    assert not any("Admin is left" in text for text in texts(plan))
    if value == "Admin":
        assert f"{edit_consequences.ROLE_RIGHTS} {edit_consequences.ADMIN_RIGHTS}" in texts(plan)


async def test_a_record_without_the_field_is_changed_and_counted() -> None:
    api = account()
    api.unread = {"role", "status", "groups"}
    async with open_session(api) as session:
        roles = await BulkPlanner(session).set_field(IDS, "role", "Editor")
        status = await BulkPlanner(session).set_status(IDS, Status.INACTIVE)
        gone = await BulkPlanner(session).delete(IDS)
    assert roles.steps[0].change == UpdateUser(ANN.id, (FieldChange("role", UNKNOWN, "Editor"),))
    for plan, name in ((roles, "role"), (status, "status"), (gone, "groups")):
        assert len(plan.steps) == 3
        assert f"The records of 3 people lack the present {name}, so an undo may not restore it." in texts(plan)


async def test_the_same_external_id_for_several_warns() -> None:
    async with open_session(account()) as session:
        plan = await BulkPlanner(session).set_field(IDS, "external_id", "okta|9")
    assert consequences.SAME_EXTERNAL_ID in texts(plan)
    assert "Their identity provider may not find the records of 2 people any more." in texts(plan)


async def test_values_that_several_cannot_have_and_fields_that_scim_lacks_are_refused_unsent() -> None:
    api = account()
    async with open_session(api) as session:
        for attribute, value in (("email", "x@x.test"), ("status", "active"), ("first_name", "a\x00b")):
            with pytest.raises(ConfigurationError):
                await BulkPlanner(session).set_field(IDS, attribute, value)
        with pytest.raises(NotFound):
            await BulkPlanner(session).delete(["gone", "gone too"])
    async with open_session(api, surface=Surface.SCIM) as session:
        with pytest.raises(ConfigurationError, match="SCIM has no role"):
            await BulkPlanner(session).set_field(IDS, "role", "Editor")
    assert not api.writes


async def test_groups_of_several_are_judged_once_for_all() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        plan = await EditPlanner(session).change_groups(IDS, [], [BETA])
        joins = await EditPlanner(session).change_groups(IDS, [BETA], [])
    assert "In no group afterwards: 1 person." in texts(plan)
    assert [each.text for each in plan.subjects[2].consequences] == ["last member"]
    assert [step.change for step in joins.steps] == [AddMember(ANN.id, BETA), AddMember(BO.id, BETA)]
    assert edit_consequences.CONTENT in texts(joins)
    assert not any(subject.consequences for subject in joins.subjects)
