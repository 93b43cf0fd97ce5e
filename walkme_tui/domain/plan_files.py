"""Plans as JSON, for plan files and for the journal, and back without loss.

People edit plan files and copy them between machines: every field is checked, and an error names its place
(``steps[2].group.id``). Users are stored as ``user_json.encode_user`` writes them.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NoReturn

from walkme_tui.domain import json_text
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import new_user_key
from walkme_tui.domain.changes.group import new_group_key
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.imports.source import import_source, row_to_json, source_to_json
from walkme_tui.domain.json_fields import (
    BadField,
    Fields,
    bad,
    count,
    flag,
    group,
    group_to_json,
    list_of,
    number,
    one_of,
    or_null,
    record_id,
    text,
    time_ms,
    user,
)
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, Step, Subject
from walkme_tui.domain.text import spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import Json

FORMAT: Final = 1

MAX_BYTES: Final = 512 << 20
"""The largest plan file; an import of 100 000 rows with two groups each takes 130 MB."""

# How earlier versions marked the consequences that a recheck found.
_EARLIER_RECHECK_PREFIX: Final = "Since the plan was made: "


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """A plan as a JSON object; times are ISO 8601 texts in UTC."""
    return {
        "format": FORMAT,
        "kind": plan.kind.value,
        "profile": plan.profile,
        "base_url": plan.base_url,
        "surface": plan.surface.value,
        "created_at": format_time_ms(plan.created_at_ms),
        "author": plan.author,
        "ticket": plan.ticket,
        "undoes": plan.undoes,
        "left_out": list(plan.left_out),
        "subjects": [_subject_to_json(subject) for subject in plan.subjects],
        **({"groups": [_group_subject_to_json(subject) for subject in plan.groups]} if plan.groups else {}),
        **({"consequences": [_consequence_to_json(each) for each in plan.consequences]} if plan.consequences else {}),
        **({} if plan.source is None else {"source": source_to_json(plan.source)}),
        "steps": [step_to_json(step) for step in plan.steps],
    }


def plan_from_json(value: object) -> Plan:
    """The plan in a JSON object; raises ``ConfigurationError``, which names the wrong field."""
    try:
        plan = _read_plan(value)
        _check(plan)
    except BadField as error:
        raise _unusable(str(error)) from None
    return plan


def plan_file_parts(plan: Plan) -> Iterator[str]:
    """The contents of a plan file, ASCII, in parts, because the whole text of a large plan takes much memory.

    Each user, group and step, and each row of an imported file, is a line. Raises ``ConfigurationError`` before the
    file is larger than ``MAX_BYTES``.
    """
    size = 0
    for part in plan_parts(plan, json_text.dumps):
        size += len(part)
        if size > MAX_BYTES:
            steps = spaced(len(plan.steps))
            raise ConfigurationError(
                f"The plan is larger than a plan file may be: {MAX_BYTES >> 20} MB, for {steps} steps.",
                hint="Make several plans, each about fewer people.",
            )
        yield part
    yield "\n"


def plan_parts(plan: Plan, dump: Callable[[Json], str]) -> Iterator[str]:
    """The JSON text of a plan in parts, in which ``dump`` makes the text of a value."""
    head = plan_to_json(replace(plan, subjects=(), groups=(), steps=(), source=None))
    source = plan.source
    yield "{"
    for name, value in head.items():
        if name not in {"subjects", "steps"}:
            yield f'\n  "{name}": {dump(value)},'
    yield '\n  "subjects": '
    yield from _list_parts(map(_subject_to_json, plan.subjects), dump)
    if plan.groups:
        yield ',\n  "groups": '
        yield from _list_parts(map(_group_subject_to_json, plan.groups), dump)
    if source is not None:
        columns = source_to_json(replace(source, rows=()))
        yield ',\n  "source": {'
        yield "".join(f'"{name}": {dump(value)}, ' for name, value in columns.items() if name != "rows")
        yield '"rows": '
        yield from _list_parts(map(row_to_json, source.rows), dump)
        yield "}"
    yield ',\n  "steps": '
    yield from _list_parts(map(step_to_json, plan.steps), dump)
    yield "\n}"


def plan_from_text(text: str) -> Plan:
    """The plan in the contents of a plan file; raises ``ConfigurationError``, which names the wrong field."""
    try:
        value = json_text.loads(text)
    except json.JSONDecodeError as error:
        raise _unusable(f"line {error.lineno} is not JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise _unusable("it is not JSON that can be read") from None
    return plan_from_json(value)


def step_to_json(step: Step) -> dict[str, Json]:
    """One step as a JSON object."""
    change = step.change
    head: dict[str, Json] = {"number": step.number, "call": change.kind, change.noun: change.subject_id}
    named: dict[str, Json] = {} if step.email is None else {"of_email": step.email}
    return head | change.to_json() | {"strict": step.strict} | named


def step_from_json(value: object) -> Step:
    """The step in a JSON object; raises ``ConfigurationError``, which names the wrong field."""
    try:
        return read_step(value, "step")
    except BadField as error:
        raise _unusable(str(error)) from None


def subjects_from_json(values: Sequence[Mapping[str, Json]]) -> list[Subject | GroupSubject]:
    """Users or groups of a plan from their JSON objects; raises ``ConfigurationError``, which names the wrong field."""
    try:
        return [(_group_subject if "group" in value else _subject)(value, "subject") for value in values]
    except BadField as error:
        raise _unusable(str(error)) from None


def read_step(value: object, where: str, *, more_fields: bool = False) -> Step:
    """The step at a place within a JSON document, which may have ``more_fields`` than a step; raises ``BadField``."""
    fields = Fields.of(value, where)
    number = fields.take("number", count)
    kind = fields.take("call", text)
    if kind not in CHANGE_KINDS:
        bad(f"{where}.call", f"is not one of: {', '.join(CHANGE_KINDS)}")
    found = CHANGE_KINDS[kind]
    change = found.from_json(fields.take("group" if found.about_group else "user", record_id), fields)
    step = Step(number, change, fields.take("strict", flag, False), fields.take("of_email", or_null(text), None))
    if not more_fields:
        fields.end()
    return step


# ---------------------------------------------------------------- writing


def _list_parts(items: Iterable[Json], dump: Callable[[Json], str]) -> Iterator[str]:
    """A list with one item a line."""
    mark = "["
    for item in items:
        yield f"{mark}\n    {dump(item)}"
        mark = ","
    yield "[]" if mark == "[" else "\n  ]"


def _subject_to_json(subject: Subject) -> dict[str, Json]:
    return {
        "user": encode_user(subject.user),
        "read_at": format_time_ms(subject.read_at_ms),
        "groups": [group_to_json(group) for group in subject.groups],
        "kept": list[Json](sorted(subject.kept)),
        "consequences": [_consequence_to_json(consequence) for consequence in subject.consequences],
    }


def _group_subject_to_json(subject: GroupSubject) -> dict[str, Json]:
    return {
        "group": group_to_json(subject.group),
        "members": subject.members,
        "read_at": format_time_ms(subject.read_at_ms),
        "consequences": [_consequence_to_json(consequence) for consequence in subject.consequences],
    }


def _consequence_to_json(consequence: Consequence) -> dict[str, Json]:
    as_of_ms = consequence.as_of_ms
    found: dict[str, Json] = {
        "gravity": consequence.gravity.value,
        "text": consequence.text,
        "as_of": None if as_of_ms is None else format_time_ms(as_of_ms),
        "step": consequence.step,
    }
    return found | {"recheck": True} if consequence.found_by_recheck else found


# ---------------------------------------------------------------- reading


def _read_plan(value: object) -> Plan:
    fields = Fields.of(value, "")
    if fields.values.get("format") != FORMAT or isinstance(fields.values.get("format"), bool):
        _refuse_format(fields.values.get("format"))
    fields.take("format", count)
    plan = Plan(
        kind=fields.take("kind", one_of(PlanKind)),
        profile=fields.take("profile", text),
        base_url=fields.take("base_url", text),
        surface=fields.take("surface", one_of(Surface), Surface.REST),
        created_at_ms=fields.take("created_at", time_ms),
        author=fields.take("author", text, ""),
        ticket=fields.take("ticket", text, ""),
        undoes=fields.take("undoes", or_null(text), None),
        left_out=fields.take("left_out", list_of(text), ()),
        subjects=fields.take("subjects", list_of(_subject)),
        groups=fields.take("groups", list_of(_group_subject), ()),
        source=fields.take("source", or_null(import_source), None),
        consequences=fields.take("consequences", list_of(_consequence), ()),
        steps=fields.take("steps", list_of(read_step)),
    )
    fields.end()
    return plan


def _refuse_format(found: object) -> NoReturn:
    if isinstance(found, int) and found > FORMAT:
        raise ConfigurationError(
            f"The plan was made by a newer version of this program (format {found}).",
            hint="Use that version, or make the plan again.",
        )
    bad("format", "is missing" if found is None else f"is not {FORMAT}")


def _check(plan: Plan) -> None:
    """Raise ``BadField`` where steps and subjects do not match: a review must show everything that is executed."""
    if plan.subjects and plan.groups:
        bad("groups", "stand beside subjects: a plan changes either users or groups")
    people = [subject.user.id for subject in plan.subjects]
    if len(set(people)) < len(people):
        bad("subjects", "describes the same person twice")
    ids = [subject.group.id for subject in plan.groups]
    if len(set(ids)) < len(ids):
        bad("groups", "describe the same group twice")
    known = set(ids if plan.groups else people)
    _check_steps(plan, known)
    rows = [row.subject_id for row in plan.source.rows if row.subject_id is not None] if plan.source else []
    if len(set(rows)) < len(rows) or not known.issuperset(rows):
        bad("source.rows", "name a user twice, or one who is in none of the subjects")


def _check_steps(plan: Plan, known: Collection[str]) -> None:
    begun: set[str] = set()
    for index, step in enumerate(plan.steps):
        if step.number != index + 1:
            bad(f"steps[{index}].number", f"is not {index + 1}")
        change = step.change
        place = f"steps[{index}].{change.noun}"
        if step.subject_id not in known or change.about_group is not bool(plan.groups):
            bad(place, "is in none of the groups" if change.about_group else "is in none of the subjects")
        email, name = change.new_email, change.new_name
        if email is not None and step.subject_id != new_user_key(email):
            bad(place, "is not the email of the new user, in lower case")
        if change.creates and name is not None and step.subject_id != new_group_key(name):
            bad(place, "is not the name of the new group")
        if change.creates and step.subject_id in begun:
            bad(f"steps[{index}]", f"creates a {change.noun} that an earlier step changes")
        begun.add(step.subject_id)


def _subject(value: object, where: str) -> Subject:
    fields = Fields.of(value, where)
    kept: tuple[str, ...] = fields.take("kept", list_of(record_id), ())
    subject = Subject(
        user=fields.take("user", user),
        read_at_ms=fields.take("read_at", time_ms),
        groups=fields.take("groups", list_of(group), ()),
        kept=frozenset(kept),
        consequences=fields.take("consequences", list_of(_consequence), ()),
    )
    fields.end()
    return subject


def _group_subject(value: object, where: str) -> GroupSubject:
    fields = Fields.of(value, where)
    subject = GroupSubject(
        group=fields.take("group", group),
        members=fields.take("members", or_null(number)),
        read_at_ms=fields.take("read_at", time_ms),
        consequences=fields.take("consequences", list_of(_consequence), ()),
    )
    fields.end()
    return subject


def _consequence(value: object, where: str) -> Consequence:
    fields = Fields.of(value, where)
    sentence = fields.take("text", text)
    consequence = Consequence(
        gravity=fields.take("gravity", one_of(Gravity)),
        text=sentence,
        as_of_ms=fields.take("as_of", or_null(time_ms), None),
        step=fields.take("step", or_null(count), None),
        found_by_recheck=fields.take("recheck", flag, sentence.startswith(_EARLIER_RECHECK_PREFIX)),
    )
    fields.end()
    return consequence


def _unusable(what: str) -> ConfigurationError:
    return ConfigurationError(f"The plan cannot be used: {what}.", hint="Correct it, or make the plan again.")
