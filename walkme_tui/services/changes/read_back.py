"""Outcomes of steps, by reading the subject before and after: a response to a write alone proves nothing."""

from abc import ABC, abstractmethod
from contextlib import suppress
from functools import partial
from typing import Final

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import ApiError, NotFound
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.user_json import altered_names
from walkme_tui.domain.users import User
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.ports import Session
from walkme_tui.services.waiting import Sleep

# Some servers answer before the change can be read.
SECOND_READ_SECONDS: Final = 1.0


class ReadBack(ABC):
    """Reads the subject before and after a step is sent, and returns the outcome; not for creations.

    Calls raise ``NotFound`` for a subject that is gone, unless the step was to delete it.
    """

    def __init__(self, session: Session, gate: OutageGate, sleep: Sleep) -> None:
        self._session = session
        self._gate = gate
        self._sleep = sleep

    async def before_sending(self, record: StepRecord, known: Record | None) -> tuple[Outcome | None, Record]:
        """The outcome of a step that needs no sending (None: send it), and the record now.

        ``known`` is the record as read just now, None if it must be read.
        """
        now = known if known is not None else await self._gate.read(partial(self.read, record))
        if record.step.strict and record.step.change.overwrites and record.step.change.as_planned(now) is None:
            now = await self._completed(now)
        return outcomes.before_sending(record, now), now

    async def after_acceptance(self, record: StepRecord, new_id: str | None) -> Outcome:  # noqa: ARG002 - of creations
        """The server accepted the step."""
        held, after = await self._read_twice(record)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED, after=after)
        if not held and after is not None:
            return outcomes.not_applied(record, after)
        return await self._applied(record, outcomes.verified(record, after))

    async def after_lost_answer(self, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        """No usable answer came, or the process ended first; ``TODO`` where the step has no effect yet."""
        held, after = await self._read_twice(record)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN, after=after)
        if not held:
            return outcomes.lost_not_applied(after)
        detail = outcomes.INTERRUPTED_BUT_APPLIED if interrupted else outcomes.LOST_BUT_APPLIED
        return await self._applied(record, Outcome(StepState.DONE, detail, changed=True, after=after))

    async def after_refusal(self, record: StepRecord, error: ApiError) -> Outcome:
        """The server refused the step, perhaps because there is nothing to do."""
        held, after = await self._read_twice(record)
        if not held:
            return outcomes.refused(record, error, after)
        if record.may_arrive:
            return Outcome(StepState.DONE, outcomes.EARLIER_ATTEMPT_APPLIED, changed=True, after=after)
        return Outcome(StepState.DONE, f"was {record.step.change.already_text()} when it was sent", after=after)

    @abstractmethod
    async def read(self, record: StepRecord) -> Record:
        """The subject of a step now; raises ``NotFound``."""

    async def _read_twice(self, record: StepRecord) -> tuple[bool | None, Record | None]:
        """Whether the change is there, None if unknown, and the record as just read, None where it was deleted."""
        held, found = await self._read_once(record)
        if held is False:
            await self._sleep(SECOND_READ_SECONDS)
            held, found = await self._read_once(record)
        return held, found

    async def _read_once(self, record: StepRecord) -> tuple[bool | None, Record | None]:
        change = record.step.change
        try:
            found = await self._gate.read(partial(self.read, record))
        except NotFound:
            if change.deletes:
                return True, None
            raise
        if change.holds(found) is None:
            found = await self._completed(found)
        return change.holds(found), found

    async def _completed(self, found: Record) -> Record:
        """The record with fields that another call may have."""
        return found

    async def _applied(self, record: StepRecord, outcome: Outcome) -> Outcome:  # noqa: ARG002 - users have other fields
        """The outcome of a change that took effect."""
        return outcome


class UserReadBack(ReadBack):
    """The changes of users."""

    async def read(self, record: StepRecord) -> User:
        """The user of a step now."""
        return await self._session.api.get_user(record.step.subject_id)

    async def _completed(self, found: Record) -> Record:
        """The user with fields that the look-up by email has and the record by id lacks."""
        listed: User | None = None
        if isinstance(found, User) and isinstance(found.email, str):
            with suppress(ApiError):
                listed = await self._session.api.find_user(found.email)
            if listed is not None and listed.id == found.id:
                return merged(listed, found)
        return found

    async def _applied(self, record: StepRecord, outcome: Outcome) -> Outcome:
        """It needs review where other fields changed with it."""
        change, before, after = record.step.change, record.before, outcome.after
        if not (change.overwrites and isinstance(before, User) and isinstance(after, User)):
            return outcome
        if not await self._session.api.replaces_records():
            return outcome
        more = altered_names(before, after, change.attributes)
        return outcomes.changed_more(outcome, more) if more else outcome
