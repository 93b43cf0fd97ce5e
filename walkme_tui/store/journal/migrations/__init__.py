"""Migrations of the journal, by ``PRAGMA user_version``; each is imported only when it runs."""

import sqlite3
from importlib import import_module
from typing import Final

# The ``STATEMENTS`` of module n, counted from 0, bring a database from layout n to layout n + 1; then its
# ``fill``, if it has one, fills the new columns and tables from the old ones.
JOURNAL: Final = (
    "walkme_tui.store.journal.migrations.journal_0001",
    "walkme_tui.store.journal.migrations.journal_0002",
    "walkme_tui.store.journal.migrations.journal_0003",
    "walkme_tui.store.journal.migrations.journal_0004",
    "walkme_tui.store.journal.migrations.journal_0005",
    "walkme_tui.store.journal.migrations.journal_0006",
    "walkme_tui.store.journal.migrations.journal_0007",
    "walkme_tui.store.journal.migrations.journal_0008",
    "walkme_tui.store.journal.migrations.journal_0009",
)


def migrate(connection: sqlite3.Connection, layout: int) -> None:
    """Bring a database from ``layout`` to the newest one, within the transaction of the caller."""
    for version, name in enumerate(JOURNAL[layout:], start=layout + 1):
        module = import_module(name)
        for statement in module.STATEMENTS:
            connection.execute(statement)
        if hasattr(module, "fill"):
            module.fill(connection)
        connection.execute(f"PRAGMA user_version = {version}")
