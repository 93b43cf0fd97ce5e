"""Tables of users as text: CSV, Markdown and JSON."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.groups import Group
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK, csv_line, groups_cell
from walkme_tui.domain.text import clean, printable_json, spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_json import ATTRIBUTES, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, User

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
MAX_MARKDOWN_CELL: Final = 200

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


class TableText(NamedTuple):
    """A table as text: ``before``, the ``row`` of each user with ``between`` between two rows, ``after``."""

    before: str
    row: Callable[[User], str]
    between: str = ""
    after: str = ""


def csv_table(groups: Iterable[Group], *, raw: bool = False, bom: bool = False) -> TableText:
    """The users as CSV with a header line; cells as in ``csv_line``.

    ``bom`` begins the text with a byte order mark. ``groups`` are all known groups.
    """
    texts = group_texts(groups)
    return TableText(
        (BYTE_ORDER_MARK if bom else "") + csv_line(CSV_COLUMNS),
        lambda user: csv_line(csv_cells(user, texts), raw=raw),
    )


def markdown_table(groups: Iterable[Group]) -> TableText:
    """The users as a Markdown table; ``groups`` are all known groups."""
    texts = group_texts(groups)

    def row(user: User) -> str:
        cells = dict(zip(CSV_COLUMNS, csv_cells(user, texts), strict=True))
        return markdown_row([cells[name] for name in MARKDOWN_COLUMNS]) + "\n"

    return TableText(markdown_row(MARKDOWN_COLUMNS) + "\n|" + " --- |" * len(MARKDOWN_COLUMNS) + "\n", row)


def json_table(
    first: Mapping[str, Json], name: str, object_of: Callable[[User], Mapping[str, Json]], last: Mapping[str, Json]
) -> TableText:
    """One JSON object: the fields ``first``, the list ``name`` of users, one a line, the fields ``last``."""
    return TableText(
        printable_json(first)[:-1] + (", " if first else "") + f"{printable_json(name)}: [",
        lambda user: "\n" + printable_json(object_of(user)),
        ",",
        "\n], " + printable_json(last)[1:] + "\n",
    )


def extent_fields(
    loaded: int, total: int | None, as_of_ms: int | None, *, complete: bool, unknown: int
) -> dict[str, Json]:
    """What a JSON answer says of the account that it is based on.

    ``unknown`` loaded users may or may not belong to the answer.
    """
    return {
        "complete": complete,
        "loaded": loaded,
        "total": total,
        "as_of": None if as_of_ms is None else format_time_ms(as_of_ms),
        "unknown": unknown,
    }


def csv_cells(user: User, texts: Mapping[str, str]) -> list[str]:
    """The exact texts of the CSV columns of one user; unknown, null and empty values are empty.

    ``texts`` are those of the known groups, by id (see ``group_texts``).
    """
    raw = encode_user(user)
    groups = user.groups if isinstance(user.groups, tuple) else ()
    raw["groups"] = groups_cell(texts.get(group_id, group_id) for group_id in groups)
    return [_text(raw.get(name)) for name in CSV_COLUMNS]


def group_texts(groups: Iterable[Group]) -> dict[str, str]:
    """For each group, by id, the text that identifies it among ``groups``: its name if no other has it, else its id."""
    known = tuple(groups)
    ids, names = {group.id for group in known}, Counter(group.name for group in known)
    return {
        group.id: group.name
        if group.name and names[group.name] == 1 and (group.name == group.id or group.name not in ids)
        else group.id
        for group in known
    }


def group_objects(ids: tuple[str, ...], names: Mapping[str, str | None]) -> list[dict[str, Json]]:
    """The groups of one user by id, each with its name, null if unknown."""
    return [{"id": group_id, "name": names.get(group_id)} for group_id in ids]


def member_object(user: User) -> dict[str, Json]:
    """The fields of a user that a list of members shows; unknown ones are null."""
    raw = encode_user(user)
    return {name: raw.get(name) for name in MEMBER_FIELDS}


def markdown_row(cells: Sequence[str]) -> str:
    """One row of a Markdown table: cleaned, and with Markdown syntax escaped."""
    return "| " + " | ".join(_MARKDOWN.sub(r"\\\1", clean(cell, MAX_MARKDOWN_CELL)) for cell in cells) + " |"


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else printable_json(value)


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
        unknown = {
            name
            for name, attribute in ATTRIBUTES.items()
            if getattr(user, attribute) is UNKNOWN and name not in user.extra
        } - self._absent
        if unknown:
            self.users += 1
            self.columns.update(unknown)

    @property
    def sentence(self) -> str:
        """A sentence that these values are unknown, not empty; empty if all are known."""
        if not self.users:
            return ""
        names = ", ".join(name for name in CSV_COLUMNS if name in self.columns)
        who = "one user" if self.users == 1 else f"{spaced(self.users)} users"
        return f"Unknown for {who}, because the list does not contain it: {names}. Those cells are empty."
