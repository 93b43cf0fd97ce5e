"""Asks for the name of a file."""

from collections.abc import Sequence

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from walkme_tui.ui.dialogs.dialog import Dialog, key_foot
from walkme_tui.ui.widgets.ink import Ink
from walkme_tui.ui.widgets.lines import Lines

MAX_NAME = 1000


class FileNameDialog(Dialog[str]):
    """Answers with what was typed; ``suggested`` stands there at first."""

    def __init__(self, title: str, suggested: str, notes: Sequence[str] = ()) -> None:
        super().__init__([(title, Ink.STRONG)], key_foot(("Enter", "save"), ("Esc", "leave")))
        self._suggested = suggested
        self._notes = notes

    def middle(self) -> Sequence[Widget]:
        """The box, and what there is to say about it."""
        box = Input(self._suggested, id="file-name", compact=True, max_length=MAX_NAME, select_on_focus=False)
        box.cursor_blink = False
        return [box, Lines(id="notes")]

    def fill(self) -> None:
        """Typing goes to the box."""
        self.query_one("#notes", Lines).set_lines([[(note, Ink.DIM)] for note in self._notes])
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Close with the name, if there is one."""
        if event.value.strip():
            self.dismiss(event.value.strip())
