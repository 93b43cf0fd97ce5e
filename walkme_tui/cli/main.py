"""Runs one command line and returns its exit code."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Final

from walkme_tui.cli.exit_codes import ExitCode, exit_code
from walkme_tui.cli.output.messages import print_error, print_message
from walkme_tui.cli.output.streams import drop_lost_output, guard_standard_streams
from walkme_tui.cli.parser import UsageError, build_parser, first_word, with_sub_command
from walkme_tui.cli.sub_commands import BROWSE
from walkme_tui.config import crash_hooks
from walkme_tui.domain.errors import WalkmeError

# The module of a sub-command has its name, except where that is a keyword. It has run(options: argparse.Namespace)
# -> int, and is imported only when its sub-command runs.
MODULES: Final = MappingProxyType({"import": "import_file"})


def run(argv: list[str]) -> int:
    """Run one command line, without the program's name, and return the exit code.

    An expected failure prints one message and returns its exit code; a bug writes a crash report and returns 70.
    """
    _fill_closed_streams()
    guard_standard_streams()
    crash_hooks.reset()
    code = crash_hooks.final_code(_run_and_report(argv))
    drop_lost_output()
    return code


def _run_and_report(argv: list[str]) -> int:
    try:
        code = _run(argv)
        sys.stdout.flush()
    except UsageError as error:
        print_message(error.message, error.usage.rstrip())
        return ExitCode.USAGE
    except WalkmeError as error:
        print_error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        print_message("Interrupted.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.PIPE_CLOSED
    except BaseException as error:  # noqa: BLE001 - a bug: a report instead of a traceback
        crash_hooks.record_crash(error)
        return ExitCode.BROKEN
    return code


def _run(argv: Sequence[str]) -> int:
    words = with_sub_command(argv)
    parser = build_parser(first_word(words))
    try:
        options = parser.parse_args(words)
    except SystemExit as done:
        return int(done.code or 0)
    code: int = _sub_command(options.command).run(options)
    return code


def _sub_command(name: str) -> ModuleType:
    """The module of a sub-command, imported without ``ssl``: asyncio would load it, which takes 5 ms.

    asyncio does without where Python has none. Requests go through httpx, which never uses asyncio for TLS.
    """
    hidden = "ssl" not in sys.modules
    if hidden:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # documented: importing it raises ModuleNotFoundError
    try:
        if name == BROWSE:  # which imports asyncio later, with the screen
            import_module("asyncio")
        return import_module(f"walkme_tui.cli.commands.{MODULES.get(name, name)}")
    finally:
        if hidden:
            del sys.modules["ssl"]


def _fill_closed_streams() -> None:
    """Open /dev/null for streams that are closed: a file opened later must not get their descriptors."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end
