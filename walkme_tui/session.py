"""The composition root: opens a profile, or the demo account, as a ``Session``."""

import asyncio
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.config.ownership import user_name
from walkme_tui.config.paths import Paths, private_folder
from walkme_tui.config.profiles import MirrorStorage, Profile, RestAuth, Sync
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.times import now_ms
from walkme_tui.services.deferred_api import DeferredApi
from walkme_tui.services.events import Events
from walkme_tui.services.ports import DirectoryApi, Session, SyncSettings

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from walkme_tui.api.connection import Offload
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.job_runs import JobRuns
    from walkme_tui.simulator.thread import SimulatorThread

MIRROR_FILE: Final = "mirror.sqlite3"
RECEIPTS: Final = "receipts"
DEMO: Final = "demo"
DEMO_USERS: Final = 25_000
DEMO_LATENCY_MS: Final = 60.0
DEMO_URL: Final = "http://127.0.0.1"  # never connected to: the demo's client calls its account inside the program
DEMO_SOURCE: Final = "the demo itself"
MAX_FOLDER_NAME: Final = 100
HOUR_MS: Final = 60 * 60 * 1000
MINUTE_MS: Final = 60 * 1000


def open_session(profile: Profile, *, paths: Paths, read_only: bool = False) -> Session:
    """Open a profile without waiting for network or disk; may be called in a thread.

    The client is built and the mirror opened by the first call to each. Raises ``ConfigurationError`` for a profile
    without a REST connection.
    """
    from walkme_tui.store.mirror.mirror import open_mirror

    if profile.rest is None:
        raise ConfigurationError(
            f"The profile {profile.name} has no REST connection ({profile.origin}).",
            hint="Add one: WALKME_CLIENT_ID and WALKME_CLIENT_SECRET, or [profiles.NAME.rest] in config.toml.",
        )
    on_disk = profile.mirror is MirrorStorage.DISK
    mirror = open_mirror(
        paths.cache / folder_name(profile.name) / MIRROR_FILE if on_disk else None,
        # The mirror must not be shown for another account, or for credentials that see another part of it.
        account_key=f"{Surface.REST} {profile.rest.base_url} {profile.rest.client_id}",
        runtime_folder=_runtime_folder(),
        max_age_days=profile.mirror_max_age_days,
    )
    api = DeferredApi(lambda: _rest_client(profile, mirror.run_on_writer_thread))
    account = Account(
        profile=profile.name,
        environment=profile.environment,
        surface=Surface.REST,
        base_url=profile.rest.base_url,
        read_only=read_only or profile.read_only,
        client_id=profile.rest.client_id,
    )
    source = profile.rest.secret.describe()
    sync = _sync_settings(profile)
    return Session(account, api, mirror, now_ms, now_ms(), source, Events(), warm_up=api.prepare, sync=sync)


def open_demo_session(
    *, read_only: bool = False, users: int = DEMO_USERS, latency_ms: float = DEMO_LATENCY_MS
) -> Session:
    """Open the demo account, which runs inside the program; closing the session removes its folder.

    The simulated account is started by the first call. Raises ``ConfigurationError`` where no temporary folder can be
    made.
    """
    from walkme_tui.simulator.settings import SimulatorSettings
    from walkme_tui.simulator.thread import SimulatorThread
    from walkme_tui.store.mirror.mirror import open_mirror

    folder = _temporary_folder()
    simulator = SimulatorThread(SimulatorSettings(users=users, latency_ms=latency_ms))
    mirror = open_mirror(Paths.below(Path(folder.name)).cache / DEMO / MIRROR_FILE, account_key=DEMO)
    api = DeferredApi(lambda: _demo_client(simulator, mirror.run_on_writer_thread))
    account = Account(
        profile=DEMO,
        environment=Environment.SANDBOX,
        surface=Surface.REST,
        base_url=DEMO_URL,
        read_only=read_only,
        demo=True,
    )

    async def close() -> None:
        await asyncio.to_thread(_close_demo, simulator, folder)

    return Session(
        account, api, mirror, now_ms, now_ms(), DEMO_SOURCE, Events(), warm_up=api.prepare, after_close=close
    )


def open_change_services(session: Session, profile: Profile | None, *, paths: Paths) -> "ChangeServices":
    """Open what changes the account of a session; ``profile`` is the one it was opened with, None for the demo.

    Nothing touches the disk before the first call that has to. What the demo did is gone when they are closed.
    Raises ``ConfigurationError`` where the demo can make no temporary folder.
    """
    from walkme_tui.config.profiles import Offboarding
    from walkme_tui.domain.jobs import Actor
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.planner import Planner
    from walkme_tui.store.journal.journal import open_journal

    folder: TemporaryDirectory[str] | None = None
    data = paths.data
    if profile is None:
        folder = _temporary_folder()
        data = Paths.below(Path(folder.name)).data
    client_id = profile.rest.client_id if profile is not None and profile.rest is not None else DEMO
    actor = Actor(user_name(os.getuid()), os.uname().nodename, client_id)
    journal = open_journal(data, actor=actor, clock=session.clock)
    session.api.use_write_support(journal.write_support(session.account.profile, session.account.base_url))
    wanted = Offboarding() if profile is None else profile.offboarding

    def open_job_runs() -> "JobRuns":
        from walkme_tui.services.changes.executor import Executor
        from walkme_tui.services.changes.job_runs import JobRuns
        from walkme_tui.services.changes.receipts import Receipts

        receipts = Receipts(session.account, journal, partial(_write_receipt, data / RECEIPTS), session.clock)
        executor = Executor(session, journal, actor)
        if session.other_api is None:
            return JobRuns(executor, journal, receipts)
        from walkme_tui.services.changes.other_surface import OtherSurface

        return JobRuns(executor, journal, receipts, OtherSurface(session, session.other_api))

    async def close() -> None:
        if folder is not None:
            await asyncio.to_thread(folder.cleanup)

    return ChangeServices(
        session,
        journal,
        Planner(session, wanted.keep_groups, wanted.require_ticket),
        open_job_runs,
        after_close=close,
    )


def folder_name(profile_name: str) -> str:
    """A folder name for a profile: no separators, not hidden, unique to the profile."""
    safe = re.sub(r"[^A-Za-z0-9_-]", lambda found: "".join(f"%{byte:02X}" for byte in _bytes(found[0])), profile_name)
    if safe and len(safe) <= MAX_FOLDER_NAME:
        return safe
    from hashlib import sha256

    return f"{safe[: MAX_FOLDER_NAME - 17]}%{sha256(_bytes(profile_name)).hexdigest()[:16]}"


def _sync_settings(profile: Profile) -> SyncSettings:
    return SyncSettings(
        fully=profile.sync is Sync.FULL,
        resync_ms=int(profile.resync_hours * HOUR_MS),
        refresh_ms=int(profile.refresh_minutes * MINUTE_MS),
        pages_at_once=max(1, profile.max_in_flight - 1),
    )


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _runtime_folder() -> Path | None:
    """The user's own folder on a local disk, if the system provides one."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(named) / "walkme-tui" if named.startswith("/") else None


def _rest_client(profile: Profile, offload: "Offload") -> DirectoryApi:
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.rest.settings import RestSettings

    rest = profile.rest
    if rest is None:
        raise ConfigurationError(f"The profile {profile.name} has no REST connection.")
    if profile.missing_file is not None:
        raise ConfigurationError(
            f"The profile {profile.name} cannot be used: its ca_bundle names no file: {profile.missing_file}.",
            hint=f"Correct it: {profile.origin}",
        )
    return RestDirectory(
        RestSettings(
            profile=profile.name,
            base_url=rest.base_url,
            client_id=rest.client_id,
            read_secret=rest.secret.read,
            secret_source=rest.secret.describe(),
            auth="basic" if rest.auth is RestAuth.BASIC else "post",
            ca_bundle=profile.ca_bundle,
            max_requests_per_second=profile.max_requests_per_second,
            max_in_flight=profile.max_in_flight,
        ),
        offload=offload,
    )


def _demo_client(simulator: "SimulatorThread", offload: "Offload") -> DirectoryApi:
    from walkme_tui.api.in_process import InProcessTransport
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.rest.settings import RestSettings
    from walkme_tui.domain.secrets import Secret

    simulator.start()
    settings = RestSettings(
        profile=DEMO,
        base_url=DEMO_URL,
        client_id=simulator.settings.client_id,
        read_secret=lambda: Secret(simulator.settings.client_secret),
        secret_source=DEMO_SOURCE,
    )
    return RestDirectory(settings, transport=InProcessTransport(simulator.handle), offload=offload)


def _close_demo(simulator: "SimulatorThread", folder: "TemporaryDirectory[str]") -> None:
    simulator.stop()
    folder.cleanup()


def _temporary_folder() -> "TemporaryDirectory[str]":
    from tempfile import TemporaryDirectory

    try:
        return TemporaryDirectory(prefix="walkme-tui-demo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigurationError(
            f"The demo cannot make a temporary folder: {error.strerror}.",
            hint="Set TMPDIR to a folder you may write to.",
        ) from error


def _write_receipt(folder: Path, name: str, text: str) -> Path:
    """``services.receipts.Write`` into a folder, which is made."""
    from walkme_tui.config.private_files import write_atomically
    from walkme_tui.domain.errors import JournalUnavailable

    file = folder / name
    try:
        write_atomically(private_folder(private_folder(folder.parent) / folder.name) / name, text)
    except (OSError, ConfigurationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise JournalUnavailable(
            f"The receipt {file} could not be written: {reason}.",
            hint="The job itself is in the journal: walkme-tui jobs show it.",
        ) from error
    return file
