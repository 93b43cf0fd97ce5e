"""The first layout of the journal.

``jobs.plan`` is the plan's JSON without its steps, ``steps.step`` that of one step (``domain.plan_files``). ``events``
is the audit trail: every change of the other tables is recorded there in the same transaction. The users that were read
before and after a call are stored there only, in ``record``; ``steps.before`` and ``after`` refer to them. Nothing is
deleted, except the ``holders`` of jobs and their ``claims`` on users. An event is changed only to delete a person's
data, while its job is listed in ``purging``.
"""

STATEMENTS = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY NOT NULL,
        state TEXT NOT NULL,
        profile TEXT NOT NULL,
        plan TEXT NOT NULL,
        os_user TEXT NOT NULL,
        host TEXT NOT NULL,
        client_id TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        settled_at_ms INTEGER,
        purged_at_ms INTEGER
    )
    """,
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL,
        job TEXT,
        step INTEGER,
        actor TEXT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        record TEXT
    )
    """,
    "CREATE INDEX events_by_job ON events (job)",
    """
    CREATE TABLE steps (
        job TEXT NOT NULL REFERENCES jobs (id),
        number INTEGER NOT NULL,
        user_id TEXT NOT NULL,
        step TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '',
        changed INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        sent_at_ms INTEGER,
        settled_at_ms INTEGER,
        before INTEGER REFERENCES events (seq),
        after INTEGER REFERENCES events (seq),
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE receipts (
        number INTEGER PRIMARY KEY,
        job TEXT NOT NULL REFERENCES jobs (id),
        path TEXT NOT NULL,
        UNIQUE (job, path)
    )
    """,
    """
    CREATE TABLE holders (
        job TEXT PRIMARY KEY NOT NULL REFERENCES jobs (id),
        token TEXT NOT NULL,
        pid INTEGER NOT NULL,
        host TEXT NOT NULL,
        since_ms INTEGER NOT NULL,
        beat_ms INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE claims (
        user_id TEXT PRIMARY KEY NOT NULL,
        job TEXT NOT NULL REFERENCES holders (job) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX claims_by_job ON claims (job)",
    "CREATE TABLE purging (job TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE write_memory (
        profile TEXT NOT NULL,
        base_url TEXT NOT NULL,
        patch_refused_at_ms INTEGER NOT NULL,
        PRIMARY KEY (profile, base_url)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER events_are_kept BEFORE DELETE ON events
    BEGIN SELECT raise(ABORT, 'events are never deleted'); END
    """,
    """
    CREATE TRIGGER events_are_true BEFORE UPDATE ON events
    WHEN OLD.job IS NULL OR OLD.job NOT IN (SELECT job FROM purging)
        OR NEW.seq IS NOT OLD.seq OR NEW.at_ms IS NOT OLD.at_ms OR NEW.job IS NOT OLD.job OR NEW.step IS NOT OLD.step
        OR NEW.actor IS NOT OLD.actor OR NEW.what IS NOT OLD.what OR NEW.detail <> '' OR NEW.record IS NOT NULL
    BEGIN SELECT raise(ABORT, 'events are never changed'); END
    """,
    """
    CREATE TRIGGER jobs_are_kept BEFORE DELETE ON jobs
    BEGIN SELECT raise(ABORT, 'jobs are never deleted'); END
    """,
    """
    CREATE TRIGGER steps_are_kept BEFORE DELETE ON steps
    BEGIN SELECT raise(ABORT, 'steps are never deleted'); END
    """,
)
