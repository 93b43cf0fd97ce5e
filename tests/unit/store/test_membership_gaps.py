"""Users in no group, inactive users that are still in groups, and users of unknown groups."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkme_tui.domain.groups import Belonging, MembershipGaps
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.users import UNKNOWN, Known, User, UserPage
from walkme_tui.store.mirror import membership_gaps
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror


@pytest.fixture
async def mirror() -> AsyncIterator[SqliteMirror]:
    opened = open_mirror(None, account_key="account")
    yield opened
    await opened.aclose()


def somebody(number: int, groups: Known[tuple[str, ...] | None], status: Known[str | None] = "active") -> User:
    return User(f"u{number}", f"user{number}@example.com", "Zoë", status=status, groups=groups)


async def filled(mirror: SqliteMirror, users: Sequence[User]) -> None:
    await mirror.save_page(UserPage(1, len(users) or 1, tuple(users), len(users)), 1000)


async def found(mirror: SqliteMirror, query: UserQuery) -> list[str]:
    row_ids = await mirror.matching(query)
    rows = await mirror.rows(row_ids)
    return [rows[row_id].user.id for row_id in row_ids]


def expected(users: Sequence[User], belonging: Belonging) -> list[str]:
    """The kind of gap, without a database."""
    known = [user for user in users if user.groups is not UNKNOWN]
    kept = {
        Belonging.NONE: [user for user in known if not user.groups],
        Belonging.STILL_IN_GROUPS: [user for user in known if user.groups and user.status == "inactive"],
        Belonging.UNKNOWN: [user for user in users if user not in known],
    }[belonging]
    return [user.id for user in kept]


MEMBERSHIPS = st.sampled_from([UNKNOWN, None, (), ("sales",), ("sales", "beta")])
STATUSES = st.sampled_from([UNKNOWN, None, "", "active", "inactive", "pending"])


@settings(deadline=None, max_examples=60)
@given(people=st.lists(st.tuples(MEMBERSHIPS, STATUSES), max_size=12))
async def test_each_kind_of_gap_is_selected_and_counted(
    people: list[tuple[Known[tuple[str, ...] | None], Known[str | None]]],
) -> None:
    users = [somebody(number, groups, status) for number, (groups, status) in enumerate(people)]
    mirror = open_mirror(None, account_key="account")
    try:
        await filled(mirror, users)
        counted = await mirror.membership_gaps()
        for belonging in Belonging:
            ids = expected(users, belonging)
            query = UserQuery(belonging=belonging)
            assert await found(mirror, query) == ids
            assert [user.user.id for user in await mirror.first(query, 20)] == ids
            assert counted.of(belonging) == len(ids)
    finally:
        await mirror.aclose()


async def test_gaps_can_be_filtered_and_sorted(mirror: SqliteMirror) -> None:
    await filled(mirror, [somebody(1, ("sales",), "inactive"), somebody(2, ("beta",), "inactive"), somebody(3, ())])
    left = UserQuery(belonging=Belonging.STILL_IN_GROUPS)
    assert await found(mirror, left._replace(sort=Sort(SortKey.EMAIL, reverse=True))) == ["u2", "u1"]
    assert await found(mirror, left._replace(text="group:beta")) == ["u2"]
    assert await found(mirror, left._replace(group_id="sales")) == ["u1"]


async def test_a_user_whose_groups_become_known_is_no_longer_unknown(mirror: SqliteMirror) -> None:
    await filled(mirror, [somebody(1, UNKNOWN), somebody(2, UNKNOWN)])
    await mirror.save_user(somebody(2, ("sales",)), 2000)
    assert await mirror.membership_gaps() == MembershipGaps(none=0, still_in_groups=0, unknown=1)
    assert await found(mirror, UserQuery(belonging=Belonging.UNKNOWN)) == ["u1"]


async def test_counting_in_steps_includes_all_users(mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(mirror, [somebody(number, ()) for number in range(25)])
    await mirror.forget_user("u3")
    monkeypatch.setattr(membership_gaps, "RANGE_ROWS", 4)
    steps = await mirror._read(lambda tables: sum(1 for _ in membership_gaps.count_gaps(tables)))
    assert steps == 7
    assert await mirror.membership_gaps() == MembershipGaps(24, 0, 0)


async def test_an_empty_mirror_has_no_gaps(mirror: SqliteMirror) -> None:
    assert await mirror.membership_gaps() == MembershipGaps(0, 0, 0)
