"""What changed in the account while it was looked at: who is new, who is gone, and whose record says something else."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from walkme_tui.domain.users import User
from walkme_tui.services.events import Event, UserForgotten, UsersChanged
from walkme_tui.services.ports import Session

NOTHING: Final[frozenset[str]] = frozenset()
# So many people are remembered one by one; of more, only the number is told.
MOST_REMEMBERED: Final = 10_000


class NewsCount(NamedTuple):
    """How many people are new, gone and changed since ``since_ms``, milliseconds since the Unix epoch."""

    since_ms: int
    new: int
    gone: int
    changed: int

    @property
    def any(self) -> bool:
        """True if there is something to tell."""
        return bool(self.new or self.gone or self.changed)


class News:
    """Collects what pages, look-ups and the crawl found to be different, until it was seen.

    A change is seen once the person looked at the user (``see``), or at the list of all of them (``forget``).
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
        """Called on the event loop when there is other news."""

    def listen(self) -> Callable[[], None]:
        """Begin to collect; calling what is returned ends that."""
        return self._session.events.subscribe(self._hear)

    # ------------------------------------------------------------ what the screen reads

    @property
    def count(self) -> NewsCount:
        """How many people, since when."""
        return NewsCount(self._since_ms, len(self._new), len(self._gone), len(self._changed) + self._beyond)

    @property
    def new(self) -> tuple[str, ...]:
        """Ids of users who are new, in the order of finding them."""
        return tuple(self._new)

    @property
    def gone(self) -> Mapping[str, User]:
        """Users whom the server no longer has, by id, as the mirror last knew them."""
        return dict(self._gone)

    @property
    def updated(self) -> Mapping[str, frozenset[str]]:
        """Which attributes of ``User`` changed, by id."""
        return dict(self._changed)

    def unseen(self, user_id: str) -> frozenset[str]:
        """The attributes that changed and were not looked at yet."""
        return self._unseen.get(user_id, NOTHING)

    def is_new(self, user_id: str) -> bool:
        """The user is new, and was not looked at yet."""
        return user_id in self._unseen and user_id in self._new

    # ------------------------------------------------------------ what the person does

    def see(self, user_id: str) -> bool:
        """The person looked at this user; True if there was something to see."""
        return self._unseen.pop(user_id, None) is not None

    def forget(self) -> None:
        """The person knows it all: begin anew."""
        self._since_ms = self._session.clock()
        for each in (self._new, self._gone, self._changed, self._unseen):
            each.clear()
        self._beyond = 0
        self.changed()

    # ------------------------------------------------------------ collecting

    def _hear(self, change: Event) -> None:
        before = self.count
        if isinstance(change, UsersChanged):
            for user_id in change.added:
                self._meet(user_id)
            for update in change.updated:
                self._update(update.user_id, update.fields)
        elif isinstance(change, UserForgotten):
            self._lose(change.user_id, change.was)
        if self.count != before:
            self.changed()

    def _meet(self, user_id: str) -> None:
        if len(self._new) < MOST_REMEMBERED:
            self._gone.pop(user_id, None)
            self._new[user_id] = None
            self._unseen[user_id] = NOTHING

    def _update(self, user_id: str, fields: frozenset[str]) -> None:
        if not fields or user_id in self._new:
            return
        if user_id not in self._changed and len(self._changed) >= MOST_REMEMBERED:
            self._beyond += 1
            return
        self._changed[user_id] = self._changed.get(user_id, NOTHING) | fields
        self._unseen[user_id] = self._unseen.get(user_id, NOTHING) | fields

    def _lose(self, user_id: str, was: User | None) -> None:
        self._changed.pop(user_id, None)
        self._unseen.pop(user_id, None)
        if user_id in self._new:
            del self._new[user_id]
        elif was is not None:
            self._gone[user_id] = was
