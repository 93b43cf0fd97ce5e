"""Outcomes of steps, with the details that receipts show."""

from typing import Final

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.errors import ApiError
from walkme_tui.domain.jobs import Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.plans import Step, StepState
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User

MAX_MESSAGE: Final = 300

GONE: Final = "there is no such user any more"
CHANGED_NOTHING: Final = "the server answered 200 and changed nothing"
UNVERIFIED: Final = "accepted, could not be verified"
LOST_BUT_APPLIED: Final = "no usable answer came; the change was there when read again"
INTERRUPTED_BUT_APPLIED: Final = "interrupted after it was sent; the change was there when read again"
EARLIER_ATTEMPT_APPLIED: Final = "an earlier attempt took effect; the change was there when read again"
LOST_AND_UNKNOWN: Final = "sent, no answer came, and the record does not show whether it happened"
STATUS_UNKNOWN: Final = "the record lacks the present value; nothing was sent, because others may have changed it"
LOST_NOT_APPLIED: Final = "no usable answer came; the change was not there when read again"
UNSENT: Final = "the service could not be used; nothing was sent"


def before_sending(record: StepRecord, user: User) -> Outcome | None:
    """The outcome of a step that needs no sending, for the ``user`` as just read; None: send the step."""
    step: Step = record.step
    change = step.change
    if change.holds(user):
        if record.may_arrive:
            return Outcome(StepState.DONE, EARLIER_ATTEMPT_APPLIED, changed=True, after=user)
        if step.strict:
            return Outcome(StepState.DONE, f"{change.by_others_text()} since, left unchanged", after=user)
        return Outcome(StepState.DONE, f"{change.already_text()}: nothing was sent", after=user)
    if step.strict and change.overwrites:
        # A change that does not overwrite finds either what the plan expected, or what it would set.
        planned = change.as_planned(user)
        if planned is False:
            detail = f"{change.deviation_text(user)}: changed by others, left unchanged"
            return Outcome(StepState.SKIPPED, detail, after=user)
        if planned is None:
            return Outcome(StepState.NEEDS_REVIEW, STATUS_UNKNOWN, after=user)
    return None


def not_sent(record: StepRecord) -> Outcome:
    """This attempt had no effect and the step is still to be done; an earlier attempt may still take effect."""
    if record.may_arrive:
        return Outcome(StepState.TODO, LOST_NOT_APPLIED, reason=OutcomeReason.MAY_ARRIVE)
    return Outcome(StepState.TODO, UNSENT)


def lost_not_applied(after: User) -> Outcome:
    """The attempt got no usable answer and has no effect yet: the step is still to be done."""
    return Outcome(StepState.TODO, LOST_NOT_APPLIED, after=after, reason=OutcomeReason.MAY_ARRIVE)


def verified(record: StepRecord, after: User) -> Outcome:
    """The server accepted the change, and the user is as wished."""
    detail = record.step.change.done_text(record.before)
    return Outcome(StepState.DONE, detail, changed=True, after=after, reason=OutcomeReason.VERIFIED)


def refused(change: Change, error: ApiError, after: User | None = None) -> Outcome:
    """The server understood the step and refused it."""
    message = clean(error.message, MAX_MESSAGE)
    if change.review_text:
        return Outcome(StepState.NEEDS_REVIEW, f"{change.review_text}: {message}", after=after)
    return Outcome(StepState.FAILED, message, after=after)


def unreadable(error: ApiError, *, sent: bool) -> Outcome:
    """The server refuses to return the user."""
    message = clean(error.message, MAX_MESSAGE)
    if sent:
        return Outcome(StepState.NEEDS_REVIEW, f"{UNVERIFIED}: {message}")
    return Outcome(StepState.FAILED, f"could not be read, so nothing was sent: {message}")


def changed_more(outcome: Outcome, names: tuple[str, ...]) -> Outcome:
    """The change is there, and replacing the whole record changed these fields too."""
    fields = ", ".join(shown(name) for name in names)
    detail = f"{outcome.detail}; these fields changed with it: {fields}"
    return Outcome(StepState.NEEDS_REVIEW, detail, changed=True, after=outcome.after)
