"""A plan as it is reviewed: people, numbered steps, and what else will come of them."""

import sys
import time
from array import array
from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, overload

from rich.cells import cell_len
from textual import events
from textual.geometry import Size

from walkme_tui.domain.plans import Consequence, Gravity, Plan, Step, Subject, grouped
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle

LEAST_NUMBER_WIDTH: Final = 4
VERB_WIDTH: Final = 12
LEAST_OBJECT: Final = 12
MOST_AT_ONCE: Final = 100
"""A plan about more people is measured bit by bit, its first lines at once."""
LINES_AHEAD: Final = 200
KEPT_PARTS: Final = 200
MEASURE_SECONDS: Final = 0.04
MINUTE_MS: Final = 60_000
NOTHING: Final = "Nothing to do: everything is as it should be already."
_STYLES: Final = {Gravity.WARNING: TextStyle.WARN, Gravity.NOTE: TextStyle.DIM}
_MARKS: Final = {Gravity.WARNING: "! ", Gravity.NOTE: "- "}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line; ``step`` is what the cursor can be put on."""

    index: int
    line: StyledText
    step: Step | None = None


class PlanRows(Sequence[PlanRow]):
    """The lines of a plan in ``width`` cells, person by person; they are made when they are looked at.

    Only as many lines count as were measured: ``measure`` goes on with that.
    """

    def __init__(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        self._draft = draft
        self._now_ms = now_ms
        self._width = width
        self._numbers = _Numbers(draft)
        self._steps: dict[str, list[Step]] = {}
        for step in draft.planned.steps:
            self._steps.setdefault(step.user_id, []).append(step)
        self._ends = array("l")
        """Behind which line the lines of each person end; the last part is what concerns everybody."""
        self._made: dict[int, list[tuple[StyledText, Step | None]]] = {}

    @property
    def measured(self) -> bool:
        """True if all lines count."""
        return len(self._ends) > len(self._draft.planned.subjects)

    def measure(self, lines: int, seconds: float = 0.0) -> None:
        """Go on until so many lines count, and then for so long."""
        until = None
        while not self.measured:
            if len(self) >= lines:
                until = until if until is not None else time.perf_counter() + seconds
                if time.perf_counter() >= until:
                    return
            self._ends.append(len(self) + len(self._part(len(self._ends))))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> PlanRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[PlanRow]: ...

    def __getitem__(self, index: int | slice) -> PlanRow | list[PlanRow]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        part = bisect_right(self._ends, index)
        line, step = self._part(part)[index - (self._ends[part - 1] if part else 0)]
        return PlanRow(index, line, step)

    def _part(self, part: int) -> list[tuple[StyledText, Step | None]]:
        if part not in self._made:
            if len(self._made) >= KEPT_PARTS:
                self._made.clear()
            self._made[part] = list(self._lines(part))
        return self._made[part]

    def _lines(self, part: int) -> Iterator[tuple[StyledText, Step | None]]:
        subjects = self._draft.planned.subjects
        if part == len(subjects):
            yield from _common_lines(self._draft.planned, self._width)
            return
        if part:
            yield (), None
        steps = self._steps.get(subjects[part].user.id, [])
        yield from _subject_lines(self._draft, subjects[part], steps, self._numbers, self._now_ms, self._width)


class PlanList(RowList[PlanRow]):
    """Scrolls; the cursor, where there is one, goes from one step that may be left out to the next."""

    def __init__(self) -> None:
        super().__init__(id="plan")
        self.cursor = -1
        self.cursor_always_active = True
        self._shown: tuple[PlanDraft, int] | None = None
        self._shown_at_ms = 0

    def fill(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        """Show a draft in lines of ``width`` cells; ages are those of now, or of the last minute in a long plan."""
        long = len(draft.planned.subjects) > MOST_AT_ONCE
        if long and self._shown == (draft, width) and now_ms - self._shown_at_ms < MINUTE_MS:
            return
        self._shown, self._shown_at_ms = (draft, width), now_ms
        old, rows = self.rows, PlanRows(draft, now_ms, width)
        rows.measure(self.scroll_offset.y + LINES_AHEAD if long else sys.maxsize)
        self.rows = rows
        self.virtual_size = Size(0, len(rows))
        if len(old) == len(rows):
            for index in range(self.scroll_offset.y, min(len(rows), self.scroll_offset.y + self.size.height)):
                if old[index] != rows[index]:
                    self.refresh_line(index)
        else:
            self.refresh(layout=True)
        if not rows.measured:
            self.set_timer(MEASURE_SECONDS, self._measure)
        if self.current is None or self.current.step is None:
            stop = self._stop_from(0, 1) if any(map(draft.can_keep, draft.planned.steps)) else None
            self.cursor = -1 if stop is None else stop

    def _measure(self) -> None:
        """Go on measuring a long plan, a little at a time: keys come between."""
        rows = self.rows
        if isinstance(rows, PlanRows) and not rows.measured:
            rows.measure(0, MEASURE_SECONDS / 2)
            self.virtual_size = Size(0, len(rows))
            self.set_timer(MEASURE_SECONDS, self._measure)

    @property
    def text(self) -> str:
        """Everything, as plain text."""
        return "\n".join("".join(text for text, _ in row.line) for row in self.rows)

    def key(self, row: PlanRow) -> Hashable:
        """Rows are told apart by their place."""
        return row.index

    def line(self, row: PlanRow, width: int) -> StyledText:  # noqa: ARG002 - rows are made for the width they have
        """The line as it was made."""
        return row.line

    def _stop_from(self, index: int, by: int) -> int | None:
        """The first row from one on, downwards or upwards, that the cursor can be put on."""
        while 0 <= index < len(self.rows):
            if self.rows[index].step is not None:
                return index
            index += by
        return None

    def _go(self, by: int) -> bool:
        stop = self._stop_from(self.cursor + by, by) if self.cursor >= 0 else None
        if stop is not None:
            self.move_to(stop)
        return stop is not None

    def action_cursor_down(self) -> None:
        """The next step, or what stands below the last."""
        if not self._go(1):
            ScrollingText.action_page_down(self) if self.cursor >= 0 else ScrollingText.action_cursor_down(self)

    def action_cursor_up(self) -> None:
        """The step before, or what stands above the first."""
        if not self._go(-1):
            ScrollingText.action_page_up(self) if self.cursor >= 0 else ScrollingText.action_cursor_up(self)

    def action_page_down(self) -> None:
        """A page down."""
        ScrollingText.action_page_down(self)

    def action_page_up(self) -> None:
        """A page up."""
        ScrollingText.action_page_up(self)

    def action_first(self) -> None:
        """To the beginning."""
        ScrollingText.action_first(self)

    def action_last(self) -> None:
        """To the end."""
        ScrollingText.action_last(self)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a step."""
        index = self.scroll_offset.y + event.y
        if 0 <= index < len(self.rows) and self.rows[index].step is not None:
            self.move_to(index)


def _subject_lines(
    draft: PlanDraft, subject: Subject, steps: Sequence[Step], numbers: "_Numbers", now_ms: int, width: int
) -> Iterator[tuple[StyledText, Step | None]]:
    """The lines about one person, each with the step that may be left out there."""
    several = len(draft.planned.subjects) > 1
    beside = grouped(subject.consequences, lambda consequence: consequence.step)
    yield from ((line, None) for line in _heading(subject, now_ms, width, named=several))
    if steps and not several:
        yield (), None
    for step in steps:
        yield from _step(draft, beside.get(step.number, []), step, numbers.of(step), width)
    sentences = beside.get(None, [])
    if sentences and not several:
        yield (), None
    for sentence in sentences:
        yield from ((line, None) for line in _sentence(sentence, width))


def _common_lines(plan: Plan, width: int) -> Iterator[tuple[StyledText, Step | None]]:
    """What a plan says below all people."""
    if not plan.steps:
        yield (), None
        yield from (([(line, TextStyle.PLAIN)], None) for line in words.wrap(NOTHING, width))
    if plan.left_out:
        yield (), None
        yield [("Left out", TextStyle.STRONG)], None
        for text in plan.left_out:
            left_out = Consequence(Gravity.WARNING, text)
            yield from ((line, None) for line in _sentence(left_out, width))


class _Numbers:
    """The numbers that the steps have without those that are left out."""

    def __init__(self, draft: PlanDraft) -> None:
        carried_out = [step for step in draft.planned.steps if not draft.keeps(step)]
        self._numbers = {step.number: number for number, step in enumerate(carried_out, 1)}
        self._width = max(LEAST_NUMBER_WIDTH, len(str(len(carried_out))) + 2)

    def of(self, step: Step) -> str:
        number = self._numbers.get(step.number)
        return words.fit_right(str(number) if number is not None else "–", self._width - 2) + "  "


def _heading(subject: Subject, now_ms: int, width: int, *, named: bool) -> Iterator[StyledText]:
    """Who it is, as the server said and when."""
    user = subject.user
    email = change_words.email_of(user)
    role = clean(user.role, 30) if isinstance(user.role, str) else "? role"
    read = f"read {words.ago(now_ms, subject.read_at_ms)}"
    facts: list[StyledSpan] = [
        (f"{role}   ", TextStyle.PLAIN),
        (f"{change_words.status_words(user.status)}   ", TextStyle.PLAIN),
    ]
    facts.append((read, TextStyle.DIM))
    rest = sum(cell_len(text) for text, _ in facts)
    name = change_words.name_of(user)
    if named and name != email:
        room = max(0, width - cell_len(name) - 3)
        yield [(name, TextStyle.STRONG), ("   " + words.cut(email, room), TextStyle.PLAIN)]
        yield [("    ", TextStyle.PLAIN), *facts]
    elif cell_len(email) + 3 + rest <= width:
        yield [(email, TextStyle.STRONG if named else TextStyle.PLAIN), ("   ", TextStyle.PLAIN), *facts]
    else:
        yield [(words.cut(email, width), TextStyle.STRONG if named else TextStyle.PLAIN)]
        yield facts


def _step(
    draft: PlanDraft, consequences: Sequence[Consequence], step: Step, number: str, width: int
) -> Iterator[tuple[StyledText, Step | None]]:
    """A step with its consequences beside it, below it where there is no room."""
    kept = draft.keeps(step)
    beside = [] if kept else consequences
    verb = "keep" if kept else step.change.verb
    wanted = change_words.target_of(step.change)
    room = max(LEAST_OBJECT, width - len(number) - VERB_WIDTH)
    stop = step if draft.can_keep(step) else None
    head: list[StyledSpan] = [
        (number, TextStyle.DIM),
        (words.fit(verb, VERB_WIDTH), TextStyle.DIM if kept else TextStyle.PLAIN),
    ]
    notes = "; ".join(_told(each) for each in beside)
    if notes and cell_len(wanted) + 3 + cell_len(notes) + 2 <= room:
        pad = " " * (room - cell_len(wanted) - cell_len(notes))
        yield [*head, (wanted + pad, TextStyle.PLAIN), (notes, _worst(beside))], stop
        return
    yield [*head, (words.cut(wanted, room), TextStyle.DIM if kept else TextStyle.PLAIN)], stop
    indent = " " * (len(number) + VERB_WIDTH)
    for each in beside:
        for line in words.wrap(_told(each), width - len(indent)):
            yield [(indent + line, _STYLES[each.gravity])], None


def _sentence(consequence: Consequence, width: int) -> Iterator[StyledText]:
    mark = _MARKS[consequence.gravity]
    for line in words.wrap(_told(consequence), width - len(mark)):
        yield [(mark + line, _STYLES[consequence.gravity])]
        mark = " " * len(mark)


def _told(consequence: Consequence) -> str:
    text = clean(consequence.text, change_words.MAX_SENTENCE)
    if consequence.as_of_ms is None:
        return text
    return f"{text} (as of {words.clock_time(consequence.as_of_ms)[:5]})"


def _worst(consequences: Sequence[Consequence]) -> TextStyle:
    return TextStyle.WARN if any(each.gravity is Gravity.WARNING for each in consequences) else TextStyle.DIM
