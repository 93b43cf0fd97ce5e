"""Writing many users as they come: an account of a million is not held in memory."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.progress import grouped
from walkme_tui.cli.output.streams import csv_writer
from walkme_tui.cli.output.users import CSV_COLUMNS, MARKDOWN_COLUMNS, csv_row, markdown_row, unknown_columns
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import printable_json
from walkme_tui.domain.users import Json, User


@dataclass(slots=True)
class UnknownFields:
    """Which columns were left empty because nobody knows what belongs there, and for how many users."""

    users: int = 0
    columns: set[str] = field(default_factory=set)

    def note(self, user: User) -> None:
        """Count one user who is written."""
        unknown = unknown_columns(user)
        if unknown:
            self.users += 1
            self.columns.update(unknown)

    def report(self) -> None:
        """Say on standard error that these cells are not known, which is not the same as empty."""
        if self.users:
            names = ", ".join(name for name in CSV_COLUMNS if name in self.columns)
            who = "one user" if self.users == 1 else f"{grouped(self.users)} users"
            print_message(f"Not known of {who}, because the list leaves it out: {names}. Those cells are empty.")


async def write_csv(
    stream: TextIO, found: AsyncIterator[MirroredUser], names: Mapping[str, str | None], *, safe: bool = False
) -> UnknownFields:
    """The users as CSV with a line of column names."""
    gaps = UnknownFields()
    writer = csv_writer(stream)
    writer.writerow(CSV_COLUMNS)
    async for row in found:
        gaps.note(row.user)
        writer.writerow(csv_row(row.user, names, safe))
    return gaps


async def write_markdown(
    stream: TextIO, found: AsyncIterator[MirroredUser], names: Mapping[str, str | None]
) -> UnknownFields:
    """The users as a Markdown table."""
    gaps = UnknownFields()
    stream.write(markdown_row(list(MARKDOWN_COLUMNS)) + "\n")
    stream.write("|" + " --- |" * len(MARKDOWN_COLUMNS) + "\n")
    async for row in found:
        gaps.note(row.user)
        cells = dict(zip(CSV_COLUMNS, csv_row(row.user, names), strict=True))
        stream.write(markdown_row([cells[name] for name in MARKDOWN_COLUMNS]) + "\n")
    return gaps


async def write_json(
    stream: TextIO,
    before: Mapping[str, Json],
    name: str,
    objects: AsyncIterator[Mapping[str, Json]],
    after: Mapping[str, Json],
) -> None:
    """One JSON object: the fields before, a list of that name with an object a line, the fields after."""
    stream.write(printable_json(before)[:-1] + (", " if before else "") + f"{printable_json(name)}: [")
    separator = "\n"
    async for item in objects:
        stream.write(separator + printable_json(item))
        separator = ",\n"
    stream.write("\n], " + printable_json(after)[1:] + "\n")
