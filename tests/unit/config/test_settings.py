"""config.toml: its settings, and the message for every kind of mistake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.config.addresses import REGIONS, SCIM_REGIONS
from walkme_tui.config.profiles import MirrorStorage, Offboarding, RestAuth, ScimAuth, Sync
from walkme_tui.config.secrets import CommandSource, FileSource, KeyringSource, VariableSource
from walkme_tui.config.settings import check_settings, load_settings
from walkme_tui.config.toml_files import parse_toml
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError

WHOLE = """\
default_profile = "acme"

[profiles.acme]
environment = "sandbox"
read_only = true
theme = "paper"
sync = "lazy"
resync_hours = 1.5
refresh_minutes = 5
mirror = "memory"
mirror_max_age_days = 7
max_requests_per_second = 2
max_in_flight = 3
ca_bundle = "ca.pem"
[profiles.acme.rest]
region = "eu"
client_id = "id-1"
secret_command = ["pass", "show", "walkme/acme"]
auth = "basic"
[profiles.acme.scim]
base_url = "https://papi.walkme.com/deepui/api/scim/v2/"
auth = "basic"
username = "me"
password_env = "ACME_PASSWORD"
[profiles.acme.offboarding]
keep_groups = ["Alumni"]
require_ticket = true

[keys]
"user.raw" = "F2"
"view.filter" = [",", "/"]
"""
MINIMAL = """\
[profiles.acme.rest]
client_id = "id-1"
secret_env = "ACME_SECRET"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def messages(folder: Path, text: str) -> list[str]:
    return [str(problem.error()) for problem in check_settings(write(folder, text)).problems]


def test_a_file_with_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    file = write(tmp_path, WHOLE)
    settings = load_settings(file)
    profile = settings.profiles["acme"]
    assert settings.default_profile == "acme"
    assert settings.keymap == {"user.raw": ("F2",), "view.filter": (",", "/")}
    assert (profile.environment, profile.read_only, profile.theme) == (Environment.SANDBOX, True, "paper")
    assert (profile.sync, profile.resync_hours, profile.refresh_minutes) == (Sync.LAZY, 1.5, 5)
    assert (profile.mirror, profile.mirror_max_age_days) == (MirrorStorage.MEMORY, 7)
    assert (profile.max_requests_per_second, profile.max_in_flight) == (2, 3)
    assert profile.ca_bundle == tmp_path / "ca.pem"
    assert profile.offboarding == Offboarding(("Alumni",), require_ticket=True)
    assert profile.origin == f"profile acme in {file}"
    assert profile.rest is not None
    assert profile.rest.base_url == "https://eu-api.walkme.com"
    assert (profile.rest.client_id, profile.rest.auth) == ("id-1", RestAuth.BASIC)
    assert profile.rest.secret == CommandSource(("pass", "show", "walkme/acme"))
    assert profile.scim is not None
    assert profile.scim.base_url == "https://papi.walkme.com/deepui/api/scim/v2"
    assert (profile.scim.auth, profile.scim.username) == (ScimAuth.BASIC, "me")
    assert profile.scim.secret == VariableSource("ACME_PASSWORD")


def test_a_minimal_file_takes_the_documented_defaults(tmp_path: Path) -> None:
    profile = load_settings(write(tmp_path, MINIMAL)).profiles["acme"]
    assert profile.environment is Environment.PRODUCTION
    assert (profile.read_only, profile.theme, profile.ca_bundle) == (False, None, None)
    assert (profile.sync, profile.resync_hours, profile.refresh_minutes) == (Sync.FULL, 24, 0)
    assert (profile.mirror, profile.mirror_max_age_days) == (MirrorStorage.DISK, 30)
    assert (profile.max_requests_per_second, profile.max_in_flight) == (10, 8)
    assert profile.offboarding == Offboarding()
    assert profile.scim is None
    assert profile.rest is not None
    assert (profile.rest.base_url, profile.rest.auth) == ("https://api.walkme.com", RestAuth.POST)


def test_a_key_may_be_bound_to_a_command(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, MINIMAL + '[keys]\n"user.edit" = "F4"'))
    assert settings.keymap == {"user.edit": ("F4",)}
    assert "cannot be the key of user.edit" in messages(tmp_path, MINIMAL + '[keys]\n"user.edit" = "ctrl+s"')[0]


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml").profiles == {}
    assert not check_settings(tmp_path / "config.toml").exists


def test_a_scim_only_profile_is_valid_and_implies_its_surface(tmp_path: Path) -> None:
    text = '[profiles.s.scim]\nbase_url = "https://x.example/scim/v2"\ntoken_keyring = "walkme"\n'
    profile = load_settings(write(tmp_path, text)).profiles["s"]
    assert profile.scim is not None
    assert profile.scim.secret == KeyringSource("walkme", "token")
    assert profile.surface() is Surface.SCIM
    with pytest.raises(ConfigurationError, match="no REST connection"):
        profile.surface(Surface.REST)


@pytest.mark.parametrize("region", SCIM_REGIONS)
def test_a_region_is_an_address_of_its_own_on_each_surface(tmp_path: Path, region: str) -> None:
    text = f'{MINIMAL}region = "{region}"\n[profiles.acme.scim]\nregion = "{region}"\ntoken_env = "X"\n'
    connections = load_settings(write(tmp_path, text)).profiles["acme"].connections
    assert connections[Surface.REST].base_url == REGIONS[region]
    assert connections[Surface.SCIM].base_url == SCIM_REGIONS[region]


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ('secret_env = "ACME"', VariableSource("ACME")),
        ('secret_keyring = "walkme"', KeyringSource("walkme", "id-1")),
        ('secret_keyring = ["walkme", "acme"]', KeyringSource("walkme", "acme")),
        ('secret_file = "/run/secret"', FileSource(Path("/run/secret"))),
    ],
)
def test_every_kind_of_source_is_read(tmp_path: Path, line: str, source: object) -> None:
    text = f'[profiles.a.rest]\nclient_id = "id-1"\n{line}\n'
    rest = load_settings(write(tmp_path, text)).profiles["a"].rest
    assert rest is not None
    assert rest.secret == source


def test_relative_paths_start_at_the_folder_of_the_file_or_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for written, meant in (("s/x", tmp_path / "s/x"), ("~/x", Path("/home/me/x"))):
        text = f'[profiles.a.rest]\nclient_id = "id-1"\nsecret_file = "{written}"\n'
        rest = load_settings(write(tmp_path, text)).profiles["a"].rest
        assert rest is not None
        assert rest.secret == FileSource(meant)


REST = '[profiles.a.rest]\nclient_id = "i"\n'
SCIM = '[profiles.a.scim]\nbase_url = "https://x.example"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        # unknown keys, with the nearest valid one
        ('default_profil = "x"', 1, ['"default_profil" is not a valid key', 'Did you mean "default_profile"?']),
        (MINIMAL + "[profiles.acme]\nenvironmnt = 'x'", 5, ["environmnt", 'Did you mean "environment"?']),
        (MINIMAL + 'regoin = "us"', 4, ["[profiles.acme.rest]", 'Did you mean "region"?']),
        (MINIMAL + "[profiles.acme.offboarding]\nkeep_group = []", 5, ['Did you mean "keep_groups"?']),
        (MINIMAL + '[keys]\n"user.rw" = "x"', 5, ["user.rw", 'Did you mean "user.raw"?']),
        (MINIMAL + '[keys]\n"user.edti" = "x"', 5, ["user.edti", 'Did you mean "user.edit"?']),
        (MINIMAL + "[profiles.acme]\nenvironment = 'prod'", 5, ['Did you mean "production"?']),
        # wrong types and values
        (MINIMAL + '[profiles.acme]\nread_only = "yes"', 5, ["must be true or false, not text"]),
        (MINIMAL + "[profiles.acme]\nenvironment = 'prod'", 5, ['"prod"', '"production", "sandbox"']),
        (MINIMAL + "[profiles.acme]\nmax_in_flight = 0", 5, ["from 1 to 100"]),
        (MINIMAL + "[profiles.acme]\nmax_in_flight = true", 5, ["whole number, not true or false"]),
        (MINIMAL + "[profiles.acme]\nmax_in_flight = 2.5", 5, ["whole number"]),
        (MINIMAL + "[profiles.acme]\nmax_requests_per_second = nan", 5, ["from 0.2 to 1000"]),
        (MINIMAL + "[profiles.acme]\nresync_hours = -1", 5, ["from 0 to"]),
        (MINIMAL + "[profiles.acme]\nresync_hours = 2024-01-01", 5, ["not a date or time"]),
        (MINIMAL + "[profiles.acme]\ntheme = ' '", 5, ["is empty"]),
        (MINIMAL + 'region = "uss"', 4, ['"us", "eu", "canada", "fedramp"', 'Did you mean "us"?']),
        (MINIMAL + 'auth = "bearer"', 4, ['"post", "basic"']),
        (MINIMAL + 'base_url = "http://api.walkme.com"', 4, ["must begin with https://"]),
        (MINIMAL + 'region = "us"\nbase_url = "https://x.example"', 4, ["both", "exactly one"]),
        ("profiles = 3", 1, ["must be a table, not a number"]),
        ("[profiles]\nacme = 3", 2, ["must be a table"]),
        (MINIMAL + 'default_profile = "x"', 4, ["default_profile"]),
        ('default_profile = "acm"\n' + MINIMAL, 1, ["there is no [profiles.acm]", 'Did you mean "acme"?']),
        # names
        ("[profiles.env.rest]\nclient_id = 'i'\nsecret_env = 'X'", 1, ["is reserved for"]),
        ("[profiles.'a/b'.rest]\nclient_id = 'i'\nsecret_env = 'X'", 1, ["is not a valid name"]),
        ("[profiles.a]\nread_only = true", 1, ["has no connection"]),
        ('[profiles.a.rest]\nsecret_env = "X"', 1, ['no "client_id"']),
        # sources
        (REST, 1, ["does not say where its secret comes from", "secret_command"]),
        (REST + 'secret_env = "X"\nsecret_file = "y"', 4, ["2 sources", "exactly one"]),
        (REST + 'secret_command = "pass show x"', 3, ["list of words"]),
        (REST + "secret_command = []", 3, ["names no program"]),
        (REST + "secret_command = [1]", 3, ["list of texts"]),
        (REST + 'secret_keyring = ["a"]', 3, ["service"]),
        (SCIM + 'password_env = "X"\ntoken_env = "Y"', 3, ["cannot be used with", "token_env"]),
        (SCIM + 'token_env = "Y"\nusername = "me"', 4, ['auth = "basic" only']),
        (SCIM + 'auth = "basic"\npassword_env = "Y"', 1, ['no "username"']),
        ('[profiles.a.scim]\ntoken_env = "Y"', 1, ['no "region" and no "base_url"', "Console"]),
        ('[profiles.a.scim]\nregion = "fedramp"\ntoken_env = "Y"', 2, ['"us", "eu", "canada".']),
        (SCIM + 'region = "us"\ntoken_env = "Y"', 3, ["both", "exactly one"]),
        # keys
        (MINIMAL + '[keys]\n"app.help" = "ctrl+h"', 5, ["ctrl+h", "app.help"]),
        (MINIMAL + '[keys]\n"app.help" = "f11"', 5, ["no such key"]),
        (MINIMAL + '[keys]\n"app.help" = 3', 5, ["must be a key in quotes"]),
        (MINIMAL + '[keys]\n"app.help" = []', 5, ["must be a key in quotes"]),
        (MINIMAL + '[keys]\n"app.help" = "/"', 5, ["the key /", '"view.filter"']),
        (MINIMAL + "[keys]\napp.help = 'ctrl+s'", 5, ["ctrl+s"]),
        # syntax
        ("a = [\n", 1, ["invalid TOML"]),
        ("a = 1\nb = = 2", 2, ["column 5", "invalid TOML"]),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_fix(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    found = messages(tmp_path, text)
    named = [complaint for complaint in found if complaint.startswith(f"{tmp_path / 'config.toml'}, line {line}: ")]
    assert any(all(word in complaint for word in words) for complaint in named), found
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path / "config.toml")
    assert str(caught.value) == found[0]


@pytest.mark.parametrize(
    "line",
    [
        'secret = "hunter2"',
        'client_secret = "hunter2"',
        'Client-Secret = "hunter2"',
        'password = "hunter2"',
        'token = "hunter2"',
        'api_key = "hunter2"',
        'base_url = "https://me:hunter2@x.example"',
    ],
)
def test_a_secret_in_the_file_is_reported_by_its_place_without_its_value(tmp_path: Path, line: str) -> None:
    found = messages(tmp_path, REST + 'secret_file = "x"\n' + line)
    assert any(", line 4: " in complaint for complaint in found)
    assert "hunter2" not in "".join(found)
    assert "hunter2" not in repr(check_settings(tmp_path / "config.toml").settings)


@pytest.mark.parametrize("line", ['secret_env = "hunter2!"', 'secret_env = ["hunter2"]', 'secret_file = ["hunter2"]'])
def test_a_secret_in_place_of_its_source_is_not_shown(tmp_path: Path, line: str) -> None:
    (found,) = messages(tmp_path, REST + line)
    assert ", line 3: " in found
    assert "hunter2" not in found


@pytest.mark.parametrize("place", ["", "[profiles.a]\n", "[profiles.a.rest]\n", "[profiles.a.scim]\n"])
def test_a_secret_is_found_at_every_level(tmp_path: Path, place: str) -> None:
    found = messages(tmp_path, place + 'token = "hunter2"')
    assert any("contains a secret, which is not allowed" in complaint for complaint in found)


def test_all_mistakes_of_a_file_are_reported_by_line(tmp_path: Path) -> None:
    text = "x = 1\n[profiles.a]\ny = 1\n[profiles.a.rest]\nz = 1\n"
    lines = [problem.line for problem in check_settings(write(tmp_path, text)).problems]
    assert lines == sorted(line for line in lines if line is not None)
    assert {1, 3, 5} <= set(lines)


def test_files_that_are_no_text_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"a = 1\nb = '\xff'\n")
    assert [problem.line for problem in check_settings(file).problems] == [2]
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert check_settings(file).problems == ()
    file.unlink()
    file.mkdir()
    assert "cannot be read" in str(check_settings(file).problems[0].error())


def test_hostile_keys_are_cleaned(tmp_path: Path) -> None:
    (found,) = messages(tmp_path, '"a\\u001b[2J" = 1\n')
    assert "\x1b" not in found
    assert "␛[2J" in found


def test_line_numbers_are_right_after_comments_strings_and_quoted_keys() -> None:
    text = '# [a]\nx = """\n[a]\nb = 1\n"""\n[a]\n"b" = 1\nc . d = 2\n[ a . "e.f" ]\n\'g\' = 1\n[[h]]\ni = 1\n'
    document = parse_toml(Path("x"), text)
    assert document.line_of(("a",)) == 6
    assert document.line_of(("a", "b")) == 7
    assert document.line_of(("a", "c", "d")) == 8
    assert document.line_of(("a", "e.f", "g")) == 10
    assert document.line_of(("h", "i")) == 12
    assert document.line_of(("a", "missing")) == 6
    assert document.line_of(("missing",)) is None


TOML_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 5), st.floats(allow_nan=True), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    (
        *("environment", "read_only", "theme", "sync", "mirror", "max_in_flight", "ca_bundle", "rest", "scim", "auth"),
        *("offboarding", "region", "base_url", "client_id", "secret_command", "secret_env", "secret_file", "token"),
        *("secret_keyring", "username", "keep_groups", "default_profile", "keys"),
    )
)
TABLES = st.dictionaries(KEYS, TOML_VALUES, max_size=6)


@given(profile=TABLES, rest=TABLES, scim=TABLES, top=TABLES)
def test_any_toml_gives_settings_or_messages(
    tmp_path_factory: pytest.TempPathFactory,
    profile: dict[str, object],
    rest: dict[str, object],
    scim: dict[str, object],
    top: dict[str, object],
) -> None:
    import tomli_w

    values = {**top, "profiles": {"a": {**profile, "rest": rest, "scim": scim}}}
    report = check_settings(write(tmp_path_factory.mktemp("c"), tomli_w.dumps(values)))
    assert report.problems or "a" in report.settings.profiles


def test_an_unknown_word_without_a_near_one_lists_the_valid_ones_once(tmp_path: Path) -> None:
    report = check_settings(write(tmp_path, MINIMAL + "[profiles.acme]\nenvironment = 'x'"))
    assert [problem.hint for problem in report.problems] == [""]
    assert '"production", "sandbox"' in report.problems[0].message
