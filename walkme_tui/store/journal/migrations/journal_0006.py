"""The sixth layout of the journal: what lists show of jobs has columns, and steps are found by their subject.

``subjects`` holds the users or groups of a plan, one a row: ``content`` is the JSON that was in ``jobs.plan`` until
then, ``subject`` is as in ``steps``. ``place`` counts those with steps, or all where none has one,
from 1. ``jobs.source`` is the file of an import. ``steps.subject_after`` is the subject by which later jobs know what a
step created or deleted.
"""

import sqlite3
from typing import Final

from walkme_tui.domain.jobs import id_after, listed_name
from walkme_tui.domain.plan_files import plan_from_json
from walkme_tui.domain.text import storable
from walkme_tui.store.journal.rows import dumped, loaded, step_record

STATEMENTS = (
    "ALTER TABLE jobs ADD COLUMN source TEXT",
    "ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN base_url TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN surface TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN ticket TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN undoes TEXT",
    "ALTER TABLE jobs ADD COLUMN about_groups INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE steps ADD COLUMN subject_after TEXT",
    "CREATE INDEX steps_by_subject ON steps (subject)",
    "CREATE INDEX steps_by_subject_after ON steps (subject_after) WHERE subject_after IS NOT NULL",
    "CREATE INDEX steps_by_state ON steps (job, state, changed, subject)",
    """
    CREATE TABLE subjects (
        job TEXT NOT NULL REFERENCES jobs (id),
        number INTEGER NOT NULL,
        subject TEXT NOT NULL,
        place INTEGER,
        name TEXT NOT NULL,
        full_name TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX subjects_by_subject ON subjects (job, subject)",
    "CREATE INDEX subjects_by_place ON subjects (job, place)",
)
_CHANGED: Final = (
    "SELECT steps.job, steps.step, steps.state, steps.detail, steps.changed, steps.attempts, steps.sent_at_ms, "
    "steps.settled_at_ms, before.record, after.record, steps.reason, steps.refusals FROM steps "
    "LEFT JOIN events AS before ON before.seq = steps.before LEFT JOIN events AS after ON after.seq = steps.after "
    "WHERE steps.changed"
)


def fill(connection: sqlite3.Connection) -> None:
    """Move the subjects of all plans into their table, and fill the columns from the plans and steps."""
    for job, text in connection.execute("SELECT id, plan FROM jobs").fetchall():
        _split_plan(connection, job, loaded(text))
    for row in connection.execute(_CHANGED).fetchall():
        record = step_record(row)
        found = id_after(record)
        if found is not None:
            subject = storable(f"group {found}" if record.step.change.about_group else found)
            connection.execute(
                "UPDATE steps SET subject_after = ? WHERE job = ? AND number = ?", (subject, row[0], record.step.number)
            )


def _split_plan(connection: sqlite3.Connection, job: str, content: dict[str, object]) -> None:
    source = content.pop("source", None)
    plan = plan_from_json(content)
    contents = content.pop("groups", None) or content["subjects"]
    assert isinstance(contents, list)  # noqa: S101 - the plan was read
    # A purged job has no subjects that show it.
    first = connection.execute("SELECT subject FROM steps WHERE job = ? LIMIT 1", (job,)).fetchone()
    about_groups = bool(plan.groups) or (not contents and first is not None and first[0].startswith("group "))
    connection.execute(
        "UPDATE jobs SET plan = ?, source = ?, kind = ?, base_url = ?, surface = ?, ticket = ?, undoes = ?, "
        "about_groups = ? WHERE id = ?",
        (
            dumped(content | {"subjects": []}),
            None if source is None else dumped(source),
            plan.kind,
            storable(plan.base_url),
            plan.surface,
            storable(plan.ticket),
            None if plan.undoes is None else storable(plan.undoes),
            about_groups,
            job,
        ),
    )
    with_steps = {subject for (subject,) in connection.execute("SELECT subject FROM steps WHERE job = ?", (job,))}
    keys = {subject.id: storable(f"group {subject.id}" if plan.groups else subject.id) for subject in plan.all_subjects}
    named = [subject_id for subject_id, key in keys.items() if key in with_steps] or list(keys)
    places = {subject_id: place for place, subject_id in enumerate(named, 1)}
    connection.executemany(
        "INSERT INTO subjects (job, number, subject, place, name, full_name, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                job,
                number,
                keys[subject.id],
                places.get(subject.id),
                *map(storable, listed_name(subject)),
                dumped(each),
            )
            for number, (subject, each) in enumerate(zip(plan.all_subjects, contents, strict=True), start=1)
        ],
    )
