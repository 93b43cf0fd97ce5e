"""Parsing the command line: positions of global options, and recognition of a query."""

import argparse
import re
import shlex
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.cli.context import GlobalOptions
from walkme_tui.cli.main import MODULES
from walkme_tui.cli.parser import UsageError, build_parser, first_word, with_sub_command
from walkme_tui.cli.sub_commands import SUB_COMMANDS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError

# Complete command lines with every position of a global option.
COMMANDS = (
    ("browse",),
    ("browse", "zoe"),
    ("zoe",),
    (),
    ("whois", "a@example.com"),
    ("members", "Sales"),
    ("groups",),
    ("groups", "list"),
    ("groups", "add", "Sales", "a@example.com", "b@example.com", "--yes"),
    ("groups", "remove", "Sales", "a@example.com", "--plan=x.json"),
    ("create", "a@example.com", "--first=A", "--group=Sales", "--group=Beta"),
    ("set", "a@example.com", "role=Editor", "externalId="),
    ("delete", "a@example.com", "--confirm=a@example.com", "--ticket=T"),
    ("export",),
    ("offboard", "a@example.com"),
    ("offboard", "a@example.com", "b@example.com", "--ticket=T", "--keep-groups", "--plan=x.json"),
    ("undo", "20261123-bcdf", "--yes"),
    ("plan", "show", "x.json"),
    ("plan", "apply", "x.json", "--yes"),
    ("jobs",),
    ("jobs", "list"),
    ("jobs", "show", "bcdf"),
    ("jobs", "resume", "bcdf", "--yes"),
    ("jobs", "discard", "bcdf"),
    ("jobs", "failed", "bcdf", "--csv"),
    ("jobs", "purge", "--before=2026-01-31"),
    ("config", "init"),
    ("config", "path"),
    ("config", "check"),
    ("profiles",),
    ("keys",),
    ("themes",),
    ("themes", "list"),
    ("themes", "check", "x.toml"),
    ("cache", "clear"),
    ("simulator",),
    ("completion", "bash"),
)
GLOBALS = (
    (("--profile", "acme"), GlobalOptions(profile="acme")),
    (("--profile=acme",), GlobalOptions(profile="acme")),
    (("--profile", "whois"), GlobalOptions(profile="whois")),
    (("--surface", "scim"), GlobalOptions(surface=Surface.SCIM)),
    (("--surface=rest",), GlobalOptions(surface=Surface.REST)),
    (("--read-only",), GlobalOptions(read_only=True)),
    (("--demo",), GlobalOptions(demo=True)),
    (("--json",), GlobalOptions(json=True)),
    (("--no-color",), GlobalOptions(no_color=True)),
)


def words_of(line: str) -> list[str]:
    """The arguments of ``walkme-tui`` in a shell command, without redirections and the like."""
    command = re.sub(r".*\bwalkme-tui\b(?!-)", "", re.sub(r"\s[<>]\s.*|\)$", "", line.partition("  #")[0]), count=1)
    return shlex.split(command, comments=True)


def parsed(*words: str) -> argparse.Namespace:
    """Parse as ``main`` does."""
    whole = with_sub_command(words)
    return build_parser(first_word(whole)).parse_args(whole)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("option", "meant"), GLOBALS, ids=[" ".join(option) for option, _ in GLOBALS])
def test_a_global_option_means_the_same_in_every_place(
    command: tuple[str, ...], option: tuple[str, ...], meant: GlobalOptions
) -> None:
    found = [parsed(*command[:place], *option, *command[place:]) for place in range(len(command) + 1)]
    assert {GlobalOptions.of(options) for options in found} == {meant}
    assert len({options.command for options in found}) == 1


def test_without_global_options_all_have_their_defaults() -> None:
    assert GlobalOptions.of(parsed("whois", "x")) == GlobalOptions()


def test_emails_may_be_before_and_after_an_option() -> None:
    options = parsed("offboard", "a@example.com", "--ticket", "T-1", "b@example.com", "--yes", "c@example.com")
    assert options.emails == ["a@example.com", "b@example.com", "c@example.com"]
    assert (options.ticket, options.yes) == ("T-1", True)
    options = parsed("groups", "add", "Sales", "--yes", "a@example.com", "--ticket", "T-1", "b@example.com")
    assert (options.group, options.emails, options.ticket) == ("Sales", ["a@example.com", "b@example.com"], "T-1")
    options = parsed("set", "a@example.com", "role=Editor", "--ticket", "T-1", "firstName=")
    assert (options.key, options.assignments) == ("a@example.com", ["role=Editor", "firstName="])
    with pytest.raises(UsageError, match="--tikcet"):
        parsed("offboard", "a@example.com", "--tikcet", "T-1")


def test_the_last_value_of_a_repeated_option_is_used() -> None:
    assert GlobalOptions.of(parsed("--profile", "a", "whois", "x", "--profile", "b")).profile == "b"
    assert GlobalOptions.of(parsed("--demo", "whois", "x", "--json")) == GlobalOptions(demo=True, json=True)


def test_demo_and_profile_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match="--demo"):
        GlobalOptions.of(parsed("--demo", "--profile", "a"))


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ((), ""),
        (("zoe",), "zoe"),
        (("zoe", "çelik"), "zoe çelik"),
        (("zoe çelik",), "zoe çelik"),
        (("expression",), "expression"),
        (("browse", "exprot"), "exprot"),
        (("exprot of sales",), "exprot of sales"),
        (("--profile", "acme", "zoe"), "zoe"),
        (("--profile=acme", "--read-only", "zoe"), "zoe"),
        (("--profile", "export", "zoe"), "zoe"),
        (("browse", "export"), "export"),
        (("--", "export"), "export"),
        (("--demo", "--", "-x"), "-x"),
        (("zoe", "whois"), "zoe whois"),
        (("",), ""),
        (("@leavers",), "@leavers"),
        (("@leavers", "--demo", "zoe", "--json", "çelik"), "@leavers zoe çelik"),
    ],
)
def test_a_first_word_that_is_no_sub_command_is_a_query(words: tuple[str, ...], query: str) -> None:
    options = parsed(*words)
    assert options.command == "browse"
    assert " ".join(options.query) == query


@given(st.text(min_size=1).filter(lambda word: not word.startswith("-") and not _is_near(word)))
def test_any_other_first_word_is_a_query(word: str) -> None:
    assert parsed(word).query == [word]


def _is_near(word: str) -> bool:
    return bool(get_close_matches(word.casefold(), SUB_COMMANDS, cutoff=0.8))


@pytest.mark.parametrize(
    ("words", "meant", "searched"),
    [
        (("offbord", "a@b.c", "--yes"), "offboard a@b.c --yes", "browse offbord a@b.c"),
        (("Export",), "export", "browse Export"),
        (("--demo", "exprot", "--json"), "--demo export --json", "--demo browse exprot"),
        (("--profile", "a b", "job"), "--profile 'a b' jobs", "--profile 'a b' browse job"),
    ],
)
def test_a_first_word_that_is_nearly_a_sub_command_is_refused(
    words: tuple[str, ...], meant: str, searched: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert f"walkme-tui {meant}\n" in caught.value.usage
    assert caught.value.usage.endswith(f"walkme-tui {searched}")
    assert parsed(*shlex.split(searched)).command == "browse"


@pytest.mark.parametrize(
    "term",
    [
        *("-group:beta", "-has:groups", "-HAS:groups", "-status:", '-group:"Field EMEA"', "-xx:y", "-x:y"),
        *("-test", "-zoe@example.com", '-"zoe celik"', "-2024", "-hello"),
    ],
)
def test_a_negated_term_is_not_taken_for_an_option(term: str) -> None:
    for words in (
        (term,),
        ("browse", term),
        (term, "--demo"),
        ("--demo", term),
        ("--", term),
        ("--profile", "a", term),
    ):
        options = parsed(*words)
        assert (options.command, " ".join(options.query).strip()) == ("browse", term)
    assert parsed("zoe", term, "--demo", "celik").query == ["zoe", f" {term}", "celik"]
    assert parsed("--demo", "export", "--filter", term).filter == term
    exports = [["--filter", term], [f"--filter={term}"], ["--cached", "--filter", term, "--json"]]
    assert [parsed("export", *words).filter.strip() for words in exports] == [term] * 3


@pytest.mark.parametrize(
    "words",
    [
        ("-h",),
        ("zoe", "-x"),
        ("-json",),
        ("zoe", "-profile=x"),
        ("whois", "-group:beta"),
        ("export", "--filter", "--json"),
    ],
)
def test_other_words_with_a_hyphen_stay_options(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((UsageError, SystemExit)):
        parsed(*words)


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_every_sub_command_has_a_module_and_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert find_spec(f"walkme_tui.cli.commands.{MODULES.get(name, name)}")
    with pytest.raises(SystemExit) as ended:
        parsed(name, "--help")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: walkme-tui {name}")
    assert "see walkme-tui --help" in shown
    assert "--read-only" not in shown
    assert "--no-color" not in shown


def test_the_main_help_lists_sub_commands_exit_codes_and_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = capsys.readouterr().out
    for word in (*SUB_COMMANDS, "exit codes", "130", "WALKME_CLIENT_SECRET", "WALKME_TUI_CONFIG_DIR", "NO_COLOR"):
        assert word in shown


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_the_help_of_a_sub_command_has_two_valid_examples(name: str) -> None:
    (choices,) = (each.choices for each in build_parser()._actions if each.dest == "command")
    assert isinstance(choices, dict)
    examples = choices[name].format_help().rpartition("examples:\n")[2].splitlines()
    assert len(examples) >= 2
    for example in examples:
        assert parsed(*words_of(example)).command == name


def test_every_command_of_the_readme_can_be_parsed() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    found = [line for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) for line in block.splitlines()]
    commands = [line for line in found if "walkme-tui" in line]
    assert len(commands) > 10
    for command in commands:
        parsed(*words_of(command))


def test_the_parser_of_one_sub_command_accepts_the_same_as_the_full_parser() -> None:
    for command in COMMANDS:
        whole = with_sub_command(command)
        assert vars(build_parser().parse_args(whole)) == vars(build_parser(whole[0]).parse_args(whole))


@pytest.mark.parametrize(
    "words",
    [
        ("--prof", "x"),
        ("whois",),
        ("whois", "a", "b"),
        ("members",),
        ("export", "--cache"),
        ("config",),
        ("config", "chek"),
        ("cache",),
        ("completion", "tcsh"),
        ("themes", "check"),
        ("--surface", "soap"),
        ("--unknown",),
        ("--profile",),
    ],
)
def test_invalid_arguments_are_a_usage_error(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert caught.value.usage.startswith("usage: walkme-tui")
