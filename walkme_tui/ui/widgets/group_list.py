"""The list of groups, with sets of users that are not a group below them."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from rich.cells import cell_len

from walkme_tui.domain.groups import Belonging, Difference, Group, GroupSize
from walkme_tui.domain.text import clean, search_key, search_words
from walkme_tui.ui import words
from walkme_tui.ui.widgets.pinned_list import PinnedList
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle

LEAST_COUNT_WIDTH: Final = 4
MAX_NAME: Final = 200
MARK: Final = "✓ "
NO_MARK: Final = "  "
COMPARED: Final = 2
"""The number of marked groups that can be compared."""


class Special(NamedTuple):
    """A set of users that is not a group; ``number`` is its size as shown."""

    subject: Belonging | Difference
    number: str


GroupRow: TypeAlias = GroupSize | Special

LABELS: Final[Mapping[Belonging, Sequence[str]]] = {
    Belonging.NONE: ("(in no group)", "(no group)"),
    Belonging.STILL_IN_GROUPS: ("(inactive, still in groups)", "(inactive in groups)", "(still in groups)"),
    Belonging.UNKNOWN: ("(groups unknown)", "(unknown)"),
}
NOTES: Final[Mapping[int, tuple[str, ...]]] = {
    0: ("",),
    1: ("mark one more to compare", "mark one more"),
    2: ("c shows who is in one only", "c compares"),
}
TOO_MANY: Final = ("unmark all but two to compare", "unmark all but two")


class GroupList(PinnedList[GroupRow]):
    """Groups by name with their number of members, a lower bound where not all memberships are known.

    Until the user moves the cursor it stays on the first row, even when the order changes.
    """

    HEADING_LINES = 1

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._all: Sequence[GroupSize] = ()
        self._special: Sequence[Special] = ()
        self._marks: dict[str, Group] = {}
        self._text = ""
        self._exact = False
        self._known = True
        self._count_width = LEAST_COUNT_WIDTH
        self._no_groups_text = ""

    # ------------------------------------------------------------ rows

    def fill(self, groups: Sequence[GroupSize], special: Sequence[Special], *, exact: bool, known: bool) -> None:
        """Show these; ``exact``: all memberships are known; not ``known``: none is."""
        self._all, self._special = groups, special
        look = (self._exact, self._known, self._count_width)
        self._exact, self._known = exact, known
        rows: list[GroupRow] = [*groups, *special]
        self._count_width = max([LEAST_COUNT_WIDTH, *[len(self._number(row)) + 1 for row in rows]])
        if (self._exact, self._known, self._count_width) != look:
            self.refresh()
        there = {size.group.id: size.group for size in groups}
        self._mark({group_id: there[group_id] for group_id in self._marks if group_id in there})
        self._show_kept()

    def filter(self, text: str) -> None:
        """Show the rows with every word of ``text`` in their name; groups also by id."""
        self._text = text
        self._show_kept()

    @property
    def total(self) -> int:
        """The number of groups, including those that the filter hides."""
        return len(self._all)

    @property
    def kept(self) -> int:
        """The number of groups that match the filter."""
        return self.scrolled

    def _show_kept(self) -> None:
        wanted = search_words(self._text)
        groups: Sequence[GroupSize] = self._all
        special: Sequence[Special] = self._special
        if wanted:
            groups = [row for row in groups if _has(f"{row.group.name or ''} {row.group.id}", wanted)]
            special = [row for row in special if _has(_label(row.subject, MAX_NAME), wanted)]
        self.show_parts(groups, special)
        self._update_empty_text()

    def set_empty_text(self, text: str) -> None:
        """Set the text for an empty list; while a filter hides all groups, a text on the filter is shown instead."""
        self._no_groups_text = text
        self._update_empty_text()

    def _update_empty_text(self) -> None:
        text = self._no_groups_text
        if self._all:
            number = words.number(len(self._all))
            text = f"None of the {number} groups has “{clean(self._text, 60)}”. Esc clears the filter."
        super().set_empty_text(text)

    # ------------------------------------------------------------ marks

    @property
    def marked(self) -> Sequence[Group]:
        """The marked groups, in the order of marking."""
        return tuple(self._marks.values())

    def toggle_mark(self) -> None:
        """Mark the group under the cursor, or remove the mark; other rows cannot be marked."""
        row = self.current
        if isinstance(row, GroupSize):
            kept = {group_id: group for group_id, group in self._marks.items() if group_id != row.group.id}
            self._mark(kept if row.group.id in self._marks else {**kept, row.group.id: row.group})

    def clear_marks(self) -> None:
        """Remove all marks."""
        self._mark({})

    def _mark(self, marks: dict[str, Group]) -> None:
        before, self._marks = self._marks, marks
        changed = before.keys() ^ marks.keys()
        if not changed:
            return
        for index, row in enumerate(self.rows):
            if isinstance(row, GroupSize) and row.group.id in changed:
                self.refresh_line(index)
        self.refresh_note()

    def note(self, width: int) -> str:
        """What can be done with the marks, in the longest text that fits."""
        notes = NOTES.get(len(self._marks), TOO_MANY)
        return next((text for text in notes if len(text) <= width), "")

    # ------------------------------------------------------------ one row

    def key(self, row: GroupRow) -> Hashable:
        """The id of a group, or the subject of another row."""
        return row.group.id if isinstance(row, GroupSize) else _key_of(row.subject)

    def select_subject(self, subject: Belonging | Difference) -> bool:
        """Put the cursor on the row of this set; False if there is none."""
        return self.select(_key_of(subject))

    def heading(self, width: int) -> StyledText:
        """The headings of the columns."""
        return [(f"{NO_MARK}GROUP{words.fit_right('MEMBERS', max(0, width - len(NO_MARK) - 5))} ", TextStyle.DIM)]

    def _index_of(self, row: GroupRow | None) -> int | None:
        return super()._index_of(row) if self.chosen else None

    def line(self, row: GroupRow, width: int) -> StyledText:
        """Mark, name and number."""
        room = max(0, width - len(NO_MARK) - self._count_width)
        if isinstance(row, GroupSize):
            name = (
                words.fit(clean(row.group.label, MAX_NAME), room),
                TextStyle.PLAIN if row.group.name else TextStyle.DIM,
            )
            mark: StyledSpan = (MARK, TextStyle.ACCENT) if row.group.id in self._marks else (NO_MARK, TextStyle.PLAIN)
        else:
            style = TextStyle.PLAIN if isinstance(row.subject, Difference) else TextStyle.DIM
            name, mark = (words.fit(_label(row.subject, room), room), style), (NO_MARK, TextStyle.PLAIN)
        # The margin is part of the number, not another span: this is painted for every page of a crawl.
        return [mark, name, (f"{words.fit_right(self._number(row), self._count_width)} ", TextStyle.DIM)]

    def _number(self, row: GroupRow) -> str:
        if isinstance(row, Special):
            return row.number
        number = words.number(row.known_members)
        if self._exact or row.read_at_ms is not None:
            return number
        return f"≥ {number}" if self._known else "?"


def _key_of(subject: Belonging | Difference) -> Hashable:
    return ("special", subject)


def _label(subject: Belonging | Difference, room: int) -> str:
    """The clean name of a row in at most ``room`` cells."""
    if isinstance(subject, Difference):
        return _difference_label(clean(subject.group.label, MAX_NAME), clean(subject.other.label, MAX_NAME), room)
    labels = LABELS[subject]
    return next((label for label in labels if len(label) <= room), labels[-1])


def _difference_label(name: str, other: str, room: int) -> str:
    """``Sales, not Beta``; where that does not fit, both names are cut, the longer one first."""
    between = ", not "
    left = room - len(between)
    first, second = cell_len(name), cell_len(other)
    if first + second > left:
        first = min(first, max(left // 2, left - second))
        second = left - first
    return f"{words.cut(name, first)}{between}{words.cut(other, second)}"


def _has(text: str, wanted: Sequence[str]) -> bool:
    key = search_key(text)
    return all(word in key for word in wanted)
