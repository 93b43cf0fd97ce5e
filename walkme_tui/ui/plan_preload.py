"""Makes the plan that the browser begins with while Textual is being imported; imports no Textual itself."""

import asyncio
from typing import TYPE_CHECKING

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.ui.preload import request_sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.domain.plans import Plan
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.ports import Session
    from walkme_tui.ui.browser_start import StartPlan


class PlanPreload:
    """Change services that are being opened, and a plan that is being made with them."""

    def __init__(
        self, task: "StartPlan", session: "Session", open_change_services: "Callable[[Session], ChangeServices] | None"
    ) -> None:
        self.title = task.title
        self._task = task
        self._session = session
        self._open_change_services = open_change_services
        self._taken_over = False
        self._opening = asyncio.create_task(self._open(), name="change services")
        self._making = asyncio.create_task(self._make(), name="plan")

    async def change_services(self) -> "ChangeServices":
        """The change services, which the caller closes from now on; raises ``ConfigurationError``."""
        opened = await asyncio.shield(self._opening)
        self._taken_over = True
        return opened

    async def plan(self) -> "Plan":
        """The plan; raises what making it raises. Cancelling the call cancels the plan."""
        return await self._making

    async def sent(self) -> None:
        """Return once the first request was sent, because importing Textual blocks everything else."""
        await request_sent(self._session, self._making)

    async def _open(self) -> "ChangeServices":
        if self._open_change_services is None:
            raise ConfigurationError("This session was opened for reading only.")
        return await asyncio.to_thread(self._open_change_services, self._session)

    async def _make(self) -> "Plan":
        return await self._task.make_plan(self._session, await asyncio.shield(self._opening))

    async def aclose(self) -> None:
        """Cancel the plan, and close the change services unless they were taken over."""
        self._making.cancel()
        _, opened = await asyncio.gather(self._making, self._opening, return_exceptions=True)
        if not self._taken_over and not isinstance(opened, BaseException):
            await opened.aclose()
