"""Selects the profile: the option, then the variable, the environment's credentials, the file's default."""

from collections.abc import Callable, Mapping
from typing import Final

from walkme_tui.config.addresses import DEFAULT_REGION, REGIONS, AddressRefused, normalised_base_url
from walkme_tui.config.profiles import (
    ENVIRONMENT_PROFILE,
    THE_ENVIRONMENT,
    NoProfile,
    Profile,
    RestConnection,
    ScimAuth,
    ScimConnection,
)
from walkme_tui.config.secrets import VariableSource
from walkme_tui.config.sections import nearest
from walkme_tui.config.settings import Settings
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

PROFILE_VARIABLE: Final = "WALKME_TUI_PROFILE"
CREDENTIAL_VARIABLES: Final = (
    "WALKME_CLIENT_ID",
    "WALKME_CLIENT_SECRET",
    "WALKME_SCIM_TOKEN",
    "WALKME_SCIM_USERNAME",
    "WALKME_SCIM_PASSWORD",
)
SETUP_HELP: Final = """\
There are three ways to start:
  1. Try a simulated account:       walkme-tui --demo
  2. Set three variables:           WALKME_CLIENT_ID, WALKME_CLIENT_SECRET and, outside the US, WALKME_BASE_URL;
                                    for SCIM, beside these or alone: WALKME_SCIM_BASE_URL and WALKME_SCIM_TOKEN
  3. Write a profile:               walkme-tui config init"""


def selected_profile(option: str | None, environ: Mapping[str, str], settings: Callable[[], Settings]) -> Profile:
    """The selected profile; ``settings`` is called only if the file is needed.

    Raises ``NoProfile`` if none is selected, another ``ConfigurationError`` if the selected one cannot be used. The
    environment's credentials are a separate profile, ``env``: they never complete one of the file.
    """
    if option is not None:
        return _named(option, "--profile", environ, settings)
    if environ.get(PROFILE_VARIABLE):
        return _named(environ[PROFILE_VARIABLE], PROFILE_VARIABLE, environ, settings)
    if has_environment_credentials(environ):
        return environment_profile(environ)
    found = settings()
    if found.default_profile is not None:
        return _named(found.default_profile, "default_profile", environ, lambda: found)
    if found.profiles:
        names = ", ".join(found.profiles)
        raise NoProfile(
            f"No profile is selected; {clean(str(found.file))} has {clean(names)} but no default_profile.",
            hint=f"Pass --profile {next(iter(found.profiles))}, or set default_profile in the file.",
        )
    if environ.get("WALKME_SCIM_BASE_URL"):
        raise NoProfile("WALKME_SCIM_BASE_URL is set, but WALKME_SCIM_TOKEN is not.", hint="Set and export it too.")
    raise NoProfile("There is no profile yet, so there is no account to open.", hint=SETUP_HELP)


def has_environment_credentials(environ: Mapping[str, str]) -> bool:
    """True if any credential of the profile ``env`` is set."""
    return any(environ.get(name) for name in CREDENTIAL_VARIABLES)


def environment_profile(environ: Mapping[str, str]) -> Profile:
    """The profile ``env``; raises ``ConfigurationError`` with the variable that is missing or invalid."""
    rest = _environment_rest(environ)
    scim = _environment_scim(environ)
    if rest is None and scim is None:
        raise NoProfile(
            "The profile env needs credentials in the environment, and none are set.",
            hint="Set and export WALKME_CLIENT_ID and WALKME_CLIENT_SECRET, or, for SCIM, its address and token.",
        )
    return Profile(name=ENVIRONMENT_PROFILE, rest=rest, scim=scim, origin=THE_ENVIRONMENT)


def _named(name: str, by: str, environ: Mapping[str, str], settings: Callable[[], Settings]) -> Profile:
    if name == ENVIRONMENT_PROFILE:
        return environment_profile(environ)
    found = settings()
    if name in found.profiles:
        return found.profiles[name]
    known = [*found.profiles, *([ENVIRONMENT_PROFILE] if has_environment_credentials(environ) else [])]
    where = clean(str(found.file))
    raise ConfigurationError(
        f'There is no profile "{clean(name, 60)}", which {by} names, in {where}.',
        hint=nearest(name, known) or "That file has no profile. Make one with: walkme-tui config init",
    )


def _environment_rest(environ: Mapping[str, str]) -> RestConnection | None:
    client_id = environ.get("WALKME_CLIENT_ID", "")
    has_secret = bool(environ.get("WALKME_CLIENT_SECRET"))
    if not client_id and not has_secret:
        return None
    if not client_id or not has_secret:
        set_one, missing = ("WALKME_CLIENT_SECRET", "WALKME_CLIENT_ID")[:: -1 if client_id else 1]
        raise ConfigurationError(f"{set_one} is set, but {missing} is not.", hint=f"Set and export {missing} too.")
    if not client_id.isprintable():
        raise ConfigurationError("WALKME_CLIENT_ID contains control characters.", hint="Set it again, without them.")
    base_url = _address(environ, "WALKME_BASE_URL") or REGIONS[DEFAULT_REGION]
    return RestConnection(base_url, client_id, VariableSource("WALKME_CLIENT_SECRET"))


def _environment_scim(environ: Mapping[str, str]) -> ScimConnection | None:
    token, username, password = (environ.get(f"WALKME_SCIM_{name}", "") for name in ("TOKEN", "USERNAME", "PASSWORD"))
    if not (token or username or password):
        return None
    if token and (username or password):
        raise ConfigurationError(
            "Both WALKME_SCIM_TOKEN and WALKME_SCIM_USERNAME or WALKME_SCIM_PASSWORD are set.",
            hint="Keep the token, or the user name and password.",
        )
    if not token and not (username and password):
        set_one, missing = ("PASSWORD", "USERNAME")[:: -1 if username else 1]
        raise ConfigurationError(
            f"WALKME_SCIM_{set_one} is set, but WALKME_SCIM_{missing} is not.",
            hint=f"Set and export WALKME_SCIM_{missing} too.",
        )
    base_url = _address(environ, "WALKME_SCIM_BASE_URL")
    if base_url is None:
        raise ConfigurationError(
            "WALKME_SCIM_BASE_URL is not set, and the SCIM address has no default.",
            hint="The Console shows the address beside the token. Or unset the SCIM variables to use REST only.",
        )
    if token:
        return ScimConnection(base_url, VariableSource("WALKME_SCIM_TOKEN"))
    return ScimConnection(base_url, VariableSource("WALKME_SCIM_PASSWORD"), ScimAuth.BASIC, username)


def _address(environ: Mapping[str, str], variable: str) -> str | None:
    address = environ.get(variable, "")
    if not address:
        return None
    try:
        return normalised_base_url(address)
    except AddressRefused as refusal:
        raise ConfigurationError(f"{variable} {refusal}.") from refusal
