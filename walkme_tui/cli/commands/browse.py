"""``walkme-tui browse``: open the browser."""

import argparse
import sys

from walkme_tui.cli.context import Context
from walkme_tui.cli.filter_query import state_file_of, view_of
from walkme_tui.domain.errors import ConfigurationError


def run(options: argparse.Namespace) -> int:
    """Open the browser; raises ``ConfigurationError`` for an unknown view or profile, or without a terminal."""
    context = Context.of(options)
    state_file = state_file_of(context)
    query = " ".join(word.strip() for word in options.query)
    view = view_of(query, state_file)
    require_terminal(context)
    from walkme_tui.cli.browser_launch import browser_start

    start = browser_start(context, query, view=view, state_file=state_file)
    from walkme_tui.ui.start import run_browser

    return run_browser(start)


def require_terminal(context: Context) -> None:
    """Raise ``ConfigurationError`` if the browser cannot be drawn, or, before that, if there is no profile."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        if context.lacks_cursor_movement:
            raise ConfigurationError(
                f"The browser cannot be drawn: TERM is {context.environ['TERM']}, a terminal without cursor movement.",
                hint="Set TERM to the name of your terminal, or use walkme-tui whois, members or export.",
            )
        return
    if not context.options.demo:
        context.profile()
    raise ConfigurationError(
        "The browser needs a terminal, but standard input or output is not a terminal.",
        hint="In scripts, use walkme-tui whois, members or export.",
    )
