"""Saving the current view under a name, and deleting saved views."""

import asyncio
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.text import clean
from walkme_tui.domain.views import BUILT_IN, SIGN, SavedView, find_view, title, why_name_refused
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.view_name import ViewNameDialog
from walkme_tui.ui.flows.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.flows.origin import Origin

NOT_STORED: Final = "The demo stores nothing: views can be saved in a profile of your own."


async def save_view(view: "FlowContext", origin: "Origin", preferences: Preferences, current: SavedView) -> None:
    """Ask for a name and save the current view; after a failure, ask again."""
    if preferences.state_file is None:
        view.app.notify(NOT_STORED, markup=False)
        return
    if not current.text.strip() and current.sort is None and not current.hide_inactive:
        view.app.notify("There is nothing to save: filter or sort the users first.", markup=False)
        return
    known = await preferences.read_views()
    name: str | None = ""
    while name is not None:
        dialog = ViewNameDialog(current.text, lambda typed: _check_name(typed, known), name)
        name = await origin.show(dialog, "The name of the view can be entered")
        if name is None:
            return
        problem = await asyncio.to_thread(preferences.state_file.save_view, current._replace(name=name))
        if not problem:
            view.app.notify(f"Saved. walkme-tui {SIGN}{name} opens it.", markup=False, timeout=5)
            await preferences.read_views()
            return
        view.app.notify(problem, severity="warning", markup=False, timeout=8)


async def delete_view(view: "FlowContext", origin: "Origin", preferences: Preferences) -> None:
    """Ask which saved view to delete."""
    saved = [each for each in await preferences.read_views() if each not in BUILT_IN]
    if preferences.state_file is None or not saved:
        view.app.notify("No views are saved.", markup=False)
        return
    choices = [Choice(each.name, each.name, clean(title(each), 60)) for each in saved]
    name = await origin.show(ChoiceDialog("Delete a saved view", choices), "The saved views are read")
    if name is not None:
        problem = await asyncio.to_thread(preferences.state_file.delete_view, name)
        view.app.notify(
            problem or f"{name} was deleted.", severity="warning" if problem else "information", markup=False
        )
        await preferences.read_views()


def _check_name(name: str, known: "Sequence[SavedView]") -> tuple[str, bool]:
    """A message about a name while it is typed, and whether it is valid."""
    problem = why_name_refused(name)
    if problem:
        return problem, False
    taken = find_view(name, known)
    if taken is not None and taken not in BUILT_IN:
        return f"This replaces {taken.name}: {clean(title(taken), 60)}", True
    return "", True
