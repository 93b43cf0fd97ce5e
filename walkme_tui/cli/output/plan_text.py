"""A plan as lines of text."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from walkme_tui.cli.output.columns import cut, plain
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, Step, Subject, grouped
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.times import format_time_ms

MAX_NAME: Final = 120
MAX_SENTENCE: Final = 400
MAX_FOUND: Final = 50
MAX_LISTED: Final = 200
"""Of a plan about more people the first ones are printed."""

_MARKS: Final = {Gravity.REFUSED: "x", Gravity.WARNING: "!", Gravity.NOTE: "-"}


def step_text(change: Change) -> tuple[str, str]:
    """What a step does: a verb and its target, ``leave`` and ``Sales``."""
    return change.verb, change.target(lambda value: cut(value, MAX_NAME))


def target_of(plan: Plan, subject_id: str) -> str:
    """What a step changes: the raw email or name, or the id if none is known."""
    subject = plan.subject_of(subject_id)
    return subject_id if subject is None else subject.name


def title_of(plan: Plan) -> str:
    """One line: the kind of plan, the people or groups, and the profile."""
    people = [subject.name for subject in plan.changed_subjects or plan.all_subjects]
    people = people or list(dict.fromkeys(target_of(plan, step.subject_id) for step in plan.steps))
    words = [plan.kind.verb]
    if plan.undoes:
        words += [f"job {clean(plan.undoes)}", *(["for"] if people else [])]
    if plan.source is not None:
        words += [cut(plan.source.file, MAX_NAME), *(["for"] if people else [])]
    if people:
        several = f"{spaced(len(people))} {'groups' if plan.about_groups else 'people'}"
        words.append(cut(people[0], MAX_NAME) if len(people) == 1 else several)
    return " ".join([*words, "in", cut(plan.profile, MAX_NAME)])


def plan_lines(plan: Plan) -> list[str]:
    """The plan for review; of many people only the first ones, and all of whom a recheck found something."""
    lines = [title_of(plan), f"Account  {clean(plan.base_url, MAX_SENTENCE)} ({plan.surface.value.upper()})"]
    if plan.ticket:
        lines.append(f"Ticket   {cut(plan.ticket, MAX_NAME)}")
    author = f" by {cut(plan.author, MAX_NAME)}" if plan.author else ""
    lines.append(f"Made     {format_time_ms(plan.created_at_ms // 1000 * 1000)}{author}")
    if plan.consequences:
        lines += ["", *map(_sentence, plan.consequences)]
    wide, surface = len(str(len(plan.steps))), capabilities(plan.surface)
    subjects = [*plan.changed_subjects, *plan.unchanged_subjects]
    found = [subject for subject in subjects if any(each.found_by_recheck for each in subject.consequences)]
    listed = subjects[: max(MAX_LISTED, len(found))]
    for subject in listed:
        steps = plan.steps_of(subject.id)
        lines += ["", _heading(subject, steps, surface), *_subject_lines(subject, steps, wide)]
    if more := len(subjects) - len(listed):
        lines += ["", f"And {spaced(more)} more people. --json prints all of them."]
    others = [step for step in plan.steps if plan.subject_of(step.subject_id) is None]
    if others:
        lines += ["", *(f"{_step_line(step, wide)}  (user {clean(step.subject_id)})" for step in others)]
    lines += left_out_lines(plan)
    if plan.source is not None:
        from walkme_tui.cli.output.import_rows import plan_rows_lines

        lines += plan_rows_lines(plan)
    return [*lines, "", steps_text(plan)]


def left_out_lines(plan: Plan) -> list[str]:
    """What the plan leaves out and why, after an empty line; empty if it leaves nothing out."""
    if not plan.left_out:
        return []
    sentences = [f"  - {clean(sentence, MAX_SENTENCE)}" for sentence in plan.left_out[:MAX_LISTED]]
    more = len(plan.left_out) - len(sentences)
    return ["", "Left out", *sentences, *([f"  And {spaced(more)} more."] if more else [])]


def steps_text(plan: Plan) -> str:
    """The number of steps as a sentence, by kind where there are many, and of those that will not be sent."""
    count = len(plan.steps)
    if not count:
        if plan.source is not None:
            from walkme_tui.domain.imports.results import not_imported, row_results

            if not_imported(row_results(plan)):
                return "Nothing can be sent."
        return "Nothing to do: no change is needed."
    if count > MAX_LISTED:
        verbs = Counter(step.change.verb for step in plan.steps)
        kinds = ", ".join(f"{spaced(number)} {verb}" for verb, number in verbs.items())
        return f"{spaced(count)} steps, each one call: {kinds}.{_refused_text(plan)}"
    return f"{count} {'step' if count == 1 else 'steps'}, each one call.{_refused_text(plan)}"


def _refused_text(plan: Plan) -> str:
    return f" {spaced(len(plan.refused))} of them will not be sent (x)." if plan.refused else ""


def recheck_lines(plan: Plan) -> list[str]:
    """What a recheck found, each with the user or the group that it is about; the first ones of many."""
    whole = [
        _sentence(each) for each in plan.consequences if each.found_by_recheck and each.gravity is not Gravity.NOTE
    ]
    found = [
        f"{_MARKS[each.gravity]} {cut(subject.name, MAX_NAME)}: {_named_step(plan, each)}{_text(each)}"
        for subject in plan.all_subjects
        for each in subject.consequences
        if each.found_by_recheck and each.gravity is not Gravity.NOTE
    ]
    more = len(found) - MAX_FOUND
    return [*whole, *found[:MAX_FOUND], *([f"And {more} more."] if more > 0 else [])]


def _named_step(plan: Plan, consequence: Consequence) -> str:
    return "" if consequence.step is None else f"{plan.steps[consequence.step - 1].change.describe()}: "


def _heading(subject: Subject | GroupSubject, steps: tuple[Step, ...], surface: Capabilities) -> str:
    is_new = any(step.change.creates for step in steps)
    read = format_time_ms(subject.read_at_ms // 1000 * 1000)
    if isinstance(subject, GroupSubject):
        members = [] if subject.members is None else [member_count(subject.members)]
        return "  ".join([cut(subject.name, MAX_NAME), *members, "(new group)" if is_new else f"(read {read})"])
    user = subject.user
    role = "" if surface.roles else plain(user.role)
    parts = [user.full_name, plain(user.email), role, plain(user.status), plain(user.external_id)]
    known = [cut(part, MAX_NAME) for part in parts if part]
    return "  ".join([*(known or [clean(user.id)]), "(new user)" if is_new else f"(read {read})"])


def _subject_lines(subject: Subject | GroupSubject, steps: tuple[Step, ...], wide: int) -> Iterator[str]:
    numbers = {step.number for step in steps}
    beside = grouped(subject.consequences, lambda consequence: consequence.step)
    for step in steps:
        yield _step_line(step, wide)
        for consequence in beside.get(step.number, ()):
            yield " " * (wide + 4) + _sentence(consequence)
    if not steps:
        yield "  nothing to do"
    if isinstance(subject, Subject):
        for group in (group for group in subject.groups if group.id in subject.kept):
            yield f"  {'':>{wide}}  {'keep':<12} {cut(group.label, MAX_NAME)}"
    for consequence in subject.consequences:
        if consequence.step not in numbers:
            yield f"  {_sentence(consequence)}"


def _step_line(step: Step, wide: int) -> str:
    verb, what = step_text(step.change)
    return f"  {step.number:>{wide}}  {verb:<12} {what}"


def _sentence(consequence: Consequence) -> str:
    return f"{_MARKS[consequence.gravity]} {_text(consequence)}"


def _text(consequence: Consequence) -> str:
    as_of = ""
    if consequence.as_of_ms is not None:
        as_of = f" (as of {format_time_ms(consequence.as_of_ms // 1000 * 1000)})"
    return f"{clean(consequence.text, MAX_SENTENCE)}{as_of}"
