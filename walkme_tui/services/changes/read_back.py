"""Outcomes of steps that were sent, by reading the user again: a response to a write alone proves nothing."""

from contextlib import suppress
from functools import partial
from typing import Final

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.errors import ApiError, NotFound
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.user_json import altered_names
from walkme_tui.domain.users import User
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.ports import DirectoryApi
from walkme_tui.services.waiting import Sleep

# Some servers answer before the change can be read.
SECOND_READ_SECONDS: Final = 1.0


class ReadBack:
    """Reads users again after a step was sent, and returns its outcome; for every kind of change but creations.

    Calls raise ``NotFound`` for a user who is gone, unless the step was to delete that user.
    """

    def __init__(self, api: DirectoryApi, gate: OutageGate, sleep: Sleep) -> None:
        self._api = api
        self._gate = gate
        self._sleep = sleep

    async def after_acceptance(self, record: StepRecord) -> Outcome:
        """The server accepted the step."""
        held, after = await self._read(record.step.change)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED, after=after)
        if not held and after is not None:
            return outcomes.not_applied(record, after)
        return await self._applied(record, outcomes.verified(record, after))

    async def after_lost_answer(self, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        """No usable answer came, or the process ended first; ``TODO`` where the step has no effect yet."""
        held, after = await self._read(record.step.change)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN, after=after)
        if not held:
            return outcomes.lost_not_applied(after)
        detail = outcomes.INTERRUPTED_BUT_APPLIED if interrupted else outcomes.LOST_BUT_APPLIED
        return await self._applied(record, Outcome(StepState.DONE, detail, changed=True, after=after))

    async def after_refusal(self, record: StepRecord, error: ApiError) -> Outcome:
        """The server refused the step, perhaps because there is nothing to do."""
        held, after = await self._read(record.step.change)
        if not held:
            return outcomes.refused(record, error, after)
        if record.may_arrive:
            return Outcome(StepState.DONE, outcomes.EARLIER_ATTEMPT_APPLIED, changed=True, after=after)
        return Outcome(StepState.DONE, f"was {record.step.change.already_text()} when it was sent", after=after)

    async def _applied(self, record: StepRecord, outcome: Outcome) -> Outcome:
        """The outcome of a change that took effect; it needs review where other fields changed with it."""
        change, before, after = record.step.change, record.before, outcome.after
        if not change.overwrites or before is None or after is None or not await self._api.replaces_records():
            return outcome
        more = altered_names(before, after, change.attributes)
        return outcomes.changed_more(outcome, more) if more else outcome

    async def _read(self, change: Change) -> tuple[bool | None, User | None]:
        """Whether the change is there, None if unknown, and the user as just read, None for one who is deleted."""
        held, user = await self._read_once(change)
        if held is False:
            await self._sleep(SECOND_READ_SECONDS)
            held, user = await self._read_once(change)
        return held, user

    async def _read_once(self, change: Change) -> tuple[bool | None, User | None]:
        try:
            user = await self._gate.read(partial(self._api.get_user, change.subject_id))
        except NotFound:
            if change.deletes:
                return True, None
            raise
        if change.holds(user) is None:
            user = await self.with_listed_fields(user)
        return change.holds(user), user

    async def with_listed_fields(self, user: User) -> User:
        """The user with fields that the look-up by email has and the record by id lacks."""
        listed: User | None = None
        if isinstance(user.email, str):
            with suppress(ApiError):
                listed = await self._api.find_user(user.email)
        return merged(listed, user) if listed is not None and listed.id == user.id else user
