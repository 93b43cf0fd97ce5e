"""Makes the plan that the browser begins with while Textual is still being imported, of which it knows nothing."""

import asyncio
from typing import TYPE_CHECKING

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan
from walkme_tui.services.browser_start import StartPlan
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.services.changes.change_services import ChangeServices


class PlanPreload:
    """Change services that are being opened and a plan that is being made, both to be awaited by whoever shows them."""

    def __init__(self, task: StartPlan, session: Session, opener: "Callable[[Session], ChangeServices] | None") -> None:
        self.title = task.title
        self._task = task
        self._session = session
        self._opener = opener
        self._opening = asyncio.create_task(self._open(), name="change_services")
        self._making = asyncio.create_task(self._make(), name="plan")

    async def change_services(self) -> "ChangeServices":
        """The change services; ``ConfigurationError`` where it cannot be opened."""
        return await asyncio.shield(self._opening)

    async def plan(self) -> Plan:
        """The plan; raises what its making raises. To be cancelled is to give it up."""
        return await self._making

    async def _open(self) -> "ChangeServices":
        if self._opener is None:
            raise ConfigurationError("This session was opened for reading only.")
        return await asyncio.to_thread(self._opener, self._session)

    async def _make(self) -> Plan:
        return await self._task.make_plan(self._session, await self.change_services())

    async def aclose(self) -> None:
        """Give up what is not there yet, and close change services that were not fetched."""
        self._making.cancel()
        await asyncio.gather(self._making, return_exceptions=True)
        opened = await asyncio.gather(self._opening, return_exceptions=True)
        for change_services in opened:
            if not isinstance(change_services, BaseException):
                await change_services.aclose()
