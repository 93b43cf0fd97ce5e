"""How far the walk over the whole list is, and what it saw."""

import json
from typing import TYPE_CHECKING

from walkme_tui.domain.sweeps import Sweep, Tally
from walkme_tui.store.rows import id_from_stored

if TYPE_CHECKING:
    from walkme_tui.store.tables import Tables


def read_sweep(tables: "Tables") -> Sweep | None:
    """The latest walk, None before the first or where another version noted one."""
    text = tables.connection.execute("SELECT sweep FROM state").fetchone()[0]
    try:
        return None if text is None else Sweep(**json.loads(text))
    except (TypeError, ValueError):
        return None


def write_sweep(tables: "Tables", sweep: Sweep) -> None:
    """Note where the walk stands."""
    tables.connection.execute("UPDATE state SET sweep = ?", (json.dumps(sweep._asdict()),))


def tally(tables: "Tables", since_ms: int, before_row_id: int, created_before_ms: int) -> Tally:
    """How many listed users were described since, and how many of them surely stood in the list before."""
    select = (
        "SELECT count(*), coalesce(sum(row_id < ? OR coalesce(created_at_ms < ?, 0)), 0) FROM users "
        "WHERE position IS NOT NULL AND fetched_at_ms >= ?"
    )
    return Tally(*tables.connection.execute(select, (before_row_id, created_before_ms, since_ms)).fetchone())


def not_seen(tables: "Tables", since_ms: int, limit: int) -> list[str]:
    """Ids of at most ``limit`` users whom no answer has described since."""
    select = "SELECT id FROM users WHERE fetched_at_ms < ? ORDER BY row_id LIMIT ?"
    return [id_from_stored(found) for (found,) in tables.connection.execute(select, (since_ms, limit)).fetchall()]
