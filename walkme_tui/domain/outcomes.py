"""What became of a step, in short sentences for the person who reads the receipt."""

from typing import Final

from walkme_tui.domain.errors import ApiError
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.plans import AddMember, Change, SetStatus, Step, StepState
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, Status, User

MAX_SHOWN: Final = 80
MAX_MESSAGE: Final = 300

GONE: Final = "there is no such user any more"
CHANGED_NOTHING: Final = "the server answered 200 and changed nothing"
UNVERIFIED: Final = "accepted, could not be verified"
LOST_BUT_THERE: Final = "no usable answer came; the change was there when read again"
INTERRUPTED_BUT_THERE: Final = "interrupted after it was sent; the change was there when read again"
EARLIER_AFTER_ALL: Final = "an earlier attempt got through after all; the change was there when read again"
OPEN_AND_UNTOLD: Final = "sent, no answer came, and the record does not tell whether it happened"
STATUS_UNTOLD: Final = "the record does not tell the status: nothing was sent, so that nothing of others is overwritten"

# Details of steps that are to be sent again.
LOST_NOT_THERE: Final = "no usable answer came; the change was not there when read again"
UNSENT: Final = "the service could not be used; nothing was sent"
# As earlier versions wrote it: their journals are still read.
_EARLIER_LOST_NOT_THERE: Final = "the answer was lost; the change was not there when read again"


def may_have_arrived(record: StepRecord) -> bool:
    """An earlier attempt left without a usable answer, and was not there when looked for: it may arrive late."""
    return record.detail in {LOST_NOT_THERE, _EARLIER_LOST_NOT_THERE}


def not_sent(record: StepRecord) -> Outcome:
    """This attempt surely did not happen, and the step is still to be done; an earlier attempt is not forgotten."""
    return Outcome(StepState.TODO, LOST_NOT_THERE if may_have_arrived(record) else UNSENT)


def before_sending(step: Step, user: User, *, sent_earlier: bool) -> Outcome | None:
    """What is settled without sending anything; None: the step is to be sent.

    ``user`` was just read. ``sent_earlier``: an earlier attempt had left, and was not there when looked for.
    """
    change = step.change
    if change.holds(user):
        if sent_earlier:
            return Outcome(StepState.DONE, EARLIER_AFTER_ALL, changed=True, after=user)
        return Outcome(StepState.DONE, _others_did(change) if step.strict else _already(change), after=user)
    if step.strict and isinstance(change, SetStatus):
        # A membership that is not as wished is as it was planned: there is no third way.
        planned = change.as_planned(user)
        if planned is False:
            said = f"others changed the status to {_shown(user.status)} since: left alone"
            return Outcome(StepState.SKIPPED, said, after=user)
        if planned is None:
            return Outcome(StepState.NEEDS_REVIEW, STATUS_UNTOLD, after=user)
    return None


def verified(change: Change, before: User | None) -> str:
    """The change was accepted and is there: ``was active, is inactive``, ``left Sales``."""
    if not isinstance(change, SetStatus):
        return f"{'joined' if isinstance(change, AddMember) else 'left'} {_group(change)}"
    if before is None or before.status is UNKNOWN:
        return f"is {_shown(change.after)}"
    planned = f" (the plan found {_shown(change.before)})" if change.as_planned(before) is False else ""
    return f"was {_shown(before.status)}{planned}, is {_shown(change.after)}"


def did_as_said(record: StepRecord) -> bool:
    """True for a step that found what its plan expected, changed it, and has nothing else to report."""
    change = record.step.change
    if record.state is not StepState.DONE or record.detail != verified(change, record.before):
        return False
    return record.before is None or change.as_planned(record.before) is not False


def refused(change: Change, error: ApiError) -> Outcome:
    """The server understood the step and said no."""
    said = clean(error.message, MAX_MESSAGE)
    if isinstance(change, SetStatus) and change.after == Status.PENDING:
        return Outcome(StepState.NEEDS_REVIEW, f"the status cannot be set back to pending: {said}")
    return Outcome(StepState.FAILED, said)


def unreadable(error: ApiError, *, sent: bool) -> Outcome:
    """The server does not let the person be read."""
    said = clean(error.message, MAX_MESSAGE)
    if sent:
        return Outcome(StepState.NEEDS_REVIEW, f"{UNVERIFIED}: {said}")
    return Outcome(StepState.FAILED, f"could not be read, so nothing was sent: {said}")


def changed_beside(detail: str, names: tuple[str, ...]) -> Outcome:
    """The change is there, and replacing the whole record changed more than that."""
    shown = ", ".join(clean(name, MAX_SHOWN) for name in names)
    return Outcome(StepState.NEEDS_REVIEW, f"{detail}; but these fields changed with it: {shown}", changed=True)


def _already(change: Change) -> str:
    if isinstance(change, SetStatus):
        return f"already {_shown(change.after)}: nothing was sent"
    return f"already {'in' if isinstance(change, AddMember) else 'out of'} {_group(change)}: nothing was sent"


def _others_did(change: Change) -> str:
    if isinstance(change, SetStatus):
        return f"others made the person {_shown(change.after)} since: left alone"
    done = "put the person back into" if isinstance(change, AddMember) else "took the person out of"
    return f"others {done} {_group(change)} since: left alone"


def already_when_sent(change: Change) -> str:
    """The server said that there was nothing to do, and so it is."""
    if isinstance(change, SetStatus):
        return f"was already {_shown(change.after)} when it was sent"
    return f"was already {'in' if isinstance(change, AddMember) else 'out of'} {_group(change)} when it was sent"


def _group(change: Change) -> str:
    return "" if isinstance(change, SetStatus) else clean(change.group.label, MAX_SHOWN)


def _shown(status: object) -> str:
    return clean(status, MAX_SHOWN) if isinstance(status, str) else "without a status"
