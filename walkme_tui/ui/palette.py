"""The command palette: the commands and the themes, found by typing."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from walkme_tui.config.themes import load_themes
from walkme_tui.domain.commands import Command
from walkme_tui.ui.dialogs.choice import Choice, SearchDialog
from walkme_tui.ui.keys import labels
from walkme_tui.ui.theming import textual_theme
from walkme_tui.ui.widgets.ink import Ink

THEME = "theme:"
ITSELF = "app.palette"
MOVING = "cursor."


def palette(commands: Sequence[Command], themes: Iterable[str], why_not: Callable[[Command], str]) -> SearchDialog:
    """A dialog that answers with a command's id, or ``theme:`` and the name of a theme.

    ``why_not`` says in a phrase why a command cannot be used, empty if it can.
    """
    offered = [each for each in commands if each.id != ITSELF and not each.id.startswith(MOVING)]
    choices = [_choice(command, why_not(command)) for command in offered]
    choices += [Choice(f"{THEME}{name}", f"Theme {name}", "colours") for name in themes]
    return SearchDialog("Commands", choices)


def show_palette(
    app: App[Any],
    commands: Sequence[Command],
    themes_folder: Path | None,
    why_not: Callable[[Command], str],
    run: Callable[[str], None],
) -> None:
    """Let the person choose; ``run`` is given the id of a command, a theme is put on."""
    themes = load_themes(themes_folder).loaded

    def chosen(answer: str | None) -> None:
        if answer is None:
            return
        if answer.startswith(THEME):
            spec = themes[answer.removeprefix(THEME)]
            app.register_theme(textual_theme(spec))
            app.theme = spec.name
        else:
            run(answer)

    app.push_screen(palette(commands, themes, why_not), chosen)


def _choice(command: Command, reason: str) -> Choice:
    if reason:
        return Choice(command.id, command.title, reason, label_ink=Ink.DIM)
    return Choice(command.id, command.title, labels(command))
