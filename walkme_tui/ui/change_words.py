"""Plans, steps and jobs in words: clean text for titles, lists, toasts and the status line."""

from collections.abc import Callable
from typing import Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, PlanKind, StepState
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Status, User
from walkme_tui.ui.words import count

MAX_NAME: Final = 60
MAX_NAMED: Final = 2
MAX_SENTENCE: Final = 400
PURGED: Final = "someone (purged)"
BAD_STATES: Final = frozenset({StepState.FAILED, StepState.REFUSED, StepState.NEEDS_REVIEW})

STATUS_GLYPHS: Final[dict[str, str]] = {Status.ACTIVE: "●", Status.INACTIVE: "○", Status.PENDING: "◌"}
STEP_GLYPHS: Final = {
    StepState.TODO: "·",
    StepState.SENT: "~",
    StepState.DONE: "✓",
    StepState.FAILED: "!",
    StepState.REFUSED: "!",
    StepState.SKIPPED: "–",
    StepState.NEEDS_REVIEW: "?",
}
JOB_GLYPHS: Final = {
    JobState.READY: "○",
    JobState.RUNNING: "●",
    JobState.INTERRUPTED: "◌",
    JobState.DONE: "✓",
    JobState.DISCARDED: "–",
}
_WISHES: Final = {
    PlanKind.OFFBOARD: "Offboard",
    PlanKind.DEACTIVATE: "Deactivate",
    PlanKind.REACTIVATE: "Reactivate",
    PlanKind.UNDO: "Undo for",
}
_DOINGS: Final = {
    PlanKind.OFFBOARD: "Offboarding",
    PlanKind.DEACTIVATE: "Deactivating",
    PlanKind.REACTIVATE: "Reactivating",
    PlanKind.UNDO: "Undoing for",
}
_NOUNS: Final = {
    PlanKind.OFFBOARD: "Offboarding of",
    PlanKind.DEACTIVATE: "Deactivation of",
    PlanKind.REACTIVATE: "Reactivation of",
    PlanKind.UNDO: "Undo for",
}
# How steps are counted out, in the order in which people care.
_COUNTED: Final = (
    StepState.FAILED,
    StepState.REFUSED,
    StepState.NEEDS_REVIEW,
    StepState.SENT,
    StepState.DONE,
    StepState.SKIPPED,
    StepState.TODO,
)


def name_of(user: User) -> str:
    """What to call a person: the full name, else the email, else the id."""
    return clean(user.full_name, MAX_NAME) or email_of(user)


def email_of(user: User) -> str:
    """The email, else the id."""
    return clean(user.email if isinstance(user.email, str) and user.email else user.id, MAX_NAME)


def whom(plan: Plan) -> str:
    """The one person of a plan by name, or how many there are."""
    if len(plan.subjects) == 1:
        return name_of(plan.subjects[0].user)
    return count(people_count(plan), "person", "people")


def people_count(plan: Plan) -> int:
    """How many people a plan is about."""
    return len(plan.subjects) or len({step.user_id for step in plan.steps})


def whom_of(job: Job) -> str:
    """The email of the one person of a job, or how many there are."""
    if job.purged_at_ms is not None:
        return PURGED
    return email_of(job.plan.subjects[0].user) if len(job.plan.subjects) == 1 else whom(job.plan)


def people_of(job: Job) -> str:
    """The people of a job by name, the one person of it also by email."""
    users = [subject.user for subject in job.plan.subjects]
    if job.purged_at_ms is not None or not users:
        return whom_of(job)
    if len(users) > 1:
        named = ", ".join(name_of(user) for user in users[:MAX_NAMED])
        return named if len(users) <= MAX_NAMED else f"{named} and {len(users) - MAX_NAMED} more"
    name, email = name_of(users[0]), email_of(users[0])
    return name if name == email else f"{name}  {email}"


def wish(plan: Plan) -> str:
    """What a plan is to do: ``Offboard Zoë Çelik``."""
    return f"{_WISHES[plan.kind]} {whom(plan)}"


def doing(plan: Plan) -> str:
    """What is being done: ``Offboarding Zoë Çelik``."""
    return f"{_DOINGS[plan.kind]} {whom(plan)}"


def done_of(job: Job) -> str:
    """What was done: ``Offboarding of Zoë Çelik``."""
    return f"{_NOUNS[job.plan.kind]} {PURGED if job.purged_at_ms is not None else whom(job.plan)}"


def target_of(change: Change) -> str:
    """What follows the verb of a step: the group, or ``● active -> ○ inactive``."""
    return change.target(TARGET_WORDS[type(change)])


def group_words(label: str) -> str:
    """A group's name."""
    return clean(label, MAX_NAME)


def status_words(status: object) -> str:
    """``● active``; what is not told is ``?``."""
    if not isinstance(status, str):
        return "none" if status is None else "?"
    glyph = STATUS_GLYPHS.get(status, "")
    return f"{glyph} {clean(status, MAX_NAME)}".strip()


def counts(job: Job) -> str:
    """``1 failed, 4 done``, the worst first; states without a step are left out."""
    found = job.counts
    return (
        ", ".join(f"{found[state.value]} {state.value}" for state in _COUNTED if found.get(state.value)) or "no steps"
    )


def trouble_count(job: Job) -> int:
    """How many steps somebody has to look at."""
    return sum(record.state in BAD_STATES for record in job.steps)


def state_words(job: Job) -> str:
    """The state with its glyph: ``✓ done``, ``! 2 to look at``."""
    bad = trouble_count(job)
    if bad and not job.state.resumable:
        return f"! {bad} to look at"
    return f"{JOB_GLYPHS[job.state]} {job.state.value}"


def outcome(job: Job) -> str:
    """One sentence on how a job ended."""
    bad, left = trouble_count(job), len(job.unsettled)
    if job.state.resumable and left:
        return f"It stopped with {count(left, 'step', 'steps')} left; what was done stays done."
    if bad:
        return f"{count(bad, 'step text_widths', 'steps need')} a look; the others are done."
    if any(record.state is StepState.SKIPPED for record in job.steps):
        return "Done; some steps were skipped."
    return "Done and verified." if any(record.changed for record in job.steps) else "Done: everything was so already."


def changed_something(record: StepRecord) -> bool:
    """True for a step that an undo would take back."""
    return record.state is StepState.DONE and record.changed


TARGET_WORDS: Final[dict[type[Change], Callable[[str], str]]] = {
    SetStatus: status_words,
    AddMember: group_words,
    RemoveMember: group_words,
}
"""How the values in a change are shown, by kind of change."""
