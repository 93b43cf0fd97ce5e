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
from walkme_tui.domain.reconcile.adoption import SharedGroups
from walkme_tui.domain.reconcile.classes import PairClass, PairSet
from walkme_tui.domain.reconcile.matching import Pair, compare
from walkme_tui.domain.reconcile.records import ComparedUser, same_groups
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.services.concurrency import gather_pair
from walkme_tui.services.ports import Session


class Sides(NamedTuple):
    """The open sessions of both surfaces of one profile."""

    rest: Session
    scim: Session

    def of(self, surface: Surface) -> Session:
        """The session of a surface."""
        return self.rest if surface is Surface.REST else self.scim


class Side(NamedTuple):
    """What a comparison is based on: ``users`` of them were compared, ``without_groups`` have unknown memberships."""

    coverage: Coverage
    users: int
    without_groups: int


@dataclass(frozen=True)
class Comparison:
    """The pairs that differ and the ghosts, with the coverage of each mirror at that time.

    ``counts`` says how many pairs have each class; a pair may have several. Of the matched pairs, which are most, only
    ghosts are kept: two whole accounts would stay in memory.
    """

    pairs: Sequence[Pair]
    counts: Mapping[PairClass, int]
    groups: SharedGroups
    sides: Mapping[Surface, Side]

    @cached_property
    def different(self) -> Sequence[Pair]:
        """The pairs that differ."""
        return [pair for pair in self.pairs if pair.differs]

    @cached_property
    def undecided(self) -> frozenset[PairClass]:
        """The classes that are not known yet: who is only on one side, while the other one is not complete."""
        classes = {Surface.REST: PairClass.ONLY_SCIM, Surface.SCIM: PairClass.ONLY_REST}
        return frozenset(each for surface, each in classes.items() if not self.sides[surface].coverage.complete)

    @cached_property
    def sets(self) -> Mapping[PairSet, Sequence[Pair]]:
        """The pairs of each set; those of an undecided class are left out."""
        decided = [pair for pair in self.pairs if not self.undecided.intersection(pair.classes)]
        found: dict[PairSet, list[Pair]] = {each: [] for each in PairSet}
        found[PairSet.ALL] = [pair for pair in decided if pair.differs]
        for pair in found[PairSet.ALL]:
            for each in pair.classes:
                found[PairSet(each.value)].append(pair)
        found[PairSet.GHOSTS] = [pair for pair in decided if pair.is_ghost]
        return found

    @property
    def complete(self) -> bool:
        """True if every user of both surfaces was compared, with their groups."""
        return is_complete(self.sides)


def is_complete(sides: Mapping[Surface, Side]) -> bool:
    """True if the sides have every user, with their groups."""
    return all(side.coverage.complete and not side.without_groups for side in sides.values())


async def compared(sides: Sides) -> Comparison:
    """The comparison of both mirrors as they are now, made in a thread; raises ``MirrorUnavailable``."""
    rest, scim = await gather_pair(_read(sides.rest), _read(sides.scim))
    groups = SharedGroups(
        same_groups(rest.groups, scim.groups),
        {
            Surface.REST: {group.id: group for group in rest.groups},
            Surface.SCIM: {group.id: group for group in scim.groups},
        },
    )
    pairs, counts = await asyncio.to_thread(_compared, rest.users, scim.users, groups.rest_ids)
    return Comparison(pairs, counts, groups, {Surface.REST: _side(rest), Surface.SCIM: _side(scim)})


def _compared(
    rest: Sequence[ComparedUser], scim: Sequence[ComparedUser], groups: Mapping[str, str]
) -> tuple[list[Pair], Mapping[PairClass, int]]:
    pairs = compare(rest, scim, groups)
    found = Counter(each for pair in pairs for each in pair.classes)
    return [pair for pair in pairs if pair.differs or pair.is_ghost], {each: found[each] for each in PairClass}


class _Contents(NamedTuple):
    """What one mirror holds."""

    coverage: Coverage
    users: Sequence[ComparedUser]
    groups: Sequence[Group]


async def _read(session: Session) -> _Contents:
    mirror = session.mirror
    coverage = await mirror.coverage()
    # A user that a complete list did not contain is deleted.
    since_ms = coverage.as_of_ms if coverage.complete else None
    users = await mirror.compared_users(since_ms or 0)
    return _Contents(coverage, users, [size.group for size in await mirror.groups()])


def _side(contents: _Contents) -> Side:
    users = contents.users
    return Side(contents.coverage, len(users), sum(user.groups is UNKNOWN for user in users))
