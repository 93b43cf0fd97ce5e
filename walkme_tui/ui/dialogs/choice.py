"""A list to choose one thing from, with a box to narrow it down where it is long."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from walkme_tui.domain.text import search_key, search_words
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, key_foot, moves
from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.line_list import LineList

NOTE_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose: ``answer`` is what comes back, ``label`` and ``note`` are clean text."""

    answer: str
    label: str
    note: str = ""
    ink: Ink = Ink.DIM
    label_ink: Ink = Ink.PLAIN


class ChoiceList(LineList[Choice]):
    """The choices, each with its note at the right."""

    def key(self, row: Choice) -> Hashable:
        """Choices are told apart by their answer."""
        return row.answer

    def line(self, row: Choice, width: int) -> Line:
        """Label and note."""
        note = words.cut(row.note, int(width * NOTE_SHARE))
        room = width - len(note) - 2
        return [(words.fit(row.label, room), row.label_ink), (words.fit_right(note, width - room), row.ink)]


class ChoiceDialog(Dialog[str]):
    """Answers with the ``answer`` of what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", show=False), *moves(letters=True)]

    def __init__(self, title: str, choices: Sequence[Choice], current: str | None = None) -> None:
        super().__init__([(title, Ink.STRONG)], key_foot(("Enter", "take"), ("Esc", "leave")))
        self._choices = choices
        self._current = current

    def middle(self) -> Sequence[Widget]:
        """The list."""
        return [ChoiceList(id="choices")]

    def fill(self) -> None:
        """Fill the list and put the cursor on what holds now."""
        choices = self.query_one(ChoiceList)
        choices.show(self._choices)
        if self._current is not None:
            choices.select(self._current)
        choices.focus()

    def action_move(self, action: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(ChoiceList), f"action_{action}")()

    def action_choose(self) -> None:
        """Take the row under the cursor."""
        self.query_one(ChoiceList).action_open()

    @on(LineList.Opened)
    def answer(self) -> None:
        """Close with the answer."""
        chosen = self.query_one(ChoiceList).current
        if chosen is not None:
            self.dismiss(chosen.answer)


class SearchDialog(ChoiceDialog):
    """The same with a box: what is typed narrows the list."""

    BINDINGS: ClassVar[list[BindingType]] = moves(letters=False)
    LARGE: ClassVar[bool] = True

    def middle(self) -> Sequence[Widget]:
        """The box over the list."""
        box = Input(id="choice-filter", compact=True, placeholder="type to narrow down")
        box.cursor_blink = False
        return [box, ChoiceList(id="choices")]

    def fill(self) -> None:
        """Typing goes to the box."""
        super().fill()
        self.query_one(ChoiceList).keys_elsewhere = True
        self.query_one(Input).focus()

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Keep the choices that have every word that was typed."""
        wanted = search_words(event.value)
        choices = self.query_one(ChoiceList)
        choices.show([choice for choice in self._choices if _has(choice, wanted)])
        choices.move_to(0)

    @on(Input.Submitted)
    def take(self) -> None:
        """Enter in the box takes the row under the cursor."""
        self.action_choose()


def _has(choice: Choice, wanted: Sequence[str]) -> bool:
    key = search_key(f"{choice.label} {choice.note} {choice.answer}")
    return all(word in key for word in wanted)
