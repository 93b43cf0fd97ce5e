"""Which users are marked, in the order of marking, by id: no refresh and no filter loses one."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from walkme_tui.domain.mirrored import MirroredUser


class Marks:
    """Marked user ids with the email that each had when it was marked (None: not known then)."""

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
        """Mark the user, or take the mark away."""
        if user.user.id in self._emails:
            del self._emails[user.user.id]
            self._ids = None
        else:
            self.add([user])

    def add(self, users: Iterable[MirroredUser]) -> int:
        """Mark users; how many were not marked before."""
        before = len(self._emails)
        for user in users:
            email = user.user.email
            self._emails.setdefault(user.user.id, email if isinstance(email, str) else None)
        self._ids = None
        return len(self._emails) - before

    def add_ids(self, user_ids: Iterable[str]) -> int:
        """Mark users of whom no more than the id is at hand; how many were not marked before."""
        before = len(self._emails)
        for user_id in user_ids:
            self._emails.setdefault(user_id, None)
        self._ids = None
        return len(self._emails) - before

    def remove(self, user_ids: Iterable[str]) -> int:
        """Take the marks of these users away; how many were marked."""
        before = len(self._emails)
        for user_id in user_ids:
            self._emails.pop(user_id, None)
        self._ids = None
        return before - len(self._emails)

    def clear(self) -> None:
        """Take every mark away."""
        self._emails.clear()
        self._ids = None
