"""Checks a job against the records of the server and the request log: lost, duplicated or unexplained changes."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.support.fault_proxy import Exchange, Fault
from tests.support.scim_exchanges import REFUSED, SCIM_ROOT, is_scim_call_of, paths_read
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup, new_group_key
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.jobs import Job, JobState, StepRecord, created_ids
from walkme_tui.domain.plans import Step, StepState
from walkme_tui.domain.text import email_key
from walkme_tui.domain.user_json import JSON_NAMES, decode_user
from walkme_tui.domain.users import UNKNOWN, User

Record = dict[str, Any]
Place = tuple[str, str]
"""What a step changes: whose, and the JSON name of a field, the id of a group, or ``WHOLE_USER``."""

WHOLE_USER = "user"
GROUP_NAME = "displayName"
"""A record with this field is a group; its members are those whose records have the group."""

# After these faults the request certainly was not executed, and may be resent without a read.
NOT_EXECUTED = frozenset({Fault.TOO_MANY, Fault.TOO_MANY_WAIT, Fault.BUSY, Fault.EXPIRED})
DELIVERED = frozenset({None, Fault.DELAY})
UNSUCCESSFUL = frozenset({StepState.FAILED, StepState.REFUSED, StepState.SKIPPED})


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken guarantee: ``kind`` is ``lost``, ``duplicated`` or ``unexplained``."""

    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Case:
    """An ended job, with all records of what happened.

    ``before`` and ``after`` are the records of the server by id, ``log`` the requests during the job, ``others``
    what was changed by somebody else meanwhile.
    """

    job: Job
    before: Mapping[str, Record]
    after: Mapping[str, Record]
    log: Sequence[Exchange]
    others: Collection[Place] = frozenset()

    @property
    def is_scim(self) -> bool:
        """The job ran on SCIM."""
        return self.job.plan.surface is Surface.SCIM


def places(change: Change) -> set[Place]:
    """What a step changes; of a user or group that it creates, the key stands for the id."""
    if change.creates or change.deletes:
        return {(change.subject_id, WHOLE_USER)}
    if change.about_group:
        return {(change.subject_id, GROUP_NAME)}
    names = [group.id for group in change.groups] or [JSON_NAMES[attribute] for attribute in change.attributes]
    return {(change.subject_id, name) for name in names}


def judge(case: Case) -> list[Violation]:
    """All violations; empty for a correct job."""
    found = [] if case.job.state is JobState.DONE else [Violation("lost", f"the job ended {case.job.state.value}")]
    ids = created_ids(case.job.steps)
    for record in case.job.steps:
        found += _of_step(case, record, ids.get(record.step.subject_id, record.step.subject_id))
    return found + list(_unexplained(case, ids))


def _of_step(case: Case, record: StepRecord, user_id: str) -> Iterable[Violation]:
    planned, name = record.step.change, f"step {record.step.number} ({record.state.value}, {record.detail})"
    change = planned if planned.creates else planned.for_subject(user_id)
    # A PUT of a later step contains the values of this one too.
    later = [
        other.step.change
        for other in case.job.records_of(user_id)
        if other.step.number > record.step.number and change.overwrites and other.step.change.overwrites
    ]
    sends = [
        exchange
        for exchange in case.log
        if is_call_of(exchange, change) and not any(is_call_of(exchange, other) for other in later)
    ]
    if not record.state.settled:
        yield Violation("lost", f"{name} is not settled")
    for kind, about in (*_of_sends(case, record, change, sends), *_of_outcome(case, record, change, sends)):
        yield Violation(kind, f"{name} {about}")


def _of_sends(case: Case, record: StepRecord, change: Change, sends: Sequence[Exchange]) -> Iterable[tuple[str, str]]:
    """What is wrong with the requests of a step: kinds of violation, each with a sentence."""
    opened = [exchange for exchange in sends if exchange.fault not in NOT_EXECUTED and exchange.status not in REFUSED]
    paths = paths_read(change) if case.is_scim else {"/users" if change.creates else f"/users/{change.subject_id}"}
    if len(opened) > record.attempts:
        yield "unexplained", f"left {len(opened)} times, and {record.attempts} intents are on record: {opened}"
    for first, second in pairwise(opened):
        if not _was_read_between(case.log, paths, first.number, second.number):
            yield "duplicated", f"was sent again without a look: {first}, {second}"
    if change.deletes and any(_is_known_gone(case.log, paths, exchange.number) for exchange in sends):
        yield "duplicated", "was sent although the user was known to be gone"


def _of_outcome(case: Case, record: StepRecord, change: Change, sends: Sequence[Exchange]) -> Iterable[tuple[str, str]]:
    """What is wrong with the outcome of a step, like ``_of_sends``."""
    if places(record.step.change) & set(case.others):
        return
    done = [exchange for exchange in sends if exchange.executed]
    if _has_another_email(case, record.step):
        if sends:
            yield "unexplained", f"was sent for a user who has another email: {sends}"
        return
    held, creates = _held(case, change), change.creates
    if record.state is StepState.DONE and not (held and (done or not creates)):
        yield "lost", "is not so on the server, or others made it so"
    if record.state in UNSUCCESSFUL and (done or (held and not creates)):
        yield "lost", f"is so on the server, or was carried out: {done}"
    if record.state is StepState.SKIPPED and not record.step.strict and change.subject_id in case.after:
        yield "lost", "was skipped, and its user is there"
    # Where it could not be read whether the user was a member, a step may find that there was nothing to do.
    was_known = isinstance(record.before, User) and record.before.groups is not UNKNOWN
    if record.changed and change.groups and was_known and not done:
        yield "unexplained", "was carried out by no request that asks for it alone"
    if len(done) > 1:
        yield "duplicated", f"was carried out {len(done)} times: {done}"


def _has_another_email(case: Case, step: Step) -> bool:
    """The step names its user by an email that the user had no more when the job began."""
    user = case.before.get(step.subject_id)
    return step.email is not None and user is not None and email_key(user["email"]) != email_key(step.email)


def _held(case: Case, change: Change) -> bool:
    """Whether the server has what a change makes."""
    if change.creates:
        of_kind = [record for record in case.after.values() if (GROUP_NAME in record) is change.about_group]
        return any(change.holds(_subject(record)) for record in of_kind)
    record = case.after.get(change.subject_id)
    return change.deletes if record is None else bool(change.holds(_subject(record)))


def _unexplained(case: Case, ids: Mapping[str, str]) -> Iterable[Violation]:
    """Changes on the server that are not in the journal, and changes in the journal that are not on the server."""
    skipped = set(case.others)
    expected = {user_id: flat(record) for user_id, record in case.before.items()}
    for record in case.job.steps:
        change = record.step.change
        if record.state is StepState.NEEDS_REVIEW:
            skipped |= places(change) | places(change.for_subject(ids.get(change.subject_id, change.subject_id)))
        if record.changed:
            user_id = ids.get(change.subject_id, change.subject_id)
            _apply(expected, change.for_subject(user_id), flat(case.after.get(user_id, {"groups": []})))
    after = {user_id: flat(record) for user_id, record in case.after.items()}
    for user_id in {*expected, *after}:
        was, now = expected.get(user_id, {}), after.get(user_id, {})
        if any((key, WHOLE_USER) in skipped for key in (user_id, _key_of(now or was))):
            continue
        for name in {*was, *now}:
            # A group whose deletion is in doubt takes its members with it.
            if skipped.isdisjoint({(user_id, name), (name, WHOLE_USER)}) and was.get(name) != now.get(name):
                told = f"{user_id} {name}: {was.get(name)!r} by the journal, {now.get(name)!r} on the server"
                yield Violation("unexplained", told)


def _key_of(record: Record) -> str:
    """What stands for the id of a user or group in the plan that creates it."""
    return new_group_key(record[GROUP_NAME]) if GROUP_NAME in record else new_user_key(str(record["email"]))


def flat(record: Record) -> Record:
    """A flat record: every field except the time of the change, and each group as a field."""
    groups = record["groups"]
    assert isinstance(groups, list)
    assert len(groups) == len(set(groups))
    fields = {name: value for name, value in record.items() if name not in {"updatedAt", "groups"}}
    return fields | dict.fromkeys(groups, True)


def _apply(expected: dict[str, Record], change: Change, now: Record) -> None:
    """Apply a change to the expected records; ``now`` is the flat record on the server."""
    match change:
        case CreateUser() | CreateGroup():
            # In no group: those follow as steps of their own.
            expected[change.subject_id] = {name: value for name, value in now.items() if value is not True}
        case DeleteUser():
            expected.pop(change.subject_id, None)
        case DeleteGroup():
            for record in expected.values():
                record.pop(change.subject_id, None)
            expected.pop(change.subject_id, None)
        case RenameGroup():
            expected[change.subject_id][GROUP_NAME] = change.after
        case SetStatus() | UpdateUser():
            expected[change.subject_id].update(new_values(change))
        case AddMember():
            expected[change.subject_id][change.group.id] = True
        case RemoveMember():
            expected[change.subject_id].pop(change.group.id, None)


def new_values(change: Change) -> dict[str, str | None]:
    """The values that a change sets, by JSON name; none for other kinds of change."""
    match change:
        case SetStatus():
            return {"status": change.after}
        case UpdateUser():
            return {JSON_NAMES[attribute]: value for attribute, value in change.values.items()}
        case _:
            return {}


def is_call_of(exchange: Exchange, change: Change) -> bool:
    """True for a request that asks for this change."""
    if exchange.path.startswith(SCIM_ROOT):
        return is_scim_call_of(exchange, change, new_values(change))
    match change:
        case SetStatus() | UpdateUser():
            if exchange.method not in {"PATCH", "PUT"} or exchange.path != f"/users/{change.subject_id}":
                return False
            sent = json.loads(exchange.body)
            return all(name in sent and sent[name] == value for name, value in new_values(change).items())
        case CreateUser():
            created = exchange.method == "POST" and exchange.path == "/users"
            return created and bool(json.loads(exchange.body)["email"] == change.email)
        case DeleteUser():
            return (exchange.method, exchange.path) == ("DELETE", f"/users/{change.subject_id}")
        case AddMember():
            asked = exchange.method == "POST" and exchange.path == f"/groups/{change.group.id}/users"
            return asked and json.loads(exchange.body) == {"userId": change.subject_id}
        case RemoveMember():
            path = f"/groups/{change.group.id}/users/{change.subject_id}"
            return (exchange.method, exchange.path) == ("DELETE", path)
        case _:
            raise AssertionError(change)


def _was_read_between(log: Sequence[Exchange], paths: Collection[str], first: int, second: int) -> bool:
    return any(
        first < exchange.number < second
        and exchange.method == "GET"
        and exchange.path in paths
        and exchange.status in {200, 404}
        and exchange.fault in DELIVERED
        for exchange in log
    )


def _is_known_gone(log: Sequence[Exchange], paths: Collection[str], number: int) -> bool:
    """True if the server had said before the request with this number that there is no such user."""
    return any(
        exchange.number < number and exchange.path in paths and exchange.status == 404 and exchange.fault in DELIVERED
        for exchange in log
    )


def _subject(record: Record) -> User | GroupRecord:
    if GROUP_NAME in record:
        return GroupRecord(Group(record["id"], record[GROUP_NAME]))
    user = decode_user(record)
    assert isinstance(user, User)
    return user
