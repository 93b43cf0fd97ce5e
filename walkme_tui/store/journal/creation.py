"""Stores a job in parts, because other programs would wait for one of 100 000 people to be stored at once.

Until it is whole, the job is in a state that no call shows, and this process holds its lock. What is left of one whose
process ended before is deleted.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.tables import CREATING, JournalTables, Transaction, plan_rows
from walkme_tui.store.locks import Locks
from walkme_tui.store.sqlite_thread import Steps

PART: Final = 2_000
"""So many people and steps are stored or deleted in one transaction."""
PAUSE_SECONDS: Final = 0.02
"""Between two parts: other programs can begin only if they ask while no transaction is open."""
ENDED_AFTER_MS: Final = 86_400_000
"""After so long a creation has surely ended."""


class JobCreation:
    """A job that is being stored; to make one of 100 000 people takes seconds."""

    def __init__(self, plan: Plan, actor: Actor, at_ms: int, locks: Locks) -> None:
        self._plan = plan
        self._rows = plan_rows(plan)
        self._steps = tuple(StepRecord(step, StepState.TODO) for step in plan.steps)
        self._actor = Actor(*map(storable, actor))
        self._at_ms = at_ms
        self._locks = locks
        self._stored = 0
        self._job_id = ""
        self._as_of = 0

    def store_part(self, write: Transaction) -> bool:
        """Store the next part; True once the job is whole."""
        is_whole = write(self._store_part)
        if is_whole:
            self.release()
        self._stored += PART
        return is_whole

    def job(self) -> Job:
        """The job, which is whole."""
        return Job(self._job_id, JobState.READY, self._plan, self._actor, self._at_ms, self._steps, as_of=self._as_of)

    def release(self) -> None:
        """Release the lock, if it is held: unless the job is whole, others may delete it."""
        self._locks.release(self._job_id)

    def _store_part(self, tables: JournalTables) -> bool:
        part = slice(self._stored, self._stored + PART)
        is_whole = part.stop >= max(len(self._rows.subjects), len(self._rows.steps))
        if part.start == 0:
            self._job_id = tables.add_job(self._rows, self._actor, self._at_ms)
            if not is_whole and not self._locks.acquire(self._job_id):
                raise TimeoutError(f"another process holds the lock of {self._job_id}")
        tables.add_rows(self._job_id, self._rows.subjects[part], self._rows.steps[part])
        if is_whole:
            self._as_of = tables.complete(self._job_id, self._plan, self._actor, self._at_ms)
        return is_whole


def delete_unfinished(
    write: Transaction, locks: Locks, on_network: Callable[[], bool], clock: Callable[[], int]
) -> Steps[None]:
    """Delete in parts what is left of creations whose process ended; what cannot be deleted is left to another call."""
    with suppress(JournalUnavailable, OSError):
        for job_id, at_ms in write(_unfinished):
            # Locks of other hosts may not be visible on a network drive.
            may_have_ended = not on_network() or clock() - at_ms > ENDED_AFTER_MS
            if may_have_ended and locks.acquire(job_id, 0):
                try:
                    while write(partial(_delete_part, job_id)):
                        yield
                finally:
                    locks.release(job_id)


def _unfinished(tables: JournalTables) -> list[tuple[Any, ...]]:
    return tables.connection.execute("SELECT id, created_at_ms FROM jobs WHERE state = ?", (CREATING,)).fetchall()


def _delete_part(job_id: str, tables: JournalTables) -> bool:
    """True if more is left."""
    connection = tables.connection
    if not connection.execute("SELECT 1 FROM jobs WHERE id = ? AND state = ?", (job_id, CREATING)).fetchone():
        return False
    deleted = 0
    for table in ("steps", "subjects"):
        last = f"number > (SELECT max(number) - {PART} FROM {table} WHERE job = ?1)"  # noqa: S608 - constants
        deleted += connection.execute(f"DELETE FROM {table} WHERE job = ?1 AND {last}", (job_id,)).rowcount  # noqa: S608 - constants
    if not deleted:
        connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
    return deleted > 0
