"""Plans that adopt one surface, where a comparison was made before all users were read."""

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import RequestRejected
from walkme_tui.domain.reconcile.matching import Pair, compare
from walkme_tui.domain.reconcile.records import NO_GROUPS, ComparedUser
from walkme_tui.domain.users import UNKNOWN, Known, User, UserPage
from walkme_tui.services.reconcile.adoption_planner import AdoptionPlanner, records_to_read
from walkme_tui.services.reconcile.comparison import Sides

ANN = person(1)._replace(status="active", groups=())
KEPT = f"{ANN.email}: the record that only SCIM has is deactivated, not deleted, so it stays listed as only on SCIM."


def pair_of(rest: User | None, scim: User) -> Pair:
    """The pair of two records, which share a value."""
    return compare([] if rest is None else [ComparedUser.of(rest)], [ComparedUser.of(scim)], NO_GROUPS)[0]


async def planned(
    rest: FakeDirectory,
    then: User | None = None,
    *,
    ann: User = ANN,
    changed: Surface = Surface.SCIM,
    all_read: bool = False,
) -> tuple[list[str], tuple[str, ...]]:
    """The steps and what is left out where one side is adopted for Ann, whom SCIM has.

    ``then`` is her record on REST when the comparison was made; ``all_read``: the list of REST was read to its end.
    """
    scim = FakeDirectory([ann])
    async with open_session(rest) as here, open_session(scim, surface=Surface.SCIM) as there:
        if all_read:
            await here.mirror.save_page(UserPage(1, 10, (person(2),), 1), NOON_MS)
        pair = pair_of(then, ann)
        plan = await AdoptionPlanner(Sides(here, there), NO_GROUPS).plan([pair], changed)
        return [step.change.describe() for step in plan.steps], plan.left_out


async def test_somebody_whom_only_one_side_has_is_deactivated_there_or_created_here() -> None:
    assert await planned(FakeDirectory([person(2)]), all_read=True) == (["set status inactive"], (KEPT,))
    steps, left_out = await planned(FakeDirectory([person(2)]), changed=Surface.REST, all_read=True)
    assert (len(steps), left_out) == (1, ())


async def test_who_is_inactive_already_has_no_step_and_the_plan_says_that_the_record_stays() -> None:
    steps, left_out = await planned(
        FakeDirectory([person(2)]), ann=ANN._replace(status="inactive"), changed=Surface.SCIM, all_read=True
    )
    assert steps == []
    assert left_out == (
        f"{ANN.email}: the record that only SCIM has is inactive already, so it stays listed as only on SCIM.",
    )


async def test_who_needs_no_change_is_in_the_plan_without_a_step() -> None:
    users = [ANN, person(2)._replace(status="inactive", groups=()), person(3)._replace(status="inactive", groups=())]
    async with (
        open_session(FakeDirectory(users[:1])) as here,
        open_session(FakeDirectory(users), surface=Surface.SCIM) as there,
    ):
        await here.mirror.save_page(UserPage(1, 10, (ANN,), 1), NOON_MS)
        pairs = [pair_of(user if user is ANN else None, user) for user in users]
        plan = await AdoptionPlanner(Sides(here, there), NO_GROUPS).plan(pairs, Surface.SCIM)
    assert not plan.steps
    assert [subject.name for subject in plan.unchanged_subjects] == [user.email for user in users]
    assert plan.left_out == (
        "2 people: the records that only SCIM has are inactive already, so they stay listed as only on SCIM.",
    )


@pytest.mark.parametrize("changed", Surface)
@pytest.mark.parametrize("email", [ANN.email, "renamed@example.com"])
@pytest.mark.parametrize("all_read", [False, True])
async def test_somebody_who_is_found_by_a_look_up_is_neither_deactivated_nor_created(
    changed: Surface, email: str, all_read: bool
) -> None:
    rest = FakeDirectory([ANN._replace(id="another-id-of-the-same-person", email=email), person(2)])
    assert await planned(rest, changed=changed, all_read=all_read) == (
        [],
        (f"{ANN.email}: REST has a record too, compare again.",),
    )


@pytest.mark.parametrize("changed", Surface)
async def test_nothing_is_done_where_the_external_id_may_be_that_of_a_record_that_was_not_read(
    changed: Surface,
) -> None:
    steps, left_out = await planned(FakeDirectory([person(2)]), changed=changed)
    assert steps == []
    assert "it is not certain that REST has no record" in left_out[0]


@pytest.mark.parametrize("id_there", [ANN.id, "another-id-of-the-same-person"])
async def test_somebody_whom_the_list_has_not_shown_yet_is_not_deactivated(id_there: str) -> None:
    steps, left_out = await planned(FakeDirectory([ANN._replace(id=id_there), person(2)]))
    assert steps == []
    assert left_out == (f"{ANN.email}: REST has a record too, compare again.",)


async def test_somebody_whose_record_was_made_anew_meanwhile_is_not_deactivated() -> None:
    then = ANN._replace(id="deleted-since-then", status="inactive")
    steps, left_out = await planned(FakeDirectory([ANN._replace(id="made-anew")]), then)
    assert steps == []
    assert left_out == (f"{ANN.email}: REST has a record too, compare again.",)


async def test_nobody_is_deactivated_where_a_look_up_proves_nothing() -> None:
    rest = FakeDirectory([person(2)])
    rest.email_ignored = True
    steps, left_out = await planned(rest)
    assert steps == []
    assert "it is not certain that REST has no record" in left_out[0]


@pytest.mark.parametrize("email", [None, "", UNKNOWN])
async def test_somebody_without_an_email_is_not_deactivated_before_all_users_are_read(email: Known[str | None]) -> None:
    ann = ANN._replace(email=email, external_id=None)
    steps, left_out = await planned(FakeDirectory([person(2)]), ann=ann)
    assert steps == []
    assert "it is not certain that REST has no record" in left_out[0]
    steps, left_out = await planned(FakeDirectory([person(2)]), ann=ann, all_read=True)
    assert (steps, len(left_out)) == (["set status inactive"], 1)


async def test_a_server_that_refuses_the_form_of_an_id_has_no_such_user() -> None:
    rest = FakeDirectory([person(2)])
    rest.fail_next(RequestRejected("The id is no number.", status=400), name="get_user")
    assert await planned(rest, all_read=True) == (["set status inactive"], (KEPT,))


async def test_the_records_of_both_sides_are_counted_while_they_are_read() -> None:
    numbers: list[int] = []
    both = [ANN, person(2)]
    async with (
        open_session(FakeDirectory(both)) as here,
        open_session(FakeDirectory(both), surface=Surface.SCIM) as there,
    ):
        pairs = [pair_of(user, user) for user in both]
        await AdoptionPlanner(Sides(here, there), NO_GROUPS).plan(pairs, Surface.SCIM, on_progress=numbers.append)
        assert numbers == [1, 2, 3, 4]
        assert records_to_read(pairs) == 4
