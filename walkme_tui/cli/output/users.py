"""Users on standard output or in a file."""

import argparse
from collections.abc import AsyncIterator, Iterable
from typing import TextIO

from walkme_tui.cli.output.streams import line_filter
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.user_tables import TableText, UnknownFields, csv_table


def csv_for(stream: TextIO, sizes: Iterable[GroupSize], options: argparse.Namespace) -> TableText:
    """The users as CSV for a stream, with the options ``--raw`` and ``--bom``."""
    table, shown = csv_table((size.group for size in sizes), raw=options.raw, bom=options.bom), line_filter(stream)
    return table._replace(row=lambda user: shown(table.row(user)))


async def write_table(
    stream: TextIO, table: TableText, found: AsyncIterator[MirroredUser], gaps: UnknownFields | None = None
) -> None:
    """Write the users while they are read, and note the unknown fields in ``gaps``."""
    stream.write(table.before)
    separator = ""
    async for each in found:
        if gaps is not None:
            gaps.note(each.user)
        stream.write(separator + table.row(each.user))
        separator = table.between
    stream.write(table.after)
