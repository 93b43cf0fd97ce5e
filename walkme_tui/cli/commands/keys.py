"""``walkme-tui keys``: list the keys of the browser."""

import argparse
from itertools import groupby

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.columns import aligned
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.domain.commands import COMMANDS
from walkme_tui.domain.text import printable_json


def run(options: argparse.Namespace) -> int:
    """List the commands with their keys; those of config.toml count unless ``--default`` is given."""
    context = Context.of(options)
    own = {} if options.default else context.settings.keymap
    keys = {command.id: own.get(command.id, command.keys) for command in COMMANDS}
    if context.options.json:
        print_lines([printable_json({"keys": {name: list(names) for name, names in keys.items()}}, indent=2)])
        return ExitCode.DONE
    lines: list[str] = []
    rows = aligned([(" ".join(keys[command.id]), command.title, command.id) for command in COMMANDS])
    for section, members in groupby(zip(COMMANDS, rows, strict=True), key=lambda pair: pair[0].section):
        lines += [*([""] if lines else []), section, *(f"  {row}" for _, row in members)]
    print_lines(lines)
    return ExitCode.DONE
