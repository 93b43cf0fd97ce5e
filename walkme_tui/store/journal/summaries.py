"""Jobs as lists show them, read from columns: no plan and no step is parsed."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.jobs import NAMES_IN_SUMMARY, Actor, JobState, JobSummary, SubjectName
from walkme_tui.domain.plans import PlanKind
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import loaded, member
from walkme_tui.store.journal.tables import CREATING
from walkme_tui.store.journal.totals import Totals, count_totals

COLUMNS: Final = (
    "id, kind, state, profile, base_url, surface, os_user, host, client_id, created_at_ms, ticket, about_groups, "
    "totals, undone, undoes, settled_at_ms, purged_at_ms"
)
NEWEST_FIRST: Final = "ORDER BY created_at_ms DESC, rowid DESC"


def summaries(connection: sqlite3.Connection, profile: str | None) -> tuple[JobSummary, ...]:
    """All jobs of a profile (None: of all), newest first."""
    listed = f"(?1 IS NULL OR profile = ?1) AND state <> '{CREATING}'"
    return _summaries(connection, listed, None if profile is None else storable(profile))


def summary_of_job(connection: sqlite3.Connection, job_id: str) -> JobSummary:
    """The job with this id, which exists."""
    return _summaries(connection, "id = ?1", job_id)[0]


def _summaries(connection: sqlite3.Connection, condition: str, value: str | None) -> tuple[JobSummary, ...]:
    names: dict[str, list[SubjectName]] = {}
    for job, name, full_name in connection.execute(
        f"SELECT job, name, full_name FROM subjects WHERE job IN (SELECT id FROM jobs WHERE {condition}) "  # noqa: S608 - constants
        f"AND place <= {NAMES_IN_SUMMARY} ORDER BY job, place",
        (value,),
    ):
        names.setdefault(job, []).append(SubjectName(name, full_name))
    rows = connection.execute(f"SELECT {COLUMNS} FROM jobs WHERE {condition} {NEWEST_FIRST}", (value,))  # noqa: S608 - constants
    return tuple(_summary(connection, row, tuple(names.get(row[0], ()))) for row in rows.fetchall())


def _summary(connection: sqlite3.Connection, row: Sequence[Any], names: tuple[SubjectName, ...]) -> JobSummary:
    """A job from a row of ``COLUMNS``."""
    job_id, kind, state, profile, base_url, surface, *actor, created_at_ms, ticket, about_groups = row[:12]
    stored, undone, undoes, settled_at_ms, purged_at_ms = row[12:]
    totals = count_totals(connection, job_id) if stored is None else Totals(*loaded(stored))
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
        subjects=totals.subjects,
        names=names,
        counts=totals.counts,
        changed=totals.changed,
        undone=undone,
        undoes=undoes,
        settled_at_ms=settled_at_ms,
        purged_at_ms=purged_at_ms,
    )
