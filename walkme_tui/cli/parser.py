"""The parser of the command line: cheap to build, the work is elsewhere."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from walkme_tui import __version__
from walkme_tui.cli.exit_codes import MEANINGS, ExitCode
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.text import clean

PROGRAM: Final = "walkme-tui"
BROWSE: Final = "browse"
EXPORT: Final = "export"
SIMULATOR: Final = "simulator"
CHANGING: Final = frozenset({"offboard", "undo", "jobs", "plan"})

# Name and one line of help, in the order of the help.
SUB_COMMANDS: Final = {
    BROWSE: "the browser; QUERY starts it filtered (this is what happens without a sub-command)",
    "whois": "one user: the record, and groups by name",
    "members": "who is in a group",
    EXPORT: "all users, or those that a filter keeps, as CSV, JSON or Markdown",
    "offboard": "deactivate people and take them out of their groups, as a plan that can be undone",
    "undo": "take back what a job has done",
    "jobs": "list the jobs, go on with one, and more",
    "plan": "show a plan file, or carry it out",
    "config": "make, find and check the configuration",
    "profiles": "list the profiles",
    "keys": "list the keys of the browser",
    "themes": "list and check colour themes",
    "cache": "drop the local copies",
    SIMULATOR: "an account to try things on, on this machine",
    "completion": "print a script that completes the command line in a shell",
}

# The global options that take a value: whoever looks for the first word has to step over it.
_WITH_VALUE: Final = ("--profile", "--surface")
_GLOBAL: Final = frozenset({"help", "version", "profile", "surface", "read-only", "demo", "json", "no-color"})
# -test and -group:beta are terms of a filter, and argparse takes them for options: -h with a value, if it is -has:name.
_TERM: Final = re.compile(r"-[^-\s].")
# As near to a sub-command as this, a first word is taken for a slip: offbord, exprot, job.
_NEAR: Final = 0.8

_ENVIRONMENT: Final = """\
environment:
  WALKME_TUI_PROFILE       the profile, where --profile does not name one
  WALKME_TUI_CONFIG_DIR    folder of config.toml        WALKME_TUI_CACHE_DIR  local copies
  WALKME_TUI_DATA_DIR      journal and receipts         WALKME_TUI_STATE_DIR  state and crash reports
  NO_COLOR                 no colours
  WALKME_CLIENT_ID, WALKME_CLIENT_SECRET, WALKME_BASE_URL
                           a profile named env, without any file"""


class UsageError(Exception):
    """The words cannot be understood; ``usage`` is the line that says how they should be."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """A parser that takes no shortened options and leaves it to the caller to print what is wrong."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)  # type: ignore[arg-type]  # argparse hands its own settings on
        self.gathers = ""
        """The argument that takes words on both sides of options: argparse itself takes those of one side only."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What argparse finds, with the words that it leaves over in the argument that gathers them."""
        found, left = super().parse_known_args(args, namespace)
        if self.gathers:
            words = [word for word in left if not word.startswith("-")]
            getattr(found, self.gathers).extend(words)
            left = [word for word in left if word.startswith("-")]
        return found, left

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError`` instead of ending the program."""
        raise UsageError(message, self.format_usage())


def build_parser(wanted: str = "") -> Parser:
    """The parser with all its sub-commands, or with the wanted one only: the others cost time at every start."""
    parser = Parser(prog=PROGRAM, description="Browse the people of a WalkMe account.", epilog=_epilog())
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_globals(parser, shown=True)
    every = Parser(add_help=False)
    _add_globals(every.add_argument_group("global options", f"see {PROGRAM} --help"), shown=False)
    commands = parser.add_subparsers(dest="command", metavar="SUB-COMMAND", title="sub-commands", parser_class=Parser)
    for name, text in SUB_COMMANDS.items():
        if name == wanted or wanted not in SUB_COMMANDS:
            made = commands.add_parser(name, help=text, description=_sentence(text), parents=[every])
            _add_arguments(name, made, every)
            made.epilog = _with_examples(name, made.epilog)
    return parser


def with_sub_command(words: Sequence[str]) -> list[str]:
    """The words with ``browse`` put in where no sub-command is named: a first word that is none is its QUERY.

    ``--help`` and ``--version`` before any word are the whole program's. Terms of a filter that begin with a hyphen get
    a blank before it, or are joined to ``--filter``, so that they are not taken for options. ``UsageError`` where the
    first word is nearly a sub-command.
    """
    found = _with_browse(words)
    command = first_word(found)
    if command == BROWSE:
        return [f" {word}" if _is_term(word) else word for word in found]
    if command == EXPORT:
        return _with_joined_filter(found)
    return found


def _is_term(word: str) -> bool:
    """True for a term of a filter that leaves people out; a single letter is an option, and so is ``-json``."""
    return _TERM.match(word) is not None and word[1:].partition("=")[0] not in _GLOBAL


def _with_joined_filter(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--filter" and word.startswith("-") and not word.startswith("--"):
            joined[-1] = f"--filter={word}"
        else:
            joined.append(word)
    return joined


def _with_browse(words: Sequence[str]) -> list[str]:
    index = 0
    while index < len(words):
        word = words[index]
        if word in {"-h", "--help", "--version"} or word in SUB_COMMANDS:
            return list(words)
        if not word.startswith("-") or word in {"-", "--"} or _is_term(word):
            _refuse_slip(words, index)
            break
        index += 2 if word in _WITH_VALUE else 1
    if index > len(words):
        # An option that lacks its value must not take the sub-command for it.
        return [BROWSE, *words]
    return [*words[:index], BROWSE, *words[index:]]


def _refuse_slip(words: Sequence[str], index: int) -> None:
    """``UsageError`` if the word at ``index`` is nearly a sub-command: ``offbord`` must not become a search."""
    import shlex
    from difflib import get_close_matches

    word = words[index]
    near = get_close_matches(word.casefold(), SUB_COMMANDS, n=1, cutoff=_NEAR)
    if near:
        before, after = [PROGRAM, *words[:index]], words[index + 1 :]
        more = [each for each in after if not each.startswith("-")]
        meant, searched = shlex.join([*before, near[0], *after]), shlex.join([*before, BROWSE, word, *more])
        raise UsageError(
            f"There is no sub-command {clean(word)}.", f"Did you mean:   {meant}\nTo search for it: {searched}"
        )


def first_word(words: Sequence[str]) -> str:
    """The sub-command in words that ``with_sub_command`` gave, empty for the whole program's help."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _WITH_VALUE
            continue
        return word
    return ""


def _add_globals(to: argparse._ActionsContainer, *, shown: bool) -> None:
    """The options that mean the same before and after the sub-command; the help shows them once.

    Without a default anywhere: a sub-parser's default would silently overwrite what stood before it.
    """

    def add(name: str, help_text: str, **settings: Any) -> None:
        hidden = argparse.SUPPRESS
        to.add_argument(f"--{name}", default=argparse.SUPPRESS, help=help_text if shown else hidden, **settings)

    add("profile", "the profile to use", metavar="NAME")
    # Not in the help: there is only one that works.
    add("surface", argparse.SUPPRESS, metavar="NAME", type=_surface)
    add("read-only", "refuse every change", action="store_true")
    add("demo", "a made-up account instead of a profile", action="store_true")
    add("json", "print one JSON object", action="store_true")
    add("no-color", "no colours", action="store_true")


def _surface(text: str) -> str:
    """The name of a surface, for argparse."""
    if text not in {surface.value for surface in Surface}:
        raise argparse.ArgumentTypeError(f"{text!r} is no surface; leave it out")
    return text


def _add_arguments(name: str, parser: Parser, every: Parser) -> None:
    """What one sub-command takes beside the global options."""
    if name == BROWSE:
        parser.add_argument(
            "query", nargs="*", metavar="QUERY", help="a filter, or @NAME for a saved view, and words that narrow it"
        )
        parser.gathers = "query"
    elif name == "whois":
        parser.add_argument("key", metavar="EMAIL|ID", help="a full email or an id")
        _add_look_up(parser)
    elif name == "members":
        parser.add_argument("group", metavar="GROUP", help="name or id of the group")
        _add_look_up(parser)
        parser.epilog = (
            "The API cannot list the members of a group: all users are read first. If that stays incomplete, so is\n"
            f"the answer: it says so and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
        )
    elif name == EXPORT:
        _add_export(parser)
    elif name in CHANGING:
        _add_changing(name, parser, every)
    elif name == SIMULATOR:
        from walkme_tui.cli.commands.simulator import add_arguments

        add_arguments(parser)
    else:
        _add_administration(name, parser, every)


def _add_look_up(parser: Parser) -> None:
    parser.add_argument("--cached", action="store_true", help="answer from the local copy only")
    parser.add_argument("--csv", action="store_true", help="CSV, with the columns of export")


def _add_export(parser: Parser) -> None:
    parser.add_argument(
        "--filter", metavar="QUERY", default="", help="only users that this filter keeps, or @NAME: a saved view"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write here, for you only, instead of printing")
    parser.add_argument("--cached", action="store_true", help="from the local copy only, without asking the server")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--csv", action="store_true", help="CSV (the default)")
    forms.add_argument("--markdown", action="store_true", help="a Markdown table")
    parser.add_argument("--safe-csv", action="store_true", help="CSV with an apostrophe before every formula")
    parser.epilog = (
        "CSV holds the values as they are, so that they can be imported again. A name that begins with = + - @ or\n"
        "a tab is a formula to a spreadsheet, whoever wrote it: use --safe-csv for files that people open in one.\n"
        "If not every user could be read, or the server's list leaves out what the filter asks for, it says\n"
        f"incomplete and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


def _add_changing(name: str, parser: Parser, every: Parser) -> None:
    from walkme_tui.cli import write_options as change_options

    if name == "offboard":
        change_options.add_offboard(parser)
        parser.gathers = "emails"
    elif name == "undo":
        change_options.add_undo(parser)
    elif name == "plan":
        change_options.add_plan(_actions(parser), every)
    else:
        change_options.add_jobs(_actions(parser, required=False), every)


def _add_administration(name: str, parser: Parser, every: Parser) -> None:
    if name == "config":
        actions = _actions(parser)
        actions.add_parser("init", help="write a commented config.toml, if there is none", parents=[every])
        actions.add_parser("path", help="print where config.toml is looked for", parents=[every])
        actions.add_parser("check", help="name everything that is wrong with config.toml", parents=[every])
    elif name == "keys":
        parser.add_argument("--default", action="store_true", help="without the keys of config.toml")
    elif name == "themes":
        actions = _actions(parser, required=False)
        actions.add_parser("list", help="list the themes (the default)", parents=[every])
        check = actions.add_parser("check", help="name everything that is wrong with a theme", parents=[every])
        check.add_argument("file", metavar="FILE", type=Path)
    elif name == "cache":
        actions = _actions(parser)
        actions.add_parser("clear", help="delete the local copies of all profiles, or of --profile", parents=[every])
    elif name == "completion":
        parser.add_argument(
            "what",
            metavar="SHELL",
            choices=["bash", "zsh", "fish", "profiles", "groups", "views"],
            help="bash, zsh or fish; or profiles, groups or views: the names that the scripts offer, one a line",
        )


def _actions(parser: Parser, required: bool = True) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    return parser.add_subparsers(dest="action", metavar="ACTION", required=required, parser_class=Parser)


def _epilog() -> str:
    codes = "\n".join(f"  {code.value:<4} {clean(meaning)}" for code, meaning in MEANINGS)
    return (
        'A first word that is no sub-command is a QUERY: walkme-tui "zoe celik"\n'
        "One that is nearly a sub-command is refused; walkme-tui browse WORD searches for it.\n"
        "@NAME begins with a saved view, more words narrow it: walkme-tui @inactive-in-groups group:sales\n\n"
        f"exit codes:\n{codes}\n\n{_ENVIRONMENT}"
    )


def _with_examples(name: str, text: str | None) -> str:
    from walkme_tui.cli.help_examples import EXAMPLES

    examples = "\n".join(("examples:", *(f"  {line}" for line in EXAMPLES[name])))
    return f"{text}\n\n{examples}" if text else examples


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
