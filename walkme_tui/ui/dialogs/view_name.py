"""The dialog that asks for the name of a view to save."""

from collections.abc import Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped

WIDTH = 64
"""The inner width of the dialog on a screen of 80 cells."""


class ViewNameDialog(Dialog[str]):
    """Returns a valid name; ``check`` returns a message about a name and whether it is valid.

    ``name`` is the initial text.
    """

    def __init__(self, text: str, check: Callable[[str], tuple[str, bool]], name: str = "") -> None:
        super().__init__([("Save this view as", TextStyle.STRONG)], footer_keys(("Enter", "save"), ("Esc", "cancel")))
        self._text = text
        self._check = check
        self._suggested = name
        self._input = TextInput(mark="@", id="view-name")
        self._input.on_edit = self._show_message

    def body(self) -> Sequence[Widget]:
        """The input and the message about the name."""
        return [self._input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._input.set_text(self._suggested)
        self._show_message(self._suggested)
        self.set_focus(self._input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns a valid name."""
        return {"enter": self._take}

    def _show_message(self, name: str) -> None:
        message, valid = self._check(name) if name else ("Use letters, digits and - _ .", True)
        what = clean(self._text, 200) or "all users, in this order"
        notes = [*wrapped(what, WIDTH, TextStyle.DIM)]
        notes += wrapped(message, WIDTH, TextStyle.DIM if valid else TextStyle.WARN)
        self.query_one("#notes", ScrollingText).set_lines(notes)

    def _take(self) -> None:
        if self._input.text and self._check(self._input.text)[1]:
            self.dismiss(self._input.text)
