"""Steps from one layout of the journal to the next, by ``PRAGMA user_version``; each is imported only when it runs."""

from importlib import import_module
from typing import Final

# The n-th module brings a database from layout n to layout n + 1 with the statements in its ``STATEMENTS``.
JOURNAL: Final = (
    "walkme_tui.store.journal.migrations.journal_0001",
    "walkme_tui.store.journal.migrations.journal_0002",
)


def statements(steps: tuple[str, ...], layout: int) -> list[str]:
    """What has to run, in order, to bring a database from ``layout`` to the newest one; empty if it is there."""
    found: list[str] = []
    for version, name in enumerate(steps[layout:], start=layout + 1):
        found += import_module(name).STATEMENTS
        found.append(f"PRAGMA user_version = {version}")
    return found
