"""The steps of one person, one after the other: read, written down, sent, read back, settled."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from walkme_tui.domain import outcomes
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
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate, PersonSkipped
from walkme_tui.services.changes.permissions import require_scope
from walkme_tui.services.changes.read_back import ReadBack
from walkme_tui.services.changes.senders import SENDERS
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

# How often a step is sent in one run where no usable answer comes and the change is not there when read again.
MAX_SENDS: Final = 3
# How often in one run a step is turned away by a service that lets itself be read.
MAX_TURNED_AWAY: Final = 5


class NotSent(Exception):
    """The service could not be used, and the step surely did not get through."""

    def __init__(self, error: ServiceUnavailable) -> None:
        super().__init__(error)
        self.error = error


class StepRunner:
    """Carries out steps of people; a step that cannot be done is settled so, and the next one is taken.

    Its calls raise ``Stopped`` where no further step may be taken, and the ``WalkmeError`` for which the job has to
    stop: a sign-in or a right that was refused, a journal that cannot be written.
    """

    def __init__(self, session: Session, ledger: Ledger, gate: OutageGate, reconciler: ReadBack) -> None:
        self._session = session
        self._directory = Directory(session)
        self._ledger = ledger
        self._gate = gate
        self._reconciler = reconciler

    async def reconcile(self, records: Sequence[StepRecord]) -> None:
        """Find out what became of the steps of one person that an earlier run had sent."""
        for record in records:
            if self._gate.stopping:
                return
            try:
                outcome = await self._reconciler.lost(record, interrupted=True)
            except NotFound:
                outcome = Outcome(StepState.FAILED, outcomes.GONE)
            except PersonSkipped as only:
                self._gate.skip_person(only.error)
                return
            except (SignInRefused, PermissionRefused):
                raise
            except ApiError as error:
                outcome = outcomes.unreadable(error, sent=True)
            await self._settle(record, outcome)

    async def carry_out(self, records: Sequence[StepRecord]) -> None:
        """Do the steps of one person that are still to be done, in order."""
        user: User | None = None
        for index, record in enumerate(records):
            try:
                user = await self._step(record, user)
            except NotFound:
                await self._gone(records[index:])
                return
            except PersonSkipped as only:
                self._gate.skip_person(only.error)
                return

    async def _step(self, record: StepRecord, user: User | None) -> User | None:
        """Do one step; the user as it left them, None if they have to be read again. ``NotFound``: they are gone."""
        lost = turned_away = 0
        while True:
            try:
                record, user, error = await self._attempt(record, user)
            except (SignInRefused, PermissionRefused, NotFound):
                raise
            except ApiError as refused:
                await self._settle(record, outcomes.unreadable(refused, sent=False))
                return None
            if error is None or record.state.settled:
                return user
            if isinstance(error, OutcomeUnknown):
                lost += 1
            else:
                turned_away += 1
            if lost == MAX_SENDS or turned_away == MAX_TURNED_AWAY:
                # The step stays to be done: a later run may find a service that takes it.
                raise PersonSkipped(error)
            if not isinstance(error, OutcomeUnknown):
                await self._gate.wait_out_refusal(error, record.step.user_id)

    async def _attempt(
        self, record: StepRecord, user: User | None
    ) -> tuple[StepRecord, User | None, ServiceUnavailable | None]:
        """Send a step once, unless it needs not be sent.

        The record and the user afterwards, and where the step is still to be done, what prevented it. Raises what
        reading the user before raises.
        """
        if await self._gate.wait_open() or user is None:
            user = await self._gate.read(record.step.user_id)
        outcome = outcomes.before_sending(record, user)
        if outcome is not None:
            return await self._settle(record, outcome), user, None
        require_scope(self._session)
        record = await self._ledger.intend(record, user)
        try:
            outcome, error = await self._outcome(record)
        except NotSent as unsent:
            return await self._settle(record, outcomes.not_sent(record)), None, unsent.error
        return await self._settle(record, outcome), outcome.after, error

    async def _outcome(self, record: StepRecord) -> tuple[Outcome, OutcomeUnknown | None]:
        """Send a step and find out what became of it, and why no usable answer came; raises ``NotSent``."""
        try:
            return await self._answered(record), None
        except OutcomeUnknown as error:
            return await self._found_out(record, None, lost=True), error

    async def _answered(self, record: StepRecord) -> Outcome:
        """Send a step; what became of it by the answer and a look. Raises ``NotSent`` and ``OutcomeUnknown``."""
        change = record.step.change
        try:
            await self._send(record)
        except OutcomeUnknown:
            raise
        except ServiceUnavailable as error:
            raise NotSent(error) from error
        except SignInRefused:
            # The step was not refused, its sender was: it can be done once that is mended.
            await self._settle(record, outcomes.not_sent(record))
            raise
        except PermissionRefused as error:
            refused = Outcome(StepState.REFUSED, error.message)
            await self._settle(record, outcomes.not_sent(record) if record.may_arrive else refused)
            raise
        except ApiError as error:
            says_already_so = isinstance(error, NotFound) or (
                isinstance(error, Conflict) and change.conflict_means_done
            )
            if says_already_so or record.may_arrive:
                return await self._found_out(record, error)
            return outcomes.refused(change, error)
        return await self._found_out(record, None)

    async def _found_out(self, record: StepRecord, error: ApiError | None, *, lost: bool = False) -> Outcome:
        """What reading the user again says about a step that was sent."""
        try:
            if lost:
                return await self._reconciler.lost(record)
            if error is not None:
                return await self._reconciler.nothing_to_do(record, error)
            return await self._reconciler.accepted(record)
        except (NotFound, SignInRefused, PermissionRefused):
            raise
        except ApiError as unreadable:
            return outcomes.unreadable(unreadable, sent=True)

    async def _send(self, record: StepRecord) -> None:
        change = record.step.change
        await SENDERS[type(change)](self._session.api, change, await self._base(record))

    async def _base(self, record: StepRecord) -> User:
        """The user as last read, with what earlier answers contained besides."""
        user = record.before or User(record.step.user_id)
        with suppress(MirrorUnavailable):
            mirrored = await self._session.mirror.user(user.id)
            if mirrored is not None:
                return merged(mirrored.user, user)
        return user

    # ------------------------------------------------------------ telling

    async def _settle(self, record: StepRecord, outcome: Outcome) -> StepRecord:
        """Write down what became of a step, then let the table show the person as just read."""
        settled = await self._ledger.settle(record, outcome)
        if settled.state.settled:
            self._gate.note_settled()
        if outcome.after is not None:
            own = (record.step.change.attribute, "updated_at_ms") if outcome.changed else ()
            with suppress(MirrorUnavailable):
                await self._directory.store(outcome.after, self._session.clock(), own=own)
        return settled

    async def _gone(self, records: Sequence[StepRecord]) -> None:
        """The person is gone: the first of these steps failed by that, the others have nobody left to change."""
        await self._ledger.settle(records[0], Outcome(StepState.FAILED, outcomes.GONE))
        await self._ledger.settle_all(records[1:], Outcome(StepState.SKIPPED, outcomes.GONE))
        with suppress(MirrorUnavailable):
            await self._directory.forget(records[0].step.user_id)
