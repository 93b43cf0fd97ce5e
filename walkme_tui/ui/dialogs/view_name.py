"""Asks for the name of a view that is to be saved."""

from collections.abc import Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

WIDTH = 64
"""Cells that a line of the dialog has on a screen of 80."""


class ViewNameDialog(Dialog[str]):
    """Answers with a name that can be taken; ``judge`` says what a name means and whether it can.

    ``name`` stands there at first.
    """

    def __init__(self, text: str, judge: Callable[[str], tuple[str, bool]], name: str = "") -> None:
        super().__init__([("Save this view as", TextStyle.STRONG)], footer_keys(("Enter", "save"), ("Esc", "leave")))
        self._text = text
        self._judge = judge
        self._suggested = name
        self._box = TextInput(mark="@", id="view-name")
        self._box.typed = self._say

    def middle(self) -> Sequence[Widget]:
        """The box, and what the name means."""
        return [self._box, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Typing goes to the box."""
        self._box.put(self._suggested)
        self._say(self._suggested)
        self.set_focus(self._box)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Take the name, if it can be."""
        return {"enter": self._take}

    def _say(self, name: str) -> None:
        said, can_be = self._judge(name) if name else ("Letters, digits and - _ . make a name.", True)
        what = clean(self._text, 200) or "all users, in this order"
        notes: list[StyledText] = [[(line, TextStyle.DIM)] for line in words.wrap(what, WIDTH)]
        notes += [[(line, TextStyle.DIM if can_be else TextStyle.WARN)] for line in words.wrap(said, WIDTH)]
        self.query_one("#notes", ScrollingText).set_lines(notes)

    def _take(self) -> None:
        if self._box.text and self._judge(self._box.text)[1]:
            self.dismiss(self._box.text)
