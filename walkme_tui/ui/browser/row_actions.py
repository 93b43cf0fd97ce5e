"""What follows the cursor of each list of rows, and what Enter does there."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.ui.arrangement import Pane

if TYPE_CHECKING:
    from walkme_tui.ui.browser.screen import BrowserScreen


def _run(command_id: str, browser: "BrowserScreen") -> None:
    from walkme_tui.ui.browser.actions import ACTIONS

    ACTIONS[command_id](browser)


def _show_request(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.dialogs.request import RequestDialog
    from walkme_tui.ui.flows.copy import copy_request

    record = browser.area.requests.current
    if record is not None:
        browser.app.push_screen(RequestDialog(record, partial(copy_request, browser, record)))


def _go_to_pairs(browser: "BrowserScreen") -> None:
    if Pane.PAIRS in browser.area.shown:
        browser.area.focus_pane(Pane.PAIRS)


FOLLOWING: Final[Mapping[str | None, Callable[["BrowserScreen"], None]]] = {
    "requests": lambda _: None,
    "groups": lambda browser: browser.area.groups_tab.follow(),
    "classes-list": lambda browser: browser.area.reconcile_tab.follow_class(),
    "pairs-list": lambda browser: browser.area.reconcile_tab.follow_pair(),
    "jobs": lambda browser: browser.area.jobs_tab.follow(),
}
"""By the id of a list, whose cursor the position shows."""

OPENING: Final[Mapping[str | None, Callable[["BrowserScreen"], None]]] = {
    "requests": _show_request,
    "groups": partial(_run, "user.groups"),
    "classes-list": _go_to_pairs,
    "pairs-list": partial(_run, "pair.show"),
    "jobs": partial(_run, "job.receipt"),
}
"""By the id of a list."""
