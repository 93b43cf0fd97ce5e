"""The list of pairs, with marks and a column that says how the records differ."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.reconcile.adoption import subject_id
from walkme_tui.domain.reconcile.classes import CLASS_TEXTS, PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import class_labels, difference_texts, pair_email
from walkme_tui.domain.reconcile.records import NO_GROUPS, SharedGroups
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle

MARK: Final = "✓ "
NO_MARK: Final = "  "
MAX_EMAIL: Final = 34
EMAIL_SHARE: Final = 0.48
DETAILED_FROM: Final = 36
"""In so many cells, the differences are shown with their values."""
SIGNS: Final = {PairClass.ONLY_REST: "‹", PairClass.ONLY_SCIM: "›", PairClass.DUPLICATE: "×", PairClass.MATCHED: "○"}
DIFFERENT: Final = "≠"
GHOST: Final = "inactive, in groups"
SHORT_LABELS: Final = {
    PairClass.STATUS: "status",
    PairClass.FIELD: "field",
    PairClass.MEMBERSHIP: "membership",
    PairClass.MATCHED: GHOST,
}


def pair_key(pair: Pair) -> str:
    """The identity of a pair while its records change: the id of its REST record if it has one, else of the other."""
    rest, scim, _ = pair
    return rest[1] if rest is not None else f"scim {scim[1]}" if scim is not None else ""


def with_keys(pairs: Iterable[Pair], keys: Sequence[str]) -> dict[str, Pair]:
    """The pairs that have one of these keys, in the order of the keys; for a thread, as it may be slow."""
    wanted = set(keys)
    found = {key: pair for pair in pairs if (key := pair_key(pair)) in wanted}
    return {key: found[key] for key in keys if key in found}


class PairList(RowList[Pair]):
    """Pairs by email; the marks stay when the list changes."""

    HEADING_LINES = 1

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._groups = NO_GROUPS
        self._sort: Sort | None = None
        self._marks: dict[str, Pair] = {}
        self._last_mark: str | None = None

    def show_pairs(
        self, pairs: Sequence[Pair], groups: SharedGroups, sort: Sort | None, *, is_other_set: bool = False
    ) -> None:
        """Show these pairs in this order, from the first one if it is another set."""
        self._groups = groups
        if is_other_set:
            self.chosen = False
            self._set_cursor(0)
        if sort != self._sort:
            self._sort = sort
            self.refresh()
        self.show(pairs)

    def key(self, row: Pair) -> Hashable:
        """The id of a record."""
        return pair_key(row)

    def _index_of(self, row: Pair | None) -> int | None:
        # Until it is moved, the cursor is on the first pair: others are found before the one that was the first.
        if row is None or not self.rows or not self.chosen:
            return None
        wanted, rest = pair_key(row), row.rest
        if pair_key(self.rows[min(self.cursor, len(self.rows) - 1)]) == wanted:
            return min(self.cursor, len(self.rows) - 1)
        # Without a call for each of many rows.
        if rest is not None:
            same = (index for index, pair in enumerate(self.rows) if pair[0] is not None and pair[0][1] == rest[1])
        else:
            same = (index for index, pair in enumerate(self.rows) if pair[0] is None and pair_key(pair) == wanted)
        return next(same, None)

    # ------------------------------------------------------------ marks

    @property
    def marked(self) -> Sequence[Pair]:
        """The marked pairs, in the order of marking."""
        return tuple(self._marks.values())

    @property
    def marked_keys(self) -> Sequence[str]:
        """The keys of the marked pairs, in the order of marking."""
        return tuple(self._marks)

    def keep_marks(self, keys: Sequence[str], now: dict[str, Pair], *, forget: bool = True) -> None:
        """Put the pairs of ``now`` under the marks with these ``keys``; there may be others meanwhile.

        ``forget`` the marks that have no pair any more.
        """
        gone = set(keys) - now.keys() if forget else set()
        self._marks = {key: now.get(key, pair) for key, pair in self._marks.items() if key not in gone}

    def toggle_mark(self) -> None:
        """Mark the pair under the cursor, or remove the mark."""
        pair = self.current
        if pair is None:
            return
        key = pair_key(pair)
        if self._marks.pop(key, None) is None:
            self._marks[key] = pair
            self._last_mark = key
        self.refresh_line(self.cursor)

    def mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        last = next((index for index, pair in enumerate(self.rows) if pair_key(pair) == self._last_mark), self.cursor)
        self._mark(self.rows[min(last, self.cursor) : max(last, self.cursor) + 1])

    def mark_all(self) -> None:
        """Mark all pairs that are listed."""
        self._mark(self.rows)

    def clear_marks(self) -> None:
        """Remove all marks."""
        self._marks = {}
        self.refresh()

    def unmark(self, user_ids: Collection[str], surface: Surface) -> int:
        """Remove the marks of the people that a job with these subjects on ``surface`` handled; how many there were."""
        handled = [key for key, pair in self._marks.items() if subject_id(pair, surface) in user_ids]
        for key in handled:
            del self._marks[key]
        if handled:
            self.refresh()
        return len(handled)

    def _mark(self, pairs: Sequence[Pair]) -> None:
        self._marks |= {pair_key(pair): pair for pair in pairs}
        if pairs:
            self._last_mark = pair_key(self.rows[self.cursor])
        self.refresh()

    # ------------------------------------------------------------ one row

    def heading(self, width: int) -> StyledText:
        """The headings of the columns, with the order."""
        name = "EMAIL"
        if self._sort is not None:
            arrow = words.DOWNWARDS if self._sort.reverse else words.UPWARDS
            name = f"{'EMAIL' if self._sort.key is SortKey.EMAIL else f'EMAIL, by {self._sort.key.value}'} {arrow}"
        return [(f"{NO_MARK}{words.fit(name, _email_width(width) + 1)}HOW THE RECORDS DIFFER", TextStyle.DIM)]

    def line(self, row: Pair, width: int) -> StyledText:
        """Mark, email, and how the records differ."""
        email_width = _email_width(width)
        mark: StyledSpan = (MARK, TextStyle.ACCENT) if pair_key(row) in self._marks else (NO_MARK, TextStyle.PLAIN)
        room = max(0, width - len(NO_MARK) - email_width - 1)
        return [
            mark,
            (words.fit(words.cut_email(clean(pair_email(row)), email_width), email_width + 1), TextStyle.PLAIN),
            (words.fit(self._differences(row, room), room), TextStyle.DIM),
        ]

    def _differences(self, pair: Pair, room: int) -> str:
        signs = [SIGNS.get(each, DIFFERENT) for each in pair.classes]
        sign = DIFFERENT if DIFFERENT in signs else signs[0]
        if room < DETAILED_FROM or sign != DIFFERENT:
            return f"{sign} {class_labels(pair, SHORT_LABELS)}"
        others = [CLASS_TEXTS[each].label for each in pair.classes if each is PairClass.DUPLICATE]
        return f"{sign} {'; '.join([*difference_texts(pair, self._groups), *others])}"


def _email_width(width: int) -> int:
    return min(MAX_EMAIL, int(width * EMAIL_SHARE))
