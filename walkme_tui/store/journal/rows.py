"""The journal's rows as plain data, and back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from walkme_tui.domain.jobs import StepRecord
from walkme_tui.domain.plan_files import step_from_json
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import User

E = TypeVar("E", bound=StrEnum)


class DamagedContents(Exception):
    """The journal does not hold what this program writes."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit trail; ``record`` is the user as read then."""

    at_ms: int
    job: str | None
    actor: str
    what: str
    detail: str = ""
    step: int | None = None
    record: User | None = None


def step_record(row: Sequence[Any]) -> StepRecord:
    """What a row of ``journal_tables.STEPS`` says."""
    _, step, state, detail, changed, attempts, sent_at_ms, settled_at_ms, before, after = row
    return StepRecord(
        step=step_from_json(loaded(step)),
        state=member(StepState, state),
        detail=detail,
        changed=bool(changed),
        attempts=attempts,
        sent_at_ms=sent_at_ms,
        settled_at_ms=settled_at_ms,
        before=_user(before),
        after=_user(after),
    )


def member(kind: type[E], value: str) -> E:
    """The member that a column names; ``DamagedContents`` if it names none."""
    try:
        return kind(value)
    except ValueError:
        raise DamagedContents(f"no {kind.__name__} is called so") from None


def dumped(value: object) -> str:
    """JSON in ASCII: half characters, which SQLite does not take, survive in it."""
    return json.dumps(value, separators=(",", ":"))


def loaded(text: str) -> Any:
    """The value behind a column of JSON; ``DamagedContents`` if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedContents("a value is not JSON") from None


def _user(text: str | None) -> User | None:
    if text is None:
        return None
    user = decode_user(loaded(text))
    if not isinstance(user, User):
        raise DamagedContents(f"a user {user.reason}")
    return user
