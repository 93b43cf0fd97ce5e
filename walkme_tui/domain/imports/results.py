"""What became of each row of an imported file, and the rows that were not imported, as CSV."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.imports.source import ERROR_COLUMN, ImportRow, RowOutcome, without_errors
from walkme_tui.domain.jobs import Job, JobState, OutcomeReason, StepRecord, skips_existing
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.text import clean

FAILED_ROWS: Final = "-failed-rows.csv"
"""How the name of the file ends that a job writes for the rows that it did not import."""
NOT_IMPORTED: Final = frozenset({RowOutcome.FAILED, RowOutcome.NEEDS_REVIEW, RowOutcome.NOT_ATTEMPTED})
"""The outcomes of rows that are written as CSV, to be imported again."""

_NOT_DONE: Final = "not done"
_UNCERTAIN: Final = "sent without an answer, and not read again yet"


class RowResult(NamedTuple):
    """A row and what became of it; ``detail`` is a clean phrase, empty where there is nothing to add."""

    row: ImportRow
    outcome: RowOutcome
    detail: str


def row_results(imported: Job | Plan) -> list[RowResult]:
    """The results of all rows in their order; empty for other plans, and for a job that was purged.

    Rows with steps are not attempted as long as the plan is no job.
    """
    if isinstance(imported, Plan):
        rows = () if imported.source is None else imported.source.rows
        return [_known(row) or RowResult(row, RowOutcome.NOT_ATTEMPTED, "") for row in rows]
    rows = () if imported.plan.source is None else imported.plan.source.rows
    return [_known(row) or _result(row, _records(imported, row), imported.state) for row in rows]


def outcome_counts(results: Iterable[RowResult]) -> dict[RowOutcome, int]:
    """How many rows have which outcome, in the order of ``RowOutcome``, without those that no row has."""
    counts = Counter(result.outcome for result in results)
    return {outcome: counts[outcome] for outcome in RowOutcome if counts[outcome]}


def not_imported(results: Iterable[RowResult]) -> list[RowResult]:
    """The rows that failed, need review or were not attempted."""
    return [result for result in results if result.outcome in NOT_IMPORTED]


def partly_imported(results: Iterable[RowResult], job: Job) -> bool:
    """A row that was not imported as a whole has created or changed its user: only an update can complete it."""
    return any(any(record.changed for record in _records(job, result.row)) for result in not_imported(results))


def failed_rows_csv(imported: Job | Plan, *, raw: bool = False) -> str:
    """The rows that were not imported, as CSV in the columns of the file and one more, ``error``; empty for none.

    The cells contain what an import reads from those of the file, and no formulas; with ``raw`` exactly those of the
    file. A last column ``error``, from an earlier round, is replaced. The delimiter is that of the file, but a comma
    where an import would find another one, or a spreadsheet that separates cells at commas would find a formula.
    """
    from walkme_tui.domain.imports.csv_format import CsvText, found_delimiter
    from walkme_tui.domain.table_cells import csv_line, decoded, has_formula_after_comma, safe

    source = imported.source if isinstance(imported, Plan) else imported.plan.source
    failed = not_imported(row_results(imported))
    if source is None or not failed:
        return ""
    width = len(without_errors(source.columns))
    lines = [(source.columns, ERROR_COLUMN)]
    lines += [(row.cells, f"{outcome.value}: {detail}" if detail else outcome.value) for row, outcome, detail in failed]

    def shown(cells: Iterable[str]) -> list[str]:
        return list(cells if raw else (safe(decoded(cell)) for cell in cells))

    def written(delimiter: str) -> str:
        rows = ([*shown(cells[:width]), safe(error)] for cells, error in lines)
        return "".join(csv_line(cells, raw=True, delimiter=delimiter) for cells in rows)

    text = written(source.delimiter)
    if found_delimiter(CsvText(text, "utf-8")) != source.delimiter or has_formula_after_comma(text):
        return written(",")
    return text


def _known(row: ImportRow) -> RowResult | None:
    return None if row.outcome is None else RowResult(row, row.outcome, clean(row.detail))


def _records(job: Job, row: ImportRow) -> Sequence[StepRecord]:
    return () if row.subject_id is None else job.records_of(row.subject_id)


def _result(row: ImportRow, records: Sequence[StepRecord], state: JobState) -> RowResult:
    """The result of a row with steps: the worst outcome of one of them."""
    if skipped := [record for record in records if skips_existing(row, record)]:
        return RowResult(row, RowOutcome.SKIPPED, clean(skipped[0].detail))
    done = [clean(record.detail) for record in records if record.changed and record.state is StepState.DONE]
    troubles = [(record, outcome) for record in records if (outcome := _trouble(record, state))]
    # What was skipped only because an earlier step failed explains nothing.
    named = [each for each, _ in troubles if each.state is not StepState.SKIPPED] or [each for each, _ in troubles]
    detail = "; ".join([*done, *map(_problem, named)])
    outcomes = {outcome for _, outcome in troubles}
    if RowOutcome.NEEDS_REVIEW in outcomes:
        return RowResult(row, RowOutcome.NEEDS_REVIEW, detail)
    if RowOutcome.FAILED in outcomes or (outcomes and done):
        return RowResult(row, RowOutcome.FAILED, detail)
    if outcomes:
        return RowResult(row, RowOutcome.NOT_ATTEMPTED, "")
    if any(record.step.change.creates for record in records):
        return RowResult(row, RowOutcome.CREATED, detail)
    return RowResult(row, RowOutcome.UPDATED if done else RowOutcome.UNCHANGED, detail)


def _trouble(record: StepRecord, state: JobState) -> RowOutcome | None:
    """The outcome that a step imposes on its row; None where it did what it was to do."""
    match record.state:
        case StepState.DONE:
            return None
        case StepState.FAILED | StepState.REFUSED:
            return RowOutcome.FAILED
        case StepState.NEEDS_REVIEW | StepState.SENT:
            return RowOutcome.NEEDS_REVIEW
        case StepState.TODO:
            return RowOutcome.NEEDS_REVIEW if record.may_arrive else RowOutcome.NOT_ATTEMPTED
        case StepState.SKIPPED:
            discarded = state is JobState.DISCARDED and record.reason is OutcomeReason.OTHER
            return RowOutcome.NOT_ATTEMPTED if discarded else RowOutcome.FAILED


def _problem(record: StepRecord) -> str:
    detail = _UNCERTAIN if record.state is StepState.SENT else clean(record.detail).removesuffix(".") or _NOT_DONE
    return f"{record.step.change.describe()}: {detail}"
