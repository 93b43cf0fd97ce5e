"""Jobs as lists show them, read from columns and indexes: no plan and no step is parsed."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.jobs import (
    NAMES_IN_SUMMARY,
    Actor,
    ChangedSubjects,
    JobState,
    JobSummary,
    SubjectName,
    undone_subjects,
)
from walkme_tui.domain.plans import PlanKind, StepState
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import member

COLUMNS: Final = (
    "id, kind, state, profile, base_url, surface, os_user, host, client_id, created_at_ms, ticket, about_groups, "
    "undoes, settled_at_ms, purged_at_ms"
)
NEWEST_FIRST: Final = "ORDER BY created_at_ms DESC, rowid DESC"


def summaries_of_profile(connection: sqlite3.Connection, profile: str | None) -> tuple[JobSummary, ...]:
    """All jobs of a profile (None: of all), newest first."""
    return _summaries(connection, "?1 IS NULL OR profile = ?1", None if profile is None else storable(profile))


def summary_of_job(connection: sqlite3.Connection, job_id: str) -> JobSummary:
    """The job with this id, which exists."""
    return _summaries(connection, "id = ?1", job_id)[0]


def _summaries(connection: sqlite3.Connection, condition: str, value: str | None) -> tuple[JobSummary, ...]:
    def rows(statement: str) -> list[tuple[Any, ...]]:
        wanted = f"SELECT id FROM jobs WHERE {condition}"  # noqa: S608 - constants
        return connection.execute(statement.replace("$wanted", wanted), (value,)).fetchall()

    counts: dict[str, dict[str, int]] = {}
    for job, state, number in rows("SELECT job, state, count(*) FROM steps WHERE job IN ($wanted) GROUP BY job, state"):
        counts.setdefault(job, {})[member(StepState, state).value] = number
    names: dict[str, list[SubjectName]] = {}
    for job, name, full_name in rows(
        "SELECT job, name, full_name FROM subjects WHERE job IN ($wanted) "  # noqa: S608 - constants
        f"AND place <= {NAMES_IN_SUMMARY} ORDER BY job, place"
    ):
        names.setdefault(job, []).append(SubjectName(name, full_name))
    subjects = rows("SELECT job, count(place) FROM subjects WHERE job IN ($wanted) GROUP BY job")
    changed = rows(
        "SELECT job, count(DISTINCT subject) FROM steps "
        "WHERE job IN ($wanted) AND state = 'done' AND changed GROUP BY job"
    )
    numbers = Counter(dict(subjects)), Counter(dict(changed)), Counter(_undone_counts(connection))
    return tuple(
        _summary(row, tuple(names.get(row[0], ())), counts.get(row[0], {}), *(each[row[0]] for each in numbers))
        for row in rows(f"SELECT {COLUMNS} FROM jobs WHERE {condition} {NEWEST_FIRST}")  # noqa: S608 - constants
    )


def _summary(
    row: Sequence[Any],
    names: tuple[SubjectName, ...],
    counts: Mapping[str, int],
    subjects: int,
    changed: int,
    undone: int,
) -> JobSummary:
    """A job from a row of ``COLUMNS`` and what was counted of it."""
    job_id, kind, state, profile, base_url, surface, *actor, created_at_ms, ticket, about_groups = row[:12]
    undoes, settled_at_ms, purged_at_ms = row[12:]
    return JobSummary(
        id=job_id,
        kind=member(PlanKind, kind),
        state=member(JobState, state),
        profile=profile,
        base_url=base_url,
        surface=member(Surface, surface),
        actor=Actor(*actor),
        created_at_ms=created_at_ms,
        ticket=ticket,
        about_groups=bool(about_groups),
        subjects=subjects,
        names=names,
        counts=counts,
        changed=changed,
        undone=undone,
        undoes=undoes,
        settled_at_ms=settled_at_ms,
        purged_at_ms=purged_at_ms,
    )


def _undone_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """By the ids of jobs, of how many users or groups that they changed later jobs undid the changes."""
    involved = connection.execute(
        "SELECT id, undoes FROM jobs WHERE undoes IS NOT NULL OR id IN (SELECT undoes FROM jobs) "
        "ORDER BY created_at_ms DESC, rowid DESC"
    ).fetchall()
    jobs = []
    for job, undoes in involved:
        rows = connection.execute(
            "SELECT subject, subject_after, state FROM steps WHERE job = ? AND changed", (job,)
        ).fetchall()
        subjects = frozenset(subject for subject, _, state in rows if state == StepState.DONE)
        ids_after = {subject: after for subject, after, _ in rows if after is not None}
        jobs.append(ChangedSubjects(job, undoes, subjects, ids_after))
    undone = undone_subjects(jobs)
    return {job.job_id: len(job.subjects & undone[job.job_id]) for job in jobs if job.job_id in undone}
