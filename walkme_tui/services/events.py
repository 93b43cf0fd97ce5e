"""What happened to the mirror and to the line, told to whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import Stored, Update
from walkme_tui.domain.users import User


class PageLoaded(NamedTuple):
    """The rows at positions ``first`` to ``last`` (inclusive) came from the server; ``last < first``: none came.

    ``only_new`` tells that nobody who was known before changed, moved or left the list by it.
    """

    page: int
    first: int
    last: int
    only_new: bool = False


class UsersChanged(NamedTuple):
    """Some users who were known already are different now, and some are new in the account: ``added`` (ids)."""

    added: tuple[str, ...]
    updated: tuple[Update, ...]

    @classmethod
    def by(cls, stored: Stored) -> "UsersChanged | None":
        """What storing a page tells of; None: nothing. Before everyone was met once, nobody met first is news."""
        sweep = stored.coverage.sweep
        added = stored.added if sweep is not None and sweep.knew_everyone else ()
        return cls(added, stored.updated) if added or stored.updated else None


class TotalChanged(NamedTuple):
    """The size of the server's list is known now, or another one."""

    total: Total


class CoverageChanged(NamedTuple):
    """Look-ups or the crawl changed how much is loaded; a ``PageLoaded`` of a page that was wanted does it without."""

    coverage: Coverage


class CrawlChanged(NamedTuple):
    """``Crawl.progress`` tells something else now: at once where the phase is another, else twice a second at most."""


class LoadFailed(NamedTuple):
    """A page did not come; ``retry_in_seconds`` is None where only the person can have it tried again."""

    error: WalkmeError
    retry_in_seconds: float | None


class LoadRecovered(NamedTuple):
    """A page came after failures."""


class UserStored(NamedTuple):
    """A look-up of one user was written to the mirror."""

    user_id: str


class UserForgotten(NamedTuple):
    """The server has no such user any more and the mirror dropped it; ``was`` is whom it knew by this id."""

    user_id: str
    was: User | None = None


class GroupsStored(NamedTuple):
    """The list of groups was read again."""


PageEvent: TypeAlias = PageLoaded | TotalChanged | CoverageChanged | LoadFailed | LoadRecovered
Event: TypeAlias = PageEvent | UsersChanged | UserStored | UserForgotten | GroupsStored | CrawlChanged


@dataclass(eq=False, slots=True)
class Events:
    """The one bulletin board of a session: pages, look-ups and sweeps publish, listings and the screen subscribe."""

    _callbacks: list[Callable[[Event], None]] = field(default_factory=list)

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` with every change, on the event loop; calling what is returned ends that."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            # By identity: two listings may subscribe equal callbacks.
            self._callbacks[:] = [kept for kept in self._callbacks if kept is not callback]

        return unsubscribe

    def publish(self, change: Event) -> None:
        """Tell everyone who is subscribed at this moment, in the order in which they came."""
        for callback in tuple(self._callbacks):
            callback(change)
