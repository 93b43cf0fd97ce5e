"""Jobs read from the journal's tables.

A whole job may have 100 000 people, so it is read in parts, between which the thread does what else is queued: a job
that runs must be able to record what it sends.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.imports.source import import_source
from walkme_tui.domain.jobs import Actor, Job, JobState, JobSummary, StepRecord, SurfaceCheck, created_ids
from walkme_tui.domain.json_fields import BadField
from walkme_tui.domain.plan_files import plan_from_json, subjects_from_json
from walkme_tui.domain.plans import NEED_ATTENTION, GroupSubject, Subject
from walkme_tui.domain.text import clean, email_key, first_named, spaced, storable
from walkme_tui.store.journal.rows import CHECKED, STEPS, DamagedContents, loaded, member, step_record, surface_check
from walkme_tui.store.journal.tables import CREATING, JournalTables, Transaction, subject_key
from walkme_tui.store.sqlite_thread import Steps

R = TypeVar("R")

PART: Final = 100
"""So many steps or people are read at a time."""
NAMES_AT_ONCE: Final = 2_000
MAX_SHOWN: Final = 120
HEAD: Final = (
    "id, state, plan, about_groups, os_user, host, client_id, created_at_ms, settled_at_ms, purged_at_ms, "
    "(SELECT max(seq) FROM events WHERE job = jobs.id)"
)


def find(connection: sqlite3.Connection, wanted: str) -> str:
    """The id of a job from the id, its beginning, or the beginning of the part behind the date; ``NotFound``."""
    key = storable(wanted.strip().lower())
    ids = [str(job) for (job,) in connection.execute("SELECT id FROM jobs WHERE state <> ? ORDER BY id", (CREATING,))]
    if key in ids:
        return key
    found = [job for job in ids if key and (job.startswith(key) or job.partition("-")[2].startswith(key))]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{len(found)} jobs begin with {key}: {first_named(found, 5)}.", hint="Type more of the id.")
    raise NotFound(f"There is no job {key or 'without an id'}.", hint="walkme-tui jobs list shows all jobs.")


def head(connection: sqlite3.Connection, job_id: str) -> Job:
    """The job with exactly this id without its people, steps, checks and source; ``NotFound``."""
    row = connection.execute(f"SELECT {HEAD} FROM jobs WHERE id = ?", (job_id,)).fetchone()  # noqa: S608 - constants
    if row is None:
        raise NotFound(f"There is no job {job_id}.")
    return _head(connection, row)


def _head(connection: sqlite3.Connection, row: Sequence[Any]) -> Job:
    job_id, state, plan, about_groups, *actor, created_at_ms, settled_at_ms, purged_at_ms, as_of = row
    receipts = connection.execute("SELECT path FROM receipts WHERE job = ? ORDER BY number", (job_id,))
    return Job(
        id=job_id,
        state=member(JobState, state),
        plan=plan_from_json(loaded(plan) | ({"groups": []} if about_groups else {})),
        actor=Actor(*actor),
        created_at_ms=created_at_ms,
        steps=(),
        settled_at_ms=settled_at_ms,
        receipts=tuple(str(loaded(path)) for (path,) in receipts),
        purged_at_ms=purged_at_ms,
        as_of=as_of or 0,
    )


def _filled(
    job: Job,
    subjects: Sequence[Subject | GroupSubject],
    records: Iterable[StepRecord],
    checks: Sequence[SurfaceCheck],
) -> Job:
    """The job of ``head`` with its people or groups, its steps and its checks."""
    steps = tuple(records)
    plan = replace(job.plan, steps=tuple(record.step for record in steps))
    if any(isinstance(each, GroupSubject) for each in subjects[:1]):
        plan = replace(plan, groups=tuple(each for each in subjects if isinstance(each, GroupSubject)))
    else:
        plan = replace(plan, subjects=tuple(each for each in subjects if isinstance(each, Subject)))
    return replace(job, plan=plan, steps=steps, checks=tuple(checks))


def _checks(rows: Iterable[Sequence[str]]) -> tuple[SurfaceCheck, ...]:
    return tuple(surface_check(content) for (content,) in rows)


def _subjects(rows: Iterable[Sequence[str]]) -> list[Subject | GroupSubject]:
    return subjects_from_json(loaded(f"[{','.join(content for (content,) in rows)}]"))


# ------------------------------------------------------------ whole jobs


def whole(read: Transaction, job_id: str, head_of: Callable[[JournalTables], Job]) -> Steps[tuple[Job, str | None]]:
    """The job of ``head_of`` with its people and steps, read in parts but as it is at the end; and its source as JSON.

    The source is for ``with_source``, because to decode it takes a second.
    """

    def subjects_after(tables: JournalTables, number: int) -> list[Subject | GroupSubject]:
        rows = "SELECT content FROM subjects WHERE job = ? AND number > ? ORDER BY number LIMIT ?"
        return _subjects(tables.connection.execute(rows, (job_id, number, PART)))

    def records_after(tables: JournalTables, number: int) -> list[StepRecord]:
        rows = f"{STEPS} WHERE steps.job = ? AND steps.number > ? ORDER BY steps.number LIMIT ?"
        return [*map(step_record, tables.connection.execute(rows, (job_id, number, PART)))]

    checks_after = partial(_checks_after, job_id)
    while True:
        job = read(head_of)
        subjects = yield from all_parts(read, subjects_after)
        records = yield from all_parts(read, records_after)
        text = read(lambda tables: source(tables.connection, job_id))
        checks = yield from all_parts(read, checks_after)
        now = yield from refreshed(read, head_of, _filled(job, subjects, records, checks))
        if now.purged_at_ms == job.purged_at_ms:
            return now, text


def _checks_after(job_id: str, tables: JournalTables, number: int) -> list[SurfaceCheck]:
    rows = "SELECT content FROM checks WHERE job = ? AND number > ? ORDER BY number LIMIT ?"
    return [*_checks(tables.connection.execute(rows, (job_id, number, PART)))]


class PartAfter(Protocol[R]):
    """Reads the rows of a part that follow the one with this number."""

    def __call__(self, tables: JournalTables, number: int) -> list[R]:
        """The rows."""
        ...


def all_parts(read: Transaction, part_after: "PartAfter[R]") -> Steps[list[R]]:
    """The rows of all parts; ``part_after`` is called with the number of the last row that was read, from 0."""
    found: list[R] = []
    while True:
        part = read(partial(part_after, number=len(found)))
        found += part
        if len(part) < PART:
            return found
        yield


def refreshed(read: Transaction, head_of: Callable[[JournalTables], Job], job: Job) -> Steps[Job]:
    """The same job now: the steps are read that changed since, by the audit trail. Those of a purged job are wrong."""
    steps = {record.step.number: record for record in job.steps}

    def changed_after(tables: JournalTables, seq: int) -> tuple[int, bool, list[StepRecord], Job | None]:
        rows = "SELECT seq, step, what FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?"
        events = tables.connection.execute(rows, (job.id, seq, PART)).fetchall()
        numbers = {number for _, number, _ in events if number is not None}
        marks = ", ".join("?" * len(numbers))
        records = tables.connection.execute(
            f"{STEPS} WHERE steps.job = ? AND steps.number IN ({marks})", (job.id, *numbers)
        )
        now = head_of(tables) if len(events) < PART else None
        is_checked = any(what == CHECKED for _, _, what in events)
        return max((seq for seq, *_ in events), default=seq), is_checked, [*map(step_record, records)], now

    seq = job.as_of
    checks: Sequence[SurfaceCheck] = job.checks
    while True:
        seq, is_checked, records, now = read(partial(changed_after, seq=seq))
        steps.update((record.step.number, record) for record in records)
        if is_checked:
            checks = yield from all_parts(read, partial(_checks_after, job.id))
        elif now is not None:
            return replace(now, plan=job.plan, steps=tuple(steps.values()), checks=tuple(checks))
        yield


def source(connection: sqlite3.Connection, job_id: str) -> str | None:
    """The imported file of a job as JSON; None where there is none."""
    text: str | None = connection.execute("SELECT source FROM jobs WHERE id = ?", (job_id,)).fetchone()[0]
    return text


def with_source(job: Job, text: str) -> Job:
    """The job with its source from JSON."""
    try:
        return replace(job, plan=replace(job.plan, source=import_source(loaded(text), "source")))
    except BadField as error:
        raise DamagedContents(str(error)) from None


# ------------------------------------------------------------ parts of jobs


def jobs_about(connection: sqlite3.Connection, subject: str, profile: str) -> tuple[Job, ...]:
    """The jobs of a profile with steps about a user or a group, newest first, each without its other parts.

    ``subject`` is a ``subject_key``.
    """
    rows = connection.execute(
        f"SELECT about.subject, {HEAD} FROM jobs JOIN ("  # noqa: S608 - constants
        "SELECT job, subject FROM steps WHERE subject = ?1 UNION "
        "SELECT job, subject FROM steps WHERE subject_after = ?1"
        ") AS about ON about.job = jobs.id WHERE profile = ?2 AND jobs.state <> ?3 "
        "ORDER BY created_at_ms DESC, jobs.rowid DESC",
        (subject, storable(profile), CREATING),
    ).fetchall()
    return tuple(_part(connection, _head(connection, row), known) for known, *row in rows)


def excerpt(connection: sqlite3.Connection, summary: JobSummary, most: int) -> Job:
    """The job with at most so many of its subjects, those that need attention first, and without its source."""
    job = replace(head(connection, summary.id), whole=summary)
    first = _first(connection, "steps WHERE job = ?", job.id, most + 1)
    if max(len(first), summary.subjects) <= most:
        return _filled(
            job,
            _subjects(connection.execute("SELECT content FROM subjects WHERE job = ? ORDER BY number", (job.id,))),
            map(step_record, connection.execute(f"{STEPS} WHERE steps.job = ? ORDER BY steps.number", (job.id,))),
            _checks(connection.execute("SELECT content FROM checks WHERE job = ? ORDER BY number", (job.id,))),
        )
    # Without the index, all steps of the job would be read.
    states = ", ".join(f"'{state}'" for state in NEED_ATTENTION)
    urgent = _first(connection, f"steps INDEXED BY steps_by_state WHERE job = ? AND state IN ({states})", job.id, most)
    wrong = _first(connection, "checks WHERE job = ? AND wrong", job.id, most)
    return _part(connection, job, *list(dict.fromkeys([*wrong, *urgent, *first]))[:most])


def about_one(
    read: Transaction, job_id: str, wanted: str, summary_of: Callable[[JournalTables], JobSummary]
) -> Steps[Job]:
    """The job of ``summary_of`` with one of its users or groups, given by id, email or name, and without its source.

    The id may be that of the plan or of now. Raises ``NotFound`` unless exactly one is meant; a purged job has none.
    """
    found = read(partial(_with_id, job_id, wanted))
    if not found:
        found = yield from _named(read, job_id, email_key(storable(wanted)))

    def read_part(tables: JournalTables) -> Job:
        summary = summary_of(tables)
        if summary.purged_at_ms is not None:
            raise NotFound(f"The job {job_id} was purged, so its users are unknown.")
        if len(found) != 1:
            raise _not_one(job_id, wanted, len(found))
        job = replace(head(tables.connection, job_id), state=summary.state, whole=summary)
        return _part(tables.connection, job, *found)

    return read(read_part)


def _not_one(job_id: str, wanted: str, found: int) -> NotFound:
    shown = clean(wanted, MAX_SHOWN)
    if found:
        return NotFound(f"Job {job_id} has {spaced(found)} called {shown}.", hint="Give the id.")
    return NotFound(f"Job {job_id} has no user or group {shown}.", hint=f"walkme-tui jobs show {job_id} lists all.")


def _with_id(job_id: str, wanted: str, tables: JournalTables) -> list[str]:
    (about_groups,) = tables.connection.execute("SELECT about_groups FROM jobs WHERE id = ?", (job_id,)).fetchone()
    rows = tables.connection.execute(
        "SELECT subject FROM steps WHERE job = ?1 AND subject_after = ?2 UNION "
        "SELECT subject FROM subjects INDEXED BY subjects_by_subject WHERE job = ?1 AND subject = ?2",
        (job_id, subject_key(wanted, about_group=bool(about_groups))),
    )
    return [subject for (subject,) in rows]


def _named(read: Transaction, job_id: str, key: str) -> Steps[list[str]]:
    """The subjects with this ``email_key``."""

    def part(tables: JournalTables, last: int) -> list[tuple[str, str]]:
        rows = "SELECT subject, name FROM subjects WHERE job = ? AND number > ? ORDER BY number LIMIT ?"
        return tables.connection.execute(rows, (job_id, last, NAMES_AT_ONCE)).fetchall()

    found: list[str] = []
    last = 0
    while rows := read(partial(part, last=last)):
        found += [subject for subject, name in rows if email_key(name) == key]
        last += len(rows)
        yield
    return found


def _first(connection: sqlite3.Connection, rows: str, job_id: str, most: int) -> list[str]:
    """The subjects of the first of these steps or checks, each once."""
    found: dict[str, None] = {}
    for (subject,) in connection.execute(f"SELECT subject FROM {rows} ORDER BY number", (job_id,)):  # noqa: S608 - constants
        found[subject] = None
        if len(found) == most:
            break
    return [*found]


def _part(connection: sqlite3.Connection, job: Job, *subjects: str) -> Job:
    """The job of ``head`` with some of its subjects, the steps about them, and nothing of the others."""
    keys = (job.id, *subjects)
    marks = ", ".join("?" * len(subjects))
    # Chosen by SQLite, the index would be another, and all people and steps of the job would be read.
    contents = (
        "SELECT content FROM subjects INDEXED BY subjects_by_subject "  # noqa: S608 - marks
        f"WHERE job = ? AND subject IN ({marks}) ORDER BY number"
    )
    steps = f"{STEPS} WHERE +steps.job = ? AND steps.subject IN ({marks}) ORDER BY steps.number"
    records = map(step_record, connection.execute(steps, keys))
    part = _filled(job, _subjects(connection.execute(contents, keys)), records, ())
    ids = [*subjects, *map(storable, created_ids(part.steps).values())]
    marks = ", ".join("?" * len(ids))
    checks = f"SELECT content FROM checks WHERE job = ? AND subject IN ({marks}) ORDER BY number"  # noqa: S608 - marks
    return replace(part, checks=_checks(connection.execute(checks, (job.id, *ids))))
