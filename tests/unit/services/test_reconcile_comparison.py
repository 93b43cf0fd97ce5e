"""The comparison of two mirrors of which one is not complete yet."""

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.reconcile.classes import PairClass, PairSet
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.reconcile.comparison import Sides, compared
from walkme_tui.services.reconcile.pair_listing import PairQuery, listed_pairs


async def test_whoever_the_incomplete_side_has_not_shown_yet_is_in_no_set() -> None:
    ghost, active = (person(number)._replace(groups=("g1",)) for number in range(2))
    ghost = ghost._replace(status="inactive")
    async with open_session(FakeDirectory(())) as rest, open_session(FakeDirectory(()), surface=Surface.SCIM) as scim:
        await rest.mirror.save_page(UserPage(1, 10, (ghost, active), 2), NOON_MS)
        await scim.mirror.save_page(UserPage(1, 10, (), 2), NOON_MS)
        found = await compared(Sides(rest, scim))
        assert found.undecided == {*PairClass}
        assert not any(found.sets[each] for each in PairSet)
        assert not found.different
        assert not any(found.counts.values())
        assert not found.complete
        other = person(2)._replace(status="active")
        await scim.mirror.save_page(UserPage(1, 10, (other,), 2), NOON_MS)
        assert (await compared(Sides(rest, scim))).undecided == {PairClass.ONLY_REST}
        twin = User(ghost.id, ghost.email, status="inactive", groups=("g1",))
        await scim.mirror.save_page(UserPage(1, 10, (twin,), 1), NOON_MS + 1)
        found = await compared(Sides(rest, scim))
        assert [pair.rest.id for pair in found.sets[PairSet.GHOSTS] if pair.rest is not None] == [ghost.id]
        assert [pair.classes for pair in found.sets[PairSet.ONLY_REST]] == [(PairClass.ONLY_REST,)]


async def test_memberships_are_not_compared_where_the_groups_of_one_side_have_no_names_yet() -> None:
    here = person(0)._replace(status="active", groups=("g1",))
    async with open_session(FakeDirectory(())) as rest, open_session(FakeDirectory(()), surface=Surface.SCIM) as scim:
        await rest.mirror.save_groups((Group("g1", "Sales"),))
        await rest.mirror.save_page(UserPage(1, 10, (here,), 1), NOON_MS)
        await scim.mirror.save_page(UserPage(1, 10, (here._replace(groups=("s1",)),), 1), NOON_MS)
        found = await compared(Sides(rest, scim))
        assert found.counts[PairClass.MATCHED] == 1
        assert found.sides[Surface.SCIM].without_groups == 1
        assert not found.complete
        await scim.mirror.save_groups((Group("s1", "Ops"),))
        found = await compared(Sides(rest, scim))
        assert found.counts[PairClass.MEMBERSHIP] == 1
        assert found.complete


async def test_nobody_whose_groups_are_unknown_is_a_ghost() -> None:
    user = person(0)._replace(status="inactive", groups=UNKNOWN)
    async with open_session(FakeDirectory(())) as rest, open_session(FakeDirectory(()), surface=Surface.SCIM) as scim:
        for session in (rest, scim):
            await session.mirror.save_page(UserPage(1, 10, (user,), 1), NOON_MS)
        found = await compared(Sides(rest, scim))
        assert not found.sets[PairSet.GHOSTS]


async def test_a_side_says_less_than_its_local_copy_with_the_first_users_and_with_all_of_them() -> None:
    async with open_session(FakeDirectory(())) as rest, open_session(FakeDirectory(()), surface=Surface.SCIM) as scim:
        sides = Sides(rest, scim)
        said = (await compared(sides)).sides[Surface.REST]
        await rest.mirror.save_page(UserPage(1, 1, (person(0),), 3), NOON_MS)
        assert said.says_less_than(await rest.mirror.coverage())
        said = (await compared(sides)).sides[Surface.REST]
        await rest.mirror.save_page(UserPage(2, 1, (person(1),), 3), NOON_MS)
        assert not said.says_less_than(await rest.mirror.coverage())
        await rest.mirror.save_page(UserPage(3, 1, (person(2),), 3), NOON_MS)
        assert said.says_less_than(await rest.mirror.coverage())


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("key", "order"), [(SortKey.EMAIL, "abc"), (SortKey.NAME, "cab"), (SortKey.STATUS, "acb")])
async def test_pairs_without_a_value_come_last_in_either_direction(key: SortKey, order: str, reverse: bool) -> None:
    users = [
        User("1", "c@e.com", first_name=None, last_name="Adams", status="inactive", groups=()),
        User("2", "a@e.com", first_name="Zoë", last_name=None, status="active", groups=()),
        User("3", "b@e.com", first_name=None, last_name=None, status=None, groups=()),
    ]
    async with open_session(FakeDirectory(())) as rest, open_session(FakeDirectory(()), surface=Surface.SCIM) as scim:
        await rest.mirror.save_page(UserPage(1, 10, tuple(users), 3), NOON_MS)
        await scim.mirror.save_page(UserPage(1, 10, (), 0), NOON_MS)
        sides = Sides(rest, scim)
        found = await listed_pairs(await compared(sides), sides, PairQuery(sort=Sort(key, reverse)))
        shown = "".join(pair_email(pair)[0] for pair in found)
        last = "" if key is SortKey.EMAIL else "b"
        valued = order.removesuffix(last)
        assert shown == (valued[::-1] if reverse else valued) + last
