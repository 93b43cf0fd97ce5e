"""Events of a session: what changed in the mirror, and whether requests succeed."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import Stored, Update
from walkme_tui.domain.users import User


class PageLoaded(NamedTuple):
    """A page arrived with the rows at positions ``first`` to ``last`` (inclusive); ``last < first``: without rows.

    ``only_new``: no user that was known before changed, moved or left the list.
    """

    page: int
    first: int
    last: int
    only_new: bool = False


class UsersChanged(NamedTuple):
    """Users that the mirror knew are different now, and users are new in the account: ``added`` (ids)."""

    added: tuple[str, ...]
    updated: tuple[Update, ...]

    @classmethod
    def by(cls, stored: Stored) -> "UsersChanged | None":
        """What storing a page changed, None: nothing. Users are new only after a sweep has seen everyone once."""
        sweep = stored.coverage.sweep
        added = stored.added if sweep is not None and sweep.knew_all_users else ()
        return cls(added, stored.updated) if added or stored.updated else None


class TotalChanged(NamedTuple):
    """The length of the server's list became known, or changed."""

    total: Total


class CoverageChanged(NamedTuple):
    """Look-ups or the crawl changed the coverage; a ``PageLoaded`` for a page that a table requested implies it."""

    coverage: Coverage


class CrawlChanged(NamedTuple):
    """``Crawl.progress`` changed: published at once for another phase, else at most twice a second."""


class LoadFailed(NamedTuple):
    """A page could not be loaded; ``retry_in_seconds`` None: no retry until the user requests one."""

    error: WalkmeError
    retry_in_seconds: float | None


class LoadRecovered(NamedTuple):
    """A page arrived after failures."""


class UserStored(NamedTuple):
    """The answer to a request for one user was stored."""

    user_id: str


class UserForgotten(NamedTuple):
    """The server no longer has this user, and the mirror dropped it; ``was`` is the last known record, if any.

    ``position`` is where it was in the server's list, None where that is not known.
    """

    user_id: str
    was: User | None = None
    position: int | None = None


class GroupsStored(NamedTuple):
    """The list of groups was stored."""


class MembersStored(NamedTuple):
    """So many of the members that a group listed are stored; ``complete``: all, and others are not members any more."""

    group_id: str
    stored: int
    listed: int
    complete: bool = False


PageEvent: TypeAlias = PageLoaded | TotalChanged | CoverageChanged | LoadFailed | LoadRecovered
Event: TypeAlias = PageEvent | UsersChanged | UserStored | UserForgotten | GroupsStored | MembersStored | CrawlChanged


class Events:
    """Publishes the events of one session to its listeners."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Event], None]] = []

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` with every event, on the event loop; call the result to unsubscribe."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            # By identity: two listings may subscribe equal callbacks.
            self._callbacks[:] = [kept for kept in self._callbacks if kept is not callback]

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Call every listener, in the order of subscription."""
        for callback in tuple(self._callbacks):
            callback(event)
