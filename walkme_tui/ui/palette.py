"""The command palette: the commands and the themes, found by typing."""

from collections.abc import Iterable, Sequence

from walkme_tui.domain.commands import Command
from walkme_tui.ui.dialogs.choice import Choice, SearchDialog
from walkme_tui.ui.keys import labels

THEME = "theme:"
ITSELF = "app.palette"
MOVING = "cursor."


def palette(commands: Sequence[Command], themes: Iterable[str]) -> SearchDialog:
    """A dialog that answers with a command's id, or ``theme:`` and the name of a theme."""
    offered = [each for each in commands if each.id != ITSELF and not each.id.startswith(MOVING)]
    choices = [Choice(command.id, command.title, labels(command)) for command in offered]
    choices += [Choice(f"{THEME}{name}", f"Theme {name}", "colours") for name in themes]
    return SearchDialog("Commands", choices)
