"""Plans of offboardings and changes of status: requests, steps and consequences."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, BrokenMirror, ManualTime, idle, open_session, until
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import (
    ApiError,
    ConfigurationError,
    NotFound,
    PermissionRefused,
    PlanTooLarge,
    ServerFault,
    Unreachable,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import MAX_STEPS_PER_USER, Consequence, Gravity, Plan, PlanKind
from walkme_tui.domain.users import UNKNOWN, Status, User, UserPage
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.concurrency import MAX_CONCURRENT
from walkme_tui.services.ports import Session

SALES, BETA, ALUMNI = Group("g1", "Sales"), Group("g2", "Beta"), Group("g3", "Alumni")
ZOE = User(
    "00000000-0000-4000-8000-000000000001",
    "zoe@example.com",
    "Zoë",
    "Çelik",
    "Editor",
    "active",
    None,
    1,
    2,
    ("g1", "g2"),
)
BO = ZOE._replace(
    id="00000000-0000-4000-8000-000000000002", email="bo@example.com", first_name="Bo", last_name="Tanaka"
)


def account(*users: User, groups: Sequence[Group] = (SALES, BETA, ALUMNI)) -> FakeDirectory:
    return FakeDirectory(users or (ZOE, BO), groups=groups)


async def load(session: Session, api: FakeDirectory, *, total: int | None = None) -> None:
    """Store the whole account in the mirror, as of noon."""
    rows = tuple(api.users)
    await session.mirror.save_groups(api.groups)
    await session.mirror.save_page(UserPage(1, 1000, rows, len(rows) if total is None else total), NOON_MS)


def texts(plan: Plan, number: int = 0) -> list[str]:
    return [consequence.text for consequence in plan.subjects[number].consequences]


# ---------------------------------------------------------------- steps


async def test_an_offboarding_deactivates_and_then_removes_all_memberships() -> None:
    async with open_session(account()) as session:
        plan = (await Planner(session).offboard(["zoe@example.com"])).with_ticket(" INC-42 ")
    assert [step.change for step in plan.steps] == [
        SetStatus(ZOE.id, "active", "inactive"),
        RemoveMember(ZOE.id, SALES),
        RemoveMember(ZOE.id, BETA),
    ]
    assert [step.strict for step in plan.steps] == [False, False, False]
    assert (plan.kind, plan.ticket, plan.profile, plan.base_url) == (
        PlanKind.OFFBOARD,
        "INC-42",
        "test",
        "https://walkme.test",
    )
    assert plan.created_at_ms == NOON_MS
    subject = plan.subjects[0]
    assert (subject.user, subject.groups, subject.kept, subject.read_at_ms) == (
        ZOE,
        (SALES, BETA),
        frozenset(),
        NOON_MS,
    )


async def test_users_are_looked_up_by_email_and_id_and_duplicates_planned_once() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        api.edit(ZOE.id, groups=("g3",), status="pending")
        plan = await Planner(session).offboard([" ZOE@example.com", "bo@example.com", ZOE.id, "zoe@EXAMPLE.com"])
        assert [subject.user.id for subject in plan.subjects] == [ZOE.id, BO.id]
        assert plan.steps_of(ZOE.id)[0].change == SetStatus(ZOE.id, "pending", "inactive")
        assert plan.steps_of(ZOE.id)[1].change == RemoveMember(ZOE.id, ALUMNI)
        assert [step.number for step in plan.steps] == [1, 2, 3, 4, 5]
        stored = await session.mirror.user(ZOE.id)
        assert stored is not None
        assert stored.user.status == "pending"


async def test_unknown_users_refuse_the_plan_and_are_all_listed() -> None:
    api = account()
    async with open_session(api) as session:
        keys = ["nobody@example.com", "zoe@example.com", "00000000-0000-4000-8000-00000000dead", "\x1b[2Jx@y.z"]
        with pytest.raises(NotFound) as raised:
            await Planner(session).offboard(keys)
        message = raised.value.message
        assert "nobody@example.com" in message
        assert "00000000-0000-4000-8000-00000000dead" in message
        assert "x@y.z" in message
        assert "zoe" not in message
        assert "\x1b" not in message
        with pytest.raises(NotFound, match=r"No user has the email nobody@example.com\."):
            await Planner(session).offboard(["nobody@example.com"])
        with pytest.raises(ConfigurationError):
            await Planner(session).offboard(["  "])


async def test_a_user_deleted_between_two_requests_is_unknown_and_deleted_from_the_mirror() -> None:
    api = account()
    api.lean = True
    async with open_session(api) as session:
        await load(session, api)
        api.meanwhile("get_user", lambda: api.remove(ZOE.id))
        with pytest.raises(NotFound, match=r"zoe@example\.com"):
            await Planner(session).offboard(["zoe@example.com"])
        assert await session.mirror.user(ZOE.id) is None


async def test_an_unreachable_server_makes_no_plan_and_leaves_no_task() -> None:
    api = account()
    async with open_session(api) as session:
        before = asyncio.all_tasks()
        api.fail_next(Unreachable("Away."), name="list_groups")
        with pytest.raises(Unreachable):
            await Planner(session).offboard(["zoe@example.com"])
        api.fail_next(Unreachable("Away."), name="find_user")
        api.hold("list_groups")
        with pytest.raises(Unreachable):
            await Planner(session).offboard(["zoe@example.com", "bo@example.com"])
        assert asyncio.all_tasks() == before


# ---------------------------------------------------------------- round trips


async def rounds(api: FakeDirectory, session: Session, keys: list[str]) -> tuple[list[list[str]], Plan]:
    """The concurrent calls of each round trip while a plan was made."""
    together: list[list[str]] = []
    api.calls.clear()
    gate = api.hold()
    planning = asyncio.create_task(Planner(session).offboard(keys))
    while True:
        await until(lambda: planning.done() or api.in_flight)
        await idle(session)
        if planning.done():
            return together, await planning
        seen = sum(map(len, together))
        together.append(sorted(call.name for call in api.calls[seen:]))
        old, gate = gate, api.hold()
        old.set()
        await until(lambda: planning.done() or len(api.calls) > sum(map(len, together)))


async def test_with_known_group_names_a_plan_takes_one_look_up() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        asked, plan = await rounds(api, session, ["zoe@example.com"])
        assert asked == [["find_user"]]
        assert [group.name for group in plan.subjects[0].groups] == ["Sales", "Beta"]


async def test_a_lean_look_up_requests_record_and_groups_concurrently() -> None:
    api = account()
    api.lean = True
    async with open_session(api) as session:
        await load(session, api)
        asked, plan = await rounds(api, session, ["zoe@example.com", "bo@example.com"])
        assert asked == [["find_user", "find_user"], ["get_user", "get_user", "list_groups"]]
        assert plan.subjects[0].user == ZOE


async def test_with_an_empty_mirror_groups_and_user_are_requested_concurrently() -> None:
    api = account()
    async with open_session(api) as session:
        asked, plan = await rounds(api, session, ["zoe@example.com"])
        assert asked == [["find_user", "list_groups"]]
        assert plan.subjects[0].groups == (SALES, BETA)


async def test_a_group_without_a_stored_name_is_requested() -> None:
    api = account(ZOE._replace(groups=("g9",)))
    async with open_session(api) as session:
        await load(session, api)
        api.groups.append(Group("g9", "Brand new"))
        asked, plan = await rounds(api, session, ["zoe@example.com"])
        assert asked == [["find_user"], ["list_groups"]]
        assert plan.subjects[0].groups == (Group("g9", "Brand new"),)


# ---------------------------------------------------------------- kept groups


async def test_configured_groups_are_kept_by_name_and_by_id() -> None:
    api = account(ZOE._replace(groups=("g1", "g2", "g3")))
    async with open_session(api) as session:
        plan = await Planner(session, ["ALUMNI", "g1"]).offboard(["zoe@example.com"])
    assert [step.change for step in plan.steps[1:]] == [RemoveMember(ZOE.id, BETA)]
    assert plan.subjects[0].kept == {"g1", "g3"}
    assert "Stays in Sales, Alumni, as configured (keep_groups)." in texts(plan)


async def test_an_unknown_configured_group_is_warned_about_once() -> None:
    async with open_session(account()) as session:
        plan = await Planner(session, ["Alumni", "Alumnni"]).offboard(["zoe@example.com", "bo@example.com"])
    said = [each for each in plan.consequences if "which is not known here (keep_groups)" in each.text]
    assert [(each.gravity, "Alumnni" in each.text) for each in said] == [(Gravity.WARNING, True)]


async def test_a_configured_group_missing_in_the_mirror_is_requested() -> None:
    api = account(ZOE._replace(groups=("g1", "g3")), groups=[SALES])
    async with open_session(api) as session:
        await load(session, api)
        api.groups.append(ALUMNI)
        plan = await Planner(session, ["Alumni"]).offboard(["zoe@example.com"])
    assert plan.subjects[0].kept == {"g3"}


async def test_a_configured_group_that_only_the_server_has_is_not_warned_about() -> None:
    api = account(ZOE._replace(groups=("g1",)), groups=[SALES])
    async with open_session(api) as session:
        await load(session, api)
        api.groups.append(ALUMNI)
        plan = await Planner(session, ["Alumni"]).offboard(["zoe@example.com"])
    assert texts(plan) == ["last member"]


async def test_a_group_without_a_name_is_kept_if_it_may_be_a_configured_one() -> None:
    api = account()
    api.fail_next(PermissionRefused("The groups are not for you."), name="list_groups")
    async with open_session(api) as session:
        plan = await Planner(session, ["Alumni", "g1"]).offboard(["zoe@example.com"])
    assert [step.change for step in plan.steps] == [SetStatus(ZOE.id, "active", "inactive")]
    assert any(text.startswith("Stays in g2: the name could not be read") for text in texts(plan))


@pytest.mark.parametrize(
    "error", [PermissionRefused("The groups are not for you."), ServerFault("500."), NotFound("404.")]
)
async def test_without_kept_groups_a_failure_to_read_names_is_no_problem(error: ApiError) -> None:
    api = account()
    api.fail_next(error, name="list_groups")
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
    assert [step.change for step in plan.steps[1:]] == [
        RemoveMember(ZOE.id, Group("g1", None)),
        RemoveMember(ZOE.id, Group("g2", None)),
    ]
    assert "Groups without a name that could be read are shown by their id." in texts(plan)


async def test_all_groups_can_be_kept() -> None:
    async with open_session(account()) as session:
        plan = await Planner(session, ["Nonsense"]).offboard(["zoe@example.com"], keep_groups=True)
    assert [step.change for step in plan.steps] == [SetStatus(ZOE.id, "active", "inactive")]
    assert plan.subjects[0].kept == {"g1", "g2"}
    assert "Stays in Sales, Beta, as requested." in texts(plan)
    assert not any("Nonsense" in text for text in texts(plan))


async def test_without_groups_the_plan_only_deactivates_and_warns() -> None:
    api = account()
    api.lean, api.unread = True, ("groups",)
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
    assert [step.change for step in plan.steps] == [SetStatus(ZOE.id, "active", "inactive")]
    warning = Consequence(Gravity.WARNING, "The record lacks this person's groups, so the plan only deactivates.")
    assert warning in plan.subjects[0].consequences


# ---------------------------------------------------------------- consequences


async def test_the_last_member_is_a_consequence_with_the_age_of_its_data() -> None:
    api = account(ZOE, BO._replace(groups=("g1",)))
    time = ManualTime(NOON_MS)
    async with open_session(api, time=time) as session:
        await load(session, api)
        time.advance(600)
        plan = await Planner(session).offboard(["zoe@example.com"])
    beta = plan.steps[2]
    assert beta.change == RemoveMember(ZOE.id, BETA)
    assert plan.subjects[0].consequences == (Consequence(Gravity.WARNING, "last member", NOON_MS, beta.number),)


async def test_with_incomplete_coverage_the_last_known_member_is_a_consequence() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api, total=250_000)
        plan = await Planner(session).offboard(["zoe@example.com", "bo@example.com"])
    assert [each.text for each in plan.consequences] == ["Based on the 2 of 250 000 people who are loaded."]
    assert (
        texts(plan, 1)
        == ["last member among those known, after the others of this plan; the groups of 249 998 people are not known"]
        * 2
    )
    assert {each.gravity for each in plan.subjects[1].consequences} == {Gravity.NOTE}


async def test_memberships_that_only_the_server_has_are_counted() -> None:
    api = account(ZOE, BO._replace(groups=()))
    async with open_session(api) as session:
        await load(session, api)
        api.edit(BO.id, groups=("g3",))
        plan = await Planner(session).offboard(["bo@example.com"])
    assert texts(plan) == ["last member"]


async def test_namesakes_are_listed_with_their_emails() -> None:
    twins = [person(number)._replace(first_name="ZOE", last_name="Celik") for number in range(10, 15)]
    api = account(ZOE, BO._replace(groups=("g1", "g2")), *twins)
    async with open_session(api) as session:
        await load(session, api)
        plan = await Planner(session).offboard(["zoe@example.com"])
        assert plan.subjects[0].consequences == (
            Consequence(
                Gravity.WARNING,
                "5 others are called Zoë Çelik too: "
                "person00010@example.com, person00011@example.com, person00012@example.com, ….",
                NOON_MS,
            ),
        )
        assert not any("called" in text for text in texts(await Planner(session).offboard(["bo@example.com"])))


async def test_the_last_known_admin_is_a_consequence() -> None:
    admins = (ZOE._replace(role="Admin", groups=()), BO._replace(role="Admin", groups=()))
    api = account(*admins, person(50)._replace(role="Admin", status="inactive", groups=()))
    async with open_session(api) as session:
        await load(session, api)
        one = await Planner(session).offboard(["zoe@example.com"])
        assert texts(one) == []
        both = await Planner(session).offboard(["zoe@example.com", "bo@example.com"])
        assert texts(both) == texts(both, 1) == ["The last active Admin: there is no other."]
        assert both.subjects[0].consequences[0].as_of_ms == NOON_MS
        api.edit(BO.id, status="inactive")
        await session.mirror.save_user(api.now(BO.id), NOON_MS)
        plan = await Planner(session).set_status(ZOE.id, Status.INACTIVE)
        assert texts(plan) == ["The last active Admin: there is no other."]


async def test_an_identity_provider_and_a_missing_last_sign_in_are_consequences() -> None:
    api = account(
        ZOE._replace(external_id="okta|004211", status="pending"),
        BO._replace(external_id="4711", status="inactive", groups=()),
        person(51)._replace(external_id=None, status=None, groups=None, email="no@example.com"),
    )
    async with open_session(api) as session:
        plan = await Planner(session).offboard(["zoe@example.com", "bo@example.com", "no@example.com"])
    assert any(text.startswith("okta|004211: an identity provider owns this record") for text in texts(plan))
    assert any("may refuse" in text for text in texts(plan))
    assert any(text.startswith("4711: the external id ties") for text in texts(plan, 1))
    assert texts(plan, 1)[1:] == [
        "Already inactive, so the status stays.",
        "There is nothing to do for this person.",
    ]
    assert "The record lacks the present status, so an undo cannot restore it." in texts(plan, 2)
    assert [step.change for step in plan.steps_of(person(51).id)] == [SetStatus(person(51).id, None, "inactive")]


@pytest.mark.parametrize("full", [False, True])
async def test_an_unusable_mirror_does_not_prevent_a_plan(full: bool) -> None:
    mirror = BrokenMirror()
    mirror.broken, mirror.full = not full, full
    async with open_session(account(), mirror=mirror) as session:
        plan = await Planner(session).offboard(["zoe@example.com"])
    assert len(plan.steps) == 3
    said = "No other users of the account are loaded yet" if full else "The local copy cannot be read"
    assert [each.text.partition(",")[0] for each in plan.consequences] == [said]


# ---------------------------------------------------------------- x and X


async def test_a_change_of_status_takes_one_look_up() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        api.calls.clear()
        plan = await Planner(session).set_status(ZOE.id, Status.INACTIVE)
        assert [call.name for call in api.calls] == ["get_user"]
        assert (plan.kind, [step.change for step in plan.steps]) == (
            PlanKind.DEACTIVATE,
            [SetStatus(ZOE.id, "active", "inactive")],
        )
        assert plan.subjects[0].groups == (SALES, BETA)
        api.edit(ZOE.id, status="pending")
        back = await Planner(session).set_status(ZOE.id, Status.ACTIVE)
        assert (back.kind, back.steps[0].change) == (PlanKind.REACTIVATE, SetStatus(ZOE.id, "pending", "active"))
        assert texts(back) == ["The invitation was never accepted: this makes the person active without it."]


async def test_a_status_that_is_already_set_has_no_step() -> None:
    async with open_session(account()) as session:
        plan = await Planner(session).set_status(ZOE.id, Status.ACTIVE)
        assert (plan.steps, texts(plan)) == ((), ["Already active, so there is nothing to do."])
        with pytest.raises(NotFound):
            await Planner(session).set_status("nobody", Status.INACTIVE)


async def test_an_unknown_status_is_changed_with_a_note() -> None:
    api = account()
    api.unread = ("status",)
    async with open_session(api) as session:
        plan = await Planner(session).set_status(ZOE.id, Status.INACTIVE)
    assert plan.steps[0].change == SetStatus(ZOE.id, UNKNOWN, "inactive")
    assert texts(plan) == ["The record lacks the present status, so an undo cannot restore it."]


# ---------------------------------------------------------------- tickets


async def test_a_configured_ticket_is_required_for_offboarding_only() -> None:
    async with open_session(account()) as session:
        strict, lax = Planner(session, (), True), Planner(session)
        plan = (await strict.offboard(["zoe@example.com"])).with_ticket("  ")
        lax.require(plan)
        with pytest.raises(ConfigurationError) as raised:
            strict.require(plan)
        assert "require_ticket in [profiles.test.offboarding]" in raised.value.message
        assert "--ticket" in raised.value.hint
        strict.require(plan.with_ticket("INC-42"))
        strict.require(await strict.set_status(ZOE.id, Status.INACTIVE))


# ---------------------------------------------------------------- many people


async def test_many_users_are_read_with_limited_concurrency_and_progress() -> None:
    people = [person(number) for number in range(300)]
    read: list[int] = []
    async with open_session(account(*people)) as session:
        api = session.api
        assert isinstance(api, FakeDirectory)
        before = len(asyncio.all_tasks())
        gate = api.hold("get_user")
        planning = asyncio.create_task(Planner(session).offboard([each.id for each in people], on_progress=read.append))
        await until(lambda: api.in_flight == MAX_CONCURRENT)
        await idle(session)
        assert api.in_flight == MAX_CONCURRENT
        assert len(asyncio.all_tasks()) - before < 6 * MAX_CONCURRENT
        gate.set()
        plan = await planning
    assert len(plan.subjects) == 300
    assert read == list(range(1, 301))


async def test_cancelling_the_read_of_many_users_ends_requests_in_flight() -> None:
    people = [person(number) for number in range(300)]
    async with open_session(account(*people)) as session:
        api = session.api
        assert isinstance(api, FakeDirectory)
        api.hold("get_user")
        planning = asyncio.create_task(Planner(session).offboard([each.id for each in people]))
        await until(lambda: api.in_flight == MAX_CONCURRENT)
        planning.cancel()
        await asyncio.gather(planning, return_exceptions=True)
        assert api.in_flight == 0
        assert len(api.asked("get_user")) == MAX_CONCURRENT


async def test_a_user_in_too_many_groups_is_refused_but_can_be_deactivated() -> None:
    groups = [Group(f"many-{number}", f"Group {number}") for number in range(MAX_STEPS_PER_USER)]
    many = ZOE._replace(groups=tuple(group.id for group in groups))
    fewer = BO._replace(groups=many.groups[1:])  # type: ignore[index]  # a tuple, as above
    api = account(many, fewer, groups=groups)
    async with open_session(api) as session:
        planner = Planner(session)
        with pytest.raises(PlanTooLarge, match=r"zoe@example\.com in 1 001 steps, .* at most 1000"):
            await planner.offboard([many.id, fewer.id])
        assert len((await planner.offboard([fewer.id])).steps) == MAX_STEPS_PER_USER
        assert len((await planner.offboard([many.id], keep_groups=True)).steps) == 1
    assert not api.writes
