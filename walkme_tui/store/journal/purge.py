"""Deletes people's data from the journal and keeps who did what kind of change when."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plan_files import plan_from_json, plan_to_json, step_from_json, step_to_json
from walkme_tui.domain.plans import Step
from walkme_tui.store.journal.job_reads import PART, all_parts
from walkme_tui.store.journal.rows import AuditEntry, dumped, loaded
from walkme_tui.store.journal.tables import CREATING, JournalTables, Transaction, step_subject
from walkme_tui.store.journal.totals import count_totals
from walkme_tui.store.sqlite_thread import Steps

RECEIPTS: Final = "receipts"
"""The folder of the receipts in the data folder. The name of each contains the id of its job."""

StepRow: TypeAlias = tuple[str, str, int]
"""The columns ``step``, ``subject`` and ``number``."""


def settled_jobs(before_ms: int, tables: JournalTables) -> tuple[list[str], int]:
    """The settled jobs created before ``before_ms`` that have people's data, and the number of those not settled.

    A program that ran a job may have added a receipt or checks after it was purged.
    """
    rows = tables.connection.execute(
        "SELECT id, state FROM jobs WHERE created_at_ms < ? AND state <> ? AND (purged_at_ms IS NULL "
        "OR id IN (SELECT job FROM receipts) OR id IN (SELECT job FROM checks)) ORDER BY rowid",
        (before_ms, CREATING),
    ).fetchall()
    jobs = [job_id for job_id, state in rows if not JobState(state).resumable]
    return jobs, len(rows) - len(jobs)


def steps_without_names(read: Transaction, job_id: str) -> Steps[list[StepRow]]:
    """The steps of a settled job with pseudonyms; read before the transaction, since for very many it takes seconds."""
    names = _Pseudonyms()

    def rows_after(tables: JournalTables, number: int) -> list[StepRow]:
        rows = tables.connection.execute(
            "SELECT number, step FROM steps WHERE job = ? AND number > ? ORDER BY number LIMIT ?",
            (job_id, number, PART),
        )
        steps = [(number, names.replaced(step_from_json(loaded(text)))) for number, text in rows]
        return [(dumped(step_to_json(step)), step_subject(step), number) for number, step in steps]

    return (yield from all_parts(read, rows_after))


def purge(job_id: str, steps: Sequence[StepRow], folder: Path, at_ms: int, actor: str, tables: JournalTables) -> None:
    """Delete people's data of a settled job, with its receipts in ``folder``; done twice, it changes nothing more."""
    connection = tables.connection
    _delete_receipts(tables, folder, job_id)
    _empty_plan(tables, job_id)
    connection.executemany(
        "UPDATE steps SET step = ?2, subject = ?3, subject_after = NULL, detail = '', refusals = '{}', "
        "before = NULL, after = NULL WHERE job = ?1 AND number = ?4",
        ((job_id, *row) for row in steps),
    )
    connection.execute("INSERT INTO purging (job) VALUES (?)", (job_id,))
    # Details of steps and paths of receipts contain names; details of jobs contain the ticket and processes.
    connection.execute(
        "UPDATE events SET detail = '', record = NULL WHERE job = ? AND (step IS NOT NULL OR what = 'receipt')",
        (job_id,),
    )
    connection.execute("DELETE FROM purging WHERE job = ?", (job_id,))
    totals = dumped(count_totals(connection, job_id))
    connection.execute("UPDATE jobs SET purged_at_ms = ?, totals = ? WHERE id = ?", (at_ms, totals, job_id))
    tables.log(AuditEntry(at_ms, job_id, actor, "purged"))


def _delete_receipts(tables: JournalTables, folder: Path, job_id: str) -> None:
    """Delete the receipts that are still in the data folder; copies elsewhere belong to the user.

    Where the program ended before the path of a file was recorded, the id of the job in its name shows whose it is.
    """
    root = folder.resolve()
    for unrecorded in (root / RECEIPTS).glob(f"*-{job_id}[.-]*"):
        unrecorded.unlink(missing_ok=True)
    for (path,) in tables.connection.execute("SELECT path FROM receipts WHERE job = ?", (job_id,)).fetchall():
        receipt = (root / str(loaded(path))).resolve()
        if root in receipt.parents:
            receipt.unlink(missing_ok=True)
    tables.connection.execute("DELETE FROM receipts WHERE job = ?", (job_id,))


def _empty_plan(tables: JournalTables, job_id: str) -> None:
    (text,) = tables.connection.execute("SELECT plan FROM jobs WHERE id = ?", (job_id,)).fetchone()
    # Both contain sentences about people.
    emptied = replace(plan_from_json(loaded(text)), left_out=(), consequences=())
    tables.connection.execute(
        "UPDATE jobs SET plan = ?, source = NULL WHERE id = ?", (dumped(plan_to_json(emptied)), job_id)
    )
    tables.connection.execute("DELETE FROM subjects WHERE job = ?", (job_id,))
    tables.connection.execute("DELETE FROM checks WHERE job = ?", (job_id,))


class _Pseudonyms:
    """Pseudonyms for the users and groups of one job: their ids identify people as long as the account has them."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._groups: dict[str, str] = {}

    def replaced(self, step: Step) -> Step:
        """The step with pseudonyms in place of its user and its group."""
        if step.change.about_group:
            return replace(step, change=step.change.anonymous(self._group(step.subject_id), self._group))
        person = self._people.setdefault(step.subject_id, f"person-{len(self._people) + 1}")
        return replace(step, change=step.change.anonymous(person, self._group), email=None)

    def _group(self, group_id: str) -> str:
        return self._groups.setdefault(group_id, f"group-{len(self._groups) + 1}")
