"""SCIM lists in any paging dialect, also while they change: what is reported complete has missed no user."""

import asyncio
import os
from contextlib import suppress
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.dialect_server import Change, Dialect, DialectServer, PastTheEnd, Totals, scim_directory
from tests.support.sessions import open_session
from walkme_tui.domain.errors import ApiError
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.services.ports import SyncSettings
from walkme_tui.services.sync.sweep import SweepResult, sweep

# More by hand, with DIALECT_EXAMPLES=20000.
EXAMPLES = int(os.environ.get("DIALECT_EXAMPLES", "200"))

MOST_ROWS = 2000
HONEST = {Totals.REAL, Totals.TEXT}

DIALECTS = st.builds(
    Dialect,
    cap=st.none() | st.integers(1, 20),
    refused=st.none() | st.integers(2, 20),
    refusal=st.sampled_from([400, 413, 500]),
    totals=st.sampled_from(Totals),
    off_by=st.integers(1, 40),
    start_ignored=st.booleans(),
    past_the_end=st.sampled_from(PastTheEnd),
    items_echoed=st.booleans(),
    places_missing=st.booleans(),
    excluding_refused=st.booleans(),
    get_group_refused=st.booleans(),
    users_carry_groups=st.booleans(),
)
PLACES = st.none() | st.floats(0, 1)
CHANGES = st.dictionaries(st.integers(1, 15), st.lists(st.builds(Change, PLACES, PLACES), max_size=3), max_size=6)


class Sight(NamedTuple):
    """What a sweep showed: its result, None where a request failed, the users in the mirror, and those at positions."""

    result: SweepResult | None
    known: list[str]
    listed: dict[int, str]


async def swept(server: DialectServer, page_size: int, pages_at_once: int) -> Sight:
    async with open_session(scim_directory(server)) as opened:
        session = opened._replace(sync=SyncSettings(pages_at_once=pages_at_once))
        result = None
        with suppress(ApiError):
            result = await sweep(session, lambda progress: None, page_size=page_size)
        known = await session.mirror.rows(range(1, MOST_ROWS))
        listed = await session.mirror.positions(0, MOST_ROWS)
        return Sight(
            result,
            [row.user.id for row in known.values()],
            {at: row.user.id for at, row in listed.items() if isinstance(row, MirroredUser)},
        )


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    dialect=DIALECTS,
    people=st.integers(0, 50),
    page_size=st.integers(2, 15),
    pages_at_once=st.integers(1, 7),
    script=CHANGES,
    dated=st.booleans(),
)
def test_a_complete_sweep_has_missed_no_user_that_stayed(
    dialect: Dialect,
    people: int,
    page_size: int,
    pages_at_once: int,
    script: dict[int, list[Change]],
    dated: bool,
) -> None:
    server = DialectServer(dialect, people, script, dated)
    result, known, listed = asyncio.run(swept(server, page_size, pages_at_once))
    if not script and dialect.totals is not Totals.LARGE:
        assert len(set(listed.values())) == len(listed)
    if result is not None and result.complete and dialect.shows_its_end:
        assert server.stayed <= set(known), result
    if not script and result is not None and result.complete and dialect.shows_its_end:
        assert sorted(known) == sorted(server.users)
        assert list(listed.values()) == list(server.users)
        assert result.total == people
    if not script and dialect.totals in HONEST and dialect.refused is None and dialect.reaches(people):
        assert result is not None
        assert result.complete, result


@settings(max_examples=EXAMPLES // 2, suppress_health_check=[HealthCheck.too_slow])
@given(dialect=DIALECTS, memberships=st.lists(st.sets(st.integers(0, 5)), max_size=30))
def test_every_member_of_every_group_is_read_once(dialect: Dialect, memberships: list[set[int]]) -> None:
    groups = {f"g{number}": [f"u{user}" for user in users] for number, users in enumerate(memberships)}
    server = DialectServer(dialect, people=6, groups=groups)

    async def read() -> None:
        directory = scim_directory(server)
        try:
            listed = await directory.list_groups()
        except ApiError:
            assert dialect.refused is not None
            return
        assert len({group.id for group in listed}) == len(listed)
        if len(listed) < len(groups):
            assert directory.group_warnings or dialect.totals is Totals.SMALL or not dialect.shows_its_end
            return
        for group in listed:
            found = await directory.group_members(group.id)
            assert sorted(user.id for user in found.members) == sorted(groups[group.id])
        for user_id in server.users:
            user = await directory.get_user(user_id)
            assert user.groups is UNKNOWN or sorted(user.groups or ()) == sorted(server.groups_of(user_id))
            # Lists that show no member at all may leave the members out.
            unlisted = dialect.get_group_refused and not any(memberships)
            assert user.groups is not UNKNOWN or dialect.refused is not None or unlisted

    asyncio.run(read())
