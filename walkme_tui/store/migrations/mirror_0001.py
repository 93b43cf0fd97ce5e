"""The first layout of the mirror.

``users.known`` has a bit for each field that some answer carried (``rows.BITS``), so that NULL can mean null.
``users.groups`` holds gids in the order of the answer (``3,17``); ``memberships`` is its index by group.
``users.position`` is the lowest place in the server's list; ``positions`` has every place, also of a user that the
server repeats and of records that could not be read. ``search_rows`` is narrow and lies in the order of the list,
those without a place last, so that a filter reads little and needs no sorting.
"""

STATEMENTS = (
    """
    CREATE TABLE state (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        account_key TEXT NOT NULL,
        total INTEGER,
        total_at_ms INTEGER,
        groups_at_ms INTEGER,
        loaded INTEGER NOT NULL DEFAULT 0,
        with_groups INTEGER NOT NULL DEFAULT 0,
        next_row_id INTEGER NOT NULL DEFAULT 1
    )
    """,
    """
    CREATE TABLE users (
        row_id INTEGER PRIMARY KEY,
        id NOT NULL,
        email TEXT,
        first_name TEXT,
        last_name TEXT,
        role TEXT,
        status TEXT,
        external_id TEXT,
        created_at_ms INTEGER,
        updated_at_ms INTEGER,
        groups TEXT,
        extra TEXT,
        known INTEGER NOT NULL,
        email_crc INTEGER,
        position INTEGER,
        fetched_at_ms INTEGER NOT NULL,
        detailed_at_ms INTEGER
    )
    """,
    "CREATE UNIQUE INDEX users_by_id ON users (id)",
    "CREATE INDEX users_by_email ON users (email_crc) WHERE email_crc IS NOT NULL",
    "CREATE INDEX listed_by_age ON users (fetched_at_ms) WHERE position IS NOT NULL",
    "CREATE INDEX unlisted_by_age ON users (fetched_at_ms) WHERE position IS NULL",
    """
    CREATE TABLE positions (
        position INTEGER PRIMARY KEY,
        row_id INTEGER,
        problem TEXT,
        fetched_at_ms INTEGER
    )
    """,
    "CREATE INDEX positions_by_user ON positions (row_id) WHERE row_id IS NOT NULL",
    # AUTOINCREMENT: a gid that other rows or another process remember must never come to mean another group.
    """
    CREATE TABLE groups (
        gid INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT,
        listed INTEGER NOT NULL DEFAULT 0,
        members INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE TABLE memberships (gid INTEGER, row_id INTEGER, PRIMARY KEY (gid, row_id)) WITHOUT ROWID",
    """
    CREATE TABLE search_rows (
        position INTEGER,
        row_id INTEGER,
        inactive INTEGER NOT NULL,
        search_key TEXT NOT NULL,
        PRIMARY KEY (position, row_id)
    ) WITHOUT ROWID
    """,
)
