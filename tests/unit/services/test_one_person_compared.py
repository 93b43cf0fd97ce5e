"""One person compared: matched with the same record, and in the same classes, as in the comparison of all users."""

import pytest
from hypothesis import given, settings

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS, open_session
from tests.unit.domain.test_reconcile import GROUPS, THERE, sides
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import LookUpIgnored, NotFound
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Sides, compared
from walkme_tui.services.reconcile.person import Person, read_person

ANN = person(1)._replace(status="active", groups=(), external_id="okta|1")


async def read(session: Session, users: list[User], *, total: int | None = None) -> None:
    """Store the users as a list that was read to its end, unless ``total`` is larger."""
    await session.mirror.save_page(UserPage(1, 100, tuple(users), len(users) if total is None else total), NOON_MS)


def has_record(pair: Pair, surface: Surface, user_id: str) -> bool:
    """True if this is the record of a pair on a surface."""
    side = pair.on(surface)
    return side is not None and side.id == user_id


async def ann(scim: list[User], mirrored: list[User], *, total: int | None = None) -> Person:
    """Ann of REST, with these records on SCIM, of which those are in the local copy."""
    async with (
        open_session(FakeDirectory([ANN])) as here,
        open_session(FakeDirectory(scim), surface=Surface.SCIM) as there,
    ):
        await read(here, [ANN])
        await read(there, mirrored, total=total)
        return await read_person(Sides(here, there), Surface.REST, ANN.id)


@settings(max_examples=60)
@given(sides([*GROUPS]), sides([*THERE]))
async def test_the_pair_is_that_of_the_comparison_of_all_users(rest: list[User], scim: list[User]) -> None:
    here = FakeDirectory(rest, groups=tuple(GROUPS.values()))
    there = FakeDirectory(scim, groups=tuple(THERE.values()))
    async with open_session(here) as own, open_session(there, surface=Surface.SCIM) as other:
        both = Sides(own, other)
        for session, users, groups in ((own, rest, GROUPS), (other, scim, THERE)):
            await session.mirror.save_groups(tuple(groups.values()))
            await read(session, users)
        for surface, users in ((Surface.REST, rest), (Surface.SCIM, scim)):
            for user in users:
                found = await read_person(both, surface, user.id)
                everybody = await compared(both)
                assert everybody.complete is all(isinstance(each.groups, tuple | None) for each in [*rest, *scim])
                listed = [pair for pair in everybody.pairs if has_record(pair, surface, user.id)]
                # Of those who agree, only ghosts are kept.
                assert found.pair in listed or (not listed and found.pair.classes == (PairClass.MATCHED,))
                for each, record in found.records.items():
                    assert record is None or has_record(found.pair, each, record.id)
                assert found.pair.rest is None or found.records[Surface.REST] is not None
                assert found.pair.scim is None or found.records[Surface.SCIM] is not None


async def test_a_second_record_of_the_other_side_is_named_and_makes_the_pair_a_duplicate() -> None:
    second = ANN._replace(id="second-record-of-the-same-person", email="Person00001@Example.com", external_id=None)
    found = await ann([ANN, second], [ANN, second])
    assert found.pair.classes == (PairClass.DUPLICATE,)
    assert [pair.scim and pair.scim.id for pair in found.others] == [second.id]
    assert found.incomplete == []


async def test_a_record_that_no_look_up_finds_is_matched_from_the_local_copy_and_read_again() -> None:
    renamed = ANN._replace(id="renamed-record-of-the-same-person", email="renamed@example.com", last_name="Now")
    scim = FakeDirectory([renamed])

    async def refuses(external_id: str) -> User | None:
        raise LookUpIgnored("This server refuses filters by external id.")

    scim.find_by_external_id = refuses  # type: ignore[method-assign]
    async with open_session(FakeDirectory([ANN])) as here, open_session(scim, surface=Surface.SCIM) as there:
        await read(here, [ANN])
        await read(there, [renamed._replace(last_name="Before")])
        found = await read_person(Sides(here, there), Surface.REST, ANN.id)
        assert found.records[Surface.SCIM] == renamed
        assert found.pair.classes == (PairClass.FIELD,)
        scim.users = []
        found = await read_person(Sides(here, there), Surface.REST, ANN.id)
        assert (found.records[Surface.SCIM], found.pair.classes) == (None, (PairClass.ONLY_REST,))


async def test_the_sides_are_named_that_may_have_more_records() -> None:
    assert (await ann([ANN], [], total=1)).incomplete == [Surface.SCIM]
    assert (await ann([ANN], [ANN])).incomplete == []


@pytest.mark.parametrize("read_whole", [True, False])
async def test_where_look_ups_prove_nothing_the_local_copy_decides_once_it_is_complete(read_whole: bool) -> None:
    rest = FakeDirectory([person(2)])
    rest.email_ignored = True
    async with open_session(rest) as here, open_session(FakeDirectory([ANN]), surface=Surface.SCIM) as there:
        await read(here, [person(2)], total=None if read_whole else 2)
        await read(there, [ANN])
        if read_whole:
            found = await read_person(Sides(here, there), Surface.SCIM, ANN.id)
            assert found.pair.classes == (PairClass.ONLY_SCIM,)
        else:
            with pytest.raises(LookUpIgnored):
                await read_person(Sides(here, there), Surface.SCIM, ANN.id)


async def test_somebody_who_is_gone_is_not_compared() -> None:
    async with open_session(FakeDirectory([])) as here, open_session(FakeDirectory([]), surface=Surface.SCIM) as there:
        with pytest.raises(NotFound):
            await read_person(Sides(here, there), Surface.REST, ANN.id)
