"""``walkme-tui export``: users as CSV, JSON or Markdown."""

import argparse
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TextIO

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.forms import (
    CSV_COLUMNS,
    MARKDOWN_COLUMNS,
    csv_row,
    group_names,
    markdown_row,
    to_json,
)
from walkme_tui.cli.output import csv_writer, data_output, refuse_two_forms
from walkme_tui.cli.reading import Extent, read_account, say_incomplete, users
from walkme_tui.cli.running import with_session
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.records import encode_user
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Write the users; an account that could not be read whole is said, and is exit code 1."""
    context = Context.of(options)
    refuse_two_forms(options)

    async def work(session: Session) -> Extent:
        extent = await read_account(session, options.cached)
        groups = await Directory(session).groups()
        names = group_names(tuple(size.group for size in groups))
        async with aclosing(users(session, UserQuery(text=options.filter), extent)) as found:
            with data_output(options.output) as stream:
                if context.options.json:
                    await _write_json(stream, found, extent)
                elif options.markdown:
                    await _write_markdown(stream, found, names)
                else:
                    await _write_csv(stream, found, names, options.safe_csv)
        return extent

    extent = with_session(context, work)
    if extent.complete:
        return ExitCode.DONE
    say_incomplete(extent)
    return ExitCode.NOT_FOUND_OR_INCOMPLETE


async def _write_csv(
    stream: TextIO, found: AsyncIterator[MirroredUser], names: dict[str, str | None], safe: bool
) -> None:
    writer = csv_writer(stream)
    writer.writerow(CSV_COLUMNS)
    async for row in found:
        writer.writerow(csv_row(row.user, names, safe))


async def _write_json(stream: TextIO, found: AsyncIterator[MirroredUser], extent: Extent) -> None:
    """One object, written as it comes: an account of a million is not held in memory."""
    stream.write('{"users": [')
    separator = "\n"
    async for row in found:
        stream.write(separator + to_json(encode_user(row.user)))
        separator = ",\n"
    stream.write("\n], " + to_json(extent.fields())[1:] + "\n")


async def _write_markdown(stream: TextIO, found: AsyncIterator[MirroredUser], names: dict[str, str | None]) -> None:
    stream.write(markdown_row(list(MARKDOWN_COLUMNS)) + "\n")
    stream.write("|" + " --- |" * len(MARKDOWN_COLUMNS) + "\n")
    async for row in found:
        cells = dict(zip(CSV_COLUMNS, csv_row(row.user, names), strict=True))
        stream.write(markdown_row([cells[name] for name in MARKDOWN_COLUMNS]) + "\n")
