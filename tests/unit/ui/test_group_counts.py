"""When the Groups tab counts again: the pauses grow with the duration of counting and painting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import BrokenMirror, ManualTime, open_session, until
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Difference, Group, MembershipGaps
from walkme_tui.ui.browser.group_counts import REST, SECONDS_A_ROW, GroupCounts

ONE, TWO, THREE = Group("g1", None), Group("g2", None), Group("g3", None)


class SlowMirror(BrokenMirror):
    """A mirror that takes two seconds of the manual clock to count users; counting can be held."""

    def __init__(self, time: ManualTime) -> None:
        super().__init__()
        self.time = time
        self.gate = asyncio.Event()
        self.gate.set()

    async def membership_gaps(self) -> MembershipGaps:
        if self.broken:
            raise MirrorUnavailable("The local copy cannot be read.")
        await self.gate.wait()
        self.time.advance(2.0)
        return await super().membership_gaps()


def due(counts: GroupCounts) -> bool:
    """True if counts are due."""
    return counts.is_due(complete=False)


@asynccontextmanager
async def counting() -> AsyncIterator[tuple[GroupCounts, SlowMirror, ManualTime]]:
    """Counts of a mirror with twelve users and three groups; sizes are read and users counted."""
    time = ManualTime()
    mirror = SlowMirror(time)
    api = FakeDirectory(people(12))
    async with open_session(api, time=time, mirror=mirror) as session:
        await mirror.save_page(await api.list_users(1, 100), 1)
        counts = GroupCounts(session, time.monotonic)
        assert due(counts)
        await counts.read_sizes(20, complete=False)
        assert await counts.count_sets(complete=False)
        assert not due(counts)
        yield counts, mirror, time


async def test_users_are_counted_again_after_a_pause_proportional_to_the_duration() -> None:
    async with counting() as (counts, _, time):
        assert counts.gaps == MembershipGaps(none=6, still_in_groups=1, unknown=0)
        counts.age()
        await counts.read_sizes(20, complete=False)
        assert not due(counts)
        assert not await counts.count_sets(complete=False)
        time.advance(2.0 * REST - 0.1)
        assert not due(counts)
        time.advance(0.1)
        assert due(counts)
        assert await counts.count_sets(complete=False)
        assert not due(counts)


async def test_without_changes_nothing_is_counted_again() -> None:
    async with counting() as (counts, _, time):
        time.advance(10_000)
        assert not due(counts)
        assert not await counts.count_sets(complete=False)


async def test_sizes_are_read_again_after_a_pause_proportional_to_the_painting() -> None:
    async with counting() as (counts, mirror, time):
        await mirror.save_user(person(15), 2)  # in two groups
        counts.age()
        assert due(counts)
        await counts.read_sizes(20, complete=False)
        counts.age()
        time.advance(2 * SECONDS_A_ROW - 0.1)
        assert not due(counts)
        time.advance(0.1)
        assert due(counts)
        await mirror.save_user(person(19), 2)
        await counts.read_sizes(1, complete=False)
        counts.age()
        time.advance(SECONDS_A_ROW)
        assert due(counts)


async def test_nothing_is_due_while_counting() -> None:
    async with counting() as (counts, mirror, time):
        counts.age()
        time.advance(1000)
        mirror.gate.clear()
        task = asyncio.create_task(counts.count_sets(complete=False))
        await until(lambda: not due(counts))
        counts.age()
        assert not due(counts)
        assert not await counts.count_sets(complete=False)
        mirror.gate.set()
        assert await task
        time.advance(1000)
        assert due(counts)  # for changes made meanwhile


async def test_a_failed_count_is_due_again() -> None:
    async with counting() as (counts, mirror, time):
        counts.age()
        time.advance(1000)
        mirror.broken = True
        with pytest.raises(MirrorUnavailable):
            await counts.count_sets(complete=False)
        mirror.broken = False
        assert due(counts)
        assert await counts.count_sets(complete=False)


async def test_comparisons_are_counted_with_the_users_and_keep_their_numbers() -> None:
    async with counting() as (counts, mirror, time):
        there, back = Difference(ONE, TWO), Difference(TWO, ONE)
        counts.compare([there, back])
        assert dict(counts.differences) == {there: None, back: None}
        await counts.count_differences()
        assert dict(counts.differences) == {there: 3, back: 0}
        counts.compare([there, Difference(ONE, THREE)])
        assert dict(counts.differences) == {there: 3, Difference(ONE, THREE): None}
        await mirror.save_user(person(14), 2)  # in the first only
        counts.age()
        time.advance(1000)
        await counts.count_sets(complete=False)
        assert counts.differences[there] == 4


async def test_a_count_of_an_incomplete_account_is_inexact_and_repeated_when_complete() -> None:
    async with counting() as (counts, _, time):
        assert (counts.sizes_are_exact, counts.counts_are_exact) == (False, False)
        assert counts.is_due(complete=True)  # although nothing has changed since
        await counts.read_sizes(20, complete=True)
        assert not counts.is_due(complete=True)  # the pause of the users has not ended
        time.advance(1000)
        assert counts.is_due(complete=True)
        assert await counts.count_sets(complete=True)
        assert (counts.sizes_are_exact, counts.counts_are_exact) == (True, True)
        time.advance(1000)
        assert not counts.is_due(complete=True)
