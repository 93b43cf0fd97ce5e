"""A list to choose one thing from, with a box to narrow it down where it is long."""

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
    """One line to choose: ``answer`` is what comes back, ``label`` and ``note`` are clean text."""

    answer: str
    label: str
    note: str = ""
    style: TextStyle = TextStyle.DIM
    label_style: TextStyle = TextStyle.PLAIN


class ChoiceList(RowList[Choice]):
    """The choices, each with its note at the right."""

    def key(self, row: Choice) -> Hashable:
        """Choices are told apart by their answer."""
        return row.answer

    def line(self, row: Choice, width: int) -> StyledText:
        """Label and note."""
        note = words.cut(row.note, int(width * NOTE_SHARE))
        room = width - len(note) - 2
        return [(words.fit(row.label, room), row.label_style), (words.fit_right(note, width - room), row.style)]


class ChoiceDialog(Dialog[str]):
    """Answers with the ``answer`` of what was chosen."""

    def __init__(self, title: str, choices: Sequence[Choice], current: str | None = None) -> None:
        super().__init__([(title, TextStyle.STRONG)], footer_keys(("Enter", "take"), ("Esc", "leave")))
        self._choices = choices
        self._current = current
        self._list = ChoiceList(id="choices")

    def middle(self) -> Sequence[Widget]:
        """The list."""
        return [self._list]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Move, and take."""
        return {"enter": self.take, **movement_keys(self._list)}

    def fill(self) -> None:
        """Fill the list and put the cursor on what holds now."""
        self._list.show(self._choices)
        if self._current is not None:
            self._list.select(self._current)
        self.set_focus(self._list)

    @on(RowList.Opened)
    def take(self) -> None:
        """Close with the answer under the cursor."""
        if self._list.current is not None and self.is_current:
            self.dismiss(self._list.current.answer)


class SearchDialog(ChoiceDialog):
    """The same with a box: what is typed narrows the list."""

    LARGE: ClassVar[bool] = True

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__(title, choices)
        self._box = TextInput(prompt="type to narrow down", id="choice-filter")
        self._box.typed = self._narrow

    def middle(self) -> Sequence[Widget]:
        """The box over the list."""
        return [self._box, self._list]

    def fill(self) -> None:
        """Typing goes to the box, movements to the list."""
        super().fill()
        self._list.cursor_always_active = True
        self.set_focus(self._box)

    def _narrow(self, text: str) -> None:
        """Keep the choices that have every word that was typed."""
        wanted = search_words(text)
        self._list.show([choice for choice in self._choices if _has(choice, wanted)])
        self._list.move_to(0)


def _has(choice: Choice, wanted: Sequence[str]) -> bool:
    key = search_key(f"{choice.label} {choice.note} {choice.answer}")
    return all(word in key for word in wanted)
