"""Checks a job against the records of the server and the request log: lost, duplicated or unexplained changes."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.support.fault_proxy import Exchange, Fault
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Job, JobState, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.user_json import JSON_NAMES, decode_user
from walkme_tui.domain.users import User

Record = dict[str, Any]
Place = tuple[str, str]
"""What a step changes: whose, and ``status`` or the id of a group."""

# After these faults the request certainly was not executed, and may be resent without a read.
NOT_EXECUTED = frozenset({Fault.TOO_MANY, Fault.TOO_MANY_WAIT, Fault.BUSY, Fault.EXPIRED})
DELIVERED = frozenset({None, Fault.DELAY})


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


def place(change: Change) -> Place:
    """What a step changes."""
    return change.user_id, change.groups[0].id if change.groups else change.attributes[0]


def judge(case: Case) -> list[Violation]:
    """All violations; empty for a correct job."""
    found = [] if case.job.state is JobState.DONE else [Violation("lost", f"the job ended {case.job.state.value}")]
    for record in case.job.steps:
        found += _of_step(case, record)
    return found + list(_unexplained(case))


def _of_step(case: Case, record: StepRecord) -> Iterable[Violation]:
    change, name = record.step.change, f"step {record.step.number} ({record.state.value}, {record.detail})"
    sends = [exchange for exchange in case.log if is_call_of(exchange, change)]
    done = [exchange for exchange in sends if exchange.executed]
    opened = [exchange for exchange in sends if exchange.fault not in NOT_EXECUTED and exchange.status != 405]
    if not record.state.settled:
        yield Violation("lost", f"{name} is not settled")
    if len(opened) > record.attempts:
        yield Violation("unexplained", f"{name} left {len(opened)} times, and {record.attempts} intents are on record")
    for first, second in pairwise(opened):
        if not _was_read_between(case.log, change.user_id, first.number, second.number):
            yield Violation("duplicated", f"{name} was sent again without a look: {first}, {second}")
    if place(change) in case.others:
        return
    held = change.holds(_user(case.after[change.user_id]))
    if record.state is StepState.DONE and not held:
        yield Violation("lost", f"{name} is not so on the server")
    if record.state in {StepState.FAILED, StepState.REFUSED, StepState.SKIPPED} and (held or done):
        yield Violation("lost", f"{name} is so on the server, or was carried out: {done}")
    if len(done) > 1:
        yield Violation("duplicated", f"{name} was carried out {len(done)} times: {done}")


def _unexplained(case: Case) -> Iterable[Violation]:
    """Changes on the server that are not in the journal, and changes in the journal that are not on the server."""
    doubtful = {place(record.step.change) for record in case.job.steps if record.state is StepState.NEEDS_REVIEW}
    skipped = doubtful | set(case.others)
    for user_id, before in case.before.items():
        expected = flat(before)
        for record in case.job.records_of(user_id):
            if record.changed:
                _apply(expected, record.step.change)
        after = flat(case.after[user_id])
        for name in {*expected, *after}:
            if (user_id, name) not in skipped and expected.get(name) != after.get(name):
                told = f"{user_id} {name}: {expected.get(name)!r} by the journal, {after.get(name)!r} on the server"
                yield Violation("unexplained", told)


def flat(record: Record) -> Record:
    """A flat record: every field except the time of the change, and each group as a field."""
    groups = record["groups"]
    assert isinstance(groups, list)
    assert len(groups) == len(set(groups))
    flat = {name: value for name, value in record.items() if name not in {"updatedAt", "groups"}}
    return flat | dict.fromkeys(groups, True)


def _apply(state: Record, change: Change) -> None:
    if isinstance(change, SetStatus):
        state["status"] = change.after
    elif isinstance(change, AddMember):
        state[change.group.id] = True
    elif isinstance(change, RemoveMember):
        state.pop(change.group.id, None)


def new_values(change: SetStatus | UpdateUser) -> dict[str, str | None]:
    """The values that a change sets, by JSON name."""
    if isinstance(change, SetStatus):
        return {"status": change.after}
    return {JSON_NAMES[attribute]: value for attribute, value in change.values.items()}


def is_call_of(exchange: Exchange, change: Change) -> bool:
    """True for a request that asks for this change."""
    match change:
        case SetStatus() | UpdateUser():
            if exchange.method not in {"PATCH", "PUT"} or exchange.path != f"/users/{change.user_id}":
                return False
            sent = json.loads(exchange.body)
            return all(name in sent and sent[name] == value for name, value in new_values(change).items())
        case CreateUser():
            created = exchange.method == "POST" and exchange.path == "/users"
            return created and bool(json.loads(exchange.body)["email"] == change.email)
        case DeleteUser():
            return (exchange.method, exchange.path) == ("DELETE", f"/users/{change.user_id}")
        case AddMember():
            asked = exchange.method == "POST" and exchange.path == f"/groups/{change.group.id}/users"
            return asked and json.loads(exchange.body) == {"userId": change.user_id}
        case RemoveMember():
            path = f"/groups/{change.group.id}/users/{change.user_id}"
            return (exchange.method, exchange.path) == ("DELETE", path)
        case _:
            raise AssertionError(change)


def _was_read_between(log: Sequence[Exchange], user_id: str, first: int, second: int) -> bool:
    return any(
        first < exchange.number < second
        and (exchange.method, exchange.path) == ("GET", f"/users/{user_id}")
        and exchange.executed
        and exchange.fault in DELIVERED
        for exchange in log
    )


def _user(record: Record) -> User:
    user = decode_user(record)
    assert isinstance(user, User)
    return user
