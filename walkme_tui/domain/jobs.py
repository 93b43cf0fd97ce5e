"""Jobs: plans in the journal, with the outcome of each step."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.imports.source import ImportRow, OnConflict, RowOutcome
from walkme_tui.domain.plans import GroupSubject, Plan, PlanKind, Step, StepState, Subject, grouped
from walkme_tui.domain.users import Json


class JobState(StrEnum):
    """The state of a job. Every job but ``DONE`` and ``DISCARDED`` ones can be resumed."""

    READY = "ready"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"
    DISCARDED = "discarded"

    @property
    def resumable(self) -> bool:
        """True if the job can be resumed."""
        return self in {JobState.READY, JobState.RUNNING, JobState.INTERRUPTED}


class Actor(NamedTuple):
    """Who runs a job: the user of the operating system, the host, and the API's client id; never a secret."""

    os_user: str
    host: str
    client_id: str

    def __str__(self) -> str:
        return f"{self.os_user}@{self.host} as {self.client_id}"


class OutcomeReason(StrEnum):
    """What decisions about a step depend on besides its state; ``detail`` is only shown."""

    OTHER = ""
    VERIFIED = "verified"
    """The server accepted the change, and the user was as requested when read back."""
    MAY_ARRIVE = "may arrive"
    """An attempt was sent without a usable answer and had no effect when read back; it may still take effect."""
    CONFLICT = "conflict"
    """Others changed what a strict step would overwrite, so nothing was sent."""
    IGNORED = "ignored"
    """The server accepted the change and made none of it."""
    EXISTS = "exists"
    """The email of the user to create, or the name for the group, is in use."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step in the journal.

    ``detail`` is a sentence to show, ``changed`` is False where nothing had to be sent or the server changed nothing.
    ``before`` and ``after`` are the user or the group as read before and after sending. Times are milliseconds since
    the Unix epoch. ``attempts`` counts how often the call was sent. ``refusals`` are the server's reasons by attribute
    of ``User``, where it refused the values of fields.
    """

    step: Step
    state: StepState
    detail: str = ""
    changed: bool = False
    attempts: int = 0
    sent_at_ms: int | None = None
    settled_at_ms: int | None = None
    before: Record | None = None
    after: Record | None = None
    reason: OutcomeReason = OutcomeReason.OTHER
    refusals: Mapping[str, str] = field(default_factory=dict)

    @property
    def created(self) -> Record | None:
        """What the step created; None if it created nothing, or that is not certain."""
        return self.after if self.changed and self.step.change.creates else None

    @property
    def may_arrive(self) -> bool:
        """An earlier attempt may still take effect."""
        return self.reason is OutcomeReason.MAY_ARRIVE

    @property
    def as_planned(self) -> bool:
        """The step found what its plan expected, changed it, and has nothing else to report."""
        if self.state is not StepState.DONE or self.reason is not OutcomeReason.VERIFIED:
            return False
        return self.before is None or self.step.change.as_planned(self.before) is not False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a step, for the journal and the receipt; see ``StepRecord``."""

    state: StepState
    detail: str
    changed: bool = False
    after: Record | None = None
    reason: OutcomeReason = OutcomeReason.OTHER
    refusals: Mapping[str, str] = field(default_factory=dict)


class SurfaceCheck(NamedTuple):
    """Whether a user is active on the other surface after a job, in ``text`` too, with what to do where that is wrong.

    ``active`` is None where the other surface has no such user, does not say, or could not be read; ``wrong`` is true
    where it differs from the job. ``user_id`` is that of the job's surface; ``email`` is as received, or the id.
    """

    user_id: str
    email: str
    surface: Surface
    active: bool | None
    text: str
    wrong: bool

    def to_json(self) -> dict[str, Json]:
        """What receipts and ``--json`` show."""
        return {"email": self.email, "surface": self.surface.value, "active": self.active, "text": self.text}


class SubjectName(NamedTuple):
    """A user or a group in a list of jobs: the email or the group's name, else the id, and a user's full name."""

    name: str
    full_name: str = ""


NAMES_IN_SUMMARY: Final = 2


@dataclass(frozen=True, slots=True)
class JobSummary:
    """What a list of jobs shows of one, without its plan and its steps.

    ``subjects`` is the number of users or groups with steps, or of all in the plan where none has one. ``names`` are
    those of the first of them, at most ``NAMES_IN_SUMMARY``; a purged job has neither. ``counts`` is the number of
    steps by the value of their state. The job changed ``changed`` users or groups, and later jobs undid the changes of
    ``undone`` of them.
    """

    id: str
    kind: PlanKind
    state: JobState
    profile: str
    base_url: str
    surface: Surface
    actor: Actor
    created_at_ms: int
    ticket: str
    about_groups: bool
    subjects: int
    names: tuple[SubjectName, ...]
    counts: Mapping[str, int]
    changed: int
    undone: int = 0
    undoes: str | None = None
    settled_at_ms: int | None = None
    purged_at_ms: int | None = None

    @property
    def steps(self) -> int:
        """The number of steps."""
        return sum(self.counts.values())

    @property
    def standing(self) -> int:
        """The number of users or groups whose changes were not undone."""
        return self.changed - self.undone

    @property
    def unsettled(self) -> int:
        """The number of steps that are not settled."""
        return sum(self.counts.get(state.value, 0) for state in (StepState.TODO, StepState.SENT))


@dataclass(frozen=True)
class Job:
    """One plan in the journal, with its steps in order; ``receipts`` are paths of the receipts written so far.

    ``checks`` are those of the latest run that did all steps, empty where the profile has one surface.

    ``whole`` is set in an excerpt, which may have the steps, subjects and checks of some users or groups only.

    ``as_of`` is the last entry of the audit trail that it shows.

    ``purged_at_ms`` is set once the personal data was deleted: then the plan has no subjects, users and groups have
    numbered ids (``person-1``, ``group-2``), and the job cannot be undone.
    """

    id: str
    state: JobState
    plan: Plan
    actor: Actor
    created_at_ms: int
    steps: tuple[StepRecord, ...]
    settled_at_ms: int | None = None
    receipts: tuple[str, ...] = ()
    purged_at_ms: int | None = None
    checks: tuple[SurfaceCheck, ...] = ()
    whole: JobSummary | None = None
    as_of: int = field(default=0, compare=False)

    @cached_property
    def summary(self) -> JobSummary:
        """What a list shows of the job; what later jobs undid is known to an excerpt only."""
        if self.whole is not None:
            return self.whole
        plan = self.plan
        named = plan.changed_subjects or plan.all_subjects
        return JobSummary(
            id=self.id,
            kind=plan.kind,
            state=self.state,
            profile=plan.profile,
            base_url=plan.base_url,
            surface=plan.surface,
            actor=self.actor,
            created_at_ms=self.created_at_ms,
            ticket=plan.ticket,
            about_groups=plan.about_groups,
            subjects=len(named),
            names=tuple(map(listed_name, named[:NAMES_IN_SUMMARY])),
            counts=self.counts,
            changed=len(self.changed_subjects),
            undoes=plan.undoes,
            settled_at_ms=self.settled_at_ms,
            purged_at_ms=self.purged_at_ms,
        )

    @property
    def is_complete(self) -> bool:
        """False for an excerpt without some of the users or groups."""
        plan = self.plan
        return self.whole is None or len(plan.changed_subjects or plan.all_subjects) >= self.whole.subjects

    @property
    def counts(self) -> Mapping[str, int]:
        """How many steps are in which state; states without a step are missing."""
        return Counter(record.state.value for record in self.steps)

    @property
    def unsettled(self) -> tuple[StepRecord, ...]:
        """The steps that are not settled."""
        return tuple(record for record in self.steps if not record.state.settled)

    @property
    def clean(self) -> bool:
        """True if every step is done or was skipped, no row of an import failed, and no check is wrong.

        Only an undo may be skipped because of what others changed. An excerpt does not show why steps were skipped, and
        is not clean then.
        """
        if not self.is_complete and self.summary.counts.keys() - {StepState.DONE.value}:
            return False
        source = self.plan.source
        if source is not None and any(row.outcome is RowOutcome.FAILED for row in source.rows):
            return False
        return not self.wrong_checks and all(
            record.state is StepState.DONE
            or (
                record.state is StepState.SKIPPED
                and (self.plan.kind is PlanKind.UNDO or record.reason is not OutcomeReason.CONFLICT)
            )
            or (source is not None and skips_existing(source.row_of(record.step.subject_id), record))
            for record in self.steps
        )

    @property
    def wrong_checks(self) -> tuple[SurfaceCheck, ...]:
        """The checks that need attention."""
        return tuple(check for check in self.checks if check.wrong)

    @property
    def changed_subjects(self) -> frozenset[str]:
        """Ids of the users or groups that the job changed."""
        return frozenset(
            record.step.subject_id for record in self.steps if record.state is StepState.DONE and record.changed
        )

    @property
    def undoable_subjects(self) -> frozenset[str]:
        """Those of which an undo restores something."""
        steps = (record.step for record in self.steps if record.step.change.undoable)
        return self.changed_subjects.intersection(step.subject_id for step in steps)

    @property
    def undoable(self) -> int:
        """The number of users or groups of which an undo restores something, also where this is an excerpt."""
        if len(self.steps) == self.summary.steps:
            return len(self.undoable_subjects)
        # The changes of users can be undone, and a job about groups changes them all in the same way.
        return self.summary.changed if all(record.step.change.undoable for record in self.steps) else 0

    @property
    def finished_users(self) -> frozenset[str]:
        """Ids of the users of which every step is done, or who needed none."""
        users = {subject.user.id for subject in self.plan.subjects}
        return frozenset(
            users - {record.step.subject_id for record in self.steps if record.state is not StepState.DONE}
        )

    @property
    def reported_ids(self) -> tuple[str, ...]:
        """What the steps and the checks are about, each id once."""
        ids = [record.step.subject_id for record in self.steps]
        return tuple(dict.fromkeys([*ids, *(check.user_id for check in self.checks)]))

    def records_of(self, subject_id: str) -> tuple[StepRecord, ...]:
        """The steps of one user or group, given by the id or by the key of one that the job creates."""
        return tuple(self._records_by_subject.get(self.subject_id(subject_id), ()))

    def checks_of(self, user_id: str) -> tuple[SurfaceCheck, ...]:
        """The checks of one user."""
        return tuple(self._checks_by_user.get(user_id, ()))

    def subject_id(self, id_now: str) -> str:
        """The id of this user or group in the job's plan: of one that the job created, the key."""
        return self._subject_ids.get(id_now, id_now)

    @cached_property
    def _subject_ids(self) -> Mapping[str, str]:
        return {id_now: subject for subject, id_now in created_ids(self.steps).items()}

    @cached_property
    def _checks_by_user(self) -> Mapping[str, Sequence[SurfaceCheck]]:
        return grouped(self.checks, lambda check: check.user_id)

    @cached_property
    def _records_by_subject(self) -> Mapping[str, Sequence[StepRecord]]:
        return grouped(self.steps, lambda record: record.step.subject_id)


def created_ids(records: Iterable[StepRecord]) -> dict[str, str]:
    """The ids of the users and groups that a job created, by their keys in its plan."""
    return {record.step.subject_id: record.created.id for record in records if record.created is not None}


def with_subject_id(record: StepRecord, subject_id: str) -> StepRecord:
    """The record with the id of a user or group in place of the key."""
    return replace(record, step=replace(record.step, change=record.step.change.for_subject(subject_id)))


def skips_existing(row: ImportRow | None, record: StepRecord) -> bool:
    """The step was to create the user of a row, and as the row wants then, it left a user who exists as they are."""
    return (
        row is not None
        and row.on_conflict is OnConflict.SKIP
        and record.step.change.creates
        and record.state is StepState.FAILED
        and record.reason is OutcomeReason.EXISTS
    )


def listed_name(subject: Subject | GroupSubject) -> SubjectName:
    """How a list of jobs names a user or a group."""
    return SubjectName(subject.name, subject.user.full_name if isinstance(subject, Subject) else "")


def id_after(record: StepRecord) -> str | None:
    """The id by which later jobs know the user or group of a step, where it is not that of the step.

    This is the id of what the step created, and for a deleted user the key of the new one that an undo creates.
    """
    if record.created is not None:
        return record.created.id
    if not record.changed or not record.step.change.deletes:
        return None
    inverses = record.step.change.inverses(record.before, record.after)
    return next((inverse.subject_id for inverse in inverses), None)
