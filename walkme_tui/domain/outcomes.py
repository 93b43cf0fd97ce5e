"""Outcomes of steps, with the details that receipts show."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.changes.change import Record, shown
from walkme_tui.domain.errors import ApiError, ChangedMeanwhile, Conflict
from walkme_tui.domain.jobs import Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.plans import Step, StepState
from walkme_tui.domain.text import clean, email_key
from walkme_tui.domain.users import UNKNOWN, User

MAX_MESSAGE: Final = 300

CHANGED_NOTHING: Final = "the server accepted it and changed nothing"
UNVERIFIED: Final = "accepted, could not be verified"
LOST_BUT_APPLIED: Final = "no usable answer came; the change was there when read again"
INTERRUPTED_BUT_APPLIED: Final = "interrupted after it was sent; the change was there when read again"
EARLIER_ATTEMPT_APPLIED: Final = "an earlier attempt took effect; the change was there when read again"
EARLIER_ATTEMPT_PARTLY_APPLIED: Final = "an earlier attempt took effect, and its other values are there"
EARLIER_ATTEMPT_MAY_ARRIVE: Final = "an earlier attempt got no usable answer and may still take effect"
LOST_AND_UNKNOWN: Final = "sent, no answer came, and the record does not show whether it happened"
STATUS_UNKNOWN: Final = "the record lacks the present value; nothing was sent, because others may have changed it"
LOST_NOT_APPLIED: Final = "no usable answer came; the change was not there when read again"
UNSENT: Final = "the service could not be used; nothing was sent"
NOT_CREATED: Final = "the user was not created, so nothing was sent"
LOOK_UPS_IGNORED: Final = (
    "this server ignores look-ups by email: read the account again to see whether the user is there"
)
NEW_USER_HAS_OTHER_EMAIL: Final = "the new user has another email, so nothing was sent"


def before_sending(record: StepRecord, now: Record) -> Outcome | None:
    """The outcome of a step that needs no sending, for the subject as it is ``now``; None: send the step."""
    step: Step = record.step
    change = step.change
    text = other_email(step.email, now)
    if text and not (record.may_arrive and change.holds(now)):
        if record.may_arrive:
            return Outcome(StepState.NEEDS_REVIEW, f"{text}; {EARLIER_ATTEMPT_MAY_ARRIVE}", after=now)
        return Outcome(StepState.SKIPPED, f"{text}: nothing was sent", after=now, reason=OutcomeReason.CONFLICT)
    if change.holds(now):
        if record.may_arrive:
            return Outcome(StepState.DONE, EARLIER_ATTEMPT_APPLIED, changed=True, after=now)
        if step.strict:
            return Outcome(StepState.DONE, f"{change.made_text()} since, left unchanged", after=now)
        return Outcome(StepState.DONE, f"{change.already_text()}: nothing was sent", after=now)
    if step.strict and change.overwrites:
        # A change that does not overwrite finds either what the plan expected, or what it would set.
        planned = change.as_planned(now)
        if planned is False:
            return _conflict(record, f"{change.deviation_text(now)}: changed since, left unchanged", now)
        if planned is None:
            return Outcome(StepState.NEEDS_REVIEW, STATUS_UNKNOWN, after=now)
    return None


def other_email(email: str | None, now: Record) -> str:
    """That the user of a step for this email has another one now, as a phrase; empty where that is not so."""
    if email is None or not isinstance(now, User) or now.email is UNKNOWN:
        return ""
    if not now.email:
        return f"the user has no email now, not {shown(email)}"
    if email_key(now.email) == email_key(email):
        return ""
    return f"the user has another email now, {shown(now.email)}, not {shown(email)}"


def why_not_followed(creation: StepRecord) -> str:
    """Why the steps after a settled creation are not sent; empty where they are, to what it created."""
    if creation.created is None:
        return NOT_CREATED
    # Another person may have this email: they would join the groups.
    return NEW_USER_HAS_OTHER_EMAIL if other_email(creation.step.change.new_email, creation.created) else ""


def before_creating(record: StepRecord, found: Sequence[Record]) -> Outcome | None:
    """The outcome of a creation that needs no sending, for what was ``found`` by its email or name; None: send it."""
    if not found:
        return None
    if record.may_arrive:
        return found_after_creating(record, found, EARLIER_ATTEMPT_APPLIED)
    return Outcome(StepState.FAILED, f"{_existing(record, found)}: nothing was sent", reason=OutcomeReason.EXISTS)


def found_after_creating(record: StepRecord, found: Sequence[Record], detail: str) -> Outcome:
    """The outcome of a creation without a usable answer, for what was ``found`` by its email or name.

    It succeeded only if no one else can have created it; ``detail`` is for this case.
    """
    first, *others = found
    doubt = f"there are {len(found)}" if others else record.step.change.doubt(first, record.sent_at_ms)
    if not doubt:
        return Outcome(StepState.DONE, detail, changed=True, after=first)
    text = f"{_existing(record, found)}, and it may not be from this job: {doubt}"
    return Outcome(StepState.NEEDS_REVIEW, text, reason=OutcomeReason.EXISTS)


def may_be_there(outcome: Outcome) -> bool:
    """After a creation, the user may be there though no look-up has found them."""
    unseen = outcome.state is StepState.NEEDS_REVIEW or outcome.reason is OutcomeReason.EXISTS
    return unseen and outcome.after is None


def name_in_use(record: StepRecord, found: Sequence[Record]) -> Outcome:
    """The outcome of a renaming that was not sent, because groups ``found`` have the name."""
    name = shown(record.step.change.new_name or "")
    text = f"another group has the name {name} (id {shown(found[0].id)}): nothing was sent"
    return Outcome(StepState.FAILED, text, reason=OutcomeReason.EXISTS)


def not_found_afterwards(record: StepRecord) -> Outcome:
    """The server accepted the creation, and its effect was not found."""
    text = f"the server accepted it, and no such {record.step.change.noun} was found when read again"
    return Outcome(StepState.NEEDS_REVIEW, text, reason=OutcomeReason.IGNORED)


def _existing(record: StepRecord, found: Sequence[Record]) -> str:
    return f"{record.step.change.already_text()} (id {shown(found[0].id)})"


def gone_text(record: StepRecord) -> str:
    """That the subject of a step is gone."""
    return f"there is no such {record.step.change.noun} any more"


def gone(record: StepRecord) -> Outcome:
    """The outcome of a step that found no subject."""
    if not record.step.change.deletes:
        return Outcome(StepState.FAILED, gone_text(record))
    if record.may_arrive:
        return Outcome(StepState.DONE, EARLIER_ATTEMPT_APPLIED, changed=True)
    return Outcome(StepState.DONE, f"{record.step.change.already_text()}: nothing was sent")


def not_applied(record: StepRecord, after: Record) -> Outcome:
    """The server accepted the step, and the subject is not as the change makes it."""
    text, changed = record.step.change.shortfall(record.before, after)
    if changed:
        return Outcome(StepState.NEEDS_REVIEW, text or CHANGED_NOTHING, changed=True, after=after)
    return Outcome(StepState.FAILED, text or CHANGED_NOTHING, after=after, reason=OutcomeReason.IGNORED)


def not_sent(record: StepRecord) -> Outcome:
    """This attempt had no effect and the step is still to be done; an earlier attempt may still take effect."""
    if record.may_arrive:
        return Outcome(StepState.TODO, LOST_NOT_APPLIED, reason=OutcomeReason.MAY_ARRIVE)
    return Outcome(StepState.TODO, UNSENT)


def lost_not_applied(after: Record | None) -> Outcome:
    """The attempt got no usable answer and has no effect yet: the step is still to be done."""
    return Outcome(StepState.TODO, LOST_NOT_APPLIED, after=after, reason=OutcomeReason.MAY_ARRIVE)


def verified(record: StepRecord, after: Record | None) -> Outcome:
    """The server accepted the change, and the subject is as requested."""
    detail = record.step.change.done_text(record.before)
    return Outcome(StepState.DONE, detail, changed=True, after=after, reason=OutcomeReason.VERIFIED)


def refused(record: StepRecord, error: ApiError, after: Record | None = None) -> Outcome:
    """The server understood the step and refused it; ``after`` is the record as read since then."""
    message, change = clean(error.message, MAX_MESSAGE), record.step.change
    if isinstance(error, ChangedMeanwhile):
        return _conflict(record, message, after)
    if change.review_text:
        return Outcome(StepState.NEEDS_REVIEW, f"{change.review_text}: {message}", after=after)
    exists = isinstance(error, Conflict) and (change.creates or change.about_group)
    reason = OutcomeReason.EXISTS if exists else OutcomeReason.OTHER
    return Outcome(StepState.FAILED, message, after=after, reason=reason, refusals=error.fields)


def _conflict(record: StepRecord, detail: str, now: Record | None) -> Outcome:
    """Others changed what the step would overwrite; an earlier attempt may have changed its other fields."""
    if record.may_arrive and now is not None and record.step.change.shortfall(record.before, now)[1]:
        text = f"{detail}; {EARLIER_ATTEMPT_PARTLY_APPLIED}"
        return Outcome(StepState.NEEDS_REVIEW, text, changed=True, after=now, reason=OutcomeReason.CONFLICT)
    return Outcome(StepState.SKIPPED, detail, after=now, reason=OutcomeReason.CONFLICT)


def unreadable(error: ApiError, *, sent: bool) -> Outcome:
    """The server refuses to return the subject."""
    message = clean(error.message, MAX_MESSAGE)
    if sent:
        return Outcome(StepState.NEEDS_REVIEW, f"{UNVERIFIED}: {message}")
    return Outcome(StepState.FAILED, f"could not be read, so nothing was sent: {message}")


def changed_more(outcome: Outcome, names: tuple[str, ...]) -> Outcome:
    """The change is there, and replacing the whole record changed these fields too."""
    fields = ", ".join(shown(name) for name in names)
    detail = f"{outcome.detail}; these fields changed with it: {fields}"
    return Outcome(StepState.NEEDS_REVIEW, detail, changed=True, after=outcome.after)
