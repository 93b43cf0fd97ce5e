"""CSV files of many kinds as tables, and why others cannot be read."""

import codecs
import csv
import io
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.errors import CsvProblem, EncodingUnknown
from walkme_tui.domain.imports import csv_file
from walkme_tui.domain.imports.csv_file import (
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    CsvRow,
    CsvTable,
    read_csv,
)
from walkme_tui.domain.imports.csv_format import DELIMITERS, ENCODINGS, CsvFormat

ANN = "ann@example.com"
BO = "bo@example.com"


def table(columns: str, *rows: tuple[int, str], encoding: str = "utf-8", delimiter: str = ",") -> CsvTable:
    """A table with a header; the columns and the cells are written with ``/`` between them."""
    cells = tuple(CsvRow(line, tuple(row.split("/"))) for line, row in rows)
    return CsvTable(CsvFormat(encoding, delimiter, has_header=True), tuple(columns.split("/")), cells)


ODD_FILES = {
    "Google Sheets: CRLF, no line end at the end": (
        "email,first name,groups\r\nann@example.com,Zoë,Sales; Beta\r\nbo@example.com,,".encode(),
        table("email/first name/groups", (2, f"{ANN}/Zoë/Sales; Beta"), (3, f"{BO}//")),
    ),
    "Excel, CSV UTF-8, German: byte order mark, semicolons": (
        codecs.BOM_UTF8 + 'E-Mail;Vorname;Gruppen\r\nann@example.com;Jörg;"Sales;Beta"\r\n'.encode(),
        table("E-Mail/Vorname/Gruppen", (2, f"{ANN}/Jörg/Sales;Beta"), delimiter=";"),
    ),
    "Excel, Unicode text: UTF-16 with tabs": (
        'E-Mail\tName\r\nann@example.com\t"Weiß, Ann"\r\n'.encode("utf-16"),
        table("E-Mail/Name", (2, f"{ANN}/Weiß, Ann"), encoding="utf-16", delimiter="\t"),
    ),
    "UTF-16, big-endian": (
        codecs.BOM_UTF16_BE + "email;name\nann@example.com;李\n".encode("utf-16-be"),
        table("email/name", (2, f"{ANN}/李"), encoding="utf-16", delimiter=";"),
    ),
    "a first line that names the delimiter": (
        b"sep=;\r\nemail;groups\r\nann@example.com;A,B,C\r\n",
        table("email/groups", (3, f"{ANN}/A,B,C"), delimiter=";"),
    ),
    "a first line that names a delimiter that is not found otherwise, with a byte order mark": (
        codecs.BOM_UTF8 + b'"SEP=^"\nemail^role\nann@example.com^Viewer\n',
        table("email/role", (3, f"{ANN}/Viewer"), delimiter="^"),
    ),
    "a template of Entra ID, which begins with its version": (
        codecs.BOM_UTF8 + b"version:v1.0,,\r\nName,User name [userPrincipalName] Required,\r\nAnn,ann@example.com,\r\n",
        table("Name/User name [userPrincipalName] Required", (3, f"Ann/{ANN}")),
    ),
    "DOS: ^Z at the end": (b"email,role\r\nann@example.com,x\r\n\x1a", table("email/role", (2, f"{ANN}/x"))),
    "old Mac: CR": (
        b"email,role\rann@example.com,Viewer\rbo@example.com,Admin\r",
        table("email/role", (2, f"{ANN}/Viewer"), (3, f"{BO}/Admin")),
    ),
    "different line ends": (
        b"email,role\nann@example.com,Viewer\r\nbo@example.com,Admin\r",
        table("email/role", (2, f"{ANN}/Viewer"), (3, f"{BO}/Admin")),
    ),
    "a column of emails only": (
        b"email\nann@example.com\nbo@example.com\n",
        table("email", (2, ANN), (3, BO)),
    ),
    "empty lines, before the header too, and empty rows of a spreadsheet": (
        b"\n\nemail,role\n\nann@example.com,Viewer\n,\n \t, \nbo@example.com,\n\n,,,\n",
        table("email/role", (5, f"{ANN}/Viewer"), (8, f"{BO}/")),
    ),
    "empty columns at the end": (
        b"email;role;;\r\nann@example.com;Viewer;;\r\nbo@example.com;Admin;\r\n",
        table("email/role", (2, f"{ANN}/Viewer"), (3, f"{BO}/Admin"), delimiter=";"),
    ),
    "empty cells beyond the columns": (
        b"email,role\nann@example.com,Viewer,,,\n",
        table("email/role", (2, f"{ANN}/Viewer")),
    ),
    "a column without a name that is used": (
        b"email,role,\nann@example.com,Viewer\nbo@example.com,Admin,a note\n",
        table("email/role/", (2, f"{ANN}/Viewer/"), (3, f"{BO}/Admin/a note")),
    ),
    "line breaks in quoted cells": (
        b'email,"first\nname"\nann@example.com,"Ann\r\n\r\nLee"\nbo@example.com,Bo\n',
        table("email/first\nname", (3, f"{ANN}/Ann\r\n\r\nLee"), (6, f"{BO}/Bo")),
    ),
    "quotation marks: all quoted, doubled, and inside a plain cell": (
        b'"email","name"\n"ann@example.com","Ann ""Nan"" Lee"\nbo@example.com,Bo "Bobby" Lee\n',
        table("email/name", (2, f'{ANN}/Ann "Nan" Lee'), (3, f'{BO}/Bo "Bobby" Lee')),
    ),
    "blanks after delimiters, before quoted cells": (
        b'email, name, role\nann@example.com, "Smith, Ann", Viewer\n',
        table("email/name/role", (2, f"{ANN}/Smith, Ann/Viewer")),
    ),
    "the same characters inside a quoted cell: blanks are kept": (
        b'email,name,role\nann@example.com,"Ann, ""Nan""", Viewer\n',
        table("email/name/role", (2, f'{ANN}/Ann, "Nan"/ Viewer')),
    ),
    "groups with more semicolons than there are columns": (
        b"email,groups\nann@example.com,A;B;C\nbo@example.com,B;C;D\n",
        table("email/groups", (2, f"{ANN}/A;B;C"), (3, f"{BO}/B;C;D")),
    ),
    "groups with pipes between tabs": (
        b"email\tgroups\nann@example.com\tA|B|C\n",
        table("email/groups", (2, f"{ANN}/A|B|C"), delimiter="\t"),
    ),
    "pipes": (b"email|role\nann@example.com|Viewer\n", table("email/role", (2, f"{ANN}/Viewer"), delimiter="|")),
    "emails in a cell between other delimiters": (
        b"email,managers\nann@example.com,a@b.co;c@d.co;e@f.co\n",
        table("email/managers", (2, f"{ANN}/a@b.co;c@d.co;e@f.co")),
    ),
    "a header without a known name, and semicolons": (
        b"Kennung;Wer\nann;Ann, Lee\n",
        table("Kennung/Wer", (2, "ann/Ann, Lee"), delimiter=";"),
    ),
    "characters that end a line elsewhere": (
        "email,name\nann@example.com,a\x0b\x0c\x1c\x85\u2028\u2029b\n".encode(),
        table("email/name", (2, f"{ANN}/a\x0b\x0c\x1c\x85\u2028\u2029b")),
    ),
    "two columns of the same name": (b"email,email\nann@example.com,x\n", table("email/email", (2, f"{ANN}/x"))),
    "the longest cell": (
        b"email,name\nann@example.com," + b"x" * MAX_CELL + b"\n",
        table("email/name", (2, f"{ANN}/{'x' * MAX_CELL}")),
    ),
    "no header": (
        b"ann@example.com,Ann\nbo@example.com,Bo\n",
        CsvTable(
            CsvFormat("utf-8", ",", has_header=False), ("1", "2"), (CsvRow(1, (ANN, "Ann")), CsvRow(2, (BO, "Bo")))
        ),
    ),
    "no header, with blanks around the emails": (
        b" ann@example.com ; Ann\n",
        CsvTable(CsvFormat("utf-8", ";", has_header=False), ("1", "2"), (CsvRow(1, (f" {ANN} ", " Ann")),)),
    ),
    "one email and nothing else": (
        b"ann@example.com",
        CsvTable(CsvFormat("utf-8", ",", has_header=False), ("1",), (CsvRow(1, (ANN,)),)),
    ),
}


@pytest.mark.parametrize(("data", "expected"), ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_is_read(data: bytes, expected: CsvTable) -> None:
    assert read_csv(data) == expected


LONG = b"x" * (MAX_CELL + 1)
BAD_FILES = {
    "no bytes": (b"", None, "empty"),
    "a byte order mark only": (codecs.BOM_UTF8, None, "empty"),
    "empty rows only": (b"\n,,,\n \n", None, "empty"),
    "a line that names the delimiter only": (b"sep=;\n", None, "empty"),
    "a header only": (b"\nemail,role\n", 2, "a header and no rows"),
    "a null character": (b"email,role\nann@example.com,Viewer\nbo@exam\0ple.com,\n", 3, "null character"),
    "a quoted cell without an end": (b'email,name\nann@example.com,"Ann\nbo@example.com,Bo\n', 2, "has no end"),
    "a quoted cell without an end after line breaks in another one": (
        b'email,name\nann@example.com,"Ann\n\nLee"\nbo@example.com,"Bo\n',
        5,
        "has no end",
    ),
    "a quoted cell without an end that contains doubled quotation marks": (
        b'email,name\nann@example.com,"Ann ""Nan"" Lee\nbo@example.com,Bo\n',
        2,
        "has no end",
    ),
    "a quoted cell without an end after a blank": (b'email, name\nann@example.com, "Lee"\nbo@x.co, "Bo\n', 3, "no end"),
    "a quoted cell without an end in its second line": (
        b'sep=,\nemail,a,b\nann@example.com,"Ann\nLee","Bo\n',
        4,
        "has no end",
    ),
    "a quoted cell closed by the next one": (
        b'email,name\nann@example.com,"Ann\nbo@example.com,"Bo"\n',
        2,
        "text after its last quotation mark, in line 3.",
    ),
    "a quoted cell with text after it": (b'email,name\nann@example.com,"Ann" Lee\n', 2, "text after its last"),
    "a quoted cell without an end that is longer than a cell may be": (
        b'email,name\nann@example.com,"' + b"Ann\n" * MAX_CELL,
        2,
        "has no end",
    ),
    "a row with too few cells": (b"email,first,last\nann@example.com,Ann,Lee\nbo@example.com,Bo\n", 3, "has 2 cells"),
    "a row with too many cells": (
        b"email,name\nann@example.com,Lee, Ann\nbo@example.com,Bo\n",
        2,
        "has 3 cells, but the header has 2",
    ),
    "a row with too many cells, without a header": (
        b"ann@example.com,Ann\nbo@example.com,Bo,Lee\n",
        2,
        "the first row has 2",
    ),
    "a cell that is too long": (b"email,name\n\nann@example.com," + LONG + b"\n", 3, "more than 65 536 characters"),
    "a quoted cell that is too long": (b'email,name\nann@example.com,"' + LONG * 3 + b'"\n', 2, "more than 65 536"),
    "a name of a column that is too long": (LONG + b",email\nx,ann@example.com\n", 1, "more than 65 536"),
    "too many columns": (b"email" + b"," * MAX_COLUMNS + b"\nann@example.com\n", 1, "more than 1 000 cells"),
    "too many columns before a quoted cell without an end": (
        b"email\nann@example.com" + b"," * MAX_COLUMNS + b'"x\n',
        2,
        "more than 1 000 cells",
    ),
    "too many rows": (b"email\n\n" + b"a\n" * (MAX_ROWS + 1), MAX_ROWS + 3, "more than 100 000 rows"),
    "too many bytes": (b"email\n" + b" " * MAX_BYTES, None, "larger than 50 MB"),
    "null characters at the end": (b"email,role\nann@example.com,Viewer\n" + b"\0" * 512, 3, "null character"),
    "an Excel workbook": (b"PK\x03\x04\x14\0\x06\0\x08\0", None, "an Excel workbook"),
    "an older Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "an older Excel workbook"),
    "a PDF document": (b"%PDF-1.7\n%\xe2\xe3", None, "a PDF document"),
    "an RTF document": (b"{\\rtf1\\ansi email,role}", None, "an RTF document"),
    "a compressed file": (b"\x1f\x8b\x08\0\0", None, "compressed"),
    "UTF-16 that is cut short": ("email\nann@example.com\n".encode("utf-16")[:-1], 2, "is not UTF-16"),
    "UTF-16 with half a character": (
        codecs.BOM_UTF16_LE + "email,name\nann@example.com,".encode("utf-16-le") + b"\x00\xd8\x41\0",
        2,
        "is not UTF-16",
    ),
    "damaged UTF-8 after a byte order mark": (codecs.BOM_UTF8 + b"email\nann\xff@example.com\n", 2, "is not UTF-8"),
}


@pytest.mark.parametrize(("data", "line", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_its_line(data: bytes, line: int | None, reason: str) -> None:
    with pytest.raises(CsvProblem) as caught:
        read_csv(data)
    problem = caught.value
    assert not isinstance(problem, EncodingUnknown)
    assert reason in problem.message
    assert problem.line == line
    assert problem.message.startswith("Line ") is (line is not None)


def test_a_file_with_too_many_empty_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "MAX_LINES", 100)
    assert read_csv(b"email\nann@example.com\n" + b"\n" * 97).rows == (CsvRow(2, (ANN,)),)
    with pytest.raises(CsvProblem, match="more than 100 lines"):
        read_csv(b"email\nann@example.com\n" + b"\n" * 99)


UNKNOWN_ENCODINGS = {
    "Excel for Windows, CSV": ("email;name\r\nann@example.com;Zoë\r\n".encode("cp1252"), 2),
    "older Mac": ("email,name\rbo@example.com,Bo\rann@example.com,Zoë\r".encode("mac_roman"), 3),
    "Japanese, Windows": ("メール,名\nann@example.com,李\n".encode("cp932"), 1),
    "UTF-16, little-endian, without a byte order mark": ("email,name\nann@example.com,Zoë\n".encode("utf-16-le"), None),
    "UTF-16, big-endian, without a byte order mark": ("email\nann@example.com\n".encode("utf-16-be"), None),
    "UTF-8 with half a character": (b"email,name\nann@example.com,\xed\xa0\x80\n", 2),
}


@pytest.mark.parametrize(("data", "line"), UNKNOWN_ENCODINGS.values(), ids=UNKNOWN_ENCODINGS)
def test_an_unknown_encoding_is_not_guessed(data: bytes, line: int | None) -> None:
    with pytest.raises(EncodingUnknown) as caught:
        read_csv(data)
    assert caught.value.line == line


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_recognized_but_not_guessed(encoding: str) -> None:
    with pytest.raises(EncodingUnknown, match=f"probably {encoding}"):
        read_csv("email,name\nann@example.com,Zoë\n".encode(encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_is_read_in_each_encoding_that_is_offered(encoding: str) -> None:
    data = "email;name\r\nann@example.com;Ann\r\n".encode(encoding)
    assert read_csv(data, encoding=encoding).rows == (CsvRow(2, (ANN, "Ann")),)


def test_a_given_encoding_is_used() -> None:
    data = "email;name\nann@example.com;Zoë\n".encode("cp1252")
    assert read_csv(data, encoding="Windows-1252") == table(
        "email/name", (2, f"{ANN}/Zoë"), encoding="cp1252", delimiter=";"
    )


@pytest.mark.parametrize(
    ("data", "encoding", "line", "reason"),
    [
        (b"email\n", "latin-99", None, "There is no encoding latin-99."),
        (b"email\n", "\0", None, "There is no encoding"),
        (b"email\n", "rot13", None, "no encoding of text"),
        (b"email\n", "undefined", None, "no encoding of text"),
        (b"email\nann@example.com\n\x81\n", "cp1252", 3, "is not CP1252"),
        ("email\nzoë@example.com".encode("utf-8-sig"), "cp1252", None, "byte order mark of UTF-8"),
        ("email\nzoë@example.com".encode("utf-16"), "utf-8", None, "byte order mark of UTF-16"),
        (b"email\nann@example.com\0\n", "utf-8", 2, "null character"),
    ],
)
def test_a_given_encoding_that_does_not_fit_is_refused(
    data: bytes, encoding: str, line: int | None, reason: str
) -> None:
    with pytest.raises(CsvProblem, match=reason) as caught:
        read_csv(data, encoding=encoding)
    assert caught.value.line == line


def test_delimiter_and_header_can_be_given() -> None:
    data = b"ann@example.com,Ann;Lee\nbo@example.com,Bo;Lee\n"
    found = read_csv(data, delimiter=";", header=True)
    assert found == table("ann@example.com,Ann/Lee", (2, "bo@example.com,Bo/Lee"), delimiter=";")
    assert read_csv(b"email\nann@example.com\n", header=False).rows == (CsvRow(1, ("email",)), CsvRow(2, (ANN,)))


def test_blanks_as_delimiters() -> None:
    found = read_csv(b'email  role\nann@example.com  "a b"\n', delimiter=" ")
    assert found == table("email//role", (2, f"{ANN}//a b"), delimiter=" ")


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r", "\0"])
def test_a_delimiter_is_one_character_that_can_be_one(delimiter: str) -> None:
    with pytest.raises(CsvProblem, match="no delimiter"):
        read_csv(b"email\nann@example.com\n", delimiter=delimiter)


def test_all_ragged_rows_are_counted_and_the_first_ones_named() -> None:
    data = b"email,role\n" + b"ann@example.com\n" * 8
    with pytest.raises(CsvProblem) as caught:
        read_csv(data)
    assert caught.value.message == (
        "Line 2: the row has 1 cell, but the header has 2: there is none for role. "
        "7 more rows differ: lines 3, 4, 5, 6, 7, …."
    )


def test_the_first_columns_without_a_cell_in_a_short_row_are_named() -> None:
    header = ",".join(["email", "", *(f"\x1b{number}" for number in range(9))])
    with pytest.raises(CsvProblem, match=r"there is none for column 2, ␛0, ␛1, ␛2, ␛3, …\."):
        read_csv(f"{header}\nann@example.com\n".encode())


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ("ann@example.com\n", "Excel leaves delimiters out"),
        ('"ann@example.com,""Sales;Beta"""\n', "read with another delimiter"),
        ("ann@example.com,Sales,Beta\n", "Put a cell that contains the delimiter into quotation marks."),
    ],
)
def test_the_usual_cause_of_a_ragged_row_is_named(rows: str, hint: str) -> None:
    with pytest.raises(CsvProblem) as caught:
        read_csv(f"email,groups\n{rows}".encode())
    assert hint in caught.value.hint


def test_a_title_above_the_header_is_named_as_the_cause() -> None:
    with pytest.raises(CsvProblem) as caught:
        read_csv(b"People of 2026\n\nemail,role\nann@example.com,Viewer\n")
    assert caught.value.message.endswith("but the header has 1. 1 more row differs: line 4.")
    assert caught.value.hint == "If the first line is a title, remove it."


# ---------------------------------------------------------------- what is written is read back

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")
CELLS = st.text(CHARACTERS, max_size=8) | st.text('",;| \t\r\nab', max_size=8)
FILLED = CELLS.filter(lambda cell: bool(cell.strip()) and not cell.lower().startswith("sep="))


def rows_of(width: int) -> st.SearchStrategy[list[list[str]]]:
    """Rows of one width with a first cell that is not blank, the header first."""
    row = st.tuples(FILLED, *[CELLS] * (width - 1)).map(list)
    return st.tuples(st.lists(FILLED, min_size=width, max_size=width), st.lists(row, min_size=1, max_size=5)).map(
        lambda found: [found[0], *found[1]]
    )


@given(
    rows=st.integers(1, 4).flatmap(rows_of),
    delimiter=st.sampled_from(",;\t|:^ "),
    line_end=st.sampled_from(["\r\n", "\n", "\r"]),
    all_quoted=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_is_read_as_it_was_written(
    rows: list[list[str]], delimiter: str, line_end: str, all_quoted: bool, encoding: str
) -> None:
    # Some versions of the csv module do not quote the other line end.
    line_breaks = any(sign in cell for row in rows for cell in row for sign in "\r\n")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted or line_breaks else csv.QUOTE_MINIMAL
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    found = read_csv(stream.getvalue().encode(encoding), delimiter=delimiter, header=True)
    assert [list(found.columns), *[list(row.cells) for row in found.rows]] == rows


@example(rows=[(";", ";")], delimiter="\t", named=False)
@given(
    rows=st.lists(st.tuples(*[st.text("abc ,;|\t\"'-", max_size=12)] * 2), min_size=1, max_size=30),
    delimiter=st.sampled_from([*DELIMITERS.values()]),
    named=st.booleans(),
)
def test_the_delimiter_and_the_header_are_found(rows: list[tuple[str, str]], delimiter: str, named: bool) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    if named:
        writer.writerow(["First name", "E-mail", "Groups"])
    writer.writerows([name, f"user{number}@example.com", groups] for number, (name, groups) in enumerate(rows))
    found = read_csv(stream.getvalue().encode())
    assert found.format == CsvFormat("utf-8", delimiter, has_header=named)
    assert [(row.cells[0], row.cells[2]) for row in found.rows] == rows


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_problem(data: bytes) -> None:
    try:
        found = read_csv(data, encoding="latin-1")
    except CsvProblem:
        return
    assert all(len(row.cells) == len(found.columns) for row in found.rows)
