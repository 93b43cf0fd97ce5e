"""Clean text about plans, steps and jobs for titles, lists, toasts and the status line."""

from collections.abc import Callable, Sequence
from typing import Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Job, JobState, JobSummary, StepRecord, SubjectName, listed_name
from walkme_tui.domain.plans import NEED_ATTENTION, GroupSubject, Plan, PlanKind, StepState, Subject
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User
from walkme_tui.ui.words import STATUS_SIGNS, count, cut, number, wrap

MAX_NAME: Final = 60
MAX_SENTENCE: Final = 400
PURGED: Final = "someone (purged)"

STEP_SIGNS: Final = {
    StepState.TODO: "·",
    StepState.SENT: "~",
    StepState.DONE: "✓",
    StepState.FAILED: "!",
    StepState.REFUSED: "!",
    StepState.SKIPPED: "–",
    StepState.NEEDS_REVIEW: "?",
}
JOB_SIGNS: Final = {
    JobState.READY: "○",
    JobState.RUNNING: "●",
    JobState.INTERRUPTED: "◌",
    JobState.DONE: "✓",
    JobState.DISCARDED: "–",
}
# The beginning of the title of a job, while it is being executed and afterwards.
_JOB_TITLES: Final = {
    PlanKind.OFFBOARD: ("Offboarding", "Offboarding of"),
    PlanKind.DEACTIVATE: ("Deactivating", "Deactivation of"),
    PlanKind.REACTIVATE: ("Reactivating", "Reactivation of"),
    PlanKind.UNDO: ("Undoing for", "Undo for"),
    PlanKind.EDIT: ("Editing", "Edit of"),
    PlanKind.CREATE: ("Creating", "Creation of"),
    PlanKind.DELETE: ("Deleting", "Deletion of"),
    PlanKind.GROUPS: ("Changing groups of", "Groups of"),
    PlanKind.IMPORT: ("Importing", "Import of"),
    PlanKind.RECONCILE: ("Reconciling", "Reconciliation of"),
    PlanKind.CREATE_GROUP: ("Creating the group", "Creation of the group"),
    PlanKind.RENAME_GROUP: ("Renaming the group", "Renaming of the group"),
    PlanKind.DELETE_GROUP: ("Deleting the group", "Deletion of the group"),
}
# The states of steps in the order in which they are listed: the worst first.
_STATES_BY_SEVERITY: Final = (
    StepState.FAILED,
    StepState.REFUSED,
    StepState.NEEDS_REVIEW,
    StepState.SENT,
    StepState.DONE,
    StepState.SKIPPED,
    StepState.TODO,
)


def name_of(user: User) -> str:
    """The full name, else the email, else the id."""
    return clean(user.full_name, MAX_NAME) or email_of(user)


def email_of(user: User) -> str:
    """The email, else the id."""
    return clean(user.email if isinstance(user.email, str) and user.email else user.id, MAX_NAME)


def subject_words(subject: SubjectName) -> str:
    """The full name of a person, else the email, or the name of a group, else the id."""
    return clean(subject.full_name, MAX_NAME) or clean(subject.name, MAX_NAME)


def subject_name(subject: Subject | GroupSubject) -> str:
    """The name of a person or a group of a plan."""
    return subject_words(listed_name(subject))


def _name_or_count(names: Sequence[SubjectName], subjects: int, *, groups: bool) -> str:
    """The name of the only person or group of a plan or a job, or the number of them."""
    if subjects == 1 and names:
        return subject_words(names[0])
    return count(subjects, *(("group", "groups") if groups else ("person", "people")))


def subject_count(plan: Plan) -> int:
    """The number of people or groups that a plan changes; of all in it where it changes none."""
    return len(plan.changed_subjects or plan.all_subjects) or len({step.subject_id for step in plan.steps})


def subject_names(job: JobSummary) -> str:
    """The names of the people or groups of a job; a single person also by email."""
    if job.purged_at_ms is not None:
        return PURGED
    named = ", ".join(map(subject_words, job.names))
    more = job.subjects - len(job.names)
    if job.subjects != 1:
        return f"{named} and {number(more)} more" if more else named
    key = clean(job.names[0].name, MAX_NAME)
    return named if named == key else f"{named}  {key}"


def plan_title(plan: Plan) -> str:
    """The title of a plan: ``Offboard Zoë Çelik``."""
    if plan.undoes is not None and not plan.all_subjects:
        return f"Undo job {plan.undoes}"
    if plan.source is not None and not plan.steps:
        return f"Import {clean(plan.source.file, MAX_NAME)}"
    names = tuple(map(listed_name, (plan.changed_subjects or plan.all_subjects)[:1]))
    verb = "Undo for" if plan.kind is PlanKind.UNDO else plan.kind.verb
    return f"{verb} {_name_or_count(names, subject_count(plan), groups=plan.about_groups)}"


def job_in_progress(job: JobSummary) -> str:
    """A running job: ``Offboarding Zoë Çelik``."""
    return f"{_JOB_TITLES[job.kind][0]} {_name_or_count(job.names, job.subjects, groups=job.about_groups)}"


def job_title(job: JobSummary) -> str:
    """The title of a job: ``Offboarding of Zoë Çelik``."""
    named = _name_or_count(job.names, job.subjects, groups=job.about_groups)
    return f"{_JOB_TITLES[job.kind][1]} {PURGED if job.purged_at_ms is not None else named}"


def target_of(change: Change) -> str:
    """The object of a step: the group, or ``● active -> ○ inactive``."""
    return change.target(TARGET_WORDS[type(change)])


def target_lines(change: Change, width: int) -> list[str]:
    """The object of a step in lines: values of fields are shown whole, a group's name is cut."""
    target = target_of(change)
    return [cut(target, width)] if change.groups else wrap(target, width)


def group_words(label: str) -> str:
    """A group's name."""
    return clean(label, MAX_NAME)


def value_words(value: str) -> str:
    """A value of a field."""
    return clean(value, MAX_SENTENCE)


def status_text(status: object) -> str:
    """``● active``; ``?`` if it is unknown."""
    if not isinstance(status, str):
        return "none" if status is None else "?"
    sign = STATUS_SIGNS.get(status, "")
    return f"{sign} {clean(status, MAX_NAME)}".strip()


def step_counts(job: JobSummary) -> str:
    """``1 failed, 4 done``, the worst first; states without a step are left out."""
    found = job.counts
    counts = (f"{number(found[state])} {state.value}" for state in _STATES_BY_SEVERITY if found.get(state))
    return ", ".join(counts) or "no steps"


def problem_count(job: JobSummary) -> int:
    """The number of steps that need a review."""
    return sum(job.counts.get(state.value, 0) for state in NEED_ATTENTION)


def state_text(job: JobSummary) -> str:
    """The state with its sign: ``✓ done``, ``! 2 to review``."""
    bad = problem_count(job)
    if bad and not job.state.resumable:
        return f"! {number(bad)} to review"
    return f"{JOB_SIGNS[job.state]} {job.state.value}"


def outcome_sentence(job: Job, failed_rows: int = 0) -> str:
    """A sentence on the result of a job; ``failed_rows`` rows of the imported file were not imported."""
    bad, left = problem_count(job.summary), job.summary.unsettled
    if job.state is JobState.RUNNING and left:
        return f"It is still running: {count(left, 'step is', 'steps are')} left."
    if job.state.resumable and left:
        return f"It stopped with {count(left, 'step', 'steps')} left; what was done stays done."
    if failed_rows and job.plan.source is not None:
        rows = count(len(job.plan.source.rows), "row was", "rows were")
        return f"{number(failed_rows)} of {rows} not imported."
    if bad:
        return f"{count(bad, 'step needs', 'steps need')} a review; the others are done."
    if wrong := job.wrong_checks:
        state, there = "active" if wrong[0].active else "inactive", wrong[0].surface.value.upper()
        people = f"{count(len(wrong), 'person is', 'people are')} still {state} on {there}"
        return f"Done, but {people}."
    if job.summary.counts.get(StepState.SKIPPED.value):
        return "Done; some steps were skipped."
    return "Done and verified." if job.summary.changed else "Done: nothing had to be changed."


def changed_something(record: StepRecord) -> bool:
    """True for a step that an undo would revert."""
    return record.state is StepState.DONE and record.changed and record.step.change.undoable


TARGET_WORDS: Final[dict[type[Change], Callable[[str], str]]] = {
    SetStatus: status_text,
    AddMember: group_words,
    RemoveMember: group_words,
    CreateUser: value_words,
    UpdateUser: value_words,
    DeleteUser: value_words,
    CreateGroup: group_words,
    RenameGroup: group_words,
    DeleteGroup: group_words,
}
"""How the values in a change are shown, by kind of change."""
