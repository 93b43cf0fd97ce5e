"""The tables of the mirror.

A mirror is a copy that can be fetched again, so a file with another layout is deleted and made anew, not migrated.

``users.known`` has a bit for each field that an answer has carried (``rows.BITS``), so that NULL can mean null.
``users.groups`` holds gids in the order of the answer (``3,17``); ``memberships`` is its index by group. Where the bit
of the groups is not set, it holds those groups that listed the user as a member, NULL for none.
``groups.read_at_ms`` is when the list of members was requested that was stored last, ``reading_at_ms`` the same of the
one that is being stored. ``strangers`` are ids in such lists that no user has; ``groups.strangers`` counts them.
``users.position`` is the lowest position in the server's list; ``positions`` has every position, also the others of a
user that the server lists twice, and those of records that could not be read. ``name_key`` and ``last_key`` are the
sort keys of names.

``ids`` finds a user by id. Ids are random, and inserting a million of them in random order, a thousand at a time, would
be most of the work of a crawl. So new ids go to the small table ``recent_ids`` and are merged in order (``id_table``).

``texts`` holds the folded texts that filters search. ``find`` is their trigram index (``text_table``): contentless, and
without positions, which halves its size; its results are compared with the texts again.
"""

from typing import Final

from walkme_tui.domain.queries import SortKey

LAYOUT: Final = 4

STATEMENTS: Final = (
    """
    CREATE TABLE state (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        account_key TEXT NOT NULL,
        has_find INTEGER NOT NULL,
        total INTEGER,
        loaded INTEGER NOT NULL DEFAULT 0,
        with_groups INTEGER NOT NULL DEFAULT 0,
        next_row_id INTEGER NOT NULL DEFAULT 1,
        sweep TEXT
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
        name_key TEXT,
        last_key TEXT,
        group_count INTEGER,
        position INTEGER,
        fetched_at_ms INTEGER NOT NULL,
        detailed_at_ms INTEGER
    )
    """,
    # With few different values new rows go to the end of each, so that these two cost little during a crawl.
    "CREATE INDEX users_by_role ON users (nullif(role, ''))",
    "CREATE INDEX users_by_status ON users (nullif(status, ''))",
    "CREATE INDEX listed_by_age ON users (fetched_at_ms) WHERE position IS NOT NULL",
    "CREATE INDEX unlisted_by_age ON users (fetched_at_ms) WHERE position IS NULL",
    "CREATE TABLE ids (id PRIMARY KEY NOT NULL, row_id INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE recent_ids (id PRIMARY KEY NOT NULL, row_id INTEGER NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE positions (
        position INTEGER PRIMARY KEY,
        row_id INTEGER,
        problem TEXT,
        fetched_at_ms INTEGER
    )
    """,
    "CREATE INDEX positions_by_user ON positions (row_id) WHERE row_id IS NOT NULL",
    # AUTOINCREMENT: a gid that other rows or another process still hold must never be given to another group.
    """
    CREATE TABLE groups (
        gid INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name TEXT,
        listed INTEGER NOT NULL DEFAULT 0,
        members INTEGER NOT NULL DEFAULT 0,
        read_at_ms INTEGER,
        reading_at_ms INTEGER,
        strangers INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE TABLE strangers (id PRIMARY KEY NOT NULL) WITHOUT ROWID",
    "CREATE TABLE memberships (gid INTEGER, row_id INTEGER, PRIMARY KEY (gid, row_id)) WITHOUT ROWID",
    "CREATE TABLE texts (row_id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
)

FIND: Final = (
    (
        "CREATE VIRTUAL TABLE find USING fts5("
        "text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1')"
    ),
    # Twice as many segments before a merge: inserting takes a sixth less time, and searching hardly more.
    "INSERT INTO find (find, rank) VALUES ('automerge', 8)",
)

TABLES: Final = frozenset(
    {"state", "users", "ids", "recent_ids", "positions", "groups", "strangers", "memberships", "texts"}
)

# Sort keys. An empty text becomes NULL: it sorts last, as unknown values do.
SORT_EXPRESSIONS: Final = {
    SortKey.EMAIL: "nullif(email, '') COLLATE NOCASE",
    SortKey.NAME: "name_key",
    SortKey.FIRST: "name_key",
    SortKey.LAST: "last_key",
    SortKey.ROLE: "nullif(role, '')",
    SortKey.STATUS: "nullif(status, '')",
    SortKey.GROUPS: "group_count",
    SortKey.UPDATED: "updated_at_ms",
    SortKey.CREATED: "created_at_ms",
    SortKey.EXTERNAL_ID: "nullif(external_id, '') COLLATE NOCASE",
    SortKey.LISTED: "position",
}

# Made when the mirror is complete: while it is filled, each would take as long as all the rest.
SORT_INDEXES: Final = tuple(
    f"CREATE INDEX IF NOT EXISTS sorted_by_{key.name.lower()} ON users ({SORT_EXPRESSIONS[key]})"
    for key in (
        SortKey.EMAIL,
        SortKey.NAME,
        SortKey.LAST,
        SortKey.GROUPS,
        SortKey.UPDATED,
        SortKey.CREATED,
        SortKey.EXTERNAL_ID,
    )
)
