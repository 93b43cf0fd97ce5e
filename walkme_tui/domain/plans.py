"""Changes of an account as plans: every step one API call, with what it expects and how it is undone.

Nothing writes to an account but the execution of a plan. A plan is plain data: it is shown, written to a file,
journalled and resumed as the same thing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeVar

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import Status, User

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# After each step the whole record of the person is read again and journalled, so that a plan grows with the square of
# their groups: 1 000 are 75 MB, 200 000 would be terabytes.
MOST_STEPS_OF_ONE_USER: Final = 1_000


class PlanKind(StrEnum):
    """Which wish a plan carries out."""

    OFFBOARD = "offboard"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    UNDO = "undo"


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
        """Nothing more will happen to the step by itself."""
        return self not in {StepState.TODO, StepState.SENT}


@dataclass(frozen=True, slots=True)
class Step:
    """One API call of a plan; ``number`` counts from 1 within the plan.

    ``strict`` steps are carried out only if the user still is as the plan found them (an undo must not overwrite what
    others did since); the others only need the user not to be as wished yet.
    """

    number: int
    change: Change
    strict: bool = False

    @property
    def user_id(self) -> str:
        """Whom the step changes."""
        return self.change.user_id


class Gravity(StrEnum):
    """How a consequence weighs."""

    NOTE = "note"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Consequence:
    """Something the person at the screen should know before a plan runs.

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
    """One person whom a plan changes, as the server described them when the plan was made.

    ``groups`` are the person's groups with names as far as known, ``kept`` the ids of those that the plan leaves alone.
    """

    user: User
    read_at_ms: int
    groups: tuple[Group, ...] = ()
    kept: frozenset[str] = frozenset()
    consequences: tuple[Consequence, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is to happen to an account, reviewable before anything is sent.

    ``account`` identifies the account that the plan was made for (profile, base URL): it is refused elsewhere.
    ``undoes`` is the job that an undo takes back. ``left_out`` says in sentences what the plan does not do and why.
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

    def steps_of(self, user_id: str) -> tuple[Step, ...]:
        """The steps that change one person, in order."""
        return tuple(self._steps_by_user.get(user_id, ()))

    def subject_of(self, user_id: str) -> Subject | None:
        """What the plan knows of one person, None for somebody whom it only names."""
        return self._subjects_by_user.get(user_id)

    @cached_property
    def _steps_by_user(self) -> Mapping[str, Sequence[Step]]:
        return grouped(self.steps, lambda step: step.user_id)

    @cached_property
    def _subjects_by_user(self) -> Mapping[str, Subject]:
        return {subject.user.id: subject for subject in self.subjects}

    def with_ticket(self, ticket: str) -> "Plan":
        """The same plan under a ticket."""
        return replace(self, ticket=ticket.strip())


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Items by their keys, in order: asking all of them for each key would take minutes for a large plan."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def numbered(changes: Iterable[Change], *, strict: bool = False) -> tuple[Step, ...]:
    """Steps for changes, numbered from 1 in their order."""
    return tuple(Step(number, change, strict) for number, change in enumerate(changes, 1))


def offboarding_changes(subject: Subject) -> tuple[Change, ...]:
    """Deactivate first, so that a dropped line leaves the door shut; then leave every group that is not kept."""
    user = subject.user
    changes: list[Change] = []
    if user.status != Status.INACTIVE:
        changes.append(SetStatus(user.id, user.status, Status.INACTIVE))
    changes.extend(RemoveMember(user.id, group) for group in subject.groups if group.id not in subject.kept)
    return tuple(changes)


def leaves(step: Step, group_id: str) -> bool:
    """Whether the user leaves this group in the step."""
    left = step.change.left_group
    return left is not None and left.id == group_id


def without_group(plan: Plan, user_id: str, group_id: str) -> Plan:
    """The plan with one group of one person kept, its steps numbered anew; consequences go or follow with theirs."""
    steps = [step for step in plan.steps if not (step.user_id == user_id and leaves(step, group_id))]
    numbers: dict[int | None, int | None] = {step.number: number for number, step in enumerate(steps, 1)}
    numbers[None] = None
    subjects = tuple(
        replace(
            subject,
            kept=subject.kept | {group_id} if subject.user.id == user_id else subject.kept,
            consequences=tuple(
                replace(consequence, step=numbers[consequence.step])
                for consequence in subject.consequences
                if consequence.step in numbers
            ),
        )
        for subject in plan.subjects
    )
    return replace(
        plan, subjects=subjects, steps=tuple(replace(step, number=number) for number, step in enumerate(steps, 1))
    )
