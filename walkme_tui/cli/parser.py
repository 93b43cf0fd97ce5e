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
SIMULATOR: Final = "simulator"
FILTERING: Final = frozenset({BROWSE, "export"})
CHANGING: Final = frozenset({"offboard", "undo", "jobs", "plan"})

# Name and one line of help, in the order of the help.
SUB_COMMANDS: Final = {
    BROWSE: "the browser; QUERY starts it filtered (this is what happens without a sub-command)",
    "whois": "one user: the record, and groups by name",
    "members": "who is in a group",
    "export": "all users, or those that a filter keeps, as CSV, JSON or Markdown",
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
# -group:beta is a term of a filter, and argparse takes it for an option: -h with a value, if it is -has:groups.
_LEAVES_OUT: Final = re.compile(r"-[^\W\d_]{2,}:")

_ENVIRONMENT: Final = """\
environment:
  WALKME_TUI_PROFILE       the profile, where --profile does not name one
  WALKME_TUI_CONFIG_DIR    folder of config.toml        WALKME_TUI_CACHE_DIR  local copies
  WALKME_TUI_DATA_DIR      journal and receipts         WALKME_TUI_STATE_DIR  state and crash reports
  NO_COLOR                 no colours
  WALKME_CLIENT_ID, WALKME_CLIENT_SECRET, WALKME_BASE_URL
                           a profile named env, without any file
  WALKME_SCIM_BASE_URL, and WALKME_SCIM_TOKEN or WALKME_SCIM_USERNAME with WALKME_SCIM_PASSWORD
                           its SCIM side"""


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
    every = _global_options()
    _add_globals(parser)
    commands = parser.add_subparsers(dest="command", metavar="SUB-COMMAND", title="sub-commands", parser_class=Parser)
    for name, text in SUB_COMMANDS.items():
        if name == wanted or wanted not in SUB_COMMANDS:
            made = commands.add_parser(name, help=text, description=_sentence(text), parents=[every])
            _add_arguments(name, made, every)
    return parser


def with_sub_command(words: Sequence[str]) -> list[str]:
    """The words with ``browse`` put in where no sub-command is named: a first word that is none is its QUERY.

    ``--help`` and ``--version`` before any word are the whole program's. Terms of a filter that begin with a hyphen get
    a blank before it, so that they are not taken for options.
    """
    found = _with_browse(words)
    if first_word(found) not in FILTERING:
        return found
    return [f" {word}" if _LEAVES_OUT.match(word) else word for word in found]


def _with_browse(words: Sequence[str]) -> list[str]:
    index = 0
    while index < len(words):
        word = words[index]
        if word in {"-h", "--help", "--version"} or word in SUB_COMMANDS:
            return list(words)
        if not word.startswith("-") or word in {"-", "--"} or _LEAVES_OUT.match(word):
            break
        index += 2 if word in _WITH_VALUE else 1
    if index > len(words):
        # An option that lacks its value must not take the sub-command for it.
        return [BROWSE, *words]
    return [*words[:index], BROWSE, *words[index:]]


def first_word(words: Sequence[str]) -> str:
    """The sub-command in words that ``with_sub_command`` gave, empty for the whole program's help."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _WITH_VALUE
            continue
        return word
    return ""


def _global_options() -> Parser:
    options = Parser(add_help=False)
    _add_globals(options.add_argument_group("global options"))
    return options


def _add_globals(to: argparse._ActionsContainer) -> None:
    """The options that mean the same before and after the sub-command.

    Without a default anywhere: a sub-parser's default would silently overwrite what stood before it.
    """
    absent = argparse.SUPPRESS
    to.add_argument("--profile", metavar="NAME", default=absent, help="the profile to use")
    surfaces = [surface.value for surface in Surface]
    to.add_argument("--surface", choices=surfaces, default=absent, help="which of the two APIs to speak")
    to.add_argument("--read-only", action="store_true", default=absent, help="refuse every change")
    to.add_argument("--demo", action="store_true", default=absent, help="a made-up account instead of a profile")
    to.add_argument("--json", action="store_true", default=absent, help="print one JSON object")
    to.add_argument("--no-color", action="store_true", default=absent, help="no colours")


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
    elif name == "export":
        _add_export(parser)
    elif name in CHANGING:
        _add_changing(name, parser, every)
    elif name == SIMULATOR:
        from walkme_tui.cli.simulator import add_arguments

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
        f"If not every user could be read, it says incomplete and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


def _add_changing(name: str, parser: Parser, every: Parser) -> None:
    from walkme_tui.cli import change_options

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
        parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def _actions(parser: Parser, required: bool = True) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    return parser.add_subparsers(dest="action", metavar="ACTION", required=required, parser_class=Parser)


def _epilog() -> str:
    codes = "\n".join(f"  {code.value:<4} {clean(meaning)}" for code, meaning in MEANINGS)
    return (
        'A first word that is no sub-command is a QUERY: walkme-tui "zoe celik"\n'
        "@NAME begins with a saved view, more words narrow it: walkme-tui @inactive-in-groups group:sales\n\n"
        f"exit codes:\n{codes}\n\n{_ENVIRONMENT}"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
