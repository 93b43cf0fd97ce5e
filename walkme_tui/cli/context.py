"""What every sub-command needs: the global options, the folders, the settings and the profile that is meant."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from walkme_tui.config.paths import Paths
from walkme_tui.config.profile_choice import choose_profile
from walkme_tui.config.profiles import Profile
from walkme_tui.config.settings import Settings, load_settings
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.ports import Journal, Session


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options that stand before or after any sub-command."""

    profile: str | None = None
    surface: Surface | None = None
    read_only: bool = False
    demo: bool = False
    json: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> "GlobalOptions":
        """Those of a parsed command line; ConfigurationError for two that exclude each other."""
        given = {name: getattr(options, name) for name in cls.__slots__ if hasattr(options, name)}
        if "surface" in given:
            given["surface"] = Surface(given["surface"])
        found = cls(**given)
        if found.demo and found.profile is not None:
            raise ConfigurationError("--demo is an account of its own.", hint="Leave out --profile or --demo.")
        return found


@dataclass(frozen=True)
class Context:
    """One run of the program: its global options and its environment; files are read when they are asked for."""

    options: GlobalOptions
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Context":
        """The context of a parsed command line."""
        return cls(GlobalOptions.of(options))

    @cached_property
    def paths(self) -> Paths:
        """The program's folders."""
        return Paths.from_environment(self.environ)

    @cached_property
    def settings(self) -> Settings:
        """What config.toml says; its first problem is a ConfigurationError."""
        return load_settings(self.paths.config_file)

    @property
    def no_color(self) -> bool:
        """True if colours are not wanted, by option or by ``NO_COLOR`` (any value but an empty one)."""
        return self.options.no_color or bool(self.environ.get("NO_COLOR"))

    @property
    def cannot_place_text(self) -> bool:
        """True if ``TERM`` names a terminal on which the browser cannot be drawn."""
        return self.environ.get("TERM") in ("dumb", "unknown")

    def profile(self) -> Profile:
        """The profile that is meant; ``NoProfile`` if nothing says which."""
        return choose_profile(self.options.profile, self.environ, lambda: self.settings)

    def open_session(self) -> "Session":
        """The account that is meant: the demo with ``--demo``, else the profile's."""
        return self.open_demo() if self.options.demo else self.open_profile(self.profile())

    def open_demo(self) -> "Session":
        """A session with the demo account."""
        from walkme_tui.session import open_demo_session

        refuse_scim(self.options.surface if self.options.demo else None, "the demo account")
        return open_demo_session(read_only=self.options.read_only)

    def open_profile(self, profile: Profile) -> "Session":
        """A session with this profile, on the surface that the options ask for."""
        from walkme_tui.session import open_session

        refuse_scim(profile.surface(self.options.surface), f"the profile {profile.name}")
        return open_session(profile, paths=self.paths, read_only=self.options.read_only)

    def for_profile(self, name: str | None) -> "Context":
        """The context in which a profile is chosen by name, unless the options name one (or the demo) already."""
        if name is None or self.options.demo or self.options.profile is not None:
            return self
        return replace(self, options=replace(self.options, profile=name))

    def open_change_services(self, session: "Session") -> "ChangeServices":
        """What changes the account of a session that ``open_session`` gave."""
        return self.open_change_services_of(session, None if self.options.demo else self.profile())

    def open_change_services_of(self, session: "Session", profile: Profile | None) -> "ChangeServices":
        """What changes the account of a session with this profile, None for the demo."""
        from walkme_tui.session import open_change_services

        return open_change_services(session, profile, paths=self.paths)

    def open_journal(self) -> "Journal":
        """The journal of this machine's jobs."""
        from walkme_tui.store.journal.journal import open_journal

        return open_journal(self.paths.data)


def refuse_scim(surface: Surface | None, what: str) -> None:
    """ConfigurationError for the surface that this version does not browse."""
    if surface is Surface.SCIM:
        raise ConfigurationError(
            f"This version cannot browse the SCIM side of an account, which {what} asks for.",
            hint="Use its REST side: WALKME_CLIENT_ID and WALKME_CLIENT_SECRET, or [profiles.NAME.rest].",
        )
