"""The shapes in which users leave the program: JSON objects, CSV rows, Markdown rows."""

import re
from collections.abc import Mapping
from typing import Final

from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import clean, printable_json
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
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
MAX_MARKDOWN_CELL: Final = 200

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def group_objects(ids: tuple[str, ...], names: Mapping[str, str | None]) -> list[dict[str, Json]]:
    """The groups of one user by id, each with its name, null where it is not known."""
    return [{"id": group_id, "name": names.get(group_id)} for group_id in ids]


def member_object(user: User) -> dict[str, Json]:
    """The fields of a user that a list of members shows; null also for what is not known."""
    raw = encode_user(user)
    return {name: raw.get(name) for name in MEMBER_FIELDS}


def csv_row(user: User, names: Mapping[str, str | None], safe: bool = False) -> list[str]:
    """The cells of one user; what is not known, null and empty are all an empty cell.

    ``safe`` puts an apostrophe before what a spreadsheet would take for a formula.
    """
    raw = encode_user(user)
    groups = user.groups if isinstance(user.groups, tuple) else ()
    raw["groups"] = GROUP_SEPARATOR.join(names.get(group_id) or group_id for group_id in groups)
    cells = [_cell(raw.get(name)) for name in CSV_COLUMNS]
    return [f"'{cell}" if safe and cell.startswith(FORMULA_STARTS) else cell for cell in cells]


def unknown_columns(user: User) -> tuple[str, ...]:
    """The columns of CSV that no answer about this user carried."""
    return tuple(
        name for name, attribute in ATTRIBUTES.items() if getattr(user, attribute) is UNKNOWN and name not in user.extra
    )


def plain(value: str | Unknown | None) -> str:
    """A field of a user as text: empty for null, ``?`` for what is not known."""
    if value is None:
        return ""
    return "?" if isinstance(value, Unknown) else value


def markdown_row(cells: list[str]) -> str:
    """One row of a Markdown table: cleaned, and without anything that Markdown would act on."""
    return "| " + " | ".join(_MARKDOWN.sub(r"\\\1", clean(cell, MAX_MARKDOWN_CELL)) for cell in cells) + " |"


def group_names(groups: tuple[Group, ...]) -> dict[str, str | None]:
    """Names by id."""
    return {group.id: group.name for group in groups}


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else printable_json(value)
