"""Plans: changes of an account as steps, each one API call.

Only the execution of a plan writes to an account. A plan is plain data, the same on the screen, in a file and in the
journal.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import Status, User

if TYPE_CHECKING:
    from walkme_tui.domain.imports.source import ImportSource

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# After each step the whole record of the user is read again and journalled, so that a job grows with the square of the
# number of groups: 1 000 take 75 MB, 200 000 would take terabytes.
MAX_STEPS_PER_USER: Final = 1_000


class PlanKind(StrEnum):
    """The purpose of a plan."""

    OFFBOARD = "offboard"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    UNDO = "undo"
    EDIT = "edit"
    CREATE = "create"
    DELETE = "delete"
    GROUPS = "groups"
    IMPORT = "import"
    RECONCILE = "reconcile"
    CREATE_GROUP = "create group"
    RENAME_GROUP = "rename group"
    DELETE_GROUP = "delete group"

    @property
    def verb(self) -> str:
        """The beginning of a title."""
        return _VERBS.get(self) or self.value.capitalize()


# Of the kinds whose title does not begin with their value.
_VERBS: Final = {
    PlanKind.GROUPS: "Change groups of",
    PlanKind.CREATE_GROUP: "Create the group",
    PlanKind.RENAME_GROUP: "Rename the group",
    PlanKind.DELETE_GROUP: "Delete the group",
}


class StepState(StrEnum):
    """How far a step is. ``SENT`` is on disk before the bytes leave; after a crash it means: outcome unknown."""

    TODO = "todo"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    NEEDS_REVIEW = "needs review"

    @property
    def settled(self) -> bool:
        """True if a run does nothing more with the step."""
        return self not in {StepState.TODO, StepState.SENT}


NEED_ATTENTION: Final = (StepState.FAILED, StepState.REFUSED, StepState.NEEDS_REVIEW)
"""The states of steps that a person has to look at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One API call of a plan; ``number`` counts from 1 within the plan.

    A ``strict`` step is sent only if the user still is as the plan found them, since an undo must not overwrite what
    others changed; any other step is sent unless the user already is as requested. Where an ``email`` names the user,
    as in an imported file, the step is sent only if the user has it: the id may be known from an older record.
    """

    number: int
    change: Change
    strict: bool = False
    email: str | None = None

    @property
    def subject_id(self) -> str:
        """The id of what the step changes."""
        return self.change.subject_id

    @property
    def left(self) -> tuple[str, str] | None:
        """The ids of the user and of the group that the user leaves; None for every other step."""
        group = self.change.left_group
        return None if group is None else (self.subject_id, group.id)


class Gravity(StrEnum):
    """The severity of a consequence; a step, or all steps of a subject, that it ``REFUSED`` are not sent."""

    NOTE = "note"
    WARNING = "warning"
    REFUSED = "refused"


class Consequence(NamedTuple):
    """Something to know before a plan runs.

    ``as_of_ms`` is the time of the data that it was computed from, None if that was read just now. ``step`` is the
    number of the step that it belongs to, None if it belongs to the whole. ``found_by_recheck``: the account differs
    from what the plan found; the next recheck replaces it.
    """

    gravity: Gravity
    text: str
    as_of_ms: int | None = None
    step: int | None = None
    found_by_recheck: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """One user that a plan changes, as the server had them when the plan was made.

    ``groups`` are the user's groups with their names if known, ``kept`` the ids of those that the plan does not change.
    """

    user: User
    read_at_ms: int
    groups: tuple[Group, ...] = ()
    kept: frozenset[str] = frozenset()
    consequences: tuple[Consequence, ...] = ()

    @property
    def id(self) -> str:
        """The id of the user."""
        return self.user.id

    @property
    def name(self) -> str:
        """The email, else the id; not cleaned for display."""
        return self.user.email if isinstance(self.user.email, str) and self.user.email else self.user.id


@dataclass(frozen=True, slots=True)
class GroupSubject:
    """One group that a plan changes, as the server had it when the plan was made.

    The id of a group to create is ``changes.group.new_group_key``. ``members`` is their number, None if unknown.
    """

    group: Group
    members: int | None
    read_at_ms: int
    consequences: tuple[Consequence, ...] = ()

    @property
    def id(self) -> str:
        """The id of the group."""
        return self.group.id

    @property
    def name(self) -> str:
        """The name, else the id; not cleaned for display."""
        return self.group.label


@dataclass(frozen=True)
class Plan:
    """Changes of an account, to review before anything is sent.

    ``profile``, ``base_url`` and ``surface`` identify the account and the API that the plan was made for; others refuse
    it. It has ``subjects``, or ``groups`` where its steps change groups themselves; a subject without steps already is
    as requested. ``undoes`` is the id of the job that an undo restores. ``left_out`` explains in sentences what the
    plan does not do. ``source`` is the file of an import. ``consequences`` are those of the whole plan.
    ``author`` is who made it (``ada@jump-host``), empty before it is written or executed.
    """

    kind: PlanKind
    profile: str
    base_url: str
    created_at_ms: int
    subjects: tuple[Subject, ...]
    steps: tuple[Step, ...]
    ticket: str = ""
    undoes: str | None = None
    left_out: tuple[str, ...] = ()
    surface: Surface = Surface.REST
    groups: tuple[GroupSubject, ...] = ()
    source: "ImportSource | None" = None
    consequences: tuple[Consequence, ...] = ()
    author: str = ""

    def steps_of(self, subject_id: str) -> tuple[Step, ...]:
        """The steps that change one subject, in order."""
        return tuple(self._steps_by_subject.get(subject_id, ()))

    @property
    def all_subjects(self) -> tuple[Subject | GroupSubject, ...]:
        """The users, or the groups."""
        return self.subjects or self.groups

    @cached_property
    def changed_subjects(self) -> tuple[Subject | GroupSubject, ...]:
        """The users or groups that have steps."""
        return tuple(subject for subject in self.all_subjects if subject.id in self._steps_by_subject)

    @cached_property
    def unchanged_subjects(self) -> tuple[Subject | GroupSubject, ...]:
        """The users or groups that have no steps."""
        return tuple(subject for subject in self.all_subjects if subject.id not in self._steps_by_subject)

    @property
    def about_groups(self) -> bool:
        """The steps change groups themselves; known also where the subjects were purged."""
        return bool(self.groups) or any(step.change.about_group for step in self.steps[:1])

    def subject_of(self, subject_id: str) -> Subject | GroupSubject | None:
        """The user or the group with this id as the plan found it, None if there is none."""
        return self._subjects_by_id.get(subject_id)

    @cached_property
    def refused(self) -> frozenset[int]:
        """The numbers of the steps that a recheck refused."""
        numbers: set[int] = set()
        for subject in self.all_subjects:
            for each in subject.consequences:
                if each.gravity is Gravity.REFUSED:
                    own = [step.number for step in self.steps_of(subject.id)]
                    numbers.update(own if each.step is None else [each.step])
        return frozenset(numbers)

    @cached_property
    def _steps_by_subject(self) -> Mapping[str, Sequence[Step]]:
        return grouped(self.steps, lambda step: step.subject_id)

    @cached_property
    def _subjects_by_id(self) -> Mapping[str, Subject | GroupSubject]:
        return {subject.id: subject for subject in self.all_subjects}

    def with_ticket(self, ticket: str) -> "Plan":
        """The same plan under a ticket."""
        return replace(self, ticket=ticket.strip())

    def with_author(self, author: str) -> "Plan":
        """The same plan by this author; one that has an author keeps it."""
        return self if self.author else replace(self, author=author)


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Items by their keys, in order: searching all of them for each key would take minutes for a large plan."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def numbered(changes: Iterable[Change], *, strict: bool = False) -> tuple[Step, ...]:
    """Steps for changes, numbered from 1 in their order."""
    return tuple(Step(number, change, strict) for number, change in enumerate(changes, 1))


def offboarding_changes(subject: Subject) -> tuple[Change, ...]:
    """Deactivation first, so that a lost connection leaves the user without access; then the groups not kept."""
    user = subject.user
    changes: list[Change] = []
    if user.status != Status.INACTIVE:
        changes.append(SetStatus(user.id, user.status, Status.INACTIVE))
    changes.extend(RemoveMember(user.id, group) for group in subject.groups if group.id not in subject.kept)
    return tuple(changes)


def without_groups(plan: Plan, kept: Collection[tuple[str, str]]) -> Plan:
    """The plan in which users stay in these groups (ids of user and group), its steps numbered again."""
    if not kept:
        return plan
    remaining = [step for step in plan.steps if step.left not in kept]
    numbers: dict[int | None, int | None] = {step.number: number for number, step in enumerate(remaining, 1)}
    numbers[None] = None
    groups = grouped(kept, lambda pair: pair[0])
    subjects = tuple(
        replace(
            subject,
            kept=subject.kept.union(group_id for _, group_id in groups.get(subject.user.id, ())),
            consequences=tuple(
                consequence._replace(step=numbers[consequence.step])
                for consequence in subject.consequences
                if consequence.step in numbers
            ),
        )
        for subject in plan.subjects
    )
    steps = tuple(replace(step, number=number) for number, step in enumerate(remaining, 1))
    return replace(plan, subjects=subjects, steps=steps)
