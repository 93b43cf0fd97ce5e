"""When the groups and their members are counted again, and the results."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from walkme_tui.domain.groups import Difference, GroupSize, MembershipGaps
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.ports import Session

REST: Final = 20
"""After counting users, the next count waits so many times as long as it took: 0.5 s for a million users."""
SECONDS_A_ROW: Final = 0.25
"""The next count waits so long for each row with a new number: painting one costs a hundred bytes."""


class GroupCounts:
    """The sizes of the groups, which are known at once, and the sizes of other sets of users, which are counted.

    ``differences`` has a number for each that was requested, None until it is counted. ``sizes_are_exact`` and
    ``counts_are_exact`` tell that every membership was known when they were counted (``complete``).
    """

    def __init__(self, session: Session, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.sizes: Sequence[GroupSize] = ()
        self.gaps: MembershipGaps | None = None
        self.sizes_are_exact = self.counts_are_exact = False
        self._differences: dict[Difference, int | None] = {}
        self._mirror = session.mirror
        self._monotonic = monotonic
        self._sizes_are_old = False
        self._people_are_old = True
        self._counting = False
        self._rests_until = self._paints_until = float("-inf")

    @property
    def differences(self) -> Mapping[Difference, int | None]:
        """How many users are in one group but not in another."""
        return self._differences

    def age(self) -> None:
        """Note that memberships were stored."""
        self._sizes_are_old = self._people_are_old = True

    def is_due(self, *, complete: bool) -> bool:
        """It is time to count again."""
        if self._counting or self._monotonic() < self._paints_until:
            return False
        return self._sizes_are_old or complete > self.sizes_are_exact or self._counts_are_due(complete)

    def _counts_are_due(self, complete: bool) -> bool:
        rested = self._monotonic() >= self._rests_until
        return rested and (self._people_are_old or complete > self.counts_are_exact)

    async def read_sizes(self, visible: int, *, complete: bool) -> None:
        """The groups and their known numbers of members, of which so many can be seen; raises ``MirrorUnavailable``."""
        self._sizes_are_old = False
        before = self.sizes
        self.take_sizes(await self._mirror.groups(), complete=complete)
        others = sum(was != now for was, now in zip(before, self.sizes, strict=False))
        self._paints_until = self._monotonic() + SECONDS_A_ROW * min(others, visible)

    def take_sizes(self, sizes: Sequence[GroupSize], *, complete: bool) -> None:
        """Set the groups that the caller read."""
        self.sizes, self.sizes_are_exact = sizes, complete

    async def count_sets(self, *, complete: bool) -> bool:
        """Count the users of ``Belonging``; False if that was done just before. Raises ``MirrorUnavailable``."""
        if self._counting or not self._counts_are_due(complete):
            return False
        self._counting, self._people_are_old = True, False
        began = self._monotonic()
        try:
            self.gaps = await self._mirror.membership_gaps()
            await self.count_differences()
            self.counts_are_exact = complete
        except BaseException:
            self._people_are_old = True
            raise
        finally:
            self._counting = False
            self._rests_until = self._monotonic() + REST * (self._monotonic() - began)
        return True

    def compare(self, differences: Sequence[Difference]) -> None:
        """Count these too from now on."""
        self._differences = {each: self._differences.get(each) for each in differences}

    async def count_differences(self) -> None:
        """Count the users who are in one of two compared groups; raises ``MirrorUnavailable``."""
        for each in tuple(self._differences):
            query = UserQuery(group_id=each.group.id, without_group_id=each.other.id)
            count = len(await self._mirror.matching(query))
            if each in self._differences:
                self._differences[each] = count
