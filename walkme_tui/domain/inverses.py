"""What takes a job back: the inverses of what it changed, in reverse order, and what others changed since in words.

Only a step that is done and changed something is taken back. What was changed meanwhile by others is left to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User

MAX_SHOWN: Final = 80


@dataclass(slots=True)
class Inverses:
    """What an undo does, in order, and in sentences what it leaves out."""

    changes: list[Change] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def who(user: User) -> str:
    """What to call a person in a sentence: the email, else the id."""
    return clean(user.email if isinstance(user.email, str) and user.email else user.id, MAX_SHOWN)


def inverses(
    records: Sequence[StepRecord],
    people: Mapping[str, User],
    now: Mapping[str, User | None],
    groups: Mapping[str, Group],
) -> Inverses:
    """The way back from the steps of a job.

    ``people`` are the persons as the plan knew them, ``now`` as the server tells them at present (None: gone), both by
    id. ``groups`` names groups by id.
    """
    found = Inverses()
    told_gone: set[str] = set()
    simulated = {user_id: user for user_id, user in now.items() if user is not None}
    for record in sorted(records, key=lambda record: record.step.number, reverse=True):
        user_id = record.step.user_id
        known = people.get(user_id, User(user_id))
        user = simulated.get(user_id)
        if user is None:
            if user_id not in told_gone:
                told_gone.add(user_id)
                found.left_out.append(f"{who(known)}: there is no such user any more, so nothing is put back.")
            continue
        change = _inverse(record, who(known), found.left_out)
        if change is None:
            continue
        refusal = _changed_since(change, user)
        if refusal:
            found.left_out.append(f"{who(known)}: {refusal}")
            continue
        found.changes.append(change)
        simulated[user_id] = change.apply(user)
    by_person: dict[str, list[StepRecord]] = {}
    for record in records:
        by_person.setdefault(record.step.user_id, []).append(record)
    for user_id, mine in by_person.items():
        current = now.get(user_id)
        if current is not None:
            known = people.get(user_id, User(user_id))
            found.left_out += [f"{who(known)}: {said}" for said in _drift(known, mine, current, groups)]
    return found


def left_by(known: User, records: Iterable[StepRecord]) -> User:
    """The user as the last look of the steps, else the steps themselves, left them; ``known`` is from the plan."""
    state = known
    for record in sorted(records, key=lambda record: record.step.number):
        if record.before is not None:
            state = merged(state, record.before)
        if record.state is StepState.DONE:
            state = record.step.change.apply(state)
        if record.after is not None:
            state = merged(state, record.after)
    return state


def _inverse(record: StepRecord, name: str, left_out: list[str]) -> Change | None:
    """What takes one step back; None where there is nothing to take back, or no way, which is then said."""
    change = record.step.change
    if record.state in {StepState.SENT, StepState.NEEDS_REVIEW}:
        left_out.append(f"{name}: it is not known whether “{change.describe()}” happened, so it is not undone.")
    if record.state is not StepState.DONE or not record.changed:
        return None
    inverse = change.inverse(record.before)
    if inverse is None:
        left_out.append(f"{name}: {change.no_inverse_text()}.")
    return inverse


def _changed_since(change: Change, user: User) -> str:
    """Why an inverse must not be sent any more; empty if nothing is known to prevent it."""
    if change.holds(user):
        return f"{change.already_text()} again."
    if change.overwrites and change.as_planned(user) is False:
        return f"{change.deviation_text(user)}: others changed it, so it stays."
    return ""


def _drift(known: User, records: Sequence[StepRecord], now: User, groups: Mapping[str, Group]) -> list[str]:
    """What others changed beside what the steps changed: it stays, and it is said."""
    left = left_by(known, records)
    said: list[str] = []
    changes = [record.step.change for record in records if record.changed]
    touched_status = any(change.attribute == "status" for change in changes)
    if not touched_status and UNKNOWN not in (left.status, now.status) and left.status != now.status:
        said.append(
            f"the status is {_shown(now.status)} now, it was {_shown(left.status)}: others changed it, so it stays."
        )
    if left.groups is UNKNOWN or now.groups is UNKNOWN:
        return said
    touched = {group.id for change in changes for group in change.groups}
    then, today = dict.fromkeys(left.groups or ()), dict.fromkeys(now.groups or ())
    said += [
        f"was put into {_label(group_id, groups)} by others, and stays there."
        for group_id in today
        if group_id not in then and group_id not in touched
    ]
    said += [
        f"was taken out of {_label(group_id, groups)} by others, and stays out."
        for group_id in then
        if group_id not in today and group_id not in touched
    ]
    return said


def _label(group_id: str, groups: Mapping[str, Group]) -> str:
    return clean(groups.get(group_id, Group(group_id, None)).label, MAX_SHOWN)


def _shown(status: object) -> str:
    return clean(status, MAX_SHOWN) if isinstance(status, str) else "unknown"
