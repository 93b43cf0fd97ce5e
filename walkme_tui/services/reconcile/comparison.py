"""Compares what the mirrors of both surfaces hold."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group
from walkme_tui.domain.reconcile.classes import PairClass, PairSet
from walkme_tui.domain.reconcile.matching import Pair, compare, sharing, together
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.services.concurrency import gather_pair
from walkme_tui.services.ports import Session


class Sides(NamedTuple):
    """The open sessions of both surfaces of one profile."""

    rest: Session
    scim: Session

    @classmethod
    def joined(cls, one: Session, other: Session) -> "Sides":
        """Two sessions, one of each surface."""
        return cls(one, other) if one.account.surface is Surface.REST else cls(other, one)

    def of(self, surface: Surface) -> Session:
        """The session of a surface."""
        return self.rest if surface is Surface.REST else self.scim


class Side(NamedTuple):
    """What a comparison is based on: ``users`` were compared, of whom the groups of ``without_groups`` were not."""

    coverage: Coverage
    users: int
    without_groups: int

    def says_less_than(self, coverage: Coverage) -> bool:
        """True for no user where there are some, and for some where there are all."""
        before = self.coverage
        return (before.complete, before.loaded > 0) < (coverage.complete, coverage.loaded > 0)


@dataclass(frozen=True)
class Comparison:
    """The pairs that differ and the ghosts, with the coverage of each mirror at that time.

    Whoever an incomplete mirror has not shown yet is in no pair. ``counts`` says how many pairs have each class; a pair
    may have several. Of the matched pairs, which are most, only ghosts are kept: two whole accounts would stay in
    memory.
    """

    pairs: Sequence[Pair]
    counts: Mapping[PairClass, int]
    groups: SharedGroups
    sides: Mapping[Surface, Side]

    @property
    def different(self) -> Sequence[Pair]:
        """The pairs that differ."""
        return self.sets[PairSet.ALL]

    @property
    def unread(self) -> Sequence[Surface]:
        """The surfaces of which no user is read yet: nothing is compared then."""
        return [surface for surface, side in self.sides.items() if not (side.users or side.coverage.complete)]

    @property
    def unread_text(self) -> str:
        """A sentence that says so; empty where both sides have users, or are complete."""
        names = " or ".join(surface.upper() for surface in self.unread)
        return f"No user of {names} is read yet, so nothing is compared." if names else ""

    @cached_property
    def undecided(self) -> frozenset[PairClass]:
        """The classes that are not known yet: who is only on one side, while the other one is not complete."""
        if self.unread:
            return frozenset(PairClass)
        return _undecided({surface: side.coverage for surface, side in self.sides.items()})

    @cached_property
    def sets(self) -> Mapping[PairSet, Sequence[Pair]]:
        """The pairs of each set."""
        found: dict[PairSet, list[Pair]] = {each: [] for each in PairSet}
        found[PairSet.ALL] = [pair for pair in self.pairs if pair.differs]
        for pair in found[PairSet.ALL]:
            for each in pair.classes:
                found[PairSet(each.value)].append(pair)
        found[PairSet.DUPLICATE] = together(found[PairSet.DUPLICATE])
        found[PairSet.GHOSTS] = [pair for pair in self.pairs if pair.is_ghost]
        return found

    def others(self, pair: Pair) -> Sequence[Pair]:
        """The duplicates that have an email or an external id in common with a pair."""
        return sharing(pair, self.sets[PairSet.DUPLICATE])

    @property
    def complete(self) -> bool:
        """True if every user of both surfaces was compared, with their groups."""
        return is_complete(self.sides)


def is_complete(sides: Mapping[Surface, Side]) -> bool:
    """True if the sides have every user, with their groups."""
    return all(side.coverage.complete and not side.without_groups for side in sides.values())


async def compared(sides: Sides) -> Comparison:
    """The comparison of both mirrors as they are now, made in a thread; raises ``MirrorUnavailable``."""
    rest, scim = await gather_pair(contents(sides.rest), contents(sides.scim))
    return await asyncio.to_thread(_compared, rest, scim)


def _undecided(coverages: Mapping[Surface, Coverage]) -> frozenset[PairClass]:
    classes = {Surface.REST: PairClass.ONLY_SCIM, Surface.SCIM: PairClass.ONLY_REST}
    return frozenset(each for surface, each in classes.items() if not coverages[surface].complete)


class Contents(NamedTuple):
    """What one mirror holds, of all users or of some."""

    coverage: Coverage
    users: Sequence[ComparedUser]
    groups: Sequence[Group]


async def contents(session: Session, like: Sequence[ComparedUser] | None = None) -> Contents:
    """What is compared of the users of a mirror; see ``Mirror.compared_users``. Raises ``MirrorUnavailable``."""
    mirror = session.mirror
    coverage = await mirror.coverage()
    # A user that a complete list did not contain is deleted.
    since_ms = coverage.as_of_ms if coverage.complete else None
    users = await mirror.compared_users(since_ms or 0, like)
    return Contents(coverage, users, [size.group for size in await mirror.groups()])


def _compared(rest: Contents, scim: Contents) -> Comparison:
    groups = SharedGroups.of(rest.groups, scim.groups)
    undecided = _undecided({Surface.REST: rest.coverage, Surface.SCIM: scim.coverage})
    pairs = [pair for pair in compare(rest.users, scim.users, groups) if undecided.isdisjoint(pair.classes)]
    found = Counter(each for pair in pairs for each in pair.classes)
    sides = {
        surface: Side(each.coverage, len(each.users), _without_groups(surface, each.users, groups))
        for surface, each in ((Surface.REST, rest), (Surface.SCIM, scim))
    }
    kept = [pair for pair in pairs if pair.differs or pair.is_ghost]
    return Comparison(kept, {each: found[each] for each in PairClass}, groups, sides)


def _without_groups(surface: Surface, users: Sequence[ComparedUser], groups: SharedGroups) -> int:
    several = Counter(user.groups for user in users)
    return sum(count for each, count in several.items() if not groups.comparable(surface, each))
