"""The dialog for the name of a group to create or to rename."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.validation import Severity, check
from walkme_tui.ui.dialogs.confirmation import account_mark
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

WIDTH: Final = 64
"""The inner width of the dialog on a screen of 80 cells."""
NEXT: Final = "The plan is shown next, before anything is sent."


class GroupNameDialog(Dialog[str]):
    """Returns a name that can be sent; ``name`` is the initial text, ``problem`` why the last one was not taken.

    ``taken`` are the names of the other groups, as far as they are known.
    """

    def __init__(self, title: str, account: Account, name: str, taken: Collection[str], problem: str = "") -> None:
        super().__init__(
            [(title, TextStyle.STRONG)], footer_keys(("Enter", "plan"), ("Esc", "cancel")), account_mark(account)
        )
        self._name_at_first = name
        self._taken = taken
        self._problem = problem
        self._input = TextInput(id="group-name")
        self._input.on_edit = self._edited

    def body(self) -> Sequence[Widget]:
        """The input and the notes about the name."""
        return [self._input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._input.set_text(self._name_at_first)
        self._write_notes()
        self.set_focus(self._input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns a name that can be sent."""
        return {"enter": self._take}

    def _edited(self, _text: str) -> None:
        self._problem = ""
        self._write_notes()

    def _write_notes(self) -> None:
        lines: list[StyledText] = [*wrapped(self._problem, WIDTH, TextStyle.WARN)] if self._problem else []
        name = self._input.text.strip()
        if name:
            for finding in check("group name", name):
                lines += wrapped(finding.text, WIDTH, TextStyle.WARN)
        if name in self._taken and not self._problem:
            lines += wrapped("A group has this name already.", WIDTH, TextStyle.WARN)
        self.query_one("#notes", ScrollingText).set_lines([*lines, *wrapped(NEXT, WIDTH, TextStyle.DIM)])

    def _take(self) -> None:
        name = self._input.text.strip()
        if all(finding.severity is not Severity.ERROR for finding in check("group name", name)):
            self.dismiss(name)
