"""How many loaded users may or may not match the filter, because a field that it needs is not known."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.mirrored import Undecided
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from walkme_tui.domain.coverage import Coverage
    from walkme_tui.domain.queries import UserQuery
    from walkme_tui.services.ports import Session

NONE: Final = Undecided(0, ())


class UndecidedUsers:
    """Counts them in the mirror, once for each view and extent of the mirror; ``counted`` is called after that.

    Which fields are unknown of anybody is read once for each extent: a count takes longer than a search.
    """

    def __init__(self, node: "DOMNode", session: "Session", counted: Callable[[], None]) -> None:
        self._node, self._session, self._counted = node, session, counted
        self._asked: tuple[str, bool, int, int] | None = None
        self._found = NONE
        self._extent: tuple[int, int] | None = None
        self._unknown: frozenset[str] = frozenset()

    def of(self, query: "UserQuery", coverage: "Coverage | None") -> Undecided:
        """The count as far as it is known; it is 0 while the account is being read."""
        if coverage is None or not query.text.strip():
            return NONE
        asked = query.text, query.hide_inactive, coverage.loaded, coverage.with_groups
        if asked != self._asked:
            if self._asked is None or asked[:2] != self._asked[:2]:
                self._found = NONE
            if coverage.sweep is not None and coverage.sweep.ended_at_ms is None:
                return self._found
            self._asked = asked
            work = partial(self._count, query, (coverage.loaded, coverage.with_groups))
            start_worker(self._node, WorkerGroup.UNDECIDED, work, exclusive=True, name="Counting unknown users")
        return self._found

    async def _count(self, query: "UserQuery", extent: tuple[int, int]) -> None:
        mirror, absent, found = self._session.mirror, self._session.capabilities.absent, NONE
        try:
            if extent != self._extent:
                self._unknown, self._extent = await mirror.unknown_fields() - absent, extent
            if not self._unknown.isdisjoint(query.required_fields):
                found = await mirror.undecided(query, absent=absent)
        except MirrorUnavailable:
            return
        if found != self._found:
            self._found = found
            self._counted()
