"""Creations of users: before and after the call, the user is looked up by email."""

from contextlib import suppress
from functools import partial

from walkme_tui.domain import outcomes
from walkme_tui.domain.errors import ApiError, LookUpIgnored, NotFound
from walkme_tui.domain.jobs import Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.changes.read_back import SECOND_READ_SECONDS
from walkme_tui.services.directory import find_by_email
from walkme_tui.services.ports import Session
from walkme_tui.services.waiting import Sleep


class Creation:
    """Finds out what became of the creation of a user, whose id is not known.

    Calls raise ``ApiError`` where the user cannot be looked up, but not ``NotFound``.
    """

    def __init__(self, session: Session, gate: OutageGate, sleep: Sleep) -> None:
        self._session = session
        self._gate = gate
        self._sleep = sleep

    async def before_sending(self, record: StepRecord) -> Outcome | None:
        """The outcome of a creation that needs no sending; None: send it.

        Where the server ignores look-ups by email, its answer shows whether the email is in use.
        """
        found: User | None = None
        try:
            found = await self._find(record)
        except LookUpIgnored:
            if record.may_arrive:
                return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN)
        return outcomes.before_creating(record, found)

    async def after_acceptance(self, record: StepRecord, new_id: str | None) -> Outcome:
        """The server accepted the creation; ``new_id`` is the id in its answer."""
        try:
            user = await self._created(record, new_id)
            if user is None or record.step.change.holds(user) is False:
                # Some servers answer before the user, or all of the record, can be read.
                await self._sleep(SECOND_READ_SECONDS)
                user = await self._created(record, new_id)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED)
        if user is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.NOT_FOUND_AFTERWARDS, reason=OutcomeReason.IGNORED)
        held = record.step.change.holds(user)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED, changed=True, after=user)
        return outcomes.verified(record, user) if held else outcomes.not_applied(record, user)

    async def after_lost_answer(self, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        """No usable answer came, or the process ended first; ``TODO`` where there is no such user."""
        try:
            found = await self._find(record)
            if found is None:
                await self._sleep(SECOND_READ_SECONDS)
                found = await self._find(record)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN)
        if found is None:
            return outcomes.lost_not_applied(None)
        detail = outcomes.INTERRUPTED_BUT_APPLIED if interrupted else outcomes.LOST_BUT_APPLIED
        return outcomes.found_after_creating(record, found, detail)

    async def after_refusal(self, record: StepRecord, error: ApiError) -> Outcome:
        """The server refused the creation, perhaps because an earlier attempt of it took effect."""
        try:
            found = await self._find(record)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN)
        if found is None:
            return outcomes.refused(record, error)
        return outcomes.found_after_creating(record, found, outcomes.EARLIER_ATTEMPT_APPLIED)

    async def find(self, record: StepRecord) -> User | None:
        """The user with the email, as the list has them; raises ``LookUpIgnored`` where that cannot be determined."""
        return await find_by_email(self._session, record.step.change.new_email or "")

    async def _find(self, record: StepRecord) -> User | None:
        """The whole record of the user with the email, None if there is none."""
        found = await self._gate.read(partial(self.find, record))
        if found is None:
            return None
        with suppress(NotFound):
            return merged(found, await self._gate.read(partial(self._session.api.get_user, found.id)))
        return None

    async def _created(self, record: StepRecord, new_id: str | None) -> User | None:
        if new_id is None:
            return await self._find(record)
        with suppress(NotFound):
            user = await self._gate.read(partial(self._session.api.get_user, new_id))
            if record.step.change.holds(user) is not None:
                return user
            # The look-up by email may have fields that the look-up by id lacks.
            listed: User | None = None
            with suppress(LookUpIgnored):
                listed = await self._gate.read(partial(self.find, record))
            return merged(listed, user) if listed is not None and listed.id == user.id else user
        return None
