"""The comparison of one person: both records as the servers have them now, and other records that the mirrors have."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ChangedMeanwhile, LookUpIgnored, NotFound
from walkme_tui.domain.reconcile.matching import Pair, compare, sharing
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.users import User
from walkme_tui.services.changes.other_surface import OtherSurface
from walkme_tui.services.concurrency import gather_pair
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Contents, Sides, contents

MOST_ATTEMPTS: Final = 4
MANY: Final = 1_000
"""With so many records that share a value, such as a placeholder, no further ones are looked for."""


class Person(NamedTuple):
    """A pair with its whole ``records``, and the ``others`` that share an email or an external id with one of them.

    There may be more on the surfaces that are ``incomplete``: not all of their users are read.
    """

    pair: Pair
    records: Mapping[Surface, User | None]
    others: Sequence[Pair]
    incomplete: Sequence[Surface]
    groups: SharedGroups


async def read_person(sides: Sides, surface: Surface, user_id: str) -> Person:
    """Read both records of a user of ``surface``, matched as in the comparison of both mirrors.

    Raises ``WalkmeError``: ``NotFound`` where the user is gone, ``LookUpIgnored`` where it is not known whether the
    other surface has a record.
    """
    there = other_surface(surface)
    own, other = sides.of(surface), sides.of(there)
    # The other record is found by the values of now.
    mine = (await Directory(own).reread(user_id)).user
    rest, scim = await gather_pair(*(Directory(session).named_groups() for session in sides))
    groups = SharedGroups.of([size.group for size in rest], [size.group for size in scim])
    theirs = await _find(own, other, mine)
    for _ in range(MOST_ATTEMPTS):
        records: dict[Surface, User | None] = {surface: mine, there: theirs}
        found = await _like(sides, records)
        pairs = compare(found[Surface.REST].users, found[Surface.SCIM].users, groups)
        pair = next(pair for pair in pairs if (side := pair.on(surface)) is not None and side.id == mine.id)
        partner = pair.on(there)
        if partner is None or (theirs is not None and partner.id == theirs.id):
            records[there] = theirs if partner is not None else None
            incomplete = [each for each in Surface if not found[each].coverage.complete]
            return Person(pair, records, sharing(pair, pairs), incomplete, groups)
        try:
            theirs = (await Directory(other).reread(partner.id)).user
        except NotFound:
            theirs = None  # the mirror does not have it any more
    raise ChangedMeanwhile("The records of this person change while they are read. Try again.")


async def _find(own: Session, other: Session, mine: User) -> User | None:
    try:
        return await OtherSurface(own, other.api).find(mine)
    except LookUpIgnored:
        if not (await other.mirror.coverage()).complete:
            raise
        return None


async def _like(sides: Sides, records: Mapping[Surface, User | None]) -> Mapping[Surface, Contents]:
    """What the mirrors have of users like these, with the ``records`` as they are now."""
    like: Sequence[ComparedUser] = [ComparedUser.of(user) for user in records.values() if user is not None]
    found: dict[Surface, Contents] = {}
    known = 0
    # A record that shares a value with one that was found may be matched with it.
    while known < len(like) < MANY:
        known = len(like)
        for surface, user in records.items():
            each = await contents(sides.of(surface), like)
            found[surface] = each if user is None else each._replace(users=_with(user, each.users))
        like = [user for each in found.values() for user in each.users]
    return found


def _with(user: User, users: Sequence[ComparedUser]) -> Sequence[ComparedUser]:
    """The users with this one as it is now; the mirror may not have it."""
    now = [ComparedUser.of(user, each.row_id) if each.id == user.id else each for each in users]
    return now if any(each.id == user.id for each in users) else [*now, ComparedUser.of(user)]
