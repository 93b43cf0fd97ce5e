"""Which column of a file contains which field of a user."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.errors import ConfigurationError, NoEmailColumn
from walkme_tui.domain.imports.csv_file import CsvTable
from walkme_tui.domain.imports.csv_format import SAMPLED, is_email
from walkme_tui.domain.imports.import_fields import ImportField, field_named
from walkme_tui.domain.imports.source import without_errors
from walkme_tui.domain.text import clean, first_named

_MAX_SHOWN: Final = 60
_MAX_NAMED: Final = 20


@dataclass(frozen=True)
class ColumnMapping:
    """The index, from 0, of the column of each field that is imported."""

    columns: Mapping[ImportField, int]

    def with_column(self, field: ImportField, index: int | None) -> "ColumnMapping":
        """The same mapping with another column for a field; None: the field is not imported."""
        others = {known: column for known, column in self.columns.items() if known is not field}
        return ColumnMapping(MappingProxyType(others if index is None else {**others, field: index}))

    @property
    def by_name(self) -> dict[str, int]:
        """The indexes by the JSON names of the fields."""
        return {field.value: index for field, index in self.columns.items()}

    def header(self, table: CsvTable) -> tuple[str, ...]:
        """The header of a file; for a file without one the field of each column, else its number."""
        if table.format.has_header:
            return table.columns
        fields = {index: field.value for field, index in self.columns.items()}
        return tuple(fields.get(index, number) for index, number in enumerate(table.columns))

    def not_imported(self, table: CsvTable) -> tuple[int, ...]:
        """The indexes of the columns that no field is read from."""
        return tuple(index for index in range(len(table.columns)) if index not in self.columns.values())

    def require_email(self, table: CsvTable) -> int:
        """The index of the column with the emails; raises ``NoEmailColumn``, which names the columns."""
        index = self.columns.get(ImportField.EMAIL)
        if index is None:
            names = [shown_column(table, index) for index in range(len(table.columns))]
            raise NoEmailColumn(
                f"No column is known to contain the emails. The columns are: {first_named(names, _MAX_NAMED)}.",
                hint="Say which column contains them.",
            )
        return index


def guessed(table: CsvTable, surface: Capabilities) -> ColumnMapping:
    """The mapping by the names of the columns; of several columns for a field the best name, then the first one.

    Where no name means the email, it is the only column whose first cells are emails. A field that users of the surface
    do not have is not imported.
    """
    best: dict[ImportField, tuple[int, int]] = {}
    for index, name in enumerate(table.columns):
        if (found := field_named(name)) and found[0].attribute not in surface.absent:
            field, rank = found
            best[field] = min(best.get(field, (rank, index)), (rank, index))
    columns = {field: best[field][1] for field in ImportField if field in best}
    if ImportField.EMAIL not in columns:
        with_emails = [index for index in range(len(table.columns)) if _has_emails(table, index)]
        if len(with_emails) == 1:
            columns[ImportField.EMAIL] = with_emails[0]
    return ColumnMapping(MappingProxyType(columns))


def _has_emails(table: CsvTable, index: int) -> bool:
    cells = [row.cells[index] for row in table.rows[:SAMPLED]]
    return sum(map(is_email, cells)) * 2 > len(cells)


def signature(table: CsvTable, surface: Surface) -> str:
    """A text that files with the same header share, to remember a mapping by; empty for a file without a header.

    The file with the rows that were not imported counts as one of them. A surface lacks fields that another one has, so
    each has its own mappings.
    """
    if not table.format.has_header:
        return ""
    hashed = sha256("\n".join(without_errors(table.columns)).encode()).hexdigest()[:16]
    return hashed if surface is Surface.REST else f"{surface.value}-{hashed}"


def remembered(table: CsvTable, columns: Mapping[str, int] | None, surface: Capabilities) -> ColumnMapping | None:
    """The mapping to ``columns``, the indexes by JSON name that were chosen for a header before.

    None where the file lacks one of them, or none has the emails. A field that users of the surface do not have is not
    imported.
    """
    if columns is None or not all(index < len(table.columns) for index in columns.values()):
        return None
    known = (field for field in ImportField if field.attribute not in surface.absent)
    found = {field: columns[field] for field in known if field in columns}
    return ColumnMapping(MappingProxyType(found)) if ImportField.EMAIL in found else None


def shown_column(table: CsvTable, index: int) -> str:
    """A column in a sentence, cleaned: its name, else its number."""
    name = clean(table.columns[index].strip(), _MAX_SHOWN)
    return name if name and table.format.has_header else f"column {index + 1}"


def column_index(table: CsvTable, name: str) -> int:
    """The index of the column with this name (case does not matter), else with this number from 1.

    Raises ``ConfigurationError``.
    """
    shown = clean(name, _MAX_SHOWN)
    wanted = name.strip()
    for found in (
        [index for index, column in enumerate(table.columns) if column.strip() == wanted],
        [index for index, column in enumerate(table.columns) if column.strip().casefold() == wanted.casefold()],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(index + 1) for index in found)
            raise ConfigurationError(f"Several columns are called {shown}.", hint=f"Use a number: {numbers}.")
    if wanted.isdecimal() and 1 <= int(wanted[:6]) <= len(table.columns):
        return int(wanted[:6]) - 1
    from walkme_tui.domain.filters import nearest  # only mistakes need it

    close = nearest(wanted, [column for column in table.columns if column.strip()])
    names = first_named([shown_column(table, index) for index in range(len(table.columns))], _MAX_NAMED)
    raise ConfigurationError(
        f"The file has no column {shown}.",
        hint=f"Did you mean {clean(close[0], _MAX_SHOWN)}?" if close else f"The columns are: {names}.",
    )
