"""The receipt of a job, or of one of its users or groups: a JSON object to keep and to undo from.

``receipt_text`` renders it. A job of one user has the entry of the user at the top level, a job of several a list.

Values are those of the account, not cleaned; times are in UTC and in the local zone. An unknown field is absent.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import islice
from typing import Any, Final, NamedTuple

from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.changes.change import Change, Record
from walkme_tui.domain.consequences import identity_provider_warning
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.inverses import after_steps
from walkme_tui.domain.jobs import Job, JobState, StepRecord, created_ids
from walkme_tui.domain.json_fields import BadField, bad, flag, group, group_to_json, one_of, or_null, text, user
from walkme_tui.domain.plan_files import read_step, step_to_json
from walkme_tui.domain.plans import NEED_ATTENTION, GroupSubject, Plan, StepState, Subject
from walkme_tui.domain.times import EPOCH, MILLISECOND, format_time_ms
from walkme_tui.domain.user_json import ATTRIBUTES, decode_user, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, User

FORMAT: Final = 1
FORMAT_OF_SEVERAL: Final = 2
MOST_FOR_TICKET: Final = 10
_WORST_LAST: Final = (
    StepState.DONE,
    StepState.SKIPPED,
    StepState.TODO,
    StepState.SENT,
    StepState.NEEDS_REVIEW,
    StepState.REFUSED,
    StepState.FAILED,
)
NAMES: Final = ("id", "email", "firstName", "lastName", "role", "externalId")
STATE: Final = ("status", "groups")


class ReadReceipt(NamedTuple):
    """What an undo needs of a receipt: account, users or groups, the steps with the record before and after each.

    ``subjects`` are by id, and either all users or all groups.
    """

    job_id: str
    ticket: str
    profile: str
    base_url: str
    surface: Surface
    subjects: Mapping[str, User | Group]
    groups: tuple[Group, ...]
    steps: tuple[StepRecord, ...]


def receipt(
    job: Job, subject: Subject | GroupSubject, account: Account, written_at_ms: int, zone: tzinfo | None
) -> dict[str, Json]:
    """The receipt of one user or group of a job; ``zone`` is the local time zone (None: the system's)."""
    return _head(job, account, written_at_ms, zone) | {"format": FORMAT} | receipt_entry(job, subject, zone)


def receipt_head(job: Job, account: Account, written_at_ms: int, zone: tzinfo | None) -> dict[str, Json]:
    """The receipt of a job of several users or groups without their entries, which are a list ``people`` or ``groups``.

    ``by_state`` is the number of users or groups by the worst state of their steps, ``warnings`` that of users by the
    warning that concerns them.
    """
    plan = job.plan
    states = Counter(_worst_state(job.records_of(subject.id)) for subject in receipt_subjects(plan))
    warnings = Counter(
        identity_provider_warning(subject.user, plan.kind)
        for subject in receipt_subjects(plan)
        if isinstance(subject, Subject)
    )
    del warnings[""]
    return _head(job, account, written_at_ms, zone) | {
        "format": FORMAT_OF_SEVERAL,
        "about": "groups" if plan.about_groups else "people",
        "by_state": {state.value: states[state] for state in _WORST_LAST if states[state]},
        "warnings": dict(warnings),
    }


def receipt_subjects(plan: Plan) -> Sequence[Subject | GroupSubject]:
    """The users or groups that the receipt of a job describes: those with steps, or all where none has one."""
    return plan.changed_subjects or plan.all_subjects


def subjects_for_ticket(job: Job) -> Sequence[Subject | GroupSubject]:
    """Those that a ticket describes: all, or the first that need attention where there are many."""
    subjects = receipt_subjects(job.plan)
    if len(subjects) <= MOST_FOR_TICKET:
        return subjects
    wrong = {check.user_id for check in job.wrong_checks}
    found = (
        subject
        for subject in subjects
        if subject.id in wrong or _worst_state(job.records_of(subject.id)) in NEED_ATTENTION
    )
    return tuple(islice(found, MOST_FOR_TICKET))


def receipt_entry(job: Job, subject: Subject | GroupSubject, zone: tzinfo | None) -> dict[str, Json]:
    """What the receipt of a job says of one of its users or groups."""
    records = job.records_of(subject.id)
    if isinstance(subject, GroupSubject):
        about, warning = _about_group(subject, records), ""
    else:
        about, warning = _about_person(subject, records), identity_provider_warning(subject.user, job.plan.kind)
    return {
        **about,
        "steps": [_step(record, zone) for record in records],
        "checks": [check.to_json() for check in job.checks_of(subject.id)],
        "warning": warning,
    }


def _worst_state(records: Sequence[StepRecord]) -> StepState:
    return max((record.state for record in records), key=_WORST_LAST.index, default=StepState.DONE)


def _head(job: Job, account: Account, written_at_ms: int, zone: tzinfo | None) -> dict[str, Json]:
    plan = job.plan

    def moment(at_ms: int | None) -> Json:
        return None if at_ms is None else _moment(at_ms, zone)

    return {
        "format": FORMAT,
        "job": job.id,
        "kind": plan.kind.value,
        "state": _state(job),
        "undoes": plan.undoes,
        "ticket": plan.ticket,
        "operator": {"os_user": job.actor.os_user, "host": job.actor.host, "client_id": job.actor.client_id},
        "account": {
            "profile": plan.profile,
            "base_url": plan.base_url,
            "surface": plan.surface.value,
            "environment": account.environment.value,
        },
        "created_at": moment(job.created_at_ms),
        "settled_at": moment(job.settled_at_ms),
        "written_at": moment(written_at_ms),
        "left_out": list(plan.left_out),
        "undo": f"walkme-tui undo {job.id}",
        "undo_people": job.undoable,
    }


def _about_person(subject: Subject, records: Sequence[StepRecord]) -> dict[str, Json]:
    """The user, with status and groups before and after the job."""
    names = {group.id: group for group in subject.groups}
    names |= {group.id: group for record in records for group in record.step.change.groups}
    user_id = created_ids(records).get(subject.user.id, subject.user.id)
    is_new = any(record.step.change.creates for record in records)
    read = (record.before for record in records if isinstance(record.before, User) and not is_new)
    return {
        "person": _only(encode_user(subject.user._replace(id=user_id)), NAMES),
        "before": _condition(next(read, subject.user), names),
        "after": _condition(after_steps(subject.user, records), names),
        "kept": [group_to_json(names.get(group_id, Group(group_id, None))) for group_id in sorted(subject.kept)],
    }


def _about_group(subject: GroupSubject, records: Sequence[StepRecord]) -> dict[str, Json]:
    """The group, with name and number of members before and after the job; null where there was or is none."""
    ids, is_new = created_ids(records), any(record.step.change.creates for record in records)
    before = next((record.before for record in records if isinstance(record.before, GroupRecord)), None)
    before = after = before or GroupRecord(subject.group)
    is_gone = is_new and not ids
    for record in records:
        if isinstance(record.after, GroupRecord):
            after = record.after
        elif record.state is StepState.DONE:
            after = record.step.change.apply(after)
        is_gone |= record.state is StepState.DONE and record.step.change.deletes
    return {
        "group": {"id": ids.get(subject.group.id, subject.group.id), "name": subject.group.name},
        "before": None if is_new else _group_state(before, subject.members),
        "after": None if is_gone else _group_state(after, subject.members),
        "kept": [],
    }


def _group_state(record: GroupRecord, members: int | None) -> dict[str, Json]:
    """Name and number of members, which is ``members`` where they were not read."""
    return {"name": record.group.name, "members": members if record.members is UNKNOWN else len(record.members)}


def read_receipt(value: object) -> ReadReceipt:
    """What an undo needs of a receipt's JSON object; raises ``ConfigurationError``, which names what is wrong where."""
    try:
        return _read(value)
    except BadField as error:
        raise ConfigurationError(
            f"The receipt cannot be used: {error}.", hint="Undo the job by its id, where it was executed."
        ) from None


def _read(value: object) -> ReadReceipt:
    whole = _object(value, "it")
    if whole.get("format") not in (FORMAT, FORMAT_OF_SEVERAL) or isinstance(whole.get("format"), bool):
        bad("format", f"is neither {FORMAT} nor {FORMAT_OF_SEVERAL}")
    entries: list[tuple[object, str]] = [(whole, "")]
    if whole["format"] == FORMAT_OF_SEVERAL:
        noun = "groups" if "groups" in whole else "people"
        entries = [(each, f"{noun}[{index}].") for index, each in enumerate(_list(whole.get(noun), noun))]
    account = _object(whole.get("account"), "account")
    subjects: dict[str, User | Group] = {}
    groups: list[Group] = []
    records: list[StepRecord] = []
    for entry, where in entries:
        subject, own_groups, own_records = _read_entry(_object(entry, where.rstrip(".")), where)
        if subject.id in subjects:
            bad(f"{where}{'group' if isinstance(subject, Group) else 'person'}", "is described twice")
        subjects[subject.id] = subject
        groups += own_groups
        records += own_records
    if len({type(subject) for subject in subjects.values()}) != 1:
        bad("it", "describes neither people nor groups alone")
    return ReadReceipt(
        job_id=text(whole.get("job"), "job"),
        ticket=text(whole.get("ticket"), "ticket"),
        profile=text(account.get("profile"), "account.profile"),
        base_url=text(account.get("base_url"), "account.base_url"),
        # Receipts of earlier versions lack it.
        surface=one_of(Surface)(account.get("surface", Surface.REST.value), "account.surface"),
        subjects=subjects,
        groups=tuple(groups),
        steps=tuple(sorted(records, key=lambda record: record.step.number)),
    )


def _read_entry(entry: Mapping[str, Any], where: str) -> tuple[User | Group, tuple[Group, ...], tuple[StepRecord, ...]]:
    """The user or group of an entry, the groups with names, and the steps; ``where`` is put before its fields."""
    steps = _list(entry.get("steps"), f"{where}steps")
    subject: User | Group
    groups: tuple[Group, ...] = ()
    before, after = f"{where}before", f"{where}after"
    if "group" in entry:
        subject = group(entry["group"], f"{where}group")
    else:
        subject = _with_condition(user(entry.get("person"), f"{where}person"), entry.get("before"), before)
        groups = _named(entry.get("before"), before) + _named(entry.get("after"), after)
    records = tuple(_read_step(step, subject, f"{where}steps[{index}]") for index, step in enumerate(steps))
    return subject, groups, records


def _state(job: Job) -> str:
    """The job's state; a running job is interrupted by the time that the file is read."""
    return JobState.INTERRUPTED.value if job.state is JobState.RUNNING else job.state.value


def _step(record: StepRecord, zone: tzinfo | None) -> Json:
    found = step_to_json(record.step)
    del found[record.step.change.noun], found["strict"]
    found |= {"state": record.state.value, "detail": record.detail, "changed": record.changed}
    found["attempts"] = record.attempts
    found["as_planned"] = record.as_planned
    found["sent_at"] = None if record.sent_at_ms is None else _moment(record.sent_at_ms, zone)
    found["settled_at"] = None if record.settled_at_ms is None else _moment(record.settled_at_ms, zone)
    for name, read in (("met", record.before), ("left", record.after)):
        if isinstance(read, User):
            found[name] = _known_state(read) | _only(encode_user(read), _names_of(record.step.change))
        elif read is not None:
            found[name] = _group_state(read, None)
    return found


def _read_step(value: object, subject: User | Group, where: str) -> StepRecord:
    fields = dict(_object(value, where))
    noun = "user" if isinstance(subject, User) else "group"
    step = read_step(fields | {noun: subject.id, "strict": False}, where, more_fields=True)
    if step.change.noun != noun:
        bad(f"{where}.call", f"is not a change of a {noun}")
    state = one_of(StepState)(fields.get("state"), f"{where}.state")
    changed = flag(fields.get("changed"), f"{where}.changed")
    before, after = (
        None if fields.get(name) is None else _read_state(fields[name], subject, f"{where}.{name}", step.change)
        for name in ("met", "left")
    )
    return StepRecord(step, state, changed=changed, before=before, after=after)


def _read_state(value: object, subject: User | Group, where: str, change: Change) -> Record:
    """What ``_step`` wrote of the subject before or after a step."""
    if isinstance(subject, User):
        return _with_condition(User(subject.id), value, where, _names_of(change))
    return GroupRecord(Group(subject.id, or_null(text)(_object(value, where).get("name"), f"{where}.name")))


def _condition(user: User, names: Mapping[str, Group]) -> dict[str, Json]:
    """Status and groups of a user, the groups with names."""
    found = _known_state(user)
    if isinstance(user.groups, tuple):
        found["groups"] = [group_to_json(names.get(group_id, Group(group_id, None))) for group_id in user.groups]
    return found


def _known_state(user: User) -> dict[str, Json]:
    """Status and group ids as far as they could be read."""
    found: dict[str, Json] = {}
    if user.status is not UNKNOWN:
        found["status"] = user.status
    if user.groups is not UNKNOWN:
        found["groups"] = None if user.groups is None else list(user.groups)
    return found


def _names_of(change: Change) -> tuple[str, ...]:
    """The JSON names of what a change changes."""
    return tuple(name for name, attribute in ATTRIBUTES.items() if attribute in change.attributes)


def _with_condition(user: User, value: object, where: str, names: tuple[str, ...] = ()) -> User:
    """The user with the status, the groups and the fields ``names`` in a receipt."""
    found = dict(_object(value, where))
    groups = found.get("groups")
    if isinstance(groups, list):
        found["groups"] = [group.get("id") if isinstance(group, dict) else group for group in groups]
    read = decode_user({**_only(encode_user(user), NAMES), **_only(found, (*STATE, *names))})
    if not isinstance(read, User):
        bad(where, f"is no user: {read.reason}")
    return read


def _named(value: object, where: str) -> tuple[Group, ...]:
    groups = _object(value, where).get("groups")
    found = [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    return tuple(
        Group(group["id"], group["name"])
        for group in found
        if isinstance(group.get("id"), str) and isinstance(group.get("name"), str)
    )


def _moment(at_ms: int, zone: tzinfo | None) -> dict[str, Json]:
    """A time in UTC and in the local zone, with its offset."""
    local = (EPOCH + at_ms * MILLISECOND).astimezone(zone)
    return {"utc": format_time_ms(at_ms), "local": local.isoformat(timespec="seconds")}


def _only(raw: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: raw[name] for name in names if name in raw}


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        bad(where, "is not a list")
    return value


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        bad(where, "is not an object")
    return value
