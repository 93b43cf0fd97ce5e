"""What every sub-command needs: the global options, folders, settings and the selected profile."""

import argparse
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.cli.output.messages import PROGRAM
from walkme_tui.config.paths import Paths
from walkme_tui.config.profile_choice import selected_profile
from walkme_tui.config.profiles import Profile
from walkme_tui.config.settings import Settings, load_settings
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

if TYPE_CHECKING:
    from walkme_tui.demo import Demo
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.ports import Session
    from walkme_tui.services.ports.journal import Journal


class GlobalOptions(NamedTuple):
    """The options that can be given before or after any sub-command."""

    profile: str | None = None
    surface: Surface | None = None
    read_only: bool = False
    demo: bool = False
    json: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, options: argparse.Namespace) -> "GlobalOptions":
        """From a parsed command line; raises ``ConfigurationError`` for options that exclude each other."""
        given = {name: getattr(options, name) for name in cls._fields if hasattr(options, name)}
        if "surface" in given:
            given["surface"] = Surface(given["surface"])
        found = cls(**given)
        if found.demo and found.profile is not None:
            raise ConfigurationError("--demo cannot be used with a profile.", hint="Leave out --profile or --demo.")
        return found


class Context:
    """One run of the program: its global options and environment; files are read on first use."""

    def __init__(self, options: GlobalOptions, environ: Mapping[str, str] = os.environ) -> None:
        self.options = options
        self.environ = environ

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
        """The contents of config.toml; its first problem is raised as ``ConfigurationError``."""
        return load_settings(self.paths.config_file)

    @property
    def no_color(self) -> bool:
        """True if colours are turned off, by option or by a non-empty ``NO_COLOR``."""
        return self.options.no_color or bool(self.environ.get("NO_COLOR"))

    @property
    def lacks_cursor_movement(self) -> bool:
        """True if ``TERM`` names a terminal on which the browser cannot be drawn."""
        return self.environ.get("TERM") in ("dumb", "unknown")

    @property
    def program(self) -> str:
        """The program with the options that select the same profile, as the beginning of a command to type."""
        from shlex import quote

        profile = self.options.profile
        chosen = "" if profile is None else f" --profile {quote(clean(profile))}"
        return PROGRAM + (" --demo" if self.options.demo else chosen)

    def profile(self) -> Profile:
        """The selected profile; raises ``NoProfile`` if none is selected."""
        return selected_profile(self.options.profile, self.environ, lambda: self.settings)

    @cached_property
    def demo(self) -> "Demo":
        """The demo account."""
        from walkme_tui.demo import Demo

        return Demo()

    @property
    def surface(self) -> Surface:
        """The selected surface; raises ``ConfigurationError`` like ``open_session``."""
        wanted = self.options.surface
        return wanted or Surface.REST if self.options.demo else self.profile().surface(wanted)

    @property
    def capabilities(self) -> Capabilities:
        """What the selected surface can do; raises like ``surface``."""
        return capabilities(self.surface)

    def open_session(self) -> "Session":
        """A session with the demo account (``--demo``) or the selected profile, on the surface of the options."""
        return self.open_surface(self.surface)

    def open_surface(self, surface: Surface) -> "Session":
        """A session like ``open_session``, on this surface; raises ``ConfigurationError`` where there is none."""
        return self.open_demo(surface) if self.options.demo else self.open_profile(self.profile(), surface)

    def open_demo(self, surface: Surface) -> "Session":
        """A session with the demo account."""
        return self.demo.open_session(surface, read_only=self.options.read_only)

    def open_profile(self, profile: Profile, surface: Surface) -> "Session":
        """A session with this profile; raises ``ConfigurationError`` where it lacks the surface."""
        from walkme_tui.session import open_session

        return open_session(profile, paths=self.paths, surface=surface, read_only=self.options.read_only)

    def with_account(self, profile: str | None, surface: Surface | None) -> "Context":
        """The context with this profile and surface, where the options name none; the demo keeps its profile."""
        options = self.options
        if not options.demo and options.profile is None:
            options = options._replace(profile=profile)
        return Context(options._replace(surface=options.surface or surface), self.environ)

    def open_change_services(self, session: "Session") -> "ChangeServices":
        """What changes the account of a session that ``open_session`` gave."""
        return self.open_change_services_of(session, None if self.options.demo else self.profile())

    def open_change_services_of(self, session: "Session", profile: Profile | None) -> "ChangeServices":
        """What changes the account of a session with this profile, None for the demo."""
        from walkme_tui.session import open_change_services

        return open_change_services(session, profile, paths=self.demo.paths if profile is None else self.paths)

    def open_journal(self) -> "Journal":
        """The journal of this machine's jobs."""
        from walkme_tui.store.journal.journal import open_journal

        return open_journal(self.paths.data)
