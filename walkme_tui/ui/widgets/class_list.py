"""The list of the sets of pairs, with their sizes."""

from collections.abc import Hashable
from typing import Final, NamedTuple

from walkme_tui.domain.reconcile.classes import PairSet
from walkme_tui.ui import words
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

COUNT_WIDTH: Final = 10


class ClassRow(NamedTuple):
    """A set of pairs; ``number`` is its size as shown."""

    chosen: PairSet
    number: str


class ClassList(RowList[ClassRow]):
    """The sets of pairs."""

    HEADING_LINES = 1

    def key(self, row: ClassRow) -> Hashable:
        """The set."""
        return row.chosen

    def heading(self, width: int) -> StyledText:
        """The headings of the columns."""
        return [(f"DIFFERENCE{words.fit_right('PEOPLE', max(0, width - 11))} ", TextStyle.DIM)]

    def line(self, row: ClassRow, width: int) -> StyledText:
        """Label and number."""
        label = words.fit(row.chosen.text.label, max(0, width - COUNT_WIDTH))
        return [(label, TextStyle.PLAIN), (f"{words.fit_right(row.number, COUNT_WIDTH - 1)} ", TextStyle.DIM)]
