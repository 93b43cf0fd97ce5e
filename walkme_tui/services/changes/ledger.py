"""The steps of the job that is being carried out, in the journal and before the eye."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from walkme_tui.domain.jobs import Job, Outcome, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import User
from walkme_tui.services.changes.job_progress import JobCounter
from walkme_tui.services.ports import Clock, Journal


class Ledger:
    """Writes down what is about to happen and what did; every call is on disk when it returns.

    Raises what ``Journal`` raises.
    """

    def __init__(self, job: Job, journal: Journal, clock: Clock, tally: JobCounter) -> None:
        self._job_id = job.id
        self._journal = journal
        self._clock = clock
        self._tally = tally
        self._records = {record.step.number: record for record in job.steps}

    def by_person(self, wanted: Callable[[StepRecord], bool]) -> list[tuple[StepRecord, ...]]:
        """The steps that are wanted, as they stand, in order, by person in the order of their first."""
        people: dict[str, list[StepRecord]] = {}
        for number in sorted(self._records):
            record = self._records[number]
            if wanted(record):
                people.setdefault(record.step.user_id, []).append(record)
        return [tuple(records) for records in people.values()]

    @property
    def settled(self) -> bool:
        """Nothing is left to do."""
        return all(record.state.settled for record in self._records.values())

    async def intend(self, record: StepRecord, before: User | None) -> StepRecord:
        """The step is being sent: to be called before the bytes leave."""
        now = self._clock()
        self._tally.begun(record)
        await self._journal.intend(self._job_id, record.step.number, before, now)
        return self._moved(
            replace(
                record,
                state=StepState.SENT,
                attempts=record.attempts + 1,
                sent_at_ms=now,
                settled_at_ms=None,
                before=before or record.before,
            )
        )

    async def settle(self, record: StepRecord, outcome: Outcome) -> StepRecord:
        """What became of the step; ``TODO`` where it is to be sent again."""
        now = self._clock()
        await self._journal.settle(self._job_id, record.step.number, outcome, now)
        return self._moved(
            replace(
                self._records[record.step.number],
                state=outcome.state,
                detail=outcome.detail,
                changed=outcome.changed,
                settled_at_ms=now if outcome.state.settled else None,
                after=outcome.after,
                reason=outcome.reason,
            )
        )

    async def settle_all(self, records: Sequence[StepRecord], outcome: Outcome) -> None:
        """The same became of several steps."""
        for record in records:
            await self.settle(record, outcome)

    def _moved(self, after: StepRecord) -> StepRecord:
        before = self._records[after.step.number]
        self._records[after.step.number] = after
        self._tally.moved(before, after)
        return after
