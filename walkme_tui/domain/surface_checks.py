"""What the other surface of an account knows about a user, before a change of the status and after it.

Sentences are clean and begin with the name of the surface.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.consequences import note, warning
from walkme_tui.domain.plans import Consequence, PlanKind, StepState
from walkme_tui.domain.text import clean, email_key
from walkme_tui.domain.users import Status, User

if TYPE_CHECKING:
    # A plan is shown without the module of jobs.
    from walkme_tui.domain.jobs import Job, SurfaceCheck

MAX_SHOWN: Final = 80
MAX_PROBLEM: Final = 300
LONG_ID: Final = 20
"""A shorter id, such as a number, may be that of another user on the other surface."""


class OtherRecord(NamedTuple):
    """The answer of the other surface about one user: None if it has no record, or ``problem`` is why none came."""

    user: User | None
    problem: str = ""


def is_active(user: User | None) -> bool | None:
    """Whether the user can use WalkMe by this record; None where that is not known."""
    return None if user is None else active_by(user.status)


def active_by(status: object) -> bool | None:
    """Whether a user with this status can use WalkMe: a pending one can; None for no status."""
    return status.casefold() != Status.INACTIVE if isinstance(status, str) else None


def other_surface(surface: Surface) -> Surface:
    """The surface that is not this one."""
    return Surface.REST if surface is Surface.SCIM else Surface.SCIM


def surface_consequence(own: User, found: OtherRecord, surface: Surface, *, active: bool) -> Consequence:
    """What the other surface knows about a user that a plan makes ``active`` or not, and who owns the record there."""
    name, user = surface.value.upper(), found.user
    if user is None:
        if found.problem:
            return warning(f"{name} could not be checked: {clean(found.problem, MAX_PROBLEM)}")
        return note(f"{name} has no record of this person.")
    facts = [_status_text(user)]
    if isinstance(user.email, str) and isinstance(own.email, str) and email_key(user.email) != email_key(own.email):
        facts.append(clean(user.email, MAX_SHOWN))
    external_id = _external_id(user)
    same = external_id == own.external_id
    if external_id:
        facts.append("the same external id" if same else f"external id {clean(external_id, MAX_SHOWN)}")
    text = f"{name}: {', '.join(facts)}."
    if is_active(user) is active:
        return note(text)
    if external_id:
        # That the record may be pushed back is among the consequences of the same external id here.
        return warning(f"{text} {_ASSIGNMENT[active] if same else _owner_text(user, active=active)}")
    if is_active(user) is not None and is_active(own) is active:
        return warning(f"{text} {_other_advice(surface, active=active)}")
    return note(text)


def surface_check(user: User, found: OtherRecord, surface: Surface, *, active: bool) -> "SurfaceCheck":
    """The verdict about one user that a job made ``active`` or not."""
    from walkme_tui.domain.jobs import SurfaceCheck

    name, there, wrong = surface.value.upper(), is_active(found.user), False
    if found.user is None:
        problem = f"could not be checked: {clean(found.problem, MAX_PROBLEM)}"
        text = f"{name} {problem}" if found.problem else f"{name} has no record of this person."
    elif there is None:
        text = f"{name} could not be checked: the record does not say whether the person is active."
    elif there is active:
        text = f"{name}: {_status_text(found.user)} too."
    else:
        wrong = True
        owned = bool(_external_id(found.user))
        advice = _owner_text(found.user, active=active) if owned else _other_advice(surface, active=active)
        text = f"{name}: still {_status_text(found.user)}. {advice}"
    email = user.email if isinstance(user.email, str) and user.email else user.id
    return SurfaceCheck(user.id, email, surface, there, text, wrong)


def expected_states(job: "Job") -> dict[str, tuple[User, bool]]:
    """By id, the users whose status a job set, and whether they are active by that; of failed steps none.

    An offboarding also sets the status of those who had it before.
    """
    found = {}
    for subject in job.plan.subjects:
        user = subject.user
        steps = [record for record in job.records_of(user.id) if _sets_status(record.step.change)]
        active = is_active(steps[-1].step.change.apply(user)) if steps else None
        if job.plan.kind is PlanKind.OFFBOARD:
            active = False
        if active is not None and all(record.state is StepState.DONE for record in steps):
            found[user.id] = (user, active)
    return found


def _sets_status(change: Change) -> bool:
    return "status" in change.attributes and change.new_email is None and not change.deletes


_ASSIGNMENT: Final = {
    False: "Unassigning the person in the identity provider deactivates this record too.",
    True: "Assign the person in the identity provider too.",
}


def _status_text(user: User) -> str:
    return clean(user.status, MAX_SHOWN) if isinstance(user.status, str) else "active or not is not known"


def _external_id(user: User) -> str:
    return user.external_id if isinstance(user.external_id, str) else ""


def _owner_text(user: User, *, active: bool) -> str:
    """What an identity provider does that owns the record, or may, as far as the external id shows."""
    owns = "owns" if user.identity_provider is not None else "may own"
    if active:
        return f"An identity provider {owns} this record: assign the person there, or it may push the old state back."
    return (
        f"An identity provider {owns} this record: unassigning the person there deactivates it too, "
        "and a change made here may be pushed back."
    )


def _other_advice(surface: Surface, *, active: bool) -> str:
    verb = "Reactivate" if active else "Deactivate"
    return f"{verb} the person there too, with --surface {surface.value} (C in the browser)."
