"""Ends a job whose remaining steps are not wanted any more."""

from typing import Final

from walkme_tui.domain.jobs import JobState, OutcomeReason
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.claims import Claims
from walkme_tui.store.journal.rows import AuditEntry
from walkme_tui.store.journal.tables import JournalTables

DISCARDED_TODO: Final = "Not done: the job was discarded."
DISCARDED_MISSING: Final = (
    "It was sent, no usable answer came, and its effect was not found afterwards; then the job was discarded."
)
DISCARDED_SENT: Final = "It was sent and no answer came; the job was discarded before the result was checked."
OUTCOMES: Final = (
    (StepState.SENT, "%", StepState.NEEDS_REVIEW, DISCARDED_SENT),
    (StepState.TODO, OutcomeReason.MAY_ARRIVE, StepState.NEEDS_REVIEW, DISCARDED_MISSING),
    (StepState.TODO, "%", StepState.SKIPPED, DISCARDED_TODO),
)
"""For steps in a state with a reason, by a pattern, the state and the detail that they get; the first that fits."""


def discard(tables: JournalTables, claims: Claims, job_id: str, at_ms: int, actor: str) -> None:
    """End a job: TODO steps become SKIPPED, steps that were sent without an answer need review.

    A job that is done or discarded stays as it is. Raises ``AccountBusy`` while a process executes the job.
    """
    if not tables.state(job_id).resumable:
        return
    if claims.is_held(tables, job_id):
        raise claims.busy(tables, job_id)
    for state, reason, after, detail in OUTCOMES:
        steps = (job_id, state, reason)
        tables.connection.execute(
            "INSERT INTO events (at_ms, job, step, actor, what, detail) SELECT ?, job, number, ?, ?, ? FROM steps "
            "WHERE job = ? AND state = ? AND reason LIKE ? ORDER BY number",
            (at_ms, storable(actor), after, detail, *steps),
        )
        tables.connection.execute(
            "UPDATE steps SET state = ?, detail = ?, changed = 0, settled_at_ms = ?, after = NULL, reason = '', "
            "refusals = '{}' WHERE job = ? AND state = ? AND reason LIKE ?",
            (after, detail, at_ms, *steps),
        )
    claims.delete(tables, job_id)
    tables.set_state(job_id, JobState.DISCARDED, AuditEntry(at_ms, job_id, actor, "discarded"))
