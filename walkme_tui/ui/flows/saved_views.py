"""Saving a filter under a name, and forgetting one."""

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

NOTHING_KEPT: Final = "The demo remembers nothing: views can be saved in an account of your own."


async def save_view(view: "FlowContext", origin: "Origin", kept: Preferences, now: SavedView) -> None:
    """Ask for a name and keep what is shown under it; one that could not be kept can be tried again."""
    if kept.memory is None:
        view.app.notify(NOTHING_KEPT, markup=False)
        return
    if not now.text.strip() and now.sort is None and not now.hide_inactive:
        view.app.notify("There is nothing to save: filter or sort the users first.", markup=False)
        return
    known = await kept.read_views()
    name: str | None = ""
    while name is not None:
        dialog = ViewNameDialog(now.text, lambda typed: _what_it_means(typed, known), name)
        name = await origin.show(dialog, "The name of the view can be given")
        if name is None:
            return
        said = await asyncio.to_thread(kept.memory.save_view, now._replace(name=name))
        if not said:
            view.app.notify(f"Saved. walkme-tui {SIGN}{name} begins with it.", markup=False, timeout=5)
            await kept.read_views()
            return
        view.app.notify(said, severity="warning", markup=False, timeout=8)


async def delete_view(view: "FlowContext", origin: "Origin", kept: Preferences) -> None:
    """Let the person choose a saved view and forget it."""
    saved = [each for each in await kept.read_views() if each not in BUILT_IN]
    if kept.memory is None or not saved:
        view.app.notify("No view was saved yet.", markup=False)
        return
    choices = [Choice(each.name, each.name, clean(title(each), 60)) for each in saved]
    name = await origin.show(ChoiceDialog("Forget a saved view", choices), "The saved views are read")
    if name is not None:
        said = await asyncio.to_thread(kept.memory.delete_view, name)
        view.app.notify(said or f"{name} is forgotten.", severity="warning" if said else "information", markup=False)
        await kept.read_views()


def _what_it_means(name: str, known: "Sequence[SavedView]") -> tuple[str, bool]:
    """What to say of a name while it is typed, and whether it can be taken."""
    refused = why_name_refused(name)
    if refused:
        return refused, False
    taken = find_view(name, known)
    if taken is not None and taken not in BUILT_IN:
        return f"{taken.name} exists and is replaced: {clean(title(taken), 60)}", True
    return "", True
