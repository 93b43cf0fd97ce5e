"""Users as JSON objects, CSV and Markdown."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final, TextIO

from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.streams import csv_writer
from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import clean, printable_json, spaced, without_formula
from walkme_tui.domain.user_json import ATTRIBUTES, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, Unknown, User

CSV_COLUMNS: Final = (
    "id",
    "email",
    "firstName",
    "lastName",
    "role",
    "status",
    "groups",
    "externalId",
    "createdAt",
    "updatedAt",
)
MEMBER_FIELDS: Final = ("id", "email", "firstName", "lastName", "role", "status")
MARKDOWN_COLUMNS: Final = ("email", "firstName", "lastName", "role", "status", "groups", "id")
GROUP_SEPARATOR: Final = ";"
MAX_MARKDOWN_CELL: Final = 200

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def group_objects(ids: tuple[str, ...], names: Mapping[str, str | None]) -> list[dict[str, Json]]:
    """The groups of one user by id, each with its name, null if unknown."""
    return [{"id": group_id, "name": names.get(group_id)} for group_id in ids]


def member_object(user: User) -> dict[str, Json]:
    """The fields of a user that a list of members shows; unknown ones are null."""
    raw = encode_user(user)
    return {name: raw.get(name) for name in MEMBER_FIELDS}


def csv_row(user: User, names: Mapping[str, str | None], safe: bool = False) -> list[str]:
    """The cells of one user; unknown, null and empty values are empty cells.

    ``safe`` puts an apostrophe before every cell that a spreadsheet would evaluate as a formula.
    """
    raw = encode_user(user)
    groups = user.groups if isinstance(user.groups, tuple) else ()
    raw["groups"] = GROUP_SEPARATOR.join(names.get(group_id) or group_id for group_id in groups)
    cells = [_cell(raw.get(name)) for name in CSV_COLUMNS]
    return [without_formula(cell) for cell in cells] if safe else cells


def unknown_columns(user: User) -> tuple[str, ...]:
    """The CSV columns that no answer about this user contained."""
    return tuple(
        name for name, attribute in ATTRIBUTES.items() if getattr(user, attribute) is UNKNOWN and name not in user.extra
    )


def plain(value: str | Unknown | None) -> str:
    """A field of a user as text: empty for null, ``?`` if unknown."""
    if value is None:
        return ""
    return "?" if isinstance(value, Unknown) else value


def markdown_row(cells: list[str]) -> str:
    """One row of a Markdown table: cleaned, and with Markdown syntax escaped."""
    return "| " + " | ".join(_MARKDOWN.sub(r"\\\1", clean(cell, MAX_MARKDOWN_CELL)) for cell in cells) + " |"


def group_names(sizes: Iterable[GroupSize]) -> dict[str, str | None]:
    """Names by id."""
    return {size.group.id: size.group.name for size in sizes}


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else printable_json(value)


# ---------------------------------------------------------------- lists, written while they are read


class UnknownFields:
    """Columns with empty cells whose values are unknown, and the number of users with such a cell.

    A column that users of the surface do not have is no such column.
    """

    def __init__(self, surface: Capabilities) -> None:
        self._absent = surface.absent
        self.users = 0
        self.columns: set[str] = set()

    def note(self, user: User) -> None:
        """Count one user."""
        unknown = set(unknown_columns(user)) - self._absent
        if unknown:
            self.users += 1
            self.columns.update(unknown)

    def report(self) -> None:
        """Print on standard error that these values are unknown, not empty."""
        if self.users:
            names = ", ".join(name for name in CSV_COLUMNS if name in self.columns)
            who = "one user" if self.users == 1 else f"{spaced(self.users)} users"
            print_message(f"Unknown for {who}, because the list does not contain it: {names}. Those cells are empty.")


async def write_csv(
    stream: TextIO,
    found: AsyncIterator[MirroredUser],
    names: Mapping[str, str | None],
    gaps: UnknownFields,
    *,
    safe: bool = False,
) -> None:
    """Write the users as CSV with a header line, and note the unknown fields in ``gaps``."""
    writer = csv_writer(stream)
    writer.writerow(CSV_COLUMNS)
    async for row in found:
        gaps.note(row.user)
        writer.writerow(csv_row(row.user, names, safe))


async def write_markdown(
    stream: TextIO, found: AsyncIterator[MirroredUser], names: Mapping[str, str | None], gaps: UnknownFields
) -> None:
    """Write the users as a Markdown table, and note the unknown fields in ``gaps``."""
    stream.write(markdown_row(list(MARKDOWN_COLUMNS)) + "\n")
    stream.write("|" + " --- |" * len(MARKDOWN_COLUMNS) + "\n")
    async for row in found:
        gaps.note(row.user)
        cells = dict(zip(CSV_COLUMNS, csv_row(row.user, names), strict=True))
        stream.write(markdown_row([cells[name] for name in MARKDOWN_COLUMNS]) + "\n")


async def write_json(
    stream: TextIO,
    before: Mapping[str, Json],
    name: str,
    objects: AsyncIterator[Mapping[str, Json]],
    after: Mapping[str, Json],
) -> None:
    """Write one JSON object: the fields ``before``, the list ``name`` with one object a line, the fields ``after``."""
    stream.write(printable_json(before)[:-1] + (", " if before else "") + f"{printable_json(name)}: [")
    separator = "\n"
    async for item in objects:
        stream.write(separator + printable_json(item))
        separator = ",\n"
    stream.write("\n], " + printable_json(after)[1:] + "\n")
