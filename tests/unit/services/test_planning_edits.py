"""Plans that edit, create and delete users and change groups: their steps, and what they say."""

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain import edit_consequences as consequences
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.errors import AlreadyExists, EditConflict, FieldConflict, NotFound, PlanTooLarge
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import MAX_STEPS_PER_USER, Plan, PlanKind
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.ports import Session

SALES, BETA, ALUMNI = Group("g1", "Sales"), Group("g2", "Beta"), Group("g3", "Alumni")
ZOE = person(5)._replace(
    email="zoe@example.com", first_name="Zoë", last_name="Çelik", role="Editor", status="active", groups=("g1",)
)
BO = person(6)._replace(email="bo@example.com", role="Viewer", status="active", groups=(), external_id=None)


def account(*users: User) -> FakeDirectory:
    return FakeDirectory(users or (ZOE, BO), groups=[SALES, BETA, ALUMNI])


async def load(session: Session, api: FakeDirectory) -> None:
    """Load the whole account into the mirror."""
    await session.mirror.save_groups(api.groups)
    await session.mirror.save_page(UserPage(1, 1000, tuple(api.users), len(api.users)), NOON_MS)


def texts(plan: Plan, number: int = 0) -> list[str]:
    return [consequence.text for consequence in plan.subjects[number].consequences]


# ------------------------------------------------------------ edit


async def test_an_edit_is_one_strict_step_with_the_present_values() -> None:
    async with open_session(account()) as session:
        plan = await EditPlanner(session).edit(BO, {"first_name": "Bob", "role": "Admin"})
    (step,) = plan.steps
    assert step.strict
    assert step.change == UpdateUser(
        BO.id, (FieldChange("first_name", BO.first_name, "Bob"), FieldChange("role", "Viewer", "Admin"))
    )
    assert plan.kind is PlanKind.EDIT
    assert texts(plan) == [f"{consequences.ROLE_RIGHTS} {consequences.ADMIN_RIGHTS}"]


async def test_an_edit_without_a_difference_has_no_steps() -> None:
    async with open_session(account()) as session:
        plan = await EditPlanner(session).edit(BO, {"external_id": "", "role": "Viewer"})
    assert plan.steps == ()
    assert texts(plan) == [consequences.CHANGED_NOTHING]


async def test_what_others_changed_in_other_fields_stays_and_is_named() -> None:
    api = account()
    api.edit(BO.id, last_name="Ruiz", groups=("g2",))
    async with open_session(api) as session:
        plan = await EditPlanner(session).edit(BO, {"first_name": "Bob"})
    assert [step.change for step in plan.steps] == [
        UpdateUser(BO.id, (FieldChange("first_name", BO.first_name, "Bob"),))
    ]
    assert texts(plan) == [
        f"Others changed the last name meanwhile: {BO.last_name} -> Ruiz; that stays.",
        "Others changed the groups meanwhile; that stays.",
    ]


async def test_the_same_field_changed_by_others_is_a_conflict_unless_it_is_overwritten() -> None:
    api = account()
    api.edit(BO.id, last_name="Ruiz", first_name="Bobby")
    mine = {"first_name": "Bob", "last_name": "Ruiz"}
    async with open_session(api) as session:
        planner = EditPlanner(session)
        with pytest.raises(EditConflict) as caught:
            await planner.edit(BO, mine)
        assert caught.value.user == api.now(BO.id)
        assert caught.value.conflicts == (FieldConflict("first_name", BO.first_name, "Bobby", "Bob"),)
        plan = await planner.edit(BO, mine, overwrite={"first_name"})
    assert [step.change for step in plan.steps] == [UpdateUser(BO.id, (FieldChange("first_name", "Bobby", "Bob"),))]


async def test_an_edit_of_a_deleted_user_is_refused() -> None:
    api = account()
    api.remove(BO.id)
    async with open_session(api) as session:
        with pytest.raises(NotFound):
            await EditPlanner(session).edit(BO, {"first_name": "Bob"})


async def test_a_value_that_the_record_lacks_is_taken_from_the_look_up_by_email() -> None:
    api = account()
    api.unread = {"first_name"}
    async with open_session(api) as session:
        plan = await EditPlanner(session).edit(BO, {"first_name": "Bob"})
    assert plan.steps[0].change == UpdateUser(BO.id, (FieldChange("first_name", BO.first_name, "Bob"),))


async def test_an_unknown_value_does_not_conflict() -> None:
    api = account()
    api.unread, api.lean = {"first_name"}, True
    async with open_session(api) as session:
        plan = await EditPlanner(session).edit(BO, {"first_name": "Bob"})
    assert plan.steps[0].change == UpdateUser(BO.id, (FieldChange("first_name", UNKNOWN, "Bob"),))


async def test_an_edit_of_the_last_admin_and_of_the_programs_own_user_warns() -> None:
    admin = ZOE._replace(role="Admin", external_id="client-7")
    api = account(admin, BO)
    async with open_session(api) as session:
        await load(session, api)
        own = session._replace(account=session.account._replace(client_id="CLIENT-7"))
        plan = await EditPlanner(own).edit(admin, {"role": "Viewer", "email": "z@example.com", "external_id": "x"})
    assert "The last active Admin: there is no other." in texts(plan)
    assert consequences.OWN_USER in texts(plan)
    assert consequences.NEW_EMAIL in texts(plan)
    assert consequences.NEW_EXTERNAL_ID in texts(plan)


# ------------------------------------------------------------ create


async def test_a_creation_is_followed_by_joins_under_the_key_of_the_email() -> None:
    async with open_session(account()) as session:
        plan = await EditPlanner(session).create(
            " Ann@Example.com ", {"first_name": "Ann", "last_name": "", "role": None}, [SALES, BETA, SALES]
        )
    key = new_user_key("Ann@Example.com")
    assert key == "ann@example.com"
    assert [step.change for step in plan.steps] == [
        CreateUser(key, "Ann@Example.com", (("first_name", "Ann"),)),
        AddMember(key, SALES),
        AddMember(key, BETA),
    ]
    (subject,) = plan.subjects
    assert (subject.user.id, subject.user.email, subject.user.first_name) == (key, "Ann@Example.com", "Ann")
    assert plan.kind is PlanKind.CREATE
    assert texts(plan)[0] == consequences.INVITATION


async def test_a_creation_with_an_email_in_use_returns_who_has_it() -> None:
    async with open_session(account()) as session:
        with pytest.raises(AlreadyExists) as caught:
            await EditPlanner(session).create("BO@example.com", {}, [])
    assert caught.value.user == BO


async def test_a_creation_says_that_the_email_could_not_be_looked_up() -> None:
    api = account()
    api.email_ignored = True
    async with open_session(api) as session:
        plan = await EditPlanner(session).create("ann@example.com", {"role": "admin"}, [])
    assert texts(plan)[:2] == [consequences.NOT_LOOKED_UP, consequences.INVITATION]
    assert f"{consequences.ROLE_RIGHTS} {consequences.ADMIN_RIGHTS}" in texts(plan)


# ------------------------------------------------------------ groups


async def test_only_changes_of_groups_that_are_needed_are_planned() -> None:
    async with open_session(account()) as session:
        plan = await EditPlanner(session).change_groups([ZOE.id, BO.id, "gone", ZOE.id], [BETA], [SALES])
    assert [step.change for step in plan.steps] == [
        AddMember(ZOE.id, BETA),
        RemoveMember(ZOE.id, SALES),
        AddMember(BO.id, BETA),
    ]
    assert plan.kind is PlanKind.GROUPS
    assert plan.left_out == ("gone: there is no such user any more.",)


async def test_leaving_the_last_group_and_being_the_last_member_are_said() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        plan = await EditPlanner(session).change_groups([ZOE.id], [], [SALES])
    assert consequences.NO_GROUP in texts(plan)
    assert "last member" in texts(plan)


async def test_unknown_groups_are_planned_and_said() -> None:
    api = account()
    api.unread = {"groups"}
    async with open_session(api) as session:
        plan = await EditPlanner(session).change_groups([ZOE.id], [SALES], [])
    assert [step.change for step in plan.steps] == [AddMember(ZOE.id, SALES)]
    assert consequences.GROUPS_UNKNOWN in texts(plan)


async def test_groups_of_nobody_and_too_many_groups_are_refused() -> None:
    many = [Group(f"x{number}", None) for number in range(MAX_STEPS_PER_USER + 1)]
    async with open_session(account()) as session:
        with pytest.raises(NotFound):
            await EditPlanner(session).change_groups(["gone"], [BETA], [])
        with pytest.raises(PlanTooLarge):
            await EditPlanner(session).change_groups([BO.id], many, [])


async def test_groups_of_users_given_by_email_are_planned_with_one_reading_each() -> None:
    api = account()
    async with open_session(api) as session:
        plan = await EditPlanner(session).change_groups_of(["ZOE@example.com", BO.id], [BETA], [])
        readings = [call for call in api.calls if call.name in {"find_user", "get_user"}]
        with pytest.raises(NotFound, match=r"nobody@example\.com.*gone"):
            await EditPlanner(session).change_groups_of(["nobody@example.com", BO.id, "gone"], [BETA], [])
    assert [step.change for step in plan.steps] == [AddMember(ZOE.id, BETA), AddMember(BO.id, BETA)]
    assert plan.kind is PlanKind.GROUPS
    assert len(readings) == 2


# ------------------------------------------------------------ delete


async def test_a_deletion_lists_what_is_lost() -> None:
    api = account(ZOE._replace(extra={"lastLogin": "2026-01-01"}), BO)
    async with open_session(api) as session:
        await load(session, api)
        plan = await EditPlanner(session).delete(ZOE.id)
        with pytest.raises(NotFound):
            await EditPlanner(session).delete("gone")
    assert [step.change for step in plan.steps] == [DeleteUser.of(ZOE)]
    assert plan.kind is PlanKind.DELETE
    lost = (
        "Lost: the id, email zoe@example.com, first name Zoë, last name Çelik, role Editor, status active, "
        f"external id {ZOE.external_id}, groups Sales, other fields lastLogin."
    )
    assert texts(plan)[:2] == [consequences.PERMANENT, lost]
    assert consequences.NEW_ID in texts(plan)


async def test_a_deletion_names_the_groups_that_are_lost_although_only_users_are_loaded() -> None:
    api = account()
    async with open_session(api) as session:
        await session.mirror.save_page(UserPage(1, 1000, tuple(api.users), len(api.users)), NOON_MS)
        plan = await EditPlanner(session).delete(ZOE.id)
    assert "groups Sales." in texts(plan)[1]


async def test_a_deletion_says_what_an_undo_cannot_restore() -> None:
    api = account(ZOE._replace(email=None), BO)
    api.unread = {"groups"}
    async with open_session(api) as session:
        plan = await EditPlanner(session).delete(ZOE.id)
    assert consequences.NO_EMAIL in texts(plan)
    assert consequences.GROUPS_LOST in texts(plan)
