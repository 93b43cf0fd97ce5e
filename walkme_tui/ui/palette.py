"""The command palette: the commands and the themes, found by typing."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from textual.app import App

from walkme_tui.config.state import StateFile
from walkme_tui.config.themes import load_themes
from walkme_tui.domain.commands import Command
from walkme_tui.domain.queries import SORT_NAMES, SortKey
from walkme_tui.domain.text import clean
from walkme_tui.domain.views import SavedView, title
from walkme_tui.ui.browser_start import BrowserStart
from walkme_tui.ui.dialogs.choice import Choice, SearchDialog
from walkme_tui.ui.keys import labels
from walkme_tui.ui.theming.textual_theme import textual_theme
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

THEME = "theme:"
SORT = "sort:"
VIEW = "view:"
ITSELF = "app.palette"
MOVING = "cursor."


class Arranges(Protocol):
    """The order of the users on the screen, as far as the palette changes it."""

    @property
    def sort_keys(self) -> Sequence[SortKey]:
        """What the users can be sorted by."""
        ...

    def views(self) -> Sequence[SavedView]:
        """The views that can be applied."""
        ...

    def apply(self, view: SavedView) -> None:
        """Show the users as a view has them."""
        ...

    def sort_by(self, key: SortKey) -> None:
        """Sort by this, or the other way round."""
        ...


def palette(
    commands: Sequence[Command],
    themes: Iterable[str],
    why_not: Callable[[Command], str],
    views: Iterable[SavedView],
    sort_keys: Iterable[SortKey],
) -> SearchDialog:
    """A dialog that answers with a command's id, or ``view:``, ``sort:`` or ``theme:`` and what is meant.

    ``why_not`` says in a phrase why a command cannot be used, empty if it can.
    """
    offered = [each for each in commands if each.id != ITSELF and not each.id.startswith(MOVING)]
    choices = [_choice(command, why_not(command)) for command in offered]
    choices += [Choice(f"{VIEW}{view.name}", f"View {view.name}", clean(title(view), 60)) for view in views]
    choices += [Choice(f"{SORT}{key.value}", f"Sort by {SORT_NAMES[key]}", "order") for key in sort_keys]
    choices += [Choice(f"{THEME}{name}", f"Theme {name}", "colours") for name in themes]
    return SearchDialog("Commands", choices)


def show_palette(
    app: App[Any],
    commands: Sequence[Command],
    start: BrowserStart,
    why_not: Callable[[Command], str],
    run: Callable[[str], None],
    arranges: Arranges | None,
) -> None:
    """Show the palette; ``run`` gets a chosen command's id, ``arranges`` a view or an order, a theme is applied."""
    themes = {} if start.no_color else load_themes(start.themes_folder).loaded
    views = {view.name: view for view in arranges.views()} if arranges is not None else {}

    def chosen(answer: str | None) -> None:
        what, sign, name = (answer or "").partition(":")
        if answer is None:
            return
        if what + sign == THEME:
            spec = themes[name]
            app.register_theme(textual_theme(spec))
            app.theme = spec.name
            if start.state_file is not None:
                start_worker(
                    app, WorkerGroup.VIEWS, partial(_keep_theme, app, start.state_file, name), name="Saving the theme"
                )
        elif what + sign == SORT and arranges is not None:
            arranges.sort_by(SortKey(name))
        elif what + sign == VIEW and arranges is not None:
            arranges.apply(views[name])
        else:
            run(answer)

    sort_keys = arranges.sort_keys if arranges is not None else ()
    app.push_screen(palette(commands, themes, why_not, views.values(), sort_keys), chosen)


async def _keep_theme(app: App[Any], state_file: StateFile, name: str) -> None:
    said = await asyncio.to_thread(state_file.save_theme, name)
    if said:
        app.notify(said, severity="warning", markup=False, timeout=8)


def _choice(command: Command, reason: str) -> Choice:
    if reason:
        return Choice(command.id, command.title, reason, label_style=TextStyle.DIM)
    return Choice(command.id, command.title, labels(command))
