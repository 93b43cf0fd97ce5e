"""Which command a key runs on the tab and the list that are shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.commands import Command
from walkme_tui.ui.arrangement import Tab

if TYPE_CHECKING:
    from walkme_tui.ui.browser.screen import BrowserScreen

PAIR_COMMANDS: Final = {"user.compare": "pair.show", "users.export": "pairs.export", "user.bulk": "pairs.adopt"}
"""What the keys of these commands do on the Reconcile tab."""
GROUP_COMMANDS: Final = {"user.new": "group.new", "user.edit": "group.edit", "user.delete": "group.delete"}
"""What the keys of these commands do on the list of groups."""


def hinted(commands: Sequence[Command]) -> list[Command]:
    """The commands with the keys that run them: those of pairs have none of their own."""
    keys = {each.id: each.keys for each in commands}
    shared = {own: keys[other] for other, own in PAIR_COMMANDS.items()}
    return [each._replace(keys=shared.get(each.id, each.keys)) for each in commands]


def shown_command(browser: "BrowserScreen", command_id: str) -> str:
    """The command that the key of ``command_id`` runs."""
    tab = browser.area.arrangement.tab
    if command_id == "job.pause" and tab is not Tab.JOBS:
        command_id = "crawl.pause"  # one key pauses the job on the Jobs tab and the crawl elsewhere
    if browser.changes_groups:
        command_id = GROUP_COMMANDS.get(command_id, command_id)
    return PAIR_COMMANDS.get(command_id, command_id) if tab is Tab.RECONCILE else command_id
