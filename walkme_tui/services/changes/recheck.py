"""Compares an older plan with the account before it is executed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.groups import Group, member_count
from walkme_tui.domain.inverses import new_emails
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, Step, Subject
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.group_lookups import group_subject, read_group
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 80
GONE: Final = "there is no such user any more."
SINCE: Final = "Since the plan was made: "


async def rechecked(session: Session, plan: Plan) -> Plan:
    """The same steps, with the users or groups as they are now and a warning for everything that changed since.

    Raises ``ApiError`` where a request fails.
    """
    if plan.groups:
        return replace(plan, groups=tuple([await _rechecked_group(session, plan, subject) for subject in plan.groups]))
    emails = new_emails(step.change for step in plan.steps)
    ids = [user_id for user_id in dict.fromkeys(step.subject_id for step in plan.steps) if user_id not in emails]
    async with GroupNames(session) as names:
        look_ups = PlanLookUps(session, names)
        now = await look_ups.current(ids)
        in_use = await look_ups.by_email(emails)
        await names.read_mirror()
        known = {group.id: group for subject in plan.subjects for group in subject.groups if group.name is not None}
        known |= {group_id: group for group_id, group in names.known.items() if group.name is not None}
    there = {subject.user.id for subject in plan.subjects}
    subjects = [
        *plan.subjects,
        *(Subject(User(user_id), plan.created_at_ms) for user_id in ids if user_id not in there),
    ]
    for index, subject in enumerate(subjects):
        user_id = subject.user.id
        if user_id in now:
            subjects[index] = _rechecked(subject, plan, now[user_id], known, session.clock())
        elif user_id in in_use:
            subjects[index] = _rechecked_new(subject, emails[user_id], in_use[user_id])
    return replace(plan, subjects=tuple(subjects))


async def _rechecked_group(session: Session, plan: Plan, subject: GroupSubject) -> GroupSubject:
    steps = plan.steps_of(subject.id)
    before = tuple(each for each in subject.consequences if not each.found_by_recheck)
    names = {step.change.new_name for step in steps} - {None}
    in_use = {group.name for group in await session.api.list_groups() if group.id != subject.id} & names
    found = [f"another group has the name {_shown(name)}, so nothing will be sent." for name in in_use]
    if not any(step.change.creates for step in steps):
        with_members = any(step.change.deletes for step in steps)
        try:
            now = await read_group(session, subject.id, members=with_members)
        except NotFound:
            return replace(subject, consequences=(*before, _warning("there is no such group any more.")))
        found += [text for step in steps if (text := _step_changed(step, now))]
        known = group_subject(now, session.clock())
        if with_members and known.members != subject.members:
            found.append(f"the group has {member_count(known.members)} now, it had {member_count(subject.members)}.")
        subject = known
    return replace(subject, consequences=(*before, *map(_warning, found)))


def _rechecked_new(subject: Subject, email: str, in_use: User | None) -> Subject:
    """A user that the plan creates; ``in_use`` is who has the email now."""
    before = tuple(each for each in subject.consequences if not each.found_by_recheck)
    if in_use is None:
        return replace(subject, consequences=before)
    text = f"somebody has the email {_shown(email)}, so the user will not be created."
    return replace(subject, consequences=(*before, _warning(text)))


def _rechecked(subject: Subject, plan: Plan, now: User | None, known: Mapping[str, Group], at_ms: int) -> Subject:
    before = tuple(each for each in subject.consequences if not each.found_by_recheck)
    if now is None:
        return replace(subject, consequences=(*before, _warning(GONE)))
    found = _changes(subject, plan, now, known)
    ids = now.groups if isinstance(now.groups, tuple) else ()
    groups = tuple(known.get(group_id, Group(group_id, None)) for group_id in ids)
    if now.groups is UNKNOWN:
        groups = subject.groups
    return replace(subject, user=now, read_at_ms=at_ms, groups=groups, consequences=(*before, *map(_warning, found)))


def _changes(subject: Subject, plan: Plan, now: User, known: Mapping[str, Group]) -> list[str]:
    steps = plan.steps_of(now.id)
    found = [text for step in steps if (text := _step_changed(step, now))]
    then = subject.user
    if UNKNOWN not in (then.email, now.email) and then.email != now.email:
        found.append(f"the email is {_shown(now.email)} now, it was {_shown(then.email)}.")
    if plan.kind is PlanKind.OFFBOARD and isinstance(now.groups, tuple) and isinstance(then.groups, tuple):
        planned = set(then.groups)
        planned |= {group.id for step in steps for group in step.change.groups}
        found += [
            f"was put into {_label(group_id, known)}, which is not in the plan: stays there."
            for group_id in dict.fromkeys(now.groups)
            if group_id not in planned
        ]
    return found


def _step_changed(step: Step, now: Record) -> str:
    """How a step differs from its plan; empty if it does not, or that is unknown."""
    change = step.change
    if change.as_planned(now) is not False:
        return ""
    if change.holds(now):
        return f"step {step.number} is already done: nothing will be sent for it."
    left_out = ", so it will be skipped" if step.strict else ""
    return f"step {step.number}: {change.deviation_text(now)}{left_out}."


def _label(group_id: str, known: Mapping[str, Group]) -> str:
    return clean(known.get(group_id, Group(group_id, None)).label, MAX_SHOWN)


def _shown(value: object) -> str:
    return clean(value, MAX_SHOWN) if isinstance(value, str) else "unknown"


def _warning(text: str) -> Consequence:
    return Consequence(Gravity.WARNING, SINCE + text, found_by_recheck=True)
