"""A file to import as it is set up: its table, and what its rows would change."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import ColumnMapping, guessed
from walkme_tui.domain.imports.csv_file import CsvTable, read_csv
from walkme_tui.domain.imports.import_fields import ImportField
from walkme_tui.domain.imports.planned_rows import planned_outcome
from walkme_tui.domain.imports.source import ImportRow, OnConflict, RowOutcome
from walkme_tui.domain.plans import Plan, Step
from walkme_tui.domain.table_cells import decoded
from walkme_tui.services.imports.planner import ImportPlanner, ImportRequest

if TYPE_CHECKING:
    from walkme_tui.domain.capabilities import Capabilities
    from walkme_tui.services.concurrency import ProgressListener

RememberedColumns = Callable[[CsvTable], ColumnMapping | None]


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """A file, and how a person wants it imported; None stands for what is found in the file.

    ``row_conflicts`` are the exceptions from ``on_conflict``, by line. ``groups`` are those that everyone joins.
    ``ticket`` is what was typed in the review.
    """

    path: Path
    data: bytes = field(repr=False)
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    mapping: ColumnMapping | None = None
    on_conflict: OnConflict = OnConflict.SKIP
    row_conflicts: Mapping[int, OnConflict] = field(default_factory=lambda: MappingProxyType({}))
    groups: tuple[Group, ...] = ()
    ticket: str = ""


class ImportReading:
    """Reads and plans a draft, again after every change of it; what did not change is not read again.

    ``remembered`` returns the columns that were chosen for files with the same header; it may wait for a disk.
    """

    def __init__(
        self,
        draft: ImportDraft,
        planner: ImportPlanner,
        surface: "Capabilities",
        remembered: RememberedColumns,
    ) -> None:
        self.draft = draft
        self.table: CsvTable | None = None
        self.mapping: ColumnMapping | None = None
        self.plan: Plan | None = None
        self.outcomes: Sequence[RowOutcome | None] = ()
        """What becomes of each row of the plan; None where a look-up has to find out."""
        self.counts: Counter[RowOutcome | None] = Counter()
        """How many rows become what."""
        self.unanswered = 0
        """So many emails have to be looked up before the outcome of every row is certain."""
        self._planner = planner
        self._surface = surface
        self._remembered = remembered
        self._read_with: tuple[object, ...] = ()

    async def read(self) -> None:
        """Read the file and find the columns; raises ``CsvProblem``."""
        draft = self.draft
        wanted = (draft.data, draft.encoding, draft.delimiter, draft.header)
        if self._read_with != wanted:
            self._read_with = ()
            self.table = self.mapping = None
            self.drop_plan()
            self.table = await asyncio.to_thread(
                read_csv, draft.data, encoding=draft.encoding, delimiter=draft.delimiter, header=draft.header
            )
            self._read_with = wanted
        assert self.table is not None  # noqa: S101 - it was read with the same settings
        known = draft.mapping or await asyncio.to_thread(self._remembered, self.table)
        self.mapping = known or guessed(self.table, self._surface)

    async def make_plan(self, on_progress: "ProgressListener | None" = None, *, look_up: bool) -> None:
        """Plan the draft, with what is loaded or was looked up; ``look_up`` asks the server about the other emails.

        Raises ``WalkmeError``.
        """
        assert self.table is not None  # noqa: S101 - the file was read
        assert self.mapping is not None  # noqa: S101
        draft, table, mapping = self.draft, self.table, self.mapping
        request = ImportRequest(
            file=draft.path.name,
            table=table,
            mapping=mapping,
            on_conflict=draft.on_conflict,
            row_conflicts=draft.row_conflicts,
            groups=draft.groups,
            ticket=draft.ticket,
        )
        plan = await self._planner.plan(request, on_progress, look_up=look_up)
        outcomes = await asyncio.to_thread(self._outcomes, plan, table, mapping.require_email(table))
        counts = await asyncio.to_thread(Counter, outcomes)
        unanswered = await self._planner.unanswered(request)
        self.plan, self.outcomes, self.counts, self.unanswered = plan, outcomes, counts, unanswered

    def _outcomes(self, plan: Plan, table: CsvTable, email: int) -> list[RowOutcome | None]:
        rows = plan.source.rows if plan.source is not None else ()
        return [
            None
            if (outcome := planned_outcome(plan, row)) is RowOutcome.CREATED
            and not self._planner.is_answered(email_in(found.cells, email))
            else outcome
            for row, found in zip(rows, table.rows, strict=True)
        ]

    def drop_plan(self) -> None:
        """Forget the plan: it does not fit the draft."""
        self.plan = None
        self.outcomes, self.counts, self.unanswered = (), Counter(), 0

    def row(self, index: int) -> ImportRow | None:
        """A row as it was planned, None before there is a plan."""
        source = self.plan.source if self.plan is not None else None
        return source.rows[index] if source is not None else None

    def steps(self, index: int) -> tuple[Step, ...]:
        """The steps for a row."""
        row = self.row(index)
        subject_id = row.subject_id if row is not None else None
        return self.plan.steps_of(subject_id) if self.plan is not None and subject_id is not None else ()

    def line(self, index: int) -> int:
        """The line of the file in which a row begins."""
        return self.table.rows[index].line if self.table is not None else 0

    def has_conflict(self, index: int) -> bool:
        """True if the policy for users that exist decides what happens with this row."""
        row, outcome = self.row(index), self.outcomes[index] if index < len(self.outcomes) else None
        refused = row is not None and outcome is RowOutcome.FAILED and row.on_conflict is not None
        return refused or outcome in {RowOutcome.SKIPPED, RowOutcome.UPDATED}

    def email(self, index: int) -> str:
        """The email in a row, as it is sent; empty where there is none."""
        column = self.mapping.columns.get(ImportField.EMAIL) if self.mapping is not None else None
        return email_in(self.table.rows[index].cells, column) if self.table is not None and column is not None else ""


def email_in(cells: Sequence[str], column: int) -> str:
    """The email in this column of a row."""
    return decoded(cells[column]).strip()
