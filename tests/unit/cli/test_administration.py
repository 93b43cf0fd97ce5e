"""config, profiles, keys, themes, cache and completion."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.completion_scripts import SHELLS, script
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.cli.commands.config import TEMPLATE
from walkme_tui.cli.sub_commands import SUB_COMMANDS
from walkme_tui.config.settings import check_settings
from walkme_tui.domain.commands import COMMANDS
from walkme_tui.domain.groups import Group

PROFILE = '[profiles.acme.rest]\nclient_id = "id-1"\nsecret_env = "ACME"\n'


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    made = CommandLine(monkeypatch, capsys, tmp_path, FakeDirectory(people(3)))
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    return made


# ---------------------------------------------------------------- config


def test_config_init_writes_a_private_file_and_never_overwrites(cli: CommandLine) -> None:
    answer = cli("config", "init")
    assert answer.code == 0
    assert str(cli.paths.config_file) in answer.out
    assert stat.S_IMODE(cli.paths.config_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(cli.paths.config.stat().st_mode) == 0o700
    cli.paths.config_file.write_text("mine")
    assert cli("config", "init").code == 2
    assert cli.paths.config_file.read_text() == "mine"


def test_the_uncommented_template_is_a_valid_file(tmp_path: Path) -> None:
    (tmp_path / "company-ca.pem").write_text("")
    file = tmp_path / "config.toml"
    file.write_text(TEMPLATE.replace("\n# ", "\n").replace("… /", "").replace("Put no secret", "# Put no secret"))
    problems = [str(problem.error()) for problem in check_settings(file).problems]
    assert problems == []


def test_a_secret_command_of_a_file_writable_by_others_is_not_run(cli: CommandLine, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    file = cli.configure(f'[profiles.acme.rest]\nclient_id = "id-1"\nsecret_command = ["touch", "{ran}"]\n')
    file.chmod(0o666)
    for words in (("whois", "a@b.c", "--profile", "acme"), ("profiles",), ("config", "check")):
        answer = cli(*words)
        assert answer.code == 2
        assert f"chmod go-w {file}" in answer.err + answer.out
    assert cli.opened == []
    assert not ran.exists()


def test_config_path_prints_the_path_of_a_missing_file(cli: CommandLine) -> None:
    assert cli("config", "path").out == f"{cli.paths.config_file}\n"
    assert cli("config", "path", "--json").json == {"file": str(cli.paths.config_file), "exists": False}


def test_an_inaccessible_folder_is_reported_without_a_crash_report(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.configure(f'[profiles.acme]\nca_bundle = "{"x" * 300}"\n' + PROFILE)
    answer = cli("config", "check")
    assert answer.code == 2
    assert 'line 2: "ca_bundle" in [profiles.acme] is not a file' in answer.out
    monkeypatch.setenv("WALKME_TUI_CONFIG_DIR", f"/tmp/{'x' * 300}")
    monkeypatch.setenv("WALKME_TUI_CACHE_DIR", f"/tmp/{'x' * 300}")
    for words in (
        ("config", "path", "--json"),
        ("config", "init"),
        ("cache", "clear"),
        ("--profile=x", "cache", "clear"),
    ):
        answer = cli(*words)
        assert (answer.code, answer.out) == (2, "")
        assert "File name too long" in answer.err
    assert cli("config", "path").code == 0


def test_config_check_reports_nothing_for_a_valid_file(cli: CommandLine) -> None:
    missing = cli("config", "check")
    assert (missing.code, "config init" in missing.out) == (0, True)
    cli.configure(PROFILE)
    answer = cli("config", "check")
    assert answer.code == 0
    assert "1 profile: acme" in answer.out


def test_config_check_reports_a_file_without_a_profile(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("config", "init")
    answer = cli("config", "check")
    assert answer.code == 2
    assert "it contains no profile" in answer.out
    assert "[profiles.acme.rest]" in answer.out
    (problem,) = cli("config", "check", "--json").json["problems"]
    assert "no profile" in problem["message"]
    monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
    monkeypatch.setenv("WALKME_CLIENT_SECRET", "hunter2")
    assert cli("config", "check").code == 0


def test_a_missing_ca_bundle_affects_only_its_profile(cli: CommandLine) -> None:
    cli.configure(
        PROFILE
        + '[profiles.other.rest]\nclient_id = "i"\nsecret_env = "ACME"\n[profiles.other]\nca_bundle = "no.pem"\n'
    )
    answer = cli("config", "check")
    assert answer.code == 2
    assert '"ca_bundle" in [profiles.other] is not a file' in answer.out
    assert ", line 8:" in answer.out
    assert cli("profiles").code == 0
    assert cli("export", "--profile", "acme").code == 0


def test_config_check_reports_every_mistake(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = cli.configure("x = 1\n" + PROFILE + '[profiles.acme]\ntheme = "papr"\nread_only = 1\n')
    monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
    missing = "WALKME_CLIENT_ID is set, but WALKME_CLIENT_SECRET is not. Set and export WALKME_CLIENT_SECRET too."
    answer = cli("config", "check")
    assert answer.code == 2
    assert answer.out.splitlines() == [
        f'{file}, line 1: "x" is not a valid key at the top of the file. Possible: default_profile, profiles, keys.',
        f'{file}, line 7: "read_only" in [profiles.acme] must be true or false, not a number.',
        f'{file}, line 6: There is no theme "papr". Did you mean "paper"?',
        f"{file}: the profile env: {missing}",
    ]
    as_json = cli("config", "check", "--json")
    assert as_json.code == 2
    assert [problem["line"] for problem in as_json.json["problems"]] == [1, 7, 6, None]


def test_an_invalid_file_fails_only_commands_that_need_it(cli: CommandLine) -> None:
    cli.configure("x = 1")
    for words in ("profiles", "keys", "export"):
        assert cli(words).code == 2
    for words in ("keys --default", "themes", "config path", "cache clear", "completion bash"):
        assert cli(*words.split()).code == 0


# ---------------------------------------------------------------- profiles


def test_profiles_lists_addresses_and_sources_without_secrets(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--demo" in cli("profiles").out
    cli.configure('default_profile = "acme"\n' + PROFILE + '[profiles.acme]\nenvironment = "sandbox"\n')
    shown = cli("profiles").out
    assert "*  acme  sandbox      rest     https://api.walkme.com  the variable ACME" in shown
    monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
    monkeypatch.setenv("WALKME_CLIENT_SECRET", "hunter2")
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://x.example/scim/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    found = cli("profiles", "--json").json["profiles"]
    assert [(profile["name"], profile["chosen"]) for profile in found] == [("acme", False), ("env", True)]
    assert found[1]["surfaces"] == {
        "rest": {"base_url": "https://api.walkme.com", "secret_from": "the variable WALKME_CLIENT_SECRET"},
        "scim": {"base_url": "https://x.example/scim/v2", "secret_from": "the variable WALKME_SCIM_TOKEN"},
    }
    assert "hunter2" not in cli("profiles").out


# ---------------------------------------------------------------- keys and themes


def test_keys_lists_every_command_with_its_own_keys(cli: CommandLine) -> None:
    cli.configure('[keys]\n"user.raw" = ["F2", ","]\n')
    assert cli("keys", "--json").json["keys"]["user.raw"] == ["F2", ","]
    assert cli("keys", "--default", "--json").json["keys"] == {command.id: list(command.keys) for command in COMMANDS}
    shown = cli("keys").out
    assert "F2 ," in shown
    assert all(command.id in shown and command.title in shown for command in COMMANDS)
    assert all(section in shown.splitlines() for section in {command.section for command in COMMANDS})


def test_themes_lists_themes_and_reports_invalid_ones(cli: CommandLine) -> None:
    cli.paths.themes.mkdir(parents=True)
    (cli.paths.themes / "bad.toml").write_text("name = 1")
    answer = cli("themes")
    assert answer.code == 0
    assert [row.split()[0] for row in answer.out.splitlines()] == ["NAME", "dusk", "mono", "paper"]
    assert "bad.toml" in answer.err
    assert {theme["name"] for theme in cli("themes", "list", "--json").json["themes"]} == {"dusk", "mono", "paper"}


def test_themes_check_reports_mistakes_of_a_theme(cli: CommandLine, tmp_path: Path) -> None:
    good = Path(__file__).resolve().parents[3] / "themes" / "dusk.toml"
    assert cli("themes", "check", str(good)).code == 0
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "x"\ndark = true\ncolours = 1\n')
    answer = cli("themes", "check", str(bad))
    assert answer.code == 2
    assert 'Did you mean "colors"?' in answer.out
    assert cli("themes", "check", str(tmp_path / "none"), "--json").json["problems"]


# ---------------------------------------------------------------- cache


def test_cache_clear_deletes_only_local_copies(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no local copy" in cli("cache", "clear").out
    text = "".join(PROFILE.replace("acme", name) for name in ("a", "b"))
    cli.configure(text)
    for name in ("a", "b"):
        assert cli("export", "--profile", name).code == 0
    other = cli.paths.cache / "a" / "notes.txt"
    other.write_text("mine")
    left = cli.paths.cache / "a" / "mirror.sqlite3.corrupt-20260101T000000Z"
    left.write_text("people")
    assert cli("cache", "clear", "--profile", "a").code == 0
    assert [file.name for file in (cli.paths.cache / "a").iterdir()] == ["notes.txt"]
    assert cli("export", "--profile", "b", "--cached").code == 0
    deleted = cli("cache", "clear", "--json").json["deleted"]
    assert str(cli.paths.cache / "b" / "mirror.sqlite3") in deleted
    assert other.exists()
    assert cli("export", "--profile", "b", "--cached").code == 1


def test_cache_clear_deletes_copies_in_the_runtime_folder(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "run" / "walkme-tui"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    for name in ("mirror-0a1b2c3d.sqlite3", "mirror-0a1b2c3d.sqlite3-wal", "other.sqlite3"):
        (folder / name).write_text("")
    assert cli("cache", "clear").code == 0
    assert [file.name for file in folder.iterdir()] == ["other.sqlite3"]


# ---------------------------------------------------------------- completion


STUB = """\
case "$*" in
"completion profiles") printf '%s\\n' acme beta ;;
"completion groups") printf '%s\\n' Sales 'People & Culture' 'x$(touch pwned)' ;;
"completion groups --profile beta") printf '%s\\n' Salesforce ;;
"completion views") printf '%s\\n' @admins @pending ;;
esac
"""


def completed(script: str, *words: str) -> set[str]:
    """The completions of bash for the last word; bash itself splits words at ``@``."""
    ask = f"""walkme-tui() {{ {STUB} }}
{script}
COMP_WORDS=(walkme-tui "$@"); COMP_CWORD=$#; _walkme_tui; printf '%s\\n' "${{COMPREPLY[@]}}" """
    found = subprocess.run(
        ["bash", "--norc", "-c", ask, "bash", *words],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
        timeout=30,
    )
    assert found.stderr == ""
    return set(found.stdout.splitlines()) - {""}


def test_bash_completes_what_the_parser_accepts(cli: CommandLine) -> None:
    script = cli("completion", "bash").out
    assert completed(script, "") >= set(SUB_COMMANDS)
    assert completed(script, "wh") == {"whois"}
    assert completed(script, "--profile", "acme", "config", "") >= {"init", "path", "check"}
    assert completed(script, "config", "check", "--j") == {"--json"}
    assert completed(script, "--surface", "") == completed(script, "whois", "--surface", "") == {"rest", "scim"}
    assert completed(script, "completion", "") >= {"bash", "zsh", "fish"}
    assert completed(script, "export", "--ca") == {"--cached"}
    assert completed(script, "whois", "--safe") == set()
    assert completed(script, "simulator", "--patch", "4") == {"405"}


def test_bash_completes_profiles_groups_and_views(cli: CommandLine) -> None:
    script = cli("completion", "bash").out
    assert completed(script, "--profile", "") == {"acme", "beta"}
    assert completed(script, "whois", "--profile", "b") == {"beta"}
    assert completed(script, "members", "Sa") == {"Sales"}
    assert completed(script, "members", "--profile", "beta", "Sa") == {"Salesforce"}
    assert completed(script, "--profile", "beta", "members", "Sa") == {"Salesforce"}
    assert completed(script, "export", "--filter", "@", "ad") == {"@admins"}
    assert completed(script, "browse", "@") == {"@admins", "@pending"}
    assert completed(script, "@", "pe") == {"@pending"}


def test_bash_quotes_the_names_of_groups(cli: CommandLine) -> None:
    script = cli("completion", "bash").out
    assert completed(script, "members", "Peo") == {r"People\ \&\ Culture"}
    assert completed(script, "members", r"People\ ") == {r"People\ \&\ Culture"}
    assert completed(script, "members", '"Peo') == {"People & Culture"}
    assert completed(script, "members", "x") == {r"x\$\(touch\ pwned\)"}


def test_completion_names_are_read_without_the_server(cli: CommandLine) -> None:
    cli.configure(PROFILE)
    assert cli("completion", "profiles").out == "acme\n"
    assert set(cli("completion", "views").out.split()) >= {"@admins", "@in-no-group"}
    assert cli("completion", "groups").code == 2
    api = cli.api
    assert isinstance(api, FakeDirectory)
    api.groups = [Group("1", "Sales"), Group("2", "Evil \x1b]52;c;x\a"), Group("3", None)]
    cli("members", "Sales", "--profile", "acme")
    requests = len(api.calls)
    assert cli("completion", "groups", "--profile", "acme").out == "Sales\n"
    assert len(api.calls) == requests


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shipped_completion_scripts_match_the_parser(cli: CommandLine, shell: str) -> None:
    assert cli("completion", shell).out == script(shell), "run: python -m tests.support.completion_scripts"


def test_json_answers_are_one_object(cli: CommandLine) -> None:
    for words in (("config", "path"), ("config", "check"), ("profiles",), ("keys",), ("themes",), ("cache", "clear")):
        assert isinstance(json.loads(cli(*words, "--json").out), dict)
