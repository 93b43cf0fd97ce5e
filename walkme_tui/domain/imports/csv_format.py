"""How a CSV file is written, found from its contents: the encoding, the delimiter, and whether it has a header."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from walkme_tui.domain.errors import CsvProblem, EncodingUnknown
from walkme_tui.domain.imports.import_fields import field_named
from walkme_tui.domain.text import clean

ENCODINGS: Final[Mapping[str, str]] = {
    "utf-8": "UTF-8",
    "cp1252": "Western Europe, Windows",
    "cp1250": "Central Europe, Windows",
    "cp1251": "Cyrillic, Windows",
    "cp1253": "Greek, Windows",
    "cp1254": "Turkish, Windows",
    "cp1255": "Hebrew, Windows",
    "cp1256": "Arabic, Windows",
    "cp1257": "Baltic, Windows",
    "iso8859-15": "Western Europe, ISO 8859-15",
    "mac_roman": "Western Europe, older Macs",
    "cp850": "Western Europe, DOS",
    "cp932": "Japanese, Windows",
    "gb18030": "Chinese, simplified",
    "big5": "Chinese, traditional",
    "cp949": "Korean, Windows",
    "utf-16-le": "UTF-16 without a byte order mark, little-endian",
    "utf-16-be": "UTF-16 without a byte order mark, big-endian",
}
"""Encodings to offer, with their labels; every other one that Python knows can be given, too."""

DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""The delimiters that are found, by their names; every other character can be given, too."""

_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHER_FILES: Final = {
    b"PK\x03\x04": "an Excel workbook, or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an older Excel workbook, or another Office document",
    b"%PDF": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "compressed with gzip",
}
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_LINE_END: Final = re.compile(r"\r\n?|\n")
# Excel reads the delimiter from a first line sep=; and the templates of Entra ID begin with their version.
_FIRST_LINE: Final = re.compile(r'(?:"?sep=([^\r\n"])"?|version:v[0-9.]+[,;\t]*)(?:\r\n?|\n|\Z)', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"')
_EMAIL: Final = re.compile(r"""[^\s@,;|"]+@[^\s@,;|"]+\.[^\s@,;|"]+""")
SAMPLED: Final = 20
"""Rows from which the delimiter and the columns are found."""
_SAMPLED_CHARACTERS: Final = 200_000
_LONGEST_EMAIL: Final = 320


class CsvFormat(NamedTuple):
    """How a file is written; ``delimiter`` is one character."""

    encoding: str
    delimiter: str
    has_header: bool


class CsvText(NamedTuple):
    """The characters of a file without a byte order mark, and what is known of its format.

    ``begin`` is the place at which the records begin: after a first line that is none of them, such as ``sep=;``, whose
    delimiter is ``separator``.
    """

    text: str
    encoding: str
    begin: int = 0
    separator: str = ""


# ---------------------------------------------------------------- encoding


def decoded_file(data: bytes, encoding: str | None) -> CsvText:
    """The text of a file, with this encoding, else by its byte order mark, else as UTF-8.

    Raises ``EncodingUnknown`` where the bytes do not show the encoding, and ``CsvProblem``.
    """
    for beginning, kind in _OTHER_FILES.items():
        if data.startswith(beginning):
            raise CsvProblem(f"This is no CSV file: it is {kind}.", hint="Save it as CSV, best as “CSV UTF-8”.")
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and marked is None and (order := _utf16_order(data)):
        raise EncodingUnknown(
            "The file seems to be UTF-16, but has no byte order mark.", hint=f"Give its encoding: probably {order}."
        )
    name = marked or "utf-8" if encoding is None else _known_encoding(encoding, marked)
    try:
        # With a byte order mark utf-16 finds the order of the bytes; programs for DOS end a file with ^Z.
        text = data.decode(name).removeprefix("\ufeff").removesuffix("\x1a")
    except UnicodeDecodeError as error:
        raise _not_decoded(data, error, name, is_known=bool(encoding or marked)) from None
    except (LookupError, ValueError):
        raise CsvProblem(f"{clean(name, 40)} is no encoding of text.") from None
    if "\0" in text:
        raise CsvProblem(
            "it contains a null character.",
            line=line_number(text[: text.index("\0")]),
            hint="The file is damaged, or no CSV file, or has another encoding.",
        )
    first = _FIRST_LINE.match(text)
    return CsvText(text, name, first.end(), first[1] or "") if first else CsvText(text, name)


def _known_encoding(encoding: str, marked: str | None) -> str:
    """The name of a given encoding, which must fit the byte order mark."""
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        named = ", ".join(list(ENCODINGS)[:6])
        raise CsvProblem(f"There is no encoding {clean(encoding, 40)}.", hint=f"For example: {named}.") from None
    if marked is not None and not name.startswith(marked):
        raise CsvProblem(
            f"The file begins with the byte order mark of {marked.upper()}, so it is not {name}.",
            hint="Leave the encoding out: it is found.",
        )
    return marked or name


def _not_decoded(data: bytes, error: UnicodeDecodeError, name: str, *, is_known: bool) -> CsvProblem:
    line = line_number(data[: error.start].decode(name, "replace"))
    byte = f"the byte {data[error.start]:02X} (hexadecimal) is not {name.upper()}"
    if is_known:
        return CsvProblem(f"{byte}.", line=line, hint="The file is damaged or has another encoding.")
    return EncodingUnknown(
        f"{byte}, and the file has no byte order mark of UTF-16.",
        line=line,
        hint="Give its encoding: Excel for Windows often writes cp1252 in Western Europe. Or save it as “CSV UTF-8”.",
    )


def _utf16_order(data: bytes) -> str:
    """The encoding of a file that seems to be UTF-16, since every other byte of Western text is zero; else empty."""
    evenly, oddly = data[::2].count(0), data[1::2].count(0)
    if abs(evenly - oddly) * 4 <= len(data):
        return ""
    return "utf-16-be" if evenly > oddly else "utf-16-le"


# ---------------------------------------------------------------- lines and records


def line_number(before: str) -> int:
    """The line, from 1, in which the character after this text stands."""
    return len(_LINE_END.findall(before)) + 1


def lines(text: str, begin: int = 0) -> Iterator[str]:
    """The lines of a text with their ends, from a place on; only CR, LF and CRLF end a line."""
    return (found[0] for found in _LINE.finditer(text, begin))


def skips_blanks(text: str, delimiter: str) -> bool:
    """True for a file with blanks between delimiters and quoted cells, as in ``ann@example.com, "Smith, Ann"``."""
    before_quote = f'{delimiter} "'
    # A quoted cell may contain the same characters.
    return delimiter != " " and before_quote in text and before_quote in _QUOTED.sub('""', text)


# ---------------------------------------------------------------- delimiter and header


def found_delimiter(file: CsvText) -> str:
    """The delimiter with which the first row has most known names; then: the rows have most emails, or equal widths."""
    if file.separator:
        return file.separator
    return max(DELIMITERS.values(), key=lambda delimiter: _fit(_sample(file, delimiter)))


def _sample(file: CsvText, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    text = file.text[file.begin : file.begin + _SAMPLED_CHARACTERS]
    try:
        for record in islice(csv.reader(lines(text), delimiter=delimiter), SAMPLED):
            if record:
                records.append(record)  # noqa: PERF401 - the records before an error are kept
    except csv.Error:
        pass
    return records


def _fit(records: Sequence[Sequence[str]]) -> tuple[int, int, int, int]:
    first = records[0] if records else ()
    names = sum(field_named(cell) is not None for cell in first)
    emails = sum(is_email(cell) for record in records for cell in record)
    equal = sum(len(record) == len(first) for record in records) if len(first) > 1 else 0
    return names, emails, equal, len(first)


def is_header(cells: Sequence[str]) -> bool:
    """True unless one of the cells of the first row is an email."""
    return not any(is_email(cell) for cell in cells)


def is_email(cell: str) -> bool:
    """True for a cell that contains an email and nothing else."""
    return len(cell) <= _LONGEST_EMAIL and _EMAIL.fullmatch(cell.strip(" ")) is not None
