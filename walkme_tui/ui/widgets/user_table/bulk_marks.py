"""Marking many users at once, and the sentences that say what was marked."""

from typing import Final

from walkme_tui.services.reading.listing import Listing
from walkme_tui.ui import words
from walkme_tui.ui.widgets.user_table.marks import Marks

MAX_RANGE: Final = 10_000
"""Rows that a range may have: each may have to be fetched first."""


async def mark_range(listing: Listing, marks: Marks, index: int) -> str:
    """Mark every user from the last mark to the row at ``index``, fetching what is not loaded.

    Raises the ``WalkmeError`` that prevents it; then nothing is marked.
    """
    if marks.last is None:
        return "A range begins at the last mark: mark its first user, then go to its last."
    query = listing.query
    anchor = await listing.locate(marks.last)
    if listing.query != query:
        return "Another view is shown by now. Nothing was marked."
    if anchor is None:
        return "The last mark is not in this view, so no range begins there."
    first, last = sorted((anchor, index))
    if last - first >= MAX_RANGE:
        rows = words.number(last - first + 1)
        return f"That range has {rows} rows, and {words.number(MAX_RANGE)} is the most. Nothing was marked."
    users = await listing.users(first, last)
    marks.add(users)
    said = f"Marked {words.count(len(users), 'user', 'users')}"
    left_out = last - first + 1 - len(users)
    return f"{said}; {words.count(left_out, 'record', 'records')} could not be read." if left_out > 0 else f"{said}."


async def mark_all(listing: Listing, marks: Marks, not_loaded: int | None) -> str:
    """Mark every loaded user of the view. Raises ``MirrorUnavailable``; then nothing is marked."""
    user_ids = await listing.all_user_ids()
    marks.add_ids(user_ids)
    said = f"Marked {words.number(len(user_ids))}"
    return f"{said}; {words.number(not_loaded)} not loaded." if not_loaded else f"{said}."
