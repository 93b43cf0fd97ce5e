"""The groups at the left of the Groups tab."""

from collections.abc import Hashable, Sequence

from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.text import clean, search_key, search_words
from walkme_tui.ui import words
from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.line_list import LineList

LEAST_COUNT_WIDTH = 4


class GroupList(LineList[GroupSize]):
    """Groups by name with the number of members, a lower bound where not every membership is known."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._all: Sequence[GroupSize] = ()
        self._text = ""
        self._exact = False
        self._known = True
        self._count_width = LEAST_COUNT_WIDTH
        self._none_known = ""

    def fill(self, groups: Sequence[GroupSize], *, exact: bool, known: bool) -> None:
        """Show these groups; ``exact`` means that every membership is known, not ``known`` that none is."""
        if (exact, known) != (self._exact, self._known):
            self._exact, self._known = exact, known
            self.refresh()
        widest = max((len(words.number(size.known_members)) for size in groups), default=0)
        self._count_width = max(LEAST_COUNT_WIDTH, widest + (0 if exact else 2) + 1)
        self._all = groups
        self._show_kept()

    def filter(self, text: str) -> None:
        """Keep the groups whose name has every word of ``text``."""
        self._text = text
        self._show_kept()

    @property
    def total(self) -> int:
        """All groups, with those that the filter hides."""
        return len(self._all)

    def _show_kept(self) -> None:
        wanted = search_words(self._text)
        self.show([row for row in self._all if _has(row, wanted)] if wanted else self._all)
        self._tell_why_empty()

    def say_when_empty(self, text: str) -> None:
        """What stands here while no group is known; where the filter hides them all, that is said instead."""
        self._none_known = text
        self._tell_why_empty()

    def _tell_why_empty(self) -> None:
        text = self._none_known
        if self._all:
            number = words.number(len(self._all))
            text = f"None of the {number} groups has “{clean(self._text, 60)}”. Esc clears the filter."
        super().say_when_empty(text)

    def key(self, row: GroupSize) -> Hashable:
        """Groups are told apart by id."""
        return row.group.id

    def line(self, row: GroupSize, width: int) -> Line:
        """Name and number of members."""
        number = words.number(row.known_members)
        if not self._exact:
            number = f"≥ {number}" if self._known else "?"
        name = words.fit(clean(row.group.label, 200), width - self._count_width)
        ink = Ink.PLAIN if row.group.name is not None else Ink.DIM
        return [(name, ink), (words.fit_right(number, self._count_width), Ink.DIM)]


def _has(row: GroupSize, wanted: Sequence[str]) -> bool:
    key = search_key(f"{row.group.name or ''} {row.group.id}")
    return all(word in key for word in wanted)
