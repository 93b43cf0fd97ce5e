"""The services through which a session changes its account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.ports import Journal

if TYPE_CHECKING:
    from walkme_tui.services.changes.job_runs import JobRuns


@dataclass(frozen=True, slots=True)
class ChangeServices:
    """The write path of one session: open it after the session, and close it before the session.

    ``after_close`` is called by ``aclose`` once everything else is closed.
    """

    journal: Journal
    planner: Planner
    job_runs: "JobRuns"
    after_close: Callable[[], Awaitable[None]] | None = None

    async def aclose(self) -> None:
        """Stop the running jobs and close the journal, which releases every claim."""
        try:
            await self.job_runs.aclose()
            await self.journal.aclose()
        finally:
            if self.after_close is not None:
                await self.after_close()
