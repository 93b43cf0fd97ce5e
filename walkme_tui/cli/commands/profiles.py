"""``walkme-tui profiles``: list the profiles."""

import argparse

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.columns import aligned
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.config.profile_choice import SETUP_HELP, environment_profile, has_environment_credentials
from walkme_tui.config.profiles import Profile
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import printable_json
from walkme_tui.domain.users import Json


def run(options: argparse.Namespace) -> int:
    """List the profiles of the file and the environment; the selected one is marked."""
    context = Context.of(options)
    known = list(context.settings.profiles.values())
    if has_environment_credentials(context.environ):
        known.append(environment_profile(context.environ))
    try:
        chosen = context.profile().name
    except ConfigurationError:
        chosen = ""
    if context.options.json:
        print_lines([printable_json({"profiles": [_object(profile, chosen) for profile in known]}, indent=2)])
    elif known:
        headings = ("", "NAME", "ENVIRONMENT", "SURFACE", "ADDRESS", "SECRET FROM")
        print_lines(aligned([headings, *(row for profile in known for row in _rows(profile, chosen))], 80))
    else:
        print_lines(["There is no profile yet.", *SETUP_HELP.splitlines()])
    return ExitCode.DONE


def _connections(profile: Profile) -> list[tuple[str, str, str]]:
    """Surface, address and source of the secret of each connection."""
    return [
        (surface.value, connection.base_url, connection.secret.describe())
        for surface, connection in profile.connections.items()
    ]


def _rows(profile: Profile, chosen: str) -> list[tuple[str, ...]]:
    mark = "*" if profile.name == chosen else ""
    environment = profile.environment.value + (", read-only" if profile.read_only else "")
    labels = [(mark, profile.name, environment), *[("", "", "")] * 2]
    return [(*label, *connection) for label, connection in zip(labels, _connections(profile), strict=False)]


def _object(profile: Profile, chosen: str) -> dict[str, Json]:
    surfaces: dict[str, Json] = {
        surface: {"base_url": address, "secret_from": source} for surface, address, source in _connections(profile)
    }
    return {
        "name": profile.name,
        "environment": profile.environment.value,
        "read_only": profile.read_only,
        "surfaces": surfaces,
        "origin": profile.origin,
        "chosen": profile.name == chosen,
    }
