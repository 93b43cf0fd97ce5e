"""The dialog that asks for one value of a field."""

from collections.abc import Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.domain.validation import Severity, check
from walkme_tui.ui.dialogs.confirmation import FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped

MAX_SENTENCE = 400


class FieldValueDialog(Dialog[str]):
    """Returns a value for an attribute of ``User``; ``note`` is a sentence about it, ``done_word`` what Enter does."""

    def __init__(self, title: str, attribute: str, note: str, done_word: str) -> None:
        super().__init__([(title, TextStyle.STRONG)], footer_keys(("Enter", done_word), ("Esc", "cancel")))
        self._attribute = attribute
        self._note = note
        self.input = TextInput(id="field-value")
        self.input.on_edit = self._write

    def body(self) -> Sequence[Widget]:
        """The input and the notes."""
        return [self.input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._write("")
        self.set_focus(self.input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns the value."""
        return {"enter": self.take}

    def _write(self, value: str) -> None:
        notes = self.query_one("#notes", ScrollingText)
        width = inner_width(self.app.size.width, FRAME)
        lines = [*wrapped(self._note, width, TextStyle.DIM)]
        for finding in check(self._attribute, value) if value else ():
            style = TextStyle.BAD if finding.severity is Severity.ERROR else TextStyle.WARN
            lines += wrapped(clean(finding.text, MAX_SENTENCE), width, style, "! ")
        notes.set_lines(lines)

    def take(self) -> None:
        """Return the value, unless it cannot be sent."""
        value = self.input.text
        if not any(finding.severity is Severity.ERROR for finding in check(self._attribute, value)):
            self.dismiss(value)
