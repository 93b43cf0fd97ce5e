"""Executes the steps about one user or group in order: read, journal, send, read back, settle."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Change, Record
from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    MirrorUnavailable,
    NotFound,
    OutcomeUnknown,
    PermissionRefused,
    ServiceUnavailable,
    SignInRefused,
)
from walkme_tui.domain.jobs import Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User
from walkme_tui.services.changes.creation import Creation
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate, UserSkipped
from walkme_tui.services.changes.permissions import require_scope
from walkme_tui.services.changes.read_back import ReadBack
from walkme_tui.services.changes.senders import SENDERS
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

# How often one run sends a step that gets no usable answer and has no effect when read back.
MAX_SENDS: Final = 3
# How often one run sends a step that the service refuses for now while it answers reads.
MAX_REFUSALS: Final = 5


class NotSent(Exception):
    """The service could not be used, and the step certainly had no effect."""

    def __init__(self, error: ServiceUnavailable) -> None:
        super().__init__(error)
        self.error = error


class Readers(NamedTuple):
    """What finds out the outcomes of the steps of a run, by kind of change."""

    user_creation: Creation
    user: ReadBack
    group_creation: Creation
    group: ReadBack

    def of(self, change: Change) -> Creation | ReadBack:
        """The one for a change."""
        if change.creates:
            return self.group_creation if change.about_group else self.user_creation
        return self.group if change.about_group else self.user


class StepRunner:
    """Executes steps; one that fails is settled as failed, and the next one follows.

    Calls raise ``JobStopped`` where no further step may start, and the ``WalkmeError`` that stops the job: a refused
    sign-in, a missing right, a journal that cannot be written.
    """

    def __init__(self, session: Session, ledger: Ledger, gate: OutageGate, readers: Readers) -> None:
        self._session = session
        self._directory = Directory(session)
        self._ledger = ledger
        self._gate = gate
        self._readers = readers

    async def read_back_sent(self, records: Sequence[StepRecord]) -> None:
        """Read back the steps about one subject that an earlier run sent."""
        for record in map(self._ledger.current, records):
            if self._gate.stopping:
                return
            try:
                outcome = await self._readers.of(record.step.change).after_lost_answer(record, interrupted=True)
            except NotFound:
                outcome = outcomes.gone(record)
            except UserSkipped as skipped:
                self._gate.skip_user(skipped.error)
                return
            except (SignInRefused, PermissionRefused):
                raise
            except ApiError as error:
                outcome = outcomes.unreadable(error, sent=True)
            await self._settle(record, outcome)

    async def execute(self, records: Sequence[StepRecord]) -> None:
        """Execute the remaining steps about one subject, in order."""
        now: Record | None = None
        for index, record in enumerate(records):
            creation = self._ledger.creation_before(record)
            if creation is not None and not creation.state.settled:
                return
            if creation is not None and (why := outcomes.why_not_followed(creation)):
                await self._ledger.settle_all(records[index:], Outcome(StepState.SKIPPED, why))
                return
            try:
                now = await self._step(self._ledger.current(record), now)
            except NotFound:
                await self._settle_missing(records[index:])
                return
            except UserSkipped as skipped:
                self._gate.skip_user(skipped.error)
                return

    async def _step(self, record: StepRecord, now: Record | None) -> Record | None:
        """Execute one step; returns its subject afterwards, None if unknown. Raises ``NotFound`` for one that is gone.

        ``now`` is the subject as read just now, None if that is unknown.
        """
        lost = refusals = 0
        while True:
            try:
                record, now, error = await self._attempt(record, now)
            except (SignInRefused, PermissionRefused, NotFound):
                raise
            except ApiError as unreadable:
                await self._settle(record, outcomes.unreadable(unreadable, sent=False))
                return None
            if error is None or record.state.settled:
                return now
            if isinstance(error, OutcomeUnknown):
                lost += 1
            else:
                refusals += 1
            if lost == MAX_SENDS or refusals == MAX_REFUSALS:
                # The step stays to be done: a later run may succeed.
                raise UserSkipped(error)
            if not isinstance(error, OutcomeUnknown):
                read = partial(self._readers.of(record.step.change).read, record)
                await self._gate.wait_after_refused_write(error, read)

    async def _attempt(
        self, record: StepRecord, now: Record | None
    ) -> tuple[StepRecord, Record | None, ServiceUnavailable | None]:
        """Send a step once, unless it needs no sending.

        Returns the step's record and its subject afterwards, and the error that prevented the step, if it is still to
        be done. Raises the errors of reading the subject.
        """
        waited = await self._gate.wait_open()
        change = record.step.change
        outcome, now = await self._readers.of(change).before_sending(record, None if waited else now)
        if outcome is not None:
            return await self._settle(record, outcome), now or outcome.after, None
        require_scope(self._session, change.scope)
        if change.deletes and isinstance(now, User):
            # All that is known of the user: nothing can be read of them afterwards.
            now = await self._completed(now)
        record = await self._ledger.intend(record, now)
        try:
            outcome, error = await self._send_and_read_back(record)
        except NotSent as unsent:
            return await self._settle(record, outcomes.not_sent(record)), None, unsent.error
        return await self._settle(record, outcome), outcome.after, error

    async def _send_and_read_back(self, record: StepRecord) -> tuple[Outcome, OutcomeUnknown | None]:
        """The outcome of a step, and why it got no usable answer, if so; raises ``NotSent``."""
        try:
            return await self._send_once(record), None
        except OutcomeUnknown as error:
            return await self._outcome_read_back(record, None, lost=True), error

    async def _send_once(self, record: StepRecord) -> Outcome:
        """Send a step; the outcome by its answer and the read-back. Raises ``NotSent`` and ``OutcomeUnknown``."""
        change = record.step.change
        try:
            new_id = await self._send(record)
        except OutcomeUnknown:
            raise
        except ServiceUnavailable as error:
            raise NotSent(error) from error
        except SignInRefused:
            # The credentials were refused, not the step: it can be executed after another sign-in.
            await self._settle(record, outcomes.not_sent(record))
            raise
        except PermissionRefused as error:
            refused = Outcome(StepState.REFUSED, error.message)
            await self._settle(record, outcomes.not_sent(record) if record.may_arrive else refused)
            raise
        except ApiError as error:
            means_done = isinstance(error, NotFound) and not change.creates
            means_done |= isinstance(error, Conflict) and change.conflict_means_done
            if means_done or record.may_arrive:
                return await self._outcome_read_back(record, error)
            return outcomes.refused(record, error)
        return await self._outcome_read_back(record, None, new_id=new_id)

    async def _outcome_read_back(
        self, record: StepRecord, error: ApiError | None, *, lost: bool = False, new_id: str | None = None
    ) -> Outcome:
        """The outcome of a step that was sent, by reading again; ``new_id`` is the id of what it created."""
        reader = self._readers.of(record.step.change)
        try:
            if lost:
                return await reader.after_lost_answer(record)
            if error is not None:
                return await reader.after_refusal(record, error)
            return await reader.after_acceptance(record, new_id)
        except (NotFound, SignInRefused, PermissionRefused):
            raise
        except ApiError as unreadable:
            return outcomes.unreadable(unreadable, sent=True)

    async def _send(self, record: StepRecord) -> str | None:
        """Make the call of a step; returns the id of what it created, if the answer had one."""
        change, base = record.step.change, record.before
        if not change.about_group:
            # The user as last read, with what earlier answers contained besides.
            base = await self._completed(base if isinstance(base, User) else User(record.step.subject_id))
        return await SENDERS[type(change)](self._session, change, base)

    async def _completed(self, user: User) -> User:
        """The user with the fields that only earlier answers contained."""
        with suppress(MirrorUnavailable):
            mirrored = await self._session.mirror.user(user.id)
            if mirrored is not None:
                return merged(mirrored.user, user)
        return user

    # ------------------------------------------------------------ settling

    async def _settle(self, record: StepRecord, outcome: Outcome) -> StepRecord:
        """Journal the outcome of a step, then store the user as just read, or the list of groups."""
        lasting = self._session.capabilities.lasting
        if outcome.reason is OutcomeReason.IGNORED and lasting:
            outcome = replace(outcome, detail=f"{outcome.detail}; {lasting}")
        change = record.step.change
        reader = self._readers.of(change)
        may_be_there = isinstance(reader, Creation) and reader.look_ups_ignored and outcomes.may_be_there(outcome)
        if may_be_there:
            outcome = replace(outcome, detail=f"{outcome.detail.removesuffix('.')}; {outcomes.LOOK_UPS_IGNORED}")
        settled = await self._ledger.settle(record, outcome)
        if settled.state.settled:
            self._gate.note_settled()
        if change.about_group:
            if settled.changed:
                if change.deletes:
                    with suppress(MirrorUnavailable):
                        await self._directory.drop_group(change.subject_id)
                await self._refresh_groups()
            return settled
        with suppress(MirrorUnavailable):
            if may_be_there:
                await self._directory.doubt_completeness()
            if isinstance(outcome.after, User):
                own = (*change.attributes, "updated_at_ms") if outcome.changed else ()
                await self._directory.store(outcome.after, self._session.clock(), own=own)
            elif change.deletes and outcome.state is StepState.DONE:
                await self._directory.forget(change.subject_id)
        return settled

    async def _settle_missing(self, records: Sequence[StepRecord]) -> None:
        """Settle the steps of a subject that is gone: all but the first are skipped."""
        first = self._ledger.current(records[0])
        await self._ledger.settle(first, outcomes.gone(first))
        await self._ledger.settle_all(records[1:], Outcome(StepState.SKIPPED, outcomes.gone_text(first)))
        if first.step.change.about_group:
            await self._refresh_groups()
            return
        with suppress(MirrorUnavailable):
            await self._directory.forget(first.step.subject_id)

    async def _refresh_groups(self) -> None:
        """Store the list of groups as it is now; a job goes on without it."""
        with suppress(ApiError):
            await self._directory.refresh_groups()
