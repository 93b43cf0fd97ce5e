"""What a plan expects of each row of the file that it imports."""

from collections import Counter

from walkme_tui.domain.imports.source import ImportRow, RowOutcome
from walkme_tui.domain.plans import Plan


def planned_outcome(plan: Plan, row: ImportRow) -> RowOutcome:
    """What the row becomes if every step of the plan succeeds."""
    if row.outcome is not None:
        return row.outcome
    steps = plan.steps_of(row.subject_id) if row.subject_id is not None else ()
    if not steps:
        return RowOutcome.UNCHANGED
    return RowOutcome.CREATED if any(step.change.creates for step in steps) else RowOutcome.UPDATED


def planned_counts(plan: Plan) -> Counter[RowOutcome]:
    """How many rows become what."""
    return Counter(planned_outcome(plan, row) for row in (plan.source.rows if plan.source is not None else ()))
