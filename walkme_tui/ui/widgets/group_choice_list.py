"""The list of groups to join and to leave."""

from collections.abc import Hashable
from typing import Final

from textual import events

from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.text import clean, search_key
from walkme_tui.ui import words
from walkme_tui.ui.group_choice import GroupChoice, GroupEdit
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle

MAX_NAME: Final = 200
MARK_CELLS: Final = 4
SOME_CELLS: Final = 12


class GroupChoiceList(RowList[GroupSize]):
    """Groups, each with its mark (``+`` join, ``-`` leave, ``✓`` member) and its number of members.

    The number is a lower bound unless ``exact``.
    """

    HEADING_LINES = 1

    def __init__(self, choice: GroupChoice, *, exact: bool) -> None:
        super().__init__(id="choices")
        self.choice = choice
        self._exact = exact
        self._by_folded: list[tuple[str, GroupSize]] = []

    def filter(self, text: str) -> None:
        """Show the groups whose name or id contains ``text``, without regard to spaces, case and accents."""
        if not self._by_folded:
            groups = self.choice.groups
            self._by_folded = [(f"{_folded(each.group.name or '')} {_folded(each.group.id)}", each) for each in groups]
        wanted = _folded(text)
        self.show([size for folded, size in self._by_folded if wanted in folded])
        self.set_empty_text(f"None of the {words.number(len(self.choice.groups))} groups has “{clean(text, 60)}”.")
        if text:
            self.move_to(0)

    def toggle(self) -> bool:
        """Choose the next edit of the group under the cursor; False if there is none."""
        if self.current is None:
            return False
        self.choice = self.choice.toggled(self.current.group.id)
        self.refresh_line(self.cursor)
        return True

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row and choose the next edit of its group."""
        index = self.row_at(event.y)
        if index is not None:
            self.move_to(index)
            self.action_open()

    def key(self, row: GroupSize) -> Hashable:
        """The id of the group."""
        return row.group.id

    def heading(self, width: int) -> StyledText:
        """The headings of the columns."""
        return [(f"{' ' * MARK_CELLS}GROUP{words.fit_right('MEMBERS', max(0, width - MARK_CELLS - 5))}", TextStyle.DIM)]

    def line(self, row: GroupSize, width: int) -> StyledText:
        """Mark, name, how many of several users are in the group, and its number of members."""
        exact = self._exact or row.read_at_ms is not None
        number = f"{'' if exact else '≥ '}{words.number(row.known_members)}"
        members = self.choice.members.get(row.group.id, 0)
        some = f"{words.number(members)} of {words.number(self.choice.users)}" if self._shows_some(members) else ""
        some_width = SOME_CELLS if self.choice.users > 1 else 0
        room = max(0, width - MARK_CELLS - some_width - max(8, len(number) + 1))
        style = TextStyle.PLAIN if row.group.name else TextStyle.DIM
        return [
            self._mark(row.group.id, members),
            (words.fit(clean(row.group.label, MAX_NAME), room), style),
            (words.fit_right(some, some_width), TextStyle.DIM),
            (words.fit_right(number, width - MARK_CELLS - room - some_width), TextStyle.DIM),
        ]

    def _shows_some(self, members: int) -> bool:
        return 0 < members < self.choice.users

    def _mark(self, group_id: str, members: int) -> StyledSpan:
        edit = self.choice.edits.get(group_id)
        if edit is GroupEdit.JOIN:
            return (" +  ", TextStyle.GOOD)
        if edit is GroupEdit.LEAVE:
            return (" -  ", TextStyle.WARN)
        if members:
            return (" ✓  " if members == self.choice.users else " ~  ", TextStyle.ACCENT)
        return (" ?  " if self.choice.unknown else "    ", TextStyle.DIM)


def _folded(text: str) -> str:
    return search_key(text).replace(" ", "")
