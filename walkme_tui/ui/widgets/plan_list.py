"""The list that shows a plan: people, numbered steps, and their consequences."""

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

from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, Step, Subject, grouped
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle, wrapped

LEAST_NUMBER_WIDTH: Final = 4
VERB_WIDTH: Final = 12
LEAST_OBJECT: Final = 12
MOST_AT_ONCE: Final = 100
"""The lines of a plan about more people are counted bit by bit, the first ones at once."""
LINES_AHEAD: Final = 200
KEPT_PARTS: Final = 200
MEASURE_SECONDS: Final = 0.04
MINUTE_MS: Final = 60_000
NOTHING: Final = "Nothing to do: everything is already as planned."
NOTHING_LEFT: Final = "Nothing is left to do."
_STYLES: Final = {Gravity.WARNING: TextStyle.WARN, Gravity.NOTE: TextStyle.DIM}
_MARKS: Final = {Gravity.WARNING: "! ", Gravity.NOTE: "- "}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line; the cursor can only be on a line with a ``step``."""

    index: int
    line: StyledText
    step: Step | None = None


class PlanRows(Sequence[PlanRow]):
    """The lines of a plan in ``width`` cells, person by person, made when they are read.

    The length is the number of lines counted so far; ``measure`` continues counting.
    """

    def __init__(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        self._draft = draft
        self._now_ms = now_ms
        self._width = width
        self._numbers = _Numbers(draft)
        self._ends = array("l")
        """The end of the lines of each person; the last part is about the whole plan."""
        self._made: dict[int, list[tuple[StyledText, Step | None]]] = {}

    @property
    def measured(self) -> bool:
        """True if all lines are counted."""
        return len(self._ends) > len(self._draft.planned.all_subjects)

    def measure(self, lines: int, seconds: float = 0.0) -> None:
        """Count until there are this many lines, then for this long."""
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
        subjects = self._draft.planned.all_subjects
        if part == len(subjects):
            yield from _common_lines(self._draft.planned, self._width)
            return
        if part:
            yield (), None
        steps = self._draft.planned.steps_of(subjects[part].id)
        yield from _subject_lines(self._draft, subjects[part], steps, self._numbers, self._now_ms, self._width)


class PlanList(RowList[PlanRow]):
    """Scrolls; the cursor, if there is one, moves between the steps that may be left out."""

    def __init__(self) -> None:
        super().__init__(id="plan")
        self.cursor = -1
        self.cursor_always_active = True
        self._shown: tuple[PlanDraft, int] | None = None
        self._shown_at_ms = 0

    def fill(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        """Show a draft in lines of ``width`` cells; the ages in a long plan may be a minute old."""
        long = len(draft.planned.all_subjects) > MOST_AT_ONCE
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
        """Continue counting a long plan, a little at a time, so that keys are handled in between."""
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
        """The index identifies a row."""
        return row.index

    def line(self, row: PlanRow, width: int) -> StyledText:  # noqa: ARG002 - rows are made for the width they have
        """The line of the row, made for this width."""
        return row.line

    def _stop_from(self, index: int, by: int) -> int | None:
        """The first row from ``index`` on, downwards or upwards, that the cursor can be on."""
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
        """The next step; below the last one, scroll."""
        if not self._go(1):
            ScrollingText.action_page_down(self) if self.cursor >= 0 else ScrollingText.action_cursor_down(self)

    def action_cursor_up(self) -> None:
        """The previous step; above the first one, scroll."""
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
        """Scroll to the end."""
        ScrollingText.action_last(self)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a step."""
        index = self.scroll_offset.y + event.y
        if 0 <= index < len(self.rows) and self.rows[index].step is not None:
            self.move_to(index)


def _subject_lines(
    draft: PlanDraft,
    subject: Subject | GroupSubject,
    steps: Sequence[Step],
    numbers: "_Numbers",
    now_ms: int,
    width: int,
) -> Iterator[tuple[StyledText, Step | None]]:
    """The lines about one person or group, each with its step if that may be left out."""
    several = len(draft.planned.all_subjects) > 1
    beside = grouped(subject.consequences, lambda consequence: consequence.step)
    has_roles = not capabilities(draft.planned.surface).roles
    heading = _heading(subject, steps, now_ms, width, named=several, has_roles=has_roles)
    yield from ((line, None) for line in heading)
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
    """The lines about the whole plan."""
    if not plan.steps:
        yield (), None
        yield from ((line, None) for line in wrapped(NOTHING_LEFT if plan.left_out else NOTHING, width))
    if plan.left_out:
        yield (), None
        yield [("Left out", TextStyle.STRONG)], None
        for text in plan.left_out:
            left_out = Consequence(Gravity.WARNING, text)
            yield from ((line, None) for line in _sentence(left_out, width))


class _Numbers:
    """The numbers of the steps, not counting those that are left out."""

    def __init__(self, draft: PlanDraft) -> None:
        executed = [step for step in draft.planned.steps if not draft.keeps(step)]
        self._numbers = {step.number: number for number, step in enumerate(executed, 1)}
        self._width = max(LEAST_NUMBER_WIDTH, len(str(len(executed))) + 2)

    def of(self, step: Step) -> str:
        number = self._numbers.get(step.number)
        return words.fit_right(str(number) if number is not None else "–", self._width - 2) + "  "


def _heading(
    subject: Subject | GroupSubject, steps: Sequence[Step], now_ms: int, width: int, *, named: bool, has_roles: bool
) -> Iterator[StyledText]:
    """The person or group, as the server last returned it, or as the steps create it."""
    is_new = any(step.change.creates for step in steps)
    read = f"read {words.ago(now_ms, subject.read_at_ms)}"
    if isinstance(subject, GroupSubject):
        members = "" if subject.members is None else f"{member_count(subject.members)}   "
        yield [
            (words.cut(change_words.subject_name(subject), width // 2), TextStyle.STRONG),
            (f"   {members}", TextStyle.PLAIN),
            ("new group" if is_new else read, TextStyle.DIM),
        ]
        return
    user = subject.user
    email = change_words.email_of(user)
    role = f"{clean(user.role, 30) if isinstance(user.role, str) else '? role'}   " if has_roles else ""
    facts: list[StyledSpan] = [
        (role, TextStyle.PLAIN),
        (f"{change_words.status_text(user.status)}   ", TextStyle.PLAIN),
    ]
    facts.append(("new user" if is_new else read, TextStyle.DIM))
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
    """A step with its consequences beside it, or below it where they do not fit."""
    kept = draft.keeps(step)
    beside = [] if kept else consequences
    verb = "keep" if kept else step.change.verb
    target = change_words.target_of(step.change)
    room = max(LEAST_OBJECT, width - len(number) - VERB_WIDTH)
    stop = step if draft.can_keep(step) else None
    head: list[StyledSpan] = [
        (number, TextStyle.DIM),
        (words.fit(verb, VERB_WIDTH), TextStyle.DIM if kept else TextStyle.PLAIN),
    ]
    notes = "; ".join(_text_of(each) for each in beside)
    if notes and cell_len(target) + 3 + cell_len(notes) + 2 <= room:
        pad = " " * (room - cell_len(target) - cell_len(notes))
        yield [*head, (target + pad, TextStyle.PLAIN), (notes, _worst(beside))], stop
        return
    indent = " " * (len(number) + VERB_WIDTH)
    for line in change_words.target_lines(step.change, room):
        yield [*head, (line, TextStyle.DIM if kept else TextStyle.PLAIN)], stop
        head, stop = [(indent, TextStyle.PLAIN)], None
    for each in beside:
        yield from ((line, None) for line in wrapped(_text_of(each), width, _STYLES[each.gravity], indent))


def _sentence(consequence: Consequence, width: int) -> Iterator[StyledText]:
    return wrapped(_text_of(consequence), width, _STYLES[consequence.gravity], _MARKS[consequence.gravity])


def _text_of(consequence: Consequence) -> str:
    text = clean(consequence.text, change_words.MAX_SENTENCE)
    if consequence.as_of_ms is None:
        return text
    return f"{text} (as of {words.clock_time(consequence.as_of_ms)[:5]})"


def _worst(consequences: Sequence[Consequence]) -> TextStyle:
    return TextStyle.WARN if any(each.gravity is Gravity.WARNING for each in consequences) else TextStyle.DIM
