"""Users who are new, gone or changed since the program started."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from walkme_tui.domain.users import User
from walkme_tui.services.events import Event, UserForgotten, UsersChanged
from walkme_tui.services.ports import Session

NOTHING: Final[frozenset[str]] = frozenset()
# The maximum number of users that are listed; of more, only the number is kept.
MAX_REMEMBERED: Final = 10_000


class NewsCount(NamedTuple):
    """The number of users who are new, gone and changed since ``since_ms``, milliseconds since the Unix epoch."""

    since_ms: int
    new: int
    gone: int
    changed: int

    @property
    def any(self) -> bool:
        """True if there is any news."""
        return bool(self.new or self.gone or self.changed)


class News:
    """Collects the differences that pages, look-ups and the crawl find, until the user has seen them.

    ``see`` marks the news of one user as seen, ``forget`` all.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._since_ms = session.clock()
        self._new: dict[str, None] = {}
        self._gone: dict[str, User] = {}
        self._changed: dict[str, frozenset[str]] = {}
        self._unseen: dict[str, frozenset[str]] = {}
        self._beyond = 0
        self.changed: Callable[[], None] = lambda: None
        """Called on the event loop when the news changed."""

    def listen(self) -> Callable[[], None]:
        """Start collecting; call the result to stop."""
        return self._session.events.subscribe(self._on_event)

    # ------------------------------------------------------------ reading

    @property
    def count(self) -> NewsCount:
        """The numbers, and since when."""
        return NewsCount(self._since_ms, len(self._new), len(self._gone), len(self._changed) + self._beyond)

    @property
    def new(self) -> tuple[str, ...]:
        """Ids of new users, in the order they were found."""
        return tuple(self._new)

    @property
    def gone(self) -> Mapping[str, User]:
        """Users that the server no longer has, by id, as the mirror last knew them."""
        return dict(self._gone)

    @property
    def updated(self) -> Mapping[str, frozenset[str]]:
        """The attributes of ``User`` that changed, by id."""
        return dict(self._changed)

    def unseen(self, user_id: str) -> frozenset[str]:
        """The changed attributes of this user that were not seen yet."""
        return self._unseen.get(user_id, NOTHING)

    def is_new(self, user_id: str) -> bool:
        """The user is new and was not seen yet."""
        return user_id in self._unseen and user_id in self._new

    # ------------------------------------------------------------ seeing

    def see(self, user_id: str) -> bool:
        """Mark the news of this user as seen; True if there was any."""
        return self._unseen.pop(user_id, None) is not None

    def forget(self) -> None:
        """Drop all news and start again."""
        self._since_ms = self._session.clock()
        for each in (self._new, self._gone, self._changed, self._unseen):
            each.clear()
        self._beyond = 0
        self.changed()

    # ------------------------------------------------------------ collecting

    def _on_event(self, event: Event) -> None:
        before = self.count
        if isinstance(event, UsersChanged):
            for user_id in event.added:
                self._add(user_id)
            for update in event.updated:
                self._update(update.user_id, update.fields)
        elif isinstance(event, UserForgotten):
            self._remove(event.user_id, event.was)
        if self.count != before:
            self.changed()

    def _add(self, user_id: str) -> None:
        if len(self._new) < MAX_REMEMBERED:
            self._gone.pop(user_id, None)
            self._new[user_id] = None
            self._unseen[user_id] = NOTHING

    def _update(self, user_id: str, fields: frozenset[str]) -> None:
        if not fields or user_id in self._new:
            return
        if user_id not in self._changed and len(self._changed) >= MAX_REMEMBERED:
            self._beyond += 1
            return
        self._changed[user_id] = self._changed.get(user_id, NOTHING) | fields
        self._unseen[user_id] = self._unseen.get(user_id, NOTHING) | fields

    def _remove(self, user_id: str, was: User | None) -> None:
        self._changed.pop(user_id, None)
        self._unseen.pop(user_id, None)
        if user_id in self._new:
            del self._new[user_id]
        elif was is not None:
            self._gone[user_id] = was
