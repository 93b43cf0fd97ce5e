"""Saving a filter under a name, and forgetting one."""

from typing import TYPE_CHECKING, Final

from walkme_tui.domain.text import clean
from walkme_tui.domain.views import BUILT_IN, SIGN, SavedView, find_view, title, why_name_refused
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.view_name import ViewNameDialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from walkme_tui.services.browsing import Memory
    from walkme_tui.ui.flows.view import View

NOTHING_KEPT: Final = "The demo remembers nothing: views can be saved in an account of your own."


async def save_view(view: "View", memory: "Memory | None", now: SavedView) -> None:
    """Ask for a name and keep what is shown under it."""
    if memory is None:
        view.app.notify(NOTHING_KEPT, markup=False)
        return
    if not now.text.strip() and now.sort is None and not now.hide_inactive:
        view.app.notify("There is nothing to save: filter or sort the users first.", markup=False)
        return
    known = memory.views()
    name = await view.app.push_screen_wait(ViewNameDialog(now.text, lambda name: _what_it_means(name, known)))
    if name is None:
        return
    said = memory.save_view(now._replace(name=name))
    if said:
        view.app.notify(said, severity="warning", markup=False, timeout=8)
    else:
        view.app.notify(f"Saved. walkme-tui {SIGN}{name} begins with it.", markup=False, timeout=5)


async def delete_view(view: "View", memory: "Memory | None") -> None:
    """Let the person choose a saved view and forget it."""
    saved = [] if memory is None else [each for each in memory.views() if each not in BUILT_IN]
    if memory is None or not saved:
        view.app.notify("No view was saved yet.", markup=False)
        return
    choices = [Choice(each.name, each.name, clean(title(each), 60)) for each in saved]
    name = await view.app.push_screen_wait(ChoiceDialog("Forget a saved view", choices))
    if name is not None:
        said = memory.delete_view(name)
        view.app.notify(said or f"{name} is forgotten.", severity="warning" if said else "information", markup=False)


def _what_it_means(name: str, known: "Sequence[SavedView]") -> tuple[str, bool]:
    """What to say of a name while it is typed, and whether it can be taken."""
    refused = why_name_refused(name)
    if refused:
        return refused, False
    taken = find_view(name, known)
    if taken is not None and taken not in BUILT_IN:
        return f"{taken.name} exists and is replaced: {clean(title(taken), 60)}", True
    return "", True
