"""Records the steps of a running job in the journal and in its progress."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.jobs import Job, Outcome, StepRecord, created_ids, with_subject_id
from walkme_tui.domain.plans import StepState, grouped
from walkme_tui.services.changes.job_progress import ProgressTracker
from walkme_tui.services.ports import Clock
from walkme_tui.services.ports.journal import Journal


class Ledger:
    """Writes each change of a step to the journal, then to the progress; an intent is on the disk when a call returns.

    The journal names what the job creates by the key in its plan, also once it has an id; the records that calls return
    have the id. Raises what ``Journal`` raises.
    """

    def __init__(self, job: Job, journal: Journal, clock: Clock, progress: ProgressTracker) -> None:
        self._job_id = job.id
        self._journal = journal
        self._clock = clock
        self._progress = progress
        self._ids = created_ids(job.steps)
        self._creations = {
            record.step.subject_id: record.step.number for record in job.steps if record.step.change.creates
        }

    def current(self, record: StepRecord) -> StepRecord:
        """The step as it is now."""
        latest = self._progress.records[record.step.number]
        user_id = self._ids.get(latest.step.subject_id)
        return latest if user_id is None else with_subject_id(latest, user_id)

    def creation_before(self, record: StepRecord) -> StepRecord | None:
        """The earlier step that creates the step's subject; None where there is none."""
        number = self._creations.get(record.step.subject_id, record.step.number)
        return None if number == record.step.number else self._progress.records[number]

    def by_user(self, wanted: Callable[[StepRecord], bool]) -> list[tuple[StepRecord, ...]]:
        """The wanted records in order, grouped by user in the order of each user's first step."""
        records = filter(wanted, self._progress.records.values())
        return [tuple(own) for own in grouped(records, lambda record: record.step.subject_id).values()]

    @property
    def settled(self) -> bool:
        """True if no step is left."""
        return all(record.state.settled for record in self._progress.records.values())

    async def intend(self, record: StepRecord, before: Record | None) -> StepRecord:
        """Record a step as sent; call it before the bytes leave."""
        now = self._clock()
        self._progress.begin(record)
        await self._journal.intend(self._job_id, record.step.number, before, now)
        return self._updated(
            record,
            state=StepState.SENT,
            attempts=record.attempts + 1,
            sent_at_ms=now,
            settled_at_ms=None,
            before=before or record.before,
        )

    async def settle(self, record: StepRecord, outcome: Outcome) -> StepRecord:
        """Record the outcome of a step; ``TODO`` where it must be sent again."""
        now = self._clock()
        await self._journal.settle(self._job_id, record.step.number, outcome, now)
        return self._updated(
            record,
            state=outcome.state,
            detail=outcome.detail,
            changed=outcome.changed,
            settled_at_ms=now if outcome.state.settled else None,
            after=outcome.after,
            reason=outcome.reason,
            refusals=outcome.refusals,
        )

    async def settle_all(self, records: Sequence[StepRecord], outcome: Outcome) -> None:
        """Record the same outcome for several steps."""
        for record in records:
            await self.settle(record, outcome)

    def _updated(self, record: StepRecord, **values: Any) -> StepRecord:
        latest = self._progress.update(replace(self._progress.records[record.step.number], **values))
        self._ids |= created_ids([latest])
        return self.current(latest)
