"""The parser of the command line: the global options, and where the sub-command is in the arguments."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, NoReturn

from walkme_tui import __version__
from walkme_tui.cli.arguments.options import sentence
from walkme_tui.cli.exit_codes import MEANINGS
from walkme_tui.cli.output.messages import PROGRAM
from walkme_tui.cli.sub_commands import BROWSE, EXPORT, SUB_COMMANDS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.text import clean

# Positional arguments that take words before and after options; argparse takes those of one side only.
_INTERMIXED: Final = {BROWSE: "query", "offboard": "emails", "set": "assignments"}
# The search for the first word skips the values of these.
_WITH_VALUE: Final = ("--profile", "--surface")
_GLOBAL: Final = frozenset({"help", "version", "profile", "surface", "read-only", "demo", "json", "no-color"})
# -test and -group:beta are terms of a filter, and argparse takes them for options: -h with a value, if it is -has:name.
_TERM: Final = re.compile(r"-[^-\s].")
# A first word as similar as this to a sub-command is treated as a misspelling: offbord, exprot, job.
_SIMILARITY: Final = 0.8

_ENVIRONMENT: Final = """\
environment:
  WALKME_TUI_PROFILE       the profile, if --profile is not given
  WALKME_TUI_CONFIG_DIR    folder of config.toml        WALKME_TUI_CACHE_DIR  local copies
  WALKME_TUI_DATA_DIR      journal and receipts         WALKME_TUI_STATE_DIR  state and crash reports
  NO_COLOR                 no colours
  WALKME_CLIENT_ID, WALKME_CLIENT_SECRET, WALKME_BASE_URL
                           a profile named env, without a configuration file
  WALKME_SCIM_BASE_URL, WALKME_SCIM_TOKEN (or WALKME_SCIM_USERNAME and WALKME_SCIM_PASSWORD)
                           its SCIM side; alone they select it"""


class UsageError(Exception):
    """The command line is invalid; ``usage`` is its usage line."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal.

    argparse makes a formatter for each argument that is declared, and imports shutil to find the width, with it all of
    Python's compression.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_terminal_columns() - 2)


def _terminal_columns() -> int:
    """As ``shutil.get_terminal_size`` finds them."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    with suppress(OSError, ValueError):  # not a terminal, or closed
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    return 80


class Parser(argparse.ArgumentParser):
    """A parser that accepts no abbreviated options and raises ``UsageError``."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", HelpFormatter)
        super().__init__(allow_abbrev=False, **settings)  # type: ignore[arg-type]  # passed on unchanged
        self.intermixed = ""
        """The positional argument that also takes the words after options."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As in argparse, with the remaining words added to the ``intermixed`` argument."""
        found, remaining = super().parse_known_args(args, namespace)
        if self.intermixed:
            words = [word for word in remaining if not word.startswith("-")]
            getattr(found, self.intermixed).extend(words)
            remaining = [word for word in remaining if word.startswith("-")]
        return found, remaining

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError`` instead of ending the program."""
        raise UsageError(message, self.format_usage())


def build_parser(wanted: str = "") -> Parser:
    """The parser with all sub-commands, or with the wanted one only: building all takes time at every start."""
    parser = Parser(prog=PROGRAM, description="Browse the users of a WalkMe account.", epilog=_epilog())
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add_globals(parser, shown=True)
    shared = Parser(add_help=False)
    _add_globals(shared.add_argument_group("global options", f"see {PROGRAM} --help"), shown=False)
    commands = parser.add_subparsers(dest="command", metavar="SUB-COMMAND", title="sub-commands", parser_class=Parser)
    for name, command in SUB_COMMANDS.items():
        if name == wanted or wanted not in SUB_COMMANDS:
            made = commands.add_parser(name, help=command.help, description=sentence(command.help), parents=[shared])
            made.intermixed = _INTERMIXED.get(name, "")
            if command.arguments:
                import_module(f"walkme_tui.cli.arguments.{command.arguments}").ARGUMENTS[name](made, shared)
            examples = "\n".join(("examples:", *(f"  {line}" for line in command.examples)))
            made.epilog = f"{made.epilog}\n\n{examples}" if made.epilog else examples
    return parser


def with_sub_command(words: Sequence[str]) -> list[str]:
    """The words with ``browse`` inserted where there is no sub-command: the first word then is its QUERY.

    ``--help`` and ``--version`` before any word belong to the program. Filter terms that begin with a hyphen get a
    leading blank, or are joined to ``--filter``, so that argparse does not take them for options. Raises ``UsageError``
    for a first word that is nearly a sub-command.
    """
    found = _with_browse(words)
    command = first_word(found)
    if command == BROWSE:
        return [f" {word}" if _is_term(word) else word for word in found]
    if command == EXPORT:
        return _with_joined_filter(found)
    return found


def _is_term(word: str) -> bool:
    """True for an excluding filter term; a single letter is an option, and so is ``-json``."""
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
            _refuse_misspelling(words, index)
            break
        index += 2 if word in _WITH_VALUE else 1
    if index > len(words):
        # An option without its value would take the inserted sub-command as its value.
        return [BROWSE, *words]
    return [*words[:index], BROWSE, *words[index:]]


def _refuse_misspelling(words: Sequence[str], index: int) -> None:
    """Raise ``UsageError`` if the word at ``index`` is nearly a sub-command: ``offbord`` must not become a search."""
    import shlex
    from difflib import get_close_matches

    word = words[index]
    near = get_close_matches(word.casefold(), SUB_COMMANDS, n=1, cutoff=_SIMILARITY)
    if near:
        before, after = [PROGRAM, *words[:index]], words[index + 1 :]
        more = [each for each in after if not each.startswith("-")]
        meant, searched = shlex.join([*before, near[0], *after]), shlex.join([*before, BROWSE, word, *more])
        raise UsageError(
            f"There is no sub-command {clean(word)}.", f"Did you mean:   {meant}\nTo search for it: {searched}"
        )


def first_word(words: Sequence[str]) -> str:
    """The sub-command in the result of ``with_sub_command``; empty if there is none."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _WITH_VALUE
            continue
        return word
    return ""


def _add_globals(to: argparse._ActionsContainer, *, shown: bool) -> None:
    """The options that mean the same before and after the sub-command; the help shows them once.

    They have no default: that of a sub-parser would silently overwrite the value given before the sub-command.
    """

    def add(name: str, help_text: str, **settings: Any) -> None:
        hidden = argparse.SUPPRESS
        to.add_argument(f"--{name}", default=argparse.SUPPRESS, help=help_text if shown else hidden, **settings)

    add("profile", "the profile to use", metavar="NAME")
    surfaces = [surface.value for surface in Surface]
    add("surface", "the API to use: rest (the default where the profile has it) or scim", choices=surfaces)
    add("read-only", "refuse every change; plans can be made", action="store_true")
    add("demo", "use a simulated account instead of a profile", action="store_true")
    add("json", "print one JSON object", action="store_true")
    add("no-color", "use no colours", action="store_true")


def _epilog() -> str:
    codes = "\n".join(f"  {code.value:<4} {clean(meaning)}" for code, meaning in MEANINGS)
    return (
        'A first word that is not a sub-command is a QUERY: walkme-tui "zoe celik"\n'
        "If it is nearly a sub-command, it is refused; walkme-tui browse WORD searches for it.\n"
        "@NAME opens a saved view, more words narrow it: walkme-tui @inactive-in-groups group:sales\n\n"
        f"exit codes:\n{codes}\n\n{_ENVIRONMENT}"
    )
