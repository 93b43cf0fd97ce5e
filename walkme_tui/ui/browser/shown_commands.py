"""Which command a key runs on the tab and the list that are shown."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.commands import Command
from walkme_tui.ui.arrangement import Tab

PAIR_COMMANDS: Final = {"user.compare": "pair.show", "users.export": "pairs.export", "user.bulk": "pairs.adopt"}
"""What the keys of these commands do on the Reconcile tab."""
GROUP_COMMANDS: Final = {"user.new": "group.new", "user.edit": "group.edit", "user.delete": "group.delete"}
"""What the keys of these commands do on the list of groups."""


def hinted(commands: Sequence[Command]) -> list[Command]:
    """The commands with the keys that run them: those of pairs have none of their own."""
    keys = {each.id: each.keys for each in commands}
    shared = {own: keys[other] for other, own in PAIR_COMMANDS.items()}
    return [each._replace(keys=shared.get(each.id, each.keys)) for each in commands]


def shown_command(command_id: str, tab: Tab, *, changes_groups: bool) -> str:
    """The command that the key of ``command_id`` runs on this tab, or on the list of groups."""
    if command_id == "job.pause" and tab is not Tab.JOBS:
        command_id = "crawl.pause"  # one key pauses the job on the Jobs tab and the crawl elsewhere
    if changes_groups:
        command_id = GROUP_COMMANDS.get(command_id, command_id)
    return PAIR_COMMANDS.get(command_id, command_id) if tab is Tab.RECONCILE else command_id
