"""Sweeps over the server's whole list, as the mirror stores them."""

from typing import NamedTuple


class Sweep(NamedTuple):
    """The state of a sweep, or its result.

    ``started_at_ms`` is the time of the request for its first page, in milliseconds since the Unix epoch. All pages of
    ``page_size`` users before ``next_page`` are stored. ``total_at_start`` is the total of the first response, None
    where that is missing or cannot be true. Users whose row id is below ``first_new_row_id`` were in the list when the
    pass began. ``pass_number`` is 1, or 2 after an inconclusive first pass. ``drifted``: the list changed or repeated
    pages during the pass. ``unreadable`` counts records that are not users. ``ended_at_ms`` is None until the sweep
    ends; then ``complete`` and ``note`` hold the result: "complete", "complete as of …, list was changing" or
    "incomplete: …". ``renews``: an earlier sweep saw all users, so that a user seen for the first time is new in the
    account. ``after_drift``: the list changed during the first pass, and this is the second. ``disproved_total`` is a
    total that the server claimed although it sent more users; then ``total_at_start`` is None.
    """

    started_at_ms: int
    page_size: int
    next_page: int
    total_at_start: int | None
    first_new_row_id: int
    pass_number: int = 1
    drifted: bool = False
    unreadable: int = 0
    ended_at_ms: int | None = None
    complete: bool = False
    note: str = ""
    renews: bool = False
    after_drift: bool = False
    disproved_total: int | None = None

    @property
    def knew_all_users(self) -> bool:
        """True if all users were known before, so that users who are added now are new in the account."""
        return self.renews or self.complete


class SeenCount(NamedTuple):
    """What a sweep saw: ``seen`` distinct users; ``sure`` of them certainly were in the list when it began."""

    seen: int
    sure: int
