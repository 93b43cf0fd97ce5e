"""Sweeps over the server's whole list, as the mirror stores them."""

from typing import NamedTuple


class Sweep(NamedTuple):
    """The state of a sweep, or how it ended.

    ``started_at_ms`` is when its first page was asked for, milliseconds since the Unix epoch. Pages of ``page_size``
    users came up to, and without, ``next_page``. ``total_at_start`` is what the first answer claimed, None where it
    claimed nothing that can be true. Users whose row id is below ``first_new_row_id`` were known when the walk began,
    the first page's among them. ``walk`` is 1, or 2 for the second walk after one that proved nothing. ``drifted``
    tells that the list changed or repeated itself on the way, ``unreadable`` counts records that are no user.
    ``ended_at_ms`` is None until it ends; ``complete`` and ``note`` then say how it ended: "complete",
    "complete as of …, list was changing" or "incomplete: …". ``renews`` tells that an earlier walk had seen everyone,
    so that a user who is seen for the first time now is new in the account. ``after_drift`` means that the first
    walk, before this second one, saw the list change. ``disproved_total`` is what the server claimed
    although it sent more users; then ``total_at_start`` is None.
    """

    started_at_ms: int
    page_size: int
    next_page: int
    total_at_start: int | None
    first_new_row_id: int
    walk: int = 1
    drifted: bool = False
    unreadable: int = 0
    ended_at_ms: int | None = None
    complete: bool = False
    note: str = ""
    renews: bool = False
    after_drift: bool = False
    disproved_total: int | None = None

    @property
    def knew_everyone(self) -> bool:
        """True if every user was known before, so that users who are added now are new in the account."""
        return self.renews or self.complete


class SeenCount(NamedTuple):
    """What a sweep saw: ``seen`` distinct users, of whom ``sure`` ones were in the list when it began."""

    seen: int
    sure: int
