"""One walk over all pages of the server's list, with an honest word on what it saw."""

from collections.abc import Callable
from dataclasses import dataclass

from walkme_tui.services.ports import Session


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """So far: ``loaded`` distinct users of ``total`` (None: not known) in this ``walk`` (1, or 2 after a drift)."""

    loaded: int
    total: int | None
    walk: int


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep saw.

    ``complete``: every user that the list held at ``as_of_ms`` was seen. ``loaded`` distinct users, ``total`` as
    claimed last. ``note`` is "complete", "complete as of …, list was changing" or "incomplete: …".
    """

    complete: bool
    loaded: int
    total: int | None
    as_of_ms: int
    note: str


async def sweep(session: Session, progress: Callable[[SweepProgress], None]) -> SweepResult:
    """Read every page in the background, a second time with another page size where the list changed meanwhile.

    Raises ``ApiError`` where not even the first page came, or the right to read was lost; ``MirrorUnavailable``.
    """
    raise NotImplementedError
