"""A plan as it is reviewed: people, numbered steps, and what else will come of them."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.geometry import Size

from walkme_tui.domain.plans import Consequence, Gravity, Step, Subject
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.draft import Draft
from walkme_tui.ui.widgets.ink import Ink, Line, Piece
from walkme_tui.ui.widgets.line_list import LineList
from walkme_tui.ui.widgets.lines import Lines

NUMBER_WIDTH: Final = 4
VERB_WIDTH: Final = 12
LEAST_OBJECT: Final = 12
NOTHING: Final = "Nothing to do: everything is as it should be already."
_INKS: Final = {Gravity.WARNING: Ink.WARN, Gravity.NOTE: Ink.DIM}
_MARKS: Final = {Gravity.WARNING: "! ", Gravity.NOTE: "- "}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line; ``step`` is what the cursor can be put on."""

    index: int
    line: Line
    step: Step | None = None


class PlanList(LineList[PlanRow]):
    """Scrolls; the cursor, where there is one, goes from one step that may be left out to the next."""

    def __init__(self) -> None:
        super().__init__(id="plan")
        self.cursor = -1
        self.keys_elsewhere = True

    def fill(self, draft: Draft, now_ms: int, width: int) -> None:
        """Show a draft in lines of ``width`` cells; ages are those of now."""
        lines = list(plan_lines(draft, now_ms, width))
        old, self.rows = self.rows, [PlanRow(index, line, step) for index, (line, step) in enumerate(lines)]
        self.virtual_size = Size(0, len(self.rows))
        if len(old) == len(self.rows):
            for was, now in zip(old, self.rows, strict=True):
                if was != now:
                    self.refresh_line(now.index)
        else:
            self.refresh(layout=True)
        if self.current is None or self.current.step is None:
            self.cursor = self._stops[0] if self._stops else -1

    @property
    def text(self) -> str:
        """Everything, as plain text."""
        return "\n".join("".join(text for text, _ in row.line) for row in self.rows)

    def key(self, row: PlanRow) -> Hashable:
        """Rows are told apart by their place."""
        return row.index

    def line(self, row: PlanRow, width: int) -> Line:  # noqa: ARG002 - rows are made for the width they have
        """The line as it was made."""
        return row.line

    @property
    def _stops(self) -> Sequence[int]:
        return [row.index for row in self.rows if row.step is not None]

    def _go(self, later: bool) -> bool:
        stops = [at for at in self._stops if (at > self.cursor) is later and at != self.cursor]
        if stops:
            self.move_to(stops[0] if later else stops[-1])
        return bool(stops)

    def action_cursor_down(self) -> None:
        """The next step, or what stands below the last."""
        if not self._go(later=True):
            Lines.action_page_down(self) if self._stops else Lines.action_cursor_down(self)

    def action_cursor_up(self) -> None:
        """The step before, or what stands above the first."""
        if not self._go(later=False):
            Lines.action_page_up(self) if self._stops else Lines.action_cursor_up(self)

    def action_page_down(self) -> None:
        """A page down."""
        Lines.action_page_down(self)

    def action_page_up(self) -> None:
        """A page up."""
        Lines.action_page_up(self)

    def action_first(self) -> None:
        """To the beginning."""
        Lines.action_first(self)

    def action_last(self) -> None:
        """To the end."""
        Lines.action_last(self)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a step."""
        index = self.scroll_offset.y + event.y
        if index in self._stops:
            self.move_to(index)


def plan_lines(draft: Draft, now_ms: int, width: int) -> Iterator[tuple[Line, Step | None]]:
    """The lines of a plan in ``width`` cells, each with the step that the person may leave out there."""
    plan = draft.planned
    several = len(plan.subjects) > 1
    numbers = _Numbers(draft)
    for place, subject in enumerate(plan.subjects):
        if place:
            yield (), None
        yield from ((line, None) for line in _heading(subject, now_ms, width, named=several))
        steps = plan.steps_of(subject.user.id)
        if steps and not several:
            yield (), None
        for step in steps:
            yield from _step(draft, subject, step, numbers.of(step), width)
        sentences = [each for each in subject.consequences if each.step is None]
        if sentences and not several:
            yield (), None
        for sentence in sentences:
            yield from ((line, None) for line in _sentence(sentence, width))
    if not plan.steps:
        yield (), None
        yield from (([(line, Ink.PLAIN)], None) for line in words.wrap(NOTHING, width))
    if plan.left_out:
        yield (), None
        yield [("Left out", Ink.STRONG)], None
        for text in plan.left_out:
            left_out = Consequence(Gravity.WARNING, text)
            yield from ((line, None) for line in _sentence(left_out, width))


class _Numbers:
    """The numbers that the steps have without those that are left out."""

    def __init__(self, draft: Draft) -> None:
        carried_out = [step for step in draft.planned.steps if not draft.keeps(step)]
        self._numbers = {step.number: number for number, step in enumerate(carried_out, 1)}

    def of(self, step: Step) -> str:
        number = self._numbers.get(step.number)
        return words.fit_right(str(number) if number is not None else "–", NUMBER_WIDTH - 2) + "  "


def _heading(subject: Subject, now_ms: int, width: int, *, named: bool) -> Iterator[Line]:
    """Who it is, as the server said and when."""
    user = subject.user
    email = change_words.email_of(user)
    role = clean(user.role, 30) if isinstance(user.role, str) else "? role"
    read = f"read {words.ago(now_ms, subject.read_at_ms)}"
    facts: list[Piece] = [(f"{role}   ", Ink.PLAIN), (f"{change_words.status_words(user.status)}   ", Ink.PLAIN)]
    facts.append((read, Ink.DIM))
    rest = sum(cell_len(text) for text, _ in facts)
    name = change_words.name_of(user)
    if named and name != email:
        room = max(0, width - cell_len(name) - 3)
        yield [(name, Ink.STRONG), ("   " + words.cut(email, room), Ink.PLAIN)]
        yield [("    ", Ink.PLAIN), *facts]
    elif cell_len(email) + 3 + rest <= width:
        yield [(email, Ink.STRONG if named else Ink.PLAIN), ("   ", Ink.PLAIN), *facts]
    else:
        yield [(words.cut(email, width), Ink.STRONG if named else Ink.PLAIN)]
        yield facts


def _step(draft: Draft, subject: Subject, step: Step, number: str, width: int) -> Iterator[tuple[Line, Step | None]]:
    """A step with its consequences beside it, below it where there is no room."""
    kept = draft.keeps(step)
    beside = [] if kept else [each for each in subject.consequences if each.step == step.number]
    verb = "keep" if kept else change_words.verb_of(step.change)
    wanted = change_words.object_of(step.change)
    room = max(LEAST_OBJECT, width - NUMBER_WIDTH - VERB_WIDTH)
    stop = step if draft.can_keep(step) else None
    head: list[Piece] = [(number, Ink.DIM), (words.fit(verb, VERB_WIDTH), Ink.DIM if kept else Ink.PLAIN)]
    notes = "; ".join(_told(each) for each in beside)
    if notes and cell_len(wanted) + 3 + cell_len(notes) + 2 <= room:
        pad = " " * (room - cell_len(wanted) - cell_len(notes))
        yield [*head, (wanted + pad, Ink.PLAIN), (notes, _worst(beside))], stop
        return
    yield [*head, (words.cut(wanted, room), Ink.DIM if kept else Ink.PLAIN)], stop
    indent = " " * (NUMBER_WIDTH + VERB_WIDTH)
    for each in beside:
        for line in words.wrap(_told(each), width - len(indent)):
            yield [(indent + line, _INKS[each.gravity])], None


def _sentence(consequence: Consequence, width: int) -> Iterator[Line]:
    mark = _MARKS[consequence.gravity]
    for line in words.wrap(_told(consequence), width - len(mark)):
        yield [(mark + line, _INKS[consequence.gravity])]
        mark = " " * len(mark)


def _told(consequence: Consequence) -> str:
    text = clean(consequence.text, change_words.MAX_SENTENCE)
    if consequence.as_of_ms is None:
        return text
    return f"{text} (as of {words.clock_time(consequence.as_of_ms)[:5]})"


def _worst(consequences: Sequence[Consequence]) -> Ink:
    return Ink.WARN if any(each.gravity is Gravity.WARNING for each in consequences) else Ink.DIM
