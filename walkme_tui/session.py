"""The composition root: opens one surface of a profile as a ``Session``."""

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.config.addresses import REGIONS
from walkme_tui.config.ownership import user_name
from walkme_tui.config.paths import Paths, private_folder
from walkme_tui.config.profiles import MirrorStorage, Profile, RestAuth, RestConnection, ScimConnection, Sync
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.times import now_ms
from walkme_tui.services.deferred_api import DeferredApi, DeferredGroupApi
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.services.ports.directory_api import DirectoryApi

if TYPE_CHECKING:
    from collections.abc import Iterable

    from walkme_tui.api.connection import Offload
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.retry import RetryPolicy
    from walkme_tui.api.scim.client import ScimDirectory
    from walkme_tui.api.transport import Deadlines
    from walkme_tui.domain.jobs import Actor
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.job_runs import JobRuns
    from walkme_tui.services.ports.journal import Journal
    from walkme_tui.services.ports.mirror import Mirror

MIRROR_FILES: Final = {Surface.REST: "mirror.sqlite3", Surface.SCIM: "mirror-scim.sqlite3"}
UNNAMED_CLIENT: Final = "token"
"""The client that the journal records for a SCIM token, which names none."""
MAX_FOLDER_NAME: Final = 100
HOUR_MS: Final = 60 * 60 * 1000
MINUTE_MS: Final = 60 * 1000


def open_session(profile: Profile, *, paths: Paths, surface: Surface | None = None, read_only: bool = False) -> Session:
    """Open a surface of a profile, by default REST, without waiting for network or disk; may be called in a thread.

    The client is built and the mirror opened by the first call to each. Raises ``ConfigurationError`` for a surface
    that the profile lacks.
    """
    from walkme_tui.store.mirror.mirror import open_mirror

    surface = profile.surface(surface)
    connection = profile.connections[surface]
    source = connection.secret.describe()
    on_disk = profile.mirror is MirrorStorage.DISK
    mirror = open_mirror(
        paths.cache / folder_name(profile.name) / MIRROR_FILES[surface] if on_disk else None,
        # The mirror must not be shown for another account, or for credentials that see another part of it.
        account_key=f"{surface} {connection.base_url} {connection.client_id or source}",
        runtime_folder=_runtime_folder(),
        max_age_days=profile.mirror_max_age_days,
    )
    account = Account(
        profile=profile.name,
        environment=profile.environment,
        surface=surface,
        base_url=connection.base_url,
        read_only=read_only or profile.read_only,
        client_id=connection.client_id,
    )
    offload = mirror.run_on_writer_thread
    api: DeferredApi[RestDirectory] | DeferredGroupApi
    if isinstance(connection, RestConnection):
        api = DeferredApi(lambda: _rest_client(profile, connection, offload))
    else:
        api = DeferredGroupApi(lambda: _scim_client(profile, connection, offload))
    session = session_of(account, api, mirror, source)
    return session._replace(
        sync=_sync_settings(profile), other_api=_other_api(profile, surface), max_in_flight=profile.max_in_flight
    )


def session_of(
    account: Account, api: "DeferredApi[RestDirectory] | DeferredGroupApi", mirror: "Mirror", secret_source: str
) -> Session:
    """A session that begins now."""
    group_api = api if isinstance(api, DeferredGroupApi) else None
    now = now_ms()
    return Session(account, api, mirror, now_ms, now, secret_source, Events(), api.prepare, group_api=group_api)


def open_change_services(session: Session, profile: Profile | None, *, paths: Paths) -> "ChangeServices":
    """Open what changes the account of a session; ``profile`` is the one it was opened with, None for the demo.

    Nothing touches the disk before the first call that has to.
    """
    from walkme_tui.config.profiles import Offboarding
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.changes.planner import Planner

    account = session.account
    wanted = Offboarding() if profile is None else profile.offboarding

    def open_journal() -> "Journal":
        from walkme_tui.store.journal.journal import open_journal

        journal = open_journal(paths.data, actor=_actor(account), clock=session.clock)
        session.api.use_write_support(journal.write_support(account.profile, account.base_url))
        return journal

    def open_job_runs(journal: "Journal") -> "JobRuns":
        from walkme_tui.services.changes.executor import Executor
        from walkme_tui.services.changes.job_runs import JobRuns
        from walkme_tui.services.changes.receipts import Receipts
        from walkme_tui.store.journal.purge import RECEIPTS

        receipts = Receipts(account, journal, partial(_write_receipt, paths.data / RECEIPTS), session.clock)
        executor = Executor(session, journal, _actor(account))
        if session.other_api is None:
            return JobRuns(executor, journal, receipts)
        from walkme_tui.services.changes.other_surface import OtherSurface

        return JobRuns(executor, journal, receipts, OtherSurface(session, session.other_api))

    planner = Planner(session, wanted.keep_groups, wanted.require_ticket)
    return ChangeServices(session, planner, open_journal, open_job_runs)


def _actor(account: Account) -> "Actor":
    from walkme_tui.domain.jobs import Actor

    return Actor(user_name(os.getuid()), os.uname().nodename, account.client_id or UNNAMED_CLIENT)


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


def _other_api(profile: Profile, surface: Surface) -> DirectoryApi | None:
    """The client of the profile's other surface, built by its first call; None where there is none."""
    if surface is Surface.REST and (scim := profile.scim) is not None:
        return DeferredApi(lambda: _scim_client(profile, scim, brief=True))
    if surface is Surface.SCIM and (rest := profile.rest) is not None:
        return DeferredApi(lambda: _rest_client(profile, rest, brief=True))
    return None


def _limits(*, brief: bool) -> "tuple[RetryPolicy, Deadlines]":
    """How long a client tries; ``brief`` where a plan waits for what it only shows."""
    from walkme_tui.api.retry import RetryPolicy
    from walkme_tui.api.transport import Deadlines

    if not brief:
        return RetryPolicy(), Deadlines()
    policy = RetryPolicy(attempts=2, connection_attempts=1, timeout_attempts=1, patience_seconds=5.0)
    return policy, Deadlines(connect_seconds=5.0, read_seconds=8.0, write_seconds=5.0, total_seconds=10.0)


def _rest_client(
    profile: Profile, rest: RestConnection, offload: "Offload | None" = None, *, brief: bool = False
) -> "RestDirectory":
    from walkme_tui.api.rest.client import RestDirectory
    from walkme_tui.api.rest.settings import RestSettings

    _require_ca_bundle(profile)
    settings = RestSettings(
        profile=profile.name,
        base_url=rest.base_url,
        client_id=rest.client_id,
        read_secret=rest.secret.read,
        secret_source=rest.secret.describe(),
        auth="basic" if rest.auth is RestAuth.BASIC else "post",
        ca_bundle=profile.ca_bundle,
        max_requests_per_second=profile.max_requests_per_second,
        max_in_flight=profile.max_in_flight,
    )
    policy, deadlines = _limits(brief=brief)
    return RestDirectory(settings, policy=policy, deadlines=deadlines, offload=offload)


def _scim_client(
    profile: Profile, scim: ScimConnection, offload: "Offload | None" = None, *, brief: bool = False
) -> "ScimDirectory":
    from walkme_tui.api.scim.client import ScimDirectory
    from walkme_tui.api.scim.settings import ScimSettings

    _require_ca_bundle(profile)
    rest_addresses = {*REGIONS.values(), profile.rest.base_url if profile.rest is not None else ""}
    settings = ScimSettings(
        profile=profile.name,
        base_url=scim.base_url,
        read_secret=scim.secret.read,
        secret_source=scim.secret.describe(),
        username=scim.client_id,
        completes_groups=not brief,
        is_rest_address=scim.base_url in rest_addresses,
        ca_bundle=profile.ca_bundle,
        max_requests_per_second=profile.max_requests_per_second,
        max_in_flight=profile.max_in_flight,
    )
    policy, deadlines = _limits(brief=brief)
    return ScimDirectory(settings, policy=policy, deadlines=deadlines, offload=offload)


def _require_ca_bundle(profile: Profile) -> None:
    if profile.missing_file is not None:
        raise ConfigurationError(
            f"The profile {profile.name} cannot be used: its ca_bundle names no file: {profile.missing_file}.",
            hint=f"Correct it: {profile.origin}",
        )


def _write_receipt(folder: Path, name: str, pieces: "Iterable[str]") -> Path:
    """``services.receipts.Write`` into a folder, which is made."""
    from walkme_tui.config.private_files import atomic_text
    from walkme_tui.domain.errors import JournalUnavailable

    file = folder / name
    try:
        with atomic_text(private_folder(private_folder(folder.parent) / folder.name) / name) as stream:
            stream.writelines(pieces)
    except (OSError, ConfigurationError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise JournalUnavailable(
            f"The receipt {file} could not be written: {reason}.",
            hint="The job itself is in the journal: walkme-tui jobs show it.",
        ) from error
    return file
