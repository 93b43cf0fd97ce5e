"""Ends a job whose remaining steps are not wanted any more."""

from typing import Final

from walkme_tui.domain.jobs import JobState, Outcome, OutcomeReason
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.claims import Claims
from walkme_tui.store.journal.rows import AuditEntry
from walkme_tui.store.journal.tables import JournalTables

DISCARDED_TODO: Final = "Not done: the job was discarded."
DISCARDED_MISSING: Final = (
    "It was sent, no usable answer came, and its effect was not found afterwards; then the job was discarded."
)
DISCARDED_SENT: Final = "It was sent and no answer came; the job was discarded before the result was checked."


def discard(tables: JournalTables, claims: Claims, job_id: str, at_ms: int, actor: str) -> None:
    """End a job: TODO steps become SKIPPED, steps that were sent without an answer need review.

    A job that is done or discarded stays as it is. Raises ``AccountBusy`` while a process executes the job.
    """
    if not tables.state(job_id).resumable:
        return
    if claims.is_held(tables, job_id):
        raise claims.busy(tables, job_id)
    unsettled = tables.connection.execute(
        "SELECT number, state, reason FROM steps WHERE job = ? AND state IN (?, ?) ORDER BY number",
        (job_id, StepState.TODO, StepState.SENT),
    )
    for number, state, reason in unsettled.fetchall():
        after = Outcome(StepState.SKIPPED, DISCARDED_TODO)
        if state == StepState.SENT:
            after = Outcome(StepState.NEEDS_REVIEW, DISCARDED_SENT)
        elif reason == OutcomeReason.MAY_ARRIVE:
            after = Outcome(StepState.NEEDS_REVIEW, DISCARDED_MISSING)
        tables.mark_settled(job_id, number, after, at_ms, actor)
    claims.delete(tables, job_id)
    tables.set_state(job_id, JobState.DISCARDED, AuditEntry(at_ms, job_id, actor, "discarded"))
