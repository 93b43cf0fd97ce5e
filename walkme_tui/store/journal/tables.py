"""What the journal does with its tables: plain calls over one connection, on the thread that owns it.

Nothing here opens, commits or rolls back; ``journal_file`` does. Every change of a job or a step is told to ``events``
as well.
"""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.jobs import Actor, Job, JobState, Outcome, StepRecord
from walkme_tui.domain.plan_files import plan_from_json, plan_to_json, step_to_json
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.text import storable
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import User
from walkme_tui.store.journal.rows import Event, dumped, loaded, member, step_record

# No vowels, so that no word comes of it, and nothing that is read as something else.
LETTERS: Final = "23456789bcdfghjkmnpqrstvwxz"
SUFFIX_LENGTH: Final = 4

JOB_COLUMNS: Final = "id, state, plan, os_user, host, client_id, created_at_ms, settled_at_ms, purged_at_ms"
STEPS: Final = (
    "SELECT steps.job, steps.step, steps.state, steps.detail, steps.changed, steps.attempts, steps.sent_at_ms, "
    "steps.settled_at_ms, before.record, after.record FROM steps "
    "LEFT JOIN events AS before ON before.seq = steps.before LEFT JOIN events AS after ON after.seq = steps.after "
)


class JournalTables:
    """The tables of the journal over an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # ------------------------------------------------------------ reading

    def find(self, wanted: str) -> str:
        """The id that is meant by an id, by its beginning, or by the beginning of what follows its date."""
        key = storable(wanted.strip().lower())
        if self._one("SELECT 1 FROM jobs WHERE id = ?", key):
            return key
        found = [
            job
            for (job,) in self._connection.execute("SELECT id FROM jobs ORDER BY id")
            if key and (job.startswith(key) or job.partition("-")[2].startswith(key))
        ]
        if len(found) == 1:
            return str(found[0])
        if found:
            shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            raise NotFound(f"{len(found)} jobs begin with {key}: {shown}.", hint="Give more of the id.")
        raise NotFound(f"There is no job {key or 'without an id'}.", hint="walkme-tui jobs list shows them all.")

    def job(self, job_id: str) -> Job:
        """The job with exactly this id."""
        row = self._one(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", job_id)  # noqa: S608 - constants
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        steps = self._connection.execute(f"{STEPS} WHERE steps.job = ? ORDER BY steps.number", (job_id,))
        return self._built(row, [step_record(step) for step in steps])

    def jobs(self, profile: str | None) -> tuple[Job, ...]:
        """All jobs of a profile, newest first."""
        ours = "WHERE ?1 IS NULL OR profile = ?1"
        wanted = (None if profile is None else storable(profile),)
        rows = self._connection.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs {ours} ORDER BY created_at_ms DESC, rowid DESC",  # noqa: S608 - constants
            wanted,
        ).fetchall()
        steps: dict[str, list[StepRecord]] = {row[0]: [] for row in rows}
        for step in self._connection.execute(
            f"{STEPS} JOIN jobs ON jobs.id = steps.job {ours} ORDER BY steps.job, steps.number", wanted
        ):
            steps[step[0]].append(step_record(step))
        return tuple(self._built(row, steps[row[0]]) for row in rows)

    def state(self, job_id: str) -> JobState:
        """Where a job stands, as far as the table tells."""
        row = self._one("SELECT state FROM jobs WHERE id = ?", job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return JobState(row[0])

    def unsettled_users(self, job_id: str) -> list[str]:
        """Ids of those to whom something still has to happen."""
        return [
            user_id
            for (user_id,) in self._connection.execute(
                "SELECT DISTINCT user_id FROM steps WHERE job = ? AND state IN (?, ?) ORDER BY user_id",
                (job_id, StepState.TODO, StepState.SENT),
            )
        ]

    def _built(self, row: Sequence[Any], steps: list[StepRecord]) -> Job:
        job_id, state, plan, os_user, host, client_id, created_at_ms, settled_at_ms, purged_at_ms = row
        receipts = self._connection.execute("SELECT path FROM receipts WHERE job = ? ORDER BY number", (job_id,))
        return Job(
            id=job_id,
            state=member(JobState, state),
            plan=replace(plan_from_json(loaded(plan)), steps=tuple(record.step for record in steps)),
            actor=Actor(os_user, host, client_id),
            created_at_ms=created_at_ms,
            steps=tuple(steps),
            settled_at_ms=settled_at_ms,
            receipts=tuple(str(loaded(path)) for (path,) in receipts),
            purged_at_ms=purged_at_ms,
        )

    # ------------------------------------------------------------ writing

    def create(self, plan: Plan, actor: Actor, at_ms: int) -> Job:
        """Write a plan down as a new job."""
        job_id = self._new_id(at_ms)
        self._connection.execute(
            f"INSERT INTO jobs ({JOB_COLUMNS}, profile) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",  # noqa: S608 - constants
            (
                job_id,
                JobState.READY,
                dumped(plan_to_json(replace(plan, steps=()))),
                storable(actor.os_user),
                storable(actor.host),
                storable(actor.client_id),
                at_ms,
                storable(plan.profile),
            ),
        )
        self._connection.executemany(
            "INSERT INTO steps (job, number, user_id, step, state) VALUES (?, ?, ?, ?, ?)",
            [
                (job_id, step.number, storable(step.user_id), dumped(step_to_json(step)), StepState.TODO)
                for step in plan.steps
            ],
        )
        ticket = f", ticket {plan.ticket}" if plan.ticket else ""
        detail = f"{plan.kind.value}, steps: {len(plan.steps)}{ticket}"
        self.tell(Event(at_ms, job_id, str(actor), "created", detail))
        return self.job(job_id)

    def _new_id(self, at_ms: int) -> str:
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
        while True:
            job_id = f"{day}-{''.join(secrets.choice(LETTERS) for _ in range(SUFFIX_LENGTH))}"
            if self._one("SELECT 1 FROM jobs WHERE id = ?", job_id) is None:
                return job_id

    def set_state(self, job_id: str, state: JobState, told: Event) -> None:
        """Leave a job in a state."""
        settled_at_ms = None if state.resumable else told.at_ms
        self._connection.execute(
            "UPDATE jobs SET state = ?, settled_at_ms = ? WHERE id = ?", (state, settled_at_ms, job_id)
        )
        self.tell(told)

    def step_state(self, job_id: str, number: int) -> StepState:
        """How far a step is; ValueError if there is none with this number."""
        row = self._one("SELECT state FROM steps WHERE job = ? AND number = ?", job_id, number)
        if row is None:
            raise ValueError(f"job {job_id} has no step {number}")
        return StepState(row[0])

    def mark_sent(self, job_id: str, number: int, before: User | None, at_ms: int, actor: str) -> None:
        """A step is being sent; a user who was not read leaves the earlier record in place."""
        seq = self.tell(Event(at_ms, job_id, actor, StepState.SENT.value, step=number, record=before))
        self._connection.execute(
            "UPDATE steps SET state = ?, attempts = attempts + 1, sent_at_ms = ?, settled_at_ms = NULL, "
            "before = coalesce(?, before) WHERE job = ? AND number = ?",
            (StepState.SENT, at_ms, None if before is None else seq, job_id, number),
        )

    def mark_settled(self, job_id: str, number: int, outcome: Outcome, at_ms: int, actor: str) -> None:
        """What became of a step."""
        told = Event(at_ms, job_id, actor, outcome.state.value, outcome.detail, step=number, record=outcome.after)
        seq = self.tell(told)
        self._connection.execute(
            "UPDATE steps SET state = ?, detail = ?, changed = ?, settled_at_ms = ?, after = ? "
            "WHERE job = ? AND number = ?",
            (
                outcome.state,
                storable(outcome.detail),
                outcome.changed,
                at_ms if outcome.state.settled else None,
                None if outcome.after is None else seq,
                job_id,
                number,
            ),
        )

    def add_receipt(self, job_id: str, path: str, told: Event) -> None:
        """Remember a receipt, once; ``NotFound`` where there is no such job."""
        self.state(job_id)
        inserted = self._connection.execute(
            "INSERT INTO receipts (job, path) VALUES (?, ?) ON CONFLICT DO NOTHING", (job_id, dumped(path))
        )
        if inserted.rowcount:
            self.tell(told)

    def has_open_steps(self, job_id: str) -> bool:
        """Something still has to happen to a step."""
        states = (job_id, StepState.TODO, StepState.SENT)
        return self._one("SELECT 1 FROM steps WHERE job = ? AND state IN (?, ?)", *states) is not None

    def tell(self, event: Event) -> int:
        """Add a line to the audit trail; its number."""
        added = self._connection.execute(
            "INSERT INTO events (at_ms, job, step, actor, what, detail, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.at_ms,
                event.job,
                event.step,
                storable(event.actor),
                event.what,
                storable(event.detail),
                None if event.record is None else dumped(encode_user(event.record)),
            ),
        )
        assert added.lastrowid is not None  # noqa: S101 - an INSERT that raised nothing has one
        return added.lastrowid

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return row
