"""Effects and inverses of changes, and the steps of an offboarding."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_directory import person
from tests.support.plan_strategies import changes, users
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import (
    Consequence,
    Gravity,
    Plan,
    PlanKind,
    Subject,
    numbered,
    offboarding_changes,
    without_groups,
)
from walkme_tui.domain.users import UNKNOWN, User

ZOE = person(3)
GROUPS = tuple(Group(f"g{number}", f"Group {number}") for number in range(1, 5))


def executed(change: Change, user: User) -> User:
    """The user after a server executed a change."""
    if isinstance(change, SetStatus):
        return user._replace(status=change.after)
    groups = tuple(group for group in user.groups or () if group != change.groups[0].id)  # type: ignore[union-attr]
    return user._replace(groups=(*groups, change.groups[0].id) if isinstance(change, AddMember) else groups)


WHOLE = st.builds(
    User._replace,
    st.just(ZOE),
    status=st.sampled_from(["active", "inactive", "pending"]),
    groups=st.lists(st.sampled_from(["g1", "g2", "g3"]), unique=True).map(tuple) | st.none(),
)
ABOUT_ZOE = st.one_of(
    st.builds(SetStatus, st.just(ZOE.id), st.sampled_from(["active", "pending"]), st.just("inactive")),
    st.builds(AddMember, st.just(ZOE.id), st.sampled_from(GROUPS)),
    st.builds(RemoveMember, st.just(ZOE.id), st.sampled_from(GROUPS)),
)


@given(ABOUT_ZOE, WHOLE)
def test_a_change_holds_after_it_was_executed(change: Change, user: User) -> None:
    assert change.holds(executed(change, user)) is True


@given(ABOUT_ZOE, WHOLE)
def test_the_inverse_restores_what_the_plan_found(change: Change, user: User) -> None:
    if not change.as_planned(user):
        return
    (inverse,) = change.inverses()
    after = executed(change, user)
    assert inverse.holds(after) is False
    assert inverse.as_planned(after) is True
    restored = executed(inverse, after)
    assert restored.status == user.status
    assert set(restored.groups or ()) == set(user.groups or ())  # type: ignore[arg-type]


@given(changes(st.just(ZOE.id)), users())
def test_a_change_holds_is_none_if_the_record_lacks_the_field(change: Change, user: User) -> None:
    known = [getattr(user, attribute) for attribute in change.attributes]
    if change.deletes:
        assert change.holds(user) is False
    elif UNKNOWN not in known:
        assert change.holds(user) is not None
    elif set(known) == {UNKNOWN}:
        assert change.holds(user) is None


def test_an_unknown_status_has_no_inverse() -> None:
    assert SetStatus(ZOE.id, UNKNOWN, "inactive").inverses() == ()
    assert SetStatus(ZOE.id, None, "inactive").inverses() == ()
    assert SetStatus(ZOE.id, UNKNOWN, "inactive").as_planned(ZOE) is None


def test_a_user_without_groups_is_in_no_group() -> None:
    nobody = ZOE._replace(groups=None)
    assert RemoveMember(ZOE.id, GROUPS[0]).holds(nobody) is True
    assert AddMember(ZOE.id, GROUPS[0]).holds(nobody) is False


def test_an_offboarding_deactivates_first_and_skips_kept_groups() -> None:
    active = ZOE._replace(status="active")
    subject = Subject(active, 0, GROUPS[:3], frozenset({"g2"}))
    assert offboarding_changes(subject) == (
        SetStatus(ZOE.id, "active", "inactive"),
        RemoveMember(ZOE.id, GROUPS[0]),
        RemoveMember(ZOE.id, GROUPS[2]),
    )


def test_an_offboarding_sets_the_status_unless_it_is_inactive() -> None:
    gone = Subject(ZOE._replace(status="inactive"), 0, GROUPS[:1])
    assert offboarding_changes(gone) == (RemoveMember(ZOE.id, GROUPS[0]),)
    lean = Subject(User(ZOE.id), 0)
    assert offboarding_changes(lean) == (SetStatus(ZOE.id, UNKNOWN, "inactive"),)


def plan_for_two() -> Plan:
    amina = person(5)
    wished: list[Change] = [
        SetStatus(ZOE.id, "active", "inactive"),
        RemoveMember(ZOE.id, GROUPS[0]),
        RemoveMember(ZOE.id, GROUPS[1]),
        RemoveMember(amina.id, GROUPS[0]),
    ]
    said = [Consequence(Gravity.WARNING, f"about {step}", step=step) for step in (None, 2, 3)]
    subjects = (
        Subject(ZOE, 0, GROUPS[:2], consequences=tuple(said)),
        Subject(amina, 0, GROUPS[:1], consequences=(Consequence(Gravity.NOTE, "about 4", step=4),)),
    )
    return Plan(PlanKind.OFFBOARD, "acme", "https://x", 0, subjects, numbered(wished))


def test_keeping_a_group_drops_one_step_and_renumbers_the_others() -> None:
    plan = plan_for_two()
    kept = without_groups(plan, {(ZOE.id, "g1")})
    assert [step.change for step in kept.steps] == [plan.steps[0].change, plan.steps[2].change, plan.steps[3].change]
    assert [step.number for step in kept.steps] == [1, 2, 3]
    assert kept.subjects[0].kept == {"g1"}
    assert kept.subjects[1].kept == frozenset()


def test_groups_of_several_users_are_kept_at_once() -> None:
    plan = plan_for_two()
    kept = without_groups(plan, {(ZOE.id, "g1"), (ZOE.id, "g2"), (person(5).id, "g1")})
    assert [(step.number, step.change) for step in kept.steps] == [(1, plan.steps[0].change)]
    assert [subject.kept for subject in kept.subjects] == [{"g1", "g2"}, {"g1"}]


def test_consequences_keep_their_steps_after_renumbering() -> None:
    kept = without_groups(plan_for_two(), {(ZOE.id, "g1")})
    assert [(said.text, said.step) for said in kept.subjects[0].consequences] == [("about None", None), ("about 3", 2)]
    assert [(said.text, said.step) for said in kept.subjects[1].consequences] == [("about 4", 3)]


def test_a_plan_returns_the_steps_of_a_user_and_accepts_a_ticket() -> None:
    plan = plan_for_two()
    assert [step.number for step in plan.steps_of(ZOE.id)] == [1, 2, 3]
    assert plan.with_ticket(" HR-17 ").ticket == "HR-17"
