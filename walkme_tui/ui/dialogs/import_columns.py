"""The dialog that says which column of a file is imported as which field."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.widget import Widget

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.imports.columns import ColumnMapping, shown_column
from walkme_tui.domain.imports.csv_file import CsvTable
from walkme_tui.domain.imports.import_fields import ImportField
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

NOT_IMPORTED: Final = "not imported"
SAMPLED_ROWS: Final = 50
NAME_SHARE: Final = 0.34
FIELD_CELLS: Final = 15
MAX_CELL: Final = 80


class ColumnList(RowList[int]):
    """The columns by their indexes, each with a value from the file and the field that it is imported as."""

    HEADING_LINES = 1

    def __init__(self, table: CsvTable, mapping: ColumnMapping) -> None:
        super().__init__(id="columns")
        self._table = table
        self.mapping = mapping

    def field_of(self, column: int) -> ImportField | None:
        """The field that a column is imported as."""
        return next((field for field, index in self.mapping.columns.items() if index == column), None)

    def heading(self, width: int) -> StyledText:
        """The headings."""
        name = int(width * NAME_SHARE)
        text = f"{words.fit('COLUMN', name)}{words.fit('IMPORTED AS', FIELD_CELLS)}FOR EXAMPLE"
        return [(words.cut(text, width), TextStyle.DIM)]

    def line(self, row: int, width: int) -> StyledText:
        """Name, field, example."""
        name, field = int(width * NAME_SHARE), self.field_of(row)
        example = next((cells[row] for _, cells in self._table.rows[:SAMPLED_ROWS] if cells[row].strip()), "")
        room = max(0, width - name - FIELD_CELLS)
        return [
            (words.fit(shown_column(self._table, row), name - 1) + " ", TextStyle.PLAIN),
            (
                words.fit(NOT_IMPORTED if field is None else field.label, FIELD_CELLS),
                TextStyle.DIM if field is None else TextStyle.ACCENT,
            ),
            (words.fit(clean(example, MAX_CELL), room), TextStyle.DIM),
        ]


class ColumnsDialog(Dialog[ColumnMapping]):
    """Returns the mapping as it was chosen, also on Esc."""

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(self, table: CsvTable, mapping: ColumnMapping, surface: Capabilities) -> None:
        super().__init__(
            [("Columns of the file", TextStyle.STRONG)], footer_keys(("Enter", "choose the field"), ("Esc", "done"))
        )
        self._fields = [field for field in ImportField if field.attribute not in surface.absent]
        self._list = ColumnList(table, mapping)
        self._table = table

    def body(self) -> Sequence[Widget]:
        """The columns."""
        return [self._list]

    def fill(self) -> None:
        """List the columns."""
        self._list.show(range(len(self._table.columns)))
        self.set_focus(self._list)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter asks for the field of the column under the cursor."""
        return {"enter": self.choose, "space": self.choose, **movement_keys(self._list)}

    def leave(self) -> None:
        """Return what was chosen."""
        if self.is_current:
            self.dismiss(self._list.mapping)

    @on(RowList.Opened)
    def choose(self) -> None:
        """Ask what the column under the cursor is imported as."""
        column = self._list.current
        if column is None or not self.is_current:
            return
        choices = [Choice(field.value, field.label, self._taken(field, column)) for field in self._fields]
        choices.append(Choice("", NOT_IMPORTED))
        now = self._list.field_of(column)
        dialog = ChoiceDialog(f"Import {shown_column(self._table, column)} as", choices, now)
        self.app.push_screen(dialog, partial(self._use, column))

    def _taken(self, field: ImportField, column: int) -> str:
        """The column that the field is imported from now."""
        index = self._list.mapping.columns.get(field)
        return "" if index in {None, column} else f"now {shown_column(self._table, index)}"

    def _use(self, column: int, answer: str | None) -> None:
        if answer is None:
            return
        mapping, before = self._list.mapping, self._list.field_of(column)
        if before is not None:
            mapping = mapping.with_column(before, None)
        self._list.mapping = mapping.with_column(ImportField(answer), column) if answer else mapping
        self._list.refresh()
