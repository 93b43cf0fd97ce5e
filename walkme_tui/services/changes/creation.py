"""Creations: before and after the call, the user is looked up by email, since the id is not known."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import ApiError, LookUpIgnored, MirrorUnavailable, NotFound
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.changes.read_back import SECOND_READ_SECONDS
from walkme_tui.services.directory import Directory, find_by_email
from walkme_tui.services.ports import Session
from walkme_tui.services.waiting import Sleep


class Creation(ABC):
    """Finds out what became of the creation of a user or a group.

    Calls raise ``ApiError`` where it cannot be looked up, but not ``NotFound``.
    """

    def __init__(self, session: Session, gate: OutageGate, sleep: Sleep) -> None:
        self._session = session
        self._gate = gate
        self._sleep = sleep
        self.look_ups_ignored = False
        """The server ignored a look-up: the account may have a user that was not found."""

    async def before_sending(self, record: StepRecord, known: Record | None) -> tuple[Outcome | None, None]:  # noqa: ARG002
        """The outcome of a creation that needs no sending; None: send it. There is no record before.

        Where the server ignores look-ups by email, its answer shows whether the email is in use.
        """
        found: Sequence[Record] = ()
        try:
            found = await self._find(record)
        except LookUpIgnored:
            if record.may_arrive:
                return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN), None
        return outcomes.before_creating(record, found), None

    async def after_acceptance(self, record: StepRecord, new_id: str | None) -> Outcome:
        """The server accepted the creation; ``new_id`` is the id in its answer."""
        change = record.step.change
        try:
            created = await self._created(record, new_id)
            if created is None or change.holds(created) is False:
                # Some servers answer before the record, or all of it, can be read.
                await self._sleep(SECOND_READ_SECONDS)
                created = await self._created(record, new_id)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED)
        if created is None:
            return outcomes.not_found_afterwards(record)
        held = change.holds(created)
        if held is None:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.UNVERIFIED, changed=True, after=created)
        return outcomes.verified(record, created) if held else outcomes.not_applied(record, created)

    async def after_lost_answer(self, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        """No usable answer came, or the process ended first; ``TODO`` where nothing was created."""
        try:
            found = await self._find(record)
            if not found:
                await self._sleep(SECOND_READ_SECONDS)
                found = await self._find(record)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN)
        if not found:
            return outcomes.lost_not_applied(None)
        detail = outcomes.INTERRUPTED_BUT_APPLIED if interrupted else outcomes.LOST_BUT_APPLIED
        return outcomes.found_after_creating(record, found, detail)

    async def after_refusal(self, record: StepRecord, error: ApiError) -> Outcome:
        """The server refused the creation, perhaps because an earlier attempt of it took effect."""
        try:
            found = await self._find(record)
        except LookUpIgnored:
            return Outcome(StepState.NEEDS_REVIEW, outcomes.LOST_AND_UNKNOWN)
        if not found:
            return outcomes.refused(record, error)
        return outcomes.found_after_creating(record, found, outcomes.EARLIER_ATTEMPT_APPLIED)

    @abstractmethod
    async def read(self, record: StepRecord) -> object:
        """What the server has under the email or the name, in one call; raises ``LookUpIgnored``."""

    @abstractmethod
    async def _find(self, record: StepRecord) -> Sequence[Record]:
        """The whole records of what the server has under the email or the name; raises ``LookUpIgnored``."""

    @abstractmethod
    async def _created(self, record: StepRecord, new_id: str | None) -> Record | None:
        """What was created, as read by its id if that is known; raises ``LookUpIgnored``."""


class UserCreation(Creation):
    """The creation of a user."""

    async def read(self, record: StepRecord) -> User | None:
        """The user with the email, as the list has them."""
        try:
            return await find_by_email(self._session, record.step.change.new_email or "")
        except LookUpIgnored:
            self.look_ups_ignored = True
            raise

    async def _find(self, record: StepRecord) -> Sequence[Record]:
        found = await self._gate.read(partial(self.read, record))
        if found is None:
            return ()
        requested_at_ms = self._session.clock()
        with suppress(NotFound):
            user = merged(found, await self._gate.read(partial(self._session.api.get_user, found.id)))
            with suppress(MirrorUnavailable):
                # A plan made from an older local copy took the email for free; the next one must not.
                await Directory(self._session).store(user, requested_at_ms)
            return (user,)
        return ()

    async def _created(self, record: StepRecord, new_id: str | None) -> Record | None:
        if new_id is None:
            return next(iter(await self._find(record)), None)
        with suppress(NotFound):
            user = await self._gate.read(partial(self._session.api.get_user, new_id))
            if record.step.change.holds(user) is not None:
                return user
            # The look-up by email may have fields that the look-up by id lacks.
            listed: User | None = None
            with suppress(LookUpIgnored):
                listed = await self._gate.read(partial(self.read, record))
            return merged(listed, user) if listed is not None and listed.id == user.id else user
        return None
