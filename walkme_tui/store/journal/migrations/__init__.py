"""Migrations of the journal, by ``PRAGMA user_version``; each is imported only when it runs."""

from importlib import import_module
from typing import Final

# The ``STATEMENTS`` of module n, counted from 0, bring a database from layout n to layout n + 1.
JOURNAL: Final = (
    "walkme_tui.store.journal.migrations.journal_0001",
    "walkme_tui.store.journal.migrations.journal_0002",
    "walkme_tui.store.journal.migrations.journal_0003",
    "walkme_tui.store.journal.migrations.journal_0004",
    "walkme_tui.store.journal.migrations.journal_0005",
)


def statements(steps: tuple[str, ...], layout: int) -> list[str]:
    """The statements that bring a database from ``layout`` to the newest one, in order; empty if it has that one."""
    found: list[str] = []
    for version, name in enumerate(steps[layout:], start=layout + 1):
        found += import_module(name).STATEMENTS
        found.append(f"PRAGMA user_version = {version}")
    return found
