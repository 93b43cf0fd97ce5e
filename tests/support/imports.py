"""Imports for tests: what an import does with each row of a CSV text.

plan = await plan_of(session, "email,lastName\nann@example.com,Moreau\n")
planned(plan)  # [(2, "create"), (3, "skipped: the user exists already; last name is Çelik, not Moreau")]
"""

from typing import Any

from walkme_tui.domain.imports.columns import guessed
from walkme_tui.domain.imports.csv_file import read_csv
from walkme_tui.domain.plans import Plan
from walkme_tui.services.imports.planner import ImportPlanner, ImportRequest
from walkme_tui.services.ports import Session


def request_of(session: Session, text: str, **settings: Any) -> ImportRequest:
    """The request to import a CSV text; ``settings`` are further fields of the request."""
    table = read_csv(text.encode())
    return ImportRequest("people.csv", table, guessed(table, session.capabilities), **settings)


async def plan_of(session: Session, text: str, **settings: Any) -> Plan:
    """The plan of the import of a CSV text by a new planner."""
    return await ImportPlanner(session).plan(request_of(session, text, **settings))


def planned(plan: Plan) -> list[tuple[int, str]]:
    """The line of each row, and its steps in words, or its outcome and why."""
    assert plan.source is not None
    return [
        (
            row.line,
            f"{row.outcome.value}: {row.detail}"
            if row.outcome is not None
            else "; ".join(step.change.describe() for step in plan.steps_of(row.subject_id or "")),
        )
        for row in plan.source.rows
    ]
