"""A window over one view of the users of an account."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from walkme_tui.domain.coverage import Total
from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.pages import Pages
from walkme_tui.services.ports import Session

EVERYONE: Final = UserQuery()


class Phase(StrEnum):
    """How much is known of a view."""

    LOADING = "loading"
    READY = "ready"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """Rows ``first`` to ``last`` (inclusive) may answer ``row()`` differently now."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """The query, total, order or phase changed: every index may stand for another user now."""


ListingChange: TypeAlias = RowsChanged | ViewChanged


class Listing:
    """A window over one view: the server's list (positions, with holes) or a narrowed choice among the loaded users.

    ``row`` is synchronous and answers from a bounded cache; say what is visible with ``want``. ``run`` must be running,
    and that of ``pages`` too. After ``show`` the old view stays until the new one is ready, then ``ViewChanged`` comes.
    """

    listener: Callable[[ListingChange], None] | None

    def __init__(
        self, session: Session, pages: Pages, query: UserQuery = EVERYONE, *, settle_seconds: float = 0.15
    ) -> None:
        raise NotImplementedError

    @property
    def query(self) -> UserQuery:
        """The query of the view that ``row`` and ``total`` are about."""
        raise NotImplementedError

    @property
    def total(self) -> Total | None:
        """Number of rows, None where nothing is known yet; for a narrowed view exact among the loaded users."""
        raise NotImplementedError

    @property
    def phase(self) -> Phase:
        """How much is known."""
        raise NotImplementedError

    def row(self, index: int) -> ListedRow | None:
        """The row at ``index``, None where it is not here (yet)."""
        raise NotImplementedError

    def want(self, first: int, last: int) -> None:
        """Rows ``first`` to ``last`` (inclusive) are visible now; latest wins."""
        raise NotImplementedError

    def show(self, query: UserQuery) -> None:
        """Change the view; latest wins."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Read what is visible from the server again."""
        raise NotImplementedError

    async def locate(self, user_id: str) -> int | None:
        """Index of a user in this view, None where the user is not in it or not loaded."""
        raise NotImplementedError

    async def users(self, first: int, last: int) -> list[MirroredUser]:
        """The users at ``first`` to ``last``, gaps fetched first; raises the ``WalkmeError`` that prevents it."""
        raise NotImplementedError

    async def all_user_ids(self) -> list[str]:
        """Ids of all loaded users of this view, in its order; raises ``MirrorUnavailable``."""
        raise NotImplementedError

    async def run(self) -> None:
        """Serve until cancelled."""
        raise NotImplementedError
