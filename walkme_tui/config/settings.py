"""Reads and checks ``config.toml``."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.config.addresses import DEFAULT_REGION, REGIONS, SCIM_REGIONS, AddressRefused, normalised_base_url
from walkme_tui.config.ownership import write_problem
from walkme_tui.config.profiles import (
    ENVIRONMENT_PROFILE,
    MirrorStorage,
    Offboarding,
    Profile,
    RestAuth,
    RestConnection,
    ScimAuth,
    ScimConnection,
    Sync,
)
from walkme_tui.config.secret_settings import read_source, refuse_secrets, resolved_path, source_keys
from walkme_tui.config.sections import Section, nearest, similar
from walkme_tui.config.toml_files import ConfigProblem, TomlFile, read_toml
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.text import clean

_PROFILE_NAME: Final = re.compile(r"[^\W_][\w.-]{0,63}")
_PROFILE_KEYS: Final = (
    "environment",
    "read_only",
    "theme",
    "sync",
    "resync_hours",
    "refresh_minutes",
    "mirror",
    "mirror_max_age_days",
    "max_requests_per_second",
    "max_in_flight",
    "ca_bundle",
    "rest",
    "scim",
    "offboarding",
)


class Settings(NamedTuple):
    """The contents of config.toml; if ``file`` does not exist, the rest is empty.

    ``keymap`` has the key names of the commands with changed keys, by command id.
    """

    file: Path
    default_profile: str | None = None
    profiles: Mapping[str, Profile] = MappingProxyType({})
    keymap: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class SettingsReport(NamedTuple):
    """The settings of a file, and all its problems, by line."""

    settings: Settings
    exists: bool
    problems: tuple[ConfigProblem, ...]


def load_settings(file: Path) -> Settings:
    """The settings of a file, empty without a file; raises its first problem as ``ConfigurationError``."""
    report = check_settings(file)
    if report.problems:
        raise report.problems[0].error()
    return report.settings


def check_settings(file: Path) -> SettingsReport:
    """Read a file and collect all its problems; a file that other users can change is not read.

    It determines which programs are run for the secrets, and which server the secrets are sent to.
    """
    unsafe = _changeable_by_others(file)
    if unsafe is not None:
        return SettingsReport(Settings(file), exists=True, problems=(unsafe,))
    try:
        document = read_toml(file)
    except FileNotFoundError:
        return SettingsReport(Settings(file), exists=False, problems=())
    settings = _settings(document)
    problems = sorted(document.problems, key=lambda problem: problem.line or 0)
    return SettingsReport(settings, exists=True, problems=tuple(problems))


def _changeable_by_others(file: Path) -> ConfigProblem | None:
    user_id = os.geteuid()
    places = {file: "this file"}
    places |= {folder: f"its folder {clean(str(folder))}" for folder in (file.parent, file.resolve().parent)}
    for path, name in places.items():
        try:
            problem = write_problem(path, path.stat(), user_id)
        except OSError:
            continue
        if problem is not None:
            message = f"{name} {problem.reason}, so it is not used."
            return ConfigProblem(file, None, message, f"If you trust its contents, run: {problem.fix_command}")
    return None


def _settings(document: TomlFile) -> Settings:
    top = Section(document, (), dict(document.values))
    refuse_secrets(top)
    top.check_keys(("default_profile", "profiles", "keys"))
    profiles: dict[str, Profile] = {}
    table = top.section("profiles")
    for name in table.values if table else ():
        section = table.section(name) if table else None
        profile = _profile(section, name) if section else None
        if profile:
            profiles[name] = profile
    default = top.text("default_profile")
    if default is not None and default not in (table.values if table else {}):
        message = f'"default_profile" names "{clean(default, 60)}", but there is no [profiles.{clean(default, 60)}].'
        top.add_problem("default_profile", message, nearest(default, table.values if table else ()))
    return Settings(document.path, default, profiles, _keymap(top))


def _keymap(top: Section) -> Mapping[str, tuple[str, ...]]:
    section = top.section("keys")
    if section is None:
        return {}
    from walkme_tui.config.keymap import read_keymap

    return read_keymap(section)


def _profile(section: Section, name: str) -> Profile | None:
    if name == ENVIRONMENT_PROFILE:
        section.add_problem(
            "", f'The name "{name}" is reserved for the profile of the WALKME_* variables.', "Rename it."
        )
    elif not _PROFILE_NAME.fullmatch(name):
        section.add_problem(
            "",
            f'"{clean(name, 60)}" is not a valid name of a profile.',
            "Use up to 64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
        )
    refuse_secrets(section)
    section.check_keys(_PROFILE_KEYS)
    rest_section, scim_section = section.section("rest"), section.section("scim")
    rest = _rest(rest_section) if rest_section else None
    scim = _scim(scim_section) if scim_section else None
    if "rest" not in section.values and "scim" not in section.values:
        hint = f"Add [profiles.{clean(name, 60)}.rest], [profiles.{clean(name, 60)}.scim] or both."
        section.add_problem("", f"{section.title} has no connection.", hint)
    profile = Profile(
        name=name,
        rest=rest,
        scim=scim,
        environment=section.choice("environment", Environment, Environment.PRODUCTION),
        read_only=section.boolean("read_only", default=False),
        theme=section.text("theme"),
        sync=section.choice("sync", Sync, Sync.FULL),
        resync_hours=section.number("resync_hours", 24, 0, 24 * 365),
        refresh_minutes=section.number("refresh_minutes", 0, 0, 24 * 60),
        mirror=section.choice("mirror", MirrorStorage, MirrorStorage.DISK),
        mirror_max_age_days=section.number("mirror_max_age_days", 30, 0, 3650),
        max_requests_per_second=section.number("max_requests_per_second", 10, 0.2, 1000),
        max_in_flight=section.whole_number("max_in_flight", 8, 1, 100),
        ca_bundle=_ca_bundle(section),
        offboarding=_offboarding(section.section("offboarding")),
        origin=f"profile {name} in {section.file.path}",
    )
    return None if rest is None and scim is None else profile


def _rest(section: Section) -> RestConnection | None:
    refuse_secrets(section)
    section.check_keys(("region", "base_url", "client_id", *source_keys("secret"), "auth"))
    base_url = _address(section, REGIONS, DEFAULT_REGION)
    client_id = section.text("client_id")
    if "client_id" not in section.values:
        section.add_problem("", f'{section.title} has no "client_id".', "The WalkMe Console shows it under API.")
    secret = read_source(section, "secret", client_id or "")
    auth = section.choice("auth", RestAuth, RestAuth.POST)
    if base_url is None or client_id is None or secret is None:
        return None
    return RestConnection(base_url, client_id, secret, auth)


def _address(section: Section, regions: Mapping[str, str], default: str | None) -> str | None:
    """The address, or that of the region; None after a reported problem, or without either and without a default."""
    if "base_url" in section.values:
        if "region" in section.values:
            section.add_problem("region", f'{section.title} has both "region" and "base_url".', "Keep exactly one.")
        return _base_url(section)
    region = section.text("region")
    if region is None:
        return None if default is None or "region" in section.values else regions[default]
    if region not in regions:
        known = ", ".join(f'"{name}"' for name in regions)
        message = f'"region" in {section.title} is "{clean(region, 60)}"; it must be one of {known}.'
        section.add_problem("region", message, similar(region, regions))
    return regions.get(region)


def _base_url(section: Section) -> str | None:
    address = section.text("base_url")
    if address is None:
        return None
    try:
        return normalised_base_url(address)
    except AddressRefused as refusal:
        section.add_problem("base_url", f'"base_url" in {section.title} {refusal}.')
        return None


def _scim(section: Section) -> ScimConnection | None:
    refuse_secrets(section)
    auth = section.choice("auth", ScimAuth, ScimAuth.BEARER)
    credential = "token" if auth is ScimAuth.BEARER else "password"
    section.check_keys(("region", "base_url", "auth", "username", *source_keys("token"), *source_keys("password")))
    for key in source_keys("password" if auth is ScimAuth.BEARER else "token"):
        if key in section.values:
            hint = f'With auth = "{auth}", use {credential}_{key.partition("_")[2]}.'
            section.add_problem(key, f'"{key}" in {section.title} cannot be used with auth = "{auth}".', hint)
    username = section.text("username")
    if auth is ScimAuth.BASIC and "username" not in section.values:
        section.add_problem("", f'{section.title} has no "username", which auth = "basic" needs.')
    if auth is ScimAuth.BEARER and username is not None:
        section.add_problem("username", f'"username" in {section.title} can be used with auth = "basic" only.')
    base_url = _address(section, SCIM_REGIONS, None)
    if not {"region", "base_url"} & section.values.keys():
        hint = "The Console shows the address beside the token; it cannot be derived from that of the REST API."
        section.add_problem("", f'{section.title} has no "region" and no "base_url".', hint)
    secret = read_source(section, credential, username or "token")
    if base_url is None or secret is None:
        return None
    return ScimConnection(base_url, secret, auth, username)


def _offboarding(section: Section | None) -> Offboarding:
    if section is None:
        return Offboarding()
    section.check_keys(("keep_groups", "require_ticket"))
    return Offboarding(section.text_list("keep_groups") or (), section.boolean("require_ticket", default=False))


def _ca_bundle(section: Section) -> Path | None:
    """The path; a missing file is reported when its profile is used, so that other profiles work."""
    named = section.text("ca_bundle")
    return None if named is None else resolved_path(section, named)
