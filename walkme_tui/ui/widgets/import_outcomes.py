"""What becomes of the rows of an imported file, in styled lines: as planned, and after the job."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

from walkme_tui.domain.imports.planned_rows import planned_counts
from walkme_tui.domain.imports.results import RowResult, not_imported, outcome_counts
from walkme_tui.domain.imports.source import ImportRow, RowOutcome
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle, wrapped
from walkme_tui.ui.words import count, fit, number

LINE_CELLS: Final = 13
RESULT_CELLS: Final = 14
MAX_FILE: Final = 60
MAX_DETAIL: Final = 400
MOST_LISTED: Final = 100
"""So many rows that need attention are listed; all of them are in the file of failed rows."""
PLANNED: Final = {
    RowOutcome.CREATED: ("create", TextStyle.GOOD),
    RowOutcome.UPDATED: ("update", TextStyle.ACCENT),
    RowOutcome.UNCHANGED: ("unchanged", TextStyle.DIM),
    RowOutcome.SKIPPED: ("skip", TextStyle.DIM),
    RowOutcome.FAILED: ("fail", TextStyle.BAD),
}
"""What a plan does with a row, in the order in which it is counted."""
STYLES: Final = {
    RowOutcome.CREATED: TextStyle.GOOD,
    RowOutcome.UPDATED: TextStyle.GOOD,
    RowOutcome.UNCHANGED: TextStyle.DIM,
    RowOutcome.SKIPPED: TextStyle.DIM,
    RowOutcome.FAILED: TextStyle.BAD,
    RowOutcome.NEEDS_REVIEW: TextStyle.BAD,
    RowOutcome.NOT_ATTEMPTED: TextStyle.WARN,
}


# ------------------------------------------------------------ as planned


def planned_line(plan: Plan, width: int) -> Iterator[StyledText]:
    """``19 rows of people.csv: 13 create, 2 skip, 4 fail.``"""
    if plan.source is not None:
        counts = planned_counts(plan)
        parts = ", ".join(f"{number(counts[each])} {word}" for each, (word, _) in PLANNED.items() if counts[each])
        file = clean(plan.source.file, MAX_FILE)
        yield from wrapped(f"{count(counts.total(), 'row', 'rows')} of {file}: {parts}.", width)


def rows_without_steps(plan: Plan) -> Sequence[ImportRow]:
    """The rows that the plan skips or refuses."""
    rows = plan.source.rows if plan.source is not None else ()
    return [row for row in rows if row.outcome in {RowOutcome.SKIPPED, RowOutcome.FAILED}]


def planned_row_lines(row: ImportRow, width: int) -> Iterator[StyledText]:
    """A row that the plan does nothing for: its line in the file, and why."""
    word, style = PLANNED[row.outcome or RowOutcome.SKIPPED]
    yield from _row_lines(row, word, style, row.detail, width)


# ------------------------------------------------------------ after the job


def result_lines(results: Sequence[RowResult], file: str, width: int, hint: str = "") -> Iterator[StyledText]:
    """How many rows have which outcome, a ``hint`` where some were not imported, and the first that need attention."""
    counts = outcome_counts(results)
    pieces: list[StyledSpan] = [(f"{count(len(results), 'row', 'rows')} of {clean(file, MAX_FILE)}", TextStyle.PLAIN)]
    for outcome, rows in counts.items():
        pieces.append((": " if len(pieces) == 1 else ", ", TextStyle.DIM))
        pieces.append((f"{number(rows)} {outcome.value}", STYLES[outcome]))
    if sum(cell_len(text) for text, _ in pieces) <= width:
        yield pieces
    else:
        yield from wrapped("".join(text for text, _ in pieces), width)
    if hint and not_imported(results):
        yield from wrapped(hint, width, TextStyle.DIM)
    failed = [result for result in results if result.outcome in {RowOutcome.FAILED, RowOutcome.NEEDS_REVIEW}]
    if failed:
        yield ()
    for row, outcome, detail in failed[:MOST_LISTED]:
        yield from _row_lines(row, outcome.value, STYLES[outcome], detail, width)
    if len(failed) > MOST_LISTED:
        yield [(f"and {count(len(failed) - MOST_LISTED, 'other row', 'other rows')}", TextStyle.DIM)]


def _row_lines(row: ImportRow, word: str, style: TextStyle, detail: str, width: int) -> Iterator[StyledText]:
    head: list[StyledSpan] = [
        (fit(f"line {number(row.line)}", LINE_CELLS), TextStyle.DIM),
        (fit(word, RESULT_CELLS), style),
    ]
    cells = LINE_CELLS + RESULT_CELLS
    for line in wrapped(clean(detail, MAX_DETAIL), width - cells):
        yield [*head, *line]
        head = [(" " * cells, TextStyle.PLAIN)]
