"""What changes an account, in one hand: the journal, who plans, who carries out, and who writes receipts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walkme_tui.domain.jobs import Actor
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.receipts import Receipts
from walkme_tui.services.ports import Journal

if TYPE_CHECKING:
    from walkme_tui.services.changes.executor import Executor


@dataclass(frozen=True, slots=True)
class ChangeServices:
    """The write path of one session; ``actor`` is who works in it.

    It is opened after its session and closed before it. ``after_close`` belongs to whoever opened it.
    """

    journal: Journal
    planner: Planner
    executor: "Executor"
    receipts: Receipts
    actor: Actor
    after_close: Callable[[], Awaitable[None]] | None = None

    async def aclose(self) -> None:
        """Close the journal, which gives back every claim; nothing may be under way any more."""
        try:
            await self.journal.aclose()
        finally:
            if self.after_close is not None:
                await self.after_close()
