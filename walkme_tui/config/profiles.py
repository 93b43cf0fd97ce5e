"""Profiles: named connections to accounts."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.config.secrets import SecretSource
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError

ENVIRONMENT_PROFILE: Final = "env"
THE_ENVIRONMENT: Final = "the environment"


class NoProfile(ConfigurationError):
    """No profile is selected; the hint explains how to configure one."""


class RestAuth(StrEnum):
    """How the client id and secret are sent: as a form, or as HTTP Basic."""

    POST = "post"
    BASIC = "basic"


class ScimAuth(StrEnum):
    """How a SCIM call is authorized."""

    BEARER = "bearer"
    BASIC = "basic"


class Sync(StrEnum):
    """Whether the whole account is read in the background, or only what is shown."""

    FULL = "full"
    LAZY = "lazy"


class MirrorStorage(StrEnum):
    """Where the mirror is kept."""

    DISK = "disk"
    MEMORY = "memory"


class RestConnection(NamedTuple):
    """The REST surface: ``base_url`` has no trailing slash, ``secret`` is read when a token is requested."""

    base_url: str
    client_id: str
    secret: SecretSource
    auth: RestAuth = RestAuth.POST


class ScimConnection(NamedTuple):
    """The SCIM surface: ``secret`` is the bearer token, or with Basic the password of ``username``."""

    base_url: str
    secret: SecretSource
    auth: ScimAuth = ScimAuth.BEARER
    username: str | None = None

    @property
    def client_id(self) -> str:
        """The user name; empty for a token, which names no client."""
        return self.username or ""


class Offboarding(NamedTuple):
    """Settings of offboarding: groups (names or ids) that users stay in, and whether a ticket is required."""

    keep_groups: tuple[str, ...] = ()
    require_ticket: bool = False


class Profile(NamedTuple):
    """One profile; at least one of ``rest`` and ``scim`` is set.

    ``refresh_minutes`` is the interval at which the screen is reloaded, 0 for never. ``origin`` describes where the
    profile was found. ``max_requests_per_second`` and ``max_in_flight`` are the upper limits of the adaptive rate.
    """

    name: str
    rest: RestConnection | None
    scim: ScimConnection | None = None
    environment: Environment = Environment.PRODUCTION
    read_only: bool = False
    theme: str | None = None
    sync: Sync = Sync.FULL
    resync_hours: float = 24.0
    refresh_minutes: float = 0.0
    mirror: MirrorStorage = MirrorStorage.DISK
    mirror_max_age_days: float = 30.0
    max_requests_per_second: float = 10.0
    max_in_flight: int = 8
    ca_bundle: Path | None = None
    offboarding: Offboarding = Offboarding()
    origin: str = THE_ENVIRONMENT

    @property
    def missing_file(self) -> Path | None:
        """The ``ca_bundle``, if there is no such file."""
        try:
            return None if self.ca_bundle is None or self.ca_bundle.is_file() else self.ca_bundle
        except OSError:
            return self.ca_bundle

    @property
    def connections(self) -> Mapping[Surface, RestConnection | ScimConnection]:
        """The configured surfaces, REST first."""
        found = {Surface.REST: self.rest, Surface.SCIM: self.scim}
        return {surface: connection for surface, connection in found.items() if connection is not None}

    def surface(self, wanted: Surface | None = None) -> Surface:
        """The wanted surface, by default REST if configured; raises ``ConfigurationError`` if it is not configured."""
        surface = wanted or (Surface.SCIM if self.rest is None else Surface.REST)
        if surface not in self.connections:
            others = "".join(f", only {other.upper()}" for other in self.connections)
            variables = ("SCIM_BASE_URL", "SCIM_TOKEN") if surface is Surface.SCIM else ("CLIENT_ID", "CLIENT_SECRET")
            needed = " and ".join(f"WALKME_{name}" for name in variables)
            raise ConfigurationError(
                f"The profile {self.name} has no {surface.upper()} connection{others} ({self.origin}).",
                hint=f"Set {needed}." if self.origin == THE_ENVIRONMENT else f"Add [profiles.{self.name}.{surface}].",
            )
        return surface
