"""The inverses that undo a job, in reverse order, and sentences about what the undo leaves out.

Only steps that are done and changed something are undone. What was changed since stays: by others, or by a later job.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from walkme_tui.domain.changes.change import Change, Record
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.jobs import StepRecord, created_ids, with_subject_id
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState, grouped
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User, user_label

MAX_SHOWN: Final = 80


class Inverses:
    """The changes of an undo, in order, and what it leaves out, in sentences."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.left_out: list[str] = []


def inverses(
    records: Sequence[StepRecord],
    users: Mapping[str, User],
    now: Mapping[str, User | None],
    groups: Mapping[str, Group],
) -> Inverses:
    """The inverses of the steps of a job.

    ``users`` are the users as in the plan, by the id there, ``now`` as the server has them now (None: gone), by id. A
    user that the job created has the id that ``jobs.created_ids`` returns; one that it deleted is looked up by email
    for the undo, and in ``now`` by ``new_user_key``. ``groups`` contains the known groups by id.
    """
    found = Inverses()
    ids = created_ids(records)
    known = {ids.get(user_id, user_id): user for user_id, user in users.items()}
    records = [with_subject_id(record, ids.get(record.step.subject_id, record.step.subject_id)) for record in records]
    never_there = {record.step.subject_id for record in records if record.step.change.new_email is not None}
    never_there -= set(ids.values())
    reported_gone: set[str] = set()
    simulated = {user_id: user for user_id, user in now.items() if user is not None}
    for record in sorted(records, key=lambda record: record.step.number, reverse=True):
        user_id = record.step.subject_id
        label = user_label(known.get(user_id, User(user_id)))
        if user_id not in simulated and user_id not in never_there and not record.step.change.deletes:
            if user_id not in reported_gone:
                reported_gone.add(user_id)
                found.left_out.append(f"{label}: there is no such user any more, so nothing is restored.")
            continue
        for change in _inverses(record, label, found.left_out):
            user = simulated.get(change.subject_id)
            if change.new_email is not None and user_id in simulated:
                found.left_out.append(f"{label}: the user is there again, so there is nothing to undo.")
                break
            if change.new_email is not None and user is not None:
                found.left_out.append(f"{label}: {change.already_text()}, so no new user is created.")
                break
            left = _unless_changed_since(change.with_group_names(groups), user, label, found.left_out)
            if left is not None:
                found.changes.append(left)
                simulated[left.subject_id] = left.apply(user or User(left.subject_id))
    for user_id, own in grouped(records, lambda record: record.step.subject_id).items():
        current = now.get(user_id)
        deleted = any(record.changed and record.step.change.deletes for record in own)
        if current is not None and not deleted:
            planned = known.get(user_id, User(user_id))
            found.left_out += [
                f"{user_label(planned)}: {sentence}" for sentence in _changed_besides(planned, own, current, groups)
            ]
    return found


def group_inverses(
    records: Sequence[StepRecord], planned: Mapping[str, Group], now: Mapping[str, GroupRecord], listed: Sequence[Group]
) -> Inverses:
    """The inverses of the steps of a job that changed groups.

    ``planned`` are the groups as in the plan, by the id there, ``now`` those that still exist as the server has them
    now, by id, and ``listed`` all groups of the account.
    """
    found = Inverses()
    for record in sorted(records, key=lambda record: record.step.number, reverse=True):
        label = clean(planned.get(record.step.subject_id, Group(record.step.subject_id, None)).label, MAX_SHOWN)
        for change in _inverses(record, label, found.left_out):
            group = now.get(change.subject_id)
            if group is None:
                found.left_out.append(f"{label}: there is no such group any more, so nothing is restored.")
            elif any(other.name == change.new_name and other.id != group.id for other in listed if other.name):
                found.left_out.append(f"{label}: another group has the old name by now, so this one keeps its name.")
            elif left := _unless_changed_since(change, group, label, found.left_out):
                found.changes.append(left)
    return found


def present_users(records: Sequence[StepRecord]) -> list[str]:
    """Ids of the users that an undo reads: without those that the job was to create and did not."""
    ids = created_ids(records)
    never_there = {record.step.subject_id for record in records if record.step.change.new_email is not None} - set(ids)
    keys = dict.fromkeys(record.step.subject_id for record in records)
    return [ids.get(key, key) for key in keys if key not in never_there]


def new_emails(changes: Iterable[Change]) -> dict[str, str]:
    """The emails of the users that the changes create, by ``new_user_key``."""
    return {change.subject_id: change.new_email for change in changes if change.new_email is not None}


def after_steps(known: User, records: Iterable[StepRecord]) -> User:
    """The user after the steps: as last read, else as the steps changed them; ``known`` is from the plan."""
    state = known
    for record in sorted(records, key=lambda record: record.step.number):
        if isinstance(record.before, User):
            state = merged(state, record.before)
        if record.state is StepState.DONE:
            state = record.step.change.apply(state)
        if isinstance(record.after, User):
            state = merged(state, record.after)
    return state


def _inverses(record: StepRecord, label: str, left_out: list[str]) -> tuple[Change, ...]:
    """The inverses of one step; empty where there is nothing to undo, or no way to, as ``left_out`` then says."""
    change = record.step.change
    if record.state in {StepState.SENT, StepState.NEEDS_REVIEW}:
        left_out.append(f"{label}: it is not known whether “{change.describe()}” happened, so it is not undone.")
    if record.state is not StepState.DONE or not record.changed:
        return ()
    found = change.inverses(record.before, record.after)
    if not found:
        left_out.append(f"{label}: {change.no_inverse_text()}.")
    return found


def _unless_changed_since(change: Change, now: Record | None, label: str, left_out: list[str]) -> Change | None:
    """An inverse without what was changed since, which ``left_out`` then explains; None if nothing is left of it."""
    if now is None:
        return change
    if change.holds(now):
        left_out.append(f"{label}: {change.made_text()} since, so there is nothing to undo.")
        return None
    if change.overwrites and change.as_planned(now) is False:
        left_out.append(f"{label}: {change.deviation_text(now)}: it was changed since, so it stays.")
        return change.without_conflicts(now)
    return change


def _changed_besides(known: User, records: Sequence[StepRecord], now: User, groups: Mapping[str, Group]) -> list[str]:
    """Sentences about what was changed since besides what the steps changed; it stays."""
    left = after_steps(known, records)
    sentences: list[str] = []
    changes = [record.step.change for record in records if record.changed]
    status_changed = any("status" in change.attributes for change in changes)
    if not status_changed and UNKNOWN not in (left.status, now.status) and left.status != now.status:
        sentences.append(
            f"the status is {_shown(now.status)} now, it was {_shown(left.status)}: it was changed since, so it stays."
        )
    if left.groups is UNKNOWN or now.groups is UNKNOWN:
        return sentences
    changed_groups = {group.id for change in changes for group in change.groups}
    before, after = dict.fromkeys(left.groups or ()), dict.fromkeys(now.groups or ())
    sentences += [
        f"was put into {_label(group_id, groups)} since, and stays there."
        for group_id in after
        if group_id not in before and group_id not in changed_groups
    ]
    sentences += [
        f"was taken out of {_label(group_id, groups)} since, and stays out."
        for group_id in before
        if group_id not in after and group_id not in changed_groups
    ]
    return sentences


def _label(group_id: str, groups: Mapping[str, Group]) -> str:
    return clean(groups.get(group_id, Group(group_id, None)).label, MAX_SHOWN)


def _shown(status: object) -> str:
    return clean(status, MAX_SHOWN) if isinstance(status, str) else "unknown"
