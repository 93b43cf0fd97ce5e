"""The rows of an import as JSON and as lines of text."""

from collections.abc import Container, Sequence
from typing import Final

from walkme_tui.cli.output.columns import aligned
from walkme_tui.domain.imports.results import NOT_IMPORTED, RowResult, not_imported, outcome_counts, row_results
from walkme_tui.domain.imports.source import ImportRow, RowOutcome
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import spaced
from walkme_tui.domain.users import Json

MAX_DETAIL: Final = 400
MAX_ROWS: Final = 200
"""So many rows are listed in a text."""
NOT_PLANNED: Final = frozenset({RowOutcome.SKIPPED, RowOutcome.FAILED})
"""The outcomes of rows without steps that the text of a plan lists."""


def rows_object(imported: Job | Plan, *, all_rows: bool = True) -> dict[str, Json]:
    """The rows of an import, or only those that were not imported, as fields of a JSON object; empty for other plans.

    The counts are those of all rows.
    """
    plan = imported if isinstance(imported, Plan) else imported.plan
    if plan.source is None:
        return {}
    results = row_results(imported)
    return {
        "file": plan.source.file,
        "row_counts": {outcome.value: count for outcome, count in outcome_counts(results).items()},
        "rows": [_row_object(plan, result) for result in (results if all_rows else not_imported(results))],
    }


def _row_object(plan: Plan, result: RowResult) -> dict[str, Json]:
    row, outcome, detail = result
    return {"line": row.line, "outcome": outcome.value, "target": _name(plan, row), "detail": detail}


def _name(plan: Plan, row: ImportRow) -> str | None:
    """The email of the user of a row with steps."""
    subject = None if row.subject_id is None else plan.subject_of(row.subject_id)
    return None if subject is None else subject.name


def job_rows_lines(job: Job) -> list[str]:
    """How many rows have which outcome, and those that were not imported."""
    results = row_results(job)
    return [f"Rows     {row_counts_text(results)}.", *_listed(job.plan, results, NOT_IMPORTED)]


def plan_rows_lines(plan: Plan) -> list[str]:
    """How many rows the plan does something for, and those that it skips or refuses; empty for another plan."""
    results = row_results(plan)
    if not results:
        return []
    with_steps = sum(result.row.outcome is None for result in results)
    others = row_counts_text([result for result in results if result.row.outcome is not None])
    counts = [f"{spaced(with_steps)} to import", *([others] if others else [])]
    return ["", f"Rows     {', '.join(counts)}.", *_listed(plan, results, NOT_PLANNED)]


def row_counts_text(results: Sequence[RowResult]) -> str:
    """``480 created, 12 skipped``."""
    return ", ".join(f"{spaced(count)} {outcome.value}" for outcome, count in outcome_counts(results).items())


def _listed(plan: Plan, results: Sequence[RowResult], outcomes: Container[RowOutcome]) -> list[str]:
    """The first rows with these outcomes, each with its line and why."""
    found = [result for result in results if result.outcome in outcomes]
    rows = [
        (
            f"line {row.line}",
            outcome.value,
            _name(plan, row) or "",
            detail,
        )
        for row, outcome, detail in found[:MAX_ROWS]
    ]
    more = len(found) - len(rows)
    rest = [f"  And {spaced(more)} more rows. --json prints all of them."] if more else []
    return [f"  {line}" for line in aligned(rows, MAX_DETAIL)] + rest if rows else []
