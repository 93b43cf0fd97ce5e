"""Plans as JSON, for plan files and for the journal, and back without loss.

A plan file is edited by people and carried between machines: everything in it is checked, and what is wrong is named by
its place (``steps[2].group.id``). Users inside are the JSON objects of ``user_json.encode_user``.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import (
    AddMember,
    Change,
    Consequence,
    Gravity,
    Plan,
    PlanKind,
    RemoveMember,
    SetStatus,
    Step,
    Subject,
)
from walkme_tui.domain.text import storable
from walkme_tui.domain.times import format_time_ms, parse_time_ms
from walkme_tui.domain.user_json import decode_user, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, User

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

FORMAT: Final = 1

SET_STATUS: Final = "set status"
ADD_MEMBER: Final = "add member"
REMOVE_MEMBER: Final = "remove member"
CALLS: Final = (SET_STATUS, ADD_MEMBER, REMOVE_MEMBER)


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """A plan as a JSON object; times are ISO 8601 texts in UTC."""
    return {
        "format": FORMAT,
        "kind": plan.kind.value,
        "profile": plan.profile,
        "base_url": plan.base_url,
        "created_at": format_time_ms(plan.created_at_ms),
        "ticket": plan.ticket,
        "undoes": plan.undoes,
        "left_out": list(plan.left_out),
        "subjects": [_subject_to_json(subject) for subject in plan.subjects],
        "steps": [step_to_json(step) for step in plan.steps],
    }


def plan_from_json(value: object) -> Plan:
    """The plan that a JSON object describes; ``ConfigurationError`` names what is wrong and where."""
    plan = _read_plan(value)
    _check(plan)
    return plan


def plan_to_text(plan: Plan) -> str:
    """The contents of a plan file: ASCII, indented, with a line end."""
    return json.dumps(plan_to_json(plan), indent=2) + "\n"


def plan_from_text(text: str) -> Plan:
    """The plan in the contents of a plan file; ``ConfigurationError`` names what is wrong and where."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _unusable(f"line {error.lineno} is not JSON: {error.msg.lower()}") from None
    except (RecursionError, ValueError):
        raise _unusable("it is not JSON that can be read") from None
    return plan_from_json(value)


def step_to_json(step: Step) -> dict[str, Json]:
    """One step as a JSON object."""
    change = step.change
    told: dict[str, Json] = {"number": step.number, "call": call_name(change), "user": change.user_id}
    if isinstance(change, SetStatus):
        if change.before is not UNKNOWN:
            told["before"] = change.before
        told["after"] = change.after
    else:
        told["group"] = _group_to_json(change.group)
    told["strict"] = step.strict
    return told


def step_from_json(value: object, where: str = "step") -> Step:
    """The step that a JSON object describes; ``ConfigurationError`` names what is wrong, within ``where``."""
    fields = _Fields.of(value, where)
    number = fields.take("number", _count)
    call = fields.take("call", _text)
    user_id = fields.take("user", _id)
    change: Change
    if call == SET_STATUS:
        before = fields.take("before", _or_null(_text)) if "before" in fields.values else UNKNOWN
        change = SetStatus(user_id, before, fields.take("after", _filled))
    elif call in {ADD_MEMBER, REMOVE_MEMBER}:
        group = fields.take("group", _group)
        change = (AddMember if call == ADD_MEMBER else RemoveMember)(user_id, group)
    else:
        _bad(f"{where}.call", f"is not one of: {', '.join(CALLS)}")
    strict = fields.take("strict", _flag, False)
    fields.end()
    return Step(number, change, strict)


def call_name(change: Change) -> str:
    """What a change is called in files: ``set status``, ``add member``, ``remove member``."""
    if isinstance(change, SetStatus):
        return SET_STATUS
    return ADD_MEMBER if isinstance(change, AddMember) else REMOVE_MEMBER


# ---------------------------------------------------------------- writing


def _subject_to_json(subject: Subject) -> dict[str, Json]:
    return {
        "user": encode_user(subject.user),
        "read_at": format_time_ms(subject.read_at_ms),
        "groups": [_group_to_json(group) for group in subject.groups],
        "kept": list[Json](sorted(subject.kept)),
        "consequences": [_consequence_to_json(consequence) for consequence in subject.consequences],
    }


def _consequence_to_json(consequence: Consequence) -> dict[str, Json]:
    as_of_ms = consequence.as_of_ms
    return {
        "gravity": consequence.gravity.value,
        "text": consequence.text,
        "as_of": None if as_of_ms is None else format_time_ms(as_of_ms),
        "step": consequence.step,
    }


def _group_to_json(group: Group) -> dict[str, Json]:
    return {"id": group.id, "name": group.name}


# ---------------------------------------------------------------- reading


_REQUIRED: Final[Any] = object()


@dataclass(slots=True)
class _Fields:
    """One JSON object that is read field by field; ``where`` is its place, empty for the whole plan."""

    values: dict[str, object]
    where: str
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, where: str) -> "_Fields":
        if not isinstance(value, dict):
            _bad(where or "it", "is not an object")
        return cls(value, where)

    def place(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str, read: Callable[[object, str], T], default: T = _REQUIRED) -> T:
        """The value of a field as ``read`` makes it of the JSON value and its place."""
        self._taken.add(name)
        if name in self.values:
            return read(self.values[name], self.place(name))
        if default is _REQUIRED:
            _bad(self.place(name), "is missing")
        return default

    def end(self) -> None:
        """Refuse fields that nobody took: a plan that is half understood must not be carried out."""
        for name in self.values:
            if name not in self._taken:
                _bad(self.place(name), "is not a field that this version knows")


def _read_plan(value: object) -> Plan:
    fields = _Fields.of(value, "")
    if fields.values.get("format") != FORMAT or isinstance(fields.values.get("format"), bool):
        _refuse_format(fields.values.get("format"))
    fields.take("format", _count)
    plan = Plan(
        kind=fields.take("kind", _one_of(PlanKind)),
        profile=fields.take("profile", _text),
        base_url=fields.take("base_url", _text),
        created_at_ms=fields.take("created_at", _time),
        ticket=fields.take("ticket", _text, ""),
        undoes=fields.take("undoes", _or_null(_text), None),
        left_out=fields.take("left_out", _list_of(_text), ()),
        subjects=fields.take("subjects", _list_of(_subject)),
        steps=fields.take("steps", _list_of(step_from_json)),
    )
    fields.end()
    return plan


def _refuse_format(found: object) -> NoReturn:
    if isinstance(found, int) and found > FORMAT:
        raise ConfigurationError(
            f"The plan was made by a newer version of this program (format {found}).",
            hint="Use that version, or make the plan again.",
        )
    _bad("format", "is missing" if found is None else f"is not {FORMAT}")


def _check(plan: Plan) -> None:
    """Refuse what fits the format and yet is no plan: what is reviewed must be all that is carried out."""
    people = [subject.user.id for subject in plan.subjects]
    if len(set(people)) < len(people):
        _bad("subjects", "describes the same person twice")
    known = set(people)
    for index, step in enumerate(plan.steps):
        if step.number != index + 1:
            _bad(f"steps[{index}].number", f"is not {index + 1}")
        if step.user_id not in known:
            _bad(f"steps[{index}].user", "is nobody whom the subjects describe")


def _subject(value: object, where: str) -> Subject:
    fields = _Fields.of(value, where)
    kept: tuple[str, ...] = fields.take("kept", _list_of(_id), ())
    subject = Subject(
        user=fields.take("user", _user),
        read_at_ms=fields.take("read_at", _time),
        groups=fields.take("groups", _list_of(_group), ()),
        kept=frozenset(kept),
        consequences=fields.take("consequences", _list_of(_consequence), ()),
    )
    fields.end()
    return subject


def _consequence(value: object, where: str) -> Consequence:
    fields = _Fields.of(value, where)
    consequence = Consequence(
        gravity=fields.take("gravity", _one_of(Gravity)),
        text=fields.take("text", _text),
        as_of_ms=fields.take("as_of", _or_null(_time), None),
        step=fields.take("step", _or_null(_count), None),
    )
    fields.end()
    return consequence


def _group(value: object, where: str) -> Group:
    fields = _Fields.of(value, where)
    group = Group(fields.take("id", _id), fields.take("name", _or_null(_text), None))
    fields.end()
    return group


def _user(value: object, where: str) -> User:
    user = decode_user(value)
    if not isinstance(user, User):
        _bad(where, f"is no user: {user.reason}")
    return user


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        _bad(where, "is not text")
    return value


def _filled(value: object, where: str) -> str:
    text = _text(value, where)
    if not text:
        _bad(where, "is empty")
    return text


def _id(value: object, where: str) -> str:
    text = _filled(value, where)
    if storable(text) != text:
        _bad(where, "holds half a character")
    return text


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        _bad(where, "is neither true nor false")
    return value


def _count(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _bad(where, "is not a whole number from 1")
    return value


def _time(value: object, where: str) -> int:
    moment_ms = parse_time_ms(value)
    if moment_ms is None:
        _bad(where, "is not a time such as 2026-11-23T09:30:00Z")
    return moment_ms


def _or_null(read: Callable[[object, str], T]) -> Callable[[object, str], T | None]:
    return lambda value, where: None if value is None else read(value, where)


def _list_of(read: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read_all(value: object, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            _bad(where, "is not a list")
        items: Sequence[object] = value
        return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(items))

    return read_all


def _one_of(kind: type[E]) -> Callable[[object, str], E]:
    def read(value: object, where: str) -> E:
        for member in kind:
            if member == value:
                return member
        _bad(where, f"is not one of: {', '.join(member.value for member in kind)}")

    return read


def _bad(where: str, what: str) -> NoReturn:
    raise _unusable(f"{where} {what}")


def _unusable(what: str) -> ConfigurationError:
    return ConfigurationError(f"The plan cannot be used: {what}.", hint="Correct it, or make the plan again.")
