"""Lists to choose from, with a search input where they are long."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.widget import Widget

from walkme_tui.domain.text import search_key, search_words
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

NOTE_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry: ``answer`` is the result of the dialog, ``label`` and ``note`` are clean text."""

    answer: str
    label: str
    note: str = ""
    note_style: TextStyle = TextStyle.DIM
    label_style: TextStyle = TextStyle.PLAIN


class ChoiceList(RowList[Choice]):
    """The entries, each with its note at the right."""

    def key(self, row: Choice) -> Hashable:
        """The answer identifies an entry."""
        return row.answer

    def line(self, row: Choice, width: int) -> StyledText:
        """Label and note."""
        note = words.cut(row.note, int(width * NOTE_SHARE))
        label_width = width - len(note) - 2
        return [
            (words.fit(row.label, label_width), row.label_style),
            (words.fit_right(note, width - label_width), row.note_style),
        ]


class ChoiceDialog(Dialog[str]):
    """Returns the ``answer`` of the chosen entry; ``HINTS`` are the keys in the footer."""

    HINTS: ClassVar[Sequence[tuple[str, str]]] = (("Enter", "select"), ("Esc", "cancel"))

    def __init__(
        self, title: str, choices: Sequence[Choice], current: str | None = None, right: StyledText = ()
    ) -> None:
        super().__init__([(title, TextStyle.STRONG)], footer_keys(*self.HINTS), right)
        self._choices = choices
        self._current = current
        self._list = ChoiceList(id="choices")

    def body(self) -> Sequence[Widget]:
        """The list."""
        return [self._list]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter chooses; the movement keys move the cursor."""
        return {"enter": self.choose, **movement_keys(self._list)}

    def fill(self) -> None:
        """Fill the list and put the cursor on the current entry."""
        self._list.show(self._choices)
        if self._current is not None:
            self._list.select(self._current)
        self.set_focus(self._list)

    @on(RowList.Opened)
    def choose(self) -> None:
        """Return the entry under the cursor."""
        if self._list.current is not None and self.is_current:
            self.dismiss(self._list.current.answer)


class SearchDialog(ChoiceDialog):
    """A list with a search input above it."""

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(self, title: str, choices: Sequence[Choice], current: str | None = None) -> None:
        super().__init__(title, choices, current)
        self._input = TextInput(prompt="type to search", id="choice-filter")
        self._input.on_edit = self._search

    def body(self) -> Sequence[Widget]:
        """The input and the list."""
        return [self._input, self._list]

    def fill(self) -> None:
        """Text goes to the input, movement keys to the list."""
        super().fill()
        self._list.cursor_always_active = True
        self._list.set_empty_text("No entry has these words.")
        self.set_focus(self._input)

    def _search(self, text: str) -> None:
        """Show the entries that contain every word of ``text``."""
        wanted = search_words(text)
        self._list.show([choice for choice in self._choices if _has(choice, wanted)])
        self._list.move_to(0)


def _has(choice: Choice, wanted: Sequence[str]) -> bool:
    key = search_key(f"{choice.label} {choice.note} {choice.answer}")
    return all(word in key for word in wanted)
