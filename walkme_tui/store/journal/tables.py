"""Writes of the journal's tables, and the short reads that they need, over one connection, on the thread that owns it.

``file`` begins and ends the transactions. Every change of a job or a step also adds a row to ``events``, the audit
trail.
"""

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.imports.source import source_to_json
from walkme_tui.domain.jobs import (
    Actor,
    JobState,
    Outcome,
    SurfaceCheck,
    id_after,
    listed_name,
)
from walkme_tui.domain.plan_files import plan_to_json, step_from_json, step_to_json
from walkme_tui.domain.plans import Plan, Step, StepState
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import STEPS, AuditEntry, dumped, encoded, loaded, step_record
from walkme_tui.store.journal.totals import count_totals, mark_undone

R = TypeVar("R")

# Without vowels, which could form a word, and without characters that are easily confused.
LETTERS: Final = "23456789bcdfghjkmnpqrstvwxz"
SUFFIX_LENGTH: Final = 4

CREATING: Final = "creating"
"""The state in ``jobs`` until all people and steps of a new job are stored; for calls there is no such job."""


def subject_key(subject_id: str, *, about_group: bool) -> str:
    """A user or a group in the columns ``subject`` and ``subject_after``: both may have the same id."""
    return storable(f"group {subject_id}" if about_group else subject_id)


def step_subject(step: Step) -> str:
    """What the step is about, in ``steps.subject`` and ``claims``."""
    return subject_key(step.subject_id, about_group=step.change.about_group)


class Transaction(Protocol):
    """Does something in a transaction of its own."""

    def __call__(self, work: "Callable[[JournalTables], R]") -> R:
        """The result of ``work``."""
        ...


class PlanRows(NamedTuple):
    """A plan as rows: the columns of ``jobs`` by name, and rows of ``subjects`` and ``steps`` without their job."""

    job: dict[str, object]
    subjects: list[tuple[object, ...]]
    steps: list[tuple[object, ...]]


def plan_rows(plan: Plan) -> PlanRows:
    """The rows of a plan; those of 100 000 people take seconds, so they are made before the transaction begins."""
    content = plan_to_json(replace(plan, steps=(), source=None))
    contents = content.pop("groups", None) or content["subjects"]
    assert isinstance(contents, list)  # noqa: S101 - for the type checker
    places = {subject.id: place for place, subject in enumerate(plan.changed_subjects or plan.all_subjects, 1)}
    subjects: list[tuple[object, ...]] = []
    for number, (subject, each) in enumerate(zip(plan.all_subjects, contents, strict=True), start=1):
        key = subject_key(subject.id, about_group=bool(plan.groups))
        names = map(storable, listed_name(subject))
        subjects.append((number, key, places.get(subject.id), *names, dumped(each)))
    job: dict[str, object] = {
        "profile": storable(plan.profile),
        "plan": dumped(content | {"subjects": []}),
        "source": None if plan.source is None else dumped(source_to_json(plan.source)),
        "kind": plan.kind,
        "base_url": storable(plan.base_url),
        "surface": plan.surface,
        "ticket": storable(plan.ticket),
        "undoes": None if plan.undoes is None else storable(plan.undoes),
        "about_groups": bool(plan.groups),
    }
    steps = [(step.number, step_subject(step), dumped(step_to_json(step)), StepState.TODO) for step in plan.steps]
    return PlanRows(job, subjects, [*steps])


class JournalTables:
    """The tables of the journal over an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def unsettled_subjects(self, job_id: str) -> list[str]:
        """What the steps that are not settled are about, as ``claims`` names it."""
        return [
            subject
            for (subject,) in self.connection.execute(
                "SELECT DISTINCT subject FROM steps WHERE job = ? AND state IN (?, ?) ORDER BY subject",
                (job_id, StepState.TODO, StepState.SENT),
            )
        ]

    def state(self, job_id: str) -> JobState:
        """The stored state of a job; ``NotFound``."""
        row = self._one("SELECT state FROM jobs WHERE id = ? AND state <> ?", job_id, CREATING)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return JobState(row[0])

    # ------------------------------------------------------------ writing

    def add_job(self, rows: PlanRows, actor: Actor, at_ms: int) -> str:
        """Store a plan without its people and steps as a new job, which no call shows yet; returns its id."""
        job_id = self._new_id(at_ms)
        columns = {"id": job_id, "state": CREATING, **rows.job, **actor._asdict(), "created_at_ms": at_ms}
        self.connection.execute(
            f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - constants
            tuple(columns.values()),
        )
        return job_id

    def add_rows(
        self, job_id: str, subjects: Sequence[tuple[object, ...]], steps: Sequence[tuple[object, ...]]
    ) -> None:
        """Store people and steps of ``PlanRows`` in a job."""
        self.connection.executemany(
            "INSERT INTO subjects (job, number, subject, place, name, full_name, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((job_id, *row) for row in subjects),
        )
        self.connection.executemany(
            "INSERT INTO steps (job, number, subject, step, state) VALUES (?, ?, ?, ?, ?)",
            ((job_id, *row) for row in steps),
        )

    def complete(self, job_id: str, plan: Plan, actor: Actor, at_ms: int) -> int:
        """Make a job that has all its people and steps READY; returns the number of the entry in the audit trail."""
        self.connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (JobState.READY, job_id))
        ticket = f", ticket {plan.ticket}" if plan.ticket else ""
        detail = f"{plan.kind.value}, steps: {len(plan.steps)}{ticket}"
        return self.log(AuditEntry(at_ms, job_id, str(actor), "created", detail))

    def _new_id(self, at_ms: int) -> str:
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
        while True:
            job_id = f"{day}-{''.join(secrets.choice(LETTERS) for _ in range(SUFFIX_LENGTH))}"
            if self._one("SELECT 1 FROM jobs WHERE id = ?", job_id) is None:
                return job_id

    def set_state(self, job_id: str, state: JobState, entry: AuditEntry) -> None:
        """Store the state of a job, and its totals until its steps change again."""
        settled_at_ms = None if state.resumable else entry.at_ms
        totals = None if state is JobState.RUNNING else dumped(count_totals(self.connection, job_id))
        self.connection.execute(
            "UPDATE jobs SET state = ?, settled_at_ms = ?, totals = ? WHERE id = ?",
            (state, settled_at_ms, totals, job_id),
        )
        self.log(entry)

    def step_state(self, job_id: str, number: int) -> StepState:
        """The state of a step; ValueError if there is none with this number."""
        row = self._one("SELECT state FROM steps WHERE job = ? AND number = ?", job_id, number)
        if row is None:
            raise ValueError(f"job {job_id} has no step {number}")
        return StepState(row[0])

    def mark_sent(self, job_id: str, number: int, before: Record | None, at_ms: int, actor: str) -> None:
        """Store that a step is being sent; ``before`` None keeps the record of an earlier attempt."""
        seq = self.log(AuditEntry(at_ms, job_id, actor, StepState.SENT.value, step=number, record=before))
        self.connection.execute(
            "UPDATE steps SET state = ?, attempts = attempts + 1, sent_at_ms = ?, settled_at_ms = NULL, "
            "before = coalesce(?, before) WHERE job = ? AND number = ?",
            (StepState.SENT, at_ms, None if before is None else seq, job_id, number),
        )

    def mark_settled(self, job_id: str, number: int, outcome: Outcome, at_ms: int, actor: str) -> None:
        """Store the outcome of a step."""
        entry = AuditEntry(at_ms, job_id, actor, outcome.state.value, outcome.detail, step=number, record=outcome.after)
        seq = self.log(entry)
        self.connection.execute(
            "UPDATE steps SET state = ?, detail = ?, changed = ?, settled_at_ms = ?, after = ?, reason = ?, "
            "refusals = ? "
            "WHERE job = ? AND number = ?",
            (
                outcome.state,
                storable(outcome.detail),
                outcome.changed,
                at_ms if outcome.state.settled else None,
                None if outcome.after is None else seq,
                outcome.reason,
                dumped(dict(outcome.refusals)),
                job_id,
                number,
            ),
        )
        if outcome.changed:
            self._store_subject_after(job_id, number)
            if outcome.state is StepState.DONE:
                mark_undone(self.connection, job_id, number)

    def _store_subject_after(self, job_id: str, number: int) -> None:
        """Store by which subject later jobs know what a step created or deleted."""
        (text,) = self._rows("SELECT step FROM steps WHERE job = ? AND number = ?", job_id, number)[0]
        change = step_from_json(loaded(text)).change
        if change.creates or change.deletes:
            (row,) = self._rows(f"{STEPS} WHERE steps.job = ? AND steps.number = ?", job_id, number)
            later = id_after(step_record(row))
            key = None if later is None else subject_key(later, about_group=change.about_group)
            self.connection.execute(
                "UPDATE steps SET subject_after = ? WHERE job = ? AND number = ?", (key, job_id, number)
            )

    def add_receipt(self, job_id: str, path: str, entry: AuditEntry) -> None:
        """Store the path of a receipt, once; ``NotFound`` where there is no such job."""
        self.state(job_id)
        inserted = self.connection.execute(
            "INSERT INTO receipts (job, path) VALUES (?, ?) ON CONFLICT DO NOTHING", (job_id, dumped(path))
        )
        if inserted.rowcount:
            self.log(entry)

    def set_checks(self, job_id: str, checks: Sequence[SurfaceCheck], entry: AuditEntry) -> None:
        """Store the checks of a job; ``NotFound`` where there is no such job."""
        self.state(job_id)
        self.connection.execute("DELETE FROM checks WHERE job = ?", (job_id,))
        self.connection.executemany(
            "INSERT INTO checks (job, number, subject, wrong, content) VALUES (?, ?, ?, ?, ?)",
            (
                (job_id, number, storable(check.user_id), check.wrong, dumped([*check]))
                for number, check in enumerate(checks, 1)
            ),
        )
        self.log(entry)

    def has_open_steps(self, job_id: str) -> bool:
        """True if a step is not settled."""
        states = (job_id, StepState.TODO, StepState.SENT)
        return self._one("SELECT 1 FROM steps WHERE job = ? AND state IN (?, ?)", *states) is not None

    def log(self, entry: AuditEntry) -> int:
        """Add an entry to the audit trail; returns its number."""
        added = self.connection.execute(
            "INSERT INTO events (at_ms, job, step, actor, what, detail, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                entry.at_ms,
                entry.job,
                entry.step,
                storable(entry.actor),
                entry.what,
                storable(entry.detail),
                None if entry.record is None else dumped(encoded(entry.record)),
            ),
        )
        assert added.lastrowid is not None  # noqa: S101 - an INSERT that raised nothing has one
        return added.lastrowid

    def patch_refused_at_ms(self, profile: str, base_url: str) -> int | None:
        """When a profile's server last refused PATCH, None if it never did."""
        row = self._one(
            "SELECT patch_refused_at_ms FROM write_memory WHERE profile = ? AND base_url = ?", profile, base_url
        )
        return None if row is None else int(row[0])

    def store_patch_refused(self, profile: str, base_url: str, at_ms: int) -> None:
        """Store that a profile's server refused PATCH."""
        self.connection.execute(
            "INSERT INTO write_memory (profile, base_url, patch_refused_at_ms) VALUES (?, ?, ?) "
            "ON CONFLICT (profile, base_url) DO UPDATE SET patch_refused_at_ms = excluded.patch_refused_at_ms",
            (profile, base_url, at_ms),
        )

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row
