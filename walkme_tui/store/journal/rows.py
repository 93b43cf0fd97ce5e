"""Rows of the journal as values of the domain, and back."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

from walkme_tui.domain import json_text
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.groups import GroupRecord
from walkme_tui.domain.jobs import OutcomeReason, StepRecord, SurfaceCheck
from walkme_tui.domain.json_fields import BadField, group_record, group_record_to_json
from walkme_tui.domain.plan_files import step_from_json
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.user_json import decode_user, encode_user
from walkme_tui.domain.users import Json, User

E = TypeVar("E", bound=StrEnum)

CHECKED: Final = "checked"
"""What the audit trail says of new checks of a job."""

STEPS: Final = (
    "SELECT steps.job, steps.step, steps.state, steps.detail, steps.changed, steps.attempts, steps.sent_at_ms, "
    "steps.settled_at_ms, before.record, after.record, steps.reason, steps.refusals FROM steps "
    "LEFT JOIN events AS before ON before.seq = steps.before LEFT JOIN events AS after ON after.seq = steps.after "
)


class DamagedContents(Exception):
    """The journal holds something that this program never writes."""


class AuditEntry(NamedTuple):
    """One row of the audit trail (table ``events``); ``record`` is the user or the group as read then."""

    at_ms: int
    job: str | None
    actor: str
    what: str
    detail: str = ""
    step: int | None = None
    record: Record | None = None


def step_record(row: Sequence[Any]) -> StepRecord:
    """A step from a row of ``STEPS``."""
    _, step, state, detail, changed, attempts, sent_at_ms, settled_at_ms, before, after, reason, refusals = row
    found = step_from_json(loaded(step))
    read = _group if found.change.about_group else _user
    return StepRecord(
        step=found,
        state=member(StepState, state),
        detail=detail,
        changed=bool(changed),
        attempts=attempts,
        sent_at_ms=sent_at_ms,
        settled_at_ms=settled_at_ms,
        before=read(before),
        after=read(after),
        reason=member(OutcomeReason, reason),
        refusals=loaded(refusals),
    )


def surface_check(text: str) -> SurfaceCheck:
    """The check in the column ``checks.content``."""
    try:
        check = SurfaceCheck(*loaded(text))
    except TypeError:
        raise DamagedContents("a check lacks fields") from None
    return check._replace(surface=member(Surface, check.surface))


def member(kind: type[E], value: str) -> E:
    """The member with this value; ``DamagedContents`` if there is none."""
    try:
        return kind(value)
    except ValueError:
        raise DamagedContents(f"a column holds no {kind.__name__}") from None


def dumped(value: object) -> str:
    """JSON in ASCII, in which lone surrogates survive; SQLite does not take them as text."""
    return json_text.dumps(value, separators=(",", ":"))


def loaded(text: str) -> Any:
    """The value of a column of JSON; ``DamagedContents`` if it is not JSON."""
    try:
        return json_text.loads(text)
    except (ValueError, RecursionError):
        raise DamagedContents("a value is not JSON") from None


def encoded(record: Record) -> dict[str, Json]:
    """A user or a group as ``events.record`` holds it."""
    return encode_user(record) if isinstance(record, User) else group_record_to_json(record)


def _group(text: str | None) -> GroupRecord | None:
    if text is None:
        return None
    try:
        return group_record(loaded(text), "it")
    except BadField as error:
        raise DamagedContents(f"a group: {error}") from None


def _user(text: str | None) -> User | None:
    if text is None:
        return None
    user = decode_user(loaded(text))
    if not isinstance(user, User):
        raise DamagedContents(f"a user {user.reason}")
    return user
