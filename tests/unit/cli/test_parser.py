"""Words of the command line: where the global options may stand, and what is a query."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.cli.context import GlobalOptions
from walkme_tui.cli.main import MODULES
from walkme_tui.cli.parser import SUB_COMMANDS, UsageError, build_parser, first_word, with_sub_command
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError

# Every place where a global option may stand, with words that are complete without one.
COMMANDS = (
    ("browse",),
    ("browse", "zoe"),
    ("zoe",),
    (),
    ("whois", "a@example.com"),
    ("members", "Sales"),
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


def parsed(*words: str) -> argparse.Namespace:
    """As ``main`` does it."""
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


def test_emails_may_stand_on_both_sides_of_an_option() -> None:
    options = parsed("offboard", "a@example.com", "--ticket", "T-1", "b@example.com", "--yes", "c@example.com")
    assert options.emails == ["a@example.com", "b@example.com", "c@example.com"]
    assert (options.ticket, options.yes) == ("T-1", True)
    with pytest.raises(UsageError, match="--tikcet"):
        parsed("offboard", "a@example.com", "--tikcet", "T-1")


def test_the_last_of_two_counts() -> None:
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
        (("exprot",), "exprot"),
        (("Export",), "Export"),
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


@given(st.text(min_size=1).filter(lambda word: not word.startswith("-") and word not in SUB_COMMANDS))
def test_any_other_first_word_is_a_query(word: str) -> None:
    assert parsed(word).query == [word]


@pytest.mark.parametrize(
    "term", ["-group:beta", "-has:groups", "-HAS:groups", "-status:", '-group:"Field EMEA"', "-xx:y"]
)
def test_a_term_that_leaves_people_out_is_no_option(term: str) -> None:
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
    exports = [["--filter", term], [f"--filter={term}"], ["--cached", "--filter", term, "--json"]]
    assert [parsed("export", *words).filter.strip() for words in exports] == [term] * 3


@pytest.mark.parametrize("words", [("-h",), ("zoe", "-x"), ("zoe", "-x:y"), ("whois", "-group:beta")])
def test_other_words_with_a_hyphen_stay_options(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((UsageError, SystemExit)):
        parsed(*words)


@pytest.mark.parametrize("name", SUB_COMMANDS)
def test_every_sub_command_has_a_module_and_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert name in MODULES
    with pytest.raises(SystemExit) as ended:
        parsed(name, "--help")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: walkme-tui {name}")
    assert "--profile" in shown


def test_the_help_of_all_tells_sub_commands_exit_codes_and_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = capsys.readouterr().out
    for word in (*SUB_COMMANDS, "exit codes", "130", "WALKME_CLIENT_SECRET", "WALKME_TUI_CONFIG_DIR", "NO_COLOR"):
        assert word in shown


def test_a_parser_for_one_sub_command_takes_what_the_whole_one_takes() -> None:
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
def test_what_cannot_be_understood_is_a_usage_error(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert caught.value.usage.startswith("usage: walkme-tui")
