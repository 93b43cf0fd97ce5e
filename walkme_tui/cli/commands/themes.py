"""``walkme-tui themes``: list the themes, or check one."""

import argparse

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.columns import aligned
from walkme_tui.cli.output.messages import print_error
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.config.themes import ThemeSpec, load_themes, read_theme
from walkme_tui.domain.text import clean, printable_json


def run(options: argparse.Namespace) -> int:
    """Run the action, ``list`` by default."""
    context = Context.of(options)
    return _check(context, options) if options.action == "check" else _list(context)


def _list(context: Context) -> int:
    themes = load_themes(context.paths.themes)
    found = sorted(themes.loaded.values(), key=lambda theme: theme.name)
    if context.options.json:
        answer = {
            "themes": [{"name": theme.name, "kind": _kind(theme), "file": str(theme.source)} for theme in found],
            "failed": [str(problem.error()) for problem in themes.failed],
        }
        print_lines([printable_json(answer, indent=2)])
        return ExitCode.DONE
    print_lines(aligned([("NAME", "KIND", "FILE"), *((t.name, _kind(t), str(t.source)) for t in found)], 200))
    for problem in themes.failed:
        print_error(problem.error())
    return ExitCode.DONE


def _check(context: Context, options: argparse.Namespace) -> int:
    theme, problems = read_theme(options.file)
    if context.options.json:
        answer = {
            "name": theme.name if theme else None,
            "problems": [
                {"line": problem.line, "message": problem.message, "hint": problem.hint} for problem in problems
            ],
        }
        print_lines([printable_json(answer, indent=2)])
    elif theme:
        print_lines([f"{clean(str(options.file))} is valid: the theme {theme.name}, {_kind(theme)}."])
    else:
        print_lines([str(problem.error()) for problem in problems])
    return ExitCode.USAGE if problems else ExitCode.DONE


def _kind(theme: ThemeSpec) -> str:
    if theme.palette is None:
        return "no colours"
    return "dark" if theme.dark else "light"
