"""The demo: a simulated account inside the program, opened as sessions."""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.config.paths import Paths
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.services.deferred_api import DeferredApi, DeferredGroupApi
from walkme_tui.services.ports import Session
from walkme_tui.session import MIRROR_FILES, session_of

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from walkme_tui.api.connection import Offload
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.scim.client import ScimDirectory
    from walkme_tui.services.ports.directory_api import DirectoryApi
    from walkme_tui.simulator.thread import SimulatorThread

DEMO: Final = "demo"
DEMO_USERS: Final = 25_000
DEMO_LATENCY_MS: Final = 60.0
# Never connected to: the demo's clients call its account inside the program.
DEMO_URLS: Final = {Surface.REST: "http://127.0.0.1", Surface.SCIM: "http://127.0.0.1/scim/v2"}
DEMO_SOURCE: Final = "the demo itself"


class Demo:
    """The demo account, which both of its surfaces show, with a few differences to reconcile.

    It begins with the first session and ends when no session is open: then nothing of it is left, and the next session
    begins a new account. The simulated account is started by the first call of a session.
    """

    def __init__(self, *, users: int = DEMO_USERS, latency_ms: float = DEMO_LATENCY_MS) -> None:
        self._users, self._latency_ms = users, latency_ms
        self._lock = threading.Lock()
        self._sessions = 0
        self._folder: TemporaryDirectory[str] | None = None
        self._simulator: SimulatorThread | None = None

    @property
    def paths(self) -> Paths:
        """The folders of the account, while a session is open."""
        assert self._folder is not None  # noqa: S101 - a session made it
        return Paths.below(Path(self._folder.name))

    def open_session(self, surface: Surface = Surface.REST, *, read_only: bool = False) -> Session:
        """Open a surface; may be called in a thread. Raises ``ConfigurationError`` where no folder can be made."""
        from walkme_tui.store.mirror.mirror import open_mirror

        with self._lock:
            if self._folder is None:
                self._folder = _temporary_folder()
            self._sessions += 1
        mirror = open_mirror(self.paths.cache / DEMO / MIRROR_FILES[surface], account_key=f"{surface} {DEMO}")
        account = Account(
            profile=DEMO,
            environment=Environment.SANDBOX,
            surface=surface,
            base_url=DEMO_URLS[surface],
            read_only=read_only,
            demo=True,
            client_id=DEMO,
        )
        offload = mirror.run_on_writer_thread
        api: DeferredApi[RestDirectory] | DeferredGroupApi
        other_api: DirectoryApi
        if surface is Surface.REST:
            api = DeferredApi(lambda: _rest_client(self._started_simulator(), offload))
            other_api = DeferredApi(lambda: _scim_client(self._started_simulator(), completes_groups=False))
        else:
            api = DeferredGroupApi(lambda: _scim_client(self._started_simulator(), offload))
            other_api = DeferredApi(lambda: _rest_client(self._started_simulator()))
        session = session_of(account, api, mirror, DEMO_SOURCE)
        return session._replace(other_api=other_api, after_close=lambda: asyncio.to_thread(self._end_session))

    def _started_simulator(self) -> "SimulatorThread":
        from walkme_tui.simulator.scim.oddities import ScimOddity
        from walkme_tui.simulator.settings import SimulatorSettings
        from walkme_tui.simulator.thread import SimulatorThread

        with self._lock:
            if self._simulator is None:
                differs = (ScimOddity.DIFFERS_FROM_REST,)
                settings = SimulatorSettings(users=self._users, latency_ms=self._latency_ms, scim_odd=differs)
                self._simulator = SimulatorThread(settings)
                self._simulator.start()
            return self._simulator

    def _end_session(self) -> None:
        with self._lock:
            self._sessions -= 1
            if self._sessions:
                return
            if self._simulator is not None:
                self._simulator.stop()
            if self._folder is not None:
                self._folder.cleanup()
            self._simulator = self._folder = None


def _rest_client(simulator: "SimulatorThread", offload: "Offload | None" = None) -> "RestDirectory":
    from walkme_tui.api.in_process import InProcessTransport
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.rest.settings import RestSettings
    from walkme_tui.domain.secrets import Secret

    settings = RestSettings(
        profile=DEMO,
        base_url=DEMO_URLS[Surface.REST],
        client_id=simulator.settings.client_id,
        read_secret=lambda: Secret(simulator.settings.client_secret),
        secret_source=DEMO_SOURCE,
    )
    return RestDirectory(settings, transport=InProcessTransport(simulator.handle), offload=offload)


def _scim_client(
    simulator: "SimulatorThread", offload: "Offload | None" = None, *, completes_groups: bool = True
) -> "ScimDirectory":
    from walkme_tui.api.in_process import InProcessTransport
    from walkme_tui.api.scim.client import ScimDirectory
    from walkme_tui.api.scim.settings import ScimSettings
    from walkme_tui.domain.secrets import Secret

    settings = ScimSettings(
        profile=DEMO,
        base_url=DEMO_URLS[Surface.SCIM],
        read_secret=lambda: Secret(simulator.settings.scim_token),
        secret_source=DEMO_SOURCE,
        completes_groups=completes_groups,
    )
    return ScimDirectory(settings, transport=InProcessTransport(simulator.handle), offload=offload)


def _temporary_folder() -> "TemporaryDirectory[str]":
    from tempfile import TemporaryDirectory

    try:
        return TemporaryDirectory(prefix="walkme-tui-demo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigurationError(
            f"The demo cannot make a temporary folder: {error.strerror}.",
            hint="Set TMPDIR to a folder you may write to.",
        ) from error
