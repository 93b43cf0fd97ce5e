"""What the other surface of an account knows about a user, before a change of the status and after it.

Sentences begin with the name of the surface and are to be cleaned before they are shown.
"""

from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.consequences import note, warning
from walkme_tui.domain.jobs import Job, SurfaceCheck
from walkme_tui.domain.plans import Consequence, PlanKind, StepState, Subject
from walkme_tui.domain.text import clean, email_key
from walkme_tui.domain.users import Status, User, user_label

MAX_SHOWN: Final = 80
MAX_PROBLEM: Final = 300
STATUS_KINDS: Final = frozenset({PlanKind.OFFBOARD, PlanKind.DEACTIVATE, PlanKind.REACTIVATE})
"""The plans whose users are looked up on the other surface."""


class OtherRecord(NamedTuple):
    """The answer of the other surface about one user: None if it has no record, or ``problem`` is why none came."""

    user: User | None
    problem: str = ""

    @property
    def active(self) -> bool | None:
        """Whether the user can use WalkMe by this record; None where that is not known."""
        status = None if self.user is None else self.user.status
        return status.casefold() != Status.INACTIVE if isinstance(status, str) else None


def other_surface(surface: Surface) -> Surface:
    """The surface that is not this one."""
    return Surface.REST if surface is Surface.SCIM else Surface.SCIM


def in_plan(own: User, found: OtherRecord, surface: Surface, kind: PlanKind) -> Consequence:
    """What the other surface knows about a user, and who owns the record there, for the review of a plan."""
    name, user = surface.value.upper(), found.user
    if user is None:
        if found.problem:
            return warning(f"{name} could not be checked: {clean(found.problem, MAX_PROBLEM)}")
        return note(f"{name} has no record of this person.")
    facts = [_status_text(user)]
    if isinstance(user.email, str) and isinstance(own.email, str) and email_key(user.email) != email_key(own.email):
        facts.append(clean(user.email, MAX_SHOWN))
    if external_id := _external_id(user):
        same = external_id == own.external_id
        facts.append("the same external id" if same else f"external id {clean(external_id, MAX_SHOWN)}")
    text, wanted = f"{name}: {', '.join(facts)}.", kind is PlanKind.REACTIVATE
    if found.active is wanted:
        return note(text)
    if external_id:
        return warning(f"{text} {_owner_text(user, kind)}")
    if found.active is not None and OtherRecord(own).active is wanted:
        return warning(f"{text} {_other_advice(surface, kind)}")
    return note(text)


def after_job(user: User, found: OtherRecord, surface: Surface, kind: PlanKind) -> SurfaceCheck:
    """The verdict about one user of a job that has run."""
    name, wanted = surface.value.upper(), kind is PlanKind.REACTIVATE
    wrong = False
    if found.user is None:
        problem = f"could not be checked: {clean(found.problem, MAX_PROBLEM)}"
        text = f"{name} {problem}" if found.problem else f"{name} has no record of this person."
    elif found.active is None:
        text = f"{name} could not be checked: the record does not say whether the person is active."
    elif found.active is wanted:
        text = f"{name}: {_status_text(found.user)} too."
    else:
        wrong = True
        here = _owner_text(found.user, kind) if _external_id(found.user) else _other_advice(surface, kind)
        text = f"{name}: still {_status_text(found.user)}. {here}"
    return SurfaceCheck(user.id, user_label(user), surface, found.active, text, wrong)


def to_check(job: Job) -> list[Subject]:
    """The subjects whose status a job changed, or found to be as wanted, none for other kinds of jobs."""
    if job.plan.kind not in STATUS_KINDS:
        return []
    return [
        subject
        for subject in job.plan.subjects
        if all(
            record.state is StepState.DONE
            for record in job.records_of(subject.user.id)
            if "status" in record.step.change.attributes
        )
    ]


def _status_text(user: User) -> str:
    return clean(user.status, MAX_SHOWN) if isinstance(user.status, str) else "active or not is not known"


def _external_id(user: User) -> str:
    return user.external_id if isinstance(user.external_id, str) else ""


def _owner_text(user: User, kind: PlanKind) -> str:
    """What an identity provider does that owns the record, or may, as far as the external id shows."""
    owns = "owns" if user.identity_provider is not None else "may own"
    if kind is PlanKind.REACTIVATE:
        return f"An identity provider {owns} this record: assign the person there, or it may push the old state back."
    return (
        f"An identity provider {owns} this record: unassigning the person there deprovisions by itself, "
        "and a change made here may be pushed back."
    )


def _other_advice(surface: Surface, kind: PlanKind) -> str:
    verb = "Reactivate" if kind is PlanKind.REACTIVATE else "Deactivate"
    return f"{verb} the person there too, with --surface {surface.value} (C in the browser)."
