"""The settings of an import in styled lines, and how many of its rows become what."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from walkme_tui.domain.imports.columns import shown_column
from walkme_tui.domain.imports.csv_format import DELIMITERS
from walkme_tui.domain.imports.import_fields import ImportField, folded_name
from walkme_tui.domain.imports.source import OnConflict
from walkme_tui.domain.text import clean, first_named
from walkme_tui.ui.change_words import group_words
from walkme_tui.ui.import_reading import ImportReading
from walkme_tui.ui.widgets.import_outcomes import PLANNED
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle
from walkme_tui.ui.words import cut, number

MAX_NAMED: Final = 20
LEFT_CELLS: Final = 34
COLUMNS_FROM: Final = 68
"""In so many cells the settings are below each other, in fewer they follow each other."""
POLICIES: Final = {
    OnConflict.SKIP: "skip the row",
    OnConflict.UPDATE: "update the user",
    OnConflict.FAIL: "the row fails",
}


def settings_lines(reading: ImportReading, width: int) -> Sequence[StyledText]:
    """The settings in lines of ``width`` cells, each setting with the key that changes it."""
    draft, table = reading.draft, reading.table
    encoding, delimiter, header = draft.encoding or "?", draft.delimiter, draft.header
    if table is not None:
        encoding, delimiter, header = table.format
    names = {sign: name for name, sign in DELIMITERS.items()}
    groups = ", ".join(group_words(group.label) for group in draft.groups)
    left, middle = (LEFT_CELLS, width // 3) if width >= COLUMNS_FROM else (0, 0)
    return (
        [
            *_setting("e", "encoding", clean(encoding, 20).upper(), left),
            *_setting("d", "delimiter", names.get(delimiter or "", clean(delimiter or "?", 4)), middle),
            *_setting("h", "header", {None: "?", True: "yes", False: "no"}[header]),
        ],
        _setting("c", "columns", columns_text(reading)),
        [
            *_setting("u", "user exists", POLICIES[draft.on_conflict], left),
            *_setting("a", "groups for all", cut(groups or "none", max(8, width - left - 18))),
        ],
    )


def _setting(key: str, label: str, value: str, width: int = 0) -> list[StyledSpan]:
    used = cell_len(f"{key} {label} {value}")
    return [
        (key, TextStyle.ACCENT),
        (f" {label} ", TextStyle.DIM),
        (value + " " * max(2, width - used), TextStyle.PLAIN),
    ]


def columns_text(reading: ImportReading) -> str:
    """The fields that are imported, each with its column where that has another name, and the columns that are not."""
    table, mapping = reading.table, reading.mapping
    if table is None or mapping is None:
        return "?"
    named = []
    for field in ImportField:
        if (index := mapping.columns.get(field)) is not None:
            column = shown_column(table, index)
            is_same = folded_name(column) == folded_name(field.label)
            named.append(field.label if is_same else f"{field.label} = {column}")
    text = ", ".join(named) or "none"
    others = [shown_column(table, index) for index in mapping.not_imported(table)]
    return f"{text}; not imported: {first_named(others, MAX_NAMED)}" if others else text


def counts_text(reading: ImportReading) -> StyledText:
    """``412 rows: 300 create, 80 update, 12 fail``; outcomes without a row are left out."""
    total = len(reading.table.rows) if reading.table is not None else 0
    if not total:
        return ()
    counts = reading.counts
    pieces: list[StyledSpan] = [(f"{number(total)} {'row' if total == 1 else 'rows'}", TextStyle.PLAIN)]
    for outcome, (word, style) in PLANNED.items():
        if counts[outcome]:
            pieces += [(", " if len(pieces) > 1 else ": ", TextStyle.DIM), (f"{number(counts[outcome])} {word}", style)]
    if counts[None]:
        pieces += [(", " if len(pieces) > 1 else ": ", TextStyle.DIM)]
        pieces.append((f"{number(counts[None])} not known yet", TextStyle.WARN))
    return pieces
