"""Whom the cursor stays with when another view is shown, and where that person is looked for first."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.reading.listing import Listing

NEAR_SCREENS: Final = 3
"""So many screens are looked through for the cursor's person before the listing is asked."""


class Following(NamedTuple):
    """``keeps``: the cursor stays with its person if the new view has them, else it begins at the first row.

    ``waits``: a person who is not among the first rows is worth waiting for until all of the order is known.
    """

    keeps: bool
    waits: bool


def following(before: UserQuery, now: UserQuery, *, chosen: bool) -> Following:
    """What the cursor does when the view changes; ``chosen``: a key or a click put it on its person."""
    same_text = before._replace(hide_inactive=now.hide_inactive, sort=now.sort) == now
    freed = before.text != now.text and not now.text.strip()
    # Nobody went to a person who just stood first: in another order it is its first that is looked for. And while a
    # filter is typed the first that it finds are looked at, which is no time to be moved away later.
    return Following(keeps=chosen or freed, waits=same_text or freed)


def at_hand(listing: Listing, person: MirroredUser, indexes: Iterable[int]) -> int | None:
    """Which of these rows is the person's, as far as the rows are here."""
    for index in indexes:
        row = listing.row(index)
        if isinstance(row, MirroredUser) and row.user.id == person.user.id:
            return index
    return None
