"""The choice of a profile: option, variable, environment, default."""

from pathlib import Path

import pytest

from walkme_tui.config.profile_choice import environment_profile, selected_profile
from walkme_tui.config.profiles import NoProfile, Profile, RestConnection, ScimAuth
from walkme_tui.config.secrets import VariableSource
from walkme_tui.config.settings import Settings
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError

CREDENTIALS = {"WALKME_CLIENT_ID": "id-1", "WALKME_CLIENT_SECRET": "hunter2"}
SCIM = {"WALKME_SCIM_BASE_URL": "https://x.example/scim/v2/", "WALKME_SCIM_TOKEN": "hunter2"}


def file_with(*names: str, default: str | None = None) -> Settings:
    rest = RestConnection("https://api.walkme.com", "from-file", VariableSource("X"))
    profiles = {name: Profile(name, rest, origin=f"profile {name} in the file") for name in names}
    return Settings(Path("/c/config.toml"), default, profiles)


def chosen(option: str | None, environ: dict[str, str], settings: Settings) -> str:
    return selected_profile(option, environ, lambda: settings).name


def test_the_option_precedes_variable_environment_and_default() -> None:
    settings = file_with("a", "b", "c", default="c")
    everything = {**CREDENTIALS, "WALKME_TUI_PROFILE": "b"}
    assert chosen("a", everything, settings) == "a"
    assert chosen(None, everything, settings) == "b"
    assert chosen(None, CREDENTIALS, settings) == "env"
    assert chosen(None, {}, settings) == "c"
    assert chosen("env", everything, settings) == "env"
    assert chosen(None, {**CREDENTIALS, "WALKME_TUI_PROFILE": ""}, settings) == "env"


def test_environment_variables_do_not_change_a_profile_of_the_file() -> None:
    profile = selected_profile("a", CREDENTIALS, lambda: file_with("a"))
    assert profile.rest is not None
    assert (profile.rest.client_id, profile.rest.secret) == ("from-file", VariableSource("X"))


def test_the_file_is_not_read_if_the_environment_defines_the_profile() -> None:
    def unreadable() -> Settings:
        raise AssertionError("read")

    assert selected_profile(None, CREDENTIALS, unreadable).name == "env"
    assert selected_profile("env", CREDENTIALS, unreadable).name == "env"


def test_without_a_profile_the_message_lists_the_three_ways_to_start() -> None:
    with pytest.raises(NoProfile) as caught:
        chosen(None, {}, file_with())
    for way in ("--demo", "WALKME_CLIENT_ID", "config init"):
        assert way in str(caught.value)


def test_profiles_without_a_default_are_listed() -> None:
    with pytest.raises(NoProfile, match=r"has a, b but no default_profile.*--profile a"):
        chosen(None, {}, file_with("a", "b"))


@pytest.mark.parametrize(("option", "environ"), [("acem", {}), (None, {"WALKME_TUI_PROFILE": "acem"})])
def test_an_unknown_profile_is_reported_with_its_source_and_the_nearest_name(
    option: str | None, environ: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen(option, environ, file_with("acme", "other"))
    assert 'Did you mean "acme"?' in str(caught.value)
    assert ("--profile" if option else "WALKME_TUI_PROFILE") in str(caught.value)


def test_the_environment_profile_is_production_in_the_us_by_default() -> None:
    profile = environment_profile(CREDENTIALS)
    assert (profile.name, profile.environment, profile.origin) == ("env", Environment.PRODUCTION, "the environment")
    assert profile.rest == RestConnection("https://api.walkme.com", "id-1", VariableSource("WALKME_CLIENT_SECRET"))
    assert profile.surface() is Surface.REST
    assert "hunter2" not in repr(profile)


def test_the_environment_can_name_loopback_scim_and_basic() -> None:
    profile = environment_profile({**CREDENTIALS, **SCIM, "WALKME_BASE_URL": "http://127.0.0.1:8080/"})
    assert profile.connections[Surface.REST].base_url == "http://127.0.0.1:8080"
    assert profile.connections[Surface.SCIM].base_url == "https://x.example/scim/v2"
    assert profile.surface() is Surface.REST
    basic = {"WALKME_SCIM_BASE_URL": "https://x.example", "WALKME_SCIM_USERNAME": "me", "WALKME_SCIM_PASSWORD": "x"}
    only = environment_profile(basic)
    assert only.surface() is Surface.SCIM
    assert only.scim is not None
    assert (only.scim.auth, only.scim.username) == (ScimAuth.BASIC, "me")
    assert only.scim.secret == VariableSource("WALKME_SCIM_PASSWORD")


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"WALKME_CLIENT_ID": "x"}, "WALKME_CLIENT_SECRET is not"),
        ({"WALKME_CLIENT_SECRET": "hunter2"}, "WALKME_CLIENT_ID is not"),
        ({"WALKME_SCIM_TOKEN": "hunter2"}, "WALKME_SCIM_BASE_URL"),
        ({"WALKME_SCIM_USERNAME": "x", "WALKME_SCIM_BASE_URL": "https://x.example"}, "WALKME_SCIM_PASSWORD is not"),
        ({"WALKME_SCIM_PASSWORD": "hunter2"}, "WALKME_SCIM_USERNAME is not"),
        ({**SCIM, "WALKME_SCIM_USERNAME": "x"}, "Both WALKME_SCIM_TOKEN"),
        ({**CREDENTIALS, "WALKME_BASE_URL": "http://api.walkme.com"}, "WALKME_BASE_URL must begin with https"),
        ({**CREDENTIALS, "WALKME_BASE_URL": "https://u:hunter2@x.example"}, "WALKME_BASE_URL must not contain"),
    ],
)
def test_an_incomplete_environment_is_refused_with_the_missing_variable(environ: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        selected_profile(None, environ, lambda: file_with("a", default="a"))
    assert missing in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_base_url_alone_defines_no_profile() -> None:
    assert chosen(None, {"WALKME_BASE_URL": "https://x.example"}, file_with("a", default="a")) == "a"
    with pytest.raises(NoProfile):
        chosen("env", {"WALKME_BASE_URL": "https://x.example"}, file_with())
    with pytest.raises(NoProfile, match="WALKME_SCIM_TOKEN is not"):
        chosen(None, {"WALKME_SCIM_BASE_URL": "https://x.example"}, file_with())
