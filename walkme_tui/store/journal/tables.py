"""Reads and writes of the journal's tables over one connection, on the thread that owns it.

``file`` begins and ends the transactions. Every change of a job or a step also adds a row to ``events``, the audit
trail.
"""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.imports.source import source_to_json
from walkme_tui.domain.jobs import (
    Actor,
    Job,
    JobState,
    JobSummary,
    Outcome,
    StepRecord,
    SurfaceCheck,
    created_ids,
    id_after,
    listed_name,
)
from walkme_tui.domain.plan_files import plan_from_json, plan_to_json, step_from_json, step_to_json
from walkme_tui.domain.plans import Plan, Step, StepState
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import (
    AuditEntry,
    dumped,
    encoded,
    loaded,
    member,
    step_record,
    surface_checks,
)

# Without vowels, which could form a word, and without characters that are easily confused.
LETTERS: Final = "23456789bcdfghjkmnpqrstvwxz"
SUFFIX_LENGTH: Final = 4

JOB_COLUMNS: Final = (
    "id, state, plan, source, about_groups, os_user, host, client_id, created_at_ms, settled_at_ms, "
    "purged_at_ms, checks"
)
NEED_ATTENTION: Final = (StepState.FAILED, StepState.REFUSED, StepState.NEEDS_REVIEW)
SOURCE: Final = 3
"""The place of ``source`` among them."""
MAX_REFRESHED: Final = 500
"""When more steps of a job changed than this, the whole job is read."""
STEPS: Final = (
    "SELECT steps.job, steps.step, steps.state, steps.detail, steps.changed, steps.attempts, steps.sent_at_ms, "
    "steps.settled_at_ms, before.record, after.record, steps.reason, steps.refusals FROM steps "
    "LEFT JOIN events AS before ON before.seq = steps.before LEFT JOIN events AS after ON after.seq = steps.after "
)


def subject_key(subject_id: str, *, about_group: bool) -> str:
    """A user or a group in the columns ``subject`` and ``subject_after``: both may have the same id."""
    return storable(f"group {subject_id}" if about_group else subject_id)


def step_subject(step: Step) -> str:
    """What the step is about, in ``steps.subject`` and ``claims``."""
    return subject_key(step.subject_id, about_group=step.change.about_group)


def plan_columns(plan: Plan) -> dict[str, object]:
    """The columns of ``jobs`` that hold a plan, except its subjects and its steps, by name."""
    head = plan_to_json(replace(plan, subjects=(), groups=(), steps=(), source=None))
    return {
        "plan": dumped(head),
        "source": None if plan.source is None else dumped(source_to_json(plan.source)),
        "kind": plan.kind,
        "base_url": storable(plan.base_url),
        "surface": plan.surface,
        "ticket": storable(plan.ticket),
        "undoes": None if plan.undoes is None else storable(plan.undoes),
        "about_groups": bool(plan.groups),
    }


class JournalTables:
    """The tables of the journal over an open connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    # ------------------------------------------------------------ reading

    def find(self, wanted: str) -> str:
        """The id of a job from the id, its beginning, or the beginning of the part behind the date; ``NotFound``."""
        key = storable(wanted.strip().lower())
        if self._one("SELECT 1 FROM jobs WHERE id = ?", key):
            return key
        found = [
            job
            for (job,) in self.connection.execute("SELECT id FROM jobs ORDER BY id")
            if key and (job.startswith(key) or job.partition("-")[2].startswith(key))
        ]
        if len(found) == 1:
            return str(found[0])
        if found:
            shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            raise NotFound(f"{len(found)} jobs begin with {key}: {shown}.", hint="Type more of the id.")
        raise NotFound(f"There is no job {key or 'without an id'}.", hint="walkme-tui jobs list shows all jobs.")

    def job(self, job_id: str) -> Job:
        """The job with exactly this id; ``NotFound``."""
        row = self._job_row(job_id)
        steps = self.connection.execute(f"{STEPS} WHERE steps.job = ? ORDER BY steps.number", (job_id,))
        subjects = self.connection.execute("SELECT content FROM subjects WHERE job = ? ORDER BY number", (job_id,))
        return self._built(row, [step_record(step) for step in steps], [content for (content,) in subjects])

    def refreshed(self, job: Job) -> Job:
        """The same job now; of a running job only the steps are read that changed after ``job`` was."""
        state = self.state(job.id)
        if state is not JobState.RUNNING:
            return self.job(job.id)
        known = {
            each.step.number: (each.state, each.attempts, each.sent_at_ms, each.settled_at_ms) for each in job.steps
        }
        numbers = [
            number
            for number, *found in self.connection.execute(
                "SELECT number, state, attempts, sent_at_ms, settled_at_ms FROM steps WHERE job = ?", (job.id,)
            )
            if known.get(number) != tuple(found)
        ]
        if len(numbers) > MAX_REFRESHED:
            return self.job(job.id)
        marks = ", ".join("?" * len(numbers))
        rows = self.connection.execute(f"{STEPS} WHERE steps.job = ? AND steps.number IN ({marks})", (job.id, *numbers))
        fresh = {record.step.number: record for record in map(step_record, rows)}
        return replace(job, state=state, steps=tuple(fresh.get(each.step.number, each) for each in job.steps))

    def jobs_about(self, subject: str, profile: str) -> tuple[Job, ...]:
        """The jobs of a profile with steps about a user or a group, newest first, each without its other parts.

        ``subject`` is a ``subject_key``.
        """
        rows = self.connection.execute(
            f"SELECT {JOB_COLUMNS}, about.subject FROM jobs JOIN ("  # noqa: S608 - constants
            "SELECT job, subject FROM steps WHERE subject = ?1 UNION "
            "SELECT job, subject FROM steps WHERE subject_after = ?1"
            ") AS about ON about.job = jobs.id WHERE profile = ?2 ORDER BY created_at_ms DESC, jobs.rowid DESC",
            (subject, storable(profile)),
        ).fetchall()
        return tuple(self._part(row, subject) for *row, subject in rows)

    def excerpt(self, whole: JobSummary, most: int) -> Job:
        """The job with at most so many of its subjects, those that need attention first."""
        row = self._job_row(whole.id)
        wrong = [check.user_id for check in surface_checks(row[-1]) if check.wrong]
        first = self._rows(
            "SELECT subject, min(number), max(state IN (?, ?, ?)) FROM steps WHERE job = ? GROUP BY subject "
            "ORDER BY 3 DESC, 2 LIMIT ?",
            *NEED_ATTENTION,
            whole.id,
            most + 1,
        )
        if len(first) <= most:
            return replace(self.job(whole.id), whole=whole)
        subjects = dict.fromkeys([*wrong, *(subject for subject, *_ in first)])
        return replace(self._part(row, *list(subjects)[:most]), whole=whole)

    def _part(self, row: Sequence[Any], *subjects: str) -> Job:
        """The job of a row with some of its subjects, the steps about them, and nothing of the others."""
        of_subjects = (row[0], *subjects)
        marks = ", ".join("?" * len(subjects))
        steps = self.connection.execute(
            f"{STEPS} WHERE steps.job = ? AND steps.subject IN ({marks}) ORDER BY steps.number", of_subjects
        )
        contents = self.connection.execute(
            f"SELECT content FROM subjects WHERE job = ? AND subject IN ({marks}) ORDER BY number",  # noqa: S608 - marks
            of_subjects,
        )
        job = self._built(
            [*row[:SOURCE], None, *row[SOURCE + 1 :]],
            [step_record(step) for step in steps],
            [content for (content,) in contents],
        )
        ids = {*(subject.id for subject in job.plan.all_subjects), *created_ids(job.steps).values()}
        return replace(job, checks=tuple(check for check in job.checks if check.user_id in ids))

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def _job_row(self, job_id: str) -> tuple[Any, ...]:
        row = self._one(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", job_id)  # noqa: S608 - constants
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return row

    def state(self, job_id: str) -> JobState:
        """The stored state of a job; ``NotFound``."""
        row = self._one("SELECT state FROM jobs WHERE id = ?", job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id}.")
        return JobState(row[0])

    def unsettled_subjects(self, job_id: str) -> list[str]:
        """What the steps that are not settled are about, as ``claims`` names it."""
        return [
            subject
            for (subject,) in self.connection.execute(
                "SELECT DISTINCT subject FROM steps WHERE job = ? AND state IN (?, ?) ORDER BY subject",
                (job_id, StepState.TODO, StepState.SENT),
            )
        ]

    def _built(self, row: Sequence[Any], steps: list[StepRecord], subjects: list[str]) -> Job:
        job_id, state, head, source, about_groups, *actor, created_at_ms, settled_at_ms, purged_at_ms, checks = row
        content = loaded(head) | {"groups" if about_groups else "subjects": loaded(f"[{','.join(subjects)}]")}
        if source is not None:
            content["source"] = loaded(source)
        plan = plan_from_json(content)
        receipts = self.connection.execute("SELECT path FROM receipts WHERE job = ? ORDER BY number", (job_id,))
        return Job(
            id=job_id,
            state=member(JobState, state),
            plan=replace(plan, steps=tuple(record.step for record in steps)),
            actor=Actor(*actor),
            created_at_ms=created_at_ms,
            steps=tuple(steps),
            settled_at_ms=settled_at_ms,
            receipts=tuple(str(loaded(path)) for (path,) in receipts),
            purged_at_ms=purged_at_ms,
            checks=surface_checks(checks),
        )

    # ------------------------------------------------------------ writing

    def create(self, plan: Plan, actor: Actor, at_ms: int) -> Job:
        """Store a plan as a new job."""
        job_id = self._new_id(at_ms)
        columns: dict[str, object] = {
            "id": job_id,
            "state": JobState.READY,
            "profile": storable(plan.profile),
            **plan_columns(plan),
            **{name: storable(value) for name, value in actor._asdict().items()},
            "created_at_ms": at_ms,
        }
        self.connection.execute(
            f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - constants
            tuple(columns.values()),
        )
        self.add_subjects(job_id, plan)
        self.connection.executemany(
            "INSERT INTO steps (job, number, subject, step, state) VALUES (?, ?, ?, ?, ?)",
            [
                (job_id, step.number, step_subject(step), dumped(step_to_json(step)), StepState.TODO)
                for step in plan.steps
            ],
        )
        ticket = f", ticket {plan.ticket}" if plan.ticket else ""
        detail = f"{plan.kind.value}, steps: {len(plan.steps)}{ticket}"
        self.log(AuditEntry(at_ms, job_id, str(actor), "created", detail))
        steps = tuple(StepRecord(step, StepState.TODO) for step in plan.steps)
        return Job(job_id, JobState.READY, plan, Actor(*map(storable, actor)), at_ms, steps)

    def add_subjects(self, job_id: str, plan: Plan) -> None:
        """Store the users or the groups of a plan."""
        found = plan_to_json(replace(plan, steps=(), source=None))
        contents = found["groups" if plan.groups else "subjects"]
        assert isinstance(contents, list)  # noqa: S101 - for the type checker
        places = {subject.id: place for place, subject in enumerate(plan.changed_subjects or plan.all_subjects, 1)}
        rows = []
        for number, (subject, content) in enumerate(zip(plan.all_subjects, contents, strict=True), start=1):
            key = subject_key(subject.id, about_group=bool(plan.groups))
            names = map(storable, listed_name(subject))
            rows.append((job_id, number, key, places.get(subject.id), *names, dumped(content)))
        self.connection.executemany(
            "INSERT INTO subjects (job, number, subject, place, name, full_name, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _new_id(self, at_ms: int) -> str:
        day = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")
        while True:
            job_id = f"{day}-{''.join(secrets.choice(LETTERS) for _ in range(SUFFIX_LENGTH))}"
            if self._one("SELECT 1 FROM jobs WHERE id = ?", job_id) is None:
                return job_id

    def set_state(self, job_id: str, state: JobState, entry: AuditEntry) -> None:
        """Store the state of a job."""
        settled_at_ms = None if state.resumable else entry.at_ms
        self.connection.execute(
            "UPDATE jobs SET state = ?, settled_at_ms = ? WHERE id = ?", (state, settled_at_ms, job_id)
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
        self.connection.execute("UPDATE jobs SET checks = ? WHERE id = ?", (dumped([*map(list, checks)]), job_id))
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

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.connection.execute(statement, values).fetchone()
        return row
