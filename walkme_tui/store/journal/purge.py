"""Dropping people's data from the journal, while who did what kind of thing when stays."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plan_files import plan_from_json, plan_to_json, step_from_json, step_to_json
from walkme_tui.domain.plans import Change, SetStatus, Step
from walkme_tui.store.journal.rows import Event, dumped, loaded
from walkme_tui.store.journal.tables import JournalTables


def purge(connection: sqlite3.Connection, folder: Path, before_ms: int, at_ms: int, actor: str) -> int:
    """Drop people's data of settled jobs created before, their receipts in ``folder`` too; how many jobs it was.

    Jobs that are not settled are left whole and counted in the audit trail.
    """
    tables = JournalTables(connection)
    old = "created_at_ms < ? AND purged_at_ms IS NULL"
    settled = (JobState.DONE.value, JobState.DISCARDED.value)
    rows = connection.execute(f"SELECT id, state FROM jobs WHERE {old} ORDER BY rowid", (before_ms,)).fetchall()  # noqa: S608 - constants
    jobs = [job_id for job_id, state in rows if state in settled]
    for job_id in jobs:
        _delete_receipts(connection, folder, job_id)
        _empty_plan(connection, job_id)
        _empty_steps(connection, job_id)
        connection.execute("INSERT INTO purging (job) VALUES (?)", (job_id,))
        # The details of steps and the paths of receipts tell of people; those of jobs hold the ticket and processes.
        connection.execute(
            "UPDATE events SET detail = '', record = NULL WHERE job = ? AND (step IS NOT NULL OR what = 'receipt')",
            (job_id,),
        )
        connection.execute("DELETE FROM purging WHERE job = ?", (job_id,))
        connection.execute("UPDATE jobs SET purged_at_ms = ? WHERE id = ?", (at_ms, job_id))
        tables.tell(Event(at_ms, job_id, actor, "purged"))
    kept = len(rows) - len(jobs)
    tables.tell(Event(at_ms, None, actor, "purged", f"jobs: {len(jobs)}; kept, because not settled: {kept}"))
    return len(jobs)


def _delete_receipts(connection: sqlite3.Connection, folder: Path, job_id: str) -> None:
    """Delete the receipts that still lie in the data folder; copies elsewhere are the person's own."""
    home = folder.resolve()
    for (path,) in connection.execute("SELECT path FROM receipts WHERE job = ?", (job_id,)).fetchall():
        receipt = (home / str(loaded(path))).resolve()
        if home in receipt.parents:
            receipt.unlink(missing_ok=True)
    connection.execute("DELETE FROM receipts WHERE job = ?", (job_id,))


def _empty_plan(connection: sqlite3.Connection, job_id: str) -> None:
    (text,) = connection.execute("SELECT plan FROM jobs WHERE id = ?", (job_id,)).fetchone()
    emptied = replace(plan_from_json(loaded(text)), subjects=(), left_out=())
    connection.execute("UPDATE jobs SET plan = ? WHERE id = ?", (dumped(plan_to_json(emptied)), job_id))


def _empty_steps(connection: sqlite3.Connection, job_id: str) -> None:
    rows = connection.execute("SELECT number, step FROM steps WHERE job = ? ORDER BY number", (job_id,)).fetchall()
    names = _Pseudonyms()
    for number, text in rows:
        step = names.instead_of(step_from_json(loaded(text)))
        connection.execute(
            "UPDATE steps SET step = ?, user_id = ?, detail = '', before = NULL, after = NULL "
            "WHERE job = ? AND number = ?",
            (dumped(step_to_json(step)), step.user_id, job_id, number),
        )


class _Pseudonyms:
    """Numbers for the people and groups of one job: an id leads to a person as long as the account has it."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._groups: dict[str, str] = {}

    def instead_of(self, step: Step) -> Step:
        """The step without whom and which group it was about."""
        return replace(step, change=self._change(step.change))

    def _change(self, change: Change) -> Change:
        person = self._people.setdefault(change.user_id, f"person-{len(self._people) + 1}")
        if isinstance(change, SetStatus):
            return replace(change, user_id=person)
        group = self._groups.setdefault(change.group.id, f"group-{len(self._groups) + 1}")
        return replace(change, user_id=person, group=Group(group, None))
