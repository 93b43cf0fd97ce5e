"""The dialog that asks for the name of a file."""

from collections.abc import Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle


class FileNameDialog(Dialog[str]):
    """Returns the name that was typed; ``suggested`` is the initial text."""

    def __init__(self, title: str, suggested: str, notes: Sequence[str] = ()) -> None:
        super().__init__([(title, TextStyle.STRONG)], footer_keys(("Enter", "save"), ("Esc", "cancel")))
        self._suggested = suggested
        self._notes = notes
        self._input = TextInput(id="file-name")

    def body(self) -> Sequence[Widget]:
        """The input and the notes."""
        return [self._input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Write the notes and focus the input."""
        self._input.set_text(self._suggested)
        self.query_one("#notes", ScrollingText).set_lines([[(note, TextStyle.DIM)] for note in self._notes])
        self.set_focus(self._input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns the name."""
        return {"enter": self._take}

    def _take(self) -> None:
        if self._input.text.strip():
            self.dismiss(self._input.text.strip())
