"""The file behind the plan of an import: its rows, and what is known of each before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from walkme_tui.domain.json_fields import Fields, bad, count, list_of, one_of, or_null, record_id, text
from walkme_tui.domain.users import Json

ERROR_COLUMN: Final = "error"
"""The last column of a file with the rows that an import did not import."""


class RowOutcome(StrEnum):
    """What became of a row; every row ends in exactly one of these."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    NEEDS_REVIEW = "needs review"
    NOT_ATTEMPTED = "not attempted"


WITHOUT_STEPS: Final = (RowOutcome.UNCHANGED, RowOutcome.SKIPPED, RowOutcome.FAILED)
"""The outcomes of rows for which a plan has no step."""


class OnConflict(StrEnum):
    """What an import does with a row whose email a user has already."""

    SKIP = "skip"
    UPDATE = "update"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row of the file, which begins in line ``line``.

    ``outcome`` is known where the plan has no step for the row, and ``detail`` says why, as a clean phrase; otherwise
    the steps of ``subject_id`` decide. ``cells`` are those of the file, exactly; empty where the row cannot fail, since
    only failed rows are written again. ``on_conflict`` is None where the row fails whether or not a user has its email.
    """

    line: int
    cells: tuple[str, ...] = ()
    on_conflict: OnConflict | None = None
    subject_id: str | None = None
    outcome: RowOutcome | None = None
    detail: str = ""


@dataclass(frozen=True)
class ImportSource:
    """The rows of a file in their order.

    ``columns`` is its header; where it has none, the fields that are imported, and numbers from 1 for the others.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[ImportRow, ...]
    delimiter: str = ","

    def row_of(self, subject_id: str) -> ImportRow | None:
        """The row that the steps of a subject come from."""
        return self._rows_by_subject.get(subject_id)

    @cached_property
    def _rows_by_subject(self) -> Mapping[str, ImportRow]:
        return {row.subject_id: row for row in self.rows if row.subject_id is not None}


def without_errors(columns: Sequence[str]) -> Sequence[str]:
    """The columns of a file without the last one, ``error``, that an earlier import added."""
    has_errors = len(columns) > 1 and columns[-1].strip().casefold() == ERROR_COLUMN
    return columns[:-1] if has_errors else columns


def source_to_json(source: ImportSource) -> dict[str, Json]:
    """The source as a JSON object."""
    return {
        "file": source.file,
        "delimiter": source.delimiter,
        "columns": list(source.columns),
        "rows": [row_to_json(row) for row in source.rows],
    }


def import_source(value: object, where: str) -> ImportSource:
    """The source in a JSON object; raises ``BadField``."""
    fields = Fields.of(value, where)
    source = ImportSource(
        file=fields.take("file", text),
        delimiter=fields.take("delimiter", _delimiter, ","),
        columns=fields.take("columns", list_of(text)),
        rows=fields.take("rows", list_of(_row)),
    )
    fields.end()
    return source


def row_to_json(row: ImportRow) -> dict[str, Json]:
    """One row as a JSON object; fields that have their usual value are left out."""
    found: dict[str, Json] = {"line": row.line}
    if row.on_conflict is not None:
        found["on_conflict"] = row.on_conflict.value
    if row.cells:
        found["cells"] = list(row.cells)
    if row.subject_id is not None:
        found["user"] = row.subject_id
    if row.outcome is not None:
        found |= {"outcome": row.outcome.value, "detail": row.detail}
    return found


def _delimiter(value: object, where: str) -> str:
    from walkme_tui.domain.table_cells import is_delimiter

    found = text(value, where)
    if not is_delimiter(found):
        bad(where, "is no delimiter")
    return found


def _row(value: object, where: str) -> ImportRow:
    fields = Fields.of(value, where)
    row = ImportRow(
        line=fields.take("line", count),
        cells=fields.take("cells", list_of(text), ()),
        on_conflict=fields.take("on_conflict", or_null(one_of(OnConflict)), None),
        subject_id=fields.take("user", or_null(record_id), None),
        outcome=fields.take("outcome", or_null(one_of(RowOutcome)), None),
        detail=fields.take("detail", text, ""),
    )
    fields.end()
    if (row.subject_id is None) is (row.outcome is None):
        bad(where, "has neither a user nor an outcome" if row.outcome is None else "has a user and an outcome, too")
    if row.outcome not in {None, *WITHOUT_STEPS}:
        bad(f"{where}.outcome", f"is not one of: {', '.join(WITHOUT_STEPS)}")
    return row
