"""browse: the arguments of the browser, and when it does not start."""

import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from walkme_tui.cli.browser_launch import browser_start
from walkme_tui.cli.context import Context, GlobalOptions
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.ui.browser_start import BrowserStart

FILE = """\
default_profile = "acme"
[profiles.acme]
environment = "sandbox"
theme = "paper"
[profiles.acme.rest]
client_id = "id-1"
secret_env = "ACME"
[profiles.acme.scim]
base_url = "https://acme.example/scim/v2"
token_command = ["pass", "show", "acme"]
[profiles.people.scim]
base_url = "https://x.example/scim/v2"
token_env = "PEOPLE"
[keys]
"user.raw" = "F2"
"""


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    made = CommandLine(monkeypatch, capsys, tmp_path)
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    return made


NOTHING = GlobalOptions()


def start(query: str = "", options: GlobalOptions = NOTHING) -> BrowserStart:
    return browser_start(Context(options), query)


def test_the_browser_receives_profile_keys_theme_and_query(cli: CommandLine) -> None:
    cli.configure(FILE)
    found = start("zoe")
    assert (found.profile, found.query, found.theme, found.problem) == ("acme", "zoe", "paper", "")
    assert (found.demo, found.no_color) == (False, False)
    assert found.keymap == {"user.raw": ("F2",)}
    assert found.state_folder == cli.paths.state
    assert found.themes_folder == cli.paths.themes
    assert [(choice.name, choice.environment, choice.surface, choice.target) for choice in found.profiles] == [
        ("acme", Environment.SANDBOX, Surface.REST, "https://api.walkme.com"),
        ("acme", Environment.SANDBOX, Surface.SCIM, "https://acme.example/scim/v2"),
        ("people", Environment.PRODUCTION, Surface.SCIM, "https://x.example/scim/v2"),
    ]


def test_an_invalid_proxy_is_reported_before_the_screen_starts(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.configure(FILE)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "::1/128")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "socks4://me:hunter2@proxy")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY names a proxy") as caught:
        start()
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("NO_PROXY", "walkme.com")
    assert start().profile == "acme"


def test_sessions_are_opened_by_name_and_surface(cli: CommandLine) -> None:
    cli.configure(FILE)
    found = start(options=GlobalOptions(read_only=True))
    opened = [
        found.open_session(name, surface).account
        for name, surface in (("acme", Surface.REST), ("acme", Surface.SCIM), ("people", Surface.SCIM))
    ]
    assert [(account.base_url, account.read_only) for account in opened] == [
        ("https://api.walkme.com", True),
        ("https://acme.example/scim/v2", True),
        ("https://x.example/scim/v2", True),
    ]
    with pytest.raises(ConfigurationError, match="The profile people has no REST connection"):
        found.open_session("people", Surface.REST)


def test_without_a_profile_the_browser_starts_with_an_explanation(cli: CommandLine) -> None:
    found = start()
    assert found.profile is None
    assert "no profile yet" in found.problem
    cli.configure(FILE.replace('default_profile = "acme"\n', ""))
    assert "no default_profile" in start().problem


def test_the_profile_of_the_environment_can_be_switched_to(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.configure(FILE)
    monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
    monkeypatch.setenv("WALKME_CLIENT_SECRET", "hunter2")
    found = start(options=GlobalOptions(profile="acme"))
    assert found.profile == "acme"
    assert {choice.name for choice in found.profiles} == {"acme", "people", "env"}
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("options", "surface", "command"),
    [
        (NOTHING, Surface.REST, ""),
        (GlobalOptions(surface=Surface.SCIM), Surface.SCIM, "the command `pass show acme`"),
        (GlobalOptions(profile="people"), Surface.SCIM, ""),
        (GlobalOptions(demo=True), Surface.REST, ""),
        (GlobalOptions(demo=True, surface=Surface.SCIM), Surface.SCIM, ""),
    ],
)
def test_the_surface_is_that_of_the_option_or_the_only_one(
    cli: CommandLine, options: GlobalOptions, surface: Surface, command: str
) -> None:
    cli.configure(FILE)
    found = start(options=options)
    assert (found.surface, found.secret_command) == (surface, command)


def test_a_surface_that_the_profile_lacks_is_refused(cli: CommandLine) -> None:
    cli.configure(FILE)
    with pytest.raises(ConfigurationError, match="The profile people has no REST connection"):
        start(options=GlobalOptions(profile="people", surface=Surface.REST))


def test_an_invalid_file_stops_everything_except_the_demo(cli: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    cli.configure("x = 1")
    with pytest.raises(ConfigurationError, match='"x" is not a valid key'):
        start()
    found = start(options=GlobalOptions(demo=True))
    assert (found.demo, found.keymap, list(found.profiles)) == (True, {}, [])
    assert '"x" is not a valid key' in capsys.readouterr().err


def test_no_color_is_set_by_option_or_variable(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start(options=GlobalOptions(no_color=True)).no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert start().no_color
    monkeypatch.setenv("NO_COLOR", "")
    assert not start().no_color


def test_without_a_terminal_it_does_not_start(cli: CommandLine) -> None:
    cli.configure(FILE)
    for words in ((), ("browse", "zoe"), ("--demo",)):
        answer = cli(*words)
        assert answer.code == 2
        assert "needs a terminal" in answer.err
        assert "whois" in answer.err


def test_on_a_terminal_the_browser_runs_and_returns_the_exit_code(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.configure(FILE)
    started: list[BrowserStart] = []

    def run_browser(given: BrowserStart) -> int:
        started.append(given)
        return 7

    monkeypatch.setattr("walkme_tui.ui.start.run_browser", run_browser)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert cli("zoe", "celik").code == 7
    assert started[0].query == "zoe celik"
