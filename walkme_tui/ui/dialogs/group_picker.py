"""The dialog that picks the groups that users join and leave."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.plans import Consequence, Gravity
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.dialogs.confirmation import (
    LARGE_FRAME,
    SHORT_SCREEN,
    account_mark,
    available_lines,
    inner_width,
)
from walkme_tui.ui.dialogs.dialog import movement_keys
from walkme_tui.ui.dialogs.editor import EditorDialog
from walkme_tui.ui.group_choice import GroupChoice
from walkme_tui.ui.widgets.group_choice_list import GroupChoiceList
from walkme_tui.ui.widgets.immediate_paint import paint_now
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

LIST_LINES: Final = 4
"""The heading and the rows that the list keeps when the consequences are long."""
INPUT_LINES: Final = 1

Judge = Callable[[GroupChoice], Sequence[Consequence]]


class GroupPicker(EditorDialog[GroupChoice]):
    """Returns the choice, None if it was left.

    Text goes to the filter, Space chooses for the group under the cursor. ``judge`` returns the consequences of a
    choice, ``save_word`` is what F2 does with it, and with ``can_review`` F3 shows the plan of it; ``exact``: the
    numbers of members are complete.
    """

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(
        self,
        title: str,
        choice: GroupChoice,
        account: Account,
        *,
        judge: Judge,
        exact: bool,
        save_word: str = "save",
        can_review: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__([(title, TextStyle.STRONG)], account_mark(account), account, monotonic)
        self._judge = judge
        self._save_word = save_word
        self._can_review = can_review
        self._are_cut = False
        self._only_changes = False  # on a small screen they need the lines of the list before they are sent
        self._before = {} if choice.users else choice.edits  # a new user's choice may be opened again
        self._input = TextInput(prompt="type to filter", id="choice-filter")
        self._input.on_edit = self._filter
        self._list = GroupChoiceList(choice, exact=exact)
        self._changes = ScrollingText(id="group-changes", can_focus=False)

    @property
    def choice(self) -> GroupChoice:
        """What was chosen so far."""
        return self._list.choice

    def body(self) -> Sequence[Widget]:
        """The filter, the groups, and what a save would send."""
        return [self._input, self._list, self._changes]

    def fill(self) -> None:
        """Text goes to the filter, movement keys to the list."""
        self._list.cursor_always_active = True
        self._list.filter("")
        self.set_focus(self._input)
        self._write()

    @on(events.Resize)
    def fit_again(self) -> None:
        """Wrap the texts again."""
        self._write()

    @on(events.DescendantFocus)
    def update_keys(self) -> None:
        """Show the keys for the new focus."""
        self._write_footer()

    # ------------------------------------------------------------ writing

    def _write(self) -> None:
        height = self.app.size.height
        short = height < SHORT_SCREEN
        self.query("#frame").set_class(short, "short")
        lines = _change_lines(self.choice, self._judge(self.choice), inner_width(self.app.size.width, LARGE_FRAME) - 1)
        around = 0 if self._only_changes else LIST_LINES + INPUT_LINES
        available = available_lines(height, around - (2 if short else 0))
        self._are_cut = len(lines) > available
        if self._only_changes:
            lines.insert(0, [("This will be sent. F2 again, or Enter, saves it.", TextStyle.WARN)])
        self._changes.styles.height = min(len(lines), available)
        self._changes.set_lines(lines)
        self._list.display = self._input.display = not self._only_changes
        self._write_footer()

    def _show_only_changes(self, only: bool) -> None:
        """Show all that a save sends in place of the list, or the list again."""
        self._only_changes = only
        self._write()
        self.set_focus(self.save_button if only else self._input)

    def _write_footer(self) -> None:
        if self.focused is self.save_button:
            keys = [("Enter", self._save_word), ("Esc", "back" if self._only_changes else "leave")]
        elif self.focused is self.cancel_button:
            keys = [("Enter", "leave"), ("F2", self._save_word)]
        else:
            review = [("F3", "plan")] if self._can_review else []
            keys = [("Space", "choose"), ("F2", self._save_word), *review, ("Esc", "leave")]
        self.write_keys(keys)

    def _filter(self, text: str) -> None:
        self._list.filter(text)

    # ------------------------------------------------------------ keys

    def process_key(self, event: events.Key) -> bool:
        """Space chooses also while the filter has the focus; Esc clears the filter first."""
        taken = self._pending_keys is None and self.focused is self._input and self._process_list_key(event)
        taken = taken or super().process_key(event)
        if self.is_current:
            paint_now(self._input, self._list)
        return taken

    def _process_list_key(self, event: events.Key) -> bool:
        if event.key == "space":
            self.toggle()
        elif event.key == "escape" and self._input.text:
            self._input.edit("", 0)
        elif event.key in {"home", "end"} and not self._input.text:
            self.keys()[event.key]()
        else:
            return False
        return True

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Move, choose, save; the buttons."""
        return {
            **movement_keys(self._changes if self._only_changes else self._list),
            "space": self.press,
            "enter": self.press,
            "tab": partial(self._move, 1),
            "shift+tab": partial(self._move, -1),
            "f2": self.save_now,
            **({"f3": self.save_for_review} if self._can_review else {}),
        }

    def _move(self, by: int) -> None:
        stops: list[Widget] = [self.save_button, self.cancel_button]
        if not self._only_changes:
            stops.insert(0, self._input)
        place = stops.index(self.focused) if self.focused in stops else 0
        self.set_focus(stops[(place + by) % len(stops)])

    def go_to_next(self) -> None:
        """Go from the filter to the button that saves."""
        self.set_focus(self.save_button)

    @on(RowList.Opened)
    def toggle(self) -> None:
        """Choose what the group under the cursor is used for."""
        if self._list.toggle():
            self._write()

    # ------------------------------------------------------------ the end

    @property
    def is_changed(self) -> bool:
        """True if another choice was made."""
        return self.choice.edits != self._before

    def save(self) -> None:
        """Return the choice, once all that it changes was shown."""
        if not self.is_current:
            return
        if not self.is_changed and self.choice.users:
            self._changes.set_lines([[("Nothing was chosen: there is nothing to send.", TextStyle.WARN)]])
        elif self._are_cut and not self._only_changes:
            self._show_only_changes(True)
        else:
            self.dismiss(self.choice)

    def leave(self) -> None:
        """Leave the dialog; ask before what was chosen is discarded."""
        if not self.is_current:
            return
        if self._only_changes:
            self._show_only_changes(False)
            return
        if not self.is_changed:
            self.discard()
            return
        chosen = words.count(len(self.choice.edits), "group was", "groups were")
        self.ask_before_discarding(f"{chosen} chosen.", "Nothing was sent.", answer="discard the choice")


def _change_lines(choice: GroupChoice, consequences: Sequence[Consequence], width: int) -> list[StyledText]:
    """The joins, the leaves and the consequences."""
    if not choice.edits:
        return [[("Nothing is chosen.", TextStyle.DIM)]]
    lines: list[StyledText] = []
    for mark, groups, style in (("+ ", choice.joins, TextStyle.GOOD), ("- ", choice.leaves, TextStyle.WARN)):
        if groups:
            names = ", ".join(clean(group.label, MAX_SENTENCE) for group in groups)
            lines += wrapped(names, width, style, mark)
    for each in sorted(consequences, key=lambda each: each.gravity is not Gravity.WARNING):
        warns = each.gravity is Gravity.WARNING
        text = clean(each.text, MAX_SENTENCE)
        lines += wrapped(text, width, TextStyle.WARN if warns else TextStyle.DIM, "! " if warns else "  ")
    return lines
