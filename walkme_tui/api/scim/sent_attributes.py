"""Attributes without a value, which a server may leave out."""

from collections.abc import Iterable
from typing import Any, Final

from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

OPTIONAL: Final = ("first_name", "last_name", "external_id")


class SentAttributes:
    """The attributes that this server is known to send, so that a whole record without one has no value there.

    RFC 7643, 2.5: an attribute without a value and one that is left out are the same. A server that never sent an
    attribute may not have it, or may hide it: there it stays UNKNOWN.
    """

    def __init__(self) -> None:
        self._not_sent = set(OPTIONAL)

    def note(self, rows: Iterable[User | UnreadableRecord]) -> None:
        """Note what users of an answer have."""
        for row in rows if self._not_sent else ():
            if isinstance(row, User):
                self._not_sent -= {name for name in self._not_sent if getattr(row, name) is not UNKNOWN}

    def completed(self, user: User) -> User:
        """A whole record, with null for what it lacks and other records had."""
        self.note((user,))
        empty: dict[str, Any] = {
            name: None for name in OPTIONAL if name not in self._not_sent and getattr(user, name) is UNKNOWN
        }
        return user._replace(**empty) if empty else user
