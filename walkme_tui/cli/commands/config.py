"""``walkme-tui config``: create, find and check the configuration."""

import argparse
import os
from typing import Final

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.config.paths import private_folder
from walkme_tui.config.private_files import OWNER_ONLY
from walkme_tui.config.profile_choice import environment_profile, has_environment_credentials
from walkme_tui.config.settings import Settings, check_settings
from walkme_tui.config.toml_files import ConfigProblem
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean, printable_json

TEMPLATE: Final = """\
# Configuration of walkme-tui. Check it with: walkme-tui config check
# Put no secret into this file: name the command, variable, file or keyring entry that it comes from.

# default_profile = "acme"

# [profiles.acme]
# environment = "production"        # production | sandbox
# read_only = true                  # refuse every change
# theme = "dusk"                    # see: walkme-tui themes
# sync = "full"                     # full: read the whole account in the background | lazy: only what you look at
# resync_hours = 24                 # read a complete local copy again after this time
# refresh_minutes = 0               # reload what is on the screen at this interval; 0: never
# mirror = "disk"                   # disk | memory
# mirror_max_age_days = 30
# max_requests_per_second = 10
# max_in_flight = 8
# ca_bundle = "company-ca.pem"      # in addition to the system's trust store; relative to this file's folder

# [profiles.acme.rest]
# region = "us"                     # us | eu | canada | fedramp, or base_url = "https://…"
# client_id = "…"                   # WalkMe Console: Settings > Integrations > API
# secret_command = ["pass", "show", "walkme/acme"]   # its first line of output; run without a shell
#                                   # or exactly one of these instead:
#                                   # secret_env = "ACME_SECRET"
#                                   # secret_file = "~/.walkme-acme"             (chmod 600)
#                                   # secret_keyring = ["walkme", "acme"]        (service and user name)
# auth = "post"                     # post | basic: how client id and secret are sent

# [profiles.acme.scim]              # the SCIM side, beside REST or alone; it has groups that can be changed
# region = "us"                     # us | eu | canada, or base_url = "https://…/scim/v2", as the Console shows it
# token_command = ["pass", "show", "walkme/acme-scim"]   # or token_env, token_file, token_keyring
# auth = "bearer"                   # bearer | basic: then username and password_command (or another source)

# [keys]                            # ids: walkme-tui keys
# "user.raw" = "F2"
"""


def run(options: argparse.Namespace) -> int:
    """Run the action."""
    context = Context.of(options)
    actions = {"init": _init, "path": _path, "check": _check}
    return actions[options.action](context)


def _init(context: Context) -> int:
    file = context.paths.config_file
    private_folder(file.parent)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    except FileExistsError:
        raise ConfigurationError(
            f"{clean(str(file))} already exists and was not changed.", hint="Check it with: walkme-tui config check"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{clean(str(file))} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(TEMPLATE)
    if context.options.json:
        print_lines([printable_json({"file": str(file)})])
    else:
        print_lines(
            [
                f"Created {clean(str(file))}",
                "All of it is commented out. Fill in a profile, then run: walkme-tui config check",
            ]
        )
    return ExitCode.DONE


def _path(context: Context) -> int:
    file = context.paths.config_file
    if not context.options.json:
        print_lines([clean(str(file))])
        return ExitCode.DONE
    try:
        exists = file.exists()
    except OSError as error:
        raise ConfigurationError(f"{clean(str(file))} cannot be accessed: {error.strerror}.") from error
    print_lines([printable_json({"file": str(file), "exists": exists})])
    return ExitCode.DONE


def _check(context: Context) -> int:
    report = check_settings(context.paths.config_file)
    settings = report.settings
    problems = [
        *report.problems,
        *_unknown_themes(context, settings),
        *_missing_files(settings),
        *_environment_problems(context),
    ]
    if report.exists and not problems and not settings.profiles and not has_environment_credentials(context.environ):
        hint = (
            "In the file that config init wrote, remove the # from the lines of [profiles.acme.rest] or "
            "[profiles.acme.scim], and fill them in."
        )
        problems = [ConfigProblem(settings.file, None, "it contains no profile, so there is no account to use.", hint)]
    if context.options.json:
        answer = {
            "file": str(report.settings.file),
            "exists": report.exists,
            "profiles": list(report.settings.profiles),
            "problems": [
                {"line": problem.line, "message": problem.message, "hint": problem.hint} for problem in problems
            ],
        }
        print_lines([printable_json(answer, indent=2)])
    else:
        print_lines(_checked(report.settings, report.exists, problems))
    return ExitCode.USAGE if problems else ExitCode.DONE


def _checked(settings: Settings, exists: bool, problems: list[ConfigProblem]) -> list[str]:
    if problems:
        return [str(problem.error()) for problem in problems]
    if not exists:
        return [f"{clean(str(settings.file))} does not exist. To create it: walkme-tui config init"]
    count = len(settings.profiles)
    named = f": {', '.join(settings.profiles)}" if count else ""
    return [f"{clean(str(settings.file))} is valid: {count} {'profile' if count == 1 else 'profiles'}{named}."]


def _unknown_themes(context: Context, settings: Settings) -> list[ConfigProblem]:
    wanted = {profile.name: profile.theme for profile in settings.profiles.values() if profile.theme}
    if not wanted:
        return []
    from walkme_tui.config.themes import load_themes
    from walkme_tui.config.toml_files import read_toml

    themes = load_themes(context.paths.themes)
    problems: list[ConfigProblem] = []
    for name, theme in wanted.items():
        try:
            themes.choose(theme)
        except ConfigurationError as error:
            line = read_toml(settings.file).line_of(("profiles", name, "theme"))
            problems.append(ConfigProblem(settings.file, line, error.message, error.hint))
    return problems


def _missing_files(settings: Settings) -> list[ConfigProblem]:
    from walkme_tui.config.toml_files import read_toml

    missing = {each.name: each.missing_file for each in settings.profiles.values() if each.missing_file is not None}
    if not missing:
        return []
    document = read_toml(settings.file)
    return [
        ConfigProblem(
            settings.file,
            document.line_of(("profiles", name, "ca_bundle")),
            f'"ca_bundle" in [profiles.{name}] is not a file: {clean(str(file))}.',
        )
        for name, file in missing.items()
    ]


def _environment_problems(context: Context) -> list[ConfigProblem]:
    if not has_environment_credentials(context.environ):
        return []
    try:
        environment_profile(context.environ)
    except ConfigurationError as error:
        return [ConfigProblem(context.paths.config_file, None, f"the profile env: {error.message}", error.hint)]
    return []
