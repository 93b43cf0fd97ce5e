"""Profiles: named connections to accounts, and which one is meant."""

from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.config.secrets import SecretSource
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError

ENVIRONMENT_PROFILE: Final = "env"
THE_ENVIRONMENT: Final = "the environment"


class NoProfile(ConfigurationError):
    """Nothing says which account is meant; the message explains the ways in."""


class RestAuth(StrEnum):
    """How the client id and secret are sent: as a form, or as HTTP Basic."""

    POST = "post"
    BASIC = "basic"


class ScimAuth(StrEnum):
    """How a SCIM call is authorized."""

    BEARER = "bearer"
    BASIC = "basic"


class Sync(StrEnum):
    """Whether the mirror is filled in the background, or only with what was looked at."""

    FULL = "full"
    LAZY = "lazy"


class MirrorStorage(StrEnum):
    """Where the mirror is kept."""

    DISK = "disk"
    MEMORY = "memory"


class RestConnection(NamedTuple):
    """The REST surface: ``base_url`` has no trailing slash, ``secret`` is read when a token is asked for."""

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


class Offboarding(NamedTuple):
    """What offboarding does differently here: groups (names) that a person stays in, and whether a ticket is a must."""

    keep_groups: tuple[str, ...] = ()
    require_ticket: bool = False


class Profile(NamedTuple):
    """One connection, as configured; at least one of ``rest`` and ``scim`` is there.

    ``refresh_minutes`` is how often what is on the screen is read again by itself, 0 for never.
    ``origin`` says in words where it was found. ``max_requests_per_second`` is the ceiling of the adaptive pace,
    ``max_in_flight`` that of the requests under way at once.
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

    def surface(self, wanted: Surface | None = None) -> Surface:
        """The surface to speak: the wanted one, else REST where there is one; ConfigurationError if it is not there."""
        surface = wanted or (Surface.SCIM if self.rest is None else Surface.REST)
        if (self.rest if surface is Surface.REST else self.scim) is None:
            raise ConfigurationError(
                f"The profile {self.name} has no {surface.value.upper()} connection ({self.origin}).",
                hint=f"Add one, or leave out --surface {surface.value}.",
            )
        return surface

    def base_url(self, surface: Surface) -> str:
        """The address of one of its surfaces, empty if it lacks it."""
        connection = self.rest if surface is Surface.REST else self.scim
        return "" if connection is None else connection.base_url
