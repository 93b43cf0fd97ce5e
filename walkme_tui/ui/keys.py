"""The keys of the commands, with the user's own bindings, and the protocols of screens that handle them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from walkme_tui.config.key_names import textual_key
from walkme_tui.domain.commands import COMMANDS, Command

if TYPE_CHECKING:
    from textual.events import Key

MOUSE: Final = "mouse"
"""Used in place of a command id for a mouse button or the wheel."""


@runtime_checkable
class ProcessesKeys(Protocol):
    """A screen that handles some keys before they are looked up as commands."""

    def process_key(self, event: "Key") -> bool:
        """Act on the key; False if it is not handled here."""
        ...


@runtime_checkable
class RunsCommands(Protocol):
    """A whole screen; dialogs have keys of their own."""

    def run_command(self, command_id: str) -> None:
        """Run a command."""
        ...


@runtime_checkable
class ShowsView(Protocol):
    """A screen whose commands act on what it shows, which may not be loaded yet."""

    def types(self, event: "Key") -> bool:
        """True if the key types into a text; such a key waits for nothing."""
        ...

    def pending(self, command_id: str) -> str:
        """What a command (or ``MOUSE``) has to wait for; empty if it can run now."""
        ...

    def show_waiting(self, text: str) -> None:
        """Show what is waited for; empty: nothing."""
        ...


def bound(keymap: Mapping[str, tuple[str, ...]]) -> tuple[Command, ...]:
    """The commands with the user's own keys; a key that is bound to one command is removed from all others."""
    taken = {key for keys in keymap.values() for key in keys}
    return tuple(
        command._replace(keys=keymap[command.id])
        if command.id in keymap
        else command._replace(keys=tuple(key for key in command.keys if key not in taken))
        for command in COMMANDS
    )


def labels(command: Command) -> str:
    """All keys of a command for display: ``g Home``; empty for one without a key."""
    return " ".join(command.keys)


def pairs(commands: Iterable[Command]) -> Iterator[tuple[str, Command]]:
    """Every key, by its Textual name, with its command."""
    for command in commands:
        for key in command.keys:
            yield textual_key(key), command
