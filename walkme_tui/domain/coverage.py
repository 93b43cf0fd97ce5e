"""How much of the account is loaded."""

from typing import NamedTuple

from walkme_tui.domain.sweeps import Sweep


class Total(NamedTuple):
    """Number of rows of a view; ``exact`` is False where there are at least that many."""

    count: int  # type: ignore[assignment]  # a number, not tuple.count
    exact: bool


class Coverage(NamedTuple):
    """How much of the account the mirror holds.

    ``loaded`` users (distinct) of ``total`` that the server claims (None where unknown). ``with_groups`` of the loaded
    ones have known memberships. ``as_of_ms`` is when the oldest loaded row was read, milliseconds since the Unix epoch.
    ``sweep`` is the latest sweep over the whole list, None before the first.
    """

    loaded: int
    total: int | None
    with_groups: int
    as_of_ms: int | None
    sweep: Sweep | None = None

    @property
    def complete(self) -> bool:
        """True if as many users as the server claims are loaded, and no sweep contradicts that."""
        doubtful = self.sweep is not None and self.sweep.ended_at_ms is not None and not self.sweep.complete
        return self.total is not None and self.loaded >= self.total and not doubtful

    @property
    def memberships_complete(self) -> bool:
        """True if every user is loaded with known groups, so that counts of members are exact."""
        return self.complete and self.with_groups >= self.loaded

    @property
    def percent(self) -> int | None:
        """Whole percent loaded, never 100 before it is complete; None where the total is unknown."""
        if self.total is None:
            return None
        if self.complete:
            return 100
        return min(99, self.loaded * 100 // self.total)
