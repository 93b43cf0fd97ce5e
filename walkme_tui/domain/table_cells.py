"""Texts as cells of CSV files that a spreadsheet shows without evaluating them, back without loss, and rows of cells.

``decoded(safe(text)) == text`` and ``parsed_groups(groups_cell(names)) == names`` hold for every text and all names.
"""

import re
from collections.abc import Iterable
from typing import Final

GROUP_SEPARATOR: Final = ";"

BYTE_ORDER_MARK: Final = "\ufeff"
"""At the start of a file, it lets a spreadsheet read the file as UTF-8."""

_ESCAPE: Final = "\u2410"  # the picture of DLE, which no text needs: four hexadecimal digits follow
_HIDDEN: Final = re.compile(r"[\0-\x1f\x7f-\x9f\u2400-\u2421\ud800-\udfff]")
_SHOWN: Final = re.compile(_ESCAPE + r"([0-9A-F]{4})|[\u2400-\u240f\u2411-\u2421]")

# A cell that begins so is a formula for a spreadsheet, also after quotes. Full-width signs count in East Asian
# settings. Where ; separates cells, as in most of Europe, a formula may begin after every ; of a cell.
_FORMULA: Final = r"""["']*[=+\-@\u2409\u240d\uff1d\uff0b\uff0d\uff20]"""
_FORMULA_START: Final = re.compile(rf"(^|;)(?={_FORMULA})")
# Nearly every cell, which needs nothing.
_USUAL: Final = re.compile(r"(?:[ A-Za-z0-9][ -:<-~]*)?")
_FORMULA_AFTER_COMMA: Final = re.compile(rf",{_FORMULA}")
_MARKED_START: Final = re.compile(rf"(^|;)'(?={_FORMULA})")


class UnreadableGroups(ValueError):
    """A name in a cell with names of groups begins with a quotation mark that is not closed at its end."""


def safe(cell: str) -> str:
    """The cell with an apostrophe before every formula and all control characters visible; UTF-8 can encode it.

    Control characters become their pictures (newline ``␊``); those without one, lone surrogates, and the pictures
    themselves become ``␐`` and their number.
    """
    if _USUAL.fullmatch(cell):
        return cell
    return _FORMULA_START.sub(r"\1'", _HIDDEN.sub(_shown, cell))


def decoded(cell: str) -> str:
    """The text of which ``safe`` made this cell."""
    if "'" in cell:
        cell = _MARKED_START.sub(r"\1", cell)
    return cell if cell.isascii() else _SHOWN.sub(_hidden, cell)


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20 and code != 0x10:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"{_ESCAPE}{code:04X}"


def _hidden(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    code = ord(found[0])
    return "\x7f" if code == 0x2421 else chr(code - 0x2400)


def has_formula_after_comma(text: str) -> bool:
    """True for the text of a CSV file in which a formula begins after a comma."""
    return _FORMULA_AFTER_COMMA.search(text) is not None


def is_delimiter(text: str) -> bool:
    """True for one character that can separate cells."""
    return len(text) == 1 and text not in '"\r\n\0'


def csv_line(cells: Iterable[str], *, raw: bool = False, delimiter: str = ",") -> str:
    """A row of a CSV file with a newline at its end; the cells are ``safe``, or the exact texts if ``raw``."""
    import csv

    # The line end of the csv module: only with CR LF does it quote a cell that contains a CR (Python before 3.13).
    row: str = csv.writer(_Rows(), delimiter=delimiter).writerow(cells if raw else map(safe, cells))
    return row.removesuffix("\r\n") + "\n"


class _Rows:
    """A file whose ``write`` returns the text, and with it ``writerow`` of the csv module."""

    def write(self, row: str) -> str:
        """The row."""
        return row


# ---------------------------------------------------------------- several groups in one cell

# A quoted name up to a separator or the end, else all up to a separator.
_NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*(?=[;|]|\Z)|([^;|]*))')


def groups_cell(names: Iterable[str]) -> str:
    """Names of groups joined by ``;``; one that could be misread is in quotation marks, its own ones doubled."""
    return GROUP_SEPARATOR.join(_quoted(name) if _needs_quotes(name) else name for name in names)


def parsed_groups(cell: str) -> tuple[str, ...]:
    """The names or ids in a cell, separated by ``;`` or ``|``, without blanks around them and without empty ones.

    A quoted name is returned as it is. Raises ``UnreadableGroups`` with a short sentence.
    """
    names: list[str] = []
    at = 0
    while at <= len(cell):
        found = _NAME.match(cell, at)
        assert found is not None  # noqa: S101 - it matches the empty text, too
        if found[1] is not None:
            names.append(found[1].replace('""', '"'))
        elif found[2].startswith('"'):
            raise UnreadableGroups("A name of a group begins with a quotation mark that is not closed at its end.")
        elif name := found[2].strip():
            names.append(name)
        at = found.end() + 1
    return tuple(names)


def _needs_quotes(name: str) -> bool:
    return not name or name != name.strip() or any(sign in name for sign in ';|"')


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
