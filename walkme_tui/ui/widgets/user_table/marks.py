"""The marked users, by id, so that no refresh and no filter loses one."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.services.reading.listing import Listing
from walkme_tui.ui import words

MAX_RANGE: Final = 10_000
"""Rows of a range: each may have to be loaded first."""


class Marks:
    """Marked user ids in the order of marking, each with the email of that moment (None: unknown then)."""

    def __init__(self) -> None:
        self._emails: dict[str, str | None] = {}
        self._ids: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._emails)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._emails

    @property
    def ids(self) -> frozenset[str]:
        """The ids as a set."""
        if self._ids is None:
            self._ids = frozenset(self._emails)
        return self._ids

    @property
    def emails(self) -> Mapping[str, str | None]:
        """Email by user id, in the order of marking; a live view."""
        return MappingProxyType(self._emails)

    @property
    def last(self) -> str | None:
        """The id that was marked last."""
        return next(reversed(self._emails), None)

    def toggle(self, user: MirroredUser) -> None:
        """Mark the user, or remove the mark."""
        if user.user.id in self._emails:
            del self._emails[user.user.id]
            self._ids = None
        else:
            self.add([user])

    def add(self, users: Iterable[MirroredUser]) -> None:
        """Mark users."""
        for user in users:
            email = user.user.email
            self._emails.setdefault(user.user.id, email if isinstance(email, str) else None)
        self._ids = None

    def add_ids(self, user_ids: Iterable[str]) -> None:
        """Mark users by id; their emails stay unknown."""
        for user_id in user_ids:
            self._emails.setdefault(user_id, None)
        self._ids = None

    def remove(self, user_ids: Iterable[str]) -> int:
        """Remove the marks of these users; returns how many were marked."""
        before = len(self._emails)
        for user_id in user_ids:
            self._emails.pop(user_id, None)
        self._ids = None
        return before - len(self._emails)

    def clear(self) -> None:
        """Remove all marks."""
        self._emails.clear()
        self._ids = None


async def mark_range(listing: Listing, marks: Marks, index: int) -> str:
    """Mark every user from the last mark to the row at ``index``, loading what is missing; returns a message.

    Raises the ``WalkmeError`` that prevents it; then nothing is marked.
    """
    if marks.last is None:
        return "A range begins at the last mark: mark its first user, then go to its last."
    query = listing.query
    anchor = await listing.locate(marks.last)
    if listing.query != query:
        return "The view changed meanwhile. Nothing was marked."
    if anchor is None:
        return "The last mark is not in this view, so no range begins there."
    first, last = sorted((anchor, index))
    if last - first >= MAX_RANGE:
        rows = words.number(last - first + 1)
        return f"That range has {rows} rows; at most {words.number(MAX_RANGE)} can be marked. Nothing was marked."
    users = await listing.users(first, last)
    marks.add(users)
    marked = f"Marked {words.count(len(users), 'user', 'users')}"
    unreadable = last - first + 1 - len(users)
    if unreadable <= 0:
        return f"{marked}."
    return f"{marked}; {words.count(unreadable, 'record', 'records')} could not be read."


async def mark_all(listing: Listing, marks: Marks, not_loaded: int | None) -> str:
    """Mark every loaded user of the view; returns a message. Raises ``MirrorUnavailable``; then nothing is marked."""
    user_ids = await listing.all_user_ids()
    marks.add_ids(user_ids)
    marked = f"Marked {words.number(len(user_ids))}"
    return f"{marked}; {words.number(not_loaded)} not loaded." if not_loaded else f"{marked}."
