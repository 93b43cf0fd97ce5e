"""The dialog that asks for the name of a file."""

from collections.abc import Callable, Mapping, Sequence

from textual import events, on
from textual.widget import Widget

from walkme_tui.ui.dialogs.confirmation import FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped


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
        self._write_notes()
        self.set_focus(self._input)

    @on(events.Resize)
    def _write_notes(self) -> None:
        width = inner_width(self.app.size.width, FRAME) - 1
        notes = self.query_one("#notes", ScrollingText)
        notes.set_lines([line for note in self._notes for line in wrapped(note, width, TextStyle.DIM)])

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns the name."""
        return {"enter": self._take}

    def _take(self) -> None:
        if self._input.text.strip():
            self.dismiss(self._input.text.strip())
