"""The ``Session`` that the UI and the commands use; the modules here have the protocols of what it consists of.

``api`` and ``store`` implement the protocols; ``session.py`` connects them, and tests use fakes.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.services.events import Events

if TYPE_CHECKING:
    from walkme_tui.services.ports.directory_api import DirectoryApi, GroupApi
    from walkme_tui.services.ports.mirror import Mirror

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch, now."""


class SyncSettings(NamedTuple):
    """How the crawl reads the account.

    ``fully``: all of it; again ``resync_ms`` after a complete sweep. At most ``pages_at_once``
    are under way, one less than the profile permits, so that a request of the user need not wait. Visible rows are read
    again every ``refresh_ms``, 0: never.
    """

    fully: bool = True
    resync_ms: int = 24 * 60 * 60 * 1000
    pages_at_once: int = 7
    refresh_ms: int = 0


class Session(NamedTuple):
    """An open profile on one surface.

    ``started_at_ms`` is when it was opened: rows fetched before are shown dimmed until they are confirmed.
    ``secret_source`` says in words where the credential comes from, for messages. ``events`` publishes what pages and
    look-ups stored. ``warm_up`` and ``after_close`` are set by the code that opens the session. ``group_api`` is None
    on a surface without such calls. ``other_api`` is the client of the profile's other surface, only for reading, None
    where it has none. ``max_in_flight`` is the largest number of requests that are sent at once.
    """

    account: Account
    api: "DirectoryApi"
    mirror: "Mirror"
    clock: Clock
    started_at_ms: int
    secret_source: str
    events: Events
    warm_up: Callable[[], Awaitable[None]] | None = None
    after_close: Callable[[], Awaitable[None]] | None = None
    sync: SyncSettings = SyncSettings()
    group_api: "GroupApi | None" = None
    other_api: "DirectoryApi | None" = None
    max_in_flight: int = 8

    @property
    def capabilities(self) -> Capabilities:
        """What the surface can do."""
        found = capabilities(self.account.surface)
        return found if self.other_api is not None else found._replace(other_surface="the profile has one surface")

    async def prepare(self) -> None:
        """Prepare the first call (imports, connection, sign-in); raises ``WalkmeError``.

        Optional: otherwise the first call does it, and raises the same error.
        """
        if self.warm_up is not None:
            await self.warm_up()

    async def aclose(self) -> None:
        """Close the connections, then the mirror, then the demo's account if there is one."""
        try:
            await self.api.aclose()
            if self.other_api is not None:
                await self.other_api.aclose()
        finally:
            try:
                await self.mirror.aclose()
            finally:
                if self.after_close is not None:
                    await self.after_close()
