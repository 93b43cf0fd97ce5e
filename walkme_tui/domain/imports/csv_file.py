"""CSV files as tables of texts, with the line of every row."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.errors import CsvProblem
from walkme_tui.domain.imports.csv_format import (
    CsvFormat,
    CsvText,
    decoded_file,
    found_delimiter,
    is_header,
    line_number,
    lines,
    skips_blanks,
)
from walkme_tui.domain.table_cells import is_delimiter
from walkme_tui.domain.text import clean, first_named, spaced

MAX_BYTES: Final = 50_000_000
MAX_ROWS: Final = 100_000
MAX_CELL: Final = 65_536
"""Characters of a cell."""
MAX_COLUMNS: Final = 1_000
MAX_LINES: Final = 2_000_000
"""With those of rows that are empty: a spreadsheet may write a million of them."""

_MAX_NAMED: Final = 5
_MAX_COLUMN: Final = 60
_BLANKS: Final = re.compile(" *")


class CsvRow(NamedTuple):
    """One row with the line, from 1, in which it begins; ``cells`` are exactly those of the file."""

    line: int
    cells: tuple[str, ...]


class CsvTable(NamedTuple):
    """A file as rows with as many cells as there are ``columns``.

    ``columns`` are the cells of the header, or numbers from 1 where the file has none. Empty rows are left out, as are
    empty columns without a name at the end.
    """

    format: CsvFormat
    columns: tuple[str, ...]
    rows: tuple[CsvRow, ...]


def read_csv(
    data: bytes, *, encoding: str | None = None, delimiter: str | None = None, header: bool | None = None
) -> CsvTable:
    """The table in the contents of a CSV file; what is not given is found from the contents.

    Raises ``EncodingUnknown`` where the encoding must be given, and ``CsvProblem`` with the line.
    """
    if len(data) > MAX_BYTES:
        raise too_large()
    file = decoded_file(data, encoding)
    if delimiter is None:
        delimiter = found_delimiter(file)
    elif not is_delimiter(delimiter):
        raise CsvProblem(f"{clean(delimiter, 40) or 'An empty text'} is no delimiter.", hint="Give one character.")
    records = list(_records(file, delimiter))
    if not records:
        raise CsvProblem("The file is empty.")
    has_header = is_header(records[0].cells) if header is None else header
    rows = records[1:] if has_header else records
    if not rows:
        raise CsvProblem("the file has a header and no rows.", line=records[0].line)
    if len(rows) > MAX_ROWS:
        raise CsvProblem(
            f"the file has more than {spaced(MAX_ROWS)} rows.",
            line=rows[MAX_ROWS].line,
            hint="Split it into several files.",
        )
    return _rectangle(CsvFormat(file.encoding, delimiter, has_header), records[0].cells, rows)


def too_large() -> CsvProblem:
    """The error for a file of more than ``MAX_BYTES``."""
    return CsvProblem(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", hint="Split it into several files.")


# ---------------------------------------------------------------- records


def _records(file: CsvText, delimiter: str) -> Iterator[CsvRow]:
    """The records with their lines, without those that have only blank cells."""
    first = 2 if file.begin else 1
    reader = csv.reader(
        lines(file.text, file.begin),
        delimiter=delimiter,
        skipinitialspace=skips_blanks(file.text, delimiter),
        strict=True,
    )
    line = first
    # Most cells are in many rows: each text is kept once.
    texts: dict[str, str] = {}
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise _many_cells(line)
            if any(len(cell) > MAX_CELL for cell in cells):
                raise _long_cell(line)
            if _filled(cells):
                yield CsvRow(line, tuple(map(texts.setdefault, cells, cells)))
            line = first + reader.line_num
            if line > MAX_LINES:
                raise CsvProblem(f"The file has more than {spaced(MAX_LINES)} lines.", hint="Remove the empty ones.")
    except csv.Error:
        raise _unreadable(file, delimiter, line, first) from None


def _long_cell(line: int) -> CsvProblem:
    return CsvProblem(
        f"a cell has more than {spaced(MAX_CELL)} characters.",
        line=line,
        hint="If it should have fewer, a quotation mark is missing at its end.",
    )


def _many_cells(line: int) -> CsvProblem:
    return CsvProblem(f"the row has more than {spaced(MAX_COLUMNS)} cells.", line=line)


def _unreadable(file: CsvText, delimiter: str, line: int, first: int) -> CsvProblem:
    """Why the record that begins in a line cannot be read: a quoted cell without an end, or with text after it."""
    text, at = file.text, file.begin
    for _ in range(line - first):
        at += len(next(lines(text, at)))
    plain = re.compile(f"[^{re.escape(delimiter)}\r\n]*")

    def line_of(place: int) -> int:
        return line_number(text[file.begin : place]) + first - 1

    for _ in range(MAX_COLUMNS):
        begin = _end(_BLANKS, text, at)
        end = _end_of_quoted(text, begin) if text.startswith('"', begin) else _end(plain, text, begin)
        if end > len(text):
            return CsvProblem(
                "a quotation mark begins a cell that has no end.",
                line=line_of(begin),
                hint="Put a quotation mark at the end of the cell. One inside the cell is written twice.",
            )
        if end - begin > MAX_CELL:
            return _long_cell(line_of(begin))
        if _end(plain, text, end) > end:
            opened, closed = line_of(begin), line_of(end)
            where = "" if closed == opened else f", in line {closed}"
            return CsvProblem(
                f"a quoted cell has text after its last quotation mark{where}.",
                line=opened,
                hint="Write a quotation mark inside a cell twice, and close the cell of this row that is still open.",
            )
        at = end + 1
    return _many_cells(line)


def _end(run: re.Pattern[str], text: str, at: int) -> int:
    """The place after the characters that match from a place on."""
    found = run.match(text, at)
    return found.end() if found else at


def _end_of_quoted(text: str, at: int) -> int:
    """The place after the closing mark of a quoted cell; beyond the end of the text where there is none."""
    closing = text.find('"', at + 1)
    while closing >= 0 and text.startswith('"', closing + 1):
        closing = text.find('"', closing + 2)
    return closing + 1 if closing >= 0 else len(text) + 1


# ---------------------------------------------------------------- columns


def _rectangle(found: CsvFormat, first: Sequence[str], rows: Sequence[CsvRow]) -> CsvTable:
    """The columns, and the rows with a cell for each of them; ``first`` is the first row, or the header.

    Spreadsheets write empty columns and cells at the end; they are left out, or added where a column has no name.
    """
    named = _filled(first) if found.has_header else len(first)
    used = max(_filled(row.cells) for row in rows)
    ragged = [row for row in rows if len(row.cells) < named or _filled(row.cells) > len(first)]
    if ragged:
        raise _ragged(found, ragged, first[:named])
    width = max(named, used)
    columns = (*first, *[""] * width)[:width] if found.has_header else map(str, range(1, width + 1))
    filled = (row if len(row.cells) == width else CsvRow(row.line, (*row.cells, *[""] * width)[:width]) for row in rows)
    return CsvTable(found, tuple(columns), tuple(filled))


def _filled(cells: Sequence[str]) -> int:
    """The number of cells up to the last one that is not blank."""
    for index in range(len(cells), 0, -1):
        cell = cells[index - 1]
        if cell and not cell.isspace():
            return index
    return 0


def _ragged(found: CsvFormat, rows: Sequence[CsvRow], first: Sequence[str]) -> CsvProblem:
    """The error for rows with another number of cells than ``first``, the header or the first row."""
    row, expected = rows[0], len(first)
    named = first_named([str(other.line) for other in rows[1:]], _MAX_NAMED)
    others = "1 more row differs: line" if len(rows) == 2 else f"{spaced(len(rows) - 1)} more rows differ: lines"
    also = f" {others} {named}." if named else ""
    count, missing = len(row.cells), ""
    if count == 1 and found.delimiter in row.cells[0]:
        hint = "The whole row is one quoted cell, as a spreadsheet writes what it read with another delimiter."
    elif count < expected:
        if found.has_header:
            left = list(enumerate(first, 1))[count:]
            columns = [clean(name.strip(), _MAX_COLUMN) or f"column {number}" for number, name in left]
            missing = f": there is none for {first_named(columns, _MAX_NAMED)}"
        hint = (
            "Excel leaves delimiters out where the last columns of many rows are empty: move a column to the end that "
            "is filled in every row, such as the email."
        )
    elif expected == 1 and found.has_header:
        hint = "If the first line is a title, remove it."
    else:
        hint = "Put a cell that contains the delimiter into quotation marks."
    return CsvProblem(
        f"the row has {count} {'cell' if count == 1 else 'cells'}, but the "
        f"{'header' if found.has_header else 'first row'} has {expected}{missing}.{also}",
        line=row.line,
        hint=hint,
    )
