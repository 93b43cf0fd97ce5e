"""Compares a plan from a file with the account: steps that do not find what the plan found are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.groups import Group, member_count
from walkme_tui.domain.inverses import new_emails
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, Step, Subject
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.group_lookups import group_subject, read_group
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.services.ports import Session

S = TypeVar("S", bound=Subject | GroupSubject)

MAX_SHOWN: Final = 80
MAX_CHECKED_FIRST: Final = 1_000
"""Of a plan about more people than this, each is read only before their steps are sent."""
SINCE: Final = "Since the plan was made: "
CHECKED_LATER: Final = (
    f"The plan is about more than {MAX_CHECKED_FIRST} people: each is read just before their steps are sent, and what "
    "was changed since the plan was made is not sent."
)
NOT_SENT: Final = "Not sent."
LEFT: Final = "Nothing is left to send for it."


async def rechecked(session: Session, plan: Plan, on_progress: ProgressListener | None = None) -> Plan:
    """The plan to execute: the users or groups as they are now, with everything that changed since, those first.

    Every step is strict, so that those that changed since are refused when they are executed, too: the plan says which.
    The steps about a user whom the plan creates are not: the server decides how a new user begins. Nothing is read of
    more than ``MAX_CHECKED_FIRST`` people; the plan says so. ``on_progress`` receives the number of users read so far.
    Raises ``ApiError`` where a request fails.
    """
    created = {step.subject_id for step in plan.steps if step.change.creates}
    steps = tuple(step if step.subject_id in created else replace(step, strict=True) for step in plan.steps)
    plan = _without_earlier(replace(plan, steps=steps))
    if plan.groups:
        groups = tuple([await _rechecked_group(session, plan, subject) for subject in plan.groups])
        return replace(plan, groups=groups)
    if len(plan.subjects) > MAX_CHECKED_FIRST:
        later = Consequence(Gravity.WARNING, CHECKED_LATER, found_by_recheck=True)
        return replace(plan, consequences=(later, *plan.consequences))
    emails = new_emails(step.change for step in plan.steps)
    ids = [user_id for user_id in dict.fromkeys(step.subject_id for step in plan.steps) if user_id not in emails]
    async with GroupNames(session) as names:
        names.request()
        look_ups = PlanLookUps(session, names)
        now = await look_ups.current(ids, on_progress)
        in_use = await look_ups.by_email(emails)
        await names.read_mirror()
        await names.wait_listed()
        known = {group.id: group for subject in plan.subjects for group in subject.groups if group.name is not None}
        known |= {group_id: group for group_id, group in names.known.items() if group.name is not None}
    subjects = list(plan.subjects)
    for index, subject in enumerate(subjects):
        user_id = subject.user.id
        if user_id in now:
            subjects[index] = _rechecked(subject, plan, now[user_id], names, known, session.clock())
        elif user_id in in_use:
            subjects[index] = _rechecked_new(subject, emails[user_id], in_use[user_id])
    subjects.sort(key=_order)
    return replace(plan, subjects=tuple(subjects))


async def _rechecked_group(session: Session, plan: Plan, subject: GroupSubject) -> GroupSubject:
    steps = plan.steps_of(subject.id)
    names = {step.change.new_name for step in steps} - {None}
    in_use = {group.name for group in await session.api.list_groups() if group.id != subject.id} & names
    found = [_refused(f"another group has the name {_shown(name)}") for name in in_use]
    if not any(step.change.creates for step in steps):
        deletes = any(step.change.deletes for step in steps)
        try:
            now = await read_group(session, subject.id, members=deletes)
        except NotFound:
            gone = _warning(f"the group was deleted. {LEFT}") if deletes else _refused("the group was deleted")
            return _with(subject, [gone])
        found += _found_by_steps(steps, now)
        known = group_subject(now, session.clock())
        if deletes and known.members != subject.members:
            found.append(
                _warning(f"the group has {member_count(known.members)} now, it had {member_count(subject.members)}.")
            )
        subject = replace(known, consequences=subject.consequences)
    return _with(subject, found)


def _rechecked_new(subject: Subject, email: str, in_use: User | None) -> Subject:
    """A user that the plan creates; ``in_use`` is who has the email now."""
    if in_use is None:
        return subject
    return _with(subject, [_refused(f"a user with the email {_shown(email)} exists now")])


def _rechecked(
    subject: Subject, plan: Plan, now: User | None, names: GroupNames, known: Mapping[str, Group], at_ms: int
) -> Subject:
    steps = plan.steps_of(subject.id)
    if now is None:
        deletes = any(step.change.deletes for step in steps)
        gone = _warning(f"the user was deleted. {LEFT}") if deletes else _refused("the user was deleted")
        return _with(subject, [gone])
    found = [*_found_by_steps(steps, now), *_found_in_user(subject, plan, now, known)]
    found += [
        _warning("the group is not in the list of groups any more.", step)
        for step in steps
        if names.listed is not None and any(group.id not in names.listed for group in step.change.groups)
    ]
    ids = now.groups if isinstance(now.groups, tuple) else ()
    groups = tuple(known.get(group_id, Group(group_id, None)) for group_id in ids)
    if now.groups is UNKNOWN:
        groups = subject.groups
    return _with(replace(subject, user=now, read_at_ms=at_ms, groups=groups), found)


def _found_by_steps(steps: Sequence[Step], now: Record) -> list[Consequence]:
    """The steps that do not find what the plan found."""
    found = []
    for step in steps:
        change = step.change
        planned = change.as_planned(now)
        if other := outcomes.other_email(step.email, now):
            found.append(_refused(other, step))
        elif planned is None and change.overwrites:
            found.append(_warning("the record lacks the present value: the step is sent only if it can be read.", step))
        elif planned is False and change.holds(now):
            found.append(_warning(f"{change.made_text()}. {LEFT}", step))
        elif planned is False:
            found.append(_refused(change.deviation_text(now), step))
    return found


def _found_in_user(subject: Subject, plan: Plan, now: User, known: Mapping[str, Group]) -> list[Consequence]:
    """What changed besides what the steps change."""
    found, then, steps = [], subject.user, plan.steps_of(now.id)
    if UNKNOWN not in (then.email, now.email) and then.email != now.email:
        found.append(_warning(f"the email is {_shown(now.email)} now, it was {_shown(then.email)}."))
    if plan.kind is PlanKind.OFFBOARD and isinstance(now.groups, tuple) and isinstance(then.groups, tuple):
        planned = {*then.groups, *(group.id for step in steps for group in step.change.groups)}
        found += [
            _warning(f"was put into {_label(group_id, known)}, which is not in the plan: stays there.")
            for group_id in dict.fromkeys(now.groups)
            if group_id not in planned
        ]
    return found


def _with(subject: S, found: Sequence[Consequence]) -> S:
    return replace(subject, consequences=(*subject.consequences, *found))


def _order(subject: Subject) -> int:
    """First those of whom something is refused, then those of whom something else changed."""
    found = {each.gravity for each in subject.consequences if each.found_by_recheck}
    return 0 if Gravity.REFUSED in found else 1 if found else 2


def _without_earlier(plan: Plan) -> Plan:
    """The plan without what an earlier recheck found."""

    def kept(consequences: Sequence[Consequence]) -> tuple[Consequence, ...]:
        return tuple(each for each in consequences if not each.found_by_recheck and each.gravity is not Gravity.REFUSED)

    return replace(
        plan,
        subjects=tuple(replace(subject, consequences=kept(subject.consequences)) for subject in plan.subjects),
        groups=tuple(replace(subject, consequences=kept(subject.consequences)) for subject in plan.groups),
        consequences=kept(plan.consequences),
    )


def _label(group_id: str, known: Mapping[str, Group]) -> str:
    return clean(known.get(group_id, Group(group_id, None)).label, MAX_SHOWN)


def _shown(value: object) -> str:
    return clean(value, MAX_SHOWN) if isinstance(value, str) else "unknown"


def _warning(text: str, step: Step | None = None) -> Consequence:
    return Consequence(Gravity.WARNING, SINCE + text, step=None if step is None else step.number, found_by_recheck=True)


def _refused(text: str, step: Step | None = None) -> Consequence:
    """A step, or all steps of the subject, are not sent because of this phrase."""
    return _warning(f"{text}. {NOT_SENT}", step)._replace(gravity=Gravity.REFUSED)
