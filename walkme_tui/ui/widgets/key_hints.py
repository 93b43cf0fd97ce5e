"""The last line: useful keys, and the position of the cursor."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len

from walkme_tui.domain.commands import Command
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledSpan, TextStyle

GAP = "   "


class KeyHints(TextBar):
    """Keys with their words, and the position at the right."""

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__(id="hints")
        self._commands = {command.id: command for command in commands}
        self._ids: Sequence[str] = ()
        self._disabled: Collection[str] = ()
        self._position = ""

    def offer(self, command_ids: Sequence[str], disabled: Collection[str] = ()) -> None:
        """Show those of these commands that have a key and a hint, as far as they fit.

        ``disabled`` are those that are not available.
        """
        self._ids, self._disabled = command_ids, disabled
        self._fill()

    def show_position(self, text: str) -> None:
        """Show the cursor's row and the number of marks at the right; the keys get the remaining width."""
        self._position = text
        self._fill()

    def on_resize(self) -> None:
        """Show as many as fit now."""
        self._fill()

    def _fill(self) -> None:
        pieces: list[StyledSpan] = []
        room = self.size.width - cell_len(self._position) - 2
        commands = [self._commands[command_id] for command_id in self._ids if command_id in self._commands]
        for command in [command for command in commands if command.keys and command.hint]:
            key, word = command.keys[0], f" {command.hint}"
            before = GAP if pieces else " "
            room -= cell_len(before + key + word)
            if room < 0:
                break
            pieces += [
                (before, TextStyle.PLAIN),
                (key, TextStyle.DIM if command.id in self._disabled else TextStyle.ACCENT),
            ]
            pieces.append((word, TextStyle.DIM))
        self.write(pieces, [(f"{self._position} ", TextStyle.PLAIN)] if self._position else ())
