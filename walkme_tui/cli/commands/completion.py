"""``walkme-tui completion``: a shell's completion script, and the names that the scripts offer.

shtab makes the scripts from the parser; ``python -m tests.support.completion_scripts`` writes them.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.domain.text import clean

SCRIPTS: Final = Path(__file__).resolve().parent.parent / "completions"


def run(options: argparse.Namespace) -> int:
    """Print the script of a shell, or names of one kind, one per line."""
    names = NAMES.get(options.what)
    if names is None:
        print_lines((SCRIPTS / f"walkme-tui.{options.what}").read_text(encoding="utf-8").splitlines())
    else:
        # A name with control characters would reach the terminal through the shell.
        print_lines(name for name in names(Context.of(options)) if name == clean(name))
    return ExitCode.DONE


def _profiles(context: Context) -> Iterable[str]:
    from walkme_tui.cli.browser_launch import known_profiles

    return known_profiles(context)


def _groups(context: Context) -> Iterable[str]:
    """The names of the groups in the local copy; no request is sent."""
    from walkme_tui.cli.session_run import with_session

    sizes = with_session(context, lambda session: session.mirror.groups())
    return [size.group.name for size in sizes if size.group.name]


def _views(context: Context) -> Iterable[str]:
    from walkme_tui.cli.filter_query import state_file_of
    from walkme_tui.domain.views import SIGN

    return [f"{SIGN}{view.name}" for view in state_file_of(context).views()]


NAMES: Final[dict[str, Callable[[Context], Iterable[str]]]] = {
    "profiles": _profiles,
    "groups": _groups,
    "views": _views,
}
