"""``walkme-tui import``: create and update users from a CSV file."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from walkme_tui.cli.account_read import read_account
from walkme_tui.cli.change_request import ChangeRequest, opens_browser, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.filter_query import state_file_of
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.output.progress import ProgressLine
from walkme_tui.cli.session_run import with_session
from walkme_tui.cli.subjects import named_groups
from walkme_tui.domain.errors import ConfigurationError, CsvProblem, EncodingUnknown, MirrorUnavailable, NoEmailColumn
from walkme_tui.domain.imports.columns import (
    ColumnMapping,
    column_index,
    guessed,
    remembered,
    shown_column,
    signature,
)
from walkme_tui.domain.imports.csv_file import CsvTable, read_csv
from walkme_tui.domain.imports.csv_format import DELIMITERS, ENCODINGS
from walkme_tui.domain.imports.import_fields import ImportField, field_named
from walkme_tui.domain.imports.source import OnConflict
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, spaced
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.imports.file_contents import file_contents
from walkme_tui.services.imports.planner import FEW, ImportPlanner, ImportRequest
from walkme_tui.services.ports import Session

PAGE: Final = 1_000
"""Users that one request reads when the whole account is read."""


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the import of a file; it is read and its columns are found before any request."""
    context = Context.of(options)
    path, data = file_contents(str(options.file))
    table = _table(path, data, options)
    del data
    mapping, note = _mapping(table, options.columns, context)
    in_browser = opens_browser(context, options)
    if note or not in_browser:
        _print_columns(table, mapping, note)

    request = ImportRequest(path.name, table, mapping, OnConflict(options.on_conflict))

    async def make(session: Session, _: ChangeServices) -> Plan:
        groups = await named_groups(session, options.group)
        planner, wanted = ImportPlanner(session), replace(request, groups=tuple(groups))
        return await (planner.plan(wanted) if in_browser else _plan(session, planner, wanted))

    if in_browser and len(table.rows) > FEW:
        # The browser shows no progress while it looks up thousands of rows.
        with_session(context, lambda session: _read_account(session, ImportPlanner(session), request))
    change = ChangeRequest(f"Import {clean(path.name, MAX_NAME)}", make)
    return run_change(context, change, options)


# ---------------------------------------------------------------- the file


def _table(path: Path, data: bytes, options: argparse.Namespace) -> CsvTable:
    """The table in the file; on a terminal an unknown encoding is asked for."""
    delimiter = DELIMITERS.get(options.delimiter, options.delimiter)
    encoding = options.encoding
    while True:
        try:
            return read_csv(data, encoding=encoding, delimiter=delimiter, header=options.header)
        except EncodingUnknown as error:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise _in_file(path, error, f"{error.hint}\nThe option is --encoding.") from None
            encoding = _asked_encoding(error)
        except CsvProblem as error:
            raise _in_file(path, error, error.hint) from None


def _in_file(path: Path, error: CsvProblem, hint: str) -> ConfigurationError:
    return ConfigurationError(f"{clean(str(path), MAX_NAME)}: {error.message}", hint=hint)


def _asked_encoding(error: EncodingUnknown) -> str:
    """The encoding that the user types; raises ``ConfigurationError`` for none."""
    print_message(error.message, error.hint)
    offered = "".join(f"  {name:<12} {label}\n" for name, label in ENCODINGS.items())
    sys.stderr.write(f"{offered}Encoding (empty: stop): ")
    sys.stderr.flush()
    typed = sys.stdin.readline().strip()
    if not typed:
        raise ConfigurationError("No encoding was given, so nothing was sent.", hint="Give it with --encoding.")
    return typed


# ---------------------------------------------------------------- the columns


def _mapping(table: CsvTable, words: Sequence[str], context: Context) -> tuple[ColumnMapping, str]:
    """The columns, and a note where they are remembered: those that were chosen before, unless ``words`` choose now."""
    state_file, key = state_file_of(context), signature(table, context.surface)
    place = clean(str(context.paths.state_file), MAX_NAME)
    if words:
        mapping = _chosen(table, words, context)
        note = state_file.save_import_columns(key, mapping.by_name)
        if key and not note and not context.options.demo:
            note = f"These columns are remembered for files with this header, in {place}."
        return mapping, note
    if found := remembered(table, state_file.import_columns(key), context.capabilities):
        return found, (
            f"The columns are those that were chosen for this header before, from {place}: --map FIELD=COLUMN chooses "
            "others."
        )
    mapping, note = _chosen(table, (), context), state_file.notice
    if table.format.has_header and not any(map(field_named, table.columns)):
        # Of a file without a header, the first row may be one whose email is malformed.
        note = f"No column has a usual name. If the first line is a row to import, add --no-header.\n{note}"
    return mapping, note


def _chosen(table: CsvTable, words: Sequence[str], context: Context) -> ColumnMapping:
    """The columns by their names and by ``FIELD=COLUMN``; raises ``ConfigurationError`` where none has the emails."""
    mapping = guessed(table, context.capabilities)
    for word in words:
        name, separator, column = word.partition("=")
        folded = {field.casefold(): field for field in ImportField}
        field = folded.get(name.strip().casefold())
        if field is None or not separator:
            raise ConfigurationError(
                f"{clean(word, MAX_NAME)} is not FIELD=COLUMN.", hint=f"The fields are: {', '.join(ImportField)}."
            )
        mapping = mapping.with_column(field, column_index(table, column) if column.strip() else None)
    try:
        mapping.require_email(table)
    except NoEmailColumn as error:
        raise NoEmailColumn(
            error.message, hint="Say which one does: --map email=COLUMN (a name, or a number)."
        ) from None
    return mapping


def _print_columns(table: CsvTable, mapping: ColumnMapping, note: str) -> None:
    """Print on standard error how the file was read."""
    columns = ", ".join(
        f"{field.value} from {shown_column(table, index)}"
        for field, index in sorted(mapping.columns.items(), key=lambda each: each[1])
    )
    left = ", ".join(shown_column(table, index) for index in mapping.not_imported(table))
    delimiter = next((name for name, sign in DELIMITERS.items() if sign == table.format.delimiter), None)
    header = "with a header" if table.format.has_header else "no header"
    form = f"{table.format.encoding}, {delimiter or clean(table.format.delimiter)}-separated, {header}"
    notes = f"Not imported: {left}.\n{note}" if left else note
    print_message(f"{spaced(len(table.rows))} {'row' if len(table.rows) == 1 else 'rows'} ({form}): {columns}.", notes)


# ---------------------------------------------------------------- the plan


async def _plan(session: Session, planner: ImportPlanner, request: ImportRequest) -> Plan:
    """The plan, with progress."""
    unanswered = await _read_account(session, planner, request)
    progress = ProgressLine()

    def show(done: int) -> None:
        progress.show(partial("{} of {} emails were looked up".format, spaced(done), spaced(unanswered)))

    try:
        return await planner.plan(request, show)
    finally:
        progress.close()


async def _read_account(session: Session, planner: ImportPlanner, request: ImportRequest) -> int:
    """Read the account where that takes fewer requests than looking up the rows; returns the look-ups that are left."""
    unanswered = await planner.unanswered(request)
    if unanswered <= max(FEW, await _pages(session)):
        return unanswered
    await read_account(session, cached=False)
    return await planner.unanswered(request)


async def _pages(session: Session) -> int:
    """How many requests reading the account takes; 0 where its size is not known."""
    try:
        return ((await session.mirror.coverage()).total or 0) // PAGE
    except MirrorUnavailable:
        return 0
