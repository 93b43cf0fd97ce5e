"""The lines that show a plan: what concerns all, people, numbered steps, and their consequences."""

import time
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, overload

from rich.cells import cell_len

from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, Step, Subject, grouped
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.import_outcomes import planned_line, planned_row_lines, rows_without_steps
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle, wrapped

LEAST_NUMBER_WIDTH: Final = 4
VERB_WIDTH: Final = 12
FACT_WIDTH: Final = 8
LEAST_OBJECT: Final = 12
KEPT_PARTS: Final = 200
NOTHING_FOR: Final = "Nothing to do for"
NOTHING: Final = "Nothing to do: everything is already as planned."
NO_ROW: Final = "No row creates or changes a user: there is nothing to send."
NOTHING_LEFT: Final = "Nothing is left to do."
_STYLES: Final = {Gravity.REFUSED: TextStyle.BAD, Gravity.WARNING: TextStyle.WARN, Gravity.NOTE: TextStyle.DIM}
_MARKS: Final = {Gravity.REFUSED: "x ", Gravity.WARNING: "! ", Gravity.NOTE: "- "}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line; the cursor can only be on a line with a ``step``."""

    index: int
    line: StyledText
    step: Step | None = None


class PlanRows(Sequence[PlanRow]):
    """The lines of a plan in ``width`` cells, made when they are read.

    First comes what concerns all, then person by person those who change, those who do not, the rows of a file that
    change nothing, and what is left out.
    The length is the number of lines counted so far; ``measure`` continues counting.
    """

    def __init__(self, draft: PlanDraft, now_ms: int, width: int) -> None:
        self._draft = draft
        self._now_ms = now_ms
        self._width = width
        self._numbers = _Numbers(draft)
        plan = draft.planned
        # A single person without steps is shown like one with steps.
        single = plan.all_subjects if len(plan.all_subjects) == 1 else ()
        self._changed = single or plan.changed_subjects
        self._unchanged = () if single else plan.unchanged_subjects
        self._not_imported = rows_without_steps(plan)
        self._ends = array("l")
        """The end of the lines of each part: one for all, one for each person or row, and one for what is left out."""
        self._made: dict[int, list[tuple[StyledText, Step | None]]] = {}

    @property
    def measured(self) -> bool:
        """True if all lines are counted."""
        return len(self._ends) > len(self._draft.planned.all_subjects) + len(self._not_imported) + 1

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
        plan, width = self._draft.planned, self._width
        changed, unchanged = part - 1, part - 1 - len(self._changed)
        row = unchanged - len(self._unchanged)
        several = len(plan.all_subjects) > 1 or plan.source is not None
        if part == 0:
            yield from ((line, None) for line in _overview(plan, width) if several)
        elif changed < len(self._changed):
            compact = _is_compact(plan)
            if (changed and not compact) or (not changed and self._ends and self._ends[0]):
                yield (), None
            steps = plan.steps_of(self._changed[changed].id)
            lines_of = _compact_lines if compact else _subject_lines
            yield from lines_of(self._draft, self._changed[changed], steps, self._numbers, self._now_ms, width)
        elif unchanged < len(self._unchanged):
            if unchanged == 0:
                people = words.count(len(self._unchanged), "person", "people")
                yield from (((), None), ([(f"{NOTHING_FOR} {people}", TextStyle.STRONG)], None))
            yield from ((line, None) for line in _unchanged_lines(self._unchanged[unchanged], width))
        elif row < len(self._not_imported):
            if row == 0:
                count = words.count(len(self._not_imported), "row changes nothing", "rows change nothing")
                yield from (((), None), ([(count, TextStyle.STRONG)], None))
            yield from ((line, None) for line in planned_row_lines(self._not_imported[row], width))
        else:
            yield from ((line, None) for line in _overview(plan, width) if not several)
            yield from _common_lines(plan, width)


def _overview(plan: Plan, width: int) -> Iterator[StyledText]:
    """How many rows become what, how many people change, and the consequences of the whole plan."""
    yield from planned_line(plan, width)
    if plan.steps and plan.unchanged_subjects:
        people = words.count(len(plan.changed_subjects), "person changes", "people change")
        already = words.count(len(plan.unchanged_subjects), "is", "are")
        yield from wrapped(f"{people}. {already} already as requested, listed last.", width)
    for consequence in plan.consequences:
        yield from _sentence(consequence, width)


def _is_compact(plan: Plan) -> bool:
    """True where a line a person is enough: each has one step, and none can be left out."""
    return len(plan.steps) == len(plan.changed_subjects) > 1 and plan.kind is not PlanKind.OFFBOARD and not plan.groups


def _compact_lines(
    draft: PlanDraft,
    subject: Subject | GroupSubject,
    steps: Sequence[Step],
    numbers: "_Numbers",
    now_ms: int,  # noqa: ARG001 - as for the other lines
    width: int,
) -> Iterator[tuple[StyledText, Step | None]]:
    """A person and the only step in one line, or in two where that is too long; then the consequences."""
    (step,) = steps
    number = numbers.of(step)
    who_width = (width - len(number)) // 2
    room = width - len(number) - who_width
    who = _who(subject, who_width - 2)
    change = f"{step.change.verb} {change_words.target_of(step.change)}"
    if step.change.deletes and isinstance(subject, Subject):
        facts = _facts(subject, has_roles=not capabilities(draft.planned.surface).roles)
        change = "   ".join([step.change.verb, *(fact.ljust(FACT_WIDTH) for fact in facts)]).rstrip()
    head: list[StyledSpan] = [(number, TextStyle.DIM)]
    indent = " " * (len(number) + 2)
    if cell_len(who) + 2 <= who_width and cell_len(change) <= room:
        yield [*head, (words.fit(who, who_width), TextStyle.PLAIN), (change, TextStyle.PLAIN)], None
    else:
        yield [*head, (words.cut(who, width - len(number)), TextStyle.PLAIN)], None
        yield from ((line, None) for line in wrapped(change, width, TextStyle.PLAIN, indent))
    for each in subject.consequences:
        style, mark = _STYLES[each.gravity], _MARKS[each.gravity]
        yield from ((line, None) for line in wrapped(_text_of(each), width, style, indent + mark))


def _unchanged_lines(subject: Subject | GroupSubject, width: int) -> Iterator[StyledText]:
    """A person who already is as requested, with the warnings."""
    status = f"   {change_words.status_text(subject.user.status)}" if isinstance(subject, Subject) else ""
    yield [(words.cut(_who(subject, width - cell_len(status)) + status, width), TextStyle.DIM)]
    for each in subject.consequences:
        if each.gravity is Gravity.WARNING:
            yield from _sentence(each, width)


def _who(subject: Subject | GroupSubject, width: int) -> str:
    """Name and email where both fit, else the email."""
    name = change_words.subject_name(subject)
    email = name if isinstance(subject, GroupSubject) else change_words.email_of(subject.user)
    return email if name == email or cell_len(name) + 2 + cell_len(email) > width else f"{name}  {email}"


def _facts(subject: Subject, *, has_roles: bool) -> list[str]:
    """The role, where the surface has roles, and the status."""
    role = subject.user.role
    facts = [clean(role, 30) if isinstance(role, str) else "? role"] if has_roles else []
    return [*facts, change_words.status_text(subject.user.status)]


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
        text = NO_ROW if plan.source is not None else NOTHING_LEFT if plan.left_out else NOTHING
        yield from ((line, None) for line in wrapped(text, width))
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
    facts: list[StyledSpan] = [(f"{fact}   ", TextStyle.PLAIN) for fact in _facts(subject, has_roles=has_roles)]
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
    found = {each.gravity for each in consequences}
    return next(style for gravity, style in _STYLES.items() if gravity in found)
