"""Attributes without a value, which a server may leave out."""

from collections.abc import Iterable
from typing import Any, Final

from walkme_tui.domain.mirrored import is_whole_resource
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

OPTIONAL: Final = ("first_name", "last_name", "external_id")

Rows = tuple[User | UnreadableRecord, ...]


class SentAttributes:
    """The attributes that this server is known to send in one kind of answer, so that a missing one has no value.

    RFC 7643, 2.5: an attribute without a value and one that is left out are the same. That is believed of whole
    resources, and of others where the server sent the attribute of another user; else it stays UNKNOWN.
    """

    def __init__(self) -> None:
        self._not_sent = set(OPTIONAL)

    def note(self, rows: Iterable[User | UnreadableRecord]) -> None:
        """Note what users of an answer have."""
        for row in rows if self._not_sent else ():
            if isinstance(row, User):
                self._not_sent -= {name for name in self._not_sent if getattr(row, name) is not UNKNOWN}

    def completed(self, user: User) -> User:
        """The answer to a request for one user, with null for what it lacks."""
        self.note((user,))
        return self._completed(user, is_whole=is_whole_resource(user))

    def completed_rows(self, rows: Rows) -> Rows:
        """The rows of a list; some servers leave out more in lists, and then all names of a user."""
        self.note(rows)
        return tuple(
            row
            if isinstance(row, UnreadableRecord) or UNKNOWN not in (row.first_name, row.last_name, row.external_id)
            else self._completed(
                row, is_whole=is_whole_resource(row) and not (row.first_name is UNKNOWN and row.last_name is UNKNOWN)
            )
            for row in rows
        )

    def _completed(self, user: User, *, is_whole: bool) -> User:
        empty: dict[str, Any] = {
            name: None
            for name in OPTIONAL
            if getattr(user, name) is UNKNOWN and (is_whole or name not in self._not_sent)
        }
        return user._replace(**empty) if empty else user
